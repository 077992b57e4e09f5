"""The doors on real sockets: what comes back, what is refused, and whether anything may have left."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import WSMsgType, web

from tradebot.engine.brokers.outside import Answer, HttpReply, HttpRequest, Line, Unanswered
from tradebot.engine.brokers.sockets import SocketsOutside, http_client
from tradebot.engine.core.types import MS, SECOND
from tradebot.engine.live.clock import SystemClock


async def with_server(
    routes: list[web.RouteDef],
    use: Callable[[str, SocketsOutside, list[Exception]], Awaitable[None]],
) -> None:
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    crashes: list[Exception] = []
    try:
        async with http_client() as http:
            outside = SocketsOutside(SystemClock(), http, crashes.append)
            await use(f"127.0.0.1:{port}", outside, crashes)
            outside.close()
    finally:
        await runner.cleanup()


async def asked(outside: SocketsOutside, url: str, within: int = 5 * SECOND) -> Answer:
    answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    outside.ask(HttpRequest(method="POST", url=url, body=b"a=1", timeout=within), answer.set_result)
    return await answer


async def test_a_reply_comes_back_whole_whatever_its_status() -> None:
    async def handler(request: web.Request) -> web.Response:
        body = await request.read()
        return web.Response(status=429, body=body * 100_000, headers={"Retry-After": "7"})

    async def use(host: str, outside: SocketsOutside, _: list[Exception]) -> None:
        answer = await asked(outside, f"http://{host}/x?b=2")
        assert isinstance(answer, HttpReply)
        assert (answer.status, answer.headers["retry-after"]) == (429, "7")
        assert answer.body == b"a=1" * 100_000

    await with_server([web.post("/x", handler)], use)


async def test_a_redirect_is_not_followed_and_a_late_reply_may_have_left() -> None:
    async def moved(_: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": "http://127.0.0.1:1/elsewhere"})

    async def slow(_: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    async def use(host: str, outside: SocketsOutside, _: list[Exception]) -> None:
        answer = await asked(outside, f"http://{host}/moved")
        assert isinstance(answer, HttpReply)
        assert answer.status == 307
        late = await asked(outside, f"http://{host}/slow", within=20 * MS)
        assert late == Unanswered(reason="no answer within 0.02 s", left=True)

    await with_server([web.post("/moved", moved), web.post("/slow", slow)], use)


async def test_where_nobody_listens_nothing_has_left() -> None:
    async def use(_: str, outside: SocketsOutside, __: list[Exception]) -> None:
        answer = await asked(outside, "http://127.0.0.1:1/x")
        assert isinstance(answer, Unanswered)
        assert not answer.left

    await with_server([], use)


class Noted:
    """A listener that notes what it hears."""

    def __init__(self, *, fails: bool = False) -> None:
        self.words: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
        self._fails = fails

    def opened(self, line: Line) -> None:
        """Greet."""
        line.send("hello")
        self.words.put_nowait(("opened", b""))

    def heard(self, line: Line, frame: bytes) -> None:
        """Note a frame."""
        _ = line
        self.words.put_nowait(("heard", frame))
        if self._fails:
            raise ValueError("broken")

    def closed(self, line: Line, reason: str) -> None:
        """Note the end."""
        _ = line
        self.words.put_nowait(("closed", reason.encode()))


async def echo(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        if message.type == WSMsgType.TEXT:
            await socket.send_str(f"{message.data}!")
            await socket.send_bytes(b"\x00binary")
            await socket.close()
    return socket


async def test_a_line_opens_is_heard_in_text_and_bytes_and_says_that_it_closed() -> None:
    async def use(host: str, outside: SocketsOutside, _: list[Exception]) -> None:
        noted = Noted()
        outside.dial(f"ws://{host}/ws", noted)
        heard = [await noted.words.get() for _ in range(4)]
        assert heard[:3] == [("opened", b""), ("heard", b"hello!"), ("heard", b"\x00binary")]
        assert heard[3][0] == "closed"

    await with_server([web.get("/ws", echo)], use)


async def test_a_line_nobody_takes_is_told_closed_once() -> None:
    async def use(_: str, outside: SocketsOutside, __: list[Exception]) -> None:
        noted = Noted()
        outside.dial("ws://127.0.0.1:1/ws", noted)
        assert (await noted.words.get())[0] == "closed"
        assert noted.words.empty()

    await with_server([], use)


async def test_an_error_of_the_session_goes_to_its_keeper() -> None:
    async def use(host: str, outside: SocketsOutside, crashes: list[Exception]) -> None:
        noted = Noted(fails=True)
        outside.dial(f"ws://{host}/ws", noted)
        while not crashes:
            await noted.words.get()
        assert [str(one) for one in crashes][:1] == ["broken"]

    await with_server([web.get("/ws", echo)], use)


class Heard:
    """Remembers what a line told."""

    def __init__(self) -> None:
        self.words: list[str | bytes] = []
        self.first = asyncio.Event()
        self.over = asyncio.Event()

    def opened(self, line: Line) -> None:
        self.words.append("opened")

    def heard(self, line: Line, frame: bytes) -> None:
        self.words.append(frame)
        self.first.set()

    def closed(self, line: Line, reason: str) -> None:
        self.words.append(reason)
        self.over.set()


async def test_a_reply_that_stays_open_is_told_piece_by_piece_and_any_other_status_closes_it() -> (
    None
):
    more = asyncio.Event()

    async def events(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"data: 1\n\n")
        await more.wait()
        await response.write(b":bye\n")
        return response

    async def use(host: str, outside: SocketsOutside, _: list[Exception]) -> None:
        listener = Heard()
        request = HttpRequest(method="GET", url=f"http://{host}/events", timeout=5 * SECOND)
        outside.pull(request, listener)
        await listener.first.wait()
        assert listener.words == ["opened", b"data: 1\n\n"]
        more.set()
        await listener.over.wait()
        assert listener.words[2:] == [b":bye\n", "ended by the other side"]
        missing = Heard()
        nowhere = HttpRequest(method="GET", url=f"http://{host}/nowhere", timeout=5 * SECOND)
        outside.pull(nowhere, missing)
        await missing.over.wait()
        assert missing.words == ["HTTP 404"]

    await with_server([web.get("/events", events)], use)
