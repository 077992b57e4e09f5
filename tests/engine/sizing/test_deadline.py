"""Reaching a target by a deadline, against Browne's own closed form."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.engine.sizing.deadline import deadline_chance, deadline_stake


@pytest.mark.parametrize(
    ("wealth", "goal", "r", "mu", "sigma", "years", "chance", "fraction"),
    [
        (100.0, 150.0, 0.03, 0.08, 0.2, 2.0, 0.8161493298607068, 1.7154206677823423),
        (1.0, 3.0, 0.0, 0.15, 0.3, 1.0, 0.5276137223970796, 3.635997746753177),
    ],
)
def test_chance_and_stake_are_the_published_ones(  # noqa: PLR0913, PLR0917  (one case)
    wealth: float,
    goal: float,
    r: float,
    mu: float,
    sigma: float,
    years: float,
    chance: float,
    fraction: float,
) -> None:
    sharpe = (mu - r) / sigma
    assert math.isclose(
        deadline_chance(wealth, goal, years, sharpe=sharpe, r=r), chance, rel_tol=1e-8
    )
    assert math.isclose(
        deadline_stake(wealth, goal, years, sigma=sigma, r=r), fraction, rel_tol=1e-8
    )


@given(
    wealth=st.floats(0.0, 10.0),
    years=st.floats(0.0, 10.0),
    sharpe=st.floats(-2.0, 2.0),
)
def test_a_chance_is_one_and_grows_with_wealth_and_edge(
    wealth: float, years: float, sharpe: float
) -> None:
    chance = deadline_chance(wealth, 5.0, years, sharpe=sharpe)
    assert 0.0 <= chance <= 1.0
    assert chance <= deadline_chance(wealth + 0.5, 5.0, years, sharpe=sharpe)
    assert chance <= deadline_chance(wealth, 5.0, years, sharpe=sharpe + 0.5)


def test_who_has_the_goal_in_cash_or_no_time_left_stakes_nothing() -> None:
    assert deadline_stake(5.0, 5.0, 1.0, sigma=0.2) == 0.0
    assert deadline_stake(1.0, 5.0, 0.0, sigma=0.2) == 0.0
    assert deadline_chance(5.0, 5.0, 0.0, sharpe=0.0) == 1.0


def test_a_value_that_cannot_be_is_named() -> None:
    with pytest.raises(ValueError, match="sigma must be > 0, was 0"):
        deadline_stake(1.0, 5.0, 1.0, sigma=0.0)
    with pytest.raises(ValueError, match="goal must be > 0"):
        deadline_chance(1.0, 0.0, 1.0, sharpe=0.0)
