"""LOBSTER files as market events: the window of the book, the best quotes, and executions as trades.

The book is the file's window: a level that leaves it is removed, one that comes in from beyond it is added.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from tradebot.data.errors import UnknownFormatError
from tradebot.data.events import BookDelta, BookSnapshot, Level, Quote, Trade
from tradebot.data.importers.imported import ImportedEvent, ReceiveClock
from tradebot.data.instruments import Instrument, InstrumentId, Rules
from tradebot.data.recordings.lobster import (
    EXECUTE,
    EXECUTE_HIDDEN,
    PRICE_SCALE,
    BookRow,
    MessageRow,
    read_books,
    read_messages,
    tell_apart,
)
from tradebot.data.recordings.problems import Problems

_ZONE = "America/New_York"
_SECOND_NS = 1_000_000_000
_DATE_UNKNOWN = date(1970, 1, 1)
_NAME = re.compile(r"(?:^|[_-])([A-Z]{1,5})[_-]")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class LobsterImporter:
    """Imports the two files of a LOBSTER recording.

    Args:
        paths: Messages and books, in either order.
        symbol: Ticker; None = from the files' or folder's name.
        day: Trading day, ISO date; None = from the files' or folder's name.

    Raises:
        ImportFormatError: If the files are not one of messages and one of books.
        UnknownFormatError: If the day is not a date.
        OSError: If a file cannot be read.
    """

    format = "lobster"
    version = 1

    def __init__(
        self, paths: Sequence[Path], *, symbol: str | None = None, day: str | None = None
    ) -> None:
        self._files = tell_apart(paths)
        names = [self._files.messages.name, self._files.messages.resolve().parent.name]
        self._guesses: dict[str, str] = {}
        self._symbol = symbol or self._guess("symbol", _NAME, names, "UNKNOWN")
        text = day or self._guess("date", _DATE, names, _DATE_UNKNOWN.isoformat())
        self._midnight_ns = _midnight_ns(text)
        self._instrument = Instrument(
            id=InstrumentId(f"nasdaq:{self._symbol}"),
            kind="equity",
            base=self._symbol,
            currency="USD",
            price_scale=PRICE_SCALE,
            quantity_scale=0,
            rules=(Rules(tick=self._tick(), lot=1),),
        )

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """The one instrument."""
        return (self._instrument,)

    @property
    def guesses(self) -> Mapping[str, str]:
        """Symbol and date where they were not given."""
        return {**self._guesses, "zone": _ZONE}

    def events(self, problems: Problems) -> Iterator[ImportedEvent]:
        """Yield a book event, a quote if the touch changed, and a trade if there was one, row by row.

        Raises:
            OSError: If a file cannot be read.
        """
        files, books_problems = self._files, Problems()
        clock = ReceiveClock(problems)
        messages = read_messages(files.messages, problems)
        books = read_books(files.books, files.levels, books_problems)
        before: BookRow | None = None
        for message, row in zip(messages, books, strict=False):
            if not isinstance(message, MessageRow) or not isinstance(row, BookRow):
                continue  # counted by the reader; the next good row carries the whole window
            at = self._midnight_ns + message.time_ns
            ts_recv = clock.at(at, files.messages.name, message.line)
            for event in self._row_events(before, message, row, (at, ts_recv)):
                yield ImportedEvent(event, message.line)
            before = row
        for name, rest in ((files.messages.name, messages), (files.books.name, books)):
            left = next(rest, None)
            if left is not None:
                problems.gaps.add(name, left.line, "the other file ends before this row")
        problems.malformed.absorb(books_problems.malformed)

    def _row_events(
        self, before: BookRow | None, message: MessageRow, row: BookRow, times: tuple[int, int]
    ) -> Iterator[BookSnapshot | BookDelta | Quote | Trade]:
        ts_event, ts_recv = times
        instrument = self._instrument.id
        if message.kind in {EXECUTE, EXECUTE_HIDDEN}:
            yield Trade(
                instrument=instrument,
                ts_event=ts_event,
                ts_recv=ts_recv,
                price=message.price,
                quantity=message.size,
                aggressor=-1 if message.side == 1 else 1,
            )
        if before is None:
            yield BookSnapshot(
                instrument=instrument,
                ts_event=ts_event,
                ts_recv=ts_recv,
                bids=tuple(level for level in row.bids if level[1]),
                asks=tuple(level for level in row.asks if level[1]),
            )
        else:
            bids, asks = _changes(before.bids, row.bids), _changes(before.asks, row.asks)
            if bids or asks:
                yield BookDelta(
                    instrument=instrument,
                    ts_event=ts_event,
                    ts_recv=ts_recv,
                    bids=bids,
                    asks=asks,
                )
        touch = (row.bids[0], row.asks[0])
        moved = before is None or touch != (before.bids[0], before.asks[0])
        if moved and row.bids[0][1] and row.asks[0][1]:
            yield Quote(
                instrument=instrument,
                ts_event=ts_event,
                ts_recv=ts_recv,
                bid_price=row.bids[0][0],
                bid_quantity=row.bids[0][1],
                ask_price=row.asks[0][0],
                ask_quantity=row.asks[0][1],
            )

    def _guess(self, option: str, pattern: re.Pattern[str], names: list[str], other: str) -> str:
        found = next((match for name in names if (match := pattern.search(name))), None)
        value = other if found is None else found.group(found.lastindex or 0)
        self._guesses[option] = value
        return value

    def _tick(self) -> int:
        """Return the greatest step all resting orders' prices are multiples of, at least 1."""
        step = 0
        for row in read_messages(self._files.messages, Problems()):
            if isinstance(row, MessageRow) and row.kind <= EXECUTE:
                step = math.gcd(step, row.price)
        return max(1, step)


def _changes(before: tuple[Level, ...], after: tuple[Level, ...]) -> tuple[Level, ...]:
    """Return what makes one side's levels another's; quantity 0 removes."""
    old, new = dict(before), dict(after)
    removed = [(price, 0) for price, size in before if size and not new.get(price)]
    changed = [(price, size) for price, size in after if size and old.get(price) != size]
    return (*removed, *changed)


def _midnight_ns(day: str) -> int:
    """Return midnight of a day in New York, ns UTC.

    Raises:
        UnknownFormatError: If the day is not an ISO date.
    """
    try:
        midnight = datetime.combine(date.fromisoformat(day), time(), ZoneInfo(_ZONE))
    except ValueError as error:
        raise UnknownFormatError(f"date must be like 2012-06-21, was {day!r}") from error
    return int(midnight.timestamp()) * _SECOND_NS
