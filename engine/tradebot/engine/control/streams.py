"""A client's two streams as server-sent events: frames (newest wins), events (complete)."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence

import msgspec
from litestar.types import Receive, Send

from tradebot.engine.control.engine import ControlledEngine, FrameQuery, Refused
from tradebot.engine.control.messages import EventLine
from tradebot.engine.control.problems import encode_problem

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
                    body = msgspec.json.encode(engine.frame(query))
                except Refused as error:
                    await write(b"event: problem\ndata: " + encode_problem(error) + b"\n\n")
                    return
                await write(b"event: frame\ndata: " + body + b"\n\n")
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
        await write(b"event: problem\ndata: " + encode_problem(error) + b"\n\n")
    finally:
        ending.cancel()
        if question is not None:
            question.cancel()


def event_text(line: EventLine) -> bytes:
    """Return one event as SSE; JSON has no raw line break, so one data line holds it."""
    return b"id: " + line.id.encode() + b"\ndata: " + msgspec.json.encode(line) + b"\n\n"


async def respond(
    receive: Receive, send: Send, produce: Callable[[Write], Coroutine[object, object, None]]
) -> None:
    """Send a stream until its producer is done or the client is gone.

    The producer is cancelled when the client goes, so that what it holds (a console that is
    counted) is let go at once.
    """
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})

    async def write(chunk: bytes) -> None:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})

    producing = asyncio.ensure_future(produce(write))
    leaving = asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait({producing, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if producing.done():
            producing.result()
            await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        leaving.cancel()
        producing.cancel()
        await asyncio.gather(leaving, producing, return_exceptions=True)


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
