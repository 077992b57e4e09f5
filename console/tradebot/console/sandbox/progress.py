"""What the console remembers between two starts, in `TRADEBOT_HOME/console.json`."""

import os
from pathlib import Path

import msgspec

from tradebot.engine.home import home

STEPS = 5
DONE = STEPS + 1


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far the coach has come."""

    step: int = 1
    """The step to be done, 1 to 5; 6: all are."""
    dismissed: bool = False
    """Whether the trader wants no coach."""

    @property
    def over(self) -> bool:
        """Return whether there is nothing left to say."""
        return self.dismissed or self.step >= DONE


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file."""

    coach: Progress = Progress()


def file_of_process() -> Path:
    """Return where this process remembers."""
    return home() / "console.json"


def read(path: Path) -> Progress:
    """Return what is remembered; a file that is missing or damaged remembers nothing.

    Raises:
        OSError: If it is there and cannot be read.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Remembered).coach
    except (FileNotFoundError, msgspec.DecodeError):
        return Progress()


def keep(path: Path, progress: Progress) -> None:
    """Remember, so that a crash leaves the old or the new.

    Raises:
        OSError: If it cannot be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    beside.write_bytes(msgspec.json.encode(Remembered(coach=progress)) + b"\n")
    beside.replace(path)
