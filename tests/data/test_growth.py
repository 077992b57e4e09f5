"""Datasets that grow: spans told apart, pieces in order, strangers refused."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.data.errors import DatasetError
from tradebot.data.events import Trade
from tradebot.data.growth import Growth, in_pieces, merged, missing
from tradebot.data.instruments import Instrument, InstrumentId, Rules
from tradebot.data.recordings.problems import Problems
from tradebot.data.replay import replay
from tradebot.data.store import Store

BTC = Instrument(
    id=InstrumentId("binance:BTCUSDT"),
    kind="spot",
    base="BTC",
    currency="USDT",
    price_scale=2,
    quantity_scale=5,
    rules=(Rules(tick=1, lot=1),),
)
DATASET = "binance:BTCUSDT/trades"
SPANS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)))


def trades(*instants: int) -> list[Trade]:
    return [
        Trade(instrument=BTC.id, ts_event=at, ts_recv=at, price=at, quantity=1) for at in instants
    ]


def growth(*span: int, instrument: Instrument = BTC, version: int = 1) -> Growth:
    start, end = span
    return Growth("fetch-test", version, (instrument,), Problems(), (start, end))


@given(SPANS, st.integers(0, 40), st.integers(0, 40), st.integers(1, 9))
def test_what_is_missing_and_what_is_covered_make_up_what_is_wanted(
    spans: list[tuple[int, int]], start: int, end: int, size: int
) -> None:
    covered = {at for one, other in spans for at in range(one, other)}
    told = {at for one, other in merged(spans) for at in range(one, other)}
    assert told == covered
    pieces = [piece for span in missing(spans, (start, end)) for piece in in_pieces(span, size)]
    asked = [at for one, other in pieces for at in range(one, other)]
    assert asked == [at for at in range(start, end) if at not in covered]
    assert all(one // size == (other - 1) // size for one, other in pieces)


def test_a_piece_of_an_earlier_time_added_later_is_replayed_first(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.grow(DATASET, trades(20, 21, 21), growth(20, 30))
    store.grow(DATASET, trades(), growth(30, 40))
    manifest = store.grow(DATASET, trades(1, 5), growth(0, 10))
    assert manifest is not None
    assert manifest.covered == ((0, 10), (20, 40))
    assert (manifest.rows, manifest.first_ts, manifest.last_ts) == (5, 1, 21)
    assert [event.ts_recv for event in replay(store, DATASET)] == [1, 5, 20, 21, 21]


def test_nothing_told_of_a_dataset_that_is_not_there_makes_none(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.grow(DATASET, trades(), growth(0, 10)) is None
    assert not store.holds(DATASET)


def test_another_source_or_other_scales_are_refused_and_change_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    kept = store.grow(DATASET, trades(1), growth(0, 10))
    with pytest.raises(DatasetError, match=r"came from fetch-test 1.*--name"):
        store.grow(DATASET, trades(11), growth(10, 20, version=2))
    finer = msgspec.structs.replace(BTC, price_scale=3)
    with pytest.raises(DatasetError, match=r"2 and 5 decimals, now has 3 and 5"):
        store.grow(DATASET, trades(11), growth(10, 20, instrument=finer))
    assert store.show(DATASET) == kept


def test_an_error_in_the_midst_of_a_piece_adds_nothing_of_it(tmp_path: Path) -> None:
    store = Store(tmp_path)
    kept = store.grow(DATASET, trades(1), growth(0, 10))

    def broken() -> list[Trade]:
        raise OSError("the line dropped")

    with pytest.raises(OSError, match="the line dropped"):
        store.grow(DATASET, (one for one in (*trades(11), *broken())), growth(10, 20))
    assert store.show(DATASET) == kept
    assert not list(tmp_path.glob("grow-*"))


def test_two_writers_of_one_dataset_are_told_apart(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with (
        store.writing(DATASET),
        pytest.raises(DatasetError, match="another process"),
        Store(tmp_path).writing(DATASET),
    ):
        pass
    with store.writing(DATASET):
        pass


def test_what_a_killed_writer_left_is_cleared_by_the_next_of_that_dataset_alone(
    tmp_path: Path,
) -> None:
    store = Store(tmp_path)

    def killed(dataset: str) -> Path:
        folders: list[Path] = []
        made = set(tmp_path.glob("grow-*"))

        def seen() -> Iterator[Trade]:
            folders.extend(set(tmp_path.glob("grow-*")) - made)
            yield from trades(1)

        store.grow(dataset, seen(), growth(0, 10))
        folders[-1].mkdir()
        return folders[-1]

    mine, other = killed(DATASET), killed("binance:ETHUSDT/trades")
    with store.writing(DATASET):
        assert not mine.exists()
    assert other.is_dir()
