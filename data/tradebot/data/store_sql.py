"""SQL over the store: each dataset a view in exact decimals; read-only, bounded, kept to the store's own files."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import cast

import duckdb
import msgspec

from tradebot.data.errors import DatasetError
from tradebot.data.instruments import Instrument
from tradebot.data.manifest import Manifest, instrument_by_id
from tradebot.data.tables import (
    PRICE_LISTS,
    PRICES,
    QUANTITIES,
    QUANTITY_LISTS,
    schema_of,
)

SQL_ROWS_MAX = 10_000
"""Rows of a result unless another bound is asked for."""

_MEMORY = "1GB"
_INTEGER_MAX = 2**63

type JsonValue = str | int | float | bool | list["JsonValue"] | dict[str, "JsonValue"] | None
"""What a cell becomes: decimals as text, times ISO 8601 UTC."""


class SqlColumn(msgspec.Struct, frozen=True):
    """One column of a result."""

    name: str
    type: str
    """DuckDB's name of the type."""


class SqlResult(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of a query."""

    columns: tuple[SqlColumn, ...]
    rows: tuple[tuple[JsonValue, ...], ...]
    truncated: bool
    """True where the query has more rows than asked for."""


def run_sql(
    query: str, datasets: Sequence[tuple[Manifest, Path]], *, rows_max: int = SQL_ROWS_MAX
) -> SqlResult:
    """Run one SELECT over datasets.

    Args:
        query: One SELECT; anything that writes, loads or configures is refused.
        datasets: Manifests with their folders.
        rows_max: Most rows returned, >= 1.

    Raises:
        DatasetError: If it is not one SELECT, or DuckDB refuses it; the text is DuckDB's first line.
    """
    with duckdb.connect(":memory:") as connection:
        try:
            prepare(connection, datasets)
            statements = connection.extract_statements(query)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise DatasetError(f"sql must be one SELECT, was {query[:80]!r}")
            cursor = connection.execute(statements[0])
            described: list[tuple[object, ...]] = list(cursor.description or [])
            fetched: list[tuple[object, ...]] = cursor.fetchmany(rows_max + 1)
        except duckdb.Error as error:
            lines = str(error).splitlines() or ["failed"]
            raise DatasetError(f"sql failed: {lines[0]}") from error
    return SqlResult(
        columns=tuple(SqlColumn(str(column[0]), str(column[1])) for column in described),
        rows=tuple(tuple(map(_plain, row)) for row in fetched[:rows_max]),
        truncated=len(fetched) > rows_max,
    )


def prepare(
    connection: duckdb.DuckDBPyConnection,
    datasets: Sequence[tuple[Manifest, Path]],
    spill: Path | None = None,
) -> None:
    """Make the views, then shut the connection's door to everything but the datasets' folders, and `spill`.

    Args:
        connection: Fresh.
        datasets: Manifests and their folders.
        spill: Where it may write, and put what does not fit into memory; None: nowhere.
    """
    open_to = [*(folder for _, folder in datasets), *(() if spill is None else (spill,))]
    folders = ", ".join(quoted(str(folder.resolve())) for folder in open_to)
    connection.execute(f"SET memory_limit = '{_MEMORY}'")
    if spill is not None:
        connection.execute(f"SET temp_directory = {quoted(str(spill.resolve()))}")
    connection.execute(f"SET allowed_directories = [{folders}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    for manifest, folder in datasets:
        kinds = sorted({file.kind for file in manifest.files})
        for kind in kinds:
            connection.execute(_view(manifest, folder.resolve(), kind, alone=len(kinds) == 1))


def _view(manifest: Manifest, folder: Path, kind: str, *, alone: bool) -> str:
    """Return the statement that makes one kind of a dataset a view.

    An own name with one kind has the dataset's name as well as any other; with several, the kind follows a slash.
    """
    instruments = instrument_by_id(manifest)
    selects: list[str] = []
    for instrument_id in sorted({file.instrument for file in manifest.files if file.kind == kind}):
        paths = ", ".join(
            quoted(str(folder / file.path))
            for file in manifest.files
            if (file.kind, file.instrument) == (kind, instrument_id)
        )
        # Names, columns and paths are ours, and quoted.
        columns = ", ".join(_columns(kind, instruments[instrument_id]))
        selects.append(f"SELECT {columns} FROM read_parquet([{paths}])")  # noqa: S608  # nosec B608
    name = manifest.dataset if alone else f"{manifest.dataset}/{kind}"
    return f"CREATE VIEW {identifier(name)} AS {' UNION ALL BY NAME '.join(selects)}"


def _columns(kind: str, instrument: Instrument) -> Iterable[str]:
    yield f"{quoted(instrument.id)} AS instrument"
    yield "make_timestamp(ts_recv // 1000) AS received"
    for name in schema_of(kind).names():
        if name in PRICES:
            yield f"{_decimal(name, instrument.price_scale)} AS {name}"
        elif name in QUANTITIES:
            yield f"{_decimal(name, instrument.quantity_scale)} AS {name}"
        elif name in PRICE_LISTS:
            each = _decimal("x", instrument.price_scale)
            yield f"list_transform({name}, lambda x: {each}) AS {name}"
        elif name in QUANTITY_LISTS:
            each = _decimal("x", instrument.quantity_scale)
            yield f"list_transform({name}, lambda x: {each}) AS {name}"
        else:
            yield name


def _decimal(expression: str, scale: int) -> str:
    """Return SQL for integer units of 10**-scale as an exact decimal."""
    units = f"CAST({expression} AS DECIMAL(19, 0))"
    if scale == 0:
        return units
    step = f"0.{'1'.rjust(scale, '0')}"
    return f"{units} * CAST('{step}' AS DECIMAL({scale}, {scale}))"


def identifier(name: str) -> str:
    """Return a name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def quoted(text: str) -> str:
    """Return a text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def _plain(value: object) -> JsonValue:
    """Return a cell as JSON knows it; numbers JSON cannot hold become text or null."""
    match value:
        case None | bool() | str():
            return value
        case int():
            return value if -_INTEGER_MAX <= value < _INTEGER_MAX else str(value)
        case float():
            return value if isfinite(value) else None
        case Decimal():
            return format(value, "f")
        case datetime():
            zoned = value if value.tzinfo else value.replace(tzinfo=UTC)
            return zoned.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date() | time():
            return value.isoformat()
        case _:
            return _plain_nested(value)


def _plain_nested(value: object) -> JsonValue:
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast("Sequence[object]", value)]
    if isinstance(value, dict):
        pairs = cast("Mapping[object, object]", value).items()
        return {str(key): _plain(item) for key, item in pairs}
    return str(value)
