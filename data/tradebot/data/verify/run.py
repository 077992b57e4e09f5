"""`verify_book`: picks the format, times it, and returns the report."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tradebot.data.errors import ImportFormatError, UnknownFormatError
from tradebot.data.recordings.binance import BinanceRecording
from tradebot.data.recordings.cryptofeed import exchange_of, with_rest_replies
from tradebot.data.recordings.kraken import KrakenRecording
from tradebot.data.recordings.lobster import tell_apart
from tradebot.data.recordings.problems import Problems
from tradebot.data.recordings.timed import parse_cryptofeed_line, parse_nanoseconds_line
from tradebot.data.verify.binance import compare_binance
from tradebot.data.verify.kraken import compare_kraken
from tradebot.data.verify.lobster import compare_lobster
from tradebot.data.verify.report import BookVerification, Comparison, Source, verification

FORMATS = ("binance-raw", "cryptofeed", "lobster")
"""Formats whose recordings carry a truth to compare with."""


def verify_book(
    format_name: str,
    files: Sequence[Path],
    *,
    levels: int | None = None,
    exchange: str | None = None,
    clock_ns: Callable[[], int] = time.perf_counter_ns,
) -> BookVerification:
    """Rebuild the books of a recording and compare them with the recording's own truth.

    Args:
        format_name: One of FORMATS.
        files: The recording's files; for `cryptofeed` the REST snapshots beside them are found.
        levels: `lobster`: levels a side to compare. `cryptofeed` of Kraken: levels a side subscribed to, where the
            channel does not say. Elsewhere without effect: the truth is the touch.
        exchange: `cryptofeed`: whose recording it is, where the files' names do not say.
        clock_ns: Stopwatch in ns.

    Raises:
        UnknownFormatError: If the format or exchange is not known.
        ImportFormatError: If the files are not of the format at all.
        OSError: If a file cannot be read.
    """
    if format_name not in FORMATS:
        known = ", ".join(FORMATS)
        raise UnknownFormatError(f"format must be one of {known}, was {format_name!r}")
    if not files:
        raise ImportFormatError(f"{format_name} needs at least 1 file, got 0")
    if levels is not None and levels < 1:
        raise UnknownFormatError(f"levels must be at least 1, was {levels}")
    paths = tuple(dict.fromkeys(files))
    started = clock_ns()
    problems = Problems()
    match format_name:
        case "binance-raw":
            source = _source(format_name, "binance", paths)
            comparison = compare_binance(BinanceRecording(paths, parse_nanoseconds_line), problems)
        case "lobster":
            source = _source(format_name, "nasdaq", paths)
            comparison = compare_lobster(tell_apart(paths), problems, levels=levels)
        case _:
            source, comparison = _cryptofeed(paths, problems, levels, exchange)
    return verification(source, comparison, problems, (clock_ns() - started) / 1e9)


def _cryptofeed(
    paths: tuple[Path, ...], problems: Problems, levels: int | None, exchange: str | None
) -> tuple[Source, Comparison]:
    name = exchange_of(paths, exchange)
    if name == "kraken":
        source = _source("cryptofeed", name, paths)
        return source, compare_kraken(KrakenRecording(paths), problems, depth=levels)
    paths = with_rest_replies(paths)
    recording = BinanceRecording(paths, parse_cryptofeed_line)
    return _source("cryptofeed", name, paths), compare_binance(recording, problems)


def _source(format_name: str, exchange: str, paths: tuple[Path, ...]) -> Source:
    files = tuple(str(path) for path in paths)
    return Source(format=format_name, exchange=exchange, files=files)
