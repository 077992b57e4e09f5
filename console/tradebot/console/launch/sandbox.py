"""An engine as a child of the console: started, watched until it answers, waited for at the end."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tradebot.console.clock import Clock
from tradebot.console.launch.plan import OpenSandbox

START_TIMEOUT_S = 15.0
"""From the start of the process to its first answer."""
LEAVE_TIMEOUT_S = 20.0
"""An engine started for consoles ends a few seconds after its last one."""
LOG_LINES = 8
LOG_TAIL_BYTES = 8_192
SENTENCE = "tradebot: "
"""How the line begins in which a command says why it failed."""


class ChildEngine:
    """A running child.

    Args:
        process: The child.
        log: Where it writes.
        clock: For the time it takes.
        log_from: Bytes the log had before: words of earlier engines.
    """

    def __init__(
        self, process: subprocess.Popen[bytes], log: Path, clock: Clock, log_from: int = 0
    ) -> None:
        self._process = process
        self._log = log
        self._log_from = log_from
        self._clock = clock
        self._since_s = clock.monotonic_s()

    def trouble(self) -> str | None:
        """Return why it will not answer any more, with the last lines it wrote; None while it may."""
        code = self._process.poll()
        if code is not None:
            return self._own_sentence() or (
                f"the engine ended with exit code {code} before it answered\n{self._last_words()}"
            )
        waited_s = self._clock.monotonic_s() - self._since_s
        if waited_s > START_TIMEOUT_S:
            return f"the engine has not answered for {waited_s:.0f} s\n{self._last_words()}"
        return None

    @property
    def exit_code(self) -> int | None:
        """The code it ended with; None while it runs."""
        return self._process.poll()

    @property
    def pid(self) -> int:
        """Its process number."""
        return self._process.pid

    def kill(self) -> None:
        """End it as `kill -9` does, and wait until it is gone."""
        self._process.kill()
        self._process.wait()

    def wait_until_gone(self) -> str | None:
        """Wait for the child's end; return what is the matter if it does not come."""
        try:
            self._process.wait(LEAVE_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            return (
                f"the sandbox still runs as process {self._process.pid} after {LEAVE_TIMEOUT_S:.0f} s;"
                " another console may be attached: tradebot stop --name sandbox ends it"
            )
        return None

    def end(self) -> None:
        """Ask the child to end: it never answered, so nobody uses it."""
        if self._process.poll() is None:
            self._process.terminate()
            self.wait_until_gone()

    def _own_sentence(self) -> str | None:
        """Return the one line in which a command says why it cannot go on, if it wrote one."""
        lines = log_tail(self._log, 1, self._log_from)
        return lines[0].removeprefix(SENTENCE) if lines[0].startswith(SENTENCE) else None

    def _last_words(self) -> str:
        lines = log_tail(self._log, LOG_LINES, self._log_from)
        return "\n".join([f"last lines of {self._log}:", *lines])


def start_sandbox(plan: OpenSandbox, clock: Clock) -> ChildEngine:
    """Start an engine that ends with its last console.

    Raises:
        OSError: If its folder or log cannot be made.
    """
    words = ["--name", plan.folder.name, "--market", plan.market]
    words += [] if plan.speed is None else ["--speed", plan.speed]
    words += [] if plan.seed is None else ["--seed", str(plan.seed)]
    return start_engine(plan.folder, [*words, "--until-consoles-leave"], clock)


def start_engine(folder: Path, words: Sequence[str], clock: Clock) -> ChildEngine:
    """Start an engine in a session of its own, so that the terminal's signals do not reach it.

    Args:
        folder: Its state folder; what it prints goes into `engine.out` there, its log into `engine.log`.
        words: Its options.
        clock: For the time it takes to answer.

    Raises:
        OSError: If its folder or log cannot be made.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    log = folder / "engine.out"
    with log.open("ab") as out:
        log_from = out.tell()
        process = subprocess.Popen(  # noqa: S603  (our own module by this interpreter)
            [sys.executable, "-m", "tradebot.engine.cli", "run", "--log-format", "file", *words],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    return ChildEngine(process, log, clock, log_from)


def log_tail(log: Path, count: int, begin: int = 0) -> list[str]:
    """Return the last lines of a log from byte `begin` on; a sentence instead if there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(begin, log.stat().st_size - LOG_TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return [f"there is no log at {log}"]
    lines = text.splitlines()[-count:]
    return lines or ["(the log is empty)"]
