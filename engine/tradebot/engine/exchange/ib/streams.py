"""One client's market data: ticks, tick by tick, depth rows and running bars."""

from collections.abc import Callable

import msgspec

from tradebot.engine.exchange.bars import Bar
from tradebot.engine.exchange.exchange import Exchange
from tradebot.engine.exchange.faults import EventName
from tradebot.engine.exchange.happenings import BookChanged, Happening, QuoteChanged, Traded
from tradebot.engine.exchange.ib import history
from tradebot.engine.exchange.ib.asked import BarsAsked
from tradebot.engine.exchange.ib.wire import Value
from tradebot.engine.exchange.market import Listing, decimal_of

EVERY = 250_000_000
"""The venue tells the touch and the depth at most so often, ns."""
ROWS_MAX = 20
_S = 1_000_000_000
_BID, _ASK, _LAST, _CLOSE = 1, 2, 4, 9
_BID_SIZE, _ASK_SIZE, _LAST_SIZE, _VOLUME = 0, 3, 5, 8
_INSERT, _UPDATE, _DELETE = 0, 1, 2
_DEPTH_ASK, _DEPTH_BID = 0, 1

type Send = Callable[[list[Value], EventName], None]
type Rows = list[tuple[int, int]]


class Ticks(msgspec.Struct):
    """A subscription to the touch; `quote` is what was told last."""

    listing: Listing
    snapshot: bool
    quote: tuple[int, int, int, int] = (-1, -1, -1, -1)
    last: int = 0
    """Number of the last print told."""


class Depth(msgspec.Struct):
    """A subscription to rows of the book; what was told last, by side of the venue's number."""

    listing: Listing
    rows: int
    by_maker: bool
    shown: dict[int, Rows] = msgspec.field(default_factory=lambda: {_DEPTH_ASK: [], _DEPTH_BID: []})


class EachTick(msgspec.Struct):
    """A subscription to every print or every change of the touch."""

    listing: Listing
    what: str


class Running(msgspec.Struct):
    """Bars kept up to date."""

    listing: Listing
    asked: BarsAsked
    told: Bar | None = None


class Streams:
    """All subscriptions of one connection, by request id.

    Args of the constructor:
        exchange: Whose market.
        send: Takes a message and the name it goes by.
    """

    def __init__(self, exchange: Exchange, send: Send) -> None:
        self._exchange = exchange
        self._send = send
        self._ticks: dict[int, Ticks] = {}
        self._depth: dict[int, Depth] = {}
        self._each: dict[int, EachTick] = {}
        self._bars: dict[int, Running] = {}
        self._changed: set[str] = set()
        self._due = 0

    def clear(self) -> None:
        """Forget all subscriptions: the venue lost them."""
        for one in (self._ticks, self._depth, self._each, self._bars):
            one.clear()

    def ticks(self, request: int, listing: Listing, *, snapshot: bool) -> None:
        """Subscribe to the touch, or tell it once."""
        one = Ticks(listing, snapshot)
        self._send([58, 1, request, 1], "quote")
        self._tell_ticks(request, one)
        bars = self._exchange.bars(listing, 1_440 * 60 * _S)
        if bars:
            close = decimal_of(bars[-1].open, listing.price_scale)
            self._send([1, 6, request, _CLOSE, close, 0, 0], "quote")
        if snapshot:
            self._send([57, 1, request], "quote")
        else:
            self._ticks[request] = one

    def depth(self, request: int, listing: Listing, rows: int, *, by_maker: bool) -> None:
        """Subscribe to rows of the book."""
        one = Depth(listing, min(max(rows, 1), ROWS_MAX), by_maker)
        self._depth[request] = one
        self._tell_depth(request, one)

    def each(self, request: int, listing: Listing, what: str) -> None:
        """Subscribe to every print (`Last`, `AllLast`) or change of the touch (`BidAsk`, `MidPoint`)."""
        self._each[request] = EachTick(listing, what)

    def running(self, request: int, listing: Listing, asked: BarsAsked, told: Bar) -> None:
        """Keep bars up to date from one on."""
        self._bars[request] = Running(listing, asked, told)

    def end(self, request: int) -> bool:
        """End a subscription; return whether there was one."""
        kinds = (self._ticks, self._depth, self._each, self._bars)
        return any([one.pop(request, None) is not None for one in kinds])  # noqa: C419  (all of them)

    def take(self, happening: Happening) -> None:
        """Take note of what happened to the market."""
        match happening:
            case Traded() | QuoteChanged():
                self._changed.add(happening.listing)
                self._tell_each(happening)
            case BookChanged():
                self._changed.add(happening.listing)
            case _:
                pass

    def advance(self, now: int) -> None:
        """Tell what changed, where it is time."""
        if now < self._due or not self._changed:
            return
        self._due = now + EVERY
        changed, self._changed = self._changed, set()
        for request, ticks in self._ticks.items():
            if ticks.listing.key in changed:
                self._tell_ticks(request, ticks)
        for request, depth in self._depth.items():
            if depth.listing.key in changed:
                self._tell_depth(request, depth)
        for running in self._bars.values():
            if running.listing.key in changed:
                self._tell_bar(running, now)

    def _tell_ticks(self, request: int, one: Ticks) -> None:
        listing = one.listing
        market = self._exchange.market(listing)
        quote = market.quote()
        prices, sizes = listing.price_scale, listing.quantity_scale
        for kind, size_kind, at in ((_BID, _BID_SIZE, 0), (_ASK, _ASK_SIZE, 2)):
            price, size = quote[at], quote[at + 1]
            if (price, size) == one.quote[at : at + 2]:
                continue
            # A side without orders has the price -1 and no size.
            told = decimal_of(price, prices) if size else -1
            told_size = decimal_of(size, sizes)
            if price != one.quote[at]:
                self._send([1, 6, request, kind, told, told_size, 1], "quote")
            self._send([2, 6, request, size_kind, told_size], "quote")
        one.quote = quote
        trade = market.trades[-1] if market.trades else None
        if trade is None or trade.number != one.last:
            price = decimal_of(market.last_price, prices)
            size = decimal_of(trade.quantity, sizes) if trade is not None else 0
            self._send([1, 6, request, _LAST, price, size, 0], "trade")
            self._send([2, 6, request, _LAST_SIZE, size], "trade")
            one.last = trade.number if trade is not None else 0
            if trade is not None:
                self._send([46, 6, request, 45, trade.ts // _S], "trade")

    def _tell_depth(self, request: int, one: Depth) -> None:
        engine = self._exchange.market(one.listing).engine
        for side, rows in (
            (_DEPTH_ASK, engine.asks(one.rows)),
            (_DEPTH_BID, engine.bids(one.rows)),
        ):
            before = one.shown[side]
            # Rows are told as the venue is seen to tell them: filled from the top, changed in place, ended from below.
            for at, (price, size) in enumerate(rows):
                if at >= len(before):
                    self._row(request, one, at, _INSERT, side, price, size)
                elif before[at] != (price, size):
                    self._row(request, one, at, _UPDATE, side, price, size)
            for at in range(len(before) - 1, len(rows) - 1, -1):
                self._row(request, one, at, _DELETE, side, 0, 0)
            one.shown[side] = list(rows)

    def _row(  # noqa: PLR0913, PLR0917  (the message's own fields)
        self, request: int, one: Depth, at: int, deed: int, side: int, price: int, size: int
    ) -> None:
        listing = one.listing
        told: list[Value] = [
            *(deed, side, decimal_of(price, listing.price_scale)),
            decimal_of(size, listing.quantity_scale),
        ]
        if one.by_maker:
            self._send([13, 1, request, at, listing.exchange, *told, True], "depth")
        else:
            self._send([12, 1, request, at, *told], "depth")

    def _tell_each(self, happening: Traded | QuoteChanged) -> None:
        for request, one in self._each.items():
            listing = one.listing
            if listing.key != happening.listing:
                continue
            prices, sizes = listing.price_scale, listing.quantity_scale
            if isinstance(happening, Traded):
                trade = happening.trade
                if one.what not in ("Last", "AllLast"):
                    continue
                number = 1 if one.what == "Last" else 2
                told: list[Value] = [
                    decimal_of(trade.price, prices),
                    decimal_of(trade.quantity, sizes),
                ]
                words = [99, request, number, trade.ts // _S, *told, 0, listing.exchange, ""]
                self._send(words, "trade")
                continue
            touch = [decimal_of(price, prices) for price in (happening.bid, happening.ask)]
            when = happening.ts // _S
            if one.what == "BidAsk":
                size = [
                    decimal_of(n, sizes) for n in (happening.bid_quantity, happening.ask_quantity)
                ]
                self._send([99, request, 3, when, *touch, *size, 0], "quote")
            elif one.what == "MidPoint":
                self._send([99, request, 4, when, (touch[0] + touch[1]) / 2], "quote")

    def _tell_bar(self, one: Running, now: int) -> None:
        span = history.span_of(one.asked)
        newest = self._exchange.bars(one.listing, span, since=now - 2 * span)
        if newest and newest[-1] != one.told:
            one.told = newest[-1]
            self._send(history.update(one.listing, one.asked, newest[-1]), "bar")
