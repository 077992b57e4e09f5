"""A client's two streams as server-sent events: frames (newest wins), events (complete)."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence

import msgspec
from litestar.types import Receive, Send

from tradebot.engine.control.engine import ControlledEngine, FrameQuery, Refused
from tradebot.engine.control.messages_frame import Frame
from tradebot.engine.control.messages_orders import EventLine
from tradebot.engine.control.problems import Rejected, encode_problem

type Write = Callable[[bytes], Awaitable[None]]

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
]


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How often streams speak, in seconds."""

    frame_interval_s: float = 1 / 30
    """Least time between two frames."""
    frame_heartbeat_s: float = 0.5
    """A frame is sent after this long even when nothing changed: the client shows its age."""
    events_alive_s: float = 10.0
    """A silent event stream sends a comment after this long: a dead engine is noticed."""
    events_per_write_max: int = 200
    """Most events taken from the journal at once."""


async def write_frames(
    engine: ControlledEngine, query: FrameQuery, pace: Pace, closing: asyncio.Event, write: Write
) -> None:
    """Write frames until `closing`: one per interval when the engine moved, else heartbeats.

    A slow reader holds up only itself: a frame is built after the last one was taken, so what it
    gets is new.
    """
    loop = asyncio.get_running_loop()
    shown = -1
    sent_at = float("-inf")
    with engine.console_attached():
        while not closing.is_set():
            version = engine.version
            if version != shown or loop.time() - sent_at >= pace.frame_heartbeat_s:
                await write(b"")  # returns once the transport has room: only then the frame is made
                version = engine.version
                try:
                    frame = engine.frame(query)
                except Refused as error:
                    await write(problem_text(error))
                    return
                await write(frame_text(frame))
                shown, sent_at = version, loop.time()
            await _wait(closing, pace.frame_interval_s)


async def write_events(
    engine: ControlledEngine, after: str | None, pace: Pace, closing: asyncio.Event, write: Write
) -> None:
    """Write committed events after an id until `closing`, each once, in order, with its id."""
    await write(b": events\n\n")
    ending = asyncio.ensure_future(closing.wait())
    question: asyncio.Future[Sequence[EventLine]] | None = None
    try:
        while not ending.done():
            question = asyncio.ensure_future(engine.event_lines(after, pace.events_per_write_max))
            while not question.done() and not ending.done():
                await asyncio.wait(
                    {question, ending},
                    timeout=pace.events_alive_s,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if not question.done() and not ending.done():
                    await write(b": alive\n\n")
            if not question.done():
                return
            lines = question.result()
            if lines:
                after = lines[-1].id
                await write(b"".join(map(event_text, lines)))
    except Refused as error:
        await write(problem_text(error))
    finally:
        ending.cancel()
        if question is not None:
            question.cancel()


def frame_text(frame: Frame) -> bytes:
    """Return a frame as SSE; its id is when it was made, so that a late one is known undecoded."""
    when = str(frame.sent).encode()
    return b"event: frame\nid: " + when + b"\ndata: " + msgspec.json.encode(frame) + b"\n\n"


def problem_text(error: Refused | Rejected) -> bytes:
    """Return the reason why a stream ends as SSE."""
    return b"event: problem\ndata: " + encode_problem(error) + b"\n\n"


def event_text(line: EventLine) -> bytes:
    """Return one event as SSE; JSON has no raw line break, so one data line holds it."""
    return b"id: " + line.id.encode() + b"\ndata: " + msgspec.json.encode(line) + b"\n\n"


class Follower(msgspec.Struct, frozen=True):
    """Whether the one who follows a stream still may."""

    known: Callable[[], bool]
    """Whether its token was not removed and has not expired."""
    look_s: float
    """How often that is asked, s."""


async def respond(
    receive: Receive,
    send: Send,
    produce: Callable[[Write], Coroutine[object, object, None]],
    follower: Follower,
) -> None:
    """Send a stream until its producer is done, the client is gone, or may not follow any more.

    The producer is cancelled when the client goes, so that what it holds (a console that is
    counted) is let go at once. A client that does not read is dropped by its connection.
    """
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})

    async def write(chunk: bytes) -> None:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})

    producing = asyncio.ensure_future(produce(write))
    leaving = asyncio.ensure_future(_gone(receive))
    revoked = asyncio.ensure_future(_revoked(follower))
    try:
        await asyncio.wait({producing, leaving, revoked}, return_when=asyncio.FIRST_COMPLETED)
        if revoked.done() and not leaving.done():
            producing.cancel()
            await asyncio.gather(producing, return_exceptions=True)
            await write(problem_text(_REVOKED))
        elif producing.done():
            producing.result()
        if not leaving.done():
            await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        for task in (leaving, producing, revoked):
            task.cancel()
        await asyncio.gather(leaving, producing, revoked, return_exceptions=True)


_REVOKED = Rejected(
    401, "unauthorized", "the token of this stream was removed or has expired", exit_code=3
)


async def _revoked(follower: Follower) -> None:
    while follower.known():  # noqa: ASYNC110  (another process changes the file of tokens)
        await asyncio.sleep(follower.look_s)


async def _gone(receive: Receive) -> None:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return


async def _wait(closing: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await closing.wait()
    except TimeoutError:
        return
