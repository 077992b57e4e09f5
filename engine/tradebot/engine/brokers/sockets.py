"""The doors of a session on real sockets: aiohttp for requests, websockets for streams, one asyncio loop.

Requests are few and their latency counts: aiohttp was measured at 156-217 us a POST on loopback, httpx at 563-648.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager

import aiohttp
import structlog
import websockets
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from tradebot.engine.brokers.outside import (
    NO_HEADERS,
    Answer,
    HttpReply,
    HttpRequest,
    Line,
    Listener,
    Unanswered,
    Wake,
)
from tradebot.engine.brokers.tcp import TcpLine
from tradebot.engine.live.clock import Clock

log = structlog.get_logger()

REPLY_MAX = 32 * 2**20
"""Largest reply to a request, in bytes."""

FRAME_MAX = 8 * 2**20
"""Largest frame of a socket, in bytes."""

SENDS_MAX = 1_000
"""Frames that may wait to be sent before a line counts as dead."""

OPEN_S = 10.0
"""Seconds to open a socket."""

_OK = 200

PING_S = 20.0
"""Seconds between our own pings, and the longest to wait for a pong."""


class SocketsOutside:
    """A session's doors on sockets; see `outside.Outside`.

    Args of the constructor:
        clock: The machine's clock: read once, then time goes on with the monotonic one, so that it never jumps.
        http: An open client, shared by all sessions.
        crashed: Told of an error in the session's own code; the session is then no longer to be believed.
    """

    def __init__(
        self, clock: Clock, http: aiohttp.ClientSession, crashed: Callable[[Exception], None]
    ) -> None:
        self._clock = clock
        self._http = http
        self._crashed = crashed
        self._offset = clock.system_ns() - clock.monotonic_ns()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def now(self) -> int:
        """Return the time, ns UTC; it never goes back."""
        return self._clock.monotonic_ns() + self._offset

    def after(self, delay: int, wake: Callable[[], None]) -> Wake:
        """Call back after a delay in ns."""
        loop = asyncio.get_running_loop()
        return loop.call_later(delay / 1e9, self.guarded, wake)

    def guarded(self, call: Callable[[], None]) -> None:
        """Let the session do something; what it raises goes to whoever keeps it."""
        if self._closed:
            return
        try:
            call()
        except Exception as error:
            log.exception("session failed")
            self._crashed(error)

    def close(self) -> None:
        """End all that is under way; the session is not called any more."""
        self._closed = True
        for task in self._tasks:
            task.cancel()

    def spawn(self, task: asyncio.Task[None]) -> None:
        """Keep a task until it ends; `close` ends it."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # ---------------------------------------------------------------------------- requests

    def ask(self, request: HttpRequest, answered: Callable[[Answer], None]) -> None:
        """Send a request; `answered` is called once."""
        self.spawn(asyncio.get_running_loop().create_task(self._ask(request, answered)))

    async def _ask(self, request: HttpRequest, answered: Callable[[Answer], None]) -> None:
        answer = await ask(self._http, request)
        self.guarded(lambda: answered(answer))

    # ---------------------------------------------------------------------------- sockets

    def dial(self, url: str, listener: Listener, headers: Mapping[str, str] = NO_HEADERS) -> Line:
        """Open a web socket, or a plain TCP connection where the scheme is `tcp`."""
        if url.startswith("tcp://"):
            tcp = TcpLine(self.guarded, listener)
            self.spawn(asyncio.get_running_loop().create_task(tcp.run(url)))
            return tcp
        line = _SocketLine(self, listener)
        self.spawn(asyncio.get_running_loop().create_task(line.run(url, headers)))
        return line

    # ---------------------------------------------------------------------------- event streams

    def pull(self, request: HttpRequest, listener: Listener) -> Line:
        """Send a request whose reply stays open."""
        line = _EventLine(self, listener)
        line.begin(self._http, request)
        return line


async def ask(http: aiohttp.ClientSession, request: HttpRequest) -> Answer:
    """Send one request and return how it ended; nothing is tried again and no redirect followed."""
    timeout = aiohttp.ClientTimeout(total=request.timeout / 1e9)
    try:
        async with http.request(
            request.method,
            request.url,
            headers=request.headers,
            data=request.body or None,
            timeout=timeout,
            allow_redirects=False,
        ) as response:
            body = await response.content.read(REPLY_MAX + 1)
            while not response.content.at_eof() and len(body) <= REPLY_MAX:
                body += await response.content.read(REPLY_MAX + 1 - len(body))
            if len(body) > REPLY_MAX:
                return Unanswered(reason=f"a reply of more than {REPLY_MAX} bytes", left=True)
            names = {name.lower(): value for name, value in response.headers.items()}
            return HttpReply(status=response.status, headers=names, body=body)
    except aiohttp.ClientConnectorError as error:
        return Unanswered(reason=f"no connection: {error}", left=False)
    except TimeoutError:
        return Unanswered(reason=f"no answer within {request.timeout / 1e9:g} s", left=True)
    except (aiohttp.ClientError, OSError) as error:
        return Unanswered(reason=f"{type(error).__name__}: {error}", left=True)


class _SocketLine:
    """One web socket and what waits to be sent on it."""

    def __init__(self, outside: SocketsOutside, listener: Listener) -> None:
        self._outside = outside
        self._listener = listener
        self._sends: asyncio.Queue[str | bytes] = asyncio.Queue(SENDS_MAX)
        self._connection: ClientConnection | None = None
        self._silent = False
        self._overrun = False

    def send(self, frame: str | bytes) -> None:
        """Queue a frame; a line that takes none any more is dropped."""
        try:
            self._sends.put_nowait(frame)
        except asyncio.QueueFull:
            self._overrun = True
            self._abort()

    def close(self) -> None:
        """Close it; the listener hears nothing any more."""
        self._silent = True
        self._abort()

    def _abort(self) -> None:
        if self._connection is not None:
            self._connection.transport.abort()

    async def run(self, url: str, headers: Mapping[str, str]) -> None:
        """Be open until it drops; tell the listener."""
        reason = "closed by the other side"
        try:
            async with connect(
                url,
                additional_headers=headers,
                open_timeout=OPEN_S,
                ping_interval=PING_S,
                ping_timeout=PING_S,
                close_timeout=1.0,
                max_size=FRAME_MAX,
                user_agent_header=None,
            ) as connection:
                self._connection = connection
                if self._silent:
                    return
                await self._talk(connection)
        except websockets.ConnectionClosed as error:
            reason = str(error)
        except (OSError, WebSocketException, TimeoutError) as error:
            reason = f"{type(error).__name__}: {error}"
        reason = f"more than {SENDS_MAX} frames waited to be sent" if self._overrun else reason
        self._tell(lambda: self._listener.closed(self, reason))

    async def _talk(self, connection: ClientConnection) -> None:
        self._tell(lambda: self._listener.opened(self))
        sending = asyncio.create_task(self._send_all(connection))
        try:
            while True:
                frame = await connection.recv(decode=False)
                self._tell(lambda frame=frame: self._listener.heard(self, frame))
        finally:
            sending.cancel()

    async def _send_all(self, connection: ClientConnection) -> None:
        while True:
            frame = await self._sends.get()
            try:
                await connection.send(frame)
            except websockets.ConnectionClosed:
                return  # whoever receives is told

    def _tell(self, call: Callable[[], None]) -> None:
        if not self._silent:
            self._outside.guarded(call)


class _EventLine:
    """One reply that stays open."""

    def __init__(self, outside: SocketsOutside, listener: Listener) -> None:
        self._outside = outside
        self._listener = listener
        self._silent = False
        self._pulling: asyncio.Task[None] | None = None

    def send(self, frame: str | bytes) -> None:
        """Nothing can be sent on it."""
        raise TypeError(f"an event stream takes no frames, was given {len(frame)}")

    def close(self) -> None:
        """Close it; the listener hears nothing any more."""
        self._silent = True
        if self._pulling is not None:
            self._pulling.cancel()

    def begin(self, http: aiohttp.ClientSession, request: HttpRequest) -> None:
        """Send the request."""
        self._pulling = asyncio.get_running_loop().create_task(self._pull(http, request))
        self._outside.spawn(self._pulling)

    async def _pull(self, http: aiohttp.ClientSession, request: HttpRequest) -> None:
        reason = "ended by the other side"
        try:
            async with (
                asyncio.timeout(request.timeout / 1e9) as opening,
                http.request(
                    request.method,
                    request.url,
                    headers=request.headers,
                    timeout=aiohttp.ClientTimeout(total=None, sock_connect=OPEN_S),
                    allow_redirects=False,
                ) as response,
            ):
                opening.reschedule(None)
                if response.status == _OK:
                    self._tell(lambda: self._listener.opened(self))
                    async for chunk in response.content.iter_any():
                        self._tell(lambda chunk=chunk: self._listener.heard(self, chunk))
                else:
                    reason = f"HTTP {response.status}"
        except TimeoutError:
            reason = f"no answer within {request.timeout / 1e9:g} s"
        except (aiohttp.ClientError, OSError) as error:
            reason = f"{type(error).__name__}: {error}"
        self._tell(lambda: self._listener.closed(self, reason))

    def _tell(self, call: Callable[[], None]) -> None:
        if not self._silent:
            self._outside.guarded(call)


@asynccontextmanager
async def http_client() -> AsyncGenerator[aiohttp.ClientSession]:
    """Open the client that all sessions share: connections stay open, cookies are not kept."""
    connector = aiohttp.TCPConnector(limit=32, keepalive_timeout=60, enable_cleanup_closed=False)
    async with aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=True
    ) as client:
        yield client
