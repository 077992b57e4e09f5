"""LEAN's zips as market events: bars from trade files, best prices at each bar's end from quote files.

Prices are adjusted as LEAN's are by default: times the split and the dividend factor of their day, so that history
joins the present without a jump. `splits` leaves dividends out, `raw` is what was printed.
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from pathlib import Path
from typing import Literal, NamedTuple

from tradebot.data.errors import ImportFormatError, ScaleError
from tradebot.data.events import Bar, Quote
from tradebot.data.importers.imported import ImportedEvent, ReceiveClock
from tradebot.data.instruments import (
    SCALE_MAX,
    Instrument,
    InstrumentId,
    InstrumentKind,
    Rules,
    to_units,
)
from tradebot.data.numbers import NumberSurvey
from tradebot.data.recordings.lean import (
    REGULAR,
    Factors,
    LeanFile,
    LeanRow,
    factor_file,
    lean_file,
    read_factors,
    rows_of,
)
from tradebot.data.recordings.problems import Problems
from tradebot.data.symbols import take_apart

type Adjust = Literal["total", "splits", "raw"]
"""What prices are multiplied with: splits and dividends, splits alone, or nothing."""

_EQUITY_DECIMALS = 4
_ADJUSTED_DECIMALS = 11
_CENT = 2


class _Symbol(NamedTuple):
    instrument: Instrument
    factors: Factors
    files: tuple[LeanFile, ...]


class LeanImporter:
    """Imports zips of LEAN's data folder, of one or several symbols.

    Args:
        paths: Zips, and factor files (`SYMBOL.csv`); a factor file that lies where LEAN keeps it is found.
        adjust: What prices are multiplied with.
        extended: Whether bars of US stocks outside 09:30-16:00 New York are kept.

    Raises:
        ImportFormatError: If a file is not of LEAN's.
        OSError: If a file cannot be read.
    """

    format = "lean"
    version = 1

    def __init__(
        self, paths: Sequence[Path], *, adjust: Adjust = "total", extended: bool = False
    ) -> None:
        self._adjust: Adjust = adjust
        self._extended = extended
        given = {path.stem.upper(): path for path in paths if path.suffix == ".csv"}
        files: dict[str, list[LeanFile]] = {}
        for path in paths:
            if path.suffix != ".csv":
                file = lean_file(path)
                files.setdefault(file.symbol, []).append(file)
        if not files:
            raise ImportFormatError("lean needs at least 1 zip, got none")
        self._factor_files: list[Path] = []
        self._symbols = [self._symbol(each, files[each], given) for each in sorted(files)]

    @property
    def read(self) -> tuple[Path, ...]:
        """Return every file that is read."""
        zips = (file.path for symbol in self._symbols for file in symbol.files)
        return (*zips, *self._factor_files)

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """Return the symbols, by name."""
        return tuple(symbol.instrument for symbol in self._symbols)

    @property
    def guesses(self) -> Mapping[str, str]:
        """Return how prices were adjusted, and which hours were kept."""
        return {
            "adjust": self._adjust,
            "factors": ", ".join(path.name for path in self._factor_files) or "none",
            "hours": "all" if self._extended else "regular",
        }

    def events(self, problems: Problems) -> Iterator[ImportedEvent]:
        """Yield quotes and bars by the instant they closed, a quote before a bar of the same instant."""
        clock = ReceiveClock(problems)
        streams = [
            self._stream(symbol, kind, problems)
            for symbol in self._symbols
            for kind in ("quote", "trade")
        ]
        for closed, line, file, event in heapq.merge(*streams, key=lambda found: found[0]):
            clock.at(closed[0], file, line)
            yield ImportedEvent(event, line)

    def _stream(
        self, symbol: _Symbol, kind: str, problems: Problems
    ) -> Iterator[tuple[tuple[int, int], int, str, Bar | Quote]]:
        files = [file for file in symbol.files if file.kind == kind]
        bars_too = kind == "quote" and not any(file.kind == "trade" for file in symbol.files)
        for file in sorted(files, key=lambda each: (each.day is None, each.day, each.path)):
            for row in rows_of(file, problems):
                if self._after_hours(file, row):
                    problems.ignored += 1
                    continue
                try:
                    events = self._events(symbol, file, row, bars_too=bars_too)
                except ScaleError as error:
                    problems.malformed.add(file.path.name, row.line, str(error))
                    continue
                for event in events:
                    order = 0 if isinstance(event, Quote) else 1
                    yield (row.closed, order), row.line, file.path.name, event

    def _after_hours(self, file: LeanFile, row: LeanRow) -> bool:
        if self._extended or file.asset != "equity" or file.day is None:
            return False
        return not REGULAR[0] <= row.minute < REGULAR[1]

    def _events(
        self, symbol: _Symbol, file: LeanFile, row: LeanRow, *, bars_too: bool
    ) -> list[Bar | Quote]:
        price_factor, split_factor = symbol.factors.at(row.day)
        factor = {"total": price_factor * split_factor, "splits": split_factor, "raw": Decimal(1)}
        split = Decimal(1) if self._adjust == "raw" else split_factor
        what = symbol.instrument
        prices = [_units(price * factor[self._adjust], what.price_scale) for price in row.prices]
        sizes = [_units(size / split, what.quantity_scale) for size in row.sizes]
        if file.kind == "trade":
            return [_bar(what, row, file.span_ns, prices, sizes[0])]
        bid, ask = prices[:4], prices[4:]
        quote = Quote(
            instrument=what.id,
            ts_event=row.closed,
            ts_recv=row.closed,
            bid_price=bid[3],
            bid_quantity=sizes[0],
            ask_price=ask[3],
            ask_quantity=sizes[1],
        )
        if not bars_too or not all(prices):
            return [quote]
        # Where nothing but quotes is told, the bar is of their middles.
        middles = [(one + other) // 2 for one, other in zip(bid, ask, strict=True)]
        middles[1], middles[2] = max(middles), min(middles)
        return [quote, _bar(what, row, file.span_ns, middles, 0)]

    def _symbol(self, name: str, files: list[LeanFile], given: Mapping[str, Path]) -> _Symbol:
        asset = files[0].asset
        found = given.get(name) or factor_file(files[0])
        factors = Factors([])
        if found is not None and asset == "equity" and self._adjust != "raw":
            factors = read_factors(found)
            self._factor_files.append(found)
        return _Symbol(self._instrument(name, asset, files, factors), factors, tuple(files))

    def _instrument(
        self, name: str, asset: str, files: Sequence[LeanFile], factors: Factors
    ) -> Instrument:
        prices, sizes, adjusted = NumberSurvey(), NumberSurvey(), False
        for file in files:
            for row in rows_of(file, Problems()):
                prices.add([format(price.normalize(), "f") for price in row.prices])
                sizes.add([format(size.normalize(), "f") for size in row.sizes])
                adjusted = adjusted or factors.at(row.day) != (1, 1)
        equity = asset == "equity"
        parts = take_apart(name)
        scale = prices.scale()
        if equity:
            # Four decimals times a factor of seven; what two factors have beyond that is rounded half-even.
            scale = _ADJUSTED_DECIMALS if adjusted else _EQUITY_DECIMALS
        kinds: dict[str, InstrumentKind] = {"equity": "equity", "crypto": "spot", "forex": "fx"}
        tick = 1 if adjusted else 10 ** (scale - _CENT) if equity else prices.step(scale)
        return Instrument(
            id=InstrumentId(f"lean:{name}"),
            kind=kinds[asset],
            base=name if equity else parts.base,
            currency="USD" if equity else parts.currency,
            price_scale=scale,
            quantity_scale=0 if equity else min(sizes.scale(), SCALE_MAX),
            rules=(Rules(tick=tick, lot=1),),
        )


def _units(value: Decimal, scale: int) -> int:
    with localcontext(prec=60):
        rounded = value.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_EVEN)
    return to_units(rounded, scale, what="price or size")


def _bar(what: Instrument, row: LeanRow, span_ns: int, prices: Sequence[int], volume: int) -> Bar:
    opened, high, low, close = prices
    return Bar(
        instrument=what.id,
        ts_event=row.closed,
        ts_recv=row.closed,
        span_ns=span_ns,
        open=opened,
        high=high,
        low=low,
        close=close,
        volume=volume,
    )
