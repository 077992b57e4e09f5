"""Binance recordings (`binance-raw`, and `cryptofeed` of Binance) as market events.

The book starts usable: diffs received before the snapshot are kept and follow it, at its receive time. Without a
snapshot in the recording the book starts empty.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from tradebot.data.events import BookDelta, BookSnapshot, FeedGap, Quote, Trade
from tradebot.data.importers.imported import ImportedEvent, ReceiveClock
from tradebot.data.instruments import Instrument, InstrumentId, InstrumentKind, Rules
from tradebot.data.recordings.binance import (
    BinanceRecording,
    Market,
    MarketScales,
    Print,
    Ticker,
)
from tradebot.data.recordings.problems import Problems
from tradebot.data.recordings.timed import LineParser
from tradebot.data.symbols import take_apart
from tradebot.data.venues.binance.depth import (
    Apply,
    DepthSync,
    Diff,
    Gap,
    Replace,
    Snapshot,
    Stale,
    Step,
)

_COIN_M_DOLLARS = {"BTC": Decimal(100)}
_COIN_M_DOLLARS_OTHERS = Decimal(10)
"""Dollars of a COIN-M contract. Source: Binance, "COIN-M futures contract specifications"."""


class BinanceImporter:
    """Imports a Binance recording.

    Args:
        format_name: `binance-raw` or `cryptofeed`.
        paths: The files, REST replies included.
        parser: How a line is taken apart.

    Raises:
        OSError: If a file cannot be read.
    """

    version = 1

    def __init__(self, format_name: str, paths: Sequence[Path], parser: LineParser) -> None:
        self.format = format_name
        self._recording = BinanceRecording(paths, parser)
        self._recording.survey()
        self._instruments = {
            market: instrument_of(market, scales)
            for market, scales in self._recording.markets.items()
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
        syncs = {
            market: DepthSync(awaits_snapshot=scales.has_snapshot)
            for market, scales in self._recording.markets.items()
        }
        for market, message in self._recording.read(problems):
            instrument = self._instruments[market].id
            ts_recv = clock.at(message.ts_recv, message.file, message.line)
            match message:
                case Ticker():
                    yield ImportedEvent(_quote(instrument, message, ts_recv), message.line)
                case Print():
                    yield ImportedEvent(_trade(instrument, message, ts_recv), message.line)
                case Diff():
                    steps = syncs[market].diff(message)
                    yield from _book_events(steps, instrument, message, ts_recv, problems)
                case Snapshot():
                    steps = syncs[market].snapshot(message)
                    yield from _book_events(steps, instrument, message, ts_recv, problems)


def instrument_of(market: Market, scales: MarketScales) -> Instrument:
    """Return the instrument record of a market, steps guessed from its numbers.

    The venue is `binance` for spot, `binance-usdm` and `binance-coinm` for futures: they share symbols.
    """
    rules = Rules(tick=scales.price_step, lot=scales.quantity_step)
    pair, _, delivery = market.symbol.partition("_")
    parts = take_apart(pair)
    inverse = market.kind == "futures" and parts.currency == "USD" and bool(delivery)
    venue, kind = "binance", parts.kind
    multiplier = Decimal(1)
    if market.kind == "futures":
        venue = "binance-coinm" if inverse else "binance-usdm"
        kind = _futures_kind(delivery)
    if inverse:
        multiplier = _COIN_M_DOLLARS.get(parts.base, _COIN_M_DOLLARS_OTHERS)
    return Instrument(
        id=InstrumentId(f"{venue}:{market.symbol}"),
        kind=kind,
        base=parts.base,
        currency=parts.currency,
        price_scale=scales.price_scale,
        quantity_scale=scales.quantity_scale,
        multiplier=multiplier,
        rules=(rules,),
        settlement="cash" if market.kind == "futures" else None,
        inverse=inverse,
    )


def _futures_kind(delivery: str) -> InstrumentKind:
    return "perpetual" if delivery in {"", "PERP"} else "future"


def _quote(instrument: InstrumentId, ticker: Ticker, ts_recv: int) -> Quote:
    return Quote(
        instrument=instrument,
        ts_event=ticker.ts_event,
        ts_recv=ts_recv,
        bid_price=ticker.bid[0],
        bid_quantity=ticker.bid[1],
        ask_price=ticker.ask[0],
        ask_quantity=ticker.ask[1],
    )


def _trade(instrument: InstrumentId, trade: Print, ts_recv: int) -> Trade:
    return Trade(
        instrument=instrument,
        ts_event=trade.ts_event,
        ts_recv=ts_recv,
        price=trade.price,
        quantity=trade.quantity,
        aggressor=trade.aggressor,
        trade_id=str(trade.trade_id),
    )


def _book_events(
    steps: Iterator[Step],
    instrument: InstrumentId,
    cause: Diff | Snapshot,
    ts_recv: int,
    problems: Problems,
) -> Iterator[ImportedEvent]:
    """Yield the book's events of some steps, at the time and line of the message that caused them."""
    line = cause.line
    for step in steps:
        match step:
            case Replace(snapshot):
                yield ImportedEvent(_snapshot(instrument, snapshot, ts_recv), line)
            case Apply(diff):
                yield ImportedEvent(_delta(instrument, diff, ts_recv), line)
            case Gap(diff, expected, got):
                text = f"{instrument}: should follow id {expected}, follows {got}"
                problems.gaps.add(diff.file, diff.line, text)
                gap = FeedGap(
                    instrument=instrument,
                    ts_event=diff.ts_event,
                    ts_recv=ts_recv,
                    expected_id=expected,
                    got_id=got,
                )
                yield ImportedEvent(gap, line)
            case Stale(item):
                text = f"{instrument}: last id {item.last_id} is older than the book"
                problems.stale.add(item.file, item.line, text)


def _snapshot(instrument: InstrumentId, snapshot: Snapshot, ts_recv: int) -> BookSnapshot:
    return BookSnapshot(
        instrument=instrument,
        ts_event=snapshot.ts_event,
        ts_recv=ts_recv,
        bids=tuple(snapshot.bids),
        asks=tuple(snapshot.asks),
        last_id=snapshot.last_id,
    )


def _delta(instrument: InstrumentId, diff: Diff, ts_recv: int) -> BookDelta:
    return BookDelta(
        instrument=instrument,
        ts_event=diff.ts_event,
        ts_recv=ts_recv,
        bids=tuple(diff.bids),
        asks=tuple(diff.asks),
        first_id=diff.first_id,
        last_id=diff.last_id,
    )
