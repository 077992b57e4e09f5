"""Orders, the newest first: open ones as the frame has them, ended ones as they were asked for."""

from collections.abc import Sequence
from typing import Literal, override

from tradebot.console.figures import amount, clock_text, grouped, iso_ns, short_id, symbol_of
from tradebot.console.rows import Cell, Row, left, plain, right
from tradebot.console.screens.trade.panels.lists import ListPanel
from tradebot.console.view import View
from tradebot.engine.control.messages_facts import OrderFacts

FULL_FROM = 96
"""Inner width from which every column has its place."""

ENDED = frozenset({"filled", "cancelled", "expired", "replaced", "rejected", "denied"})
REFUSED = frozenset({"rejected", "denied"})

type Filter = Literal["all", "open", "done", "refused"]
FILTERS: tuple[Filter, ...] = ("all", "open", "done", "refused")


class OrdersPanel(ListPanel[OrderFacts]):
    """What was ordered; `enter` tells the life of the one under the mark."""

    def __init__(self, view: View, *, id: str) -> None:  # noqa: A002  (Textual's own name)
        super().__init__(view, id=id)
        self.shown: Filter = "all"

    def next_filter(self) -> None:
        """Show other orders."""
        self.shown = FILTERS[(FILTERS.index(self.shown) + 1) % len(FILTERS)]
        self.select(0)
        self.retitle()

    @override
    def items(self) -> Sequence[OrderFacts]:
        frame = self.view.frame
        known = {o.client_order_id: o for o in self.view.lookups.orders or ()}
        known |= {o.client_order_id: o for o in (() if frame is None else frame.working)}
        chosen = [o for o in known.values() if _matches(o, self.shown)]
        return sorted(chosen, key=lambda o: (o.created, o.client_order_id), reverse=True)

    @override
    def key_of(self, item: OrderFacts) -> str:
        return item.client_order_id

    @override
    def heading(self) -> str:
        frame = self.view.frame
        choices = " ".join(f"({name})" if name == self.shown else name for name in FILTERS)
        unresolved = 0 if frame is None else frame.unresolved
        asking = f" {self.view.glyphs.dot} {unresolved} UNKNOWN, reconciling" if unresolved else ""
        return f"Orders  {choices}{asking}"

    @override
    def footing(self) -> str:
        count = len(self.items())
        return (
            f"{count} {self.view.glyphs.dot} enter life {self.view.glyphs.dot} x cancel {self.view.glyphs.dot} e amend"
            if count
            else ""
        )

    @override
    def empty_words(self) -> Sequence[str]:
        if self.view.frame is None:
            return ("waiting for the engine",)
        if self.view.lookups.orders is None:
            return (self.view.lookups.problem or "asking for the orders",)
        if self.shown != "all":
            return (f"No orders that are {self.shown}.", "o shows others.")
        return ("No orders yet.", "1 goes to Trade, b or s opens a ticket there.")

    @override
    def header(self, width: int) -> Row | None:
        names = [
            left("time", 9, "title"),
            left("id", 6, "title"),
            left("side", 5, "title"),
            left("symbol", 10, "title"),
        ]
        if width >= FULL_FROM:
            names += [left("type", 14, "title"), right("quantity", 10, "title")]
            names += [right("filled", 10, "title"), right("price", 12, "title")]
            return (*names, left("  lives at", 11, "title"), left("state", width - 87, "title"))
        names += [right("qty", 8, "title"), right("price", 11, "title")]
        return (*names, left("  state", width - 49, "title"))

    @override
    def line(self, item: OrderFacts, width: int) -> Row:
        price = item.limit_price or item.trigger_price
        shown = "market" if price is None else grouped(price)
        words, style = state_of(item)
        cells = [
            left(clock_text(iso_ns(item.created), self.view.zone), 9, "muted"),
            left(short_id(item.client_order_id), 6, "muted"),
            Cell(f"{item.side.upper():<5}", "bid" if item.side == "buy" else "ask"),
            left(plain(symbol_of(item.instrument)), 10),
        ]
        if width >= FULL_FROM:
            kind = (item.role or item.type).replace("_", " ")
            cells += [left(kind, 14), right(amount(item.quantity), 10)]
            cells += [right(amount(item.filled), 10), right(shown, 12)]
            place = "" if item.state in ENDED else item.lives_at
            cells.append(left(f"  {place}", 11, "warn" if place == "engine" else "text"))
            return (*cells, left(words, width - 87, style))
        cells += [right(amount(item.quantity), 8), right(shown, 11)]
        return (*cells, left(f"  {words}", width - 49, style))


def _matches(order: OrderFacts, shown: Filter) -> bool:
    return {
        "all": True,
        "open": order.state not in ENDED,
        "done": order.state in ENDED - REFUSED,
        "refused": order.state in REFUSED,
    }[shown]


def state_of(order: OrderFacts) -> tuple[str, str]:
    """Return what matters about an order and its style: the state, how much, why."""
    word = order.state.replace("_", " ")
    if order.state in REFUSED:
        return f"{word.upper()} {plain(order.reason or '')}".strip(), "fault"
    if order.state == "unknown":
        return "UNKNOWN, reconciling", "warn"
    if order.state in ENDED:
        return f"{word} {plain(order.reason or '')}".strip(), "muted"
    if order.state == "accepted":
        return f"protects at {order.lives_at}" if order.reduce_only else "working", "text"
    return f"{word}, protects" if order.reduce_only else word, "text"
