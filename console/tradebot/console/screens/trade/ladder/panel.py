"""The ladder's widget: keeps the axis locked, the cursor where the trader put it, and each painted row's price."""

from collections.abc import Sequence
from typing import ClassVar, override

from textual import events
from textual.message import Message

from tradebot.console.figures import age_text, grouped, symbol_of, trimmed, units
from tradebot.console.rows import Row, plain
from tradebot.console.screens.trade.ladder.axis import (
    Axis,
    centred,
    resized,
    wants_recentre,
)
from tradebot.console.screens.trade.ladder.depth import Depth, depth_of
from tradebot.console.screens.trade.ladder.drawing import (
    HEADER_ROWS,
    Marks,
    blank,
    draw,
    price_rows,
)
from tradebot.console.view import View
from tradebot.console.widgets.panel import LivePanel
from tradebot.engine.control.messages_facts import OrderFacts
from tradebot.engine.control.messages_frame import Frame

CLICK_AFTER_RECENTRE_S = 0.5
"""A click this soon after the rows moved was aimed at another price."""

LATE_S = 3.0
"""A first frame that takes longer wants an explanation."""


class LadderPanel(LivePanel, can_focus=True):
    """Prices around the market, one step a row."""

    PERIOD_S: ClassVar[float] = 1 / 30
    OF_MARKET: ClassVar[bool] = True

    class Refused(Message):
        """A click that was not taken, and why."""

        def __init__(self, reason: str) -> None:
            super().__init__()
            self.reason = reason

    def __init__(self, view: View, *, id: str = "ladder") -> None:  # noqa: A002  (Textual's own name)
        super().__init__(view, id=id)
        self._axis: Axis | None = None
        self._depth: Depth | None = None
        self._grid: tuple[str, int] | None = None
        """Instrument and step the axis belongs to."""
        self._cursor_units: int | None = None
        self._touched_s = float("-inf")
        self._recentred_s = float("-inf")
        self._sizes: dict[tuple[str, int], object] = {}

    # -- what others ask

    @property
    def cursor_price(self) -> str | None:
        """The price under the cursor as a decimal string, None without a cursor."""
        depth = self._depth
        if depth is None or self._cursor_units is None:
            return None
        return depth.price_text(depth.step_of(self._cursor_units))

    def order_at_cursor(self) -> OrderFacts | None:
        """Return the first own order whose price is in the cursor's row."""
        frame, depth = self.view.frame, self._depth
        if frame is None or depth is None or self._cursor_units is None:
            return None
        step = depth.step_of(self._cursor_units)
        for order in frame.working:
            if order.instrument != frame.instrument.id or order.limit_price is None:
                continue
            price_units = units(order.limit_price, depth.price_decimals)
            if depth.step_of(price_units, up=order.side == "sell") == step:
                return order
        return None

    def step_at_row(self, y: int) -> int | None:
        """Return the step painted in content line `y`, None where there is no price."""
        axis = self._axis
        inside = axis is not None and HEADER_ROWS <= y < HEADER_ROWS + axis.height
        return axis.step_at(y - HEADER_ROWS) if axis is not None and inside else None

    # -- what the trader does

    def move(self, rows: int) -> None:
        """Move the cursor down by rows (up if negative); the axis follows only off its edge."""
        depth, axis = self._depth, self._axis
        if depth is None or axis is None:
            return
        self.touched()
        if self._cursor_units is None:
            start = (
                depth.touch.bid if depth.touch.bid is not None else axis.step_at(axis.height // 2)
            )
            step = start
        else:
            step = max(0, depth.step_of(self._cursor_units) - rows)
        self._cursor_units = step * depth.step_units
        self._axis = axis.scrolled_to(step)
        self.rebuild()
        self.retitle()

    def centre(self) -> None:
        """Centre on the market now."""
        if self._depth is not None and self._axis is not None:
            self._axis = centred(self._depth.touch, self._axis.height) or self._axis
            self._recentred_s = self.view.clock.monotonic_s()
            self.rebuild()

    def clear_cursor(self) -> None:
        """Take the cursor off: another instrument."""
        self._cursor_units = None

    def touched(self) -> None:
        """Note a key or mouse event: rows stay where they are for a while."""
        self._touched_s = self.view.clock.monotonic_s()

    def on_mouse_move(self) -> None:
        """Keep the rows still under the pointer."""
        self.touched()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the click was aimed, by the rows as they were painted; nothing else."""
        now_s = self.view.clock.monotonic_s()
        offset = event.get_content_offset(self)
        if offset is None:
            return
        self.touched()
        if self.struck():
            self.post_message(self.Refused("click not taken: the ladder is stale"))
        elif now_s - self._recentred_s < CLICK_AFTER_RECENTRE_S:
            self.post_message(self.Refused("click not taken: the ladder moved less than 0.5 s ago"))
        else:
            self._put_cursor(self.step_at_row(offset.y))

    def on_mouse_scroll_up(self) -> None:
        """Scroll towards higher prices."""
        self._scroll(3)

    def on_mouse_scroll_down(self) -> None:
        """Scroll towards lower prices."""
        self._scroll(-3)

    def _put_cursor(self, step: int | None) -> None:
        if step is not None and self._depth is not None:
            self._cursor_units = step * self._depth.step_units
            self.rebuild()
            self.retitle()

    def _scroll(self, steps: int) -> None:
        if self._axis is not None:
            self.touched()
            self._axis = Axis(self._axis.top + steps, self._axis.height)
            self.rebuild()

    # -- what it shows

    @override
    def build(self, width: int, height: int) -> Sequence[Row]:
        frame, condition = self.view.frame, self.view.condition
        if frame is None:
            return blank(_waiting_words(self.view), height, width)
        if condition.kind == "resync":
            return blank(["RESYNC", "the book is being rebuilt after a gap"], height, width)
        depth = depth_of(frame)
        self._depth = depth
        axis = self._settle(frame, depth, price_rows(height))
        if axis is None:
            name = symbol_of(frame.instrument.id)
            return blank(
                [f"no book for {name} yet", "the feed has sent no bids and no asks: 8 shows it"],
                height,
                width,
            )
        return draw(depth, frame.book, axis, self._marks(depth), width, self.view.glyphs)

    @override
    def heading(self) -> str:
        frame, glyphs = self.view.frame, self.view.glyphs
        if frame is None:
            return "Ladder"
        step = trimmed(frame.book.step, frame.instrument.price_decimals)
        words = [symbol_of(frame.instrument.id), f"step {grouped(step)}"]
        age = self.view.condition.feed_age_s
        if self.view.condition.trusted and age is not None:
            words.append(f"{glyphs.live} {age_text(age)}")
        return f" {glyphs.dot} ".join(words)

    @override
    def footing(self) -> str:
        order = self.order_at_cursor()
        if order is not None:
            return f"x cancel {order.client_order_id[-4:]}"
        return f"c centre {self.view.glyphs.dot} locked"

    def _settle(self, frame: Frame, depth: Depth, height: int) -> Axis | None:
        """Return the axis to paint: kept, resized, or centred where there was none or nobody looks."""
        grid = (frame.instrument.id, depth.step_units)
        now_s = self.view.clock.monotonic_s()
        if self._axis is None or grid != self._grid:
            self._axis, self._grid, self._recentred_s = centred(depth.touch, height), grid, now_s
        elif self._axis.height != height:
            self._axis = resized(self._axis, height)
        elif not self.view.frozen and wants_recentre(
            self._axis, depth.touch, now_s - self._touched_s
        ):
            self._axis, self._recentred_s = centred(depth.touch, height), now_s
        return self._axis

    def _marks(self, depth: Depth) -> Marks:
        cursor = None if self._cursor_units is None else depth.step_of(self._cursor_units)
        sizes: dict[tuple[str, int], object] = {
            ("bid", step): size for step, size in depth.bids.items()
        }
        sizes |= {("ask", step): size for step, size in depth.asks.items()}
        changed = frozenset(
            key for key, size in sizes.items() if self._sizes.get(key, size) != size
        )
        self._sizes = sizes
        return Marks(cursor, self.has_focus, changed)


def _waiting_words(view: View) -> list[str]:
    """Return what stands in the ladder before the first frame: who is waited for, and why once it is late."""
    silence_s = view.condition.silence_s
    words = [f"waiting for the engine  {silence_s:.1f} s"]
    if view.address:
        words.append(f"at {plain(view.address)}")
    if silence_s > LATE_S and view.link_problem is not None:
        words.append(plain(view.link_problem))
    return words
