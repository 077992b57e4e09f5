"""The real program as a process, in a home of its own."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from tradebot.engine.control.client import ControlClient, ControlError, EngineAddress
from tradebot.engine.journal.codec import JsonValue
from tradebot.engine.journal.store import Journal

START_S = 30.0
"""Longest wait for an engine to answer, on a busy machine."""

COMMAND = (sys.executable, "-m", "tradebot.engine.cli")


class Home:
    """A TRADEBOT_HOME and what may be run in it."""

    def __init__(self, path: Path, environment: Mapping[str, str] | None = None) -> None:
        self.path = path
        self.environment = {
            **os.environ,
            "TRADEBOT_HOME": str(path),
            **(environment or {}),
        }

    def engine(self, name: str = "main") -> Path:
        """Return an engine's state folder."""
        return self.path / "engines" / name

    def run(self, *words: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [*COMMAND, *words],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def start(self, *words: str) -> "EngineProcess":
        """Start an engine; it may not answer yet."""
        return EngineProcess(self, ("run", *words))


@contextmanager
def short_home(environment: Mapping[str, str] | None = None) -> Generator[Home]:
    """Make a home with a short path: a socket's path has at most 100 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="tb"))
    try:
        yield Home(folder, environment)
    except BaseException:
        # What is left of a rare failure is the only witness: KEEP_FAILED_HOME=1 keeps it for whoever looks.
        if not os.environ.get("KEEP_FAILED_HOME"):
            shutil.rmtree(folder)
        raise
    shutil.rmtree(folder)


class EngineProcess:
    """One `tradebot run`."""

    def __init__(
        self,
        home: Home,
        words: tuple[str, ...],
        *,
        program: tuple[str, ...] = COMMAND,
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.home = home
        self._log = (home.path / "engine.out").open("ab")
        self.process = subprocess.Popen(
            [*program, *words],
            env=home.environment if environment is None else environment,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """Return its process number."""
        return self.process.pid

    def client(self) -> ControlClient:
        """Return a client of its socket, not yet connected."""
        socket = self.home.engine() / "control.sock"
        return ControlClient(EngineAddress(label="engine 'main'", socket=socket))

    def wait_up(self) -> None:
        """Wait until this very process answers."""

        def answers() -> bool:
            if self.process.poll() is not None:
                raise AssertionError(f"the engine ended with {self.process.returncode}: {self.log}")
            try:
                with self.client() as client:
                    return client.hello().pid == self.pid
            except ControlError:
                return False

        wait_until(answers, "the engine answers", START_S)

    @property
    def log(self) -> str:
        """Return what the engines of this home have logged so far."""
        return (self.home.path / "engine.out").read_text()

    def kill(self) -> None:
        """End it with SIGKILL."""
        self.process.kill()
        self._ended()

    def terminate(self) -> int:
        """End it with SIGTERM; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self._ended()

    def _ended(self) -> int:
        code = self.process.wait(timeout=START_S)
        self._log.close()
        return code


@contextmanager
def running(home: Home, *words: str) -> Generator[EngineProcess]:
    """Run an engine while the context is open; whatever happens, it ends."""
    engine = home.start(*words)
    try:
        engine.wait_up()
        yield engine
    finally:
        engine.kill()


def wait_until(done: Callable[[], bool], what: str, seconds: float) -> None:
    """Look again and again until something is so."""
    deadline = time.monotonic() + seconds  # noqa: TID251  (the wall a test waits by)
    while not done():
        if time.monotonic() > deadline:  # noqa: TID251  (as above)
            raise AssertionError(f"not within {seconds:g} s: {what}")
        time.sleep(0.01)


def rows_of(home: Home) -> list[tuple[int, int, str, dict[str, JsonValue]]]:
    """Return the journal as (seq, index, kind, body), committed rows only."""
    with Journal.open(home.engine() / "journal.db", read_only=True) as journal:
        return [
            (row.seq, row.index, row.kind, cast("dict[str, JsonValue]", json.loads(row.body)))
            for row in journal.rows()
        ]


def is_reconciled(home: Home, client: ControlClient) -> bool:
    """Return whether the venue has told this process everything and nothing is unknown any more."""
    kinds = [kind for _, _, kind, _ in rows_of(home)]
    newest = len(kinds) - kinds[::-1].index("engine-started")
    return "account-reported" in kinds[newest:] and client.status().unresolved == 0


@contextmanager
def reproducible(line: str) -> Generator[None]:
    """Note on any failure the one line that repeats it: a worker process has no terminal to print it on."""
    try:
        yield
    except BaseException as error:
        error.add_note(line)
        raise
