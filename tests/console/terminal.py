"""A pty with the console in it."""

import os
import pty
import select
import subprocess
import sys
import termios
import time
from pathlib import Path

COMMAND = "from tradebot.engine.cli import main; raise SystemExit(main())"


class Terminal:
    """A pty with the console in it."""

    def __init__(self, words: list[str], home: Path, *, prelude: str = "", **environ: str) -> None:
        self.master, slave = pty.openpty()
        self.attributes = termios.tcgetattr(slave)
        termios.tcsetwinsize(self.master, (40, 120))
        env = os.environ | {
            "TERM": "xterm-256color",
            "TRADEBOT_HOME": str(home),
            "TEXTUAL_ANIMATIONS": "none",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", prelude + COMMAND, *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=env | environ,
            start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509  (the test has one thread)
        )
        self.slave = slave
        self.output = b""
        self.closed = False

    def read_until(self, wanted: bytes, limit_s: float) -> bool:
        """Read what is painted until a text comes."""
        end = time.monotonic() + limit_s  # noqa: TID251  (a real terminal, a real clock)
        while wanted not in self.output and time.monotonic() < end:  # noqa: TID251
            ready, _, _ = select.select([self.master], [], [], 0.1)
            if ready:
                try:
                    self.output += os.read(self.master, 65536)
                except OSError:
                    break
        return wanted in self.output

    def close_master(self) -> None:
        """Make the terminal go away."""
        os.close(self.slave)
        os.close(self.master)
        self.closed = True

    def end(self) -> None:
        """Leave nothing behind."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if not self.closed:
            self.close_master()


def _take_terminal() -> None:
    """Make the pty the controlling terminal, as a shell in a window has it."""
    import fcntl

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
