"""Kraken: after each update the book's checksum against the one the venue sent.

The feed has no ids: the first failed checksum after a good one is the only sign of missing updates and counts as a gap.
An update received before the one on the line above it shows lines out of order and never counts as equal.
"""

from typing import NamedTuple

from tradebot.data.errors import ScaleError
from tradebot.data.recordings.kraken import KrakenRecording, PairScales
from tradebot.data.recordings.problems import Problems
from tradebot.data.recordings.timed import TimedLine
from tradebot.data.venues.kraken.book import DEPTH_DEFAULT, KrakenBook
from tradebot.data.venues.kraken.messages import KrakenSnapshot, KrakenUpdate
from tradebot.data.verify.report import Comparison, Difference


class Received(NamedTuple):
    """A line and when the update before it in its file was received."""

    line: TimedLine
    before: int


class _Pair:
    """One pair's book, whether its last checksum agreed, and how many were compared."""

    def __init__(self, scales: PairScales, depth: int) -> None:
        self.book = KrakenBook(
            price_scale=scales.price_scale, quantity_scale=scales.quantity_scale, depth=depth
        )
        self.awaits_snapshot = scales.has_snapshot
        self.agreed = True
        self.compared = 0


def compare_kraken(
    recording: KrakenRecording, problems: Problems, *, depth: int | None
) -> Comparison:
    """Rebuild every pair's book of a recording and compare the checksums.

    Args:
        recording: The recording.
        problems: Where everything odd is counted.
        depth: Levels a side the feed was subscribed to, where the channel's name does not say.

    Raises:
        OSError: If a file cannot be read.
    """
    recording.survey()
    pairs = {
        name: _Pair(scales, depth or DEPTH_DEFAULT) for name, scales in recording.pairs.items()
    }
    comparison = Comparison()
    received: dict[str, int] = {}
    for line, message in recording.read(problems):
        pair = pairs[message.pair]
        try:
            match message:
                case KrakenSnapshot():
                    pair.book.replace(message)
                    pair.awaits_snapshot = False
                    pair.agreed = True
                case KrakenUpdate():
                    before = received.get(line.file, 0)
                    received[line.file] = line.ts_recv
                    _update(pair, Received(line, before), message, comparison, problems)
                case _:
                    problems.ignored += 1
        except ScaleError as error:
            problems.malformed.add(line.file, line.number, str(error))
    return comparison


def _update(
    pair: _Pair,
    received: Received,
    update: KrakenUpdate,
    comparison: Comparison,
    problems: Problems,
) -> None:
    line = received.line
    if pair.awaits_snapshot:
        problems.stale.add(line.file, line.number, f"{update.pair}: update before the snapshot")
        return
    pair.book.apply(update)
    if pair.book.book.is_crossed():
        problems.crossed.add(line.file, line.number, f"{update.pair}: best bid >= best ask")
    if update.checksum is None:
        return
    checksum = str(pair.book.checksum())
    agrees = checksum == update.checksum
    in_order = line.ts_recv >= received.before
    comparison.compared += 1
    pair.compared += 1
    comparison.equal += agrees and in_order
    if pair.agreed and not agrees:
        text = f"{update.pair}: checksum no longer agrees, updates are missing or damaged"
        problems.gaps.add(line.file, line.number, text)
    pair.agreed = agrees
    if agrees and in_order:
        return
    comparison.differ(
        Difference(
            line=line.number,
            file=line.file,
            symbol=update.pair,
            what="receive time" if agrees else "checksum",
            expected=f"at least {received.before} ns" if agrees else update.checksum,
            got=f"{line.ts_recv} ns" if agrees else checksum,
            comparison=pair.compared,
            truth_line=line.number,
        )
    )
