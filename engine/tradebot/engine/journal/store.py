"""The journal: steps are buffered, then committed together, and only what is committed may be acted upon."""

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, cast

from tradebot.engine.core.events import OrderLane
from tradebot.engine.core.outcomes import AnyOutcome, OrderDenied, Submit
from tradebot.engine.core.types import ClientOrderId, EngineId, Mode, RequestId
from tradebot.engine.journal import schema
from tradebot.engine.journal.batch import Batch, SegmentBlock, StepAnchor
from tradebot.engine.journal.codec import Row, RowDecoder, UnknownCounts, hash_bodies, row_of
from tradebot.engine.journal.errors import (
    JournalDamaged,
    JournalForeign,
    JournalMisuse,
    JournalUnavailable,
)

PAGE_ROWS = 500
"""Rows fetched at a time by `Journal.rows`, so that a reader holds no lock while it works on them."""

_PAGE_SQL = """
SELECT CAST(seq AS INTEGER), CAST(idx AS INTEGER), CAST(now AS INTEGER), coalesce(CAST(kind AS BLOB), x''),
  coalesce(CAST(body AS BLOB), x''), crc
FROM rows WHERE (seq, idx) > (?, ?) ORDER BY seq, idx LIMIT ?
"""  # casts: a damaged row may hold any type, and is to be named by its checksum, not by a TypeError

type ClockKind = Literal["virtual", "system"]
"""Whether the engine's time is the market's own (then it may be compared between runs) or the machine's."""


class Journal:
    """The record of one engine, in one SQLite file.

    One thread appends; another may commit, others may read. What is read is what is committed.
    """

    def __init__(
        self, path: Path, writer: sqlite3.Connection | None, reader: sqlite3.Connection
    ) -> None:
        """Take over open connections; use `open`."""
        self._path = path
        self._writer = writer
        self._reader = reader
        self._decoder = RowDecoder()
        self._buffer_lock = threading.Lock()
        self._write_lock = threading.Lock()
        self._read_lock = threading.Lock()
        self._buffer = Batch()
        self._flying: Batch | None = None  # handed to a commit that has not ended
        self._meta = dict(cast("list[tuple[str, str]]", self._all("SELECT key, value FROM meta")))
        self._committed_seq = self._max_seq()
        self._last_seq = self._committed_seq

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False) -> Self:
        """Open a journal; make it if it is not there.

        Args:
            path: The database file.
            read_only: Never write, never make; several readers may be open beside the engine.

        Raises:
            JournalTooNew: If a newer program wrote it; nothing was changed.
            JournalForeign: If the file is not a journal, or missing and `read_only`.
            JournalUnavailable: If it cannot be opened, read or made.
            JournalDamaged: If the database cannot be read as one.
        """
        exists = schema.refuse_foreign(path)
        if read_only and not exists:
            raise JournalForeign(f"{path} holds no journal: no engine has written here yet")
        with ExitStack() as opened:
            try:
                if not exists:
                    schema.create(path)
                writer = None
                if not read_only:
                    writer = opened.enter_context(closing(schema.connect(path, read_only=False)))
                reader = opened.enter_context(closing(schema.connect(path, read_only=True)))
            except sqlite3.Error as error:
                raise _as_journal_error(path, error, "opened") from error
            journal = cls(path, writer, reader)
            opened.pop_all()  # they are the journal's to close now
            return journal

    # ------------------------------------------------------------------------------------------------------- writing

    def append_step(
        self,
        seq: int,
        now: int,
        event: OrderLane | None,
        outcomes: Sequence[AnyOutcome],
        market_chain: int,
    ) -> None:
        """Buffer one step; a market step without outcomes leaves nothing.

        Args:
            seq: The step, higher than any before.
            now: The engine's time at the step, ns UTC.
            event: The order-lane event that caused it; None for a market event.
            outcomes: What the step led to, in order.
            market_chain: `SegmentWriter.chain` after every market event up to and including `seq`.

        Raises:
            JournalMisuse: If `seq` is not higher than the last one, or a request would get a second order.
        """
        if event is None and not outcomes:
            return
        if seq <= self._last_seq:
            raise JournalMisuse(f"seq must be higher than {self._last_seq}, was {seq}")
        rows = [] if event is None else [row_of(seq, 0, now, event)]
        rows += [row_of(seq, index, now, outcome) for index, outcome in enumerate(outcomes, 1)]
        effects_hash = hash_bodies(row.body for row in rows if row.index)
        requests = dict(_requests_of(outcomes))
        for request_id, order_id in requests.items():
            self._require_one_order(request_id, order_id)
        with self._buffer_lock:
            buffer = self._buffer
            buffer.rows.extend(
                (row.seq, row.index, row.now, row.kind, row.body, row.checksum()) for row in rows
            )
            buffer.steps.append(StepAnchor(seq, effects_hash, market_chain))
            buffer.requests.update(requests)
            self._last_seq = seq

    def add_segment(self, block: SegmentBlock) -> None:
        """Buffer where a block of market events stands, so that a missing one can be named."""
        with self._buffer_lock:
            self._buffer.segments.append(block)

    def add_source(self, version: str, text: str) -> None:
        """Buffer a policy's source text; it is stored once per version."""
        with self._buffer_lock:
            self._buffer.sources[version] = text

    def bind(self, engine_id: EngineId, mode: Mode, clock: ClockKind) -> None:
        """Write whose journal this is, or check it against what was written before; durable at the next commit.

        Raises:
            JournalForeign: If it was written by another engine, or in another mode or kind of time.
        """
        for key, value in (("engine_id", engine_id), ("mode", mode), ("clock", clock)):
            written = self._meta.get(key)
            if written is None:
                self._set_meta(key, value)
            elif written != value:
                raise JournalForeign(
                    f"{self._path} has {key} {written!r}, this engine has {value!r}"
                )

    def _set_meta(self, key: str, value: str) -> None:
        with self._buffer_lock:
            self._buffer.meta[key] = value
            self._meta[key] = value

    def commit(self) -> None:
        """Write all buffered steps in one durable transaction; without any, do nothing.

        May run on another thread than `append_step`; what is appended meanwhile waits for the next commit.

        Raises:
            JournalUnavailable: If it cannot be written now; the steps stay buffered for a later commit.
            JournalMisuse: If the journal was opened read-only.
        """
        with self._write_lock:
            batch = self._take()
            if not batch:
                return
            try:
                self._write(batch)
            except sqlite3.Error as error:
                self._give_back(batch)
                raise _as_unavailable(self._path, error) from error
            except BaseException:
                self._give_back(batch)
                raise
            with self._buffer_lock:
                self._flying = None
                if batch.steps:
                    self._committed_seq = batch.steps[-1].seq

    def _take(self) -> Batch:
        with self._buffer_lock:
            batch, self._buffer = self._buffer, Batch()
            self._flying = batch
            return batch

    def _give_back(self, batch: Batch) -> None:
        """Put what could not be written before what was buffered meanwhile."""
        with self._buffer_lock:
            self._buffer = batch.followed_by(self._buffer)
            self._flying = None

    def _write(self, batch: Batch) -> None:
        writer = self._writer
        if writer is None:
            raise JournalMisuse(f"{self._path} was opened read-only, a commit needs it writable")
        writer.execute("BEGIN IMMEDIATE")
        try:
            batch.write(writer)
            writer.execute("COMMIT")
        except BaseException:
            # A full disk may have rolled back already; a failing rollback would hide why the commit failed.
            with suppress(sqlite3.Error):
                if writer.in_transaction:
                    writer.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Close the database without committing; what is still buffered is given up."""
        with self._write_lock, self._read_lock:
            self._reader.close()
            if self._writer is not None:
                self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # ------------------------------------------------------------------------------------------------------- reading

    @property
    def path(self) -> Path:
        """The database file."""
        return self._path

    @property
    def committed_seq(self) -> int:
        """The highest step that is durable; 0 in an empty journal."""
        return self._committed_seq

    @property
    def last_seq(self) -> int:
        """The highest step appended, durable or not; 0 in an empty journal."""
        return self._last_seq

    @property
    def pending(self) -> int:
        """How many steps are appended and not durable yet."""
        with self._buffer_lock:
            flying = 0 if self._flying is None else len(self._flying.steps)
            return flying + len(self._buffer.steps)

    @property
    def meta(self) -> Mapping[str, str]:
        """Whose journal this is: `engine_id`, `mode`, `clock`."""
        return dict(self._meta)

    @property
    def unknown(self) -> UnknownCounts:
        """Kinds and fields met by `decode_event` and `decode_outcome` that this program does not know."""
        return self._decoder.unknown

    def refresh(self) -> int:
        """Look how far another process has committed, and return it; for a journal opened read-only."""
        self._committed_seq = max(self._committed_seq, self._max_seq())
        return self._committed_seq

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
            if row.checksum() != crc:
                raise JournalDamaged(
                    f"{self._path}: row {row.seq}.{row.index} ({row.kind}) is not as written: restore a backup",
                    file=self._path,
                    seq=row.seq,
                )
            yield row

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
        return [
            (Row(seq, index, now, kind.decode("utf-8", "replace"), body), crc)
            for seq, index, now, kind, body, crc in found
        ]

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

    def client_order_of(self, request_id: RequestId) -> ClientOrderId | None:
        """Return the order a request led to, committed or still buffered; None if there was none."""
        with self._buffer_lock:
            flying = None if self._flying is None else self._flying.requests.get(request_id)
            buffered = flying or self._buffer.requests.get(request_id)
        if buffered is not None:
            return buffered
        sql = "SELECT client_order_id FROM requests WHERE request_id = ?"
        found = cast("list[tuple[str]]", self._all(sql, (request_id,)))
        return ClientOrderId(found[0][0]) if found else None

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

    def _all(self, sql: str, values: tuple[int | str, ...] = ()) -> list[tuple[object, ...]]:
        with self._read_lock:
            try:
                return self._reader.execute(sql, values).fetchall()
            except sqlite3.Error as error:
                raise _as_journal_error(self._path, error, "read") from error

    def _max_seq(self) -> int:
        found = cast("list[tuple[int | None]]", self._all("SELECT max(seq) FROM steps"))
        return found[0][0] or 0

    def _require_one_order(self, request_id: RequestId, order_id: ClientOrderId) -> None:
        known = self.client_order_of(request_id)
        if known is not None and known != order_id:
            raise JournalMisuse(
                f"request {request_id!r} already led to order {known}, it must not lead to {order_id}"
            )


def _requests_of(outcomes: Sequence[AnyOutcome]) -> Iterator[tuple[RequestId, ClientOrderId]]:
    for outcome in outcomes:
        if isinstance(outcome, Submit | OrderDenied) and outcome.order.request_id is not None:
            yield outcome.order.request_id, outcome.order.client_order_id


def _as_unavailable(path: Path, error: sqlite3.Error) -> JournalUnavailable:
    return JournalUnavailable(
        f"{path} cannot be written now ({error}): free the disk or its lock; steps are kept in memory",
        error,
    )


def _as_journal_error(
    path: Path, error: sqlite3.Error, done: str
) -> JournalUnavailable | JournalDamaged:
    if isinstance(error, sqlite3.OperationalError):
        return JournalUnavailable(f"{path} cannot be {done} now: {error}", error)
    return JournalDamaged(
        f"{path} cannot be {done} ({error}): restore a backup", file=path, seq=None
    )
