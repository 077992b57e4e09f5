"""Where a sandbox's market comes from: a seeded invention of several symbols, or a recording.

Both say when they have news and hand it over one step at a time; the venue sees it before the kernel does.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Protocol

import msgspec

from tradebot.data.events import AnyMarketEvent, Bar, BookDelta, BookSnapshot, Quote, Trade
from tradebot.data.instruments import Instrument, InstrumentId, Rules
from tradebot.engine.core.types import MINUTE, SECOND
from tradebot.engine.venue.books import BookEvent
from tradebot.engine.venue.native import NativeVenue
from tradebot.native import SyntheticParameters, Venue

SYNTHETIC_EPOCH = 1_767_571_200_000_000_000
"""Where an invented market begins: 2026-01-05T00:00:00Z, the same in every run, so that runs can be compared."""

HISTORY_BARS = 120
"""Minutes an invented market has lived before the engine starts, so that charts are not empty."""


class Candle(msgspec.Struct, frozen=True):
    """One bar of history, in units."""

    ts_open: int
    open: int
    high: int
    low: int
    close: int
    volume: int


MARKET_MARK = SECOND
"""How often the venue writes where its market stands."""


class Onlooker(Protocol):
    """Who is told of the market before the kernel: the venue, whose orders and stops it moves."""

    def took_place(self, events: Iterable[BookEvent], now: int) -> None:
        """Book what an invented market did to own orders."""
        ...

    def look(self, event: AnyMarketEvent, now: int) -> None:
        """Let stops follow the market, and set off those it has reached."""
        ...

    def stop_levels(self, instrument: InstrumentId) -> list[int]:
        """Return where the stops of an instrument stand, in price units."""
        ...

    def on_market(self, event: AnyMarketEvent, now: int) -> None:
        """Let the recorded market move the queues and fill what it fills."""
        ...


class Market(Protocol):
    """Where the native venue's market comes from, in virtual time."""

    @property
    def description(self) -> str:
        """Return what feeds the engine, in words."""
        ...

    def next_time(self) -> int | None:
        """Return when the next news is due, ns UTC; None when the recording is over."""
        ...

    def advance(self, venue: Onlooker) -> list[AnyMarketEvent]:
        """Let the next news happen at the venue and return what the engine sees of it."""
        ...

    def last_prices(self) -> dict[InstrumentId, int]:
        """Return the newest price by instrument, in units: where the market goes on after a restart."""
        ...

    def history(self) -> dict[InstrumentId, list[Candle]]:
        """Return minutes before the start, oldest first."""
        ...


class NativeFeed:
    """The native venue's market as the runtime sees it: the venue is told first, and notes where it stands."""

    def __init__(self, market: Market, venue: NativeVenue) -> None:
        self._market = market
        self._venue = venue
        self._next_mark = 0

    @property
    def description(self) -> str:
        """Return what feeds the engine, in words."""
        return self._market.description

    @property
    def over(self) -> bool:
        """Return whether the recording is over."""
        return self._market.next_time() is None

    def next_time(self) -> int | None:
        """Return when the next news is due, ns UTC; None when the recording is over."""
        return self._market.next_time()

    def advance(self, now: int) -> list[AnyMarketEvent]:
        """Let the next news happen at the venue and return what the engine sees of it."""
        events = self._market.advance(self._venue)
        if now >= self._next_mark:
            self._next_mark = now + MARKET_MARK
            self._venue.mark_market(self._market.last_prices(), now)
        return events


class LateFeed:
    """A feed whose news is some time on its way to the engine: its venue has lived on meanwhile.

    Args of the constructor:
        feed: What the venue sees.
        late: How long the news is on its way, ns > 0.
    """

    def __init__(self, feed: NativeFeed, late: int) -> None:
        self._feed, self._late = feed, late
        self._coming: deque[tuple[int, list[AnyMarketEvent]]] = deque()

    @property
    def description(self) -> str:
        """Return what feeds the engine, in words."""
        return self._feed.description

    @property
    def over(self) -> bool:
        """Return whether the recording is over and all of it has arrived."""
        return self._feed.over and not self._coming

    def next_time(self) -> int | None:
        """Return when something happens at the venue or arrives here, ns UTC."""
        there = self._feed.next_time()
        if not self._coming:
            return there
        here = self._coming[0][0]
        return here if there is None else min(here, there)

    def advance(self, now: int) -> list[AnyMarketEvent]:
        """Let what happens now happen at the venue; return what has arrived."""
        there = self._feed.next_time()
        if there is not None and not (self._coming and self._coming[0][0] < there):
            news = self._feed.advance(there)
            if news:
                self._coming.append((there + self._late, news))
        if self._coming and self._coming[0][0] <= now:
            return self._coming.popleft()[1]
        return []


class Invention(msgspec.Struct, frozen=True):
    """An invented symbol: the instrument and what its market is made of."""

    instrument: Instrument
    start_price: int
    size_lots: int


def _invented(symbol: str, start: str, tick: int, quantity_scale: int, size_lots: int) -> Invention:
    base = symbol.removesuffix("USDT")
    instrument = Instrument(
        id=InstrumentId(f"sandbox:{symbol}"),
        kind="spot",
        base=base,
        currency="USDT",
        price_scale=2,
        quantity_scale=quantity_scale,
        rules=(Rules(tick=tick, lot=1, notional_min=Decimal(1)),),
    )
    return Invention(instrument, instrument.price_units(Decimal(start)), size_lots)


INVENTED = (
    _invented("BTCUSDT", "60000.00", 50, 3, 150),
    _invented("ETHUSDT", "3000.00", 5, 3, 900),
    _invented("SOLUSDT", "180.00", 1, 2, 2500),
)
"""The symbols of the invented market."""


class SyntheticMarket:
    """An invented market of several symbols, seeded.

    Args of the constructor:
        native: The venue's books; the symbols are added to it in order.
        seed: Same seed, same market.
        start: First instant, ns UTC.
        last: Prices to go on from after a restart; empty at the first start.
    """

    def __init__(self, native: Venue, seed: int, start: int, last: dict[InstrumentId, int]) -> None:
        self._native = native
        self._seed = seed
        self._instruments = tuple(invention.instrument for invention in INVENTED)
        self._last: dict[InstrumentId, int] = {}
        self._history: dict[InstrumentId, list[Candle]] = {}
        self._seen: set[int] = set()
        for index, invention in enumerate(INVENTED):
            self._add(index, invention, start, last.get(invention.instrument.id))

    @property
    def description(self) -> str:
        """Return what feeds the engine, in words."""
        return f"synthetic seed {self._seed}"

    def _add(self, index: int, invention: Invention, start: int, last: int | None) -> None:
        instrument = invention.instrument
        tick = instrument.rules_at(start).tick
        price = invention.start_price if last is None else last - last % tick
        parameters = SyntheticParameters(
            start_price=price,
            tick=tick,
            lot=instrument.rules_at(start).lot,
            size_lots=invention.size_lots,
        )
        # A market that goes on after a restart must not repeat its first minutes.
        own_seed = (self._seed * 1_000_003 + start // MINUTE * 31 + index) % 2**63
        self._native.add_synthetic(index, own_seed, parameters, start)
        self._history[instrument.id] = [
            Candle(start - start % MINUTE + row[0] - MINUTE, row[1], row[2], row[3], row[4], row[5])
            for row in self._native.history(index, HISTORY_BARS * MINUTE, HISTORY_BARS).tolist()
        ]
        self._last[instrument.id] = price

    def next_time(self) -> int | None:
        """Return when the next step is due."""
        return min(self._native.next_time(index) for index in range(len(self._instruments)))

    def advance(self, venue: Onlooker) -> list[AnyMarketEvent]:
        """Make the next step of the symbol that is due first."""
        index = min(range(len(self._instruments)), key=self._native.next_time)
        now = self._native.next_time(index)
        instrument = self._instruments[index].id
        bids, asks, trades, own = self._native.advance(index)
        venue.took_place(own, now)
        events: list[AnyMarketEvent] = [
            Trade(
                instrument=instrument,
                ts_event=now,
                ts_recv=now,
                price=price,
                quantity=quantity,
                aggressor=1 if aggressor > 0 else -1,
            )
            for price, quantity, aggressor in trades
        ]
        first = index not in self._seen
        self._seen.add(index)
        if bids or asks:
            kind = BookSnapshot if first else BookDelta
            events.append(
                kind(
                    instrument=instrument,
                    ts_event=now,
                    ts_recv=now,
                    bids=tuple(bids),
                    asks=tuple(asks),
                )
            )
        book = self._native.book(index)
        bid, ask = book.best_bid(), book.best_ask()
        if bid is not None and ask is not None:
            self._last[instrument] = (bid[0] + ask[0]) // 2
        for event in events:
            venue.look(event, now)
        return events

    def last_prices(self) -> dict[InstrumentId, int]:
        """Return the newest price by instrument."""
        return dict(self._last)

    def history(self) -> dict[InstrumentId, list[Candle]]:
        """Return minutes before the start."""
        return self._history


class ReplayMarket:
    """A recording, event by event; own orders queue behind the recorded size and fill from recorded trades.

    Args of the constructor:
        events: The recording, merged by receive time.
        name: The dataset's name.
    """

    def __init__(self, events: Iterator[AnyMarketEvent], name: str) -> None:
        self._name = name
        self._events = _without_redundant_quotes(events)
        self._next: AnyMarketEvent | None = next(self._events, None)
        self._last: dict[InstrumentId, int] = {}

    @property
    def description(self) -> str:
        """Return what feeds the engine, in words."""
        return f"replay {self._name}"

    def next_time(self) -> int | None:
        """Return when the next event is due."""
        return None if self._next is None else self._next.ts_recv

    def advance(self, venue: Onlooker) -> list[AnyMarketEvent]:
        """Hand over the next recorded event."""
        event = self._next
        if event is None:
            return []
        self._next = next(self._events, None)
        venue.on_market(event, event.ts_recv)
        if isinstance(event, Trade):
            self._last[event.instrument] = event.price
        if not isinstance(event, Bar):
            return [event]
        bars = [event]
        while isinstance(following := self._next, Bar) and following.ts_recv == event.ts_recv:
            bars.append(following)
            self._next = next(self._events, None)
        return [*together(bars)]

    def last_prices(self) -> dict[InstrumentId, int]:
        """Return the newest price by instrument."""
        return dict(self._last)

    def history(self) -> dict[InstrumentId, list[Candle]]:
        """Return nothing: what was before a recording is not known."""
        return {}


def together(bars: Sequence[Bar]) -> list[Bar]:
    """Return bars of one instant such that whoever looks at bars waits for the last of them."""
    return [*(msgspec.structs.replace(bar, more=True) for bar in bars[:-1]), bars[-1]]


def _without_redundant_quotes(events: Iterator[AnyMarketEvent]) -> Iterator[AnyMarketEvent]:
    """Leave quotes out from the first book on: the book is what fills are judged against."""
    with_book: set[InstrumentId] = set()
    for event in events:
        if isinstance(event, BookDelta | BookSnapshot):
            with_book.add(event.instrument)
        elif isinstance(event, Quote) and event.instrument in with_book:
            continue
        yield event
