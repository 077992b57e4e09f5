"""The kill overlay: what stops what, in one table, and the two keys."""

from collections.abc import Sequence
from typing import Literal, override

from tradebot.console.clock import Clock
from tradebot.console.rows import Cell, Row, fit, left
from tradebot.console.screens.overlays.base import Overlay

type KillChoice = Literal["kill", "flatten"]

TABLE: tuple[tuple[str, str, str, str, str, str], ...] = (
    ("word", "new risk", "exits, stops", "adds risk", "protects", "positions"),
    ("halt REASON", "no", "yes", "cancelled", "stay", "stay"),
    ("kill", "no", "protective", "cancelled", "stay", "stay"),
    ("flatten all", "no", "", "cancelled", "replaced", "closed"),
    ("quit (q)", "as before", "as before", "stay", "stay", "stay"),
)
"""Who stops what, shortened; the full table is a page of the manual."""
WIDTHS = (13, 11, 13, 11, 10, 10)


class KillOverlay(Overlay[KillChoice]):
    """`k` kills, `f` then `y` flattens everything, escape does nothing.

    Args:
        clock: For the dead time.
        facts: One line about what is open now.
        refused: Why this console may not send, None if it may.
    """

    KIND = "-fault"
    TITLE_WORDS = "STOP: what stops what"

    def __init__(self, clock: Clock, facts: str, refused: str | None) -> None:
        super().__init__(clock)
        self._facts = facts
        self._refused = refused
        self._asking = False

    @override
    def rows(self, width: int) -> Sequence[Row]:
        rows: list[Row] = [(Cell(fit(f" {self._facts}", width), "strong"),), ()]
        for index, line in enumerate(TABLE):
            style = "title" if index == 0 else "text"
            cells = [left(f" {text}", w, style) for text, w in zip(line, WIDTHS, strict=True)]
            rows.append(tuple(cells))
        rows.append(())
        return [*rows, *self._keys(width)]

    def _keys(self, width: int) -> Sequence[Row]:
        if self._refused is not None:
            return [
                (Cell(fit(f" {self._refused}", width), "fault"),),
                _answer("esc", "go back", width),
            ]
        if self._asking:
            return [
                (
                    Cell(
                        fit(" Close EVERY position at the market, in every account?", width),
                        "fault",
                    ),
                ),
                _answer("y", "yes, flatten everything", width),
                _answer("esc", "go back, change nothing", width),
            ]
        return [
            _answer(
                "k",
                "kill: HALTED, keeps what protects (also: F9 again)",
                width,
            ),
            _answer("f", "flatten everything: closes all positions, asks y", width),
            _answer("esc", "go back, change nothing", width),
        ]

    @override
    async def press(self, key: str) -> None:
        if self._refused is not None:
            return
        if self._asking:
            if key == "y":
                self.dismiss("flatten")
        elif key == "k":
            self.dismiss("kill")
        elif key == "f":
            self._asking = True
            self.redraw()

    def again(self) -> None:
        """F9 was pressed again: kill, once the dead time is over (a held key repeats)."""
        if self.awake and self._refused is None and not self._asking:
            self.dismiss("kill")


def _answer(key: str, words: str, width: int) -> Row:
    return (Cell(f" {key:>4} ", "warn"), Cell(fit(words, width - 6)))
