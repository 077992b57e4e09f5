"""A row of text as data: cells with a style name, so that what a panel shows can be tested without a screen."""

import re
from collections.abc import Iterable, Sequence
from textwrap import wrap
from typing import NamedTuple

from rich.cells import cell_len

ELLIPSIS_MIN = 4
"""Below this width a cut text carries no mark."""

ROOM_MIN = 8
"""Words are never carried over within fewer cells than these."""


class Cell(NamedTuple):
    """A run of text in one style."""

    text: str
    style: str = "text"
    """Names of `line--` component classes, separated by blanks; a later one wins."""


_PRINTED = re.compile(r"(\S+)")


type Row = tuple[Cell, ...]
"""One line of a panel, left to right."""

EMPTY: Row = ()
"""A blank line."""


def plain(text: str) -> str:
    """Return text from outside with every character that is not one cell wide replaced by `?`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c.isprintable() and cell_len(c) == 1 else "?" for c in text)


def fit(text: str, width: int) -> str:
    """Return text cut to a width; a cut shows as `~` where there is room for the mark."""
    if len(text) <= width:
        return text
    return text[: width - 1] + "~" if width >= ELLIPSIS_MIN else text[: max(0, width)]


def left(text: str, width: int, style: str = "text") -> Cell:
    """Return a cell of exactly `width`, text at its left."""
    return Cell(fit(text, width).ljust(max(0, width)), style)


def right(text: str, width: int, style: str = "text") -> Cell:
    """Return a cell of exactly `width`, text at its right; figures that do not fit lose their tail visibly."""
    return Cell(fit(text, width).rjust(max(0, width)), style)


def width_of(row: Iterable[Cell]) -> int:
    """Return how many cells a row takes."""
    return sum(len(cell.text) for cell in row)


def cut(row: Sequence[Cell], width: int) -> Row:
    """Return a row cut to at most `width` cells."""
    kept: list[Cell] = []
    room = width
    for cell in row:
        if room <= 0:
            break
        kept.append(cell if len(cell.text) <= room else Cell(cell.text[:room], cell.style))
        room -= len(cell.text)
    return tuple(kept)


def spread(start: Sequence[Cell], end: Sequence[Cell], width: int) -> Row:
    """Return a row with one part at the left edge and one at the right; the right part goes if both do not fit."""
    gap = width - width_of(start) - width_of(end)
    if gap < 1:
        return cut(start, width)
    return (*start, Cell(" " * gap), *end)


def restyled(row: Row, style: str, keep: frozenset[str]) -> Row:
    """Return a row with all that is printed in one style, except cells whose style is in `keep`.

    Blanks between the figures stay plain: a line through nothing would look like a chart.
    """
    cells: list[Cell] = []
    for cell in row:
        if cell.style in keep:
            cells.append(cell)
        else:
            parts = _PRINTED.split(cell.text)
            cells += [
                Cell(part, style if i % 2 else "text") for i, part in enumerate(parts) if part
            ]
    return tuple(cells)


def wrapped(text: str, width: int, style: str = "text") -> list[Row]:
    """Return text in as many rows as it needs, each beginning with a blank; words are kept whole where they fit."""
    lines = wrap(text, max(ROOM_MIN, width - 1)) or [""]
    return [(Cell(f" {line}", style),) for line in lines]


def named(name: str, text: str, width: int, name_width: int, style: str = "text") -> list[Row]:
    """Return a name and what belongs to it, carried over to rows below the text where one is not enough."""
    lines = wrap(text, max(ROOM_MIN, width - name_width)) or [""]
    first: Row = (left(f" {name}", name_width, "muted"), Cell(lines[0], style))
    return [first, *((Cell(" " * name_width), Cell(line, style)) for line in lines[1:])]


def text_of(row: Iterable[Cell]) -> str:
    """Return the bare text of a row."""
    return "".join(cell.text for cell in row)
