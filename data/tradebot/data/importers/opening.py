"""Importers by format's name."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Literal

import msgspec

from tradebot.data.errors import ImportFormatError, UnknownFormatError
from tradebot.data.importers.imported import Importer

IMPORT_FORMATS = ("binance-raw", "cryptofeed", "csv", "lean", "lobster")
"""Formats that can be imported."""

IMPORT_FORMATS_LATER = ("parquet", "databento", "bitstamp-l3", "arch")
"""Formats a later version brings."""


class ImportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about a recording; None = guess."""

    exchange: str | None = None
    """`cryptofeed`: whose recording, where the files' names do not say."""
    symbol: str | None = None
    """`csv`, `lobster`: the instrument."""
    date: str | None = None
    """`lobster`: the trading day, ISO."""
    time_column: str | None = None
    """`csv`: name of the column of times."""
    zone: str | None = None
    """`csv`: zone of times that do not say one."""
    stamp: Literal["open", "close"] | None = None
    """`csv`: which instant of a bar its time is."""
    currency: str | None = None
    """`csv`: the quote currency."""
    tick: Decimal | None = None
    """`csv`: price step of an order."""
    adjust: Literal["total", "splits", "raw"] = "total"
    """`lean`: what prices are multiplied with."""
    extended: bool = False
    """`lean`: keep bars outside the regular hours of US stocks."""


def open_importer(
    format_name: str, paths: Sequence[Path], options: ImportOptions | None = None
) -> tuple[Importer, tuple[Path, ...]]:
    """Return the importer of a format for some files, and all files it reads.

    Raises:
        UnknownFormatError: If the format, exchange or an option's value is not known.
        ImportFormatError: If the files are not of the format.
        OSError: If a file cannot be read.
    """
    known = options or ImportOptions()
    match format_name:
        case "binance-raw":
            from tradebot.data.importers.binance import BinanceImporter
            from tradebot.data.recordings.timed import parse_nanoseconds_line

            return BinanceImporter(format_name, paths, parse_nanoseconds_line), tuple(paths)
        case "cryptofeed":
            return _cryptofeed(paths, known)
        case "lobster":
            from tradebot.data.importers.lobster import LobsterImporter

            return LobsterImporter(paths, symbol=known.symbol, day=known.date), tuple(paths)
        case "lean":
            from tradebot.data.importers.lean import LeanImporter

            importer = LeanImporter(paths, adjust=known.adjust, extended=known.extended)
            return importer, importer.read
        case "csv":
            return _csv(paths, known), tuple(paths)
        case _:
            later = "; comes later" if format_name in IMPORT_FORMATS_LATER else ""
            names = ", ".join(IMPORT_FORMATS)
            raise UnknownFormatError(f"format must be one of {names}, was {format_name!r}{later}")


def _cryptofeed(paths: Sequence[Path], options: ImportOptions) -> tuple[Importer, tuple[Path, ...]]:
    from tradebot.data.importers.binance import BinanceImporter
    from tradebot.data.importers.kraken import KrakenImporter
    from tradebot.data.recordings.cryptofeed import exchange_of, with_rest_replies
    from tradebot.data.recordings.timed import parse_cryptofeed_line

    if exchange_of(paths, options.exchange) == "kraken":
        return KrakenImporter(paths), tuple(paths)
    found = with_rest_replies(paths)
    return BinanceImporter("cryptofeed", found, parse_cryptofeed_line), found


def _csv(paths: Sequence[Path], options: ImportOptions) -> Importer:
    from tradebot.data.importers.csv_bars import CsvBarsImporter, CsvOptions

    if len(paths) != 1:
        raise ImportFormatError(f"csv takes 1 file at a time, got {len(paths)}")
    if options.tick is not None and options.tick <= 0:
        raise UnknownFormatError(f"tick must be > 0, was {options.tick}")
    return CsvBarsImporter(
        paths[0],
        CsvOptions(
            time_column=options.time_column,
            zone=options.zone,
            stamp=options.stamp,
            symbol=options.symbol,
            currency=options.currency,
            tick=options.tick,
        ),
    )
