"""What must hold of any bet, stake and portfolio, whatever the figures (SIZING, property tests)."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tradebot.engine.sizing.bold import bold_play, deadline_play
from tradebot.engine.sizing.deadline import deadline_chance
from tradebot.engine.sizing.drawdown import (
    chance_ever_below,
    constrained_binary,
    quadratic_fraction,
    risk_power,
    ruin_stake,
)
from tradebot.engine.sizing.fraction import Aim, chance_at_end, likeliest_stake
from tradebot.engine.sizing.kelly import BinaryBet, Drift, crra_stake
from tradebot.engine.sizing.log_optimal import best_weights
from tradebot.engine.sizing.markets import Market, bounded_allocation, free_allocation
from tradebot.engine.sizing.outcomes import Outcomes
from tradebot.engine.sizing.sample import sample_kelly
from tradebot.engine.sizing.utility import (
    Blend,
    ByRegime,
    ByWealth,
    Crra,
    Distribution,
    Log,
    Target,
    best_stake,
    binary_crra,
    certainty_equivalent,
)
from tradebot.engine.sizing.wagers import exclusive_stakes, simultaneous_stakes

chances = st.floats(0.05, 0.95)
bets = st.builds(BinaryBet, chances, st.floats(0.1, 20))
drifts = st.builds(Drift, st.floats(-0.2, 0.4), st.floats(0.0, 0.05), st.floats(0.05, 0.8))


@st.composite
def losing_outcomes(draw: st.DrawFn) -> Outcomes:
    returns = (
        -draw(st.floats(0.1, 1.0)),
        *draw(st.lists(st.floats(-0.9, 3.0), min_size=1, max_size=5)),
    )
    weights = [draw(st.integers(1, 20)) for _ in returns]
    return Outcomes(returns, tuple(each / sum(weights) for each in weights))


@given(losing_outcomes(), st.floats(0.01, 0.99))
def test_growth_is_zero_at_no_stake_and_best_at_the_stake(outcomes: Outcomes, other: float) -> None:
    stake = outcomes.stake()
    assert outcomes.growth(0.0) == 0.0
    assert outcomes.growth(stake) >= outcomes.growth(other * (outcomes.upper or 1.0)) - 1e-12
    if stake > 0.0:
        curvature = abs(outcomes.slope(stake * (1 + 1e-9)) - outcomes.slope(stake * (1 - 1e-9)))
        assert abs(outcomes.slope(stake)) <= curvature + 1e-9


@given(losing_outcomes())
def test_a_stake_above_a_cap_is_the_cap(outcomes: Outcomes) -> None:
    assert outcomes.stake(cap=0.05) == pytest.approx(min(outcomes.stake(), 0.05), rel=1e-9)  # pyright: ignore[reportUnknownMemberType]


def test_what_never_loses_asks_for_a_cap() -> None:
    with pytest.raises(ValueError, match="state a cap"):
        Outcomes((0.1, 0.2), (0.5, 0.5)).stake()
    assert Outcomes((0.1, 0.2), (0.5, 0.5)).stake(cap=3.0) == 3.0


@given(bets)
def test_a_table_of_two_outcomes_is_the_binary_bet(bet: BinaryBet) -> None:
    table = Outcomes((bet.pays, -1.0), (bet.win, 1.0 - bet.win))
    assert math.isclose(table.stake(), bet.stake, rel_tol=1e-9, abs_tol=1e-12)


@given(bets)
def test_growth_comes_back_to_zero_below_the_whole_wealth(bet: BinaryBet) -> None:
    ruins = ruin_stake(bet)
    assert bet.stake <= ruins <= bet.most
    if bet.stake > 1e-3 and ruins < 0.999:
        assert abs(bet.growth(ruins)) < 1e-9


@given(drifts, st.floats(1.0, 10.0))
def test_crra_is_fractional_kelly(drift: Drift, gamma: float) -> None:
    assert math.isclose(crra_stake(drift, gamma), drift.stake / gamma, rel_tol=1e-12, abs_tol=1e-12)


@given(bets)
def test_crra_one_is_kelly_for_a_binary_bet(bet: BinaryBet) -> None:
    assert math.isclose(
        binary_crra(bet.win, bet.pays, 1.0), bet.unclamped, rel_tol=1e-9, abs_tol=1e-9
    )


@given(st.floats(0.9999, 1.0001))
def test_a_certainty_equivalent_is_smooth_through_one(gamma: float) -> None:
    wealth, probs = [50.0, 100.0, 200.0], [0.3, 0.4, 0.3]
    geometric = certainty_equivalent(wealth, probs, 1.0)
    found = certainty_equivalent(wealth, probs, gamma)
    assert abs(found - geometric) <= 20.0 * abs(gamma - 1.0) + 1e-12


def test_ruin_is_worth_nothing_to_who_fears_it() -> None:
    assert certainty_equivalent([0.0, 100.0], [0.1, 0.9], 1.0) == 0.0
    assert certainty_equivalent([0.0, 100.0], [0.1, 0.9], 0.0) == pytest.approx(90.0)  # pyright: ignore[reportUnknownMemberType]


@given(bets, st.floats(0.5, 0.95), st.floats(0.02, 0.5))
def test_a_risk_constrained_stake_keeps_its_promise_and_is_largest(
    bet: BinaryBet, alpha: float, beta: float
) -> None:
    power = risk_power(alpha, beta)
    stake = constrained_binary(bet, power)
    assert 0.0 <= stake <= bet.stake
    if 1e-6 < stake < bet.stake * (1 - 1e-9):
        wealth = bet.win * (1 + bet.pays * stake) ** -power + (1 - bet.win) * (1 - stake) ** -power
        assert abs(wealth - 1.0) < 1e-9


@given(bets)
def test_without_a_power_the_constraint_is_gone(bet: BinaryBet) -> None:
    assert constrained_binary(bet, 0.0) == bet.stake


@given(st.floats(0.5, 0.95), st.floats(0.01, 0.4))
def test_the_quadratic_fraction_keeps_the_drawdown_bound(alpha: float, beta: float) -> None:
    fraction = quadratic_fraction(risk_power(alpha, beta))
    if fraction < 1.0:
        assert math.isclose(chance_ever_below(fraction, alpha), beta, rel_tol=1e-9)


@given(st.integers(1, 30), st.integers(2, 31), st.integers(1, 19))
def test_bold_play_is_monotone_and_no_worse_than_any_play_before_a_deadline(
    x: int, n: int, twentieths: int
) -> None:
    start, win = Fraction(min(x, n), n), Fraction(twentieths, 20)
    value = bold_play(win, start)
    assert bold_play(win, start / 2) <= value <= bold_play(min(win * 2, Fraction(1)), start)
    if win <= Fraction(1, 2) and n <= 12:
        assert deadline_play(win, n, 6).chances[min(x, n)] <= value


@given(drifts, st.floats(1.05, 3.0), st.floats(0.25, 5.0), st.floats(0.01, 8.0))
def test_no_constant_share_beats_the_best_play_by_a_deadline(
    drift: Drift, goal: float, years: float, stake: float
) -> None:
    aim = Aim(1.0, goal, years)
    best = deadline_chance(1.0, goal, years, sharpe=abs(drift.sharpe), r=drift.r)
    assert chance_at_end(drift, stake, aim) <= best + 1e-12
    assert (
        chance_at_end(drift, stake, aim)
        <= chance_at_end(drift, likeliest_stake(drift, aim), aim) + 1e-12
    )


@given(losing_outcomes(), st.floats(1.1, 3.0))
def test_hybrids_agree_with_their_parts_at_weight_0_and_1(outcomes: Outcomes, goal: float) -> None:
    wealth = tuple(1.0 + 0.3 * r for r in outcomes.returns)
    seen = Distribution(wealth, outcomes.chances)
    log, target = Log().evaluate(seen), Target(goal).evaluate(seen)
    assert ByRegime(Log(), Target(goal), 0.0).evaluate(seen) == log
    assert ByRegime(Log(), Target(goal), 1.0).evaluate(seen) == target
    assert ByWealth(1.0, Target(goal), Log()).evaluate(seen) == log
    assert ByWealth(1.1, Target(goal), Log()).evaluate(seen) == target
    assert math.isclose(Blend(goal, 0.0).evaluate(seen), log / math.log(goal), abs_tol=1e-15)
    assert Blend(goal, 1.0).evaluate(seen) == target
    assert math.isclose(Crra(1.0).evaluate(seen), log, rel_tol=1e-9, abs_tol=1e-12)


@settings(max_examples=25)
@given(losing_outcomes())
def test_the_log_utilitys_best_stake_is_kellys(outcomes: Outcomes) -> None:
    found = best_stake(Log(), outcomes, cap=1.0)
    assert math.isclose(found.stake, outcomes.stake(cap=1.0), abs_tol=1e-4)
    assert found.value >= outcomes.growth(outcomes.stake(cap=1.0)) - 1e-12


@settings(max_examples=30)
@given(st.lists(bets, min_size=1, max_size=4))
def test_bets_together_are_staked_no_higher_than_alone(many: list[BinaryBet]) -> None:
    best = simultaneous_stakes(many)
    for stake, bet in zip(best.fractions, many, strict=True):
        assert -1e-12 <= stake <= bet.stake + 1e-9


def test_an_arbitrage_is_staked_by_the_chances_alone() -> None:
    assert exclusive_stakes([0.5, 0.5], [2.2, 2.2]).fractions == (0.5, 0.5)


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.integers(1, 6), st.sampled_from([0.0, 2.0, 6.5, 12.0]))
@example(seed=97, assets=3, power=2.0)  # the bound's multiplier falls below 0 on the way
def test_a_portfolio_is_proved_and_beats_random_ones(seed: int, assets: int, power: float) -> None:
    dice = np.random.default_rng(seed)
    returns = dice.uniform(-0.5, 0.6, (30, assets))
    best = best_weights(returns, power=power)
    assert best.certificate.gap <= 1e-9
    assert best.certificate.violation <= 1e-8
    for _ in range(50):
        other = dice.dirichlet(np.ones(assets + 1))[:-1]
        wealth = 1.0 + returns @ other
        if float(np.mean(wealth**-power)) <= 1.0:
            assert best.growth >= float(np.mean(np.log(wealth))) - 1e-9


def test_a_small_risk_power_is_kelly() -> None:
    returns = np.random.default_rng(7).uniform(-0.4, 0.5, (40, 3))
    free, nearly = best_weights(returns), best_weights(returns, power=1e-9)
    assert np.allclose(free.weights, nearly.weights, atol=1e-9)


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_bounds_that_do_not_bind_change_nothing(seed: int) -> None:
    dice = np.random.default_rng(seed)
    market = Market(
        tuple(dice.uniform(-0.1, 0.3, 2).tolist()), 0.02, (0.2, 0.3), ((1.0, 0.3), (0.3, 1.0))
    )
    free = free_allocation(market)
    bounded = bounded_allocation(market, leverage=100.0, cap=50.0, long_only=False)
    assert np.allclose(free.fractions, bounded.fractions, atol=1e-9)


def test_assets_that_are_the_same_are_refused() -> None:
    with pytest.raises(ValueError, match="positive definite"):
        Market((0.1, 0.1), 0.0, (0.2, 0.2), ((1.0, 1.0), (1.0, 1.0))).covariance()


def test_what_never_loses_has_no_optimum_without_a_budget() -> None:
    with pytest.raises(ArithmeticError, match="without bound"):
        best_weights([[0.1], [0.2]], budget=None)


def test_a_sample_without_losses_stakes_its_cap_and_knows_no_ruin() -> None:
    found = sample_kelly([0.01, 0.02], cap=3.0)
    assert (found.stake, found.upper) == (3.0, None)


@given(losing_outcomes(), st.floats(0.0, 0.98), st.floats(0.0, 0.98))
def test_growth_is_concave(outcomes: Outcomes, one: float, other: float) -> None:
    most = outcomes.upper or 1.0
    middle = outcomes.growth(most * (one + other) / 2)
    assert middle >= (outcomes.growth(most * one) + outcomes.growth(most * other)) / 2 - 1e-12
