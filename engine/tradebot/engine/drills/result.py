"""What a drill tells: stages as they happen, and a verdict."""

from typing import Literal

import msgspec

type DrillName = Literal["crash", "mute", "lost-ack", "gap-open", "halt"]

DRILLS: dict[DrillName, str] = {
    "crash": "the engine is killed between an order and its fill, and starts again",
    "mute": "the private stream, then the market, says nothing more",
    "lost-ack": "an order whose answer is lost, and one that never arrived",
    "gap-open": "the market opens beyond the stop",
    "halt": "a day's loss, then a drawdown, take the right to add risk away",
}
"""Every drill and what it does."""


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened."""

    at_s: float
    """Since the drill began, s."""
    text: str


class DrillResult(msgspec.Struct, frozen=True, kw_only=True):
    """A finished drill, as `drill --json` prints it."""

    drill: str
    does: str
    seed: int
    ok: bool
    verdict: str
    """One line."""
    stages: tuple[Stage, ...]
    figures: dict[str, str]
    """What was counted and measured; decimals as text."""
    seconds: float
    kept: str | None
    """Folder of a drill that failed, with both sides' books; None: it is gone."""


class DrillFailed(Exception):  # noqa: N818  (what was found, not a fault of the program)
    """Something did not hold; the text says what, in one line."""
