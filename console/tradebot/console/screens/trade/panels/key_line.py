"""The footer: at most eight keys, the kill switch at the right edge; a click does what the key does."""

from collections.abc import Sequence
from typing import ClassVar, override

from textual import events

from tradebot.console.condition import entry_refusal
from tradebot.console.keys import FOOTER, Key, key_of
from tradebot.console.rows import Cell, Row, spread
from tradebot.console.widgets.panel import LivePanel


class KeyLine(LivePanel):
    """Keys that can be pressed now; those that would be refused are shown quiet."""

    PERIOD_S: ClassVar[float] = 0.5

    @override
    def struck(self) -> bool:
        """Return False: keys work in every state."""
        return False

    @override
    def build(self, width: int, height: int) -> Sequence[Row]:
        keys = [key_of(name) for name in FOOTER]
        start: list[Cell] = [Cell(" ", "bar")]
        for key in keys[:-1]:
            start += self._cells(key)
        end = (Cell(f" {keys[-1].shown} or ! {keys[-1].label} ", "badge-warn"),)
        room = width - len(end[0].text)
        while len(start) > 1 and sum(len(cell.text) for cell in start) > room - 1:
            start = start[:-2]
        row = spread(start, end, width)
        return [tuple(Cell(c.text, "bar") if c.style == "text" else c for c in row)]

    def _cells(self, key: Key) -> tuple[Cell, Cell]:
        off = key.sends and self._refused(key)
        shown = key.shown.split(" ", maxsplit=1)[0]
        return (
            Cell(shown, "muted bar" if off else "key"),
            Cell(f" {key.label}  ", "muted bar" if off else "bar"),
        )

    def _refused(self, key: Key) -> bool:
        if self.view.read_only:
            return True
        entering = key.id in ("buy", "sell")
        refusal = entry_refusal(self.view.condition, self.view.newest, reduce_only=True)
        return entering and refusal is not None

    async def on_click(self, event: events.Click) -> None:
        """Do what the key under the pointer does."""
        x = 0
        row = self.rows[0] if self.rows else ()
        for cell in row:
            x += len(cell.text)
            if event.x < x:
                await self._press(cell, row)
                return

    async def _press(self, cell: Cell, row: Row) -> None:
        index = row.index(cell)
        for name in FOOTER:
            key = key_of(name)
            shown = key.shown.split(" ", maxsplit=1)[0]
            before = row[index - 1].text if index else ""
            if cell.text == shown or (before == shown and key.label in cell.text):
                await self._do(key)
                return
        if cell is row[-1]:
            await self._do(key_of(FOOTER[-1]))

    async def _do(self, key: Key) -> None:
        action = key.action if key.action.startswith("app.") else f"screen.{key.action}"
        await self.run_action(action)
