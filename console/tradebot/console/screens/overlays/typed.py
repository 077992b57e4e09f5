"""A question answered in words: typed, then enter; nothing is sent without them."""

from collections.abc import Sequence
from typing import override

from textual import events

from tradebot.console.clock import Clock
from tradebot.console.rows import Cell, Row, fit, plain
from tradebot.console.screens.overlays.base import Overlay

CHARS_MAX = 200


class Typed(Overlay[str]):
    """Ask for a reason, or for the very words that confirm; dismissed with the words, stripped, never empty, or None.

    Args:
        clock: For the dead time.
        title: The question's name.
        lines: What one must know to answer.
        does: What enter does, in words.
        field: What is typed, one word.
        wanted: The only words that are taken; None: any.
    """

    KIND = "-danger"

    def __init__(
        self,
        clock: Clock,
        title: str,
        lines: Sequence[str],
        does: str,
        *,
        field: str = "reason",
        wanted: str | None = None,
    ) -> None:
        super().__init__(clock)
        self._field = field
        self._wanted = wanted
        self._title_words = title
        self._lines = lines
        self._does = does
        self.text = ""

    @override
    def heading(self) -> str:
        return self._title_words

    @override
    def rows(self, width: int) -> Sequence[Row]:
        rows: list[Row] = [(Cell(fit(f" {plain(line)}", width)),) for line in self._lines]
        room = max(8, width - 12)
        shown = f"{self.text}_"[-room:]
        style = "warn" if self._complete() else "muted"
        return [
            *rows,
            (),
            (Cell(f"  {self._field:<7} ", "muted"), Cell(shown.ljust(room), "field")),
            (),
            (Cell(" enter ", style), Cell(fit(self._does, width - 7))),
            (Cell("   esc ", "warn"), Cell("go back, change nothing")),
        ]

    @override
    async def on_key(self, event: events.Key) -> None:
        """Type, once the dead time is over; the toolkit hands all other keys on to the base class's handler."""
        if self.awake and event.is_printable and event.character is not None:
            event.stop()
            event.prevent_default()
            self._put(event.character)

    @override
    async def press(self, key: str) -> None:
        if key == "backspace":
            self.text = self.text[:-1]
            self.redraw()
        elif key == "enter" and self._complete():
            self.dismiss(self.text.strip())

    @override
    def on_paste(self, event: events.Paste) -> None:
        """Take pasted words as words; a pasted line end is no enter."""
        event.stop()
        if self.awake:
            self._put(" ".join(event.text.split()))

    def _complete(self) -> bool:
        typed = self.text.strip()
        return bool(typed) if self._wanted is None else typed == self._wanted

    def _put(self, words: str) -> None:
        self.text = (self.text + words)[:CHARS_MAX]
        self.redraw()
