"""Alpaca's historical market data: which pages to ask for, and what they hold; no I/O.

Source: Market Data API, "Historical bars / trades / quotes". `limit` counts over all symbols, so a page may hold only
the first ones, or stop in the middle of one: the token says where to go on, and none means the end.
"""

from collections.abc import Iterator
from typing import Literal

import msgspec

from tradebot.data.events import Bar, Quote, Trade
from tradebot.data.instruments import Instrument
from tradebot.data.venues.alpaca.market import MINUTE, Market, bar_event
from tradebot.data.venues.alpaca.messages import BarBody, BestPrices, TradePrint
from tradebot.data.venues.alpaca.times import ns_from_raw, text_from_ns
from tradebot.data.venues.paging import Request

type Kind = Literal["bars", "trades", "quotes"]
"""What can be asked for."""

PAGE = 10_000
"""Most rows of a page."""

SPANS: dict[int, str] = {
    MINUTE: "1Min",
    5 * MINUTE: "5Min",
    15 * MINUTE: "15Min",
    30 * MINUTE: "30Min",
    60 * MINUTE: "1Hour",
    24 * 60 * MINUTE: "1Day",
}
"""Length of a bar, ns, and the venue's name for it."""


class _Page[Row](msgspec.Struct, frozen=True):
    next_page_token: str | None = None
    bars: dict[str, list[Row]] = {}
    trades: dict[str, list[Row]] = {}
    quotes: dict[str, list[Row]] = {}


class _TradeBody(TradePrint, frozen=True, kw_only=True, tag=False, tag_field=None):
    symbol: str = msgspec.field(name="S", default="")


class _QuoteBody(BestPrices, frozen=True, kw_only=True, tag=False, tag_field=None):
    symbol: str = msgspec.field(name="S", default="")


class History:
    """Walks through all pages of one question about one instrument."""

    def __init__(
        self,
        instrument: Instrument,
        kind: Kind,
        start: int,
        end: int,
        span_ns: int = MINUTE,
        *,
        feed: str | None = None,
    ) -> None:
        """Ask about [start, end], ns UTC: the venue's end is part of it; `feed` of stocks, None lets the venue choose.

        Raises:
            ValueError: If the span of bars is none the venue has.
        """
        if kind == "bars" and span_ns not in SPANS:
            raise ValueError(f"span must be one of {sorted(SPANS.values())}, was {span_ns} ns")
        self._instrument, self._kind, self._span = instrument, kind, span_ns
        self._start, self._end, self._feed = start, end, feed
        self._token: str | None = ""
        self._market = Market((instrument,))

    @property
    def malformed(self) -> int:
        """Return how many rows could not be read."""
        return self._market.frames.malformed

    def request(self) -> Request | None:
        """Return the next page to ask for; None after the last."""
        if self._token is None:
            return None
        crypto = self._instrument.kind == "spot"
        query = {
            "symbols": self._instrument.symbol,
            "start": text_from_ns(self._start),
            "end": text_from_ns(self._end),
            "limit": str(PAGE),
            "sort": "asc",
        }
        if self._kind == "bars":
            query["timeframe"] = SPANS[self._span]
        if self._feed is not None and not crypto:
            query["feed"] = self._feed
        if self._token:
            query["page_token"] = self._token
        place = "/v1beta3/crypto/us" if crypto else "/v2/stocks"
        return Request(f"{place}/{self._kind}", query)

    def page(self, body: bytes, now: int) -> list[Bar | Trade | Quote]:
        """Take in the answer to the newest request; return its rows, oldest first.

        Args:
            body: The answer's body.
            now: When it came, ns UTC.

        Raises:
            ValueError: If it is no such page, or its token does not move on.
        """
        rows, token = self._rows(body, now)
        if token is not None and token == self._token:
            raise ValueError(f"page token must move on, was {token[:60]!r} twice")
        self._token = token or None
        return rows

    def _rows(self, body: bytes, now: int) -> tuple[list[Bar | Trade | Quote], str | None]:
        symbol = self._instrument.symbol
        if self._kind == "bars":
            bars = _BARS.decode(body)
            return list(self._bars(bars.bars.get(symbol, []), now)), bars.next_page_token
        found: list[Bar | Trade | Quote] = []
        page = (_TRADES if self._kind == "trades" else _QUOTES).decode(body)
        for row in (page.trades or page.quotes).get(symbol, []):
            named = msgspec.structs.replace(row, symbol=symbol)
            found += [
                event
                for event in self._market.events(named, now)
                if isinstance(event, Trade | Quote)
            ]
        return found, page.next_page_token

    def _bars(self, rows: list[BarBody], now: int) -> Iterator[Bar]:
        for row in rows:
            try:
                end = ns_from_raw(row.time) + self._span
                yield bar_event(self._instrument, row, end, self._span, now)
            except (ValueError, ArithmeticError) as error:
                self._market.frames.refuse(error)


_BARS: msgspec.json.Decoder[_Page[BarBody]] = msgspec.json.Decoder(_Page[BarBody])
_TRADES: msgspec.json.Decoder[_Page[_TradeBody]] = msgspec.json.Decoder(_Page[_TradeBody])
_QUOTES: msgspec.json.Decoder[_Page[_QuoteBody]] = msgspec.json.Decoder(_Page[_QuoteBody])
