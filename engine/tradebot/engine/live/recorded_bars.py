"""Bars of the past from the engine's own record of the market: what it saw before it was started anew."""

from collections.abc import Iterator
from pathlib import Path

from tradebot.data.events import Trade
from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.market import BarRow
from tradebot.engine.core.types import SECOND
from tradebot.engine.journal.blocks import (
    Block,
    read_blocks,
    read_header,
    segment_files,
    unpack_records,
)
from tradebot.native import BarSeries

READ_BYTES_MAX = 64 * 1024 * 1024
"""Most bytes of the record that a start reads for bars, the newest: a start must not take minutes."""

SECONDS_KEPT = 200_000
"""Most seconds with trades that are kept of one instrument."""


def recorded_seconds(folder: Path, since: int) -> dict[InstrumentId, list[BarRow]]:
    """Return bars of a second of every trade the engine was handed since an instant, by the engine's time.

    A block that cannot be read is passed over: `journal verify` tells of it.

    Args:
        folder: The market folder.
        since: ns UTC.

    Raises:
        OSError: If a file cannot be read.
        JournalError: If a file or a block is not what this program wrote.
    """
    series: dict[InstrumentId, BarSeries] = {}
    last = 0
    for now, event in _trades(_files(folder, since), since):
        kept = series.setdefault(event.instrument, BarSeries(SECOND, SECONDS_KEPT))
        kept.trade(now, event.price, max(event.quantity, 0))
        last = now
    for kept in series.values():
        kept.advance(last + SECOND)
    return {symbol: kept.rows(0, len(kept)) for symbol, kept in series.items()}


def _files(folder: Path, since: int) -> list[Path]:
    """Return the files that hold what came since an instant, as many of the newest as may be read."""
    found: list[Path] = []
    size = 0
    for path in reversed(segment_files(folder)):
        size += path.stat().st_size
        if found and size > READ_BYTES_MAX:
            break
        found.append(path)
        if read_header(path).opened <= since:
            break
    return found[::-1]


def _trades(files: list[Path], since: int) -> Iterator[tuple[int, Trade]]:
    for path in files:
        for block in read_blocks(path):
            if not isinstance(block, Block) or not block.sound:
                continue
            records = unpack_records(block)
            if not records or records[-1].place()[1] < since:
                continue
            for record in records:
                _, now, event = record.decode()
                if now >= since and isinstance(event, Trade):
                    yield now, event
