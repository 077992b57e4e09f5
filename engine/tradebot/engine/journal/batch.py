"""What one commit writes, kept until it is durable."""

import sqlite3
from typing import Self

import msgspec

from tradebot.engine.core.types import ClientOrderId, RequestId


class StepAnchor(msgspec.Struct, frozen=True):
    """What is kept of every step that wrote rows."""

    seq: int
    effects_hash: bytes
    """`codec.hash_outcomes` of the step's outcomes."""
    market_chain: int
    """The market chain after every market event up to and including `seq`."""


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


class Batch(msgspec.Struct):
    """Rows of all tables that wait for one transaction."""

    rows: list[tuple[int, int, int, str, bytes, int]] = []
    """(seq, index, now, kind, body, checksum) in order."""
    steps: list[StepAnchor] = []
    requests: dict[RequestId, ClientOrderId] = {}
    sources: dict[str, str] = {}
    meta: dict[str, str] = {}
    segments: list[SegmentBlock] = []

    def __bool__(self) -> bool:
        return any((self.rows, self.requests, self.sources, self.meta, self.segments))

    def followed_by(self, newer: Self) -> "Batch":
        """Return this and what came after it, to be written together."""
        return Batch(
            rows=self.rows + newer.rows,
            steps=self.steps + newer.steps,
            requests=self.requests | newer.requests,
            sources=self.sources | newer.sources,
            meta=self.meta | newer.meta,
            segments=self.segments + newer.segments,
        )

    def write(self, connection: sqlite3.Connection) -> None:
        """Write everything inside the connection's open transaction.

        Raises:
            sqlite3.Error: If it cannot be written; the caller rolls back.
        """
        many = connection.executemany
        many("INSERT INTO rows VALUES(?,?,?,?,?,?)", self.rows)
        many("INSERT INTO steps VALUES(?,?,?)", map(msgspec.structs.astuple, self.steps))
        many("INSERT OR IGNORE INTO requests VALUES(?,?)", self.requests.items())
        many("INSERT OR IGNORE INTO sources VALUES(?,?)", self.sources.items())
        many("INSERT OR REPLACE INTO meta VALUES(?,?)", self.meta.items())
        many(
            "INSERT OR REPLACE INTO segments VALUES(?,?,?,?,?,?)",
            map(msgspec.structs.astuple, self.segments),
        )
