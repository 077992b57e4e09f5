"""The Beta distribution of our own, against scipy's."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import betainc, betaincinv  # pyright: ignore[reportMissingTypeStubs]

from tradebot.engine.sizing.beta import (
    Beta,
    beta_quantile,
    incomplete_beta,
    posterior,
    wilson,
)

counts = st.floats(0.3, 3_000)
chances = st.floats(0.001, 0.999)


@given(counts, counts, chances)
def test_the_distribution_is_scipys(a: float, b: float, x: float) -> None:
    assert math.isclose(
        incomplete_beta(a, b, x), float(betainc(a, b, x)), rel_tol=1e-9, abs_tol=1e-12
    )


@given(counts, counts, st.floats(0.001, 0.999))
def test_the_quantile_is_scipys(a: float, b: float, q: float) -> None:
    assert math.isclose(
        beta_quantile(a, b, q), float(betaincinv(a, b, q)), rel_tol=1e-8, abs_tol=1e-10
    )


@given(counts, counts, chances, chances)
def test_it_rises(a: float, b: float, x: float, y: float) -> None:
    low, high = sorted((x, y))
    assert incomplete_beta(a, b, low) <= incomplete_beta(a, b, high) + 1e-12


def test_the_ends_are_zero_and_one() -> None:
    assert (incomplete_beta(2, 3, 0.0), incomplete_beta(2, 3, 1.0)) == (0.0, 1.0)
    assert (beta_quantile(2, 3, 0.0), beta_quantile(2, 3, 1.0)) == (0.0, 1.0)


@pytest.mark.parametrize(("a", "b"), [(0.0, 1.0), (1.0, -1.0), (math.nan, 1.0)])
def test_what_is_no_beta_is_refused(a: float, b: float) -> None:
    with pytest.raises(ValueError, match="must be > 0"):
        incomplete_beta(a, b, 0.5)


def test_a_quantile_outside_of_a_chance_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\[0, 1\], was 1\.5"):
        beta_quantile(1, 1, 1.5)


def test_thirteen_of_fortyone_is_a_third_within_a_wide_interval() -> None:
    assert posterior(13, 28) == Beta(14.0, 29.0)
    assert round(posterior(13, 28).mean, 4) == 0.3256
    low, high = wilson(13, 41) or (0.0, 0.0)
    assert (round(low, 2), round(high, 2)) == (0.20, 0.47)


def test_a_stated_chance_counts_as_five_bets() -> None:
    assert posterior(13, 28, stated=0.4) == Beta(15.0, 31.0)


@pytest.mark.parametrize("stated", [0.0, 1.0, 1.2, math.nan])
def test_nobody_states_a_certainty(stated: float) -> None:
    with pytest.raises(ValueError, match="stated chance"):
        posterior(1, 1, stated=stated)


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(ValueError, match="won and lost"):
        posterior(-1, 2)


def test_no_bet_has_no_interval() -> None:
    assert wilson(0, 0) is None


@given(st.integers(1, 500), st.data())
def test_wilsons_interval_holds_the_share(settled: int, data: st.DataObject) -> None:
    won = data.draw(st.integers(0, settled))
    low, high = wilson(won, settled) or (1.0, 0.0)
    assert 0.0 <= low <= won / settled + 1e-12
    assert won / settled - 1e-12 <= high <= 1.0
