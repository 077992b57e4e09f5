"""Kraken: after each update the book's checksum against the one the venue sent.

The feed has no ids: the first failed checksum after a good one is the only sign of missing updates and counts as a gap.
"""

from tradebot.data.errors import ScaleError
from tradebot.data.recordings.kraken import KrakenRecording, PairScales
from tradebot.data.recordings.problems import Problems
from tradebot.data.recordings.timed import TimedLine
from tradebot.data.venues.kraken.book import DEPTH_DEFAULT, KrakenBook
from tradebot.data.venues.kraken.messages import KrakenSnapshot, KrakenUpdate
from tradebot.data.verify.report import Comparison, Difference


class _Pair:
    """One pair's book and whether its last checksum agreed."""

    def __init__(self, scales: PairScales, depth: int) -> None:
        self.book = KrakenBook(
            price_scale=scales.price_scale, quantity_scale=scales.quantity_scale, depth=depth
        )
        self.awaits_snapshot = scales.has_snapshot
        self.agreed = True


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
    for line, message in recording.read(problems):
        pair = pairs[message.pair]
        try:
            match message:
                case KrakenSnapshot():
                    pair.book.replace(message)
                    pair.awaits_snapshot = False
                    pair.agreed = True
                case KrakenUpdate():
                    _update(pair, line, message, comparison, problems)
                case _:
                    problems.ignored += 1
        except ScaleError as error:
            problems.malformed.add(line.file, line.number, str(error))
    return comparison


def _update(
    pair: _Pair,
    line: TimedLine,
    update: KrakenUpdate,
    comparison: Comparison,
    problems: Problems,
) -> None:
    if pair.awaits_snapshot:
        problems.stale.add(line.file, line.number, f"{update.pair}: update before the snapshot")
        return
    pair.book.apply(update)
    if pair.book.book.is_crossed():
        problems.crossed.add(line.file, line.number, f"{update.pair}: best bid >= best ask")
    if update.checksum is None:
        return
    checksum = str(pair.book.checksum())
    comparison.compared += 1
    if checksum == update.checksum:
        comparison.equal += 1
        pair.agreed = True
        return
    if pair.agreed:
        text = f"{update.pair}: checksum no longer agrees, updates are missing or damaged"
        problems.gaps.add(line.file, line.number, text)
    pair.agreed = False
    comparison.differ(
        Difference(
            line=line.number,
            file=line.file,
            symbol=update.pair,
            what="checksum",
            expected=update.checksum,
            got=checksum,
            truth_line=line.number,
        )
    )
