"""An older state folder brought to today's schema: backed up first, changed in one transaction, or not at all."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import msgspec

from tradebot.engine.journal import schema
from tradebot.engine.journal.errors import JournalUnavailable, as_journal_error
from tradebot.engine.journal.export import iso
from tradebot.engine.journal.files import sync_folder, write_atomically

ENGINE_FILE = "engine.json"
DATABASE = "journal.db"

SPACE_FACTOR = 2
"""Free space needed, as a multiple of the journal's size: once for its copy, once for what a migration writes."""

SPACE_MARGIN = 4 * 1024 * 1024
"""And so many bytes more."""

_BOOKED = """
INSERT OR IGNORE INTO executions
SELECT json_extract(CAST(body AS TEXT), '$.account') || '/' || json_extract(CAST(body AS TEXT), '$.execution_id'), seq
FROM rows
WHERE kind = 'fill-booked' AND json_valid(CAST(body AS TEXT))
"""


def _to_2(connection: sqlite3.Connection) -> None:
    for statement in schema.SCHEMA_2.split(";"):
        connection.execute(statement)
    connection.execute(_BOOKED)


STEPS: dict[int, Callable[[sqlite3.Connection], None]] = {2: _to_2}
"""What brings a journal to each schema from the one before, inside an open transaction."""


class Migrated(msgspec.Struct, frozen=True):
    """What was done to a folder."""

    found: int
    """Schema of the journal before."""
    backup: Path
    """Folder with `journal.db` and `engine.json` as they were: to go back, stop the engine and move them home."""


def migrate(folder: Path, now: int) -> Migrated | None:
    """Bring a state folder that this process holds to today's schema; None where nothing was to be done.

    The journal is copied first, its write-ahead log included, into `before-schema-N-TIME/`; the copy is on disk before
    anything is changed. A migration that fails leaves the folder as it was, without the copy.

    Args:
        folder: The state folder.
        now: System clock, ns UTC; names the backup.

    Raises:
        JournalTooNew: If a newer program wrote it; nothing was changed.
        JournalUnavailable: If there is not enough room for the copy, or it cannot be written now.
        JournalDamaged: If the journal cannot be read.
    """
    path = folder / DATABASE
    if not schema.refuse_foreign(path):
        return None
    try:
        found = _schema_in(path)
        if found == schema.SCHEMA:
            return None
        _require_room(path)
        backup = folder / f"before-schema-{schema.SCHEMA}-{_stamp(now)}"
        try:
            _back_up(folder, backup)
            _change(path, found)
        except BaseException:
            shutil.rmtree(backup, ignore_errors=True)
            raise
    except sqlite3.Error as error:
        raise as_journal_error(path, error, "migrated") from error
    except OSError as error:
        raise JournalUnavailable(f"{path} cannot be migrated now: {error}", error) from error
    return Migrated(found, backup)


def _schema_in(path: Path) -> int:
    with closing(schema.connect(path, read_only=True)) as connection:
        return schema.schema_of(connection)


def _require_room(path: Path) -> None:
    log = path.with_name(path.name + "-wal")
    size = path.stat().st_size + (log.stat().st_size if log.exists() else 0)
    needed, free = SPACE_FACTOR * size + SPACE_MARGIN, shutil.disk_usage(path.parent).free
    if free < needed:
        text = (
            f"{path} needs {needed} bytes free to be backed up and migrated, there are {free}:"
            " free the disk and start again"
        )
        raise JournalUnavailable(text, OSError(text))


def _back_up(folder: Path, backup: Path) -> None:
    backup.mkdir(mode=0o700)
    copy = backup / DATABASE
    with (
        closing(schema.connect(folder / DATABASE, read_only=True)) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
        (answer,) = target.execute("PRAGMA quick_check(1)").fetchone()
        if answer != "ok":
            raise sqlite3.DatabaseError(f"it is damaged: {answer}")
    with copy.open("rb") as file:
        os.fsync(file.fileno())
    if (folder / ENGINE_FILE).exists():
        write_atomically(backup / ENGINE_FILE, (folder / ENGINE_FILE).read_bytes())
    sync_folder(backup)
    sync_folder(folder)


def _change(path: Path, found: int) -> None:
    with closing(schema.connect(path, read_only=False)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            for number in range(found + 1, schema.SCHEMA + 1):
                STEPS[number](connection)
            connection.execute(f"PRAGMA user_version={schema.SCHEMA}")
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            raise
        # The main file's header is to carry the number too: an older program then refuses by its first bytes.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _stamp(now: int) -> str:
    """Return an instant as it may stand in a file's name: `20260105T120000Z`."""
    return iso(now)[:19].replace("-", "").replace(":", "") + "Z"
