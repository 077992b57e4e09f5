"""The processes of a drill: a venue that lives through it, and engines that may be killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import msgspec

from tradebot.engine.control.client import ControlClient, EngineAddress
from tradebot.engine.drills.orders import Done, VenueOrder, encoded
from tradebot.engine.drills.result import DrillFailed

ENGINE = "drill"
"""The engine's name."""
_END_WITHIN_S = 20.0
_TAIL = 400


def environment_of(home: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which nothing of the user's engines or settings is seen.

    Args:
        home: Where the drill lives.
        environ: Of this process.
    """
    kept = {name: value for name, value in environ.items() if not name.startswith("TRADEBOT_")}
    for name in (
        "NOTIFY_SOCKET",
        "WATCHDOG_USEC",
        "WATCHDOG_PID",
    ):  # a service manager's, for its own engine
        kept.pop(name, None)
    return kept | {"TRADEBOT_HOME": str(home)}


class Child:
    """A process of the drill; it ends with the drill, because it listens to it."""

    def __init__(self, home: Path, words: tuple[str, ...], *, told_back: bool) -> None:
        self._log = home / "processes.log"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  (our own modules by this interpreter)
                [sys.executable, "-m", *words],
                env=environment_of(home, os.environ),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if told_back else log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Return its process number."""
        return self._process.pid

    def check(self, what: str) -> None:
        """See whether it lives.

        Raises:
            DrillFailed: If it has ended, with its last words.
        """
        code = self._process.poll()
        if code is not None:
            words = self._log.read_text(errors="replace")[-_TAIL:]
            raise DrillFailed(f"{what} ended with exit code {code}: {words}")

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        said, heard = self._process.stdin, self._process.stdout
        if said is None or heard is None:
            raise LookupError("this process was not asked to speak")
        return said, heard

    def tell(self, line: bytes) -> bytes:
        """Say a line and return the answer.

        Raises:
            DrillFailed: If it does not hear.
        """
        said, heard = self._pipes()
        try:
            said.write(line)
            said.flush()
            answer = heard.readline()
        except OSError as error:
            raise DrillFailed(f"process {self.pid} does not hear: {error}") from error
        if not answer:
            self.check("the venue")
            raise DrillFailed(f"process {self.pid} does not answer")
        return answer

    def kill(self) -> None:
        """End it as `kill -9` does: it has no time for anything."""
        self._process.send_signal(signal.SIGKILL)
        self._let_go()

    def end(self) -> None:
        """End it in good order, or by force if it does not go."""
        self._process.terminate()
        try:
            self._process.wait(_END_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._let_go()

    def _let_go(self) -> None:
        self._process.wait(_END_WITHIN_S)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


class VenueProcess(Child):
    """The venue."""

    def __init__(self, home: Path, seed: int) -> None:
        self.socket = home / "venue.sock"
        self.ledger = home / "venue.log"
        words = ("--socket", str(self.socket), "--log", str(self.ledger), "--seed", str(seed))
        super().__init__(home, ("tradebot.engine.drills.venue_program", *words), told_back=True)

    def do(self, order: VenueOrder) -> Done:
        """Let the venue do something; it is done when this returns."""
        return msgspec.json.decode(self.tell(encoded(order)), type=Done)


class EngineProcess(Child):
    """One engine."""

    def __init__(self, home: Path, venue: Path) -> None:
        self.folder = home / "engines" / ENGINE
        words = ("--name", ENGINE, "--socket", str(venue))
        super().__init__(home, ("tradebot.engine.drills.engine_program", *words), told_back=False)

    def client(self) -> ControlClient:
        """Return a client of its socket, not yet connected."""
        address = EngineAddress(label=f"engine {ENGINE!r}", socket=self.folder / "control.sock")
        return ControlClient(address)
