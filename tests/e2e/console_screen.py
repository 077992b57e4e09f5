"""`tradebot tui` in a pseudo-terminal: keys go in, the screen is read as a person reads it."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pexpect
import pyte
import pytest

COLUMNS, ROWS = 120, 40
TRADEBOT = [sys.executable, "-m", "tradebot.engine.cli"]
PATIENCE_S = 60.0


def wall() -> float:
    return time.monotonic()  # noqa: TID251  (a test of real processes waits on the wall)


class Console:
    """`tradebot tui` in a pseudo-terminal, and what it shows."""

    def __init__(self, home: Path) -> None:
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        environment = os.environ | {
            "TRADEBOT_HOME": str(home),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
        }
        self.process: pexpect.spawn[bytes] = pexpect.spawn(
            TRADEBOT[0],
            [*TRADEBOT[1:], "tui", "--name", "main"],
            dimensions=(ROWS, COLUMNS),
            env=environment,
            timeout=5,
        )

    def text(self) -> str:
        """Return the screen after reading what has come."""
        until = wall() + 0.2
        while wall() < until:
            try:
                self._stream.feed(self.process.read_nonblocking(65_536, timeout=0.05))
            except (pexpect.TIMEOUT, pexpect.EOF):
                break
        return "\n".join(self._screen.display)

    def press(self, *keys: str) -> None:
        """Press keys one after the other, reading in between as a person looks."""
        for key in keys:
            self.process.send(key)
            self.text()

    def wait_for(self, what: str, seen: Callable[[str], bool]) -> str:
        """Return the screen once a condition holds on it."""
        until = wall() + PATIENCE_S
        while wall() < until:
            text = self.text()
            if seen(text):
                return text
        pytest.fail(f"waited {PATIENCE_S} s for {what}; the screen was\n{self.text()}")


def send_by_ticket(console: Console, *, quantity: str, price: str) -> None:
    """Type an order into the ticket, review it, send it with y."""
    console.press("b")
    console.wait_for("the ticket", lambda text: "Ticket  BUY" in text)
    console.press(*quantity, "\t", "\t", *price)  # quantity, type, price
    console.wait_for("the figures", lambda text: f" {quantity} " in text and f"@ {price}" in text)
    console.press("\r")
    console.wait_for("the review", lambda text: "REVIEW" in text and "send this order" in text)
    until = wall() + 0.4  # keys within 250 ms of the review are dropped
    while wall() < until:
        console.text()
    console.press("y")


def panel(text: str, title: str) -> str:
    """Return the first rows below a panel's title, from its left edge on."""
    lines = text.splitlines()
    for row, line in enumerate(lines):
        column = line.find(f" {title} ")
        if column >= 0:
            left = max(line.rfind("╭", 0, column), line.rfind("┏", 0, column), 0)
            right = min(at for at in (line.find("╮", left), line.find("┓", left), 999) if at > 0)
            return "\n".join(other[left : right + 1] for other in lines[row + 1 : row + 5])
    return ""
