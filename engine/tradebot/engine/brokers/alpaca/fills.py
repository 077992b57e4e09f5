"""The fills of an account for a script of one's own: what `AlpacaAdapter.stream_fills()` yields, and its memory."""

import sqlite3
from collections import OrderedDict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec

from tradebot.engine.brokers.alpaca.executions import Execution, ExecutionKind
from tradebot.engine.core.types import SECOND, Side

KEPT = 200_000
"""Executions a memory without a file remembers."""


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """One execution at Alpaca, told once."""

    symbol: str
    price: Decimal
    quantity: Decimal
    """> 0; of a `bust`, which takes an execution back, < 0."""
    side: Side
    execution_id: str
    order_id: str
    timestamp: datetime
    """The venue's time, UTC; cut to microseconds, see `timestamp_ns`."""
    timestamp_ns: int
    """The venue's time, ns UTC."""
    client_order_id: str = ""
    """Empty where the way it was told does not say."""
    kind: ExecutionKind = "fill"
    previous_execution_id: str = ""
    """What a bust takes back or a correction stands for."""
    source: str = "stream"
    """`stream`, or `gap_fill` and `sweep` where REST told it first."""


def fill_of(execution: Execution) -> Fill:
    """Return an execution as a fill."""
    seconds, rest = divmod(execution.ts, SECOND)
    sign = -1 if execution.kind == "bust" else 1
    return Fill(
        symbol=execution.symbol,
        price=execution.price,
        quantity=sign * execution.quantity,
        side=execution.side,
        execution_id=execution.execution_id,
        order_id=execution.order_id,
        timestamp=datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1_000),
        timestamp_ns=execution.ts,
        client_order_id=execution.client_order_id,
        kind=execution.kind,
        previous_execution_id=execution.previous_id,
        source=execution.source,
    )


class Delivered:
    """Which executions a consumer has had: in memory, or in a file that outlives the process.

    A row is written when the consumer comes back for the next fill. Killed between the two, it is given that one fill
    again, never none: compare `execution_id` where that matters. No fsync stands in the way: a killed process loses
    nothing, a machine without power the newest rows, and with them only the memory of having told.

    Args of the constructor:
        path: The file; None keeps everything in memory, from now on.
    """

    def __init__(self, path: Path | None) -> None:
        self._recent: OrderedDict[str, None] = OrderedDict()
        self._since = self._began = 0
        self._file: sqlite3.Connection | None = None
        if path is not None:
            self._file = _opened(path)
            kept = dict(self._file.execute("SELECT name, value FROM cursor").fetchall())
            self._since, self._began = kept.get("since", 0), kept.get("began", 0)

    def had(self, execution_id: str) -> bool:
        """Return whether the consumer has had an execution."""
        if execution_id in self._recent:
            return True
        if self._file is None:
            return False
        query = "SELECT 1 FROM delivered WHERE execution_id = ?"
        return self._file.execute(query, (execution_id,)).fetchone() is not None

    def since(self) -> int:
        """Return the watermark, venue time, ns UTC; 0 before the first start."""
        return self._since

    def began(self) -> int:
        """Return the first instant, before which nothing is told."""
        return self._began

    def begin(self, ts: int) -> None:
        """Begin at an instant of the venue's time, the first time only."""
        if self._since == 0:
            self._began = ts
            if self._file is not None:
                self._file.execute("INSERT OR REPLACE INTO cursor VALUES ('began', ?)", (ts,))
            self.reached(ts)

    def reached(self, ts: int) -> None:
        """The consumer has had all up to an instant."""
        if ts > self._since:
            self._since = ts
            if self._file is not None:
                self._file.execute("INSERT OR REPLACE INTO cursor VALUES ('since', ?)", (ts,))

    def delivered(self, execution_id: str, ts: int) -> None:
        """The consumer has had an execution."""
        if self._file is not None:
            row = (execution_id, ts)
            self._file.execute("INSERT OR IGNORE INTO delivered VALUES (?, ?)", row)
            return
        self._recent[execution_id] = None
        if len(self._recent) > KEPT:
            self._recent.popitem(last=False)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _opened(path: Path) -> sqlite3.Connection:
    file = sqlite3.connect(path, isolation_level=None)
    file.execute("PRAGMA journal_mode=WAL")
    file.execute("PRAGMA synchronous=NORMAL")
    file.execute(
        "CREATE TABLE IF NOT EXISTS delivered (execution_id TEXT PRIMARY KEY, ts INTEGER) WITHOUT ROWID"
    )
    file.execute("CREATE TABLE IF NOT EXISTS cursor (name TEXT PRIMARY KEY, value INTEGER)")
    return file
