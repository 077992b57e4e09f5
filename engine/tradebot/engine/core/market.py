"""What the kernel knows of the market: native books, last trades, marks; subscribed anew after a restart."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal

from tradebot.data.events import (
    AnyMarketEvent,
    Bar,
    BookDelta,
    BookSnapshot,
    FeedGap,
    Quote,
    Trade,
)
from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.core.hours import Hours, Sessions, is_open
from tradebot.engine.core.types import MINUTE, SECOND, Marks
from tradebot.native import BarSeries, L2Book

type FeedHealth = Literal["up", "stale", "down", "resync", "ended", "closed"]
"""Health of an instrument's market data as the gate sees it; `closed`: out of its session nothing is expected."""

STALE_AFTER = 2 * SECOND
"""A live book that says nothing for longer than this closes the gate for new risk."""

QUOTES_STALE_AFTER = MINUTE
"""The same for an instrument with sessions and no book: best prices are told when they change, often rarely."""

AHEAD_MAX = SECOND
"""A market's own bar that ends later than this after now is no bar of the past: it is passed over."""

_HALF = Decimal("0.5")

type BarRow = tuple[int, int, int, int, int, int]
"""(end, open, high, low, close, volume) of a bar, in units; it covers [end - span, end), ns UTC."""


def fits(row: BarRow, bars_span: int, span: int) -> bool:
    """Return whether a bar is whole and part of the bars of a span, ns."""
    end, opened, high, low, close, volume = row
    return (
        bars_span > 0
        and span % bars_span == 0
        and end % bars_span == 0
        and low <= min(opened, close)
        and high >= max(opened, close)
        and volume >= 0
    )


class InstrumentMarket:
    """Market state of one instrument."""

    def __init__(
        self, instrument: Instrument, marks: Marks = "mid", sessions: Sessions = ()
    ) -> None:
        self.instrument = instrument
        self.sessions = sessions
        """When it is open; empty: around the clock, or not known."""
        self._marks: Marks = marks
        self.book = L2Book()
        self.last: Trade | None = None
        self.quote: Quote | None = None
        self.close: Bar | None = None
        """The newest bar of the market's own."""
        self.updated: int | None = None
        """The engine's time of the newest market event."""
        self.gaps = 0
        self.connection: Literal["up", "down", "ended"] = "down"
        self.bars: dict[int, BarSeries] = {}
        """Bars that somebody needs, by span in ns."""
        self._resyncing = False
        self._last_is_current = False
        """Whether the last trade came after the newest break of the feed."""
        self._book_updated: int | None = None
        """The engine's time of the newest book event; None where no book was ever seen."""

    @property
    def has_book(self) -> bool:
        """Return whether a book was ever seen here."""
        return self._book_updated is not None

    def apply(self, event: AnyMarketEvent, now: int) -> None:
        """Take one market event in."""
        self.updated = now
        match event:
            case BookDelta():
                self.book.apply_levels(event.bids, event.asks)
                self._book_updated = now
            case Trade():
                self.last = event
                self._last_is_current = True
                for series in self.bars.values():
                    series.trade(now, event.price, max(event.quantity, 0))
            case Quote():
                self.quote = event
            case BookSnapshot():
                self.book.replace(event.bids, event.asks)
                self._book_updated = now
                self._resyncing = False
            case FeedGap():
                self.gaps += 1
                self._resyncing = True
                self._last_is_current = False
            case Bar():
                self._own_bar(event, now)

    def _own_bar(self, event: Bar, now: int) -> None:
        """Take a market's own bar into the bars it is part of."""
        self.close = event
        row = (event.ts_event, event.open, event.high, event.low, event.close, event.volume)
        for span, series in self.bars.items():
            if fits(row, event.span_ns, span) and event.ts_event <= now + AHEAD_MAX:
                series.bar(event.span_ns, row)

    def follow(self, span: int, kept: int) -> None:
        """Make bars of a span (ns) from here on, and keep so many of them."""
        series = self.bars.get(span)
        if series is None:
            self.bars[span] = BarSeries(span, kept)
        else:
            series.grow(kept)

    def warm(self, span: int, bars_span: int, rows: Sequence[BarRow], now: int) -> None:
        """Take bars of the past into those of a span that somebody needs, what is not yet over left out."""
        series = self.bars.get(span)
        if series is not None:
            past = [row for row in rows if fits(row, bars_span, span) and row[0] <= now]
            series.warm(bars_span, past)

    def connect(self, state: Literal["up", "down", "ended"]) -> None:
        """Take in that the feed came up, went down or ended."""
        if state == "down" and self.has_book:
            # What was missed meanwhile is not known: the book is right again from the next snapshot on.
            self._resyncing = True
        if state != "up":
            self._last_is_current = False
        self.connection = state

    @property
    def has_touch(self) -> bool:
        """Return whether both sides have a price."""
        return self.best_bid() is not None and self.best_ask() is not None

    def best_bid(self) -> int | None:
        """Return the best bid in price units: the book's where there is one, else the quote's."""
        if self.has_book:
            best = self.book.best_bid()
            return None if best is None else best[0]
        # Vendors quote an empty side as price 0.
        return self.quote.bid_price if self.quote is not None and self.quote.bid_price > 0 else None

    def best_ask(self) -> int | None:
        """Return the best ask in price units."""
        if self.has_book:
            best = self.book.best_ask()
            return None if best is None else best[0]
        return self.quote.ask_price if self.quote is not None and self.quote.ask_price > 0 else None

    def mark_units(self) -> Decimal | None:
        """Return the price positions are valued at, in price units: as `EngineStarted.marks` says, None: unknown."""
        bid, ask = self.best_bid(), self.best_ask()
        mid = None if bid is None or ask is None else (bid + ask) * _HALF
        if mid is not None and self._marks == "mid":
            return mid
        close = None if self.close is None else Decimal(self.close.close)
        if close is not None and (self._marks == "close" or self._closed_since_last()):
            return close
        return mid if self.last is None else Decimal(self.last.price)

    def _closed_since_last(self) -> bool:
        """Return whether the newest price paid is a bar's close."""
        return self.last is None or (
            self.close is not None and self.close.ts_event >= self.last.ts_event
        )

    def trigger_units(self) -> Decimal | None:
        """Return the price that sets stops off, in price units: the last trade, else mid; None where neither is known.

        A trade from before a break of the feed says nothing of where the market is now.
        """
        if self.last is not None and self._last_is_current:
            return Decimal(self.last.price)
        bid, ask = self.best_bid(), self.best_ask()
        return None if bid is None or ask is None else (bid + ask) * _HALF

    def mark(self) -> Decimal | None:
        """Return the mark as an exact decimal price."""
        units = self.mark_units()
        return None if units is None else units.scaleb(-self.instrument.price_scale)

    @property
    def stale_after(self) -> int:
        """Return for how long, ns, the market may say nothing before it counts as stale."""
        quotes = bool(self.sessions) and not self.has_book
        return QUOTES_STALE_AFTER if quotes else STALE_AFTER

    def health(self, now: int) -> FeedHealth:
        """Return the feed's health at an instant."""
        if self.connection != "up":
            return self.connection
        if self._resyncing:
            return "resync"
        if self.sessions and not is_open(self.sessions, now):
            return "closed"
        # Trades do not keep a dead book alive: it is the book that orders are judged by.
        newest = self.updated if self._book_updated is None else self._book_updated
        if newest is None or now - newest > self.stale_after:
            return "stale"
        return "up"


class Market:
    """Market state of every instrument the engine knows."""

    def __init__(
        self,
        instruments: tuple[Instrument, ...],
        marks: Marks = "mid",
        hours: Sequence[Hours] = (),
    ) -> None:
        sessions = {name: each.sessions for each in hours for name in each.instruments}
        self._by_id = {
            each.id: InstrumentMarket(each, marks, sessions.get(each.id, ()))
            for each in instruments
        }

    def get(self, instrument: InstrumentId) -> InstrumentMarket | None:
        """Return an instrument's market, or None where the engine does not know it."""
        return self._by_id.get(instrument)

    def __getitem__(self, instrument: InstrumentId) -> InstrumentMarket:
        return self._by_id[instrument]

    def with_markets(self, others: Mapping[InstrumentId, InstrumentMarket]) -> "Market":
        """Return the market with other states of some instruments; what is not named is shared."""
        changed = Market(())
        changed._by_id = {**self._by_id, **others}
        return changed

    def close_bars(self, now: int) -> None:
        """Close every bar that is over by now."""
        for market in self._by_id.values():
            for series in market.bars.values():
                series.advance(now)

    def all(self) -> list[InstrumentMarket]:
        """Return every instrument's market, in the engine's order."""
        return list(self._by_id.values())
