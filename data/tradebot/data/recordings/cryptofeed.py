"""`cryptofeed` recordings: whose they are, and the REST replies that belong to them."""

from collections.abc import Sequence
from pathlib import Path

from tradebot.data.errors import UnknownFormatError

EXCHANGES = ("binance", "kraken")
"""Exchanges whose recordings can be read."""

_REST = ".http."
_SOCKET = ".ws."


def exchange_of(paths: Sequence[Path], named: str | None = None) -> str:
    """Return whose recording some files are: as named, else from their names (`KRAKEN.ws.50.0`).

    Raises:
        UnknownFormatError: If it cannot be told, differs between files, or cannot be read here.
    """
    known = ", ".join(EXCHANGES)
    if named is not None:
        if named.lower() not in EXCHANGES:
            raise UnknownFormatError(f"exchange must be one of {known}, was {named!r}")
        return named.lower()
    found = {path.name: _exchange_in(path.name) for path in paths}
    for name, exchange in found.items():
        if exchange is None:
            raise UnknownFormatError(
                f"exchange must be one of {known}, file is {name!r}; say --exchange if it is one"
            )
    exchanges = {exchange for exchange in found.values() if exchange is not None}
    if len(exchanges) != 1:
        raise UnknownFormatError(f"files must be of one exchange, were of {sorted(exchanges)}")
    return exchanges.pop()


def _exchange_in(name: str) -> str | None:
    """Return the known exchange a file's name starts with, or else has anywhere in it."""
    lowered = name.lower()
    start = lowered.partition(".")[0]
    return next(
        (exchange for text in (start, lowered) for exchange in EXCHANGES if exchange in text), None
    )


def with_rest_replies(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Return the files and the REST replies (`*.http.*`) of the same exchange beside them.

    Raises:
        OSError: If a folder cannot be listed.
    """
    found = list(paths)
    for path in paths:
        exchange = path.name.partition(_SOCKET)[0].partition(".")[0]
        found.extend(
            sorted(
                beside
                for beside in path.resolve().parent.iterdir()
                if _REST in beside.name and beside.name.startswith(exchange + ".")
            )
        )
    unique: dict[Path, Path] = {}
    for path in found:
        unique.setdefault(path.resolve(), path)
    return tuple(unique.values())
