"""The control API's server: a Litestar application over sockets the engine has bound itself."""

import asyncio
import hmac
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from socket import socket
from typing import override

import msgspec
import uvicorn
from litestar import Litestar
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, Receive, Scope, Send

from tradebot.engine.control.bodies import BODY_BYTES_MAX
from tradebot.engine.control.engine import ControlledEngine, Refused
from tradebot.engine.control.listeners import Listener, release
from tradebot.engine.control.messages import Problem
from tradebot.engine.control.problems import failed, http_error, refused
from tradebot.engine.control.routes import command_routes, fact_routes, stream_routes
from tradebot.engine.control.streams import Pace


def make_app(
    engine: ControlledEngine, *, closing: asyncio.Event | None = None, pace: Pace | None = None
) -> Litestar:
    """Return the application that answers for an engine.

    Args:
        engine: Who answers; called on the loop that serves the application.
        closing: Set when the server is about to end: streams finish by themselves.
        pace: How often streams speak; the default is 30 frames a second.
    """
    ending = closing or asyncio.Event()
    rhythm = pace or Pace()
    return Litestar(
        route_handlers=[
            *fact_routes(engine),
            *command_routes(engine),
            *stream_routes(engine, rhythm, ending),
        ],
        exception_handlers={Refused: refused, HTTPException: http_error, Exception: failed},
        openapi_config=None,
        request_max_body_size=BODY_BYTES_MAX,
        logging_config=None,
    )


class EmbeddedServer(uvicorn.Server):
    """uvicorn in a process that owns its signals and wants to know when sockets are served."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    @contextmanager
    @override
    def capture_signals(self) -> Generator[None]:
        """Leave signals alone: SIGTERM and SIGHUP are the engine's."""
        yield

    @override
    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.ready.set()


async def serve(app: ASGIApp, sock: socket, *, on_server: Callable[[EmbeddedServer], None]) -> None:
    """Serve an application on a bound socket until its server is told to exit.

    Args:
        app: The application.
        sock: Bound, not yet listening.
        on_server: Called once with the server before it starts; set its `should_exit` to end.
    """
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=2,
        h11_max_incomplete_event_size=BODY_BYTES_MAX,
    )
    server = EmbeddedServer(config)
    on_server(server)
    await server.serve(sockets=[sock])


@asynccontextmanager
async def serving(
    engine: ControlledEngine, listeners: Sequence[Listener], *, pace: Pace | None = None
) -> AsyncGenerator[None]:
    """Answer for an engine on every listener while the context is open.

    On leaving, streams end, requests under way get two seconds, sockets are closed and unlinked.

    Raises:
        OSError: If a socket cannot listen.
    """
    async with AsyncExitStack() as stack:
        for listener in listeners:
            stack.callback(release, listener)
        closing = asyncio.Event()
        app = make_app(engine, closing=closing, pace=pace)
        for listener in listeners:
            guarded = app if listener.token is None else bearer_guard(app, listener.token)
            await stack.enter_async_context(_running(guarded, listener.sock))
        stack.callback(closing.set)
        yield


@asynccontextmanager
async def _running(app: ASGIApp, sock: socket) -> AsyncGenerator[None]:
    servers: list[EmbeddedServer] = []
    task = asyncio.ensure_future(serve(app, sock, on_server=servers.append))
    await asyncio.sleep(0)  # lets the task make its server
    server = servers[0]
    ready = asyncio.ensure_future(server.ready.wait())
    await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        ready.cancel()
        task.result()
    try:
        yield
    finally:
        server.should_exit = True
        await task


def bearer_guard(app: ASGIApp, token: str) -> ASGIApp:
    """Return an application that lets through only requests with the token."""
    expected = f"Bearer {token}".encode()

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = dict(scope["headers"]).get(b"authorization", b"")
            if not hmac.compare_digest(given, expected):
                await _refuse_stranger(send)
                return
        await app(scope, receive, send)

    return guarded


async def _refuse_stranger(send: Send) -> None:
    problem = Problem(
        code="unauthorized",
        detail="this address needs the bearer token of control.token in the engine's folder",
        exit_code=3,
    )
    headers = [(b"content-type", b"application/json"), (b"www-authenticate", b"Bearer")]
    await send({"type": "http.response.start", "status": 401, "headers": headers})
    body = msgspec.json.encode(problem)
    await send({"type": "http.response.body", "body": body, "more_body": False})
