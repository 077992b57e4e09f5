"""Files of LEAN's data folder: zips of minute or daily bars, and the factor files of splits and dividends.

`equity/usa/minute/spy/20131007_trade.zip` holds `ms since midnight, open, high, low, close, volume`, a quote file
`ms, bid open .. close, bid size, ask open .. close, ask size`; a daily zip the same after `YYYYMMDD HH:MM`. Prices of
equities are in 1/10,000, times in New York; crypto and FX have decimal prices and UTC. A factor file's row holds until
its date: `date, price factor, split factor, reference price`.
"""

import re
import zipfile
from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from tradebot.data.errors import ImportFormatError
from tradebot.data.recordings.problems import Problems

MINUTE_NS = 60_000_000_000
DAY_NS = 86_400_000_000_000
MS_NS = 1_000_000
FILE_BYTES_MAX = 1 << 30
"""Largest file inside a zip that is read."""

REGULAR = (9 * 60 + 30, 16 * 60)
"""Minutes of a New York day between which US stocks trade."""

_NEW_YORK = ZoneInfo("America/New_York")
_EQUITY_SCALE = Decimal("0.0001")
_MINUTE_NAME = re.compile(r"(\d{8})_(\w+?)_minute_(trade|quote)\.csv")
_TRADE_CELLS, _QUOTE_CELLS = 6, 11

type Kind = Literal["trade", "quote"]


class LeanFile(NamedTuple):
    """One zip, and what its path says of it."""

    path: Path
    symbol: str
    """In capitals."""
    asset: str
    """`equity`, `crypto` or `forex`."""
    day: date | None
    """Of a minute file; None: a daily one."""
    kind: Kind

    @property
    def span_ns(self) -> int:
        """Return the length of its bars, ns."""
        return DAY_NS if self.day is None else MINUTE_NS


class LeanRow(NamedTuple):
    """One bar as the file has it; prices as they were printed."""

    line: int
    closed: int
    """The instant it closed, ns UTC; a day's bar covers its date in UTC."""
    day: date
    minute: int
    """Of the exchange's day at which it opened; 0 for a day's bar."""
    prices: tuple[Decimal, ...]
    """Open, high, low, close; of a quote the bid's, then the ask's."""
    sizes: tuple[Decimal, ...]
    """Volume; of a quote the bid's and the ask's size."""


class Factors:
    """What a factor file multiplies prices with, by day."""

    def __init__(self, rows: list[tuple[date, Decimal, Decimal]]) -> None:
        self._rows = sorted(rows)
        self._days = [row[0] for row in self._rows]

    def at(self, day: date) -> tuple[Decimal, Decimal]:
        """Return the price factor (dividends) and the split factor of a day; 1 and 1 after the last row."""
        place = bisect_left(self._days, day)
        if place == len(self._rows):
            return Decimal(1), Decimal(1)
        return self._rows[place][1], self._rows[place][2]


def lean_file(path: Path) -> LeanFile:
    """Return what a zip of LEAN's is, by the file inside it and the folders it lies in.

    Raises:
        ImportFormatError: If it is no zip, or nothing of LEAN's is in it.
        OSError: If it cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as zipped:
            names = zipped.namelist()
    except zipfile.BadZipFile as error:
        raise ImportFormatError(f"{path.name} must be a zip of LEAN's: {error}") from error
    inside = names[0] if names else ""
    folders = [folder.lower() for folder in path.resolve().parts[:-1]]
    asset = next((a for a in ("crypto", "forex", "equity") if a in folders), "equity")
    minute = _MINUTE_NAME.fullmatch(inside)
    if minute is not None:
        day = datetime.strptime(minute[1], "%Y%m%d").replace(tzinfo=UTC).date()
        return LeanFile(path, minute[2].upper(), asset, day, _kind(minute[3]))
    if inside.endswith(".csv") and "/" not in inside:
        quoted = asset == "forex" or inside.endswith("_quote.csv")
        symbol = inside.removesuffix(".csv").partition("_")[0]
        return LeanFile(path, symbol.upper(), asset, None, "quote" if quoted else "trade")
    raise ImportFormatError(
        f"{path.name} must hold DATE_SYMBOL_minute_trade.csv, ..._quote.csv or SYMBOL.csv, held {inside!r}"
    )


def _kind(text: str) -> Kind:
    return "quote" if text == "quote" else "trade"


def read_factors(path: Path) -> Factors:
    """Return a factor file.

    Raises:
        ImportFormatError: If a row is none.
        OSError: If it cannot be read.
    """
    rows: list[tuple[date, Decimal, Decimal]] = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        cells = line.split(",")
        try:
            day = datetime.strptime(cells[0], "%Y%m%d").replace(tzinfo=UTC).date()
            price, split = Decimal(cells[1]), Decimal(cells[2])
        except (ValueError, IndexError, InvalidOperation) as error:
            text = f"{path.name} line {number} must be `date,price factor,split factor`, was {line[:60]!r}"
            raise ImportFormatError(text) from error
        if not (price > 0 and split > 0):
            raise ImportFormatError(f"{path.name} line {number}: factors must be > 0")
        rows.append((day, price, split))
    return Factors(rows)


def factor_file(zipped: LeanFile) -> Path | None:
    """Return where the factor file of an equity's zip lies in LEAN's folder, if it is there."""
    if zipped.asset != "equity":
        return None
    for folder in zipped.path.resolve().parents:
        found = folder / "factor_files" / f"{zipped.symbol.lower()}.csv"
        if found.is_file():
            return found
    return None


def rows_of(file: LeanFile, problems: Problems) -> Iterator[LeanRow]:
    """Yield the bars of a zip in file order; rows that cannot be read are counted.

    Raises:
        ImportFormatError: If the file inside is too large.
        OSError: If it cannot be read.
    """
    with zipfile.ZipFile(file.path) as zipped:
        info = zipped.infolist()[0]
        if info.file_size > FILE_BYTES_MAX:
            text = (
                f"{file.path.name} must hold at most {FILE_BYTES_MAX} bytes, holds {info.file_size}"
            )
            raise ImportFormatError(text)
        with zipped.open(info) as lines:
            for number, raw in enumerate(lines, 1):
                text = raw.decode("utf-8", "replace").strip()
                if not text:
                    continue
                problems.messages += 1
                try:
                    yield _row(file, number, text.split(","))
                except (ValueError, ArithmeticError) as error:
                    problems.malformed.add(file.path.name, number, str(error))


def _row(file: LeanFile, number: int, cells: list[str]) -> LeanRow:
    quoted = file.kind == "quote"
    needed = _QUOTE_CELLS if quoted else _TRADE_CELLS
    if len(cells) < needed:
        raise ValueError(f"row must have {needed} cells, had {len(cells)}")
    numbers = [_number(cell) for cell in cells[1:needed]]
    unit = _EQUITY_SCALE if file.asset == "equity" else Decimal(1)
    places = (*range(4), *range(5, 9)) if quoted else range(4)
    prices = tuple(numbers[place] * unit for place in places)
    sizes = (numbers[4], numbers[9]) if quoted else (numbers[4],)
    if not quoted:
        opened, high, low, close = prices
        if not 0 < low <= min(opened, close) <= max(opened, close) <= high:
            raise ValueError(f"bar must have 0 < low <= open, close <= high, was {prices}")
    if min(sizes) < 0:
        raise ValueError(f"sizes must be >= 0, were {sizes}")
    if file.day is None:
        day = datetime.strptime(cells[0][:8], "%Y%m%d").replace(tzinfo=UTC)
        return LeanRow(number, _ns(day) + DAY_NS, day.date(), 0, prices, sizes)
    opened_ms = int(cells[0])
    zone = _NEW_YORK if file.asset == "equity" else UTC
    midnight = datetime.combine(file.day, time(), zone)
    # Clock hands of that day: no US exchange is open while they are moved.
    at = _ns(midnight) + opened_ms * MS_NS
    return LeanRow(number, at + MINUTE_NS, file.day, opened_ms // 60_000, prices, sizes)


def _ns(when: datetime) -> int:
    return int(when.timestamp()) * 1_000_000_000


def _number(text: str) -> Decimal:
    if not text.strip():
        return Decimal(0)  # an empty side of a quote
    try:
        value = Decimal(text.strip())
    except InvalidOperation as error:
        raise ValueError(f"number must be decimal, was {text[:40]!r}") from error
    if not value.is_finite():
        raise ValueError(f"number must be finite, was {text[:40]!r}")
    return value
