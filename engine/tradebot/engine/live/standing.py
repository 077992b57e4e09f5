"""What a venue tells of an instrument besides its prices: whether it shows depth, a halt, the band of its prices.

Only shown, never decided by: what a halt means for orders the kernel is told as a feed that is down.
"""

import msgspec

from tradebot.data.instruments import InstrumentId


class Halt(msgspec.Struct, frozen=True, kw_only=True):
    """The venue has stopped trading in an instrument."""

    since: int
    """By the venue's clock, ns UTC."""
    reason: str = ""


class Band(msgspec.Struct, frozen=True, kw_only=True):
    """Limit up, limit down: the prices between which an instrument may trade, in its price units."""

    low: int
    high: int
    since: int
    """By the venue's clock, ns UTC."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How an instrument stands at its venue."""

    depth: bool
    """Whether more than the best bid and ask is told of it."""
    tells_halts: bool = False
    """Whether a halt would be heard of; else None in `halt` says nothing."""
    halt: Halt | None = None
    band: Band | None = None


def no_standing(_instrument: InstrumentId) -> Standing | None:
    """Return None: a market that tells nothing but prices."""
    return None
