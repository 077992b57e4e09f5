"""The watch list, as a panel and as a strip of one row."""

from collections.abc import Sequence
from typing import ClassVar, override

from tradebot.console.figures import direction, grouped, symbol_of, unsigned_zero
from tradebot.console.glyphs import Glyphs
from tradebot.console.rows import Cell, Row, cut, left, plain, right
from tradebot.console.screens.trade.panels.lists import ListPanel
from tradebot.console.widgets.panel import LivePanel
from tradebot.engine.control.messages import FeedState
from tradebot.engine.control.messages_frame import WatchView

TROUBLE: dict[FeedState, str] = {
    "up": "",
    "stale": "stale",
    "down": "down",
    "resync": "resync",
    "ended": "ended",
    "closed": "closed",
}
"""What the last column says instead of the change when the feed is not well."""


class WatchPanel(ListPanel[WatchView]):
    """Every symbol of the engine; enter shows it."""

    NOTHING: ClassVar[Sequence[str]] = ("No symbols: the feed sent none.", "8 shows the feeds.")
    OF_MARKET: ClassVar[bool] = False

    @override
    def items(self) -> Sequence[WatchView]:
        return () if self.view.frame is None else self.view.frame.watch

    @override
    def key_of(self, item: WatchView) -> str:
        return item.instrument

    @override
    def heading(self) -> str:
        return "Watch"

    @override
    def footing(self) -> str:
        return "enter show"

    @override
    def header(self, width: int) -> Row | None:
        return (
            left("symbol", 9, "title"),
            right("last", max(9, width - 17), "title"),
            right("day", 8, "title"),
        )

    @override
    def line(self, item: WatchView, width: int) -> Row:
        frame = self.view.frame
        here = frame is not None and frame.instrument.id == item.instrument
        last = "-" if item.last is None else grouped(item.last)
        name = left(plain(symbol_of(item.instrument)), 9, "strong" if here else "text")
        price = right(last, max(9, width - 17))
        if TROUBLE[item.feed]:
            return (name, price, right(TROUBLE[item.feed], 8, "warn"))
        return (name, price, _change(item, 8, self.view.glyphs))


class WatchStrip(LivePanel):
    """The watch list in one row."""

    PERIOD_S: ClassVar[float] = 0.5

    @override
    def build(self, width: int, height: int) -> Sequence[Row]:
        frame, glyphs = self.view.frame, self.view.glyphs
        if frame is None:
            return [(Cell(" 1 Trade", "strong bar"),)]
        cells = [Cell(" watch ", "title bar")]
        for item in frame.watch:
            here = item.instrument == frame.instrument.id
            last = "-" if item.last is None else grouped(item.last)
            mark = glyphs.pointer if here else " "
            cells.append(
                Cell(
                    f" {mark}{plain(symbol_of(item.instrument))} ", "strong bar" if here else "bar"
                )
            )
            cells.append(Cell(f"{last} ", "bar"))
            word = TROUBLE[item.feed]
            change = Cell(f"{word} ", "warn bar") if word else _change(item, 0, glyphs, " bar")
            cells.append(change)
        hint = ", . symbol "
        return [(*cut(cells, width - len(hint)), *_tail(cells, width, hint))]


def _tail(cells: Sequence[Cell], width: int, hint: str) -> tuple[Cell, ...]:
    used = min(sum(len(cell.text) for cell in cells), width - len(hint))
    return (Cell(" " * (width - len(hint) - used), "bar"), Cell(hint, "muted bar"))


def _change(item: WatchView, width: int, glyphs: Glyphs, ground: str = "") -> Cell:
    sign = direction(item.change_percent)
    arrow = {1: glyphs.up, -1: glyphs.down, 0: " "}[sign]
    style = {1: "up", -1: "down", 0: "muted"}[sign]
    text = "" if item.change_percent is None else f"{arrow}{unsigned_zero(item.change_percent)}%"
    return right(text, width or len(text) + 1, f"{style}{ground}")
