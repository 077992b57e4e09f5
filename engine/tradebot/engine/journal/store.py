"""The journal: steps are buffered, then committed together, and only what is committed may be acted upon."""

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, cast

import zstandard

from tradebot.engine.core.events import OrderLane
from tradebot.engine.core.outcomes import AnyOutcome, FillBooked, OrderDenied, Submit
from tradebot.engine.core.types import (
    AccountName,
    ClientOrderId,
    EngineId,
    ExecutionId,
    Mode,
    RequestId,
)
from tradebot.engine.journal import schema
from tradebot.engine.journal.batch import (
    Batch,
    Checkpoint,
    RecordedStep,
    SegmentBlock,
    StepAnchor,
)
from tradebot.engine.journal.codec import Row, hash_bodies, row_of
from tradebot.engine.journal.errors import (
    JournalForeign,
    JournalMisuse,
    JournalOutdated,
    JournalUnavailable,
    as_journal_error,
    as_unavailable,
)
from tradebot.engine.journal.reader import JournalReader

CHECKPOINT_ZSTD_LEVEL = 1
"""The engine waits for it."""

RESERVE_META = "reserve"
"""Key of the ranges of steps that were taken in from the reserve: `5-9,20-31`."""

type ClockKind = Literal["virtual", "system"]
"""Whether the engine's time is the market's own (then it may be compared between runs) or the machine's."""


class Journal(JournalReader):
    """The record of one engine, in one SQLite file.

    One thread appends; another may commit, others may read. What is read is what is committed.
    """

    def __init__(
        self, path: Path, writer: sqlite3.Connection | None, reader: sqlite3.Connection
    ) -> None:
        """Take over open connections; use `open`."""
        super().__init__(path, reader)
        self._writer = writer
        self._buffer_lock = threading.Lock()
        self._write_lock = threading.Lock()
        self._buffer = Batch()
        self._flying: Batch | None = None  # handed to a commit that has not ended
        self._meta = dict(cast("list[tuple[str, str]]", self._all("SELECT key, value FROM meta")))
        self._committed_seq = self._max_seq()
        self._last_seq = self._committed_seq
        self._appended_rows = 0

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False, lasting: bool = True) -> Self:
        """Open a journal; make it if it is not there.

        Args:
            path: The database file.
            read_only: Never write, never make; several readers may be open beside the engine.
            lasting: Whether a commit outlives the machine's power. A run that can be made again need not wait for it.

        Raises:
            JournalTooNew: If a newer program wrote it; nothing was changed.
            JournalOutdated: If an older program wrote it and it is to be written: `migrate` it first.
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
                    _refuse_older(path, schema.schema_of(writer))
                    if not lasting:
                        writer.execute("PRAGMA synchronous=OFF")
                reader = opened.enter_context(closing(schema.connect(path, read_only=True)))
            except sqlite3.Error as error:
                raise as_journal_error(path, error, "opened") from error
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
        anchor = StepAnchor(seq, hash_bodies([row.body for row in rows if row.index]), market_chain)
        self._buffer_step(anchor, rows, outcomes)

    def _buffer_step(
        self, anchor: StepAnchor, rows: Sequence[Row], outcomes: Sequence[AnyOutcome]
    ) -> None:
        seq = anchor.seq
        requests = dict(_requests_of(outcomes))
        fills = [one for one in outcomes if isinstance(one, FillBooked)]
        booked = {execution_key(one.account, one.execution_id): seq for one in fills}
        for request_id, order_id in requests.items():
            self._require_one_order(request_id, order_id)
        with self._buffer_lock:
            buffer = self._buffer
            buffer.rows.extend(
                (row.seq, row.index, row.now, row.kind, row.body, row.checksum()) for row in rows
            )
            buffer.steps.append(anchor)
            buffer.requests.update(requests)
            buffer.executions.update(booked)
            self._last_seq = seq
            self._appended_rows += len(rows)

    def take_in(self, steps: Sequence[RecordedStep]) -> None:
        """Buffer steps that were recorded elsewhere while this journal could not be written; see `reserve`.

        Their range is written beside them: market events of that time may be in no file, so they cannot be decided
        again.

        Raises:
            JournalMisuse: If they are not later than the last step, in order.
            JournalDamaged: If a row cannot be read.
        """
        for step in steps:
            if step.seq <= self._last_seq:
                raise JournalMisuse(f"seq must be higher than {self._last_seq}, was {step.seq}")
            outcomes = [self.decode_outcome(row) for row in step.rows if row.index]
            self._buffer_step(step.anchor, step.rows, outcomes)
        if steps:
            known = self._meta.get(RESERVE_META)
            ranges = ([] if known is None else [known]) + [f"{steps[0].seq}-{steps[-1].seq}"]
            self._set_meta(RESERVE_META, ",".join(ranges))

    def unwritten(self, after: int) -> list[RecordedStep]:
        """Return the steps later than a seq that are appended and not durable."""
        with self._buffer_lock:
            flying = [] if self._flying is None else self._flying.recorded(after)
            return flying + self._buffer.recorded(after)

    def add_segment(self, block: SegmentBlock) -> None:
        """Buffer where a block of market events stands, so that a missing one can be named."""
        with self._buffer_lock:
            self._buffer.segments.append(block)

    def add_source(self, version: str, text: str) -> None:
        """Buffer a policy's source text; it is stored once per version."""
        with self._buffer_lock:
            self._buffer.sources[version] = text

    def add_checkpoint(self, layout: int, body: bytes) -> None:
        """Buffer the kernel's memory as it is after the newest step appended; only the newest few are kept.

        Args:
            layout: `core.checkpoint.layout_number`.
            body: `core.checkpoint.freeze`.
        """
        packed = zstandard.ZstdCompressor(level=CHECKPOINT_ZSTD_LEVEL).compress(body)
        with self._buffer_lock:
            self._buffer.checkpoint = Checkpoint.of(self._last_seq, layout, packed)

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

    def note(self, key: str, value: str) -> None:
        """Keep a short text under a key; durable with the next commit that writes a row."""
        if self._meta.get(key, "") != value:
            self._set_meta(key, value)

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
                raise as_unavailable(self._path, error) from error
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
    def appended_rows(self) -> int:
        """How many rows this process has appended, durable or not."""
        return self._appended_rows

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

    def refresh(self) -> int:
        """Look how far another process has committed, and return it; for a journal opened read-only."""
        self._committed_seq = max(self._committed_seq, self._max_seq())
        return self._committed_seq

    def has_execution(self, account: AccountName, execution_id: ExecutionId) -> bool:
        """Return whether a fill was ever booked, durably or still buffered: so it is never booked twice.

        Raises:
            JournalUnavailable: If the database cannot be read now: then nobody knows.
        """
        key = execution_key(account, execution_id)
        with self._buffer_lock:
            flying = self._flying
            if key in self._buffer.executions or (flying is not None and key in flying.executions):
                return True
        sql = "SELECT 1 FROM executions WHERE execution = ?"
        return bool(self._all(sql, (key,)))

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

    def _require_one_order(self, request_id: RequestId, order_id: ClientOrderId) -> None:
        try:
            known = self.client_order_of(request_id)
        except JournalUnavailable:
            return  # a second look at what the kernel sees to; a disk that cannot be read is no reason to end
        if known is not None and known != order_id:
            raise JournalMisuse(
                f"request {request_id!r} already led to order {known}, it must not lead to {order_id}"
            )


def execution_key(account: AccountName, execution_id: ExecutionId) -> str:
    """Return what a fill is known by: two venues may use the same id."""
    return f"{account}/{execution_id}"


def _refuse_older(path: Path, found: int) -> None:
    if found < schema.SCHEMA:
        raise JournalOutdated(
            f"{path} has schema {found}, this program writes {schema.SCHEMA}:"
            " `tradebot run` backs it up and migrates it"
        )


def _requests_of(outcomes: Sequence[AnyOutcome]) -> Iterator[tuple[RequestId, ClientOrderId]]:
    for outcome in outcomes:
        if isinstance(outcome, Submit | OrderDenied) and outcome.order.request_id is not None:
            yield outcome.order.request_id, outcome.order.client_order_id
