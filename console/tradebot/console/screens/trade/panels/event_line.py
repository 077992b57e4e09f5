"""The row above the footer: the last thing that happened, always."""

from collections.abc import Sequence
from typing import ClassVar, override

from tradebot.console.figures import clock_text
from tradebot.console.rows import Cell, Row, fit, plain
from tradebot.console.widgets.panel import LivePanel


class EventLine(LivePanel):
    """Newest line of the history, and how many there are."""

    PERIOD_S: ClassVar[float] = 0.1

    @override
    def struck(self) -> bool:
        """Return False: what happened, happened."""
        return False

    @override
    def build(self, width: int, height: int) -> Sequence[Row]:
        history, glyphs = self.view.history, self.view.glyphs
        if not history:
            return [(Cell(" nothing has happened yet"[:width].ljust(width), "muted bar"),)]
        last = history[-1]
        mark, style = {
            "info": (glyphs.ok, "ok bar"),
            "warn": (glyphs.gone, "warn bar"),
            "error": (glyphs.refused, "fault bar"),
        }[last.level]
        tail = f"  {len(history)} events  v open "
        start = f" {clock_text(last.ts, self.view.zone)} "
        room = max(0, width - len(tail) - len(start) - 2)
        text = fit(plain(last.text), room).ljust(room)
        return [
            (
                Cell(f" {mark}", style),
                Cell(start, "muted bar"),
                Cell(text, "bar" if last.level == "info" else style),
                Cell(tail, "muted bar"),
            )
        ]
