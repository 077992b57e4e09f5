"""A scripted engine behind a real socket, and the command as a function."""

import asyncio
import json
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import cast

import pytest
from tests.engine.control.scripted import ScriptedEngine

from tradebot.engine.cli.dispatch import run_command
from tradebot.engine.control.listeners import bind_unix
from tradebot.engine.control.server import serving
from tradebot.engine.control.tokens import TokenStore
from tradebot.engine.live.clock import SystemClock


class Ran:
    """What a command did."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    @property
    def document(self) -> object:
        return cast("object", json.loads(self.out))


type Tradebot = Callable[..., Ran]


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A short TRADEBOT_HOME: a socket's path has 100 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="tb"))
    monkeypatch.setenv("TRADEBOT_HOME", str(folder))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def tradebot(home: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Tradebot:
    """Return the command as a function of its words."""
    assert home.is_dir()

    def run(*words: str) -> Ran:
        capfdbinary.readouterr()
        code = run_command(words)
        out, err = capfdbinary.readouterr()
        return Ran(code, out.decode(), err.decode())

    return run


@pytest.fixture
def engine(home: Path) -> Iterator[ScriptedEngine]:
    """Serve a scripted engine as `main` from another thread."""
    loop = asyncio.new_event_loop()
    scripted = ScriptedEngine()
    ready: Future[None] = Future()
    done = asyncio.Event()
    folder = home / "engines" / "main"
    folder.mkdir(mode=0o700, parents=True)

    async def live() -> None:
        async with serving(
            scripted,
            [bind_unix(folder / "control.sock")],
            clock=SystemClock(),
            tokens=TokenStore(folder),
        ):
            ready.set_result(None)
            await done.wait()

    def run() -> None:
        try:
            loop.run_until_complete(live())
        except BaseException as error:  # noqa: BLE001  (it is raised again where the test waits)
            ready.set_exception(error)

    thread = threading.Thread(target=run)
    thread.start()
    ready.result(10)
    yield scripted
    loop.call_soon_threadsafe(done.set)
    thread.join(10)
    loop.close()
