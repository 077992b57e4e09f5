"""The newest lines of what happened: alerts, refusals, fills."""

from collections.abc import Sequence
from typing import ClassVar, override

from tradebot.console.rows import Row
from tradebot.console.screens.overlays.history import history_row
from tradebot.console.screens.trade.panels.lists import ListPanel
from tradebot.console.view import HistoryLine

SHOWN_MAX = 500


class LogPanel(ListPanel[HistoryLine]):
    """The history, newest first."""

    NOTHING: ClassVar[Sequence[str]] = (
        "Nothing has happened yet.",
        "What the engine says stands here; v shows all of it.",
    )
    NEWEST_FIRST: ClassVar[bool] = True

    @override
    def items(self) -> Sequence[HistoryLine]:
        history = self.view.history
        return [history[-1 - index] for index in range(min(SHOWN_MAX, len(history)))]

    @override
    def key_of(self, item: HistoryLine) -> str:
        return f"{item.ts} {item.text}"

    @override
    def heading(self) -> str:
        return f"Log {self.view.glyphs.dot} newest first"

    @override
    def footing(self) -> str:
        return f"{len(self.view.history)} {self.view.glyphs.dot} v all"

    @override
    def header(self, width: int) -> Row | None:
        return None

    @override
    def line(self, item: HistoryLine, width: int) -> Row:
        return history_row(item, width, self.view.zone)
