"""Ticks, prints, rows of the book and bars of one contract, as market events.

Rows are kept here as a list each side: an insert moves what is below it down, a delete moves it up, as documented. The
venue is also seen to fill rows from the top and then only to change them in place, which means the same. A book whose
prices are out of order cannot be believed and is asked for again.
"""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal

from tradebot.data.events import Bar, BookSnapshot, FeedGap, Quote, Trade
from tradebot.data.instruments import UNITS_MAX, Instrument

BID, ASK, BID_SIZE, ASK_SIZE = 1, 2, 0, 3
DELAYED = {66: BID, 67: ASK, 69: BID_SIZE, 70: ASK_SIZE}
"""Kinds of delayed ticks, and what they are of."""

_INSERT, _UPDATE, _DELETE = 0, 1, 2
_ROWS_MAX = 60

type Event = Quote | Trade | BookSnapshot | FeedGap


def units(value: Decimal, scale: int) -> int:
    """Return a number in units, rounded half to even where the venue tells it finer.

    Raises:
        ValueError: If it is not finite, negative, or does not fit.
    """
    if not value.is_finite() or not 0 <= value <= UNITS_MAX:
        raise ValueError(f"a number must be in [0, {UNITS_MAX}e-{scale}], was {value:.30}")
    told = int(value.scaleb(scale).to_integral_value(ROUND_HALF_EVEN))
    if told > UNITS_MAX:
        raise ValueError(f"a number must be at most {UNITS_MAX}e-{scale}, was {value}")
    return told


class ContractMarket:
    """One contract's market on one connection; made anew with each."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self._quote: dict[int, int] = {}
        self._rows: dict[int, list[tuple[int, int]]] = {0: [], 1: []}
        self._dirty = self._doubtful = False
        self.broken = False
        """The book's rows make no sense any more: subscribe anew."""
        self._prints = 0

    def tick(self, kind: int, price: Decimal | None, size: Decimal, now: int) -> Quote | None:
        """Take a price with its size, or a size alone; return the touch where it changed and both sides are there.

        Raises:
            ValueError: If a number cannot be.
        """
        kind = DELAYED.get(kind, kind)
        before = dict(self._quote)
        if kind in {BID, ASK} and price is not None:
            of_size = BID_SIZE if kind == BID else ASK_SIZE
            if not price.is_finite():
                raise ValueError(f"a price must be finite, was {price}")
            # A side without orders has the price -1.
            empty = price <= 0
            self._quote[kind] = 0 if empty else units(price, self.instrument.price_scale)
            self._quote[of_size] = 0 if empty else units(size, self.instrument.quantity_scale)
        elif kind in {BID_SIZE, ASK_SIZE} and price is None:
            self._quote[kind] = units(size, self.instrument.quantity_scale)
        told = self._quote
        if told == before or not (told.get(BID) and told.get(ASK)) or told[BID] > told[ASK]:
            return None
        return Quote(
            instrument=self.instrument.id,
            ts_event=now,
            ts_recv=now,
            bid_price=told[BID],
            bid_quantity=told.get(BID_SIZE, 0),
            ask_price=told[ASK],
            ask_quantity=told.get(ASK_SIZE, 0),
        )

    def printed(self, ts: int, price: Decimal, size: Decimal, now: int) -> Trade | None:
        """Take a trade; one of no size is none. Raises ValueError."""
        quantity = units(size, self.instrument.quantity_scale)
        if not quantity:
            return None
        self._prints += 1
        return Trade(
            instrument=self.instrument.id,
            ts_event=ts,
            ts_recv=now,
            price=units(price, self.instrument.price_scale),
            quantity=quantity,
            aggressor=self._aggressor(units(price, self.instrument.price_scale)),
            trade_id=f"{now}:{self._prints}",
        )

    def _aggressor(self, price: int) -> Literal[1, -1, 0]:
        """Guess who took by the touch: the venue does not say."""
        bid, ask = self._quote.get(BID, 0), self._quote.get(ASK, 0)
        if not (bid and ask) or bid >= ask:
            return 0
        return 1 if price >= ask else -1 if price <= bid else 0

    def row(self, position: int, deed: int, side: int, price: Decimal, size: Decimal) -> None:
        """Take a change to a row. Raises ValueError where it cannot be one."""
        rows = self._rows.get(side)
        if rows is None or deed not in {_INSERT, _UPDATE, _DELETE} or not 0 <= position < _ROWS_MAX:
            raise ValueError(f"a row needs side, deed and place, had {side}, {deed}, {position}")
        self._dirty = True
        if deed == _DELETE:
            if position < len(rows):
                del rows[position]
            return
        scale = self.instrument
        level = (units(price, scale.price_scale), units(size, scale.quantity_scale))
        if deed == _UPDATE and position < len(rows):
            rows[position] = level
        else:
            rows.insert(position, level)
            del rows[_ROWS_MAX:]

    @property
    def waits(self) -> bool:
        """Return whether rows changed that were not told."""
        return self._dirty and not self.broken

    def reset(self) -> None:
        """Forget the rows: they are told anew."""
        self._rows = {0: [], 1: []}
        self._dirty = self._doubtful = self.broken = False

    def book(self, now: int) -> BookSnapshot | FeedGap | None:
        """Return the book where rows changed since the last call; a gap where it cannot be believed."""
        if not self._dirty or self.broken:
            return None
        self._dirty = False
        asks, bids = self._merged(0), self._merged(1)
        sorted_ = asks == sorted(asks) and bids == sorted(bids, reverse=True)
        if not sorted_ or (asks and bids and bids[0][0] >= asks[0][0]):
            # Rows change one by one: between two of them a book may be out of order, for one look.
            if not self._doubtful:
                self._doubtful = self._dirty = True
                return None
            self.broken = True
            return FeedGap(
                instrument=self.instrument.id, ts_event=now, ts_recv=now, expected_id=0, got_id=0
            )
        self._doubtful = False
        return BookSnapshot(
            instrument=self.instrument.id,
            ts_event=now,
            ts_recv=now,
            bids=tuple(bids),
            asks=tuple(asks),
        )

    def _merged(self, side: int) -> list[tuple[int, int]]:
        """Return a side's rows with those of one price joined: market makers have a row each."""
        merged: list[tuple[int, int]] = []
        for price, size in self._rows[side]:
            if merged and merged[-1][0] == price:
                merged[-1] = (price, merged[-1][1] + size)
            elif size:
                merged.append((price, size))
        return merged


def bar(  # noqa: PLR0913  (a bar's own parts)
    instrument: Instrument,
    *,
    start: int,
    span_ns: int,
    prices: tuple[Decimal, Decimal, Decimal, Decimal],
    volume: Decimal,
    trades: int,
    now: int,
) -> Bar:
    """Return a bar.

    Args:
        instrument: What of.
        start: When it began, ns UTC.
        span_ns: Its length.
        prices: Open, high, low, close.
        volume: In units of the instrument's base; below 0 where the venue gives none.
        trades: How many, below 0 where the venue gives none.
        now: When it was heard, ns UTC.

    Raises:
        ValueError: If a number cannot be.
    """
    opened, high, low, close = (units(price, instrument.price_scale) for price in prices)
    return Bar(
        instrument=instrument.id,
        ts_event=start + span_ns,
        ts_recv=now,
        span_ns=span_ns,
        open=opened,
        high=high,
        low=low,
        close=close,
        volume=units(max(volume, Decimal(0)), instrument.quantity_scale),
        trades=max(trades, 0),
    )
