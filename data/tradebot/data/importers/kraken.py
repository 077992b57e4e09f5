"""Kraken recordings in the `cryptofeed` line format as market events.

A checksum that no longer agrees becomes a FeedGap (expected and got are then checksums): the feed has no ids.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tradebot.data.errors import ScaleError
from tradebot.data.events import AnyMarketEvent, BookDelta, BookSnapshot, FeedGap, Quote, Trade
from tradebot.data.importers.imported import ImportedEvent, ReceiveClock
from tradebot.data.instruments import Instrument, InstrumentId, Rules
from tradebot.data.numbers import units_from_text
from tradebot.data.recordings.kraken import KrakenRecording, PairScales
from tradebot.data.recordings.problems import Problems
from tradebot.data.recordings.timed import TimedLine
from tradebot.data.symbols import take_apart
from tradebot.data.venues.kraken.book import DEPTH_DEFAULT, KrakenBook
from tradebot.data.venues.kraken.messages import (
    KrakenMessage,
    KrakenSnapshot,
    KrakenSpread,
    KrakenTrade,
    KrakenUpdate,
)

_TIME_SCALE = 9
"""Seconds with nine decimals are ns."""


class KrakenImporter:
    """Imports a Kraken recording.

    Args:
        paths: The files.

    Raises:
        OSError: If a file cannot be read.
    """

    format = "cryptofeed"
    version = 1

    def __init__(self, paths: Sequence[Path]) -> None:
        self._recording = KrakenRecording(paths)
        self._recording.survey()
        self._instruments = {
            pair: _instrument(pair, scales) for pair, scales in self._recording.pairs.items()
        }

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """Every instrument of the recording, in order of first mention."""
        return tuple(self._instruments.values())

    @property
    def guesses(self) -> Mapping[str, str]:
        """Nothing is asked, so nothing is guessed but what the instruments show."""
        return {}

    def events(self, problems: Problems) -> Iterator[ImportedEvent]:
        """Yield the events by receive time.

        Raises:
            OSError: If a file cannot be read.
        """
        clock = ReceiveClock(problems)
        pairs = {
            pair: _Pair(self._instruments[pair], scales)
            for pair, scales in self._recording.pairs.items()
        }
        for line, message in self._recording.read(problems):
            ts_recv = clock.at(line.ts_recv, line.file, line.number)
            try:
                events = pairs[message.pair].events(message, line, ts_recv, problems)
            except ScaleError as error:
                problems.malformed.add(line.file, line.number, str(error))
                continue
            for event in events:
                yield ImportedEvent(event, line.number)


class _Pair:
    """One pair's book, kept to know what falls out of its depth and whether checksums agree."""

    def __init__(self, instrument: Instrument, scales: PairScales) -> None:
        self._id = instrument.id
        self._scales = scales
        self._awaits_snapshot = scales.has_snapshot
        self._agreed = True
        self._book = KrakenBook(
            price_scale=scales.price_scale,
            quantity_scale=scales.quantity_scale,
            depth=DEPTH_DEFAULT,
        )

    def events(
        self, message: KrakenMessage, line: TimedLine, ts_recv: int, problems: Problems
    ) -> list[AnyMarketEvent]:
        """Return the events of one message.

        Raises:
            ScaleError: If a number does not fit.
        """
        match message:
            case KrakenSnapshot():
                return [self._snapshot(message, ts_recv)]
            case KrakenUpdate():
                return self._update(message, line, ts_recv, problems)
            case KrakenTrade():
                return [self._trade(message, ts_recv)]
            case KrakenSpread():
                return [self._quote(message, ts_recv)]

    def _snapshot(self, message: KrakenSnapshot, ts_recv: int) -> BookSnapshot:
        self._book.replace(message)
        self._awaits_snapshot = False
        self._agreed = True
        depth = self._book.depth
        return BookSnapshot(
            instrument=self._id,
            ts_event=_latest(level[2] for level in (*message.bids, *message.asks)) or ts_recv,
            ts_recv=ts_recv,
            bids=tuple(self._book.book.bids(depth)),
            asks=tuple(self._book.book.asks(depth)),
        )

    def _update(
        self, message: KrakenUpdate, line: TimedLine, ts_recv: int, problems: Problems
    ) -> list[AnyMarketEvent]:
        if self._awaits_snapshot:
            problems.stale.add(line.file, line.number, f"{self._id}: update before the snapshot")
            return []
        ts_event = _latest(level[2] for level in (*message.bids, *message.asks)) or ts_recv
        bids, asks = self._book.apply(message)
        events: list[AnyMarketEvent] = [
            BookDelta(
                instrument=self._id,
                ts_event=ts_event,
                ts_recv=ts_recv,
                bids=tuple(bids),
                asks=tuple(asks),
            )
        ]
        if message.checksum is None:
            return events
        checksum = self._book.checksum()
        agrees = str(checksum) == message.checksum
        if self._agreed and not agrees:
            problems.gaps.add(line.file, line.number, f"{self._id}: checksum no longer agrees")
            expected = int(message.checksum) if message.checksum.isdecimal() else 0
            gap = FeedGap(
                instrument=self._id,
                ts_event=ts_event,
                ts_recv=ts_recv,
                expected_id=min(expected, 2**32),
                got_id=checksum,
            )
            events.append(gap)
        self._agreed = agrees
        return events

    def _trade(self, message: KrakenTrade, ts_recv: int) -> Trade:
        return Trade(
            instrument=self._id,
            ts_event=units_from_text(message.seconds, _TIME_SCALE),
            ts_recv=ts_recv,
            price=units_from_text(message.price, self._scales.price_scale),
            quantity=units_from_text(message.quantity, self._scales.quantity_scale),
            aggressor=message.aggressor,
        )

    def _quote(self, message: KrakenSpread, ts_recv: int) -> Quote:
        price_scale, quantity_scale = self._scales.price_scale, self._scales.quantity_scale
        return Quote(
            instrument=self._id,
            ts_event=units_from_text(message.seconds, _TIME_SCALE),
            ts_recv=ts_recv,
            bid_price=units_from_text(message.bid[0], price_scale),
            bid_quantity=units_from_text(message.bid[1], quantity_scale),
            ask_price=units_from_text(message.ask[0], price_scale),
            ask_quantity=units_from_text(message.ask[1], quantity_scale),
        )


def _latest(seconds: Iterator[str]) -> int:
    """Return the latest of some times in ns; 0 if there is none."""
    return max((units_from_text(text, _TIME_SCALE) for text in seconds), default=0)


def _instrument(pair: str, scales: PairScales) -> Instrument:
    parts = take_apart(pair)
    return Instrument(
        id=InstrumentId(f"kraken:{pair}"),
        kind=parts.kind,
        base=parts.base,
        currency=parts.currency,
        price_scale=scales.price_scale,
        quantity_scale=scales.quantity_scale,
        rules=(Rules(tick=scales.price_step, lot=scales.quantity_step),),
    )
