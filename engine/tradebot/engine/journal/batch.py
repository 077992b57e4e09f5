"""What one commit writes, kept until it is durable."""

import sqlite3
from typing import Self
from zlib import crc32

import msgspec

from tradebot.engine.core.types import ClientOrderId, RequestId
from tradebot.engine.journal.codec import Row

CHECKPOINTS_KEPT = 3
"""Newest checkpoints kept: where one is damaged, recovery goes back to the one before."""


class StepAnchor(msgspec.Struct, frozen=True):
    """What is kept of every step that wrote rows."""

    seq: int
    effects_hash: bytes
    """`codec.hash_outcomes` of the step's outcomes."""
    market_chain: int
    """The market chain after every market event up to and including `seq`."""


class RecordedStep(msgspec.Struct, frozen=True):
    """A step of the history as the journal writes it."""

    anchor: StepAnchor
    rows: tuple[Row, ...]

    @property
    def seq(self) -> int:
        """The step."""
        return self.anchor.seq


class SegmentBlock(msgspec.Struct, frozen=True):
    """Where one block of market events was written."""

    first_seq: int
    last_seq: int
    file: str
    """Name inside the market folder."""
    offset: int
    length: int
    """Bytes of the whole block, its head included."""
    crc: int


class Checkpoint(msgspec.Struct, frozen=True):
    """The kernel's memory as it was after a step."""

    seq: int
    schema: int
    """Number of its layout: `core.checkpoint.layout_number` of the program that wrote it."""
    body: bytes
    """Packed."""
    crc: int
    """As written."""

    @classmethod
    def of(cls, seq: int, schema: int, body: bytes) -> Self:
        """Return a checkpoint with its checksum."""
        return cls(seq, schema, body, _checkpoint_crc(seq, schema, body))

    @property
    def sound(self) -> bool:
        """Whether it is as written."""
        return self.crc == _checkpoint_crc(self.seq, self.schema, self.body)


def _checkpoint_crc(seq: int, schema: int, body: bytes) -> int:
    return crc32(body, crc32(b"%d %d " % (seq, schema)))


class Batch(msgspec.Struct):
    """Rows of all tables that wait for one transaction."""

    rows: list[tuple[int, int, int, str, bytes, int]] = []
    """(seq, index, now, kind, body, checksum) in order."""
    steps: list[StepAnchor] = []
    requests: dict[RequestId, ClientOrderId] = {}
    sources: dict[str, str] = {}
    meta: dict[str, str] = {}
    segments: list[SegmentBlock] = []
    executions: dict[str, int] = {}
    """Seq of the step that booked each, by account and id."""
    checkpoint: Checkpoint | None = None
    """The newest only: one that waited longer is of no use beside it."""

    def __bool__(self) -> bool:
        waits = (self.rows, self.requests, self.sources, self.meta, self.segments, self.checkpoint)
        return any(waits)

    def followed_by(self, newer: Self) -> "Batch":
        """Return this and what came after it, to be written together."""
        return Batch(
            rows=self.rows + newer.rows,
            steps=self.steps + newer.steps,
            requests=self.requests | newer.requests,
            sources=self.sources | newer.sources,
            meta=self.meta | newer.meta,
            segments=self.segments + newer.segments,
            executions=self.executions | newer.executions,
            checkpoint=newer.checkpoint or self.checkpoint,
        )

    def recorded(self, after: int) -> list[RecordedStep]:
        """Return the steps later than a seq, whole."""
        rows: dict[int, list[Row]] = {}
        for seq, index, now, kind, body, _ in self.rows:
            if seq > after:
                rows.setdefault(seq, []).append(Row(seq, index, now, kind, body))
        return [RecordedStep(one, tuple(rows[one.seq])) for one in self.steps if one.seq > after]

    def write(self, connection: sqlite3.Connection) -> None:
        """Write everything inside the connection's open transaction.

        Raises:
            sqlite3.Error: If it cannot be written; the caller rolls back.
        """
        for statement, rows in (
            ("INSERT INTO rows VALUES(?,?,?,?,?,?)", self.rows),
            ("INSERT INTO steps VALUES(?,?,?)", [*map(msgspec.structs.astuple, self.steps)]),
            ("INSERT OR IGNORE INTO requests VALUES(?,?)", [*self.requests.items()]),
            ("INSERT OR IGNORE INTO sources VALUES(?,?)", [*self.sources.items()]),
            ("INSERT OR REPLACE INTO meta VALUES(?,?)", [*self.meta.items()]),
            (
                "INSERT OR REPLACE INTO segments VALUES(?,?,?,?,?,?)",
                [*map(msgspec.structs.astuple, self.segments)],
            ),
            ("INSERT OR IGNORE INTO executions VALUES(?,?)", [*self.executions.items()]),
        ):
            if rows:
                connection.executemany(statement, rows)
        if self.checkpoint is not None:
            values = msgspec.structs.astuple(self.checkpoint)
            connection.execute("INSERT OR REPLACE INTO checkpoints VALUES(?,?,?,?)", values)
            connection.execute(_FORGET_OLD_CHECKPOINTS, (CHECKPOINTS_KEPT,))


_FORGET_OLD_CHECKPOINTS = """
DELETE FROM checkpoints WHERE seq NOT IN (SELECT seq FROM checkpoints ORDER BY seq DESC LIMIT ?)
"""
