"""A recording as the crowd: its book, its tape, and accounts' orders in its queue."""

import os
from itertools import islice
from pathlib import Path

import pytest
from tests.engine.exchange.exchange_made import MONDAY_NOON, request

from tradebot.data.events import AnyMarketEvent, BookDelta, BookSnapshot, Trade
from tradebot.data.importers.opening import open_importer
from tradebot.data.instruments import InstrumentId
from tradebot.data.replay import replay
from tradebot.data.store import Store
from tradebot.engine.exchange.clock import SetClock
from tradebot.engine.exchange.exchange import Exchange
from tradebot.engine.exchange.happenings import Traded
from tradebot.engine.exchange.market import Flow
from tradebot.engine.exchange.opening import accounts, listings
from tradebot.engine.exchange.recorded import RecordedFlow, RecordingRefused, open_recording
from tradebot.native import L2Book

S = 1_000_000_000
BTC = InstrumentId("binance:BTCUSDT")


def snapshot(ts: int, bid: int, ask: int) -> BookSnapshot:
    return BookSnapshot(
        instrument=BTC,
        ts_event=ts,
        ts_recv=ts,
        bids=((bid, 5_000), (bid - 100, 9_000)),
        asks=((ask, 4_000), (ask + 100, 8_000)),
    )


def delta(ts: int, *bids: tuple[int, int], asks: tuple[tuple[int, int], ...] = ()) -> BookDelta:
    return BookDelta(instrument=BTC, ts_event=ts, ts_recv=ts, bids=bids, asks=asks)


def trade(ts: int, price: int, quantity: int, aggressor: int) -> Trade:
    side = 1 if aggressor > 0 else -1
    return Trade(
        instrument=BTC, ts_event=ts, ts_recv=ts, price=price, quantity=quantity, aggressor=side
    )


class Replayed:
    """An exchange whose BTCUSDT replays events, one a second."""

    def __init__(self, *events: AnyMarketEvent) -> None:
        self.clock = SetClock(MONDAY_NOON)
        flows: dict[str, Flow] = {BTC: RecordedFlow(events, MONDAY_NOON)}
        self.exchange = Exchange(
            self.clock, 1, listings(["binance"], always_open=True), accounts(["binance"], 1), flows
        )
        self.tape: list[tuple[int, int]] = []
        self.exchange.listen("binance", self._hear)
        self.market = self.exchange.markets[BTC]

    def _hear(self, happening: object) -> None:
        if isinstance(happening, Traded) and happening.listing == BTC:
            self.tape.append((happening.trade.price, happening.trade.quantity))

    def to(self, seconds: int) -> None:
        self.clock.set(MONDAY_NOON + seconds * S)
        self.exchange.advance(self.clock.now())


def test_the_book_is_the_recordings_book() -> None:
    made = Replayed(
        snapshot(0, 6_000_000, 6_000_100),
        delta(S, (6_000_000, 0), (6_000_050, 700), asks=((6_000_100, 100),)),
        delta(2 * S, (6_000_150, 300)),
    )
    made.to(0)
    assert made.market.engine.bids(9) == [(6_000_000, 5_000), (5_999_900, 9_000)]
    made.to(1)
    assert made.market.engine.bids(1) == [(6_000_050, 700)]
    assert made.market.engine.asks(1) == [(6_000_100, 100)]
    made.to(2)
    assert made.market.engine.bids(1) == [(6_000_150, 300)]
    assert made.market.engine.asks(1) == [(6_000_200, 8_000)]
    assert made.tape == []


def test_an_order_waits_behind_what_was_there_and_fills_in_its_turn() -> None:
    made = Replayed(
        snapshot(0, 6_000_000, 6_000_100),
        trade(S, 6_000_000, 4_000, -1),
        delta(2 * S, (6_000_000, 1_000)),
        trade(3 * S, 6_000_000, 1_500, -1),
        delta(4 * S, (6_000_000, 0)),
        trade(5 * S, 6_000_000, 800, -1),
    )
    made.to(0)
    mine = made.exchange.place(request(1, 1_000, type="limit", limit=6_000_000))
    made.to(1)
    assert made.market.engine.queue_position(mine.number) == (1, 1_000)
    made.to(3)
    assert made.exchange.store.now(mine.number).filled == 500
    made.to(5)
    assert made.exchange.store.now(mine.number).state == "filled"
    assert sum(size for _, size in made.tape) == 4_000 + 1_500 + 800


def test_a_taker_pays_the_recordings_prices() -> None:
    made = Replayed(snapshot(0, 6_000_000, 6_000_100))
    made.to(0)
    made.exchange.place(request(1, 6_000))
    fills = made.exchange.executions("binance")
    assert [(one.price, one.quantity) for one in fills] == [(6_000_100, 4_000), (6_000_200, 2_000)]


def test_a_dataset_of_another_venue_is_refused(tmp_path: Path) -> None:
    lines = ["time,open,high,low,close,volume", "2024-01-01T00:00:00Z,10,11,9.5,10.25,3"]
    lines.append("2024-01-01T00:01:00Z,10,11,9.5,10.25,3")
    (tmp_path / "btcusdt.csv").write_text("\n".join(lines))
    importer, sources = open_importer("csv", [tmp_path / "btcusdt.csv"])
    store = Store(tmp_path / "data")
    store.put(importer, sources, name="mine")
    with pytest.raises(RecordingRefused, match="csv:BTCUSDT"):
        open_recording(store, "mine", ["binance"], MONDAY_NOON)


@pytest.mark.slow
@pytest.mark.recorded
@pytest.mark.skipif(
    "TRADEBOT_RECORDED_DATA" not in os.environ,
    reason="TRADEBOT_RECORDED_DATA names no folder of recordings",
)
def test_a_real_recording_gives_its_own_book_and_tape(tmp_path: Path) -> None:
    folder = Path(os.environ["TRADEBOT_RECORDED_DATA"])
    importer, sources = open_importer(
        "binance-raw", [folder / "binance_raw" / "spot_btcusdt_20240808.gz"]
    )
    store = Store(tmp_path)
    store.put(importer, sources, name="spot")
    recording = open_recording(store, "spot", ["binance"], MONDAY_NOON)
    (listing,) = recording.listings
    clock = SetClock(MONDAY_NOON)
    exchange = Exchange(clock, 1, recording.listings, accounts(["binance"], 1), recording.flows)
    tape: list[tuple[int, int]] = []

    def hear(happening: object) -> None:
        if isinstance(happening, Traded):
            tape.append((happening.trade.price, happening.trade.quantity))

    exchange.listen("binance", hear)
    book, prints, first, last = L2Book(), 0, 0, 0
    for event in islice(replay(store, "spot"), 6_000):
        first, last = first or event.ts_recv, event.ts_recv
        if isinstance(event, BookSnapshot):
            book.replace(event.bids, event.asks)
        elif isinstance(event, BookDelta):
            book.apply_levels(event.bids, event.asks)
        elif isinstance(event, Trade):
            prints += event.quantity
    end = MONDAY_NOON + last - first
    while clock.now() < end:
        clock.set(min(end, clock.now() + S))
        exchange.advance(clock.now())
    market = exchange.market(listing)
    assert sum(size for _, size in tape) == prints
    ours, theirs = dict(market.engine.bids(200)), dict(book.bids(200))
    same = sum(ours.get(price) == size for price, size in theirs.items())
    assert same >= 195  # prints since the last update of a level have taken from it already
