"""`backup`: an engine's whole state as one file, taken while it runs.

The journal is copied by SQLite's own backup (one consistent state, its write-ahead log in), market segments up to the
last block that journal names, the native venue's ledger after both, so that the venue is never behind the engine that
asks it. What is newer than the copy is nowhere in it. Keys and tokens are never in it, addresses of the configuration
neither.
"""

import io
import os
import re
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import msgspec
import zstandard

from tradebot.engine.accounting.errors import AccountingError
from tradebot.engine.accounting.manifest import CONFIG, FORMAT, MANIFEST, Manifest, described
from tradebot.engine.journal import schema
from tradebot.engine.journal.export import iso
from tradebot.engine.journal.files import sync_folder
from tradebot.engine.state_folder import EngineFile, look

_SECRET = re.compile(r"://|^\s*\w*(secret|password|token|key)\w*\s*=", re.IGNORECASE)


def back_up(folder: Path, config: Path, file: Path, *, program: str, now: int) -> Manifest:
    """Write an engine's backup: whole and readable by its owner alone, or not at all.

    Args:
        folder: The engine's state folder; the engine may run.
        config: The configuration's file, which need not exist.
        file: Where to; must not exist.
        program: Version of this program.
        now: System clock, ns UTC.

    Raises:
        AccountingError: If the file exists, there is no engine, or something cannot be read or written.
        StateFolderRefused: If the folder is newer or unreadable.
    """
    if file.exists():
        raise AccountingError(f"{file} exists: name another file, or move it away")
    facts = look(folder)
    if facts is None or not (folder / "journal.db").exists():
        raise AccountingError(
            f"there is no engine with a record in {folder}: tradebot run makes one"
        )
    try:
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=".tradebot-backup-") as temporary:
            stage = Path(temporary)
            _gather(folder, config, stage)
            engine = msgspec.json.decode((stage / "engine.json").read_bytes(), type=EngineFile)
            found = sorted(path for path in stage.rglob("*") if path.is_file())
            manifest = Manifest(
                format=FORMAT,
                program=program,
                engine=folder.name,
                engine_id=engine.id,
                mode=engine.mode,
                schema=engine.schema,
                created=iso(now),
                files=tuple(described(stage, path) for path in found),
            )
            packed = stage / "packed"
            _pack(packed, stage, manifest, found)
            packed.replace(file)
            sync_folder(file.parent)
    except (OSError, sqlite3.Error) as error:
        raise AccountingError(f"{file} cannot be written now: {error}") from error
    return manifest


def _gather(folder: Path, config: Path, stage: Path) -> None:
    (stage / "engine.json").write_bytes((folder / "engine.json").read_bytes())
    known = _copy_journal(folder / "journal.db", stage / "journal.db")
    (stage / "market").mkdir()
    for name, size in known.items():
        source = folder / "market" / name
        if source.exists():
            _copy_head(source, stage / "market" / name, size)
    for name in ("reserve.log", "venue.log"):
        source = folder / name
        if source.exists():
            data = source.read_bytes()
            # Another process may be in the middle of a line; a reserve is blocks, and reads itself up to a torn one.
            (stage / name).write_bytes(
                data[: data.rfind(b"\n") + 1] if name == "venue.log" else data
            )
    if config.exists():
        (stage / CONFIG).write_text(without_secrets(config.read_text("utf-8")), "utf-8")


def _copy_journal(source: Path, target: Path) -> dict[str, int]:
    """Copy the database; return how much of each market file it knows."""
    with (
        closing(schema.connect(source, read_only=True)) as reader,
        closing(sqlite3.connect(target)) as writer,
    ):
        reader.backup(writer)
        writer.execute("PRAGMA journal_mode=DELETE")
        rows: Iterable[tuple[str, int]] = writer.execute(
            "SELECT file, max(offset + length) FROM segments GROUP BY file ORDER BY file"
        )
        return dict(rows)


def _copy_head(source: Path, target: Path, size: int) -> None:
    with source.open("rb") as reader, target.open("wb") as writer:
        shutil.copyfileobj(io.BytesIO(reader.read(size)), writer)


def _pack(packed: Path, stage: Path, manifest: Manifest, found: Iterable[Path]) -> None:
    descriptor = os.open(packed, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as raw:
        compressor = zstandard.ZstdCompressor(level=6)
        with (
            compressor.stream_writer(raw, closefd=False) as stream,
            tarfile.open(fileobj=stream, mode="w|") as archive,
        ):
            data = msgspec.json.format(msgspec.json.encode(manifest))
            _add(archive, MANIFEST, io.BytesIO(data), len(data))
            for path in found:
                with path.open("rb") as content:
                    name = path.relative_to(stage).as_posix()
                    _add(archive, name, content, path.stat().st_size)
        raw.flush()
        os.fsync(raw.fileno())


def _add(archive: tarfile.TarFile, name: str, content: io.BufferedIOBase, size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    archive.addfile(member, content)


def without_secrets(text: str) -> str:
    """Return a configuration without lines that may hold an address or a secret."""
    lines = [
        "# left out of the backup" if _SECRET.search(line.partition("#")[0]) else line
        for line in text.splitlines()
    ]
    return "\n".join(lines) + "\n"
