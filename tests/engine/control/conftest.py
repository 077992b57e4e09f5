"""A scripted engine served on a unix socket, and a client that speaks to it."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest
from tests.engine.control.scripted import ScriptedEngine

from tradebot.engine.control.listeners import bind_unix
from tradebot.engine.control.server import serving
from tradebot.engine.control.streams import Pace

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
def serve(folder: Path, engine: ScriptedEngine) -> Serve:
    """Return a context in which the engine is served at a pace, with a client for it."""

    @asynccontextmanager
    async def served(pace: Pace | None = None) -> AsyncGenerator[httpx.AsyncClient]:
        path = folder / "control.sock"
        async with (
            serving(engine, [bind_unix(path)], pace=pace),
            httpx.AsyncClient(
                transport=httpx.AsyncHTTPTransport(uds=str(path)),
                base_url="http://engine",
                timeout=10,
            ) as client,
        ):
            yield client

    return served


@pytest.fixture
async def client(serve: Serve) -> AsyncIterator[httpx.AsyncClient]:
    async with serve() as client:
        yield client
