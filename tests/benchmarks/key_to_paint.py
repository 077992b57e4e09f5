"""How long a key takes to be seen: from its byte in the terminal to the frame that shows what it did.

Run from the project's folder: the market's speed (1 is life), then how many keys (default 40 and 300):

    python -m tests.benchmarks.key_to_paint 40 300

The real console in a pty of 120x40, on an engine of its own kind of process; the key moves the ladder's cursor while
the market paints. A frame is stamped when the terminal gets it, before it is looked at for the cursor's mark.
"""

import os
import select
import sys
import time
from pathlib import Path
from statistics import median

import pyte
from tests.console.terminal import Terminal
from tests.e2e.engine_process import EngineProcess, running, short_home

MARK = "◀"
"""The ladder's cursor."""

APART_S = 0.11
"""Between two keys: no multiple of a frame's 1/30 s, so that every phase is met."""


class Screen:
    """What the terminal shows, and when it came to show it."""

    def __init__(self, terminal: Terminal) -> None:
        self._master = terminal.master
        self._screen = pyte.Screen(120, 40)
        self._stream = pyte.ByteStream(self._screen)

    def read(self, seconds: float) -> int:
        """Wait for what is painted next; return the clock's reading when it came, 0 if nothing did."""
        ready, _, _ = select.select([self._master], [], [], seconds)
        if not ready:
            return 0
        data = os.read(self._master, 1 << 16)
        came = time.monotonic_ns()
        self._stream.feed(data)
        return came

    def cursor(self) -> int:
        """Return the cursor's row, -1 while there is none."""
        return next((row for row, line in enumerate(self._screen.display) if MARK in line), -1)

    def settle(self, seconds: float) -> None:
        """Read on for some time."""
        until = time.monotonic() + seconds  # noqa: TID251  (a real terminal, a real clock)
        while (left := until - time.monotonic()) > 0:  # noqa: TID251  (as above)
            self.read(left)

    def press(self, key: bytes) -> float:
        """Press a key that moves the cursor; return milliseconds until it is seen there.

        Raises:
            TimeoutError: If it is not within 5 s.
        """
        before, pressed = self.cursor(), time.monotonic_ns()
        os.write(self._master, key)
        while time.monotonic_ns() - pressed < 5 * 10**9:
            came = self.read(0.5)
            if came and self.cursor() not in (before, -1):
                return (came - pressed) / 1e6
        raise TimeoutError(f"{key!r} was not seen within 5 s")


def steps(engine: EngineProcess) -> int:
    """Return how many steps the engine has taken."""
    with engine.client() as client:
        return client.status().engine.seq


def processor_s(pid: int) -> float:
    """Return the seconds of a processor a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main(speed: str, keys: int) -> None:
    """Write one line."""
    with short_home() as home, running(home, "--seed", "3", "--speed", speed) as engine:
        terminal = Terminal(["tui", "--name", "main"], home.path)
        screen = Screen(terminal)
        try:
            screen.settle(6)
            screen.press(b"j")
            first, began, used = steps(engine), time.monotonic(), processor_s(terminal.process.pid)  # noqa: TID251
            delays: list[float] = []
            for number in range(keys):
                delays.append(screen.press(b"jk"[number // 4 % 2 : number // 4 % 2 + 1]))
                screen.settle(APART_S)
            took = time.monotonic() - began  # noqa: TID251  (as above)
            rate = (steps(engine) - first) / took
            share = (processor_s(terminal.process.pid) - used) / took
        finally:
            terminal.end()
    delays.sort()
    sys.stdout.write(
        f"key to paint, {keys} keys, {rate:,.0f} market events/s: median {median(delays):.1f} ms, "
        f"p95 {delays[int(keys * 0.95)]:.1f}, most {delays[-1]:.1f}; console {share:.0%} of a core\n"
    )


if __name__ == "__main__":
    main(sys.argv[1] if sys.argv[1:] else "40", int(sys.argv[2]) if sys.argv[2:] else 300)
