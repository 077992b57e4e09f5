"""The inbox: two lanes before the one kernel.

The order lane is bounded and never drops: full means halt and disconnect, never a lost fill. The market lane keeps one
slot per instrument for quote and book, so that a slow moment costs frames and not truth, and a bounded ring of trades
whose overflow is counted and marks the tape as gapped.
"""

from collections import deque

from tradebot.data.events import (
    AnyMarketEvent,
    Bar,
    BookDelta,
    BookSnapshot,
    Level,
    MarketEvent,
    Quote,
    Trade,
)
from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.events import Event, OrderLane

ORDER_LANE_MAX = 65_536
"""Events that may wait in the order lane."""

TRADES_MAX = 4_096
"""Trades that may wait in the market lane."""


class OrderLaneFull(Exception):  # noqa: N818  (what is the matter, in the words of the design)
    """The order lane is full: the engine must halt and disconnect, nothing was dropped."""


class Inbox:
    """Events that wait for the kernel; order lane first, then market by arrival."""

    def __init__(
        self, *, order_lane_max: int = ORDER_LANE_MAX, trades_max: int = TRADES_MAX
    ) -> None:
        self._orders: deque[OrderLane] = deque()
        self._order_lane_max = order_lane_max
        self._trades_max = trades_max
        self._market: dict[tuple[type[MarketEvent], InstrumentId, int], AnyMarketEvent] = {}
        """By kind, instrument and a bar's span: the bars of an hour and of a day are not one another."""
        self._trades: deque[Trade] = deque()
        self.conflated = 0
        """Quotes, bars, gaps and book updates merged into newer ones."""
        self.trades_dropped = 0
        """Trades that did not fit the ring; the tape is gapped."""

    def __len__(self) -> int:
        return len(self._orders) + len(self._market) + len(self._trades)

    def put_order(self, event: OrderLane) -> None:
        """Queue an order-lane event.

        Raises:
            OrderLaneFull: If the lane holds its maximum; the event is not queued.
        """
        if len(self._orders) >= self._order_lane_max:
            raise OrderLaneFull(
                f"order lane holds {len(self._orders)} events, at most {self._order_lane_max}"
            )
        self._orders.append(event)

    def put_market(self, event: AnyMarketEvent) -> None:
        """Queue a market event, merging it into what waits for the same instrument."""
        if isinstance(event, Trade):
            if len(self._trades) >= self._trades_max:
                self._trades.popleft()
                self.trades_dropped += 1
            self._trades.append(event)
            return
        if isinstance(event, BookDelta | BookSnapshot):
            self._put_book(event)
            return
        key = (type(event), event.instrument, event.span_ns if isinstance(event, Bar) else 0)
        # A gap after a snapshot must come out after it, also where an earlier gap still waits before it.
        held = key in self._market if isinstance(event, Quote) else self._market.pop(key, None)
        self.conflated += bool(held)
        self._market[key] = event

    def _put_book(self, event: BookDelta | BookSnapshot) -> None:
        key = (BookDelta, event.instrument, 0)
        waiting = self._market.get(key)
        if waiting is None or isinstance(event, BookSnapshot):
            # To the end: a snapshot heals a gap told before it, and would not if it came out first.
            self.conflated += self._market.pop(key, None) is not None
            self._market[key] = event
            return
        if isinstance(waiting, BookDelta | BookSnapshot):
            self.conflated += 1
            self._market[key] = merged(waiting, event)

    def take(self) -> Event | None:
        """Return the next event, or None: orders first, then books and quotes, then trades."""
        if self._orders:
            return self._orders.popleft()
        if self._market:
            return self._market.pop(next(iter(self._market)))
        return self._trades.popleft() if self._trades else None


def merged(waiting: BookDelta | BookSnapshot, update: BookDelta) -> BookDelta | BookSnapshot:
    """Return a book event that has the effect of two in a row."""
    snapshot = isinstance(waiting, BookSnapshot)
    bids = _merge(waiting.bids, update.bids, drop_empty=snapshot)
    asks = _merge(waiting.asks, update.asks, drop_empty=snapshot)
    if snapshot:
        return BookSnapshot(
            instrument=update.instrument,
            ts_event=update.ts_event,
            ts_recv=update.ts_recv,
            bids=bids,
            asks=asks,
            last_id=update.last_id,
        )
    return BookDelta(
        instrument=update.instrument,
        ts_event=update.ts_event,
        ts_recv=update.ts_recv,
        bids=bids,
        asks=asks,
        first_id=waiting.first_id,
        last_id=update.last_id,
    )


def _merge(
    older: tuple[Level, ...], newer: tuple[Level, ...], *, drop_empty: bool
) -> tuple[Level, ...]:
    levels = dict(older)
    levels.update(newer)
    return tuple((p, q) for p, q in levels.items() if q or not drop_empty)
