"""Words to look for: the list beneath narrows while they are typed."""

from collections.abc import Callable, Sequence
from typing import override

from textual import events

from tradebot.console.clock import Clock
from tradebot.console.rows import Cell, Row
from tradebot.console.screens.overlays.base import Overlay

CHARS_MAX = 60


class Find(Overlay[str]):
    """Ask for words; dismissed with them (empty: all), or None: as before.

    Args:
        clock: For the dead time.
        words: What is looked for now.
        typed: Told the words after every key.
    """

    TITLE_WORDS = "Filter"

    def __init__(self, clock: Clock, words: str, typed: Callable[[str], None]) -> None:
        super().__init__(clock)
        self.text = words
        self._typed = typed

    @override
    def rows(self, width: int) -> Sequence[Row]:
        room = max(8, width - 10)
        shown = f"{self.text}_"[-room:]
        return [
            (Cell(" words   ", "muted"), Cell(shown.ljust(room), "field")),
            (
                Cell(" enter ", "warn"),
                Cell("keep   "),
                Cell(" ctrl+l ", "warn"),
                Cell("clear   "),
                Cell(" esc ", "warn"),
                Cell("as before"),
            ),
        ]

    @override
    async def on_key(self, event: events.Key) -> None:
        """Type, once the dead time is over; all other keys go to the base class's handler."""
        if self.awake and event.is_printable and event.character is not None:
            event.stop()
            event.prevent_default()
            self._put(self.text + event.character)

    @override
    async def press(self, key: str) -> None:
        if key == "backspace":
            self._put(self.text[:-1])
        elif key == "ctrl+l":
            self._put("")
        elif key == "enter":
            self.dismiss(self.text.strip())

    @override
    def on_paste(self, event: events.Paste) -> None:
        """Take pasted words as words."""
        event.stop()
        if self.awake:
            self._put(self.text + " ".join(event.text.split()))

    def _put(self, words: str) -> None:
        self.text = words[:CHARS_MAX]
        self._typed(self.text)
        self.redraw()
