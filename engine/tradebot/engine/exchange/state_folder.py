"""`--state DIR`: what an exchange was started with, and all that came to it since."""

from pathlib import Path

import msgspec

from tradebot.engine.exchange.clock import Clock
from tradebot.engine.exchange.inputs import Inputs, StandingClock
from tradebot.engine.exchange.kept import Kept
from tradebot.engine.exchange.words import FaceName

PLAN, INPUTS = "plan.json", "inputs.bin"


class StateRefused(ValueError):  # noqa: N818  (what happened, not a kind of error)
    """The folder cannot be used; the text is one line."""


class Begun(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What makes an exchange the same one again, beside its inputs."""

    speak: tuple[FaceName, ...]
    seed: int
    always_open: bool
    market: str
    start: int
    """The venue's first instant, ns UTC."""
    told: bool
    """Whether that was asked for; else the venue's time is the machine's."""


class ExchangeState:
    """An exchange's folder, open for one process.

    Args of the constructor:
        path: The folder; made where it is not there.
        wanted: What is asked for now.

    Raises:
        StateRefused: If it holds another exchange, or cannot be read.
        InputsRefused: If another process has it.
    """

    def __init__(self, path: Path, wanted: Begun) -> None:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.inputs = Inputs(path / INPUTS)
        try:
            self.begun = _begun(path / PLAN, wanted, entries=self.inputs.entries)
        except StateRefused:
            self.inputs.close()
            raise

    def now(self, machine: int) -> int:
        """Return the venue's time as it goes on: the machine's, or from where it stood.

        Args:
            machine: The machine's time, ns UTC.
        """
        last = max(self.begun.start, self.inputs.last)
        return last if self.begun.told else max(last, machine)

    def kept(self, running: Clock) -> Kept:
        """Return the exchange's doors over what is kept here, by a clock that goes on."""
        return Kept(self.inputs, StandingClock(self.begun.start, running))

    def close(self) -> None:
        """Close it."""
        self.inputs.close()


def _begun(path: Path, wanted: Begun, *, entries: int) -> Begun:
    if not path.exists():
        if entries:
            raise StateRefused(f"{path} is missing beside {entries} inputs; choose another folder")
        # Written aside and renamed: after a kill it is there whole or not at all.
        aside = path.with_suffix(".new")
        aside.write_bytes(msgspec.json.encode(wanted))
        aside.replace(path)
        return wanted
    try:
        begun = msgspec.json.decode(path.read_bytes(), type=Begun)
    except (msgspec.DecodeError, OSError) as error:
        raise StateRefused(f"{path} cannot be read: {error}") from error
    if wanted.told and wanted.start != begun.start:
        raise StateRefused(
            f"{path.parent} began at another time: leave --time out, or choose another folder"
        )
    for name in ("speak", "seed", "always_open", "market"):
        has, asked = getattr(begun, name), getattr(wanted, name)
        if has != asked:
            raise StateRefused(f"{path.parent} has {name} {has!r}, was {asked!r}: give the same")
    return begun
