"""The journal's database: tables, schema number, and how a connection is opened without changing what it must not."""

import sqlite3
import struct
from pathlib import Path

from tradebot.engine.journal.errors import JournalForeign, JournalTooNew, JournalUnavailable

SCHEMA = 2
"""Schema number of the journal this program writes and the newest it opens; `migrate` brings older ones here."""

APPLICATION_ID = 0x74626A72
"""`tbjr`: marks the database file as a journal."""

BUSY_TIMEOUT_S = 0.25
"""How long a commit waits for another process's lock; the engine is the only writer, so a lock is a fault."""

_HEADER_BYTES = 100
_MAGIC = b"SQLite format 3\x00"

SCHEMA_2 = """
CREATE TABLE executions(execution TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX executions_by_seq ON executions(seq);
CREATE TABLE checkpoints(
  seq INTEGER PRIMARY KEY, schema INTEGER NOT NULL, body BLOB NOT NULL, crc INTEGER NOT NULL
);
"""
"""What schema 2 added: which fills were booked at which step, and the kernel's memory now and then."""

_TABLES = f"""
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE rows(
  seq INTEGER NOT NULL, idx INTEGER NOT NULL, now INTEGER NOT NULL, kind TEXT NOT NULL, body BLOB NOT NULL,
  crc INTEGER NOT NULL, PRIMARY KEY(seq, idx)
) WITHOUT ROWID;
CREATE TABLE steps(seq INTEGER PRIMARY KEY, effects_hash BLOB NOT NULL, market_chain INTEGER NOT NULL);
CREATE TABLE requests(request_id TEXT PRIMARY KEY, client_order_id TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sources(version TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE segments(
  first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL, file TEXT NOT NULL, offset INTEGER NOT NULL,
  length INTEGER NOT NULL, crc INTEGER NOT NULL, PRIMARY KEY(file, offset)
) WITHOUT ROWID;
{SCHEMA_2}"""


def refuse_foreign(path: Path) -> bool:
    """Look at a database's header as plain bytes and refuse what is not ours or newer; nothing is opened.

    Returns:
        Whether the file holds a journal; False for a missing or empty file.

    Raises:
        JournalTooNew: If a newer program wrote it.
        JournalForeign: If it is not a journal.
        JournalUnavailable: If it cannot be read.
    """
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise JournalUnavailable(f"{path} cannot be read: {error.strerror}", error) from error
    if not header:
        return False
    if len(header) < _HEADER_BYTES or not header.startswith(_MAGIC):
        raise JournalForeign(f"{path} is not a journal: it does not begin as a SQLite database")
    schema, application = struct.unpack_from(">I4xI", header, 60)
    if application != APPLICATION_ID:
        raise JournalForeign(f"{path} is not a journal: its application id is {application:#x}")
    _refuse_newer(path, schema)
    return True


def _refuse_newer(path: Path, schema: int) -> None:
    if schema > SCHEMA:
        raise JournalTooNew(path, schema, SCHEMA)


def schema_of(connection: sqlite3.Connection) -> int:
    """Return the schema number of an open journal, its write-ahead log included."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def create(path: Path) -> None:
    """Make an empty journal.

    The tables are written before `connect` switches WAL on, so that the main file's header carries the schema number
    and a program that must refuse it need not touch the WAL.
    """
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.executescript(
            f"PRAGMA synchronous=FULL; BEGIN IMMEDIATE; {_TABLES}"
            f"PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={SCHEMA}; COMMIT;"
        )
    finally:
        connection.close()


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """Open a connection that may be used from any one thread at a time.

    Raises:
        JournalTooNew: If the schema, the write-ahead log included, is newer.
        sqlite3.Error: If the database cannot be opened.
    """
    mode = "ro" if read_only else "rw"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        _refuse_newer(path, schema_of(connection))
        connection.execute("PRAGMA foreign_keys=OFF")
        if not read_only:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
    except BaseException:
        connection.close()
        raise
    return connection
