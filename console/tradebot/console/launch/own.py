"""The sandbox this console started, as its process: killed, started again, recorded."""

import subprocess
import sys

from tradebot.console.clock import Clock
from tradebot.console.launch.plan import OpenSandbox
from tradebot.console.launch.sandbox import ChildEngine, start_sandbox
from tradebot.console.view import Level
from tradebot.engine.home import data_folder

SEED = 1
"""Of a sandbox nobody chose one for; the engine's own default."""
RECORDER = "tradebot.engine.trial.examples"


class OwnEngine:
    """See `console.sandbox.school.OwnSandbox`.

    Args:
        plan: How it is started.
        clock: For the time it takes.

    Raises:
        OSError: If it cannot be started.
    """

    def __init__(self, plan: OpenSandbox, clock: Clock) -> None:
        self._plan = plan
        self._clock = clock
        self._recorder: subprocess.Popen[bytes] | None = None
        self.child: ChildEngine = start_sandbox(plan, clock)
        """The newest process."""

    @property
    def pid(self) -> int | None:
        """Return its process number; None: it does not run."""
        return self.child.pid if self.child.exit_code is None else None

    def trouble(self) -> str | None:
        """Return why it will not answer any more; None while it may."""
        return self.child.trouble()

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self.child.kill()

    def start(self) -> None:
        """Start it again where it stood; whose market it is, its folder says."""
        self.child = start_sandbox(self._plan, self._clock)

    def record(self) -> None:
        """Let an hour of the market be recorded and the examples run on it, unless it was; it goes on alone."""
        from tradebot.engine.recording.place import is_recorded

        if self._plan.market != "synthetic" or is_recorded(data_folder()):
            return
        seed = SEED if self._plan.seed is None else self._plan.seed
        with (self._plan.folder / "hour.out").open("ab") as out:
            self._recorder = subprocess.Popen(  # noqa: S603  (our own module by this interpreter)
                [sys.executable, "-m", RECORDER, "--seed", str(seed)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def recorded(self) -> tuple[str, Level] | None:
        """Return once what became of the recording."""
        code = None if self._recorder is None else self._recorder.poll()
        if code is None:
            return None
        self._recorder = None
        if code:
            log = self._plan.folder / "hour.out"
            return f"the sandbox's hour is not recorded: exit code {code}, see {log}", "warn"
        return (
            "an hour of this market is recorded, the examples have run on it: tradebot runs list",
            "info",
        )
