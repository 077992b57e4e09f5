"""Datasets into files that others read: CSV, JSON lines or Parquet; exact, larger than memory, whole or absent."""

import tempfile
from pathlib import Path
from typing import Literal

import duckdb

from tradebot.data.errors import DatasetError, UnknownFormatError
from tradebot.data.parts import sync
from tradebot.data.store import Store
from tradebot.data.store_sql import identifier, prepare, quoted

type ExportFormat = Literal["csv", "jsonl", "parquet"]

_SUFFIXES: dict[str, ExportFormat] = {".csv": "csv", ".jsonl": "jsonl", ".parquet": "parquet"}
_OPTIONS: dict[ExportFormat, str] = {
    "csv": "FORMAT csv, HEADER",
    "jsonl": "FORMAT json",
    "parquet": "FORMAT parquet, COMPRESSION zstd",
}
_TIME = "strftime(make_timestamp(ts_recv // 1000), '%Y-%m-%dT%H:%M:%S.%fZ') AS time"
_OURS = "received, seq, line"
"""Columns that mean something in the store alone."""


def format_of(path: Path) -> ExportFormat:
    """Return the format a file's name stands for.

    Raises:
        UnknownFormatError: If it is none of ours.
    """
    found = _SUFFIXES.get(path.suffix)
    if found is None:
        known = ", ".join(_SUFFIXES)
        raise UnknownFormatError(f"FILE must end in one of {known}, was {path.name!r}")
    return found


def export(
    store: Store,
    dataset: str,
    target: Path,
    *,
    kind: str | None = None,
    span: tuple[int | None, int | None] = (None, None),
) -> int:
    """Write one kind of a dataset into a file, in order of receive time; a file of that name is replaced at the end.

    Columns: `time` (ISO 8601 UTC to the microsecond, of `ts_recv`), `instrument`, `ts_recv` and `ts_event` in ns UTC,
    then the kind's own; prices and quantities are exact decimals, as text in JSON.

    Args:
        store: Where the dataset is.
        dataset: Its name.
        target: The file; its ending says the format.
        kind: Which kind; None where the dataset has only one.
        span: First receive time and the one before which to stop, ns UTC; None = from the beginning, to the end.

    Returns:
        Rows written.

    Raises:
        UnknownFormatError: If the file's ending is none of ours.
        DatasetError: If there is no such dataset or kind, no row in the span, or a file is damaged.
        OSError: If the file cannot be written.
    """
    wanted = format_of(target)
    manifest = store.show(dataset)
    kinds = sorted({file.kind for file in manifest.files})
    chosen = kind or (kinds[0] if len(kinds) == 1 else None)
    if chosen not in kinds:
        raise DatasetError(f"kind must be one of {', '.join(kinds)} in {dataset}, was {kind}")
    folder = store.path_of(dataset, manifest.files[0]).parent
    view = identifier(dataset if len(kinds) == 1 else f"{dataset}/{chosen}")
    with tempfile.TemporaryDirectory(prefix=".export-", dir=target.absolute().parent) as spill:
        written = Path(spill) / "rows"
        with duckdb.connect(":memory:") as connection:
            try:
                prepare(connection, [(manifest, folder)], Path(spill))
                query = _query(connection, view, span, texts=wanted == "jsonl")
                copy = f"COPY ({query}) TO {quoted(str(written.resolve()))} ({_OPTIONS[wanted]})"
                (rows,) = connection.execute(copy).fetchone() or (0,)
            except duckdb.Error as error:
                first = str(error).splitlines()[0]
                raise DatasetError(f"{dataset} cannot be exported: {first}") from error
        if not rows:
            raise DatasetError(
                f"{dataset} has no {chosen} in that span; data show tells what it has"
            )
        sync(written)
        written.replace(target)
        sync(target.absolute().parent)
    return int(rows)


def _query(
    connection: duckdb.DuckDBPyConnection,
    view: str,
    span: tuple[int | None, int | None],
    *,
    texts: bool,
) -> str:
    """Return the SELECT; its names are ours and quoted, its bounds are numbers."""
    start, end = span
    bounds = [f"ts_recv >= {start:d}"] if start is not None else []
    bounds += [f"ts_recv < {end:d}"] if end is not None else []
    where = f" WHERE {' AND '.join(bounds)}" if bounds else ""
    chosen = f"{_TIME}, * EXCLUDE ({_OURS})"
    if texts:
        described: list[tuple[str, str]] = connection.execute(
            f"DESCRIBE SELECT * FROM {view}"  # noqa: S608  # nosec B608
        ).fetchall()
        casts = [
            f"CAST({name} AS VARCHAR{'[]' if kept_as.endswith('[]') else ''}) AS {name}"
            for name, kept_as, *_ in described
            if kept_as.startswith("DECIMAL")
        ]
        chosen += f" REPLACE ({', '.join(casts)})" if casts else ""
    return f"SELECT {chosen} FROM {view}{where} ORDER BY ts_recv, seq"  # noqa: S608  # nosec B608
