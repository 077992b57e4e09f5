"""Names of datasets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.data.datasets import dataset_in, name_of, parse_dataset, span_text
from tradebot.data.errors import DatasetNameError
from tradebot.data.instruments import InstrumentId


@pytest.mark.parametrize(
    "name",
    ["binance:BTCUSDT/trades", "alpaca:BTC/USD/bars-1m", "ib:AAPL@LSE.GBP/quotes", "x:a:b/book"],
)
def test_venue_names_are_taken_apart_at_the_last_slash(name: str) -> None:
    dataset = parse_dataset(name)
    instrument, _, kind = name.rpartition("/")
    assert (dataset.instrument, dataset.kind) == (instrument, kind)
    assert name_of(InstrumentId(instrument), kind) == dataset
    assert "/" not in dataset.folder
    assert dataset_in(dataset.folder) == name


@pytest.mark.parametrize("name", ["sandbox/hour", "a", "my-data_1.0/x.y"])
def test_own_names_have_no_kind(name: str) -> None:
    dataset = parse_dataset(name)
    assert (dataset.instrument, dataset.kind) == (None, None)
    assert dataset_in(dataset.folder) == name


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "A", "a/b/c", "a b", "a/", "/a", "x:y", "x:y/z", ":y/book", "x:/book", "x:y/bars-0m",
     "x:\n/book", "x:" + "y" * 200 + "/book"],
)  # fmt: skip
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(DatasetNameError, match="dataset must be"):
        parse_dataset(name)


@given(text=st.text(max_size=40))
def test_no_name_leaves_its_folder(text: str) -> None:
    try:
        folder = parse_dataset(text).folder
    except DatasetNameError:
        return
    assert folder not in {"", ".", ".."}
    assert not set(folder) & set("/\\:\0")
    assert dataset_in(folder) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1, "1s"), (60, "1m"), (300, "5m"), (3_600, "1h"), (86_400, "1d"), (90, "90s")],
)
def test_span_is_named_in_its_largest_unit(seconds: int, text: str) -> None:
    assert span_text(seconds * 10**9) == text


def test_span_below_a_second_is_refused() -> None:
    with pytest.raises(DatasetNameError, match="whole seconds"):
        span_text(1)
