"""A widget that draws rows of cells by lines: caches strips, repaints only the rows that changed."""

from collections.abc import Sequence
from typing import ClassVar, override

from rich.segment import Segment
from rich.style import Style
from textual.cache import LRUCache
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tradebot.console.rows import EMPTY, Row

STRIPS_MAX = 512
"""Strips kept per widget."""

STYLE_NAMES = (
    "text",
    "muted",
    "strong",
    "title",
    "bid",
    "ask",
    "bid-bar",
    "ask-bar",
    "up",
    "down",
    "own-buy",
    "own-sell",
    "ok",
    "warn",
    "fault",
    "stale",
    "cursor",
    "field",
    "bar",
    "badge",
    "badge-live",
    "badge-warn",
    "badge-fault",
    "key",
)
"""The names a Cell's style is made of; each has a rule `.line--NAME` in theme.tcss."""


class LineWidget(Widget):
    """Draw `rows`, one per line, cut or padded to the widget's width."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"line--{name}" for name in STYLE_NAMES}
    ALLOW_SELECT: ClassVar[bool] = False

    DEFAULT_CSS = "LineWidget { width: 1fr; height: 1fr; }"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  (Textual's own name)
        super().__init__(id=id)
        self._rows: Sequence[Row] = ()
        self._strips: LRUCache[tuple[Row, int], Strip] = LRUCache(STRIPS_MAX)
        self._styles_by_name: dict[str, Style] = {}

    @property
    def rows(self) -> Sequence[Row]:
        """The rows on show."""
        return self._rows

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show these rows; only lines that differ from before are painted."""
        before, self._rows = self._rows, rows
        count = max(len(before), len(rows))
        dirty = [y for y in range(count) if _at(before, y) != _at(rows, y)]
        if len(dirty) * 2 > count:
            self.refresh()
        elif dirty:
            width = self.content_size.width
            self.refresh(*(Region(0, y, width, 1) for y in dirty))

    @override
    def render_line(self, y: int) -> Strip:
        """Return line `y` as segments that all carry a background."""
        row, width = _at(self._rows, y), self.content_size.width
        strip = self._strips.get((row, width))
        if strip is None:
            strip = self._strip(row, width)
            self._strips[(row, width)] = strip
        return strip

    @override
    def notify_style_update(self) -> None:
        """Forget what was resolved under the old theme."""
        self._strips.clear()
        self._styles_by_name.clear()
        super().notify_style_update()

    def _strip(self, row: Row, width: int) -> Strip:
        base = self.rich_style
        segments = [Segment(cell.text, self._style(cell.style)) for cell in row if cell.text]
        return Strip(segments).adjust_cell_length(width, base).simplify()

    def _style(self, names: str) -> Style:
        style = self._styles_by_name.get(names)
        if style is None:
            style = self.rich_style
            for name in names.split():
                style += self.get_component_rich_style(f"line--{name}", partial=True)
            self._styles_by_name[names] = style
        return style


def _at(rows: Sequence[Row], y: int) -> Row:
    return rows[y] if 0 <= y < len(rows) else EMPTY
