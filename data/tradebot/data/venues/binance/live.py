"""Binance's live market: stream messages and snapshots in, market events in integer units out; no I/O.

A book begins with a snapshot asked for after its diffs flow, and again after each gap: until it is there the book is
not told. What to ask for is in `wanted`; what cannot be read raises, and changes nothing.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from tradebot.data.errors import ScaleError
from tradebot.data.events import (
    AnyMarketEvent,
    Bar,
    BookDelta,
    BookSnapshot,
    FeedGap,
    Level,
    Quote,
    Trade,
)
from tradebot.data.instruments import Instrument
from tradebot.data.numbers import units_from_text
from tradebot.data.venues.binance.depth import Apply, DepthSync, Diff, Gap, Replace, Snapshot
from tradebot.data.venues.binance.messages import (
    BookTicker,
    DepthDiff,
    DepthReply,
    Milliseconds,
    TextLevel,
    TradePrint,
    decode,
)

MS = 1_000_000
"""Nanoseconds in a millisecond."""

WAITING_MAX = 2_000
"""Diffs kept while a snapshot is on its way: more than three minutes of the fastest stream."""


class LiveBook:
    """One symbol's book: diffs and snapshots into events.

    Args of the constructor:
        instrument: Which.
    """

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._begin()
        self.gaps = 0
        """Times updates were missing."""

    def _begin(self) -> None:
        self._sync = DepthSync(awaits_snapshot=True)
        self._waiting: list[Diff] = []
        self.synced = False
        """Whether the book that was told is the venue's."""

    @property
    def wants_snapshot(self) -> bool:
        """Return whether a snapshot is needed; one asked for before the first diff came could be too old."""
        return not self.synced and bool(self._waiting)

    def lost(self) -> None:
        """The stream has dropped: whatever is known is old."""
        self._begin()

    def diff(self, message: DepthDiff, now: int) -> list[AnyMarketEvent]:
        """Take a diff.

        Raises:
            ScaleError: If a number does not fit the instrument; the book must then be begun anew.
        """
        diff = self._diff(message, now)
        if not self.synced:
            if len(self._waiting) >= WAITING_MAX:
                self._begin()
            if self._waiting and diff.starts_after() > self._waiting[-1].last_id:
                self._begin()  # what came before the hole is of no use
            self._waiting.append(diff)
            return []
        return self._follow(list(self._sync.diff(diff)), now)

    def snapshot(self, reply: DepthReply, now: int) -> list[AnyMarketEvent]:
        """Take a snapshot; one that ends before the first diff kept is passed over, and another one is wanted.

        Raises:
            ScaleError: If a number does not fit the instrument.
        """
        if self.synced or not self._waiting:
            return []
        snapshot = Snapshot(
            "", 0, now, now, reply.last_id, self._levels(reply.bids), self._levels(reply.asks)
        )
        if self._waiting[0].starts_after() > reply.last_id:
            return []
        steps = list(self._sync.snapshot(snapshot))
        for diff in self._waiting:
            steps += self._sync.diff(diff)
        self._waiting = []
        self.synced = True
        return self._follow(steps, now)

    def _follow(self, steps: Sequence[object], now: int) -> list[AnyMarketEvent]:
        events: list[AnyMarketEvent] = []
        for step in steps:
            match step:
                case Replace(snapshot):
                    events.append(self._snapshot_event(snapshot))
                case Gap(diff, expected, got):
                    self.gaps += 1
                    self._begin()
                    self._waiting.append(diff)
                    gap = FeedGap(
                        instrument=self._instrument.id,
                        ts_event=diff.ts_event,
                        ts_recv=now,
                        expected_id=expected,
                        got_id=got,
                    )
                    return [*events, gap]
                case Apply(diff):
                    events.append(self._delta_event(diff, now))
                case _:
                    pass  # older than the book
        return events

    def _snapshot_event(self, snapshot: Snapshot) -> BookSnapshot:
        return BookSnapshot(
            instrument=self._instrument.id,
            ts_event=snapshot.ts_event,
            ts_recv=snapshot.ts_recv,
            bids=tuple(snapshot.bids),
            asks=tuple(snapshot.asks),
            last_id=snapshot.last_id,
        )

    def _delta_event(self, diff: Diff, now: int) -> BookDelta:
        return BookDelta(
            instrument=self._instrument.id,
            ts_event=diff.ts_event,
            ts_recv=now,
            bids=tuple(diff.bids),
            asks=tuple(diff.asks),
            first_id=diff.first_id,
            last_id=diff.last_id,
        )

    def _diff(self, message: DepthDiff, now: int) -> Diff:
        if message.last_id < message.first_id:
            raise ScaleError(
                f"ids of a diff must not go down, were {message.first_id}..{message.last_id}"
            )
        bids, asks = self._levels(message.bids), self._levels(message.asks)
        at = message.event_ms * MS
        return Diff("", 0, at, now, message.first_id, message.last_id, None, bids, asks)

    def _levels(self, levels: Sequence[TextLevel]) -> list[Level]:
        one = self._instrument
        return [
            (units_from_text(price, one.price_scale), units_from_text(size, one.quantity_scale))
            for price, size in levels
        ]


class LiveMarket:
    """All symbols of one connection.

    Args of the constructor:
        instruments: Which; their symbols are the venue's.
    """

    def __init__(self, instruments: Sequence[Instrument]) -> None:
        self._instruments = {instrument.symbol: instrument for instrument in instruments}
        self.books = {instrument.symbol: LiveBook(instrument) for instrument in instruments}
        self.malformed = 0
        """Messages that could not be read."""

    @property
    def streams(self) -> tuple[str, ...]:
        """Return the streams to subscribe: diffs and trades of each symbol."""
        return tuple(
            f"{symbol.lower()}@{kind}"
            for symbol in self._instruments
            for kind in ("depth@100ms", "trade")
        )

    @property
    def wanted(self) -> tuple[str, ...]:
        """Return the symbols whose book needs a snapshot."""
        return tuple(symbol for symbol, book in self.books.items() if book.wants_snapshot)

    def lost(self) -> None:
        """The stream has dropped."""
        for book in self.books.values():
            book.lost()

    def hear(self, frame: bytes, now: int) -> list[AnyMarketEvent]:
        """Take a frame of the stream; what cannot be read is counted and gives nothing.

        Args:
            frame: Text as UTF-8.
            now: When it came, ns UTC.
        """
        try:
            message = decode(frame)
        except ValueError:
            self.malformed += 1
            return []
        symbol = getattr(message, "symbol", None)
        instrument = None if symbol is None else self._instruments.get(symbol)
        if message is None or instrument is None:
            return []
        try:
            return self._events(instrument, message, now)
        except ScaleError:
            self.malformed += 1
            if isinstance(message, DepthDiff):
                # A level of the book is missing from here on: it must begin anew.
                self.books[instrument.symbol].lost()
            return []

    def _events(self, instrument: Instrument, message: object, now: int) -> list[AnyMarketEvent]:
        match message:
            case DepthDiff():
                return self.books[instrument.symbol].diff(message, now)
            case TradePrint():
                return [trade_event(instrument, message, now)]
            case BookTicker():
                return [quote_event(instrument, message, now)]
            case _:
                return []

    def snapshot(self, symbol: str, payload: bytes, now: int) -> list[AnyMarketEvent]:
        """Take the reply to a request for a book; what cannot be read is counted and gives nothing."""
        try:
            message = decode(payload)
            if isinstance(message, DepthReply):
                return self.books[symbol].snapshot(message, now)
        except (ValueError, ScaleError):
            pass  # counted below
        self.malformed += 1
        return []


def trade_event(instrument: Instrument, message: TradePrint, now: int) -> Trade:
    """Return a public trade.

    Raises:
        ScaleError: If a number does not fit the instrument.
    """
    aggressor: Literal[1, -1] = -1 if message.buyer_is_maker else 1
    return Trade(
        instrument=instrument.id,
        ts_event=message.trade_ms * MS,
        ts_recv=now,
        price=units_from_text(message.price, instrument.price_scale),
        quantity=units_from_text(message.quantity, instrument.quantity_scale),
        aggressor=aggressor,
        trade_id=str(message.trade_id),
    )


def quote_event(instrument: Instrument, message: BookTicker, now: int) -> Quote:
    """Return a best bid and ask; spot gives no time of its own.

    Raises:
        ScaleError: If a number does not fit the instrument.
    """
    prices, sizes = instrument.price_scale, instrument.quantity_scale
    return Quote(
        instrument=instrument.id,
        ts_event=now if message.event_ms is None else message.event_ms * MS,
        ts_recv=now,
        bid_price=units_from_text(message.bid_price, prices),
        bid_quantity=units_from_text(message.bid_quantity, sizes),
        ask_price=units_from_text(message.ask_price, prices),
        ask_quantity=units_from_text(message.ask_quantity, sizes),
    )


# ------------------------------------------------------------------------------------ bars of a stream


class _StreamedBar(msgspec.Struct, frozen=True):
    open_ms: Milliseconds = msgspec.field(name="t")
    close_ms: Milliseconds = msgspec.field(name="T")
    open: str = msgspec.field(name="o")
    high: str = msgspec.field(name="h")
    low: str = msgspec.field(name="l")
    close: str = msgspec.field(name="c")
    volume: str = msgspec.field(name="v")
    trades: int = msgspec.field(name="n")
    is_closed: bool = msgspec.field(name="x")


class KlineEvent(msgspec.Struct, frozen=True):
    """`kline`: a bar as it grows."""

    event_type: Literal["kline"] = msgspec.field(name="e")
    symbol: str = msgspec.field(name="s")
    bar: _StreamedBar = msgspec.field(name="k")


_kline = msgspec.json.Decoder(KlineEvent)


def closed_bar(instrument: Instrument, payload: bytes, now: int) -> Bar | None:
    """Return the bar of a `kline` message where it has closed; None while it grows.

    Args:
        instrument: Of that symbol.
        payload: The bare event, without the combined stream's envelope.
        now: When it came, ns UTC.

    Raises:
        ValueError: If it is no kline message.
        ScaleError: If a number does not fit the instrument.
    """
    bar = _kline.decode(payload).bar
    if not bar.is_closed:
        return None
    prices = instrument.price_scale
    return Bar(
        instrument=instrument.id,
        ts_event=(bar.close_ms + 1) * MS,
        ts_recv=now,
        span_ns=(bar.close_ms + 1 - bar.open_ms) * MS,
        open=units_from_text(bar.open, prices),
        high=units_from_text(bar.high, prices),
        low=units_from_text(bar.low, prices),
        close=units_from_text(bar.close, prices),
        volume=units_from_text(bar.volume, instrument.quantity_scale),
        trades=bar.trades,
    )
