"""Working orders, with where they stand in the queue and what protects."""

from collections.abc import Sequence
from decimal import Decimal
from typing import ClassVar, override

from tradebot.console.figures import amount, grouped, short_id, symbol_of, trimmed, units
from tradebot.console.rows import Cell, Row, left, plain, right
from tradebot.console.screens.trade.panels.lists import ListPanel
from tradebot.engine.control.messages_facts import OrderFacts
from tradebot.engine.control.messages_frame import Frame

FULL_FROM = 54
"""Inner width from which symbol and queue have their columns."""


class WorkingPanel(ListPanel[OrderFacts]):
    """Orders that can still trade, the selected one is what `x` cancels."""

    NOTHING: ClassVar[Sequence[str]] = ("No working orders.", "b or s opens a ticket.")

    @override
    def items(self) -> Sequence[OrderFacts]:
        return () if self.view.frame is None else self.view.frame.working

    @override
    def key_of(self, item: OrderFacts) -> str:
        return item.client_order_id

    @override
    def heading(self) -> str:
        frame = self.view.frame
        unresolved = 0 if frame is None else frame.unresolved
        asking = f" {self.view.glyphs.dot} {unresolved} UNKNOWN, reconciling" if unresolved else ""
        return f"Working{asking}"

    @override
    def footing(self) -> str:
        return "x cancel" if self.items() else ""

    def select_order(self, client_order_id: str) -> None:
        """Put the mark on an order, if it is still there."""
        for index, order in enumerate(self.items()):
            if order.client_order_id == client_order_id:
                self.select(index)

    @override
    def header(self, width: int) -> Row | None:
        if width < FULL_FROM:
            return None
        return (
            left("id", 6, "title"),
            left("side", 5, "title"),
            right("left", 8, "title"),
            left("  symbol", 10, "title"),
            right("price", 11, "title"),
            left("  state", width - 40, "title"),
        )

    @override
    def line(self, item: OrderFacts, width: int) -> Row:
        side = Cell(f"{item.side.upper():<5}", "bid" if item.side == "buy" else "ask")
        left_over = amount(str(Decimal(item.quantity) - Decimal(item.filled)))
        price = item.limit_price or item.trigger_price
        price_text = "market" if price is None else grouped(price)
        state = state_words(item, self.view.frame)
        short = short_state(item, self.view.frame)
        style = "warn" if item.state == "unknown" else "text"
        if width < FULL_FROM:
            return (
                side,
                right(left_over, 6),
                right(price_text, 10),
                left(f" {short}", max(0, width - 21), style),
            )
        return (
            left(short_id(item.client_order_id), 6, "muted"),
            side,
            right(left_over, 8),
            left(f"  {plain(symbol_of(item.instrument))}", 10),
            right(price_text, 11),
            left(f"  {state if len(state) <= width - 42 else short}", width - 40, style),
        )


def state_words(order: OrderFacts, frame: Frame | None) -> str:
    """Return what matters about an order in a few words, the most important first."""
    words = [order.state.replace("_", " ")]
    if order.state in ("accepted", "created", "sent", "triggered"):
        words = [] if order.state == "accepted" else words
    if Decimal(order.filled):
        words = [f"{trimmed(order.filled, 2)}/{trimmed(order.quantity, 2)}"]
    queue = queue_words(order, frame)
    if queue and order.state in ("accepted", "partially_filled"):
        words.append(queue)
    if order.reduce_only:
        words.append(f"reduce-only at {order.lives_at}")
    return " ".join(words) or "working"


def short_state(order: OrderFacts, frame: Frame | None) -> str:
    """Return the one thing that matters most about an order, in about ten cells."""
    if order.state not in ("accepted", "partially_filled"):
        return order.state.replace("_", " ")
    if order.reduce_only:
        return "protects"
    if Decimal(order.filled):
        return f"part {trimmed(order.filled, 2)}"
    queue = queue_words(order, frame)
    return queue.replace("of queue ahead", "ahead").replace(" in queue", "") or "working"


def queue_words(order: OrderFacts, frame: Frame | None) -> str:
    """Return the queue before an order: a share of its level where the level is on show, else the quantity."""
    if order.queue_ahead is None:
        return ""
    ahead = Decimal(order.queue_ahead)
    if not ahead:
        return "first in queue"
    level = _level(order, frame)
    if level:
        return f"{min(ahead / level, Decimal(1)) * 100:.0f}% of queue ahead"
    return f"{trimmed(order.queue_ahead, 2)} ahead"


def _level(order: OrderFacts, frame: Frame | None) -> Decimal | None:
    """Return what stands at the order's price, None where the ladder groups or does not show it."""
    if frame is None or order.instrument != frame.instrument.id or order.limit_price is None:
        return None
    decimals = frame.instrument.price_decimals
    if units(frame.book.step, decimals) != units(frame.instrument.tick, decimals):
        return None
    price = units(order.limit_price, decimals)
    side = frame.book.bids if order.side == "buy" else frame.book.asks
    return next((Decimal(size) for text, size in side if units(text, decimals) == price), None)
