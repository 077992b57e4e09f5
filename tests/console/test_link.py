"""The engine over HTTP: typed answers, problems as sentences, streams that resume and drain."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from console_fakes import HandClock
from console_server import SmallServer

from tradebot.console.glyphs import BLOCK
from tradebot.console.launch.run import check_reached
from tradebot.console.link.address import parse_address, socket_address
from tradebot.console.link.http import HttpLink
from tradebot.console.link.protocol import LinkDown, LinkRefused, StateQuery, WrongApi
from tradebot.console.session import Session
from tradebot.console.view import View
from tradebot.engine.cli.failures import CommandFailed
from tradebot.engine.control.messages_frame import Frame
from tradebot.engine.control.messages_orders import EventLine, OrderRequest


@pytest.fixture
async def server(tmp_path: Path) -> AsyncGenerator[SmallServer]:
    small = SmallServer(tmp_path / "s")
    await small.start()
    yield small
    await small.stop()


@pytest.fixture
async def link(server: SmallServer) -> AsyncGenerator[HttpLink]:
    made = HttpLink(socket_address(server.socket), HandClock())
    yield made
    await made.close()


def request() -> OrderRequest:
    return OrderRequest(
        request_id="c-1",
        instrument="x:Y",
        side="buy",
        quantity=Decimal("0.1"),
        limit_price=Decimal(5),
    )


async def test_hello_names_the_engine(link: HttpLink) -> None:
    assert (await link.hello()).name == "small"


async def test_other_api_number_is_refused_with_one_sentence(
    link: HttpLink, server: SmallServer
) -> None:
    server.api = 99
    with pytest.raises(WrongApi, match="speaks API 99, this console API 1"):
        await link.hello()


async def test_order_travels_exactly(link: HttpLink, server: SmallServer) -> None:
    answer = await link.place(request())
    assert answer.outcome == "accepted"
    assert server.orders == [request()]


async def test_preview_sends_nothing(link: HttpLink, server: SmallServer) -> None:
    assert (await link.preview(request())).ok
    assert server.orders == []


async def test_problem_becomes_its_sentence(link: HttpLink) -> None:
    with pytest.raises(LinkRefused, match="not while reconciling") as caught:
        await link.resume("please")
    assert caught.value.problem.exit_code == 5


async def test_answer_without_a_problem_is_still_a_sentence(link: HttpLink) -> None:
    with pytest.raises(LinkRefused, match="HTTP 502"):
        await link.halt("please")


async def test_commands_go_to_their_addresses(link: HttpLink, server: SmallServer) -> None:
    await link.cancel("tb1")
    await link.cancel_all("x:Y", "buy")
    await link.flatten(None)
    await link.kill()
    await link.stop()
    assert [(asked.path, asked.body) for asked in server.asked] == [
        ("/v1/orders/tb1/cancel", b"{}"),
        ("/v1/cancel", b'{"instrument":"x:Y","side":"buy"}'),
        ("/v1/flatten", b'{"instrument":null}'),
        ("/v1/kill", b"{}"),
        ("/v1/stop", b"{}"),
    ]


async def test_nobody_listening_is_a_sentence(tmp_path: Path) -> None:
    link = HttpLink(socket_address(tmp_path / "none"), HandClock())
    with pytest.raises(LinkDown, match="no answer from the engine"):
        await link.hello()
    with pytest.raises(LinkDown, match="nobody answers"):
        async with aclosing(link.frames(StateQuery())) as frames:
            await anext(frames)
    await link.close()


async def test_frames_show_the_window_that_was_asked_for(link: HttpLink) -> None:
    query = StateQuery(instrument="binance:ETHUSDT", step="1.00", rows=7, span="5m")
    async with aclosing(link.frames(query)) as frames:
        frame = msgspec.json.decode(await anext(frames), type=Frame)
    assert frame.instrument.id == "binance:ETHUSDT"
    assert (frame.book.step, len(frame.book.bids), frame.candle_span) == ("1.00", 7, "5m")


async def test_stream_that_ends_is_noticed(link: HttpLink, server: SmallServer) -> None:
    server.frames_max = 2
    async with aclosing(link.frames(StateQuery())) as frames:
        assert len([frame async for frame in frames]) == 2


async def test_events_resume_after_the_last_one(link: HttpLink, server: SmallServer) -> None:
    line = EventLine(
        id="7.1", seq=7, ts=1, kind="alert", body=msgspec.Raw(b'{"level":"info","text":"x"}')
    )
    server.event_lines = [b"id: 7.1\nevent: alert\ndata: " + msgspec.json.encode(line) + b"\n\n"]
    async with aclosing(link.events("7.0")) as events:
        assert (await anext(events)).id == "7.1"
    assert server.asked[-1].headers["last-event-id"] == "7.0"


async def test_only_the_newest_of_many_frames_is_decoded(link: HttpLink) -> None:
    view = View(HandClock(), BLOCK)
    async with aclosing(link.frames(StateQuery())) as frames:
        for _ in range(5):
            view.receive(await anext(frames))
    view.open_mail()
    assert view.stamp == 1
    assert view.newest is not None
    assert view.newest.version == 45


async def test_session_comes_back_when_the_engine_does(tmp_path: Path) -> None:
    server = SmallServer(tmp_path / "s")
    link = HttpLink(socket_address(server.socket), HandClock())
    view = View(HandClock(), BLOCK)
    session = Session(lambda: link, view, lambda _text, _level: None)
    reader = asyncio.create_task(session.follow_frames())
    for up in (True, False, True):
        if up:
            await server.start()
            view.receive("")
            assert await _eventually(lambda: _fresh(view))
        else:
            await server.stop()
            assert await _eventually(lambda: view.link_problem is not None)
    reader.cancel()
    await asyncio.gather(reader, return_exceptions=True)
    await link.close()
    await server.stop()


async def _eventually(done: Callable[[], bool]) -> bool:
    """Return whether it comes true within five seconds."""
    for _ in range(250):
        if done():
            return True
        await asyncio.sleep(0.02)
    return False


def _fresh(view: View) -> bool:
    """Return whether a frame came since the mail was emptied."""
    try:
        view.open_mail()
    except msgspec.DecodeError:
        return False
    return view.newest is not None and view.link_problem is None


@pytest.mark.parametrize("text", ["unix:///tmp/a.sock", "/tmp/a.sock"])  # noqa: S108  (never opened)
def test_socket_address_is_read(text: str) -> None:
    assert str(parse_address(text)) == "/tmp/a.sock"  # noqa: S108


def test_url_is_read() -> None:
    assert parse_address("http://127.0.0.1:8080/").url == "http://127.0.0.1:8080"


@pytest.mark.parametrize("text", ["", "a.sock", "ftp://x"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be unix:///PATH"):
        parse_address(text)


def test_socket_path_that_is_too_long_names_the_limit() -> None:
    with pytest.raises(ValueError, match="at most 100 bytes, was 201"):
        socket_address(Path("/" + "x" * 200))


async def test_engine_that_wants_a_token_is_waited_for_and_ends_the_console_with_code_three(
    server: SmallServer, link: HttpLink
) -> None:
    server.stranger = True
    said: list[str] = []
    view = View(HandClock(), BLOCK)
    session = Session(lambda: link, view, lambda text, _level: said.append(text))
    following = [
        asyncio.create_task(follow()) for follow in (session.follow_frames, session.follow_events)
    ]
    assert await _eventually(lambda: view.link_problem is not None)
    for task in following:
        task.cancel()
    await asyncio.gather(*following, return_exceptions=True)
    assert said == []  # the place where frames would stand says it, not a toast each try
    with pytest.raises(CommandFailed, match=r"never reached the engine at .*: a token") as left:
        check_reached(view, socket_address(server.socket))
    assert left.value.exit_code == 3


async def test_engine_nobody_answers_for_ends_the_console_with_code_four(tmp_path: Path) -> None:
    address = socket_address(tmp_path / "none")
    link = HttpLink(address, HandClock())
    view = View(HandClock(), BLOCK)
    session = Session(lambda: link, view, lambda _text, _level: None)
    reader = asyncio.create_task(session.follow_frames())
    assert await _eventually(lambda: view.link_problem is not None)
    reader.cancel()
    await asyncio.gather(reader, return_exceptions=True)
    await link.close()
    with pytest.raises(CommandFailed, match=r"never reached the engine at .*none") as left:
        check_reached(view, address)
    assert left.value.exit_code == 4


@pytest.mark.parametrize("text", ["http://example.org:1", "http://10.0.0.1:8080", "http://127.1:1"])
def test_token_is_not_sent_to_another_machine_in_the_clear(text: str) -> None:
    with pytest.raises(ValueError, match=r"in the clear.*use https, or ssh -L"):
        parse_address(text)
    assert parse_address("https://example.org").url == "https://example.org"
