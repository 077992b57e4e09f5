"""A drill over the screen: its stages as they come, then the verdict."""

import textwrap
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import ClassVar, override

from tradebot.console.clock import Clock
from tradebot.console.rows import Cell, Row, plain
from tradebot.console.screens.overlays.base import Overlay

type PlayDrill = Callable[[str], AsyncGenerator[str]]
"""Called with a drill's name; yields what it tells, line by line."""

INDENT = " " * 9
"""Under the words of a stage, behind its seconds."""


class DrillOverlay(Overlay[str]):
    """One drill; escape ends it.

    Args:
        clock: For the dead time.
        name: Which.
        play: Plays it.
    """

    KIND: ClassVar[str] = ""

    def __init__(self, clock: Clock, name: str, play: PlayDrill) -> None:
        super().__init__(clock)
        self._name = name
        self._play = play
        self.lines: list[str] = []
        self.over = False

    @override
    def heading(self) -> str:
        return f"DRILL {self._name}"

    @override
    def on_mount(self) -> None:
        """Begin at once."""
        super().on_mount()
        self.run_worker(self._follow(), group="drill", exit_on_error=False)

    async def _follow(self) -> None:
        try:
            async with aclosing(self._play(self._name)) as lines:
                async for line in lines:
                    self.lines.append(line)
                    self.redraw()
        except OSError as error:
            self.lines.append(f"the drill cannot be played: {error}")
        self.over = True
        self.redraw()

    @override
    def rows(self, width: int) -> Sequence[Row]:
        rows: list[Row] = []
        for line in self.lines:
            rows += [(Cell(part, _style(line)),) for part in _wrapped(line, width)]
        if not self.lines:
            rows.append((Cell(" starting a venue and an engine of their own ...", "muted"),))
        words = "close" if self.over else "end the drill; your own engine is not part of it"
        return [*rows, (), (Cell("  esc ", "warn"), Cell(words))]

    @override
    async def press(self, key: str) -> None:
        if self.over and key == "enter":
            self.dismiss(None)


def _style(line: str) -> str:
    if line.startswith("PASSED"):
        return "ok"
    return "fault" if line.startswith(("FAILED", "tradebot:", "the drill")) else "text"


def _wrapped(line: str, width: int) -> list[str]:
    return textwrap.wrap(
        f" {plain(line)}",
        max(20, width - 1),
        subsequent_indent=INDENT,
        break_on_hyphens=False,
        drop_whitespace=False,
    )
