"""From Alpaca's messages to market events, in the units of the instruments they are about.

A crypto book has no sequence numbers: until a `reset` came after a (re)connect nothing of it is believed, and one that
crosses itself is asked for again. What Alpaca prints finer than an instrument's scale is rounded to it, half to even.
"""

from decimal import ROUND_HALF_EVEN, Context, Decimal, Overflow
from typing import Literal

import msgspec

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
from tradebot.data.instruments import UNITS_MAX, Instrument, InstrumentId
from tradebot.data.venues.alpaca.messages import (
    Band,
    BarBody,
    BestPrices,
    Frames,
    Message,
    MinuteBar,
    OrderBook,
    TradePrint,
    TradingStatus,
    WireLevel,
)
from tradebot.data.venues.alpaca.times import ns_from_raw

MINUTE = 60_000_000_000
"""Nanoseconds in a minute: the span of a streamed bar."""

_ROUNDING = Context(prec=40, rounding=ROUND_HALF_EVEN, traps=[Overflow])


class HaltChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A stock stopped or resumed trading."""

    instrument: InstrumentId
    ts_event: int
    halted: bool
    code: str
    """The tape's code: `H` halted, `T` resumed, ..."""
    reason: str


class BandChanged(msgspec.Struct, frozen=True, kw_only=True):
    """The prices between which a stock may trade, in price units."""

    instrument: InstrumentId
    ts_event: int
    up: int
    down: int


type StockState = HaltChanged | BandChanged
"""What is told of a stock besides its market."""

_RESUMED = frozenset({"T", "3"})
"""Codes of tape C and of tapes A and B by which trading resumes; see "Statuses" in the vendor's reference."""


class Market:
    """Decodes one connection's messages; made anew with each connection, so that no book outlives its stream."""

    def __init__(self, instruments: tuple[Instrument, ...], frames: Frames | None = None) -> None:
        self.frames = frames or Frames()
        self.unknown = 0
        """Messages about symbols nobody asked for."""
        self._by_symbol = {instrument.symbol: instrument for instrument in instruments}
        self._books: dict[str, _Book] = {}

    def events(self, message: Message, now: int) -> list[AnyMarketEvent]:
        """Return what a message means; nothing where it is no market event or cannot be read (counted).

        Args:
            message: One message of a frame.
            now: When it reached us, ns UTC.
        """
        if not isinstance(message, TradePrint | BestPrices | MinuteBar | OrderBook):
            return []
        instrument = self._by_symbol.get(message.symbol)
        if instrument is None:
            self.unknown += 1
            return []
        try:
            if isinstance(message, OrderBook):
                return self._book(instrument, message, now)
            return [_event(instrument, message, now)]
        except (ValueError, ArithmeticError) as error:
            self.frames.refuse(error)
            return []

    def state(self, message: Message) -> StockState | None:
        """Return what a status or band message says; None where it is neither or cannot be read (counted)."""
        if not isinstance(message, TradingStatus | Band):
            return None
        instrument = self._by_symbol.get(message.symbol)
        if instrument is None:
            self.unknown += 1
            return None
        try:
            ts = ns_from_raw(message.time)
            if isinstance(message, TradingStatus):
                return HaltChanged(
                    instrument=instrument.id,
                    ts_event=ts,
                    halted=message.code not in _RESUMED,
                    code=message.code,
                    reason=message.reason or message.text,
                )
            return BandChanged(
                instrument=instrument.id,
                ts_event=ts,
                up=_units(message.up, instrument.price_scale),
                down=_units(message.down, instrument.price_scale),
            )
        except (ValueError, ArithmeticError) as error:
            self.frames.refuse(error)
            return None

    def wants_book_again(self) -> list[str]:
        """Return symbols whose book cannot be believed and must be subscribed anew; each is told once."""
        crossed = [symbol for symbol, book in self._books.items() if book.crossed]
        for symbol in crossed:
            del self._books[symbol]
        return crossed

    def _book(self, instrument: Instrument, message: OrderBook, now: int) -> list[AnyMarketEvent]:
        ts = ns_from_raw(message.time)
        bids, asks = levels_of(instrument, message.bids), levels_of(instrument, message.asks)
        book = self._books.get(message.symbol)
        if message.reset:
            book = self._books[message.symbol] = _Book()
        elif book is None:
            return []  # changes to a book we were not shown yet
        book.apply(bids, asks)
        if book.crossed:
            return [
                FeedGap(instrument=instrument.id, ts_event=ts, ts_recv=now, expected_id=0, got_id=0)
            ]
        kind = BookSnapshot if message.reset else BookDelta
        return [
            kind(
                instrument=instrument.id,
                ts_event=ts,
                ts_recv=now,
                bids=tuple(level for level in bids if level[1] or not message.reset),
                asks=tuple(level for level in asks if level[1] or not message.reset),
            )
        ]


class _Book:
    """The levels of one side each, only as far as needed to see that they cross."""

    def __init__(self) -> None:
        self._bids: dict[int, int] = {}
        self._asks: dict[int, int] = {}
        self.crossed = False

    def apply(self, bids: list[Level], asks: list[Level]) -> None:
        for side, levels in ((self._bids, bids), (self._asks, asks)):
            for price, quantity in levels:
                if quantity:
                    side[price] = quantity
                else:
                    side.pop(price, None)
        self.crossed = bool(self._bids and self._asks) and max(self._bids) >= min(self._asks)


def _event(
    instrument: Instrument, message: TradePrint | BestPrices | MinuteBar, now: int
) -> AnyMarketEvent:
    ts = ns_from_raw(message.time)
    price, quantity = instrument.price_scale, instrument.quantity_scale
    if isinstance(message, TradePrint):
        return Trade(
            instrument=instrument.id,
            ts_event=ts,
            ts_recv=now,
            price=_units(message.price, price),
            quantity=_units(message.size, quantity),
            aggressor=_aggressor(message.taker),
            trade_id=str(message.trade_id),
        )
    if isinstance(message, BestPrices):
        return Quote(
            instrument=instrument.id,
            ts_event=ts,
            ts_recv=now,
            bid_price=_units(message.bid_price, price),
            bid_quantity=_units(message.bid_size, quantity),
            ask_price=_units(message.ask_price, price),
            ask_quantity=_units(message.ask_size, quantity),
        )
    return bar_event(instrument, message, ts + MINUTE, MINUTE, now)


def bar_event(instrument: Instrument, body: BarBody, end: int, span_ns: int, now: int) -> Bar:
    """Return a bar in the instrument's units.

    Args:
        instrument: What the bar is of.
        body: The bar as told.
        end: The instant it closed, ns UTC.
        span_ns: Its length, ns, > 0.
        now: When it reached us, ns UTC.

    Raises:
        ValueError: If a number is negative, not finite, or does not fit.
        ArithmeticError: If a number is too large to be rounded.
    """
    return Bar(
        instrument=instrument.id,
        ts_event=end,
        ts_recv=now,
        span_ns=span_ns,
        open=_units(body.open, instrument.price_scale),
        high=_units(body.high, instrument.price_scale),
        low=_units(body.low, instrument.price_scale),
        close=_units(body.close, instrument.price_scale),
        volume=_units(body.volume, instrument.quantity_scale),
        trades=body.trades,
    )


def levels_of(instrument: Instrument, levels: list[WireLevel]) -> list[Level]:
    """Return levels in the instrument's units.

    Raises:
        ValueError: If a number is negative, not finite, or does not fit.
        ArithmeticError: If a number is too large to be rounded.
    """
    return [
        (
            _units(level.price, instrument.price_scale),
            _units(level.size, instrument.quantity_scale),
        )
        for level in levels
    ]


def _units(value: Decimal, scale: int) -> int:
    if not value.is_finite() or value < 0:
        raise ValueError(f"number must be finite and not negative, was {value}")
    if value > UNITS_MAX:
        raise ValueError(f"number must be at most {UNITS_MAX}e-{scale}, was {value:e}")
    units = int(value.scaleb(scale, _ROUNDING).to_integral_value(ROUND_HALF_EVEN, _ROUNDING))
    if units > UNITS_MAX:
        raise ValueError(f"number must be at most {UNITS_MAX}e-{scale}, was {value}")
    return units


def _aggressor(taker: str) -> Literal[1, -1, 0]:
    return {"B": 1, "S": -1}.get(taker, 0)  # pyright: ignore[reportReturnType]
