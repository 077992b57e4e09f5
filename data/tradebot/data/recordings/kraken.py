"""Kraken recordings in the `cryptofeed` line format: surveyed once for scales, then read as decoded messages."""

import heapq
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tradebot.data.numbers import NumberSurvey
from tradebot.data.recordings.problems import Problems
from tradebot.data.recordings.timed import TimedLine, parse_cryptofeed_line, timed_lines
from tradebot.data.venues.kraken.messages import (
    KrakenMessage,
    KrakenSnapshot,
    KrakenSpread,
    KrakenTrade,
    KrakenUpdate,
    decode,
)


class PairScales(NamedTuple):
    """Scales and steps of one pair's numbers, and what its recording holds."""

    price_scale: int
    quantity_scale: int
    price_step: int
    quantity_step: int
    has_snapshot: bool


class _PairFacts:
    def __init__(self) -> None:
        self.prices = NumberSurvey()
        self.quantities = NumberSurvey()
        self.has_snapshot = False

    def freeze(self) -> PairScales:
        price_scale, quantity_scale = self.prices.scale(), self.quantities.scale()
        return PairScales(
            price_scale,
            quantity_scale,
            self.prices.step(price_scale),
            self.quantities.step(quantity_scale),
            self.has_snapshot,
        )


class KrakenRecording:
    """Files of one recording, merged by receive time.

    Args:
        paths: The files.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = tuple(paths)
        self.pairs: dict[str, PairScales] = {}
        """What was found, by pair; filled by `survey`."""

    def survey(self) -> None:
        """Read everything once to learn pairs and scales.

        Raises:
            OSError: If a file cannot be read.
        """
        facts: dict[str, _PairFacts] = {}
        for _, message in self.read(Problems()):
            found = facts.setdefault(message.pair, _PairFacts())
            levels = _levels(message)
            found.prices.add([price for price, _ in levels])
            found.quantities.add([quantity for _, quantity in levels])
            found.has_snapshot |= isinstance(message, KrakenSnapshot)
        self.pairs = {pair: found.freeze() for pair, found in facts.items()}

    def read(self, problems: Problems) -> Iterator[tuple[TimedLine, KrakenMessage]]:
        """Yield every message in order of receive time.

        Raises:
            OSError: If a file cannot be read.
        """
        files = [timed_lines(path, parse_cryptofeed_line, problems) for path in self._paths]
        for line in heapq.merge(*files, key=lambda line: line.ts_recv):
            try:
                messages = decode(line.payload)
            except ValueError as error:
                problems.malformed.add(line.file, line.number, str(error))
                continue
            problems.ignored += not messages
            for message in messages:
                yield line, message


def _levels(message: KrakenMessage) -> list[tuple[str, str]]:
    match message:
        case KrakenSnapshot() | KrakenUpdate():
            return [(level[0], level[1]) for level in (*message.bids, *message.asks)]
        case KrakenTrade():
            return [(message.price, message.quantity)]
        case KrakenSpread():
            return [message.bid, message.ask]
