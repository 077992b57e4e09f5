"""Lots: which purchase a sale closes, and what it gained; derived from executions, never kept.

Fees are in the cost: of an opening they add to what the lot cost, of a closing they are taken off the proceeds. A part
of a lot takes its share of the cost, rounded half-even at the cost's own digits, and the rest stays, so that over all
lots of a position, by any method, gains - open cost = realized - cost - fees of the ledger, to the last digit.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import msgspec

from tradebot.engine.core.ledger import MONEY, ZERO, share
from tradebot.engine.core.types import Lots


class Trade(msgspec.Struct, frozen=True):
    """One execution as lots see it."""

    id: str
    ts: int
    """ns UTC."""
    signed: int
    """Quantity in units, negative for a sell, not 0."""
    value: Decimal
    """Price x signed quantity x multiplier, in the quote currency."""
    fees: Decimal
    """In the quote currency, >= 0 but for rebates."""


class Lot(msgspec.Struct, frozen=True):
    """What is still open of one execution."""

    id: str
    """The execution that opened it."""
    opened: int
    quantity: int
    """Signed, in units."""
    cost: Decimal
    """Total, fees in, signed as the quantity but for fees."""


class Closed(msgspec.Struct, frozen=True):
    """A lot, or a part of one, and how it ended."""

    lot: str
    closing: str
    """The execution that closed it."""
    opened: int
    closed: int
    quantity: int
    """Signed as the lot, in units."""
    cost: Decimal
    proceeds: Decimal
    """What the closing brought (a long) or took (a short, negative), fees off."""

    @property
    def gain(self) -> Decimal:
        """Return proceeds - cost."""
        return MONEY.subtract(self.proceeds, self.cost)


type Picks = Mapping[str, Sequence[str]]
"""Which lots an execution closes, by its id, in order; what they do not cover is taken first in, first out."""


def derive(
    trades: Iterable[Trade], method: Lots, picks: Picks | None = None
) -> tuple[list[Closed], list[Lot]]:
    """Return what was closed, in order, and what is open, oldest first.

    Args:
        trades: One position's executions, in order; those taken back left out.
        method: Which lots a closing takes first.
        picks: For `specific`.
    """
    closed: list[Closed] = []
    lots: list[Lot] = []
    for trade in trades:
        rest = trade
        named = () if picks is None else picks.get(trade.id, ())
        for lot in _ordered(lots, method, named):
            if not rest.signed or (lot.quantity > 0) == (rest.signed > 0):
                break
            units = min(abs(lot.quantity), abs(rest.signed))
            ended, left, rest = _close(lot, rest, units)
            closed.append(ended)
            at = lots.index(lot)
            lots[at : at + 1] = [] if left is None else [left]
        if rest.signed:
            cost = MONEY.add(rest.value, rest.fees)
            lots.append(Lot(rest.id, rest.ts, rest.signed, cost))
    return closed, lots


def _ordered(lots: Sequence[Lot], method: Lots, named: Sequence[str]) -> list[Lot]:
    if method == "lifo":
        return list(reversed(lots))
    if method == "highest":
        # A short's cost is negative: the highest is what was sold for least, which gains least either way.
        return sorted(lots, key=lambda lot: lot.cost / abs(lot.quantity), reverse=True)
    if method == "specific":
        place = {name: number for number, name in enumerate(named)}
        return sorted(lots, key=lambda lot: place.get(lot.id, len(place)))
    return list(lots)


def _close(lot: Lot, trade: Trade, units: int) -> tuple[Closed, Lot | None, Trade]:
    cost = share(lot.cost, units, abs(lot.quantity))
    value = share(trade.value, units, abs(trade.signed))
    fees = share(trade.fees, units, abs(trade.signed))
    direction = 1 if lot.quantity > 0 else -1
    ended = Closed(
        lot=lot.id,
        closing=trade.id,
        opened=lot.opened,
        closed=trade.ts,
        quantity=direction * units,
        cost=cost,
        proceeds=MONEY.subtract(MONEY.minus(value), fees),
    )
    left = lot.quantity - direction * units
    kept = Lot(lot.id, lot.opened, left, MONEY.subtract(lot.cost, cost)) if left else None
    rest = Trade(
        trade.id,
        trade.ts,
        trade.signed + direction * units,
        MONEY.subtract(trade.value, value),
        MONEY.subtract(trade.fees, fees),
    )
    return ended, kept, rest


def total(closed: Iterable[Closed], lots: Iterable[Lot]) -> Decimal:
    """Return gains less open cost: what the ledger calls realized - cost - fees."""
    result = ZERO
    for one in closed:
        result = MONEY.add(result, one.gain)
    for lot in lots:
        result = MONEY.subtract(result, lot.cost)
    return result
