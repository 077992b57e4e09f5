"""An older journal is backed up and changed whole, or left as it was."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.golden.make_golden import HERE, unpack

from tradebot.engine.journal import migrate as migrations
from tradebot.engine.journal import schema
from tradebot.engine.journal.errors import (
    JournalDamaged,
    JournalOutdated,
    JournalTooNew,
    JournalUnavailable,
    StateFolderRefused,
)
from tradebot.engine.journal.migrate import migrate
from tradebot.engine.journal.store import Journal
from tradebot.engine.state_folder import FOLDER_SCHEMA, StateFolder

Make = Callable[..., Any]
NOW = 1_767_614_400_123_456_789
BACKUP = "before-schema-2-20260105T120000Z"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Return a folder of schema 1, its write-ahead log not yet in the database."""
    return unpack(HERE / "schema-1" / "home.tar.xz", tmp_path / "home")


def contents_of(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder; SQLite's shared memory and an empty write-ahead log are no content."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not path.name.endswith("-shm")
        and not (path.name.endswith("-wal") and path.stat().st_size == 0)
    }


def rows_in(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT seq, idx, now, kind, body, crc FROM rows").fetchall()


def test_an_older_journal_is_copied_whole_before_it_is_changed(old: Path) -> None:
    assert (old / "journal.db-wal").stat().st_size > 0
    rows, engine = rows_in(old / "journal.db"), (old / "engine.json").read_bytes()
    done = migrate(old, NOW)
    assert done is not None
    assert (done.found, done.backup) == (1, old / BACKUP)
    assert (old / BACKUP / "engine.json").read_bytes() == engine
    assert rows_in(old / BACKUP / "journal.db") == rows_in(old / "journal.db") == rows
    with closing(sqlite3.connect(old / BACKUP / "journal.db")) as copy:
        assert schema.schema_of(copy) == 1
    with Journal.open(old / "journal.db") as journal:
        assert journal.schema == schema.SCHEMA
        assert journal.checkpoints() == []
        fills = [row for row in journal.rows() if row.kind == "fill-booked"]
        assert [rows[1] for rows in journal.fills(10_000)] == fills
    assert migrate(old, NOW) is None


def test_the_header_of_a_migrated_journal_turns_an_older_program_away(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(old, NOW)
    before = contents_of(old)
    monkeypatch.setattr(schema, "SCHEMA", 1)
    with pytest.raises(JournalTooNew, match="has schema 2, this program knows at most 1"):
        Journal.open(old / "journal.db")
    assert contents_of(old) == before


def test_an_older_program_refuses_a_migrated_folder_in_one_sentence_and_changes_nothing(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def take() -> StateFolder:
        return StateFolder.open(
            old, mode="sandbox", create=True, entropy=lambda count: b"a" * count, now=lambda: NOW
        )

    migrate(old, NOW)
    with take() as folder:
        folder.raise_schema()
        assert folder.engine.schema == FOLDER_SCHEMA
    before = contents_of(old)
    monkeypatch.setattr("tradebot.engine.state_folder.FOLDER_SCHEMA", 1)
    with pytest.raises(StateFolderRefused) as refused:
        take()
    assert str(refused.value).endswith(
        "has schema 2, this program knows at most 1: install a newer tradebot"
    )
    assert contents_of(old) == before


def test_an_older_journal_is_read_but_not_written_unmigrated(old: Path) -> None:
    with Journal.open(old / "journal.db", read_only=True) as journal:
        assert journal.schema == 1
        assert journal.checkpoints() == []
    with pytest.raises(
        JournalOutdated, match=r"has schema 1, this program writes 2: `tradebot run`"
    ):
        Journal.open(old / "journal.db")


def test_a_migration_that_fails_leaves_the_folder_as_it_was(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, listing = rows_in(old / "journal.db"), sorted(contents_of(old))
    monkeypatch.setitem(migrations.STEPS, 2, _then_full(migrations.STEPS[2]))
    with pytest.raises(
        JournalUnavailable, match="cannot be migrated now: database or disk is full"
    ):
        migrate(old, NOW)
    assert sorted(contents_of(old)) == listing
    assert rows_in(old / "journal.db") == rows
    with Journal.open(old / "journal.db", read_only=True) as journal:
        assert journal.schema == 1
    monkeypatch.undo()
    assert migrate(old, NOW) is not None


def _then_full(step: Callable[[sqlite3.Connection], None]) -> Callable[[sqlite3.Connection], None]:
    def stepped(connection: sqlite3.Connection) -> None:
        step(connection)
        raise sqlite3.OperationalError("database or disk is full")

    return stepped


def test_a_copy_that_does_not_fit_is_not_begun(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents_of(old)
    usage = shutil.disk_usage(old)._replace(free=1_000_000)

    def nearly_full(_: Path) -> object:
        return usage

    monkeypatch.setattr(shutil, "disk_usage", nearly_full)
    with pytest.raises(
        JournalUnavailable, match="bytes free to be backed up and migrated, there are 1000000"
    ):
        migrate(old, NOW)
    assert contents_of(old) == before


def test_a_damaged_journal_is_not_migrated(old: Path) -> None:
    path = old / "journal.db"
    (old / "journal.db-wal").unlink()
    data = bytearray(path.read_bytes())
    for page in range(2, len(data) // 4096):
        data[page * 4096 : page * 4096 + 16] = b"\xff" * 16
    path.write_bytes(data)
    listing = sorted(contents_of(old))
    with pytest.raises((JournalDamaged, JournalUnavailable)):
        migrate(old, NOW)
    assert sorted(contents_of(old)) == listing
    assert path.read_bytes() == bytes(data)


def test_a_folder_without_a_journal_and_one_of_today_need_nothing(
    recorder: Make, tmp_path: Path
) -> None:
    assert migrate(tmp_path, NOW) is None
    live = recorder()
    live.history(2)
    live.close()
    before = contents_of(live.folder)
    assert migrate(live.folder, NOW) is None
    assert contents_of(live.folder) == before
