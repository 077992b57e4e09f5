"""Features: the same in tables and step by step, blind to the future, and equal to what their sources print."""

import math
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradebot.data.features.checks import looks_ahead, recursion, relative, steps_differ
from tradebot.data.features.feature import BadFeature, Feature
from tradebot.data.features.library import FEATURES, feature

ALL = (
    *(feature(name) for name in ("simple_return", "log_return", "drawdown", "spread", "imbalance")),
    *(feature(name, 3) for name in ("momentum", "sma", "ema", "zscore", "volatility", "parkinson")),
    *(feature(name, 3) for name in ("atr", "rsi", "range_position", "volume_ratio", "vwap_gap")),
    *(feature("ewma_volatility", 0.94), feature("micro_price")),
)
PRICE = st.integers(50, 150).map(float)


@st.composite
def tables(draw: st.DrawFn) -> pl.DataFrame:
    """Bars with quotes beside them: flat stretches, no volume and empty sides among them."""
    rows: list[dict[str, float]] = []
    for _ in range(draw(st.integers(1, 25))):
        open_, close, extra = draw(PRICE), draw(PRICE), draw(st.integers(0, 10))
        rows.append(
            {
                "open": open_,
                "high": max(open_, close) + extra,
                "low": min(open_, close) - extra,
                "close": close,
                "volume": float(draw(st.integers(0, 5))),
                "bid": close,
                "ask": close + draw(st.integers(-1, 3)),
                "bid_size": float(draw(st.integers(0, 5))),
                "ask_size": float(draw(st.integers(0, 5))),
            }
        )
    return pl.DataFrame(rows)


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.name)
@given(frame=tables())
@settings(max_examples=40, deadline=None)
def test_a_feature_is_the_same_step_by_step_and_never_sees_the_future(
    one: Feature, frame: pl.DataFrame
) -> None:
    assert steps_differ(one, frame) == []
    assert looks_ahead(one, frame, range(frame.height)) == []


def test_every_named_feature_is_tested_and_there_are_at_least_fifteen() -> None:
    tested = {one.name.rstrip("0123456789._") for one in ALL}
    assert tested == set(FEATURES)
    assert len(FEATURES) >= 15


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.name)
def test_the_first_value_comes_after_the_warm_up_and_not_before(one: Feature) -> None:
    rising = [
        {
            "open": 10.0 + n,
            "high": 12.5 + n,
            "low": 9.0 + n,
            "close": 11.0 + n,
            "volume": 5.0,
            "bid": 10.0,
            "ask": 11.0,
            "bid_size": 1.0,
            "ask_size": 2.0,
        }
        for n in range(12)
    ]
    told = one.of(pl.DataFrame(rising))
    assert told[: one.warm_up].null_count() == one.warm_up
    assert told[one.warm_up :].null_count() == 0


CLOSES = [44.0, 44.25, 44.5, 43.75, 44.5, 44.25, 44.0, 45.0]
BARS = pl.DataFrame(
    {
        "close": CLOSES,
        "high": [c + 1 for c in CLOSES],
        "low": [c - 0.5 for c in CLOSES],
        "volume": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0],
    }
)


@pytest.mark.parametrize(
    ("one", "value"),
    [
        pytest.param(feature("sma", 3), (44.25 + 44.0 + 45.0) / 3, id="sma"),
        pytest.param(feature("momentum", 2), 45.0 / 44.25 - 1, id="momentum"),
        pytest.param(feature("range_position", 3), (45.0 - 43.5) / (46.0 - 43.5), id="range"),
        pytest.param(feature("volume_ratio", 2), 8 / 7.5, id="volume"),
        pytest.param(
            feature("parkinson", 1), math.log(46 / 44.5) / math.sqrt(4 * math.log(2)), id="p"
        ),
        pytest.param(feature("drawdown"), 0.0, id="drawdown"),
        pytest.param(
            feature("volatility", 2),
            abs(math.log(45 / 44) - math.log(44 / 44.25)) / math.sqrt(2),
            id="volatility",
        ),
        pytest.param(
            feature("vwap_gap", 2),
            45 * 15 / (7 * (45 + 43.5 + 44) / 3 + 8 * (46 + 44.5 + 45) / 3) - 1,
            id="vwap",
        ),
    ],
)
def test_values_worked_by_hand(one: Feature, value: float) -> None:
    assert relative(one.of(BARS)[-1], value) < 1e-12


def test_exponential_ones_follow_their_recursion() -> None:
    ema = CLOSES[0]
    gained = lost = true_range = variance = math.nan
    for last, now in pairwise(CLOSES):
        ema = 0.5 * ema + 0.5 * now
        up, down = max(now - last, 0.0), max(last - now, 0.0)
        span = max(1.5, abs(now + 1 - last), abs(now - 0.5 - last))
        square = math.log(now / last) ** 2
        first = math.isnan(gained)
        gained = up if first else gained * 2 / 3 + up / 3
        lost = down if first else lost * 2 / 3 + down / 3
        true_range = span if first else true_range * 2 / 3 + span / 3
        variance = square if first else 0.9 * variance + 0.1 * square
    assert relative(feature("ema", 3).of(BARS)[-1], ema) < 1e-12
    assert relative(feature("rsi", 3).of(BARS)[-1], 100 - 100 / (1 + gained / lost)) < 1e-12
    assert relative(feature("atr", 3).of(BARS)[-1], true_range) < 1e-12
    assert relative(feature("ewma_volatility", 0.9).of(BARS)[-1], math.sqrt(variance)) < 1e-12


def test_a_feature_of_ones_own_that_looks_ahead_is_caught() -> None:
    close = pl.col("close")
    tomorrow = Feature(
        "tomorrow", ("close",), 0, close.shift(-1) / close - 1, lambda: lambda _: None
    )
    centred = Feature(
        "centred", ("close",), 0, close.rolling_mean(3, center=True), lambda: lambda _: None
    )
    for one in (tomorrow, centred):
        found = looks_ahead(one, BARS, [2, 5])
        assert [each.row for each in found] == [2, 5], one.name
        assert all(each.without is None for each in found)


def test_an_exponential_mean_forgets_where_the_table_began_and_a_window_does_at_once() -> None:
    frame = pl.DataFrame({"close": [100 + 10 * math.sin(n) + n / 3 for n in range(400)]})
    told = recursion(feature("ema", 10), frame, [10, 50, 200])
    assert [each.rows for each in told] == [10, 50, 200]
    assert told[0].off > 1e-3 > told[1].off > told[2].off
    assert told[2].off < 1e-9
    forgotten = recursion(feature("sma", 10), frame, [10, 50])
    assert all(each.off < 1e-12 for each in forgotten)
    assert recursion(feature("sma", 10), frame, [9])[0].off == math.inf


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("sma", 0), r"sma: the window must be in \[1, 1000000\], was 0"),
        (("zscore", 1), r"zscore: the window must be in \[2, 1000000\], was 1"),
        (("ewma_volatility", 1.0), r"the decay must be in \(0, 1\), was 1.0"),
        (("smma", 3), "there is no feature 'smma'; there are simple_return, "),
        (("sma",), "sma: .* missing 1 required positional argument"),
    ],
)
def test_a_wrong_setting_is_named_with_its_bound(words: tuple[str | int, ...], told: str) -> None:
    name, *values = words
    with pytest.raises(BadFeature, match=told):
        feature(str(name), *map(float, values) if name == "ewma_volatility" else values)  # pyright: ignore[reportArgumentType]  (a test of what is refused)


def test_a_table_without_a_column_is_refused_by_name() -> None:
    with pytest.raises(BadFeature, match="spread reads 'bid', the table has close, high"):
        feature("spread").of(BARS)
