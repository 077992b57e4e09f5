"""What a seed came to."""

import msgspec

from tradebot.engine.simulation.plan import FaultKind


class Failure(msgspec.Struct, frozen=True):
    """What a seed found."""

    invariant: str
    step: int
    reason: str


class SeedResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a seed came to."""

    seed: int
    steps: int
    events: int
    """Words of the venue."""
    orders: int
    """Orders that reached it."""
    fills: int
    crashes: int
    unknown_resolved: int
    faults: dict[FaultKind, int]
    trace: str
    """Hash over all that was journaled and all that the venue did; empty where it was not asked for."""
    failure: Failure | None = None
