"""What is read of a journal: rows in order, anchors, blocks, checkpoints, sources."""

import sqlite3
import threading
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import cast

from tradebot.engine.core.events import OrderLane
from tradebot.engine.core.outcomes import AnyOutcome
from tradebot.engine.journal import schema
from tradebot.engine.journal.batch import Checkpoint, SegmentBlock, StepAnchor
from tradebot.engine.journal.codec import Row, RowDecoder, UnknownCounts
from tradebot.engine.journal.errors import JournalDamaged, as_journal_error

PAGE_ROWS = 500
"""Rows fetched at a time by `Journal.rows`, so that a reader holds no lock while it works on them."""

NAMING_PAGE_ROWS = 5_000
NAMING_PAGES_MAX = 100
"""How far `rows_naming` looks: half a million rows."""

# Casts: a damaged row may hold any type, and is to be named by its checksum, not by a TypeError.
_PAGE_SQL = """
SELECT CAST(seq AS INTEGER), CAST(idx AS INTEGER), CAST(now AS INTEGER), coalesce(CAST(kind AS BLOB), x''),
  coalesce(CAST(body AS BLOB), x''), crc
FROM rows WHERE (seq, idx) > (?, ?) ORDER BY seq, idx LIMIT ?
"""
_FILLS_SQL = """
SELECT CAST(rows.seq AS INTEGER), CAST(idx AS INTEGER), CAST(now AS INTEGER), coalesce(CAST(kind AS BLOB), x''),
  coalesce(CAST(body AS BLOB), x''), crc
FROM (SELECT seq FROM executions ORDER BY seq DESC LIMIT ?) AS newest
JOIN rows ON rows.seq = newest.seq AND (idx = 0 OR kind = 'fill-booked') ORDER BY rows.seq, idx
"""
_NAMING_SQL = """
SELECT CAST(seq AS INTEGER), CAST(idx AS INTEGER), CAST(now AS INTEGER), coalesce(CAST(kind AS BLOB), x''),
  coalesce(CAST(body AS BLOB), x''), crc
FROM rows WHERE seq >= ? AND seq <= ? AND instr(CAST(body AS BLOB), ?) > 0 ORDER BY seq, idx
"""
_NEWEST_SQL = """
SELECT CAST(seq AS INTEGER), CAST(idx AS INTEGER), CAST(now AS INTEGER), coalesce(CAST(kind AS BLOB), x''),
  coalesce(CAST(body AS BLOB), x''), crc
FROM rows WHERE kind = ? ORDER BY seq DESC, idx DESC LIMIT 1
"""
_OF_KINDS_SQL = """
SELECT CAST(seq AS INTEGER), CAST(idx AS INTEGER), CAST(now AS INTEGER), coalesce(CAST(kind AS BLOB), x''),
  coalesce(CAST(body AS BLOB), x''), crc
FROM rows WHERE seq >= ? AND seq <= ? AND kind IN
"""
_NEWEST_NAMING_SQL = """
SELECT CAST(seq AS INTEGER), CAST(idx AS INTEGER), CAST(now AS INTEGER), coalesce(CAST(kind AS BLOB), x''),
  coalesce(CAST(body AS BLOB), x''), crc
FROM rows WHERE seq >= ? AND seq <= ? AND instr(CAST(body AS BLOB), ?) > 0 AND kind IN
"""
_CHECKPOINTS_SQL = """
SELECT CAST(seq AS INTEGER), coalesce(CAST(schema AS INTEGER), 0), coalesce(CAST(body AS BLOB), x''), crc
FROM checkpoints ORDER BY seq DESC
"""


class JournalReader:
    """The reading side of a journal; what is read is what is committed."""

    def __init__(self, path: Path, reader: sqlite3.Connection) -> None:
        """Take over an open connection; use `Journal.open`."""
        self._path = path
        self._reader = reader
        self._decoder = RowDecoder()
        self._read_lock = threading.Lock()
        self._schema = schema.schema_of(reader)

    @property
    def schema(self) -> int:
        """Schema number of the database as it was opened."""
        return self._schema

    @property
    def unknown(self) -> UnknownCounts:
        """Kinds and fields met by `decode_event` and `decode_outcome` that this program does not know."""
        return self._decoder.unknown

    def rows(self, after: tuple[int, int] = (0, -1), limit: int | None = None) -> Iterator[Row]:
        """Yield committed rows in order.

        Args:
            after: `(seq, index)` of the last row already known.
            limit: Most rows to yield; None for all there are when the reader gets to them.

        Raises:
            JournalUnavailable: If the database cannot be read now.
            JournalDamaged: At a row that cannot be read or is not as written; rows before it have been yielded.
        """
        for row, crc in self.rows_as_written(after, limit):
            yield self._require_sound(row, crc)

    def _require_sound(self, row: Row, crc: int) -> Row:
        if row.checksum() != crc:
            raise JournalDamaged(
                f"{self._path}: row {row.seq}.{row.index} ({row.kind}) is not as written: restore a backup",
                file=self._path,
                seq=row.seq,
            )
        return row

    def rows_as_written(
        self, after: tuple[int, int] = (0, -1), limit: int | None = None
    ) -> Iterator[tuple[Row, int]]:
        """Yield committed rows with the checksum kept beside each, not compared; see `rows`."""
        left = limit
        while left is None or left > 0:
            asked = PAGE_ROWS if left is None else min(PAGE_ROWS, left)
            page = self._page(after, asked)
            yield from page
            if len(page) < asked:
                return
            after = page[-1][0].seq, page[-1][0].index
            left = None if left is None else left - asked

    def _page(self, after: tuple[int, int], limit: int) -> list[tuple[Row, int]]:
        found = cast(
            "list[tuple[int, int, int, bytes, bytes, int]]", self._all(_PAGE_SQL, (*after, limit))
        )
        if found and found[-1][:2] <= after:  # a damaged key; going on from it would never end
            raise JournalDamaged(
                f"{self._path}: row {found[-1][0]}.{found[-1][1]} stands after row {after[0]}.{after[1]}",
                file=self._path,
                seq=after[0],
            )
        return [_row(fields) for fields in found]

    def anchors(self, after: int = 0) -> Iterator[StepAnchor]:
        """Yield hash and market chain of every step that wrote rows, in order, after a seq."""
        sql = "SELECT seq, effects_hash, market_chain FROM steps WHERE seq > ? ORDER BY seq LIMIT ?"
        while True:
            found = cast("list[tuple[int, bytes, int]]", self._all(sql, (after, PAGE_ROWS)))
            yield from (StepAnchor(*fields) for fields in found)
            if len(found) < PAGE_ROWS:
                return
            after = found[-1][0]

    def segments(self) -> list[SegmentBlock]:
        """Return where every block of market events was written, in order of file and offset."""
        sql = "SELECT first_seq, last_seq, file, offset, length, crc FROM segments ORDER BY file, offset"
        found = cast("list[tuple[int, int, str, int, int, int]]", self._all(sql))
        return [SegmentBlock(*fields) for fields in found]

    def checkpoints(self) -> list[Checkpoint]:
        """Return the checkpoints, newest first, sound or not; none in a journal older than schema 2."""
        if self._schema < schema.SCHEMA:
            return []
        found = cast("list[tuple[int, int, bytes, int]]", self._all(_CHECKPOINTS_SQL))
        return [Checkpoint(*fields) for fields in found]

    def fills(self, limit: int) -> list[list[Row]]:
        """Return the newest steps that booked a fill, oldest first, at most `limit`: what came in, and the bookings."""
        found = cast(
            "list[tuple[int, int, int, bytes, bytes, int]]", self._all(_FILLS_SQL, (limit,))
        )
        rows = [self._require_sound(*_row(fields)) for fields in found]
        return [list(step) for _, step in groupby(rows, key=lambda row: row.seq)]

    def rows_naming(self, words: str, since: int, until: int) -> tuple[list[Row], bool]:
        """Return committed rows whose body has these words, and whether all of that time was looked through.

        Every row of the time is read, page by page, so that no writer waits long: not for the engine's own loop.

        Args:
            words: Text as it stands in the JSON, e.g. an id in its quotes.
            since: The engine's time of the first step looked at, ns UTC.
            until: The engine's time after which nothing more is looked for, ns UTC.

        Raises:
            JournalUnavailable: If the database cannot be read now.
            JournalDamaged: If a row found is not as written.
        """
        found: list[Row] = []
        first = self._first_seq_at(since)
        for _ in range(NAMING_PAGES_MAX):
            page = self._all(
                "SELECT max(seq), max(now) FROM (SELECT seq, now FROM rows WHERE seq >= ? ORDER BY seq LIMIT ?)",
                (first, NAMING_PAGE_ROWS),
            )
            last, now = cast("tuple[int | None, int | None]", page[0])
            if last is None or now is None:
                return found, True
            rows = self._all(_NAMING_SQL, (first, last, words.encode()))
            fields = cast("list[tuple[int, int, int, bytes, bytes, int]]", rows)
            found += [self._require_sound(*_row(one)) for one in fields]
            if now > until:
                return found, True
            first = last + 1
        return found, False

    def newest_naming(
        self, kinds: tuple[str, ...], words: str, until: int, limit: int
    ) -> list[Row]:
        """Return the newest committed rows of some kinds whose body has these words, oldest first.

        Read backwards page by page, so that no writer waits long: not for the engine's own loop.

        Args:
            kinds: Of the rows.
            words: Text as it stands in the JSON, e.g. a name in its quotes.
            until: The newest step that is looked at.
            limit: At most so many, but for those of the oldest step looked at.

        Raises:
            JournalUnavailable: If the database cannot be read now.
            JournalDamaged: If a row found is not as written.
        """
        found: list[Row] = []
        marks = ", ".join("?" * len(kinds))
        last = until
        for _ in range(NAMING_PAGES_MAX):
            page = self._all(
                "SELECT min(seq) FROM (SELECT seq FROM rows WHERE seq <= ? ORDER BY seq DESC LIMIT ?)",
                (last, NAMING_PAGE_ROWS),
            )
            first = cast("int | None", page[0][0])
            if first is None or len(found) >= limit:
                break
            rows = self._all(
                f"{_NEWEST_NAMING_SQL} ({marks}) ORDER BY seq, idx",
                (first, last, words.encode(), *kinds),
            )
            fields = cast("list[tuple[int, int, int, bytes, bytes, int]]", rows)
            found = [self._require_sound(*_row(one)) for one in fields] + found
            last = first - 1
        return found[-limit:]

    def newest(self, kind: str) -> Row | None:
        """Return the newest committed row of a kind, None where there is none; reads back to where it stands."""
        found = cast(
            "list[tuple[int, int, int, bytes, bytes, int]]", self._all(_NEWEST_SQL, (kind,))
        )
        return self._require_sound(*_row(found[0])) if found else None

    def rows_of(self, kinds: tuple[str, ...]) -> Iterator[Row]:
        """Yield the committed rows of some kinds in order; every step is looked at, page by page.

        Raises:
            JournalUnavailable: If the database cannot be read now.
            JournalDamaged: At a row that is not as written.
        """
        marks = ", ".join("?" * len(kinds))
        first = 0
        while True:
            page = self._all(
                "SELECT max(seq) FROM (SELECT seq FROM steps WHERE seq >= ? ORDER BY seq LIMIT ?)",
                (first, NAMING_PAGE_ROWS),
            )
            last = cast("int | None", page[0][0])
            if last is None:
                return
            rows = self._all(f"{_OF_KINDS_SQL} ({marks}) ORDER BY seq, idx", (first, last, *kinds))
            for fields in cast("list[tuple[int, int, int, bytes, bytes, int]]", rows):
                yield self._require_sound(*_row(fields))
            first = last + 1

    def _first_seq_at(self, now: int) -> int:
        """Return the first step at an instant or after it: the engine's time never goes back, so it is halved for."""
        low, high = 1, self._max_seq() + 1
        while low < high:
            middle = (low + high) // 2
            page = self._all(
                "SELECT seq, now FROM rows WHERE seq >= ? ORDER BY seq LIMIT 1", (middle,)
            )
            if page and cast("tuple[int, int]", page[0])[1] < now:
                low = cast("tuple[int, int]", page[0])[0] + 1
            else:
                high = middle
        return low

    def source(self, version: str) -> str | None:
        """Return a policy's source text by version, if it was ever committed."""
        sql = "SELECT text FROM sources WHERE version = ?"
        found = cast("list[tuple[str]]", self._all(sql, (version,)))
        return found[0][0] if found else None

    def decode_event(self, row: Row) -> OrderLane:
        """Return the order-lane event of a row of index 0; see `RowDecoder.event`."""
        return self._decoder.event(row)

    def decode_outcome(self, row: Row) -> AnyOutcome:
        """Return the outcome of a row of index 1 or higher; see `RowDecoder.outcome`."""
        return self._decoder.outcome(row)

    def _all(
        self, sql: str, values: tuple[int | str | bytes, ...] = ()
    ) -> list[tuple[object, ...]]:
        with self._read_lock:
            try:
                return self._reader.execute(sql, values).fetchall()
            except sqlite3.Error as error:
                raise as_journal_error(self._path, error, "read") from error

    def _max_seq(self) -> int:
        found = cast("list[tuple[int | None]]", self._all("SELECT max(seq) FROM steps"))
        return found[0][0] or 0


def _row(fields: tuple[int, int, int, bytes, bytes, int]) -> tuple[Row, int]:
    seq, index, now, kind, body, crc = fields
    return Row(seq, index, now, kind.decode("utf-8", "replace"), body), crc
