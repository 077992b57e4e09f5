"""Binance's market streams: who listens to what, and what they are told when."""

from collections import defaultdict
from collections.abc import Callable

import msgspec

from tradebot.engine.exchange.bars import Bar
from tradebot.engine.exchange.binance.connection import Connection
from tradebot.engine.exchange.binance.intervals import INTERVALS
from tradebot.engine.exchange.binance.prints import AggregateTrade, Prints
from tradebot.engine.exchange.binance.quotes import day_bar, depth, levels_of
from tradebot.engine.exchange.binance.texts import Json, amount, price, quantity
from tradebot.engine.exchange.exchange import Exchange
from tradebot.engine.exchange.faults import EventName
from tradebot.engine.exchange.happenings import (
    BookChanged,
    Happening,
    QuoteChanged,
    Traded,
)
from tradebot.engine.exchange.market import Listing
from tradebot.engine.exchange.words import Trade

MS = 1_000_000
_FAST = 100 * MS
_SLOW = 1_000 * MS

type Make = Callable[[int], dict[str, Json]]
"""Makes a message; told the ns of a time unit."""


class MarketConnection(Connection):
    """A web socket of market streams."""

    combined = False
    """Whether messages name their stream."""


class _Diff:
    """Levels that changed since the last message of a diff stream."""

    def __init__(self) -> None:
        self.first = 0
        self.last = 0
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}

    def add(self, change: BookChanged) -> None:
        if not self.first:
            self.first = change.first
        self.last = change.last
        self.bids.update(change.bids)
        self.asks.update(change.asks)


class Streams:
    """Tells connections what happens at the markets.

    Args of the constructor:
        exchange: The markets.
        prints: Joined prints by listing key; fed here.
    """

    def __init__(self, exchange: Exchange, prints: dict[str, Prints]) -> None:
        self._exchange = exchange
        self._prints = prints
        self._listeners: dict[str, dict[MarketConnection, None]] = defaultdict(dict)
        self._diffs: dict[tuple[str, int], _Diff] = defaultdict(_Diff)
        self._shown: dict[str, int] = {}
        self._bars: dict[str, tuple[int, int]] = {}
        self._last = exchange.now

    def add(self, name: str, connection: MarketConnection) -> None:
        """Let a connection listen."""
        self._listeners[name][connection] = None

    def remove(self, name: str, connection: MarketConnection) -> None:
        """Let it listen no more."""
        listeners = self._listeners.get(name)
        if listeners is not None:
            listeners.pop(connection, None)
            if not listeners:
                del self._listeners[name]

    def names_of(self, connection: MarketConnection) -> list[str]:
        """Return what a connection listens to."""
        return [name for name, listeners in self._listeners.items() if connection in listeners]

    def forget(self, connection: MarketConnection) -> None:
        """Let a connection that is gone listen to nothing."""
        for name in self.names_of(connection):
            self.remove(name, connection)

    def _say(self, name: str, make: Make, event: EventName) -> None:
        listeners = self._listeners.get(name)
        if not listeners:
            return
        made: dict[tuple[int, bool], str] = {}
        for connection in tuple(listeners):
            form = (connection.unit, connection.combined)
            if form not in made:
                message: Json = make(connection.unit)
                if connection.combined:
                    message = {"stream": name, "data": message}
                made[form] = msgspec.json.encode(message).decode()
            connection.line.send(made[form], event)

    # What happens at once.

    def take(self, happening: Happening) -> None:
        """Learn what happened at a market."""
        match happening:
            case Traded():
                self._traded(happening)
            case BookChanged():
                self._end_aggregate(happening.listing)
                for period in (_FAST, _SLOW):
                    self._diffs[happening.listing, period].add(happening)
            case QuoteChanged():
                self._touched(happening)
            case _:
                pass

    def _traded(self, happening: Traded) -> None:
        listing = self._exchange.listings[happening.listing]
        trade = happening.trade
        name = listing.symbol.lower()
        self._say(f"{name}@trade", lambda unit: _trade(listing, trade, unit), "trade")
        ended = self._prints[listing.key].take(trade)
        if ended is not None:
            self._say_aggregate(listing, ended)

    def _end_aggregate(self, key: str) -> None:
        ended = self._prints[key].end()
        if ended is not None:
            self._say_aggregate(self._exchange.listings[key], ended)

    def _say_aggregate(self, listing: Listing, one: AggregateTrade) -> None:
        name = f"{listing.symbol.lower()}@aggTrade"
        self._say(name, lambda unit: _aggregate(listing, one, unit), "trade")

    def _touched(self, happening: QuoteChanged) -> None:
        listing = self._exchange.listings[happening.listing]
        name = f"{listing.symbol.lower()}@bookTicker"
        self._say(name, lambda _: _touch(listing, happening), "quote")

    # What comes by the clock.

    def advance(self, now: int) -> None:
        """Tell what is gathered, at each multiple of 100 ms and of a second."""
        for listing in self._exchange.listed("binance"):
            self._end_aggregate(listing.key)
            for period in (_FAST, _SLOW):
                if now // period != self._last // period:
                    self._depth(listing, period, now)
            if now // _SLOW != self._last // _SLOW:
                self._each_second(listing, now)
        self._last = now

    def _depth(self, listing: Listing, period: int, now: int) -> None:
        base = listing.symbol.lower()
        suffix = "@100ms" if period == _FAST else ""
        diff = self._diffs.pop((listing.key, period), None)
        if diff is not None:
            self._say(
                f"{base}@depth{suffix}", lambda unit: _diff(listing, diff, now, unit), "depth"
            )
        market = self._exchange.market(listing)
        for levels in (5, 10, 20):
            name = f"{base}@depth{levels}{suffix}"
            if name in self._listeners and self._shown.get(name) != market.update_id:
                self._shown[name] = market.update_id
                picture = depth(self._exchange, listing, levels)
                self._say(name, lambda _, picture=picture: picture, "depth")

    def _each_second(self, listing: Listing, now: int) -> None:
        base = listing.symbol.lower()
        for interval, span in INTERVALS.items():
            name = f"{base}@kline_{interval}"
            if name in self._listeners:
                self._kline(name, listing, (interval, span), now)
        name = f"{base}@miniTicker"
        if name in self._listeners:
            bar = day_bar(self._exchange, listing, now)
            self._say(name, lambda unit: _mini(listing, bar, now, unit), "trade")

    def _kline(self, name: str, listing: Listing, interval: tuple[str, int], now: int) -> None:
        word, span = interval
        start, count = self._bars.get(name, (now - now % span, -1))
        for bar in self._exchange.bars(listing, span, since=start):
            closed = bar.start + span <= now
            if bar.start == start and bar.count == count and not closed:
                continue
            told = (bar.start + span, -1) if closed else (bar.start, bar.count)
            self._bars[name] = told
            last = self._exchange.market(listing).trades
            number = last[-1].number if last else -1
            self._say(
                name,
                lambda unit, bar=bar, closed=closed, number=number: _kline(
                    listing, bar, (word, span), number, now=now, unit=unit, closed=closed
                ),
                "bar",
            )


def _trade(listing: Listing, trade: Trade, unit: int) -> dict[str, Json]:
    return {
        "e": "trade",
        "E": trade.ts // unit,
        "s": listing.symbol,
        "t": trade.number,
        "p": price(listing, trade.price),
        "q": quantity(listing, trade.quantity),
        "T": trade.ts // unit,
        "m": trade.buyer_is_maker,
        "M": True,
    }


def _aggregate(listing: Listing, one: AggregateTrade, unit: int) -> dict[str, Json]:
    return {
        "e": "aggTrade",
        "E": one.ts // unit,
        "s": listing.symbol,
        "a": one.number,
        "p": price(listing, one.price),
        "q": quantity(listing, one.quantity),
        "f": one.first,
        "l": one.last,
        "T": one.ts // unit,
        "m": one.buyer_is_maker,
        "M": True,
    }


def _touch(listing: Listing, quote: QuoteChanged) -> dict[str, Json]:
    return {
        "u": quote.update_id,
        "s": listing.symbol,
        "b": price(listing, quote.bid),
        "B": quantity(listing, quote.bid_quantity),
        "a": price(listing, quote.ask),
        "A": quantity(listing, quote.ask_quantity),
    }


def _diff(listing: Listing, diff: _Diff, now: int, unit: int) -> dict[str, Json]:
    return {
        "e": "depthUpdate",
        "E": now // unit,
        "s": listing.symbol,
        "U": diff.first,
        "u": diff.last,
        "b": levels_of(listing, sorted(diff.bids.items(), reverse=True)),
        "a": levels_of(listing, sorted(diff.asks.items())),
    }


def _kline(  # noqa: PLR0913  (what a bar's message is made of)
    listing: Listing,
    bar: Bar,
    interval: tuple[str, int],
    number: int,
    *,
    now: int,
    unit: int,
    closed: bool,
) -> dict[str, Json]:
    word, span = interval
    return {
        "e": "kline",
        "E": now // unit,
        "s": listing.symbol,
        "k": {
            "t": bar.start // unit,
            "T": (bar.start + span) // unit - 1,
            "s": listing.symbol,
            "i": word,
            "f": max(-1, number - bar.count + 1),
            "L": number,
            "o": price(listing, bar.open),
            "c": price(listing, bar.close),
            "h": price(listing, bar.high),
            "l": price(listing, bar.low),
            "v": quantity(listing, bar.volume),
            "n": bar.count,
            "x": closed,
            "q": amount(bar.amount),
            "V": quantity(listing, bar.taker_volume),
            "Q": amount(bar.taker_amount),
            "B": "0",
        },
    }


def _mini(listing: Listing, bar: Bar, now: int, unit: int) -> dict[str, Json]:
    return {
        "e": "24hrMiniTicker",
        "E": now // unit,
        "s": listing.symbol,
        "c": price(listing, bar.close),
        "o": price(listing, bar.open),
        "h": price(listing, bar.high),
        "l": price(listing, bar.low),
        "v": quantity(listing, bar.volume),
        "q": amount(bar.amount),
    }
