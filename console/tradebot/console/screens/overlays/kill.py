"""The kill overlay: what stops what, in one table, and the two keys."""

from collections.abc import Sequence
from typing import Literal, override

from tradebot.console.clock import Clock
from tradebot.console.figures import symbol_of
from tradebot.console.rows import Cell, Row, fit, left, plain
from tradebot.console.screens.overlays.base import Overlay
from tradebot.engine.control.messages_facts import PositionFacts

type KillChoice = Literal["kill", "flatten"]

TABLE: tuple[tuple[str, str, str, str, str, str], ...] = (
    ("word", "new risk", "exits, stops", "adds risk", "protects", "positions"),
    ("halt REASON", "no", "yes", "cancelled", "stay", "stay"),
    ("kill", "no", "protective", "cancelled", "stay", "stay"),
    ("flatten all", "no", "", "cancelled", "replaced", "closed"),
    ("stop", "no", "at the broker", "stay", "stay", "stay"),
    ("quit (q)", "as before", "as before", "stay", "stay", "stay"),
)
"""Who stops what, shortened; the full table is a page of the manual."""
WIDTHS = (13, 11, 15, 11, 10, 10)

BARE_ROWS = 4
"""Most positions named that `stop` would leave without a stop; the rest are counted."""


class KillOverlay(Overlay[KillChoice]):
    """`k` kills, `f` then `y` flattens everything, escape does nothing.

    Args:
        clock: For the dead time.
        facts: One line about what is open now.
        bare: The positions that no stop would cover if the engine ended, a text each.
        refused: Why this console may not send, None if it may.
    """

    KIND = "-fault"
    TITLE_WORDS = "STOP: what stops what"

    def __init__(self, clock: Clock, facts: str, bare: Sequence[str], refused: str | None) -> None:
        super().__init__(clock)
        self._facts = facts
        self._bare = bare
        self._refused = refused
        self._asking = False

    @override
    def rows(self, width: int) -> Sequence[Row]:
        rows: list[Row] = [(Cell(fit(f" {self._facts}", width), "strong"),), ()]
        for index, line in enumerate(TABLE):
            style = "title" if index == 0 else "text"
            cells = [left(f" {text}", w, style) for text, w in zip(line, WIDTHS, strict=True)]
            rows.append(tuple(cells))
        rows += self._left_bare(width)
        rows.append(())
        return [*rows, *self._keys(width)]

    def _left_bare(self, width: int) -> Sequence[Row]:
        """Return what `tradebot stop` would leave without any stop, by name."""
        if not self._bare:
            return []
        shown, more = self._bare[:BARE_ROWS], len(self._bare) - BARE_ROWS
        lines = [*shown, *([f"and {more} more"] if more > 0 else [])]
        title = (Cell(fit(" if the engine stopped, without any stop:", width), "warn"),)
        return [(), title, *((Cell(fit(f"   {line}", width)),) for line in lines)]

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


def bare_positions(positions: Sequence[PositionFacts]) -> list[str]:
    """Return the positions without stops at the broker that cover all of them: `long 0.05 BTCUSDT (hand)`."""
    found: list[str] = []
    for one in positions:
        size = one.quantity.lstrip("-")
        if not size.strip("0.") or one.protected_at == "broker":
            continue
        way = "short" if one.quantity.startswith("-") else "long"
        where = ": its stop is in this engine" if one.protected_at == "engine" else ""
        found.append(f"{way} {size} {plain(symbol_of(one.instrument))} ({plain(one.owner)}){where}")
    return found


def _answer(key: str, words: str, width: int) -> Row:
    return (Cell(f" {key:>4} ", "warn"), Cell(fit(words, width - 6)))
