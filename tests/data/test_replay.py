"""The order of a replay, and its book wherever it starts."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tradebot.data.errors import DatasetError
from tradebot.data.events import AnyMarketEvent, BookDelta, BookSnapshot, FeedGap
from tradebot.data.importers.opening import open_importer
from tradebot.data.recordings.problems import Problems
from tradebot.data.replay import replay
from tradebot.data.store import Store
from tradebot.native import L2Book

type Lines = list[str]
type Write = Callable[..., Path]


@pytest.fixture
def stored(
    tmp_path: Path, binance: Callable[..., Lines], write: Write
) -> tuple[Store, list[AnyMarketEvent]]:
    ether = [
        line.replace("BTC", "ETH").replace("btc", "eth") for line in binance(2, snapshot=False)
    ]
    path = write("a.txt", [*binance(1), *ether])
    path.write_text("\n".join(sorted(path.read_text().splitlines(), key=lambda line: line[:19])))
    importer, sources = open_importer("binance-raw", [path])
    store = Store(tmp_path / "data")
    store.put(importer, sources, name="mine")
    return store, [numbered.event for numbered in importer.events(Problems())]


def depth(events: list[AnyMarketEvent], instrument: str) -> tuple[object, object]:
    book = L2Book()
    for event in events:
        if event.instrument != instrument:
            continue
        if isinstance(event, BookSnapshot):
            book.replace(event.bids, event.asks)
        elif isinstance(event, BookDelta):
            book.apply_levels(event.bids, event.asks)
    return book.bids(1_000), book.asks(1_000)


def test_replay_gives_back_the_events_in_their_order(
    stored: tuple[Store, list[AnyMarketEvent]],
) -> None:
    store, events = stored
    assert list(replay(store, "mine")) == events


@pytest.mark.parametrize("at", [0, 1, 30, 77, 150])
def test_replay_from_the_middle_starts_with_the_book_of_that_moment(
    stored: tuple[Store, list[AnyMarketEvent]], at: int
) -> None:
    store, events = stored
    start = events[at].ts_recv
    part = list(replay(store, "mine", start=start))
    assert all(event.ts_recv >= start for event in part)
    rest = [event for event in events if event.ts_recv >= start]
    for event in rest:
        assert event in part
    assert len(part) <= len(rest) + 2
    for instrument in ("binance:BTCUSDT", "binance:ETHUSDT"):
        assert depth(part, instrument) == depth(events, instrument)


def test_replay_ends_before_its_end(stored: tuple[Store, list[AnyMarketEvent]]) -> None:
    store, events = stored
    end = events[100].ts_recv
    assert list(replay(store, "mine", end=end)) == [
        event for event in events if event.ts_recv < end
    ]
    assert list(replay(store, "mine", end=events[0].ts_recv)) == []


def test_replay_of_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no dataset"):
        list(replay(Store(tmp_path), "none"))


@pytest.mark.recorded
def test_recorded_spot_replays_with_a_correct_book(recorded: Path, tmp_path: Path) -> None:
    path = recorded / "binance_raw/spot_btcusdt_20240808.gz"
    importer, sources = open_importer("binance-raw", [path])
    store = Store(tmp_path)
    (manifest,) = store.put(importer, sources, name="spot")
    kinds = {file.kind: file.rows for file in manifest.files}
    assert kinds == {"book": 3_450, "quotes": 28_040, "trades": 9_757}
    book, crossed, latest = L2Book(), 0, 0
    for event in replay(store, "spot"):
        assert event.ts_recv >= latest
        latest = event.ts_recv
        if isinstance(event, BookSnapshot):
            book.replace(event.bids, event.asks)
        elif isinstance(event, BookDelta):
            book.apply_levels(event.bids, event.asks)
            crossed += book.is_crossed()
    assert crossed == 0
    (instrument,) = store.instruments("spot")
    assert instrument.rules[0].tick == instrument.rules[0].lot // 10 == 1


def test_bars_are_replayed_by_the_instant_they_closed(tmp_path: Path, write: Write) -> None:
    lines = ["time,open,high,low,close,volume,trades"]
    lines += [f"2024-01-01T00:0{minute}:00Z,10,11,9.5,10.25,3,7" for minute in range(5)]
    importer, sources = open_importer("csv", [write("btcusdt.csv", lines)])
    store = Store(tmp_path / "data")
    store.put(importer, sources)
    events = [numbered.event for numbered in importer.events(Problems())]
    assert list(replay(store, "csv:BTCUSDT/bars-1m")) == events
    assert len(list(replay(store, "csv:BTCUSDT/bars-1m", start=events[2].ts_recv))) == 3


def test_gaps_and_trades_are_replayed(
    tmp_path: Path, binance: Callable[..., Lines], write: Write
) -> None:
    lines = binance(1)
    at = [n for n, line in enumerate(lines) if "@depth" in line][30]
    importer, sources = open_importer("binance-raw", [write("a", lines[:at] + lines[at + 1 :])])
    store = Store(tmp_path / "data")
    store.put(importer, sources, name="mine")
    events = list(replay(store, "mine"))
    assert events == [numbered.event for numbered in importer.events(Problems())]
    gap = next(event for event in events if isinstance(event, FeedGap))
    later = list(replay(store, "mine", start=gap.ts_recv + 1))
    assert isinstance(later[0], BookSnapshot)
