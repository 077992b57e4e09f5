"""All keys, from the one table."""

from typing import ClassVar, override

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen

from tradebot.console.keys import KEYS, TICKET_HELP
from tradebot.console.rows import Cell, Row, left
from tradebot.console.screens.overlays.base import Sheet

KEY_WIDTH = 18
GROUPS = {
    "safety": "Stop",
    "screens": "Screens",
    "house": "House",
    "orders": "Orders",
    "reconcile": "Reconcile (a tab of Orders)",
    "risk": "Risk",
    "size": "Size",
    "lab": "Lab",
    "market": "Market",
    "sandbox": "In the sandbox that this console started",
    "always": "Always",
}
"""Headings, the most urgent first."""


class Help(ModalScreen[None]):
    """The list of keys; any of esc, q, ?, F1 closes it."""

    BINDINGS: ClassVar[list[Binding]] = [
        Binding("escape,q,f1,question_mark", "dismiss(None)", "close", show=False, id="help.close")
    ]

    @override
    def compose(self) -> ComposeResult:
        sheet = Sheet(id="sheet")
        with VerticalScroll(classes="sheet tall") as scroll:
            scroll.border_title = "Keys"
            scroll.border_subtitle = "up down scroll, esc closes"
            yield sheet

    def on_mount(self) -> None:
        """Fill the sheet."""
        self.query_one(Sheet).put(help_rows())
        self.query_one(VerticalScroll).focus()


def help_rows() -> list[Row]:
    """Return every key with what it does, by group, then those of the open ticket."""
    rows: list[Row] = []
    for group, name in GROUPS.items():
        rows.append((Cell(f" {name}", "strong"),))
        rows += [_row(key.shown, key.help) for key in KEYS if key.group == group]
        rows.append(())
    rows.append((Cell(" In the open ticket", "strong"),))
    return [*rows, *(_row(shown, words) for shown, words in TICKET_HELP)]


def _row(shown: str, words: str) -> Row:
    return (left(f"  {shown}", KEY_WIDTH, "warn"), Cell(words))
