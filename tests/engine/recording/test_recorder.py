"""Recordings: pieces, gaps told, the engine's own record followed without a hole."""

from pathlib import Path

import pytest

from tradebot.data.events import AnyMarketEvent, BookDelta, BookSnapshot, FeedGap, Trade
from tradebot.data.instruments import Instrument, InstrumentId, Rules
from tradebot.data.replay import replay
from tradebot.data.store import Store
from tradebot.engine.journal.segments import SegmentLimits, SegmentWriter
from tradebot.engine.recording.engine_feed import EngineFeed, Place, chosen, place_of
from tradebot.engine.recording.recorder import EVENTS_MAX, EVERY, Recorder

BTC = Instrument(
    id=InstrumentId("binance:BTCUSDT"),
    kind="spot",
    base="BTC",
    currency="USDT",
    price_scale=2,
    quantity_scale=5,
    rules=(Rules(tick=1, lot=1),),
)
DATASET = "recorded/btc"


def trade(at: int) -> Trade:
    return Trade(instrument=BTC.id, ts_event=at, ts_recv=at, price=at, quantity=1)


def delta(at: int, price: int, quantity: int) -> BookDelta:
    return BookDelta(instrument=BTC.id, ts_event=at, ts_recv=at, bids=((price, quantity),), asks=())


def recorder(store: Store, now: int = 0, *, gap: bool = True) -> Recorder:
    return Recorder(store, DATASET, (BTC,), now, gap=gap)


def test_a_piece_is_due_by_age_or_size(tmp_path: Path) -> None:
    one = recorder(Store(tmp_path), 5)
    assert not one.due(5 + EVERY - 1)
    assert one.due(5 + EVERY)
    for at in range(EVENTS_MAX):
        assert not one.due(5)
        one.take(trade(at))
    assert one.due(5)


def test_what_was_kept_is_whole_and_what_comes_after_an_end_begins_with_a_gap(
    tmp_path: Path,
) -> None:
    store = Store(tmp_path)
    first = recorder(store)
    first.take(trade(1))
    first.keep(2)
    first.take(trade(3))
    first.keep(4)
    first.take(trade(5))  # the open piece: whoever is killed here has lost it
    again = recorder(store, 10)
    again.take(trade(11))
    again.take(trade(12))
    again.keep(13)
    told = list(replay(store, DATASET))
    gap = FeedGap(instrument=BTC.id, ts_event=11, ts_recv=11, expected_id=0, got_id=0)
    assert sorted(told, key=lambda one: isinstance(one, FeedGap)) == [
        *map(trade, (1, 3, 11, 12)),
        gap,
    ]
    assert told.index(gap) == 2
    assert (again.pieces, again.rows) == (1, 3)
    assert store.check(DATASET) == ()


def test_a_feed_that_was_down_is_told_before_what_comes_next(tmp_path: Path) -> None:
    store = Store(tmp_path)
    one = recorder(store)
    one.take(trade(1))
    one.gap(BTC.id)
    one.gap(BTC.id)
    one.take(trade(7))
    one.keep(8)
    assert [type(event) for event in replay(store, DATASET)] == [Trade, FeedGap, Trade]


def test_a_clock_that_was_set_back_does_not_put_events_among_those_before(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for instants in ((5, 9), (3, 10)):
        one = recorder(store, gap=False)
        for at in instants:
            one.take(trade(at))
        one.keep(0)
    told = [event for event in replay(store, DATASET) if isinstance(event, Trade)]
    assert [(event.ts_event, event.ts_recv) for event in told] == [(5, 5), (9, 9), (3, 9), (10, 10)]


def engine_market(folder: Path) -> SegmentWriter:
    (folder / "market").mkdir(parents=True)
    return SegmentWriter(folder / "market", limits=SegmentLimits(file_bytes_max=400))


def write(writer: SegmentWriter, *events: AnyMarketEvent) -> None:
    for event in events:
        writer.add(writer.last_seq + 1, event.ts_recv, event)
        writer.flush()


def run(store: Store, folder: Path, engine: str = "abcde") -> EngineFeed:
    place = place_of(store.show(DATASET).position) if store.holds(DATASET) else None
    return EngineFeed(folder, engine, (BTC,), place)


def record(store: Store, feed: EngineFeed) -> None:
    one = recorder(store, gap=not feed.follows)
    for event in feed.events():
        one.take(event)
    one.keep(0, feed.place.text)


def test_a_recording_beside_an_engine_joins_in_with_the_book_and_goes_on_without_a_hole(
    tmp_path: Path,
) -> None:
    store, folder = Store(tmp_path / "data"), tmp_path / "engine"
    writer = engine_market(folder)
    whole = BookSnapshot(
        instrument=BTC.id, ts_event=1, ts_recv=1, bids=((10, 1), (9, 2)), asks=((12, 3),), last_id=4
    )
    write(writer, whole, delta(2, 10, 0), delta(3, 8, 5))
    feed = run(store, folder)
    assert not feed.follows
    write(writer, trade(4))
    record(store, feed)
    told = list(replay(store, DATASET))
    assert told == [
        BookSnapshot(
            instrument=BTC.id, ts_event=3, ts_recv=3, bids=((9, 2), (8, 5)), asks=((12, 3),)
        ),
        trade(4),
    ]
    write(writer, *(trade(at) for at in range(5, 40)))  # while nobody records; files rotate
    again = run(store, folder)
    assert again.follows
    record(store, again)
    told = list(replay(store, DATASET))
    assert told[1:] == [trade(at) for at in range(4, 40)]
    other = run(store, folder, "other")
    assert (other.follows, other.place) == (False, Place("other", writer.last_seq))
    writer.close()


def test_a_record_that_was_cut_since_is_not_taken_for_a_whole_one(tmp_path: Path) -> None:
    store, folder = Store(tmp_path / "data"), tmp_path / "engine"
    writer = engine_market(folder)
    write(writer, trade(1))
    feed = run(store, folder)
    write(writer, trade(2))
    record(store, feed)
    write(writer, *(trade(at) for at in range(3, 60)))
    writer.close()
    oldest, *_ = sorted((folder / "market").glob("*.seg"))
    assert run(store, folder).follows
    for path in sorted((folder / "market").glob("*.seg"))[:3]:
        path.unlink()
    assert not oldest.exists()
    assert not run(store, folder).follows


@pytest.mark.parametrize("text", ["", "abcde", "abcde x", " 7"])
def test_a_place_that_is_none_is_none(text: str) -> None:
    assert place_of(text) is None
    assert place_of(Place("abcde", 7).text) == Place("abcde", 7)


def test_instruments_are_chosen_all_or_none() -> None:
    assert chosen((BTC,), [BTC.id]) == (BTC,)
    assert chosen((BTC,), [BTC.id, "binance:NOPE"]) == ()
