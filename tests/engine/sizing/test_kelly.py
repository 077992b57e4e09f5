"""Kelly stakes: the worked ticket, and what must hold of any bet."""

import math

from hypothesis import given
from hypothesis import strategies as st

from tradebot.engine.sizing.beta import posterior
from tradebot.engine.sizing.kelly import (
    BinaryBet,
    binary_stake,
    break_even,
    careful_stake,
    drift_shrink,
    sure_of_edge,
    with_commission,
    with_cost,
)

bets = st.builds(BinaryBet, st.floats(0.01, 0.99), st.floats(0.05, 50), st.floats(0.05, 1))


def test_the_worked_ticket() -> None:
    """Entry 59,998.50, stop 58,800, target 63,600, fee 0.1 % a side, equity 102,431.20, 13 of 41 won."""
    entry, stop, target, fee, equity = 59_998.5, 58_800.0, 63_600.0, 0.001, 102_431.2
    risk = entry - stop + fee * (entry + stop)
    pays = (target - entry - fee * (entry + target)) / risk
    belief = posterior(13, 28)
    assert round(0.2 * risk, 2) == 263.46
    assert round(pays, 1) == 2.6
    assert round(break_even(pays), 3) == 0.275
    assert round(sure_of_edge(belief, pays), 2) == 0.76
    assert round(belief.quantile(0.2), 3) == 0.265
    assert careful_stake(belief, pays) == 0.0
    assert round(binary_stake(belief, pays) / 2 * equity / risk, 3) == 2.727


@given(bets)
def test_growth_is_highest_at_the_stake(bet: BinaryBet) -> None:
    best = bet.growth(bet.stake)
    assert best >= 0.0
    for share in (0.5, 0.9, 1.1, 1.5):
        assert bet.growth(bet.stake * share) <= best + 1e-12


@given(bets)
def test_a_stake_needs_an_edge(bet: BinaryBet) -> None:
    assert (bet.stake > 0) == (bet.win > break_even(bet.pays, bet.loses)) or abs(bet.edge) < 1e-9


@given(st.integers(0, 200), st.integers(0, 200), st.floats(0.1, 20))
def test_who_is_careful_never_bets_more(won: int, lost: int, pays: float) -> None:
    belief = posterior(won, lost)
    if belief.quantile(0.2) <= belief.mean:
        assert careful_stake(belief, pays) <= binary_stake(belief, pays)


def test_one_loss_that_takes_all_has_no_growth() -> None:
    assert BinaryBet(0.6, 1.0).growth(1.0) == -math.inf


def test_a_sure_win_has_growth_at_any_stake() -> None:
    assert BinaryBet(1.0, 1.0).growth(2.0) == math.log1p(2.0)


def test_a_negative_stake_is_the_other_side() -> None:
    assert math.isclose(BinaryBet(0.6, 1.0).growth(-0.1), BinaryBet(0.4, 1.0).growth(0.1))
    assert BinaryBet(0.6, 1.0).growth(-1.0) == -math.inf


def test_costs_above_what_a_bet_pays_leave_no_stake() -> None:
    assert with_cost(0.54, 0.04, 0.05).stake == 0.0
    assert with_commission(0.54, 1.0, 1.0).stake == 0.0


def test_no_drift_is_not_multiplied() -> None:
    assert drift_shrink(0.0, 0.0) == 0.0
