"""What the kernel remembers of a sleeve beside its terms: the ledger of a shadow, and what its losses count from."""

from decimal import Decimal

import msgspec

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.ledger import Position


class ShadowPosition(msgspec.Struct, frozen=True, kw_only=True):
    """What a shadow would hold of one instrument."""

    position: Position
    stop: int | None = None
    """Trigger of the stop it would have placed with the entry, in price units."""
    target: int | None = None
    """Limit of the target it would have placed, in price units."""


class ShadowBook(msgspec.Struct, frozen=True, kw_only=True):
    """The pretend ledger of a shadow: no fees, every order that would trade filled at once at the touch."""

    positions: dict[InstrumentId, ShadowPosition] = {}
    gained: dict[str, Decimal] = {}
    """Cash received less cash paid, by currency."""


class SleeveMark(msgspec.Struct, frozen=True, kw_only=True):
    """What a sleeve's day loss and drawdown are measured from, in the engine's currency."""

    day: int
    day_start: Decimal
    peak: Decimal
