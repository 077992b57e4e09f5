"""Bars from CSV: header names `time|timestamp|date|datetime`, `open high low close volume [trades]`.

What the options do not say is guessed from the file and shown: time column and its style, zone, span, whether a bar is
stamped at its open or close, symbol, currency, tick.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation, localcontext
from itertools import pairwise
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from tradebot.data.datasets import span_text
from tradebot.data.errors import ImportFormatError, ScaleError, UnknownFormatError
from tradebot.data.events import Bar
from tradebot.data.importers.csv_time import TimeStyle, guess_style, zone_of
from tradebot.data.importers.imported import ImportedEvent, ReceiveClock
from tradebot.data.instruments import Instrument, InstrumentId, Rules, to_units
from tradebot.data.numbers import NumberSurvey
from tradebot.data.recordings.lines import Line, read_lines
from tradebot.data.recordings.problems import Problems
from tradebot.data.symbols import take_apart

_TIME_NAMES = ("time", "timestamp", "date", "datetime")
_PRICE_NAMES = ("open", "high", "low", "close")
_DELIMITERS = ",;\t|"
_SAMPLE_ROWS = 200
_VENUE = "csv"
_STAMP_DEFAULT = "open"
"""Most vendors stamp a bar with the time it opened."""
_BARS_MIN = 2
"""A span needs two bars."""
_NUMBER_MAX = Decimal("1e18")


class CsvOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about a file; None = guess."""

    time_column: str | None = None
    zone: str | None = None
    stamp: Literal["open", "close"] | None = None
    symbol: str | None = None
    currency: str | None = None
    tick: Decimal | None = None


class _Columns(NamedTuple):
    """Where in a row what stands."""

    time: int
    prices: tuple[int, ...]
    volume: int | None
    trades: int | None


class _Row(NamedTuple):
    """One bar as text and its stamp."""

    line: int
    stamp: int
    prices: tuple[Decimal, ...]
    volume: Decimal
    trades: int


class CsvBarsImporter:
    """Imports one CSV file of bars.

    Args:
        path: The file, plain or gzip.
        options: What is known about it.

    Raises:
        ImportFormatError: If it has no header with the needed columns, or fewer than two bars.
        UnknownFormatError: If an option's value does not exist.
        OSError: If it cannot be read.
    """

    format = "csv"
    version = 2

    def __init__(self, path: Path, options: CsvOptions | None = None) -> None:
        self._file = path.name
        self._options = options or CsvOptions()
        self._found = Problems()
        self._shown: dict[str, str] = {}
        lines = list(read_lines(path, self._found))
        if not lines:
            raise ImportFormatError(f"{self._file} must have a header and bars, was empty")
        header, *rest = lines
        header_text = header.content.decode("utf-8", "replace")
        self._delimiter = max(_DELIMITERS, key=header_text.count)
        names = _header(header_text, self._delimiter)
        self._columns = _find_columns(names, self._options.time_column)
        self._shown["time-column"] = names[self._columns.time]
        self._rows = self._read(rest, self._find_style(rest))
        if len(self._rows) < _BARS_MIN:
            raise ImportFormatError(
                f"{self._file} must have at least {_BARS_MIN} bars, had {len(self._rows)}"
                + self._first_malformed()
            )
        self._span_ns = _span(self._rows)
        self._shown["span"] = span_text(self._span_ns)
        self._stamp = self._options.stamp or _STAMP_DEFAULT
        self._shown["stamp"] = self._stamp
        self._instrument = self._describe()

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """The one instrument."""
        return (self._instrument,)

    @property
    def guesses(self) -> Mapping[str, str]:
        """What was given or guessed, by option: both are shown."""
        return self._shown

    def events(self, problems: Problems) -> Iterator[ImportedEvent]:
        """Yield the bars by the instant they closed.

        Raises:
            ScaleError: Never for what `__init__` accepted; a number too large is counted as malformed.
        """
        problems.messages += self._found.messages
        problems.malformed.absorb(self._found.malformed)
        clock = ReceiveClock(problems)
        span = self._span_ns if self._stamp == "open" else 0
        closed_before = 0
        for row in self._rows:
            closed = row.stamp + span
            if closed == closed_before:
                problems.malformed.add(
                    self._file, row.line, "bar must not have the time of another"
                )
                continue
            try:
                bar = self._bar(row, closed, clock.at(closed, self._file, row.line))
            except ScaleError as error:
                problems.malformed.add(self._file, row.line, str(error))
                continue
            closed_before = closed
            yield ImportedEvent(bar, row.line)

    def _bar(self, row: _Row, closed: int, ts_recv: int) -> Bar:
        price_scale = self._instrument.price_scale
        opened, high, low, close = (
            to_units(_rounded(price, price_scale), price_scale, what="price")
            for price in row.prices
        )
        quantity_scale = self._instrument.quantity_scale
        volume = to_units(_rounded(row.volume, quantity_scale), quantity_scale, what="volume")
        return Bar(
            instrument=self._instrument.id,
            ts_event=closed,
            ts_recv=ts_recv,
            span_ns=self._span_ns,
            open=opened,
            high=high,
            low=low,
            close=close,
            volume=volume,
            trades=row.trades,
        )

    def _find_style(self, lines: Sequence[Line]) -> TimeStyle:
        texts = _time_texts(lines[:_SAMPLE_ROWS], self._delimiter, self._columns.time)
        if not texts:
            raise ImportFormatError(f"{self._file} must have bars below its header, had none")
        column = self._shown["time-column"].lower()
        zone = self._options.zone or "UTC"
        style = guess_style(texts, zone_of(zone))
        says_zone = style.zoned or column.endswith("utc")
        if says_zone and self._options.zone is None:
            self._shown["zone"] = "as the file says"
        else:
            self._shown["zone"] = zone
        self._shown["time-style"] = style.name
        return style

    def _read(self, lines: Sequence[Line], style: TimeStyle) -> list[_Row]:
        rows: list[_Row] = []
        for line in lines:
            try:
                cells = _cells(line.content.decode("utf-8"), self._delimiter)
                rows.append(_row(cells, line.number, self._columns, style))
            except (ValueError, ArithmeticError) as error:
                self._found.malformed.add(line.file, line.number, str(error))
        descending = len(rows) > 1 and rows[0].stamp > rows[-1].stamp
        self._shown["order"] = "newest first" if descending else "oldest first"
        return rows[::-1] if descending else rows

    def _describe(self) -> Instrument:
        symbol = self._options.symbol or _symbol_in(self._file)
        venue, colon, name = symbol.partition(":")
        if not colon:
            venue, name = _VENUE, symbol
        if not venue or not name:
            raise UnknownFormatError(f"symbol must be SYMBOL or venue:SYMBOL, was {symbol!r}")
        parts = take_apart(name)
        currency = self._options.currency or parts.currency
        prices, volumes = NumberSurvey(), NumberSurvey()
        for row in self._rows:
            prices.add([format(abs(price), "f") for price in row.prices])
            volumes.add([format(row.volume, "f")])
        tick = self._options.tick
        if tick is not None:
            prices.add([format(tick, "f")])
        price_scale, quantity_scale = prices.scale(), volumes.scale()
        step = (
            prices.step(price_scale) if tick is None else to_units(tick, price_scale, what="tick")
        )
        instrument = Instrument(
            id=InstrumentId(f"{venue}:{name}"),
            kind=parts.kind,
            base=parts.base,
            currency=currency,
            price_scale=price_scale,
            quantity_scale=quantity_scale,
            # What was traded in a bar says nothing of the smallest order.
            rules=(Rules(tick=step, lot=1),),
        )
        shown = {
            "symbol": instrument.id,
            "currency": currency,
            "tick": format(instrument.price(step), "f"),
        }
        self._shown.update(shown)
        return instrument

    def _first_malformed(self) -> str:
        first = self._found.malformed.first
        return f"; line {first[0].line}: {first[0].text}" if first else ""


def _cells(text: str, delimiter: str) -> list[str]:
    """Return a line's cells.

    Raises:
        ValueError: If its quotes do not match.
    """
    empty: list[str] = []
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True), empty)
    except csv.Error as error:
        raise ValueError(str(error)) from error


def _header(text: str, delimiter: str) -> list[str]:
    """Return the names of the columns.

    Raises:
        ImportFormatError: If the line cannot be taken apart.
    """
    try:
        return [name.strip() for name in _cells(text, delimiter)]
    except ValueError as error:
        raise ImportFormatError(f"header must be CSV ({error}), was {text[:80]!r}") from error


def _time_texts(lines: Sequence[Line], delimiter: str, column: int) -> list[str]:
    """Return the times of some lines; lines that have none are passed over."""
    texts: list[str] = []
    for line in lines:
        with suppress(ValueError):  # counted as malformed when the bars are read
            cells = _cells(line.content.decode("utf-8"), delimiter)
            texts.extend(cell.strip() for cell in cells[column : column + 1])
    return texts


def _find_columns(names: list[str], time_column: str | None) -> _Columns:
    """Return where what stands.

    Raises:
        UnknownFormatError: If the named time column does not exist.
        ImportFormatError: If a needed column is missing.
    """
    lowered = [name.lower() for name in names]
    if time_column is not None:
        if time_column.lower() not in lowered:
            known = ", ".join(names)
            raise UnknownFormatError(f"time-column must be one of {known}, was {time_column!r}")
        time = lowered.index(time_column.lower())
    else:
        time = next(
            (index for index, name in enumerate(lowered) if name in _TIME_NAMES),
            next((index for index, name in enumerate(lowered) if name.startswith(_TIME_NAMES)), -1),
        )
    missing = [name for name in _PRICE_NAMES if name not in lowered]
    if time < 0 or missing:
        needed = ", ".join(([] if time >= 0 else ["time|timestamp|date|datetime"]) + missing)
        raise ImportFormatError(f"header must have {needed}; it has {', '.join(names)[:200]}")
    prices = tuple(lowered.index(name) for name in _PRICE_NAMES)
    volume = lowered.index("volume") if "volume" in lowered else None
    trades = lowered.index("trades") if "trades" in lowered else None
    return _Columns(time, prices, volume, trades)


def _row(cells: list[str], line: int, columns: _Columns, style: TimeStyle) -> _Row:
    """Return one bar.

    Raises:
        ValueError: If a cell is missing, no number, or the prices contradict each other.
    """
    needed = max(columns.time, *columns.prices, columns.volume or 0, columns.trades or 0)
    if len(cells) <= needed:
        raise ValueError(f"row must have at least {needed + 1} cells, had {len(cells)}")
    stamp = style.read(cells[columns.time].strip())
    prices = tuple(_number(cells[index]) for index in columns.prices)
    opened, high, low, close = prices
    if not low <= min(opened, close) <= max(opened, close) <= high:
        raise ValueError(
            f"bar must have low <= open, close <= high, was {opened} {high} {low} {close}"
        )
    volume = Decimal(0) if columns.volume is None else _number(cells[columns.volume])
    trades = 0 if columns.trades is None else int(_number(cells[columns.trades]))
    if volume < 0 or trades < 0:
        raise ValueError(f"volume and trades must be >= 0, were {volume} and {trades}")
    return _Row(line, stamp, prices, volume, trades)


def _number(text: str) -> Decimal:
    try:
        value = Decimal(text.strip())
    except InvalidOperation as error:
        raise ValueError(f"number must be decimal, was {text[:40]!r}") from error
    if not value.is_finite() or abs(value) >= _NUMBER_MAX:
        raise ValueError(f"number must be finite and below {_NUMBER_MAX}, was {text[:40]!r}")
    return value


def _rounded(value: Decimal, scale: int) -> Decimal:
    """Return a number in a scale, half-even: files made from floats have digits no price has."""
    with localcontext(prec=60):
        return value.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_EVEN)


def _span(rows: Sequence[_Row]) -> int:
    """Return the most frequent time between bars, ns; the shorter at a tie.

    Raises:
        ImportFormatError: If all bars have the same time.
    """
    steps = Counter(
        later.stamp - earlier.stamp
        for earlier, later in pairwise(rows)
        if later.stamp > earlier.stamp
    )
    if not steps:
        raise ImportFormatError("bars must have times that differ")
    return min(steps, key=lambda step: (-steps[step], step))


def _symbol_in(file: str) -> str:
    """Return the first word of a file's name in capitals: `gbpusd-m1-bid-2012.csv` is GBPUSD."""
    return re.split(r"[-_. ]", file)[0].upper() or "UNKNOWN"
