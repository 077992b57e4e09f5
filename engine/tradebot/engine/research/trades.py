"""Round trips: fills of one owner in one instrument, paired first in, first out."""

from collections import deque
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal

import msgspec

from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.core.events import OrderFilled
from tradebot.engine.core.types import Side, sign

_EXACT = Context(prec=38, rounding=ROUND_HALF_EVEN)


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """One quantity that was entered and left again."""

    instrument: InstrumentId
    owner: str
    side: Side
    """Of the entry: `buy` was long."""
    quantity: Decimal
    entry_time: int
    """Venue time, ns UTC."""
    entry_price: Decimal
    exit_time: int
    exit_price: Decimal
    fees: Decimal
    """Of both sides, the quantity's share of its fills' fees."""
    pnl: Decimal
    """Fees off, in the instrument's currency."""


class _Lot(msgspec.Struct):
    fill: OrderFilled
    left: int


def round_trips(
    fills: Iterable[OrderFilled], instruments: Mapping[InstrumentId, Instrument], owner: str
) -> list[Trade]:
    """Return the trades of one owner's fills, in the order in which they were left; what is still held is none.

    Args:
        fills: In the order in which they happened.
        instruments: Of the fills.
        owner: Whose they are.
    """
    open_lots: dict[InstrumentId, deque[_Lot]] = {}
    trades: list[Trade] = []
    for fill in fills:
        lots = open_lots.setdefault(fill.instrument, deque())
        left = fill.quantity
        while left and lots and lots[0].fill.side != fill.side:
            lot = lots[0]
            closed = min(left, lot.left)
            trades.append(_trade(instruments[fill.instrument], owner, lot.fill, fill, closed))
            lot.left -= closed
            left -= closed
            if not lot.left:
                lots.popleft()
        if left:
            lots.append(_Lot(fill, left))
    return trades


def _trade(
    what: Instrument, owner: str, entry: OrderFilled, leave: OrderFilled, units: int
) -> Trade:
    fees = sum(
        (
            _EXACT.divide(_EXACT.multiply(fill.fee, Decimal(units)), Decimal(fill.quantity))
            for fill in (entry, leave)
        ),
        Decimal(0),
    )
    gained = what.notional(leave.price, units) - what.notional(entry.price, units)
    return Trade(
        instrument=what.id,
        owner=owner,
        side=entry.side,
        quantity=what.quantity(units),
        entry_time=entry.ts_event,
        entry_price=what.price(entry.price),
        exit_time=leave.ts_event,
        exit_price=what.price(leave.price),
        fees=fees,
        pnl=_EXACT.subtract(gained * sign(entry.side), fees),
    )
