"""The row above the footer: the last thing that happened, always; in a first sandbox the coach's words."""

from collections.abc import Sequence
from typing import ClassVar, override

from tradebot.console.figures import clock_text
from tradebot.console.rows import Cell, Row, fit, plain
from tradebot.console.sandbox.progress import STEPS
from tradebot.console.view import Hint
from tradebot.console.widgets.panel import LivePanel

ALARM_NS = 5 * 10**9
"""What went wrong stands before the coach's words for this long."""


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
        coach = self.view.coach
        if coach is not None and coach.text and not self._alarmed():
            return [_coached(coach, width)]
        if not history:
            words = " nothing has happened yet: what does stands here, and v shows all of it"
            return [(Cell(fit(words, width).ljust(width), "muted bar"),)]
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

    def _alarmed(self) -> bool:
        """Return whether something has just gone wrong."""
        frame, history = self.view.newest, self.view.history
        if frame is None or not history or history[-1].level == "info":
            return False
        return frame.now - history[-1].ts < ALARM_NS


def _coached(coach: Hint, width: int) -> Row:
    """Return the coach's words with where they stand, and how to go on or be rid of them."""
    head = f" coach {coach.step}/{STEPS} " if coach.step <= STEPS else " coach "
    tail = "  n next  N away "
    room = max(0, width - len(head) - len(tail) - 1)
    return (
        Cell(head, "badge"),
        Cell(f" {fit(coach.text, room)}".ljust(room + 1), "strong bar"),
        Cell(tail, "muted bar"),
    )
