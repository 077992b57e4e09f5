"""What the lists have in common: a selected row, a window that follows it, a mark in front of it."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, override

from textual import events

from tradebot.console.rows import Cell, Row
from tradebot.console.view import View
from tradebot.console.widgets.panel import LivePanel

HEADER_FROM = 4
"""Inner height from which column names are worth their row."""

SLIP_S = 0.5
"""After the marked item has gone, a key within this time was meant for it, not for its neighbour."""


class ListPanel[T](LivePanel, can_focus=True):
    """Rows made from items, one selected."""

    PERIOD_S: ClassVar[float] = 0.2
    NOTHING: ClassVar[Sequence[str]] = ()
    """What an empty list says: why it is empty, and the key that changes it."""
    MARKED: ClassVar[bool] = True
    """Whether the selected row carries a mark."""
    NEWEST_FIRST: ClassVar[bool] = False
    """Whether a mark on the first row stays on the first row: what is new there is seen, not scrolled away from."""

    def __init__(self, view: View, *, id: str) -> None:  # noqa: A002  (Textual's own name)
        super().__init__(view, id=id)
        self._index = 0
        self._key: str | None = None
        """Of the selected item: the mark stays on it when the list changes around it."""
        self._slipped_s = float("-inf")
        """When the mark last went to a neighbour because its item had gone."""

    @abstractmethod
    def items(self) -> Sequence[T]:
        """Return what the list shows, in order."""

    @abstractmethod
    def header(self, width: int) -> Row | None:
        """Return the line of column names for a width, None for none."""

    @abstractmethod
    def line(self, item: T, width: int) -> Row:
        """Return the row of an item."""

    @abstractmethod
    def key_of(self, item: T) -> str:
        """Return what tells an item from every other."""

    @property
    def selected(self) -> T | None:
        """The item under the mark, None in an empty list."""
        items, index = self.items(), self._follow()
        return items[index] if items else None

    @property
    def slipped(self) -> bool:
        """Whether the mark slipped to a neighbour a moment ago: a key may have been meant for the item before."""
        self._follow()
        return self.view.clock.monotonic_s() - self._slipped_s < SLIP_S

    def select(self, index: int) -> None:
        """Put the mark on an item, by its index in the list."""
        items = self.items()
        self._index = min(max(0, index), max(0, len(items) - 1))
        self._key = self.key_of(items[self._index]) if items else None
        self.rebuild()

    def move(self, rows: int) -> None:
        """Move the mark down by rows (up if negative)."""
        self.select(self._follow() + rows)

    def _follow(self) -> int:
        """Return the index of the marked item where it stands now; of its neighbour if it has gone."""
        items = self.items()
        if not items:
            return 0
        keys = [self.key_of(item) for item in items]
        if self.NEWEST_FIRST and not self._index:
            self._key = keys[0]
        elif self._key in keys:
            self._index = keys.index(self._key)
        else:
            if self._key is not None:
                self._slipped_s = self.view.clock.monotonic_s()
            self._index = min(self._index, len(items) - 1)
            self._key = keys[self._index]
        return self._index

    def on_click(self, event: events.Click) -> None:
        """Put the mark on the row that was clicked; nothing else."""
        offset = event.get_content_offset(self)
        if offset is not None:
            width, height = self.content_size
            header = height >= HEADER_FROM and self.header(width - 1) is not None
            self.select(self._first(height - header) + offset.y - header)

    @override
    def build(self, width: int, height: int) -> Sequence[Row]:
        items = self.items()
        if not items:
            return [(Cell(f" {line}"[:width], "muted"),) for line in self.empty_words()]
        header = self.header(width - 1) if height >= HEADER_FROM else None
        room = height - (header is not None)
        first = self._first(room)
        rows: list[Row] = [] if header is None else [(Cell(" "), *header)]
        shown = range(first, min(first + room, len(items)))
        rows += [self._marked(self.line(items[index], width - 1), index) for index in shown]
        return rows

    def empty_words(self) -> Sequence[str]:
        """Return what an empty list says now."""
        return ("waiting for the engine",) if self.view.frame is None else self.NOTHING

    def _first(self, room: int) -> int:
        """Return the index of the first item shown so that the selected one is."""
        count, chosen = len(self.items()), self._follow()
        return max(0, min(chosen - room + 1, count - room)) if chosen >= room else 0

    def _marked(self, row: Row, index: int) -> Row:
        if not (index == self._index and self.MARKED):
            return (Cell(" "), *row)
        mark = Cell(self.view.glyphs.pointer, "strong")
        if not self.has_focus:
            return (mark, *row)
        return (mark, *(Cell(cell.text, f"{cell.style} cursor") for cell in row))
