"""A recorded market of bars and quotes, in the order in which it could have been known.

A bar is several moments. It opens, and what waited for the open fills there. Just before its end its inside is walked,
a nanosecond from one price at which something waits to the next, so that what fills can take its sibling out. It
closes, and the engine is told of it. At one instant the closing of a bar comes before the opening of the next.
"""

import heapq
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Literal, NamedTuple

from tradebot.data.events import (
    AnyMarketEvent,
    Bar,
    BookDelta,
    BookSnapshot,
    Quote,
    Trade,
)
from tradebot.data.instruments import InstrumentId
from tradebot.engine.live.markets import Candle, Onlooker, together
from tradebot.engine.venue.price_book import PriceBook

WALK_BEFORE = 1_000_000
"""How long before its end a bar's inside is walked, ns: room for so many prices at which something waits."""


_CLOSES = 1
"""Place of a bar's closing among what happens at one instant."""


class _Walk(NamedTuple):
    """Where the walk through a bar stands."""

    bar: Bar
    at: int
    ahead: tuple[int, ...]
    """Ends of the legs that are left."""


class _Moment(NamedTuple):
    """Something that happens; compared by time, then by what comes first, then as recorded."""

    ts: int
    order: int
    number: int
    what: _Walk | Literal["opens"] | None
    """None: the event itself."""
    event: AnyMarketEvent


class BarMarket:
    """Events of a recording as moments of a market without a queue; see `markets.Market`.

    Args of the constructor:
        events: The recording, by receive time.
        name: What it is called.
        book: Where orders wait.
        index: Of the instruments in the book.
        longest_span: Of its bars, ns: how far ahead it must be read to know which opens next.
        quoted: Instruments with prices of their own beside their bars.
    """

    def __init__(
        self,
        events: Iterator[AnyMarketEvent],
        name: str,
        book: PriceBook,
        index: Mapping[InstrumentId, int],
        *,
        longest_span: int,
        quoted: frozenset[InstrumentId],
    ) -> None:
        self._events, self._name, self._book, self._index = events, name, book, index
        self._longest_span, self._quoted = longest_span, quoted
        self._coming: list[_Moment] = []
        self._numbers = 0
        self._next_read = next(events, None)
        self._touch: dict[InstrumentId, Quote] = {}
        self._last: dict[InstrumentId, int] = {}
        self._read_ahead()

    @property
    def description(self) -> str:
        """Return what feeds the engine, in words."""
        return f"replay {self._name}"

    def next_time(self) -> int | None:
        """Return when the next moment is, ns UTC; None when the recording is over."""
        return self._coming[0].ts if self._coming else None

    def last_prices(self) -> dict[InstrumentId, int]:
        """Return the newest price by instrument, in units."""
        return dict(self._last)

    def history(self) -> dict[InstrumentId, list[Candle]]:
        """Return nothing: what was before a recording is not known."""
        return {}

    def advance(self, venue: Onlooker) -> list[AnyMarketEvent]:
        """Let the next moment happen at the venue; return what the engine sees of it."""
        if not self._coming:
            return []
        moment = heapq.heappop(self._coming)
        self._read_ahead()
        event = moment.event
        if isinstance(moment.what, _Walk):
            self._walk(moment, moment.what, venue)
            return []
        if isinstance(event, Bar):
            if moment.what == "opens":
                # What fills there is stamped with the open itself.
                self._open(event, venue, moment.ts - 1)
                return []
            return self._close_all(event, venue, moment.ts)
        self._tell(event, venue, moment.ts)
        return [event]

    def _read_ahead(self) -> None:
        """Read on until nothing that has yet to be read can happen before what is known."""
        while self._next_read is not None and (
            not self._coming or self._next_read.ts_recv - self._longest_span <= self._coming[0].ts
        ):
            event = self._next_read
            self._next_read = next(self._events, None)
            self._numbers += 1
            if not isinstance(event, Bar):
                # Prices of an instant are known before the bars that end with it wake anybody.
                self._put(_Moment(event.ts_recv, 0, self._numbers, None, event))
                continue
            opens, walks = event.ts_recv - event.span_ns + 1, event.ts_recv - WALK_BEFORE
            walk = _Walk(event, event.open, walk_of(event))
            self._put(_Moment(opens, 2, self._numbers, "opens", event))
            self._put(_Moment(walks, 3, self._numbers, walk, event))
            self._put(_Moment(event.ts_recv, _CLOSES, self._numbers, None, event))

    def _put(self, moment: _Moment) -> None:
        heapq.heappush(self._coming, moment)

    def _open(self, bar: Bar, venue: Onlooker, now: int) -> None:
        venue.took_place(self._book.opens(self._index[bar.instrument], bar.open), now)
        self._at(bar, bar.open, venue, now)

    def _walk(self, moment: _Moment, walk: _Walk, venue: Onlooker) -> None:
        """Go on to the next price of a bar's inside at which something waits, or to the end of a leg."""
        bar, now = walk.bar, moment.ts
        waits = {
            *venue.stop_levels(bar.instrument),
            *self._book.limits(self._index[bar.instrument]),
        }
        if not waits:
            return
        to = walk.ahead[0]
        price = next_station(walk.at, to, waits)
        venue.took_place(self._book.walk(self._index[bar.instrument], price), now)
        self._at(bar, price, venue, now)
        ahead = walk.ahead[1:] if price == to else walk.ahead
        if ahead and now + 1 < bar.ts_recv:
            self._put(moment._replace(ts=now + 1, what=_Walk(bar, price, ahead)))

    def _close_all(self, bar: Bar, venue: Onlooker, now: int) -> list[AnyMarketEvent]:
        """Return what is to be told of all bars that end at this instant: nobody decides before the last of them."""
        bars = [bar]
        while self._coming and (coming := self._coming[0])[:2] == (now, _CLOSES):
            bars.append(_bar_of(coming))
            heapq.heappop(self._coming)
            self._read_ahead()
        quotes = [quote for each in bars for quote in self._close(each, venue, now)]
        return [*quotes, *together(bars)]

    def _close(self, bar: Bar, venue: Onlooker, now: int) -> list[AnyMarketEvent]:
        """Let a bar be over; return the prices that are to be told besides it."""
        self._last[bar.instrument] = bar.close
        quote = self._touch.get(bar.instrument)
        if bar.instrument in self._quoted:
            if quote is not None:
                self._on_quote(quote, venue, now)
            return []
        # A market of bars alone has one price: who buys and who sells get the same.
        told = Quote(
            instrument=bar.instrument,
            ts_event=bar.ts_event,
            ts_recv=bar.ts_recv,
            bid_price=bar.close,
            bid_quantity=bar.volume,
            ask_price=bar.close,
            ask_quantity=bar.volume,
        )
        self._on_quote(told, venue, now)
        return [told]

    def _at(self, bar: Bar, price: int, venue: Onlooker, now: int) -> None:
        """Let stops see a price of the walk; what it sets off takes there and then."""
        seen = Trade(instrument=bar.instrument, ts_event=now, ts_recv=now, price=price, quantity=0)
        self._book.walking(inside=True)
        venue.look(seen, now)
        self._book.walking(inside=False)

    def _tell(self, event: AnyMarketEvent, venue: Onlooker, now: int) -> None:
        index = self._index[event.instrument]
        match event:
            case Quote():
                self._touch[event.instrument] = event
                self._on_quote(event, venue, now)
            case Trade():
                self._last[event.instrument] = event.price
                filled = self._book.on_trade(index, event.price, event.quantity, event.aggressor)
                venue.took_place(filled, now)
            case BookDelta() | BookSnapshot():
                whole = isinstance(event, BookSnapshot)
                venue.took_place(self._book.on_book(index, event.bids, event.asks, whole), now)
            case _:
                return
        venue.look(event, now)

    def _on_quote(self, quote: Quote, venue: Onlooker, now: int) -> None:
        bid = (quote.bid_price, quote.bid_quantity) if quote.bid_price > 0 else None
        ask = (quote.ask_price, quote.ask_quantity) if quote.ask_price > 0 else None
        venue.took_place(self._book.on_quote(self._index[quote.instrument], bid, ask), now)


def _bar_of(moment: _Moment) -> Bar:
    """Return the bar of a closing.

    Raises:
        TypeError: If the moment is none.
    """
    if not isinstance(moment.event, Bar):
        raise TypeError(f"a closing must be of a bar, was {type(moment.event).__name__}")
    return moment.event


def next_station(at: int, to: int, waits: AbstractSet[int]) -> int:
    """Return the first price on the way at which something waits, or the end of the way."""
    low, high = min(at, to), max(at, to)
    between = [price for price in waits if low < price < high]
    if not between:
        return to
    return min(between) if to > at else max(between)


def walk_of(bar: Bar) -> tuple[int, ...]:
    """Return the prices a bar's inside is taken to have gone through after its open: nearer extreme, other, close."""
    near, far = (
        (bar.high, bar.low) if bar.high - bar.open < bar.open - bar.low else (bar.low, bar.high)
    )
    return near, far, bar.close
