"""Parquet files of a dataset, written part by part so that memory stays bounded, named by what they hold."""

import hashlib
import os
import tempfile
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from tradebot.data.events import AnyMarketEvent
from tradebot.data.instruments import InstrumentId
from tradebot.data.manifest import DataFile
from tradebot.data.tables import Cell, table_of, to_row

_ROWS_MAX = {"book": 20_000}
_ROWS_MAX_OTHERS = 250_000
"""Rows of a part: what an import or a replay holds in memory of one instrument and kind."""

_ROW_GROUP = 65_536
_ZSTD_LEVEL = 3
_HASH_CHUNK = 1 << 20
_HASH_SHOWN = 16


class Part(NamedTuple):
    """A finished part, not yet in its dataset's folder."""

    kind: str
    instrument: InstrumentId
    path: Path
    file: DataFile


class PartWriter:
    """Collects events by instrument and kind and writes them in parts.

    Args:
        folder: A folder of its own.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows: dict[tuple[InstrumentId, str], list[tuple[Cell, ...]]] = {}
        self._counts: dict[tuple[InstrumentId, str], int] = {}
        self._parts: list[Part] = []

    def add(self, kind: str, event: AnyMarketEvent, seq: int, line: int) -> None:
        """Take one event; receive times of an instrument's kind never go back."""
        key = (event.instrument, kind)
        rows = self._rows.setdefault(key, [])
        rows.append(to_row(event, seq, line))
        if len(rows) >= _ROWS_MAX.get(kind, _ROWS_MAX_OTHERS):
            self._write(*key)

    def finish(self) -> list[Part]:
        """Write what is left; return all parts by instrument, kind and order."""
        for key in list(self._rows):
            self._write(*key)
        return sorted(self._parts, key=lambda part: (part.instrument, part.kind, part.file.path))

    def _write(self, instrument: InstrumentId, kind: str) -> None:
        rows = self._rows.pop((instrument, kind), [])
        if not rows:
            return
        index = self._counts.get((instrument, kind), 0)
        self._counts[instrument, kind] = index + 1
        table = table_of(kind, rows)
        path = self._folder / f"{len(self._parts)}.parquet"
        table.write_parquet(
            path,
            compression="zstd",
            compression_level=_ZSTD_LEVEL,
            statistics=True,
            row_group_size=_ROW_GROUP,
        )
        sync(path)
        sha256 = sha256_of(path)
        name = f"{kind}-{quote(instrument, safe='')}-{index:05d}-{sha256[:_HASH_SHOWN]}.parquet"
        times = table.get_column("ts_recv")
        file = DataFile(
            path=name,
            kind=kind,
            instrument=instrument,
            rows=table.height,
            bytes=path.stat().st_size,
            sha256=sha256,
            first_ts=int(times.item(0)),
            last_ts=int(times.item(-1)),
        )
        self._parts.append(Part(kind, instrument, path, file))


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, hex.

    Raises:
        OSError: If it cannot be read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_HASH_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def sync(path: Path) -> None:
    """Wait until a file's bytes, or the names in a folder, are on the disk: a loss of power leaves them there.

    Raises:
        OSError: If it cannot be opened, or the disk fails.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(path: Path) -> None:
    """Make a folder and those above it where they are not there, so that a loss of power leaves it.

    Raises:
        OSError: If it cannot be made.
    """
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(exist_ok=True)
        sync(path.parent)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a reader, a crash or a loss of power finds the old or the new one, never a part.

    Raises:
        OSError: If it cannot be written.
    """
    handle, name = tempfile.mkstemp(prefix=path.name, dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
        sync(path.parent)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
