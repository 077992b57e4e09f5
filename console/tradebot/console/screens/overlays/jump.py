"""Jump: one letter, one panel."""

from collections.abc import Sequence
from typing import override

from tradebot.console.clock import Clock
from tradebot.console.rows import Cell, Row
from tradebot.console.screens.overlays.base import Overlay

LETTERS: dict[str, str] = {
    "l": "ladder",
    "q": "quote",
    "c": "candles",
    "t": "tape",
    "r": "risk",
    "p": "positions",
    "w": "working",
    "f": "fills",
    "a": "watch",
    "s": "sleeves",
    "k": "ticket",
}
"""Letter to panel; panels that are not on the screen are shown quiet and not taken."""


class Jump(Overlay[str]):
    """Ask for a letter; dismissed with the panel's id.

    Args:
        clock: For the base class; there is no dead time here, nothing is at stake.
        shown: Panels on the screen.
    """

    TITLE_WORDS = "Jump"

    def __init__(self, clock: Clock, shown: frozenset[str]) -> None:
        super().__init__(clock)
        self._shown = shown

    @property
    @override
    def awake(self) -> bool:
        """Always: a jump sends nothing."""
        return True

    @override
    def rows(self, width: int) -> Sequence[Row]:
        return [
            (
                Cell(f" {letter}  ", "warn" if panel in self._shown else "muted"),
                Cell(panel, "text" if panel in self._shown else "muted"),
            )
            for letter, panel in LETTERS.items()
        ]

    @override
    async def press(self, key: str) -> None:
        panel = LETTERS.get(key)
        self.dismiss(panel if panel in self._shown else None)
