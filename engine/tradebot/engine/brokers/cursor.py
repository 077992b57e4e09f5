"""What an adapter must know again after a crash: how far fills were told, and which order is whose at the venue.

The engine's journal is the truth of what was booked; this file only says where to begin asking. It may lag, never run
ahead: a cursor is moved after the fill was handed over, and every question begins some way before it.
"""

import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from tradebot.engine.core.types import ClientOrderId, VenueOrderId


class Cursor(Protocol):
    """The durable memory of one account's adapter."""

    def get(self, name: str) -> int:
        """Return a number kept under a name; 0 where there is none."""
        ...

    def put(self, name: str, value: int) -> None:
        """Keep a number under a name, where it is larger than the one kept."""
        ...

    def order(self, scope: str, venue_order_id: VenueOrderId) -> ClientOrderId | None:
        """Return our id of a venue's order; None where it is not known."""
        ...

    def keep_order(
        self, scope: str, venue_order_id: VenueOrderId, client_order_id: ClientOrderId
    ) -> None:
        """Remember our id of a venue's order.

        Args:
            scope: Within which the venue's id is unique: a symbol at Binance, empty elsewhere.
            venue_order_id: The venue's.
            client_order_id: Ours; what was kept first stays.
        """
        ...


class MemoryCursor:
    """A cursor that forgets with the process: from now on, as a stand-alone adapter without a file has it."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._orders: dict[tuple[str, VenueOrderId], ClientOrderId] = {}

    def get(self, name: str) -> int:
        """Return a number kept under a name; 0 where there is none."""
        return self._numbers.get(name, 0)

    def put(self, name: str, value: int) -> None:
        """Keep a number under a name, where it is larger than the one kept."""
        self._numbers[name] = max(self._numbers.get(name, 0), value)

    def order(self, scope: str, venue_order_id: VenueOrderId) -> ClientOrderId | None:
        """Return our id of a venue's order; None where it is not known."""
        return self._orders.get((scope, venue_order_id))

    def keep_order(
        self, scope: str, venue_order_id: VenueOrderId, client_order_id: ClientOrderId
    ) -> None:
        """Remember our id of a venue's order; what was kept first stays."""
        self._orders.setdefault((scope, venue_order_id), client_order_id)


_TABLES = """
CREATE TABLE IF NOT EXISTS cursor (account TEXT, name TEXT, value INTEGER, PRIMARY KEY (account, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS orders (
  account TEXT, scope TEXT, venue_order_id TEXT, client_order_id TEXT,
  PRIMARY KEY (account, scope, venue_order_id)
) WITHOUT ROWID;
"""


class CursorFile:
    """Cursors of all accounts of an engine in one SQLite file; a context manager.

    Args of the constructor:
        path: The file; made where it is not there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        connection = sqlite3.connect(self._path, isolation_level=None)
        # A crash of the machine may lose the newest rows: the cursor then lags, which is allowed. No fsync in the way
        # of an order.
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.executescript(_TABLES)
        self._connection = connection
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @property
    def connection(self) -> sqlite3.Connection:
        """Return the open file."""
        if self._connection is None:
            raise LookupError(f"{self._path} must be opened first")
        return self._connection

    def of(self, account: str) -> "AccountCursor":
        """Return the cursor of one account."""
        return AccountCursor(self, account)


class AccountCursor:
    """One account's rows of a `CursorFile`; see `Cursor`."""

    def __init__(self, file: CursorFile, account: str) -> None:
        self._file = file
        self._account = account

    def get(self, name: str) -> int:
        """Return a number kept under a name; 0 where there is none."""
        row = self._file.connection.execute(
            "SELECT value FROM cursor WHERE account = ? AND name = ?", (self._account, name)
        ).fetchone()
        return 0 if row is None else int(row[0])

    def put(self, name: str, value: int) -> None:
        """Keep a number under a name, where it is larger than the one kept."""
        self._file.connection.execute(
            "INSERT INTO cursor VALUES (?, ?, ?) "
            "ON CONFLICT DO UPDATE SET value = max(value, excluded.value)",
            (self._account, name, value),
        )

    def order(self, scope: str, venue_order_id: VenueOrderId) -> ClientOrderId | None:
        """Return our id of a venue's order; None where it is not known."""
        row = self._file.connection.execute(
            "SELECT client_order_id FROM orders WHERE account = ? AND scope = ? AND venue_order_id = ?",
            (self._account, scope, venue_order_id),
        ).fetchone()
        return None if row is None else ClientOrderId(str(row[0]))

    def keep_order(
        self, scope: str, venue_order_id: VenueOrderId, client_order_id: ClientOrderId
    ) -> None:
        """Remember our id of a venue's order; what was kept first stays."""
        self._file.connection.execute(
            "INSERT OR IGNORE INTO orders VALUES (?, ?, ?, ?)",
            (self._account, scope, venue_order_id, client_order_id),
        )
