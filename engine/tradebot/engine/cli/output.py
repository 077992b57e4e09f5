"""How commands print: one JSON document, aligned text, or bare text apart by tabs."""

import textwrap
from collections.abc import Iterable, Sequence

import msgspec
import orjson

from tradebot.engine.cli.options import Form

NARROW_COLUMNS = 40
"""`status`, `positions` and `kill` fit this."""


def print_json(document: object) -> None:
    """Print one JSON document: structs, lists, maps; decimals are texts already."""
    print(orjson.dumps(msgspec.to_builtins(document)).decode())


def print_narrow(lines: Iterable[str]) -> None:
    """Print lines wrapped at 40 columns, nothing cut off; what goes on is indented."""
    for line in lines:
        for part in wrapped(line):
            print(part)


def wrapped(line: str) -> list[str]:
    """Return a line in parts of at most 40 columns, broken between words where it can be."""
    return textwrap.wrap(
        line, NARROW_COLUMNS, subsequent_indent="    ", break_on_hyphens=False, drop_whitespace=True
    ) or [""]


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]], form: Form) -> None:
    """Print rows aligned under a header, or bare."""
    if form == "plain":
        for row in rows:
            print("\t".join(row))
        return
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    for row in (header, *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def or_dash(text: str | None) -> str:
    """Return a text, or `-` for what is unknown."""
    return "-" if text is None else text
