"""The control API's server: the application behind its gate, over sockets the engine has bound itself."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from socket import socket
from typing import override

import uvicorn
from litestar.types import ASGIApp

from tradebot.engine.control.addresses import Addresses
from tradebot.engine.control.application import Served, make_app
from tradebot.engine.control.clients import Clients
from tradebot.engine.control.connections import Place, PlaceConfig
from tradebot.engine.control.engine import ControlledEngine
from tradebot.engine.control.gate import Gate
from tradebot.engine.control.limits import Buckets, ControlClock, Limits
from tradebot.engine.control.listeners import Listener, release
from tradebot.engine.control.origin import own_hosts
from tradebot.engine.control.routes import ROUTES
from tradebot.engine.control.streams import Pace
from tradebot.engine.control.tokens import TokenStore


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


async def serve(
    config: uvicorn.Config, sock: socket, *, on_server: Callable[[EmbeddedServer], None]
) -> None:
    """Serve an application on a bound socket until its server is told to exit.

    Args:
        config: With the application.
        sock: Bound, not yet listening.
        on_server: Called once with the server before it starts; set its `should_exit` to end.
    """
    server = EmbeddedServer(config)
    on_server(server)
    await server.serve(sockets=[sock])


@asynccontextmanager
async def serving(  # noqa: PLR0913  (an engine, its doors and their keys)
    engine: ControlledEngine,
    listeners: Sequence[Listener],
    *,
    clock: ControlClock,
    tokens: TokenStore,
    hosts: tuple[str, ...] = (),
    pace: Pace | None = None,
    limits: Limits | None = None,
) -> AsyncGenerator[Clients]:
    """Answer for an engine on every listener while the context is open.

    On leaving, streams end, requests under way get two seconds, sockets are closed and unlinked.

    Args:
        engine: Who answers.
        listeners: Bound sockets; closed at the end.
        clock: For tokens and rates.
        tokens: What a TCP listener recognises.
        hosts: Names besides this machine's own that a client of TCP may write into Host.
        pace: How often streams speak; the default is 30 frames a second.
        limits: Bounds; the defaults are those of `docs/server.md`.

    Raises:
        OSError: If a socket cannot listen.
    """
    bounds = limits or Limits()
    clients = Clients(clock, engine.client_dropped)
    addresses = Addresses(ROUTES)
    async with AsyncExitStack() as stack:
        for listener in listeners:
            stack.callback(release, listener)
        closing = asyncio.Event()
        for listener in listeners:
            port = listener.port
            gate = Gate(
                clock=clock,
                buckets=Buckets(bounds, clock),
                addresses=addresses,
                hosts=None if port is None else own_hosts(port, hosts),
                tokens=None if port is None else tokens,
            )
            served = Served(
                engine=engine,
                clients=clients,
                gate=gate,
                limits=bounds,
                pace=pace or Pace(),
                closing=closing,
            )
            app = gate.guard(make_app(served, ROUTES))
            place = Place(bounds, clients)
            await stack.enter_async_context(_running(app, listener.sock, place))
        stack.callback(closing.set)
        yield clients


@asynccontextmanager
async def _running(app: ASGIApp, sock: socket, place: Place) -> AsyncGenerator[None]:
    servers: list[EmbeddedServer] = []
    task = asyncio.ensure_future(serve(PlaceConfig(app, place), sock, on_server=servers.append))
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
