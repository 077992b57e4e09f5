"""Changing an order: the figures it has, typed over; enter shows what would change, only `y` sends."""

import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import override

from textual import events

from tradebot.console.clock import Clock
from tradebot.console.figures import short_id, symbol_of, trimmed
from tradebot.console.rows import Cell, Row, fit, left, plain
from tradebot.console.screens.overlays.base import DEAD_TIME_S, Overlay
from tradebot.engine.control.messages_facts import OrderFacts
from tradebot.engine.control.messages_orders import AmendRequest

NAME_WIDTH = 14
DIGITS = frozenset("0123456789.")
DIGITS_MAX = 24


class Amend(Overlay[AmendRequest]):
    """Dismissed with the change, or None. Its request id is made when `y` becomes possible: two sends are one change.

    Args:
        clock: For the dead times.
        order: The order as it is.
    """

    KIND = "-danger"

    def __init__(self, clock: Clock, order: OrderFacts) -> None:
        super().__init__(clock)
        self._order = order
        open_left = Decimal(order.quantity) - Decimal(order.filled)
        known = {
            "quantity": trimmed(f"{open_left:f}"),
            "limit_price": order.limit_price,
            "trigger_price": None if order.trail is not None else order.trigger_price,
            "trail": order.trail,
        }
        self._before = {name: text for name, text in known.items() if text is not None}
        self.now = dict(self._before)
        self._at = 1 if len(self._before) > 1 else 0
        self._fresh = True
        self._asked: AmendRequest | None = None
        self._asked_s = 0.0

    @property
    def field(self) -> str:
        """The field under the cursor."""
        return list(self._before)[self._at]

    @override
    def heading(self) -> str:
        order = self._order
        name = plain(symbol_of(order.instrument))
        return f"AMEND {short_id(order.client_order_id)}  {order.side.upper()} {name} {order.type}"

    @override
    def rows(self, width: int) -> Sequence[Row]:
        rows: list[Row] = []
        for name, before in self._before.items():
            here = name == self.field and self._asked is None
            words = "still open" if name == "quantity" else name.replace("_", " ")
            shown = f"{self.now[name]}{'_' if here and not self._fresh else ''}"
            changed = f"  was {before}" if self.changed(name) else ""
            rows.append(
                (
                    left(f" {words}", NAME_WIDTH, "muted"),
                    Cell(shown.ljust(14), "field" if here else "strong"),
                    Cell(changed, "warn"),
                )
            )
        if self._order.reduce_only:
            where = f" it protects the position and lives at the {self._order.lives_at}"
            rows.append((Cell(fit(where, width), "warn"),))
        return [*rows, (), *self._ending(width)]

    def _ending(self, width: int) -> Sequence[Row]:
        if self._asked is not None:
            style = "warn" if self._ripe() else "muted"
            return [
                (
                    Cell("     y ", style),
                    Cell("send this change; the risk gate looks at it", "strong"),
                ),
                (Cell("   esc ", "warn"), Cell("go back, send nothing")),
            ]
        trouble = self.trouble()
        return [
            (
                Cell(" enter ", "muted" if trouble else "warn"),
                Cell(fit(trouble or "review the change", width - 7)),
            ),
            (Cell("   tab ", "warn"), Cell("next field; digits type over it")),
            (Cell("   esc ", "warn"), Cell("go back, change nothing")),
        ]

    def changed(self, name: str) -> bool:
        """Return whether a field has another value than the order."""
        text = self.now[name]
        return not _is_figure(text) or Decimal(text) != Decimal(self._before[name])

    def trouble(self) -> str | None:
        """Return why there is nothing to review yet, None where there is."""
        for name, text in self.now.items():
            if not _is_figure(text):
                return f"{name.replace('_', ' ')} must be a figure above 0"
        return None if any(map(self.changed, self.now)) else "nothing is changed yet"

    @override
    async def on_key(self, event: events.Key) -> None:
        """Escape leaves the review of the change first; the base class's handler does the rest."""
        if event.key == "escape" and self._asked is not None:
            event.stop()
            event.prevent_default()
            self._asked = None
            self.redraw()

    @override
    async def press(self, key: str) -> None:
        if self._asked is not None:
            if key == "y" and self._ripe():
                self.dismiss(self._asked)
            return
        character = "." if key == "full_stop" else key
        if character in DIGITS:
            kept = "" if self._fresh else self.now[self.field]
            self.now[self.field] = (kept + character)[:DIGITS_MAX]
            self._fresh = False
        elif key == "backspace":
            self.now[self.field] = self.now[self.field][:-1]
            self._fresh = False
        elif key in ("tab", "shift+tab", "up", "down"):
            by = 1 if key in ("tab", "down") else -1
            self._at, self._fresh = (self._at + by) % len(self._before), True
        elif key == "enter" and self.trouble() is None:
            self._ask()
        self.redraw()

    def _ask(self) -> None:
        changes = {n: Decimal(t) for n, t in self.now.items() if self.changed(n)}
        self._asked = AmendRequest(request_id=f"c-{uuid.uuid4().hex}", **changes)
        self._asked_s = self._clock.monotonic_s()
        self.set_timer(DEAD_TIME_S, self.redraw)

    def _ripe(self) -> bool:
        return self._clock.monotonic_s() - self._asked_s >= DEAD_TIME_S


def _is_figure(text: str) -> bool:
    digits = text.replace(".", "", 1)
    return digits.isascii() and digits.isdigit() and Decimal(text) > 0
