"""Binance's past: bars and trades by REST, page after page, resumable and within the venue's weight; no I/O.

`BarPages` and `TradePages` say which page to ask for and take its reply; whoever drives them keeps `position` and may
go on from there after a crash. Source: Binance spot API documentation, "Kline data" and "Old trade lookup".
"""

from typing import Literal

import msgspec

from tradebot.data.events import Bar, Trade
from tradebot.data.instruments import Instrument
from tradebot.data.numbers import units_from_text

MS = 1_000_000
"""Nanoseconds in a millisecond."""

PAGE = 1000
"""Most rows of one reply."""

KLINES_WEIGHT = 2
TRADES_WEIGHT = 25
"""Weight of one page against the venue's limit of each minute."""

type Span = Literal["1s", "1m", "5m", "15m", "1h", "4h", "1d"]

SPANS: dict[Span, int] = {
    "1s": 1_000 * MS,
    "1m": 60_000 * MS,
    "5m": 300_000 * MS,
    "15m": 900_000 * MS,
    "1h": 3_600_000 * MS,
    "4h": 14_400_000 * MS,
    "1d": 86_400_000 * MS,
}
"""Lengths of bars, ns."""

type _Row = tuple[int, str, str, str, str, str, int, str, int, str, str, str]
_rows = msgspec.json.Decoder(list[_Row])


class _OldTrade(msgspec.Struct, frozen=True, rename="camel"):
    id: int
    price: str
    qty: str
    time: int
    is_buyer_maker: bool


_trades = msgspec.json.Decoder(list[_OldTrade])


def read_bars(instrument: Instrument, span: int, payload: bytes) -> list[Bar]:
    """Return the bars of a reply, oldest first; the last one may not have closed.

    Raises:
        ValueError: If it is no reply to a request for bars.
        ScaleError: If a number does not fit the instrument.
    """
    prices, sizes = instrument.price_scale, instrument.quantity_scale
    return [
        Bar(
            instrument=instrument.id,
            ts_event=row[0] * MS + span,
            ts_recv=row[0] * MS + span,
            span_ns=span,
            open=units_from_text(row[1], prices),
            high=units_from_text(row[2], prices),
            low=units_from_text(row[3], prices),
            close=units_from_text(row[4], prices),
            volume=units_from_text(row[5], sizes),
            trades=row[8],
        )
        for row in _rows.decode(payload)
    ]


class BarPages:
    """Bars of one instrument between two instants.

    Args of the constructor:
        instrument: Which.
        span: Length of a bar.
        start: First open, ns UTC; or where an earlier fetch stood.
        end: Exclusive bound of opens, ns UTC.
    """

    weight = KLINES_WEIGHT

    def __init__(self, instrument: Instrument, span: Span, start: int, end: int) -> None:
        self._instrument = instrument
        self._span: Span = span
        self._end = end
        self.position = start
        """Open of the next bar wanted, ns UTC."""
        self.over = start >= end

    def path(self) -> str:
        """Return path and query of the next page."""
        start, end = -(-self.position // MS), (self._end - 1) // MS
        return (
            f"/api/v3/klines?symbol={self._instrument.symbol}&interval={self._span}"
            f"&startTime={start}&endTime={end}&limit={PAGE}"
        )

    def take(self, payload: bytes, now: int) -> list[Bar]:
        """Take the reply; bars that have not closed by `now` (ns UTC) are left for another time.

        Raises:
            ValueError: If it is no reply to this request; the position stays.
            ScaleError: If a number does not fit the instrument; the position stays.
        """
        span = SPANS[self._span]
        told = read_bars(self._instrument, span, payload)
        bars = [
            bar
            for bar in told
            if bar.ts_event <= now and self.position <= bar.ts_event - span < self._end
        ]
        if bars:
            self.position = bars[-1].ts_event
        self.over = len(told) < PAGE or not bars or self.position >= self._end
        return bars


class TradePages:
    """Trades of one instrument, by their ids.

    Args of the constructor:
        instrument: Which.
        first_id: First trade wanted; or where an earlier fetch stood.
        end: Exclusive bound of trade times, ns UTC.
    """

    weight = TRADES_WEIGHT

    def __init__(self, instrument: Instrument, first_id: int, end: int) -> None:
        self._instrument = instrument
        self._end = end
        self.position = first_id
        """Id of the next trade wanted."""
        self.over = False

    def path(self) -> str:
        """Return path and query of the next page."""
        symbol = self._instrument.symbol
        return f"/api/v3/historicalTrades?symbol={symbol}&fromId={self.position}&limit={PAGE}"

    def take(self, payload: bytes) -> list[Trade]:
        """Take the reply.

        Raises:
            ValueError: If it is no reply to this request, or ids do not go up; the position stays.
            ScaleError: If a number does not fit the instrument; the position stays.
        """
        one = self._instrument
        rows = _trades.decode(payload)
        ids = [row.id for row in rows]
        if ids != sorted(set(ids)) or (ids and ids[0] < self.position):
            raise ValueError(f"ids of trades must go up from {self.position}, were {ids[:3]}...")
        wanted = [row for row in rows if row.time * MS < self._end]
        trades = [
            Trade(
                instrument=one.id,
                ts_event=row.time * MS,
                ts_recv=row.time * MS,
                price=units_from_text(row.price, one.price_scale),
                quantity=units_from_text(row.qty, one.quantity_scale),
                aggressor=-1 if row.is_buyer_maker else 1,
                trade_id=str(row.id),
            )
            for row in wanted
        ]
        if ids:
            self.position = ids[-1] + 1
        self.over = len(rows) < PAGE or len(wanted) < len(rows)
        return trades
