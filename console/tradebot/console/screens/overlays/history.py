"""The event history: everything that was said, newest first."""

from datetime import tzinfo
from typing import ClassVar, override

from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import ModalScreen

from tradebot.console.figures import clock_text
from tradebot.console.rows import Cell, Row, fit, plain
from tradebot.console.view import HistoryLine, View
from tradebot.console.widgets.line import LineWidget

STYLES = {"info": "text", "warn": "warn", "error": "fault"}


class HistoryList(LineWidget, can_focus=True):
    """A window over the history; only the visible lines are ever formatted."""


class History(ModalScreen[None]):
    """All events so far.

    Args:
        view: For its history.
    """

    BINDINGS: ClassVar[list[Binding]] = [
        Binding("escape,q,v", "dismiss(None)", "close", show=False, id="history.close"),
        Binding("down,j", "scroll(1)", "down", show=False, id="history.down"),
        Binding("up,k", "scroll(-1)", "up", show=False, id="history.up"),
        Binding("pagedown,ctrl+d", "scroll(20)", "page down", show=False, id="history.page-down"),
        Binding("pageup,ctrl+u", "scroll(-20)", "page up", show=False, id="history.page-up"),
    ]

    def __init__(self, view: View) -> None:
        super().__init__()
        self._view = view
        self._first = 0

    @override
    def compose(self) -> ComposeResult:
        lines = HistoryList(id="sheet")
        lines.add_class("sheet", "tall")
        lines.border_title = "Events"
        lines.border_subtitle = "up down scroll, esc closes"
        yield lines

    def on_mount(self) -> None:
        """Fill the list once its size is known, and keep it current."""
        self.query_one(HistoryList).focus()
        self.call_after_refresh(self.redraw)
        self.set_interval(0.5, self.redraw)

    def on_resize(self) -> None:
        """Lay out for another size."""
        self.call_after_refresh(self.redraw)

    def action_scroll(self, by: int) -> None:
        """Move the window."""
        self._first = min(max(0, self._first + by), max(0, len(self._view.history) - 1))
        self.redraw()

    def redraw(self) -> None:
        """Show the window."""
        lines = self.query_one(HistoryList)
        width, height = lines.content_size
        history = self._view.history
        shown = [
            history[-1 - i] for i in range(self._first, min(self._first + height, len(history)))
        ]
        empty: list[Row] = [
            (
                Cell(
                    " nothing has happened yet: orders, fills and troubles will stand here; esc closes",
                    "muted",
                ),
            )
        ]
        lines.show_rows([history_row(line, width, self._view.zone) for line in shown] or empty)


def history_row(line: HistoryLine, width: int, zone: tzinfo) -> Row:
    """Return a line of the history."""
    return (
        Cell(f" {clock_text(line.ts, zone)}  ", "muted"),
        Cell(fit(plain(line.text), max(0, width - 11)), STYLES[line.level]),
    )
