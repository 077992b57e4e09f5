"""A question with a few answers, each one key."""

from collections.abc import Sequence
from typing import NamedTuple, override

from tradebot.console.clock import Clock
from tradebot.console.rows import Cell, Row, fit
from tradebot.console.screens.overlays.base import Overlay


class Answer(NamedTuple):
    """One way to answer."""

    key: str
    words: str


class Choice(Overlay[str]):
    """Ask; dismissed with the key of the answer, or None.

    Args:
        clock: For the dead time.
        title: The question's name.
        lines: What one must know to answer.
        answers: The keys.
    """

    KIND = "-danger"

    def __init__(
        self, clock: Clock, title: str, lines: Sequence[str], answers: Sequence[Answer]
    ) -> None:
        super().__init__(clock)
        self._title_words = title
        self._lines = lines
        self._answers = answers

    @override
    def heading(self) -> str:
        return self._title_words

    @override
    def rows(self, width: int) -> Sequence[Row]:
        rows: list[Row] = [(Cell(fit(f" {line}", width)),) for line in self._lines]
        rows.append(())
        answers = (*self._answers, Answer("esc", "go back, change nothing"))
        return [
            *rows,
            *((Cell(f" {a.key:>4} ", "warn"), Cell(fit(a.words, width - 6))) for a in answers),
        ]

    @override
    async def press(self, key: str) -> None:
        if any(answer.key == key for answer in self._answers):
            self.dismiss(key)
