"""The first ten minutes in a real terminal: the coach's five steps, a killed engine, the recorded hour."""

import json
import os
import re
import sys
import time
from pathlib import Path

import pexpect
import pyte
import pytest

from tradebot.engine.recording.place import is_recorded

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

COLUMNS, ROWS = 120, 40
PATIENCE_S = 120.0


def wall() -> float:
    return time.monotonic()  # noqa: TID251  (a test of real processes waits on the wall)


class Terminal:
    """`tradebot tui` in a home of its own, and what it shows."""

    def __init__(self, home: Path) -> None:
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        self.process: pexpect.spawn[bytes] = pexpect.spawn(
            sys.executable,
            ["-m", "tradebot.engine.cli", "tui"],
            dimensions=(ROWS, COLUMNS),
            env=os.environ
            | {"TRADEBOT_HOME": str(home), "TERM": "xterm-256color", "COLORTERM": "truecolor"},
            timeout=5,
        )

    def text(self, seconds: float = 0.2) -> str:
        """Return the screen after reading what has come."""
        until = wall() + seconds
        while wall() < until:
            try:
                self._stream.feed(self.process.read_nonblocking(65_536, timeout=0.05))
            except pexpect.TIMEOUT:
                continue
            except pexpect.EOF:
                break
        return "\n".join(self._screen.display)

    def press(self, *keys: str) -> None:
        """Press keys one after the other, reading in between as a person looks."""
        for key in keys:
            self.process.send(key)
            self.text(0.4)

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Return where a pattern stands on the screen, once it does."""
        until = wall() + PATIENCE_S
        while wall() < until:
            found = re.search(pattern, self.text())
            if found:
                return found
        pytest.fail(f"waited {PATIENCE_S} s for {pattern}; the screen was\n{self.text()}")


def test_a_newcomer_buys_moves_the_stop_pulls_the_plug_and_finds_nothing_missing(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    home = tmp_path_factory.mktemp("c")
    console = Terminal(home)
    try:
        buy_with_a_stop(console)
        move_the_stop(console, "58000")
        pull_the_plug_and_come_back(console)
        console.wait_for("coach .*the stop at 58,000.00 are back")
        assert json.loads((home / "console.json").read_text())["coach"]["step"] == 6
        until = wall() + PATIENCE_S
        while not is_recorded(home / "data"):
            assert wall() < until, "the hour is not recorded"
            console.text(0.5)
        leave(console)
    finally:
        console.process.close(force=True)


def buy_with_a_stop(console: Terminal) -> None:
    order = console.wait_for(r"coach 1/5 .*:(buy \S+ BTCUSDT @ \S+ stop \S+)").group(1)
    console.press(":")
    console.text(1)
    console.press(order)
    console.wait_for("opens the review")
    console.press("\r")
    console.wait_for("send this order")
    console.text(0.5)  # keys within 250 ms of the review are dropped
    console.press("y")


def move_the_stop(console: Terminal, trigger: str) -> None:
    console.wait_for("coach 2/5 .*see its stop")
    console.press("n")
    console.wait_for("coach 3/5 .*move the stop")
    console.press("4")
    console.wait_for("protects at broker")
    console.press("e")
    console.wait_for("AMEND")
    console.text(0.5)
    console.press(*trigger, "\r")
    console.wait_for("send this change")
    console.text(0.5)
    console.press("y")


def pull_the_plug_and_come_back(console: Terminal) -> None:
    console.wait_for("coach 4/5 .*pull the plug")
    console.press("K")
    console.wait_for("kill it now")
    console.text(0.5)
    console.press("y")
    console.wait_for("ENGINE .*NOT RESPONDING")
    console.wait_for("coach 5/5 .*come back")
    console.press("K")


def leave(console: Terminal) -> None:
    console.press("q")
    console.wait_for("QUIT")
    console.text(0.5)
    console.press("c")
    console.process.expect(pexpect.EOF, timeout=60)
    console.process.close()
    assert console.process.exitstatus == 0
