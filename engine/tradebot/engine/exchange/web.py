"""HTTP and web sockets on 127.0.0.1 for a face without I/O."""

import asyncio
from collections.abc import Callable

from aiohttp import WSMsgType, web

from tradebot.engine.exchange.face import (
    HttpReply,
    HttpRequest,
    HttpStream,
    Receiver,
    WebFace,
)

HOST = "127.0.0.1"
_WAITING = 20_000
"""Frames a connection may be behind before it is closed."""
_NS = 1e-9
_LARGEST = 1 << 22
"""Bytes of a request or a frame."""


class _Goodbye:
    """The end of a connection's queue."""

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        self.reason = reason


class _Ping:
    """A ping in a connection's queue."""


class QueueLink:
    """A connection's way out: frames wait here until the socket takes them."""

    def __init__(self, abort: Callable[[], None]) -> None:
        self._abort = abort
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[str | bytes | _Goodbye | _Ping] = asyncio.Queue()

    def send(self, frame: str | bytes, delay: int = 0) -> None:
        """Send a frame after a delay, ns."""
        if delay:
            self._loop.call_later(delay * _NS, self._queue.put_nowait, frame)
        elif self._queue.qsize() < _WAITING:
            self._queue.put_nowait(frame)
        else:
            self._abort()

    def ping(self) -> None:
        """Send a ping."""
        self._queue.put_nowait(_Ping())

    def close(self, code: int = 1000, reason: str = "", *, abrupt: bool = False) -> None:
        """Close the connection after what waits, or at once without a goodbye."""
        if abrupt:
            self._abort()
        else:
            self._queue.put_nowait(_Goodbye(code, reason))

    async def drain(self, socket: web.WebSocketResponse) -> None:
        """Write to a web socket until the goodbye."""
        while True:
            frame = await self._queue.get()
            if isinstance(frame, _Goodbye):
                await socket.close(code=frame.code, message=frame.reason.encode())
                return
            if isinstance(frame, _Ping):
                await socket.ping()
            elif isinstance(frame, str):
                await socket.send_str(frame)
            else:
                await socket.send_bytes(frame)

    async def write(self, response: web.StreamResponse) -> None:
        """Write to a streamed answer until the goodbye."""
        while True:
            frame = await self._queue.get()
            if isinstance(frame, _Goodbye):
                return
            if not isinstance(frame, _Ping):
                await response.write(frame.encode() if isinstance(frame, str) else frame)


class WebServer:
    """Serves a face.

    Args of the constructor:
        face: What answers.
        port: Where; 0 lets the system choose.
    """

    def __init__(self, face: WebFace, port: int) -> None:
        self._face = face
        self._wanted = port
        self._runner: web.AppRunner | None = None
        self._paused_until = 0.0
        self._aborts: set[Callable[[], None]] = set()
        self.port = 0
        """Where it listens; once started."""

    async def start(self) -> None:
        """Listen. Raises OSError if the port is taken."""
        self._paused_until = 0.0  # a pause before the start is over
        app = web.Application(client_max_size=_LARGEST)
        app.router.add_route("*", "/{path:.*}", self._handle)
        # A day's end must not wait for clients that keep their connection.
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        try:
            site = web.TCPSite(runner, HOST, self._wanted)
            await site.start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        self.port = int(runner.addresses[0][1])

    async def close(self) -> None:
        """Stop listening; end every connection."""
        self.cut()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def cut(self) -> None:
        """End every connection without a goodbye."""
        for abort in tuple(self._aborts):
            abort()

    def pause(self, seconds: float) -> None:
        """End every connection and take none for a while: the process is being started anew."""
        self._paused_until = asyncio.get_running_loop().time() + seconds
        self.cut()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        transport = request.transport
        if transport is None:
            return web.Response(status=499)
        if asyncio.get_running_loop().time() < self._paused_until:
            transport.abort()
            return web.Response(status=503)
        self._aborts.add(transport.abort)
        try:
            if request.headers.get("Upgrade", "").lower() == "websocket":
                return await self._socket(request, transport)
            came = _came(request, await request.read())
            answer = self._face.answer(came)
            if isinstance(answer, HttpStream):
                return await self._stream(request, answer, transport)
            return await _reply(answer, transport)
        finally:
            self._aborts.discard(transport.abort)

    async def _socket(
        self, request: web.Request, transport: asyncio.Transport
    ) -> web.StreamResponse:
        link = QueueLink(transport.abort)
        receiver = self._face.connect(_came(request, b""), link)
        if isinstance(receiver, HttpReply):
            return await _reply(receiver, transport)
        socket = web.WebSocketResponse(max_msg_size=_LARGEST, compress=False, timeout=0.5)
        await socket.prepare(request)
        writer = asyncio.create_task(link.drain(socket))
        try:
            async for message in socket:
                if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    receiver.receive(message.data)
        finally:
            receiver.closed()
            await _ended(writer)
        return socket

    async def _stream(
        self, request: web.Request, stream: HttpStream, transport: asyncio.Transport
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers=dict(stream.headers))
        await response.prepare(request)
        link = QueueLink(transport.abort)
        receiver: Receiver = stream.open(link)
        try:
            await link.write(response)
            await response.write_eof()
        except ConnectionError:
            # The client went; `closed` below is how the face learns of it.
            pass
        finally:
            receiver.closed()
        return response


async def _ended(task: asyncio.Task[None]) -> None:
    """End a connection's writer; a socket that is gone is how connections end."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _reply(reply: HttpReply, transport: asyncio.Transport) -> web.Response:
    if reply.delay:
        await asyncio.sleep(reply.delay * _NS)
    if reply.cut:
        transport.abort()
    return web.Response(status=reply.status, body=reply.body, headers=list(reply.headers))


def _came(request: web.Request, body: bytes) -> HttpRequest:
    path, _, query = request.raw_path.partition("?")
    return HttpRequest(
        method=request.method,
        path=path,
        query=query,
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
    )
