"""Binance's past: bars and trades by REST, page after page, resumable and within the venue's weight; no I/O.

`BarPages` and `TradePages` say which page to ask for and take its reply. Source: Binance spot API documentation,
"Kline data" and "Compressed/Aggregate trades list".
"""

from typing import Literal

import msgspec

from tradebot.data.events import Bar, Trade
from tradebot.data.instruments import Instrument
from tradebot.data.numbers import units_from_text
from tradebot.data.venues.paging import Request

MS = 1_000_000
"""Nanoseconds in a millisecond."""

PAGE = 1000
"""Most rows of one reply."""

HOUR = 3_600_000 * MS
"""Longest span that trades can be looked for by time, ns."""

KLINES_WEIGHT = 2
TRADES_WEIGHT = 4
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


class _AggregateTrade(msgspec.Struct, frozen=True):
    number: int = msgspec.field(name="a")
    price: str = msgspec.field(name="p")
    quantity: str = msgspec.field(name="q")
    time: int = msgspec.field(name="T")
    buyer_is_maker: bool = msgspec.field(name="m")


_trades = msgspec.json.Decoder(list[_AggregateTrade])


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
    """Bars of one instrument between two instants; see `venues.paging.Pages`.

    Args of the constructor:
        instrument: Which.
        span: Length of a bar.
        start: First open, ns UTC; or where an earlier fetch stood.
        end: Exclusive bound of opens, ns UTC.
    """

    malformed = 0
    """A reply with a row that cannot be read is refused as a whole."""

    def __init__(self, instrument: Instrument, span: Span, start: int, end: int) -> None:
        self._instrument = instrument
        self._span: Span = span
        self._end = end
        self.position = start
        """Open of the next bar wanted, ns UTC."""
        self.over = start >= end

    def request(self) -> Request | None:
        """Return the next page to ask for; None after the last."""
        if self.over:
            return None
        query = {
            "symbol": self._instrument.symbol,
            "interval": self._span,
            "startTime": str(-(-self.position // MS)),
            "endTime": str((self._end - 1) // MS),
            "limit": str(PAGE),
        }
        return Request("/api/v3/klines", query, KLINES_WEIGHT)

    def page(self, body: bytes, now: int) -> list[Bar]:
        """Take the reply; bars that have not closed by `now` (ns UTC) are left for another time.

        Raises:
            ValueError: If it is no reply to this request; the position stays.
            ScaleError: If a number does not fit the instrument; the position stays.
        """
        span = SPANS[self._span]
        told = read_bars(self._instrument, span, body)
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
    """Trades of one instrument between two instants, as the venue joins them; see `venues.paging.Pages`.

    One row is what one order took at one price: the venue serves these to everybody, and at a sixth of the weight of
    single prints. The first page is found by its time, the others by the id of the row after.

    Args of the constructor:
        instrument: Which.
        start: First instant, ns UTC.
        end: Exclusive bound of trade times, ns UTC; at most an hour after `start`: the venue looks no further.

    Raises:
        ValueError: If it is more than an hour.
    """

    malformed = 0
    """A reply with a row that cannot be read is refused as a whole."""

    def __init__(self, instrument: Instrument, start: int, end: int) -> None:
        if end - start > HOUR:
            raise ValueError(f"trades must be asked for by at most an hour, was {end - start} ns")
        self._instrument = instrument
        self._start = start
        self._end = end
        self.position: int | None = None
        """Id of the next row wanted; None before the first page."""
        self.over = start >= end

    def request(self) -> Request | None:
        """Return the next page to ask for; None after the last."""
        if self.over:
            return None
        query = {"symbol": self._instrument.symbol, "limit": str(PAGE)}
        if self.position is None:
            query["startTime"] = str(-(-self._start // MS))
            query["endTime"] = str((self._end - 1) // MS)
        else:
            query["fromId"] = str(self.position)
        return Request("/api/v3/aggTrades", query, TRADES_WEIGHT)

    def page(self, body: bytes, now: int) -> list[Trade]:  # noqa: ARG002  (the protocol's)
        """Take the reply.

        Raises:
            ValueError: If it is no reply to this request, or ids do not go up; the position stays.
            ScaleError: If a number does not fit the instrument; the position stays.
        """
        one = self._instrument
        rows = _trades.decode(body)
        ids = [row.number for row in rows]
        first = self.position or 0
        if ids != sorted(set(ids)) or (ids and ids[0] < first):
            raise ValueError(f"ids of trades must go up from {first}, were {ids[:3]}...")
        wanted = [row for row in rows if row.time * MS < self._end]
        trades = [
            Trade(
                instrument=one.id,
                ts_event=row.time * MS,
                ts_recv=row.time * MS,
                price=units_from_text(row.price, one.price_scale),
                quantity=units_from_text(row.quantity, one.quantity_scale),
                aggressor=-1 if row.buyer_is_maker else 1,
                trade_id=str(row.number),
            )
            for row in wanted
        ]
        if ids:
            self.position = ids[-1] + 1
        self.over = len(rows) < PAGE or len(wanted) < len(rows)
        return trades
