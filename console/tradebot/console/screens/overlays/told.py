"""Something told in full: rows on a sheet, closed by the keys that one would try."""

from collections.abc import Callable, Sequence
from typing import override

from tradebot.console.clock import Clock
from tradebot.console.rows import Cell, Row
from tradebot.console.screens.overlays.base import Overlay

CLOSES = frozenset({"enter", "q", "space"})


class Told(Overlay[None]):
    """Show; nothing is asked.

    Args:
        clock: For the dead time.
        title: What it is about.
        told: Makes the rows for a width in cells.
    """

    def __init__(self, clock: Clock, title: str, told: Callable[[int], Sequence[Row]]) -> None:
        super().__init__(clock)
        self._title_words = title
        self._told = told

    @override
    def heading(self) -> str:
        return self._title_words

    @override
    def rows(self, width: int) -> Sequence[Row]:
        return [*self._told(width), (), (Cell("   esc ", "warn"), Cell("go back"))]

    @override
    async def press(self, key: str) -> None:
        if key in CLOSES:
            self.dismiss(None)
