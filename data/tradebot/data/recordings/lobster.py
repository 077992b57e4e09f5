"""LOBSTER files: message rows and order-book rows, told apart by content.

Source: LOBSTER "Sample Files Readme": time in s after midnight, type, order id, size, price x 10^4, direction; and
ask price, ask size, bid price, bid size a level.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from tradebot.data.errors import ImportFormatError
from tradebot.data.events import Level
from tradebot.data.recordings.lines import Line, read_lines
from tradebot.data.recordings.problems import Problems

PRICE_SCALE = 4
"""LOBSTER prices are dollars x 10^4."""

EMPTY_PRICE = 9_999_999_999
"""Price of an ask slot without a level; its negative for bids."""

ADD, REDUCE, DELETE, EXECUTE, EXECUTE_HIDDEN, CROSS, HALT = range(1, 8)
"""The message types."""

_DIGITS_MAX = 18
_COLUMNS_A_LEVEL = 4
_MESSAGE_COLUMNS = (6, 7)  # some files carry the firm as a seventh
_SECOND_NS = 1_000_000_000
_NANO_DIGITS = 9
_SAMPLE_LINES = 200


class MessageRow(NamedTuple):
    """One event of the visible window."""

    line: int
    time_ns: int
    """After midnight, local to the exchange."""
    kind: int
    order_id: int
    size: int
    price: int
    side: int
    """+1 a buy order, -1 a sell order: the resting one."""


class BookRow(NamedTuple):
    """The window after an event: slots best first, (0, 0) where there is no level."""

    line: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class BadRow(NamedTuple):
    """A row that could not be read; it still has its place."""

    line: int


class LobsterFiles(NamedTuple):
    """The two files of one recording."""

    messages: Path
    books: Path
    levels: int
    """Levels a side in the book file."""


def tell_apart(paths: Sequence[Path]) -> LobsterFiles:
    """Return which of two files has the messages and which the books.

    Raises:
        ImportFormatError: If there are not exactly one of each.
        OSError: If a file cannot be read.
    """
    if len(paths) != 2:  # noqa: PLR2004 the format is a pair of files
        raise ImportFormatError(f"lobster needs its 2 files, messages and books, got {len(paths)}")
    levels = [_levels_of(path) for path in paths]
    match levels:
        case [0, int(count)] if count > 0:
            return LobsterFiles(paths[0], paths[1], count)
        case [int(count), 0] if count > 0:
            return LobsterFiles(paths[1], paths[0], count)
        case _:
            names = " and ".join(path.name for path in paths)
            raise ImportFormatError(
                f"lobster needs one file of messages (6 columns) and one of books (4 a level): {names}"
            )


def _levels_of(path: Path) -> int | None:
    """Return a file's levels a side, 0 for messages, None if most rows are neither."""
    votes: dict[int | None, int] = {}
    for line in islice(read_lines(path, Problems()), _SAMPLE_LINES):
        columns = line.content.count(b",") + 1
        vote: int | None = None
        if columns in _MESSAGE_COLUMNS:
            vote = 0
        elif columns % _COLUMNS_A_LEVEL == 0:
            vote = columns // _COLUMNS_A_LEVEL
        votes[vote] = votes.get(vote, 0) + 1
    return max(votes, key=lambda vote: votes[vote]) if votes else None


def read_messages(path: Path, problems: Problems) -> Iterator[MessageRow | BadRow]:
    """Yield the rows of a message file; unreadable ones are counted and keep their place.

    Raises:
        OSError: If the file cannot be read.
    """
    for line in read_lines(path, problems):
        try:
            yield _message(line)
        except ValueError as error:
            problems.malformed.add(line.file, line.number, str(error))
            yield BadRow(line.number)


def read_books(path: Path, levels: int, problems: Problems) -> Iterator[BookRow | BadRow]:
    """Yield the rows of a book file; unreadable ones are counted and keep their place.

    Args:
        path: The file.
        levels: Levels a side, >= 1.
        problems: Where everything odd is counted.

    Raises:
        OSError: If the file cannot be read.
    """
    for line in read_lines(path, problems):
        try:
            yield _book(line, levels)
        except ValueError as error:
            problems.malformed.add(line.file, line.number, str(error))
            yield BadRow(line.number)


def _message(line: Line) -> MessageRow:
    columns = line.content.split(b",")
    if len(columns) not in _MESSAGE_COLUMNS:
        raise ValueError(f"message row must have 6 columns, had {len(columns)}")
    whole, _, fraction = columns[0].strip().partition(b".")
    if fraction and not fraction.isdigit():
        raise ValueError(f"time must be decimal seconds, was {columns[0][:40]!r}")
    nanoseconds = int(fraction[:_NANO_DIGITS].ljust(_NANO_DIGITS, b"0"))
    kind, order_id, size, price, side = (_integer(column) for column in columns[1:6])
    if not ADD <= kind <= HALT:
        raise ValueError(f"message type must be in 1..7, was {kind}")
    if side not in {1, -1}:
        raise ValueError(f"direction must be 1 or -1, was {side}")
    if kind < CROSS and (size <= 0 or price <= 0):
        raise ValueError(f"size and price must be > 0, were {size} and {price}")
    time_ns = _integer(whole) * _SECOND_NS + nanoseconds
    return MessageRow(line.number, time_ns, kind, order_id, size, price, side)


def _book(line: Line, levels: int) -> BookRow:
    columns = line.content.split(b",")
    if len(columns) != levels * _COLUMNS_A_LEVEL:
        expected = levels * _COLUMNS_A_LEVEL
        raise ValueError(f"book row must have {expected} columns, had {len(columns)}")
    values = [_integer(column) for column in columns]
    asks = tuple(_slot(*pair) for pair in zip(values[0::4], values[1::4], strict=True))
    bids = tuple(_slot(*pair) for pair in zip(values[2::4], values[3::4], strict=True))
    return BookRow(line.number, bids, asks)


def _slot(price: int, size: int) -> Level:
    if abs(price) == EMPTY_PRICE:
        return (0, 0)
    if price <= 0 or size < 0:
        raise ValueError(f"level must have price > 0 and size >= 0, had {price} and {size}")
    return (price, size)


def _integer(text: bytes) -> int:
    digits = text.strip()
    unsigned = digits.removeprefix(b"-")
    if not unsigned.isdigit() or len(unsigned) > _DIGITS_MAX:
        raise ValueError(f"number must be an integer of at most 18 digits, was {text[:40]!r}")
    return int(digits)
