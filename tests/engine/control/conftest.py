"""A scripted engine served on a unix socket and on TCP, and clients that speak to it."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest
from tests.engine.control.doors import HandClock, socket_client, tcp_client
from tests.engine.control.scripted import ScriptedEngine

from tradebot.engine.control.limits import Limits
from tradebot.engine.control.listeners import bind_http, bind_unix
from tradebot.engine.control.server import serving
from tradebot.engine.control.streams import Pace
from tradebot.engine.control.tokens import TokenStore

type Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path is short enough for a socket."""
    with TemporaryDirectory(prefix="tb") as name:
        yield Path(name)


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def serve(folder: Path, engine: ScriptedEngine, clock: HandClock) -> Serve:
    """Return a context in which the engine is served at a pace, with a client for it."""

    @asynccontextmanager
    async def served(
        pace: Pace | None = None, limits: Limits | None = None
    ) -> AsyncGenerator[httpx.AsyncClient]:
        path = folder / "control.sock"
        tokens = TokenStore(folder)
        async with (
            serving(
                engine, [bind_unix(path)], clock=clock, tokens=tokens, pace=pace, limits=limits
            ),
            socket_client(path) as client,
        ):
            yield client

    return served


@pytest.fixture
def serve_tcp(folder: Path, engine: ScriptedEngine, clock: HandClock) -> Serve:
    """Return a context in which the engine is served on TCP, with a client that has no token."""

    @asynccontextmanager
    async def served(
        pace: Pace | None = None, limits: Limits | None = None, hosts: tuple[str, ...] = ()
    ) -> AsyncGenerator[httpx.AsyncClient]:
        listener = bind_http("127.0.0.1", 0)
        async with (
            serving(
                engine,
                [listener],
                clock=clock,
                tokens=TokenStore(folder),
                hosts=hosts,
                pace=pace,
                limits=limits,
            ),
            tcp_client(listener.url) as client,
        ):
            yield client

    return served


@pytest.fixture
async def client(serve: Serve) -> AsyncIterator[httpx.AsyncClient]:
    async with serve() as client:
        yield client
