"""Exact laws of simulated wealth: limits, symmetries, and each other."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradebot.engine.research.montecarlo.bootstrap import (
    block_length,
    variance_circular,
    variance_independent,
    variance_stationary,
)
from tradebot.engine.research.montecarlo.error_bars import (
    binomial_quantile,
    clopper_pearson,
    quantile_ranks,
)
from tradebot.engine.research.montecarlo.laws import (
    JumpDiffusion,
    Regimes,
    ScaledStudent,
    gbm,
    student_quantile,
)
from tradebot.engine.research.montecarlo.passage import (
    chance_bgk,
    chance_by,
    chance_of_drawdown,
    chance_on_dates,
    drawdown_within,
    median_time,
)


@given(st.floats(0.05, 1.0), st.floats(0.05, 0.6), st.floats(0.1, 4.0))
def test_both_ways_to_a_drawdown_without_drift_agree(vol: float, depth: float, time: float) -> None:
    series, inverted = drawdown_within(vol, time, depth), chance_of_drawdown(0.0, vol, depth, time)
    assert math.isclose(series, 1.0 - inverted, abs_tol=1e-9)


@settings(max_examples=10)
@given(st.floats(-0.3, 0.3), st.floats(-0.5, 0.5).filter(lambda a: abs(a) > 0.05))
def test_a_level_looked_at_on_dates_is_reached_less_often(nu: float, level: float) -> None:
    dates, always = chance_on_dates(nu, 0.2, level, 1.0, 12), chance_by(nu, 0.2, level, 1.0)
    assert 0.0 <= dates <= always + 1e-9
    assert abs(chance_bgk(nu, 0.2, level, 1.0, 12) - dates) < 0.02


def test_one_date_is_a_normal_chance() -> None:
    law = gbm(1.0, 0.05, 0.2, 1.0)
    found = chance_on_dates(law.m, 0.2, -0.1, 1.0, 1)
    assert math.isclose(found, law.below(math.exp(-0.1)), rel_tol=1e-9)


def test_a_level_against_the_drift_may_have_no_median_time() -> None:
    assert median_time(-0.1, 0.2, 0.5) is None
    found = median_time(0.0, 0.2, 0.25)
    assert found is not None
    assert math.isclose(found, (0.25 / (0.2 * 0.6744897501960817)) ** 2, rel_tol=1e-9)


def test_jumps_that_never_come_leave_a_diffusion() -> None:
    jump, plain = JumpDiffusion(0.1, 0.2, 0.0, -0.1, 0.1, 2.0), gbm(1.0, 0.1, 0.2, 2.0)
    assert math.isclose(jump.below(-0.2), plain.below(math.exp(-0.2)), rel_tol=1e-12)
    assert math.isclose(math.exp(jump.quantile(0.05)), plain.quantile(0.05), rel_tol=1e-9)


def test_regimes_that_are_alike_are_one() -> None:
    law = Regimes([[0.9, 0.1], [0.3, 0.7]], [0.01, 0.01], [0.02, 0.02], [0.5, 0.5])
    mean, variance = law.moments(7)
    assert math.isclose(mean, 0.07)
    assert math.isclose(variance, 7 * 0.0004, rel_tol=1e-9)
    assert math.isclose(law.mean_growth(7), math.exp(7 * (0.01 + 0.0002)))
    assert law.durations[0] is not None
    assert math.isclose(law.durations[0], 10.0)


def test_student_quantiles_of_one_and_two_degrees_are_the_closed_ones() -> None:
    for p in (1e-6, 0.01, 0.3, 0.5, 0.9):
        assert math.isclose(student_quantile(p, 1.0), math.tan(math.pi * (p - 0.5)), rel_tol=1e-9)
        closed = (2 * p - 1) * math.sqrt(2.0 / (4.0 * p * (1.0 - p)))
        assert math.isclose(student_quantile(p, 2.0), closed, rel_tol=1e-9)
    with pytest.raises(ValueError, match="nu must be > 2"):
        ScaledStudent(2.0, 0.0, 0.1).value_at_risk(0.05)


@given(st.lists(st.floats(-1.0, 1.0), min_size=1, max_size=20))
def test_blocks_of_one_are_independent_draws(values: list[float]) -> None:
    plain = variance_independent(values)
    assert math.isclose(variance_stationary(values, 1.0), plain, rel_tol=1e-9, abs_tol=1e-15)
    assert math.isclose(variance_circular(values, 1), plain, rel_tol=1e-9, abs_tol=1e-15)


def test_a_series_without_spread_has_no_block_length() -> None:
    assert block_length([0.1] * 50) is None
    with pytest.raises(ValueError, match="at least 8 values"):
        block_length([0.1, 0.2])


@given(st.integers(1, 60), st.floats(0.02, 0.98), st.floats(0.02, 0.98))
def test_binomial_quantiles_are_those_of_the_sum(n: int, q: float, p: float) -> None:
    found, before, sum_ = binomial_quantile(p, n, q), 0.0, 0.0
    for k in range(found + 1):
        before, sum_ = sum_, sum_ + math.comb(n, k) * q**k * (1 - q) ** (n - k)
    assert sum_ >= p - 1e-12
    assert before < p + 1e-12


def test_no_hits_and_nothing_but_hits_have_one_sided_intervals() -> None:
    assert clopper_pearson(0, 10)[0] == 0.0
    assert clopper_pearson(10, 10)[1] == 1.0
    low, high = quantile_ranks(1000, 0.5)
    assert (low, high) == (469, 532)
