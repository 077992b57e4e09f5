"""A configured engine does not answer: say since when and why, offer the three ways on. Plain text, one key."""

import os
import select
import sys
import termios
import tty
from collections.abc import Generator
from contextlib import contextmanager

import typer

from tradebot.console.launch.plan import Down
from tradebot.console.launch.sandbox import log_tail
from tradebot.engine.cli.target import why_silent
from tradebot.engine.observability.lines import LOG_FILE, readable_line

LOG_LINES = 20
KEYS = "s start it · l its last log lines · o open the sandbox instead · q quit"
ESCAPE = "\x1b"
SEQUENCE_S = 0.05
"""What follows an escape this soon belongs to it: an arrow key, not the escape key."""


def ask_what_to_do(down: Down, terminal: int | None = None) -> str:
    """Return `start`, `sandbox` or `quit`, by one key without enter; ctrl-C interrupts.

    Args:
        down: The engine.
        terminal: File descriptor to read keys from; default: stdin.
    """
    fd = sys.stdin.fileno() if terminal is None else terminal
    typer.echo(f"tradebot: {why_silent(down.name, down.folder)}", err=True)
    with _keys_at_once(fd):
        while True:
            typer.echo(KEYS)
            match _key(fd):
                case "s":
                    return "start"
                case "o":
                    return "sandbox"
                case "l":
                    for line in log_tail(down.folder / LOG_FILE, LOG_LINES):
                        typer.echo(readable_line(line))
                case "q" | "" | "\x1b":
                    return "quit"
                case _:  # a slip of the hand is neither an order to start nor one to leave
                    pass


@contextmanager
def _keys_at_once(fd: int) -> Generator[None]:
    """Let a terminal give each key as it is pressed; what was typed before is kept."""
    before = termios.tcgetattr(fd)
    tty.setcbreak(fd, termios.TCSANOW)
    try:
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSANOW, before)


def _key(fd: int) -> str:
    """Return one key in lower case, a sequence such as an arrow key's whole, empty where input has ended."""
    key = os.read(fd, 1).decode(errors="replace").lower()
    while key.startswith(ESCAPE) and select.select([fd], [], [], SEQUENCE_S)[0]:
        more = os.read(fd, 1).decode(errors="replace")
        if not more:
            break
        key += more
    return key
