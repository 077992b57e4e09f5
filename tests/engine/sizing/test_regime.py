"""Regime estimates look at what is known, and at nothing after it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.engine.sizing.regime import Gaussian, TwoStateFilter, VolatilityState, weights_of

FILTER = TwoStateFilter(Gaussian(0.0005, 0.008), Gaussian(-0.001, 0.03), 0.98, 0.95)
STATE = VolatilityState(enter=0.02, leave=0.012, memory=0.9)
series = st.lists(st.floats(-0.3, 0.3), min_size=2, max_size=40)


@given(series, st.data())
def test_a_weight_does_not_depend_on_what_comes_after(
    returns: list[float], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(1, len(returns)))
    assert weights_of(FILTER, returns)[:cut] == weights_of(FILTER, returns[:cut])
    assert weights_of(STATE, returns)[:cut] == weights_of(STATE, returns[:cut])


def naive_filter(returns: list[float]) -> float:
    """Return P(wild) by summing over all paths of regimes."""
    first = (1 - FILTER.weight, FILTER.weight)
    move = ((FILTER.stay_calm, 1 - FILTER.stay_calm), (1 - FILTER.stay_wild, FILTER.stay_wild))
    total = [0.0, 0.0]

    def walk(at: int, regime: int, weight: float) -> None:
        if at == len(returns):
            total[regime] += weight
            return
        for ahead, law in enumerate((FILTER.calm, FILTER.wild)):
            z = (returns[at] - law.mean) / law.deviation
            walk(at + 1, ahead, weight * move[regime][ahead] * math.exp(-z * z / 2) / law.deviation)

    walk(0, 0, first[0])
    walk(0, 1, first[1])
    return total[1] / sum(total)


@given(st.lists(st.floats(-0.05, 0.05), min_size=1, max_size=7))
def test_the_filter_is_bayes_over_all_paths(returns: list[float]) -> None:
    assert math.isclose(
        weights_of(FILTER, returns)[-1], naive_filter(returns), rel_tol=1e-9, abs_tol=1e-12
    )


def test_a_crash_is_wild_and_a_calm_month_is_not() -> None:
    assert weights_of(FILTER, [-0.08])[-1] > 0.99
    assert weights_of(FILTER, [0.001] * 30)[-1] < 0.05


def test_between_the_thresholds_the_state_stays_as_it_was() -> None:
    calm = weights_of(
        VolatilityState(0.02, 0.012, memory=0.0), [0.001, 0.015, 0.03, 0.015, 0.01, 0.015]
    )
    assert calm == [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]


def test_thresholds_the_wrong_way_round_are_refused() -> None:
    with pytest.raises(ValueError, match="0 < leave < enter"):
        VolatilityState(enter=0.01, leave=0.02)
