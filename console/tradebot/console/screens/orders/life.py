"""One order's life: why it was wanted, then every step with ms since the intent, then its bracket."""

from collections.abc import Sequence
from textwrap import wrap
from typing import NamedTuple, override

from tradebot.console.figures import clock_text, grouped, iso_ns, short_id, symbol_of, trimmed
from tradebot.console.rows import Cell, Row, fit, left, plain, right
from tradebot.console.screens.orders.orders import state_of
from tradebot.console.screens.trade.panels.lists import ListPanel
from tradebot.engine.control.messages_facts import OrderFacts
from tradebot.engine.control.order_life import LifeLine

BAD = frozenset({"denied", "rejected", "unknown", "amend refused", "cancel refused"})
GOOD = frozenset({"filled", "accepted"})
WORD_WIDTH = 14
TEXT_MIN = 12
CLOCK_FROM = 54
"""Inner width from which the time of day stands beside the ms."""


class Told(NamedTuple):
    """A row of the panel."""

    key: str
    ms: str
    clock: str
    word: str
    text: str
    style: str


class LifePanel(ListPanel[Told]):
    """The order that was asked for with `enter`."""

    @override
    def heading(self) -> str:
        wanted, life = self.view.lookups.life_of, self.view.lookups.life
        if wanted is None:
            return "Life"
        name = f"Life of {short_id(wanted)}"
        if life is None or life.order.client_order_id != wanted:
            return name
        return f"{name}  {order_title(life.order)}"

    @override
    def footing(self) -> str:
        life = self.view.lookups.life
        return (
            "only the first part: the journal is long"
            if life is not None and not life.complete
            else ""
        )

    @override
    def items(self) -> Sequence[Told]:
        lookups = self.view.lookups
        life = lookups.life
        if life is None or lookups.life_of != life.order.client_order_id:
            return ()
        told = [
            *(self._step(index, line) for index, line in enumerate(life.lines)),
            *(_relative(life.order, other) for other in life.related),
        ]
        width = self.content_size.width - 1
        room = max(TEXT_MIN, width - 10 - (10 if width >= CLOCK_FROM else 0) - WORD_WIDTH)
        return [part for one in told for part in _wrapped(one, room)]

    @override
    def key_of(self, item: Told) -> str:
        return item.key

    @override
    def empty_words(self) -> Sequence[str]:
        lookups = self.view.lookups
        if lookups.life_of is None:
            return ("enter on an order tells its life:", "why, then every step with ms.")
        return (lookups.problem or "asking the journal",)

    @override
    def header(self, width: int) -> Row | None:
        clock = (left(" time", 10, "title"),) if width >= CLOCK_FROM else ()
        return (right("ms", 10, "title"), *clock, left("  what", max(0, width - 10), "title"))

    @override
    def line(self, item: Told, width: int) -> Row:
        cells = [right(item.ms, 10, "muted")]
        if width >= CLOCK_FROM:
            cells.append(left(f" {item.clock}", 10, "muted"))
        used = sum(len(cell.text) for cell in cells)
        word = f"  {item.word} "
        return (
            *cells,
            Cell(word[: max(0, width - used)].ljust(WORD_WIDTH), item.style),
            Cell(fit(item.text, max(0, width - used - WORD_WIDTH))),
        )

    def _step(self, index: int, line: LifeLine) -> Told:
        ms = "?" if line.since_ms is None else ms_text(line.since_ms)
        clock = "" if line.at is None else clock_text(iso_ns(line.at), self.view.zone)
        style = "fault" if line.word in BAD else "ok" if line.word in GOOD else "strong"
        return Told(f"{index}", ms, clock, line.word, plain(line.text), style)


def _wrapped(told: Told, room: int) -> list[Told]:
    """Return a row, and rows below it for what of its text does not fit: a reason is read whole."""
    parts = wrap(told.text, room) or [""]
    more = [
        Told(f"{told.key}.{index}", "", "", "", part, told.style)
        for index, part in enumerate(parts[1:], start=1)
    ]
    return [told._replace(text=parts[0]), *more]


def ms_text(ms: float) -> str:
    """Return ms since the intent in at most ten cells: `+0.4`, `+812`, `+64.2 s`, `+3 h`."""
    if ms < 100:  # noqa: PLR2004  (below, a tenth of a millisecond matters)
        return f"+{ms:.1f}"
    seconds = ms / 1000
    if seconds < 10:  # noqa: PLR2004  (above, seconds are read faster)
        return f"+{ms:,.0f}"
    if seconds < 600:  # noqa: PLR2004  (ten minutes)
        return f"+{seconds:.1f} s"
    return f"+{seconds / 60:.0f} min" if seconds < 36_000 else f"+{seconds / 3600:.0f} h"  # noqa: PLR2004  (ten hours)


def order_title(order: OrderFacts) -> str:
    """Return an order in one line: its terms, where it lives, what became of it."""
    price = order.limit_price or order.trigger_price
    at = "" if price is None else f" @ {grouped(price)}"
    words = f"{order.side.upper()} {trimmed(order.quantity, 2)} {plain(symbol_of(order.instrument))}{at}"
    return f"{words} at {order.lives_at}, {order.state.replace('_', ' ')}"


def _relative(order: OrderFacts, other: OrderFacts) -> Told:
    """Return what another order is to this one."""
    if other.client_order_id == order.parent:
        word = "entry"
    elif other.client_order_id == order.replaces or other.replaces == order.client_order_id:
        word = "was" if other.client_order_id == order.replaces else "became"
    else:
        word = other.role.replace("_", " ") or "linked"
    price = other.trigger_price or other.limit_price
    at = "" if price is None else f" @ {grouped(price)}"
    state, _ = state_of(other)
    name = f"{short_id(other.client_order_id)} at {other.lives_at}"
    text = f"{name}: {other.side.upper()} {trimmed(other.quantity, 2)}{at}, {state}"
    return Told(other.client_order_id, "bracket", "", word, text, "warn")
