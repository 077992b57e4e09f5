"""Structures: what each leg pays along a path, and what a design says of the stake."""

import math

import numpy as np
import pytest

from tradebot.engine.sizing.drawdown import drawdown_bound
from tradebot.engine.sizing.jumps import OptionBet
from tradebot.engine.sizing.models import Empirical, Jumping, Lognormal, Model, StudentT
from tradebot.engine.sizing.outcomes import Outcomes
from tradebot.engine.sizing.payoff import Bought, Leg, Pyramid, Spot, Structure, design
from tradebot.engine.sizing.utility import Log, Target

MODELS: list[Model] = [
    Lognormal(0.1, 0.3),
    StudentT(0.1, 0.3),
    Jumping(0.1, 0.2, 2.0, -0.1),
    Empirical((0.01, -0.008, 0.004, -0.002)),
]


def result(leg: Leg, *prices: float, fee: float = 0.0) -> float:
    return float(leg.result(np.array([prices]), fee)[0])


def test_a_long_position_ends_at_its_stop_its_target_or_the_end() -> None:
    leg = Spot(quantity=2.0, stop=95.0, target=110.0)
    assert result(leg, 100, 95, 120) == -10.0
    assert result(leg, 100, 112, 90) == 20.0
    assert result(leg, 100, 105, 103) == 6.0


def test_a_gap_through_a_stop_is_filled_where_it_ends() -> None:
    assert result(Spot(quantity=1.0, stop=95.0), 100, 80) == -20.0


def test_a_short_position_is_the_mirror() -> None:
    assert result(Spot(quantity=-1.0, stop=105.0, target=90.0), 100, 88) == 10.0
    assert result(Spot(quantity=-1.0, stop=105.0), 100, 107) == -7.0


def test_a_trailing_stop_follows_the_best_price() -> None:
    assert result(Spot(quantity=1.0, trail=5.0), 100, 120, 115, 130) == 15.0


def test_a_rung_that_is_not_reached_costs_nothing() -> None:
    leg = Spot(quantity=1.0, at=95.0, stop=90.0)
    assert result(leg, 100, 96, 120) == 0.0
    assert result(leg, 100, 94, 120) == 25.0


def test_fees_are_paid_on_both_ways() -> None:
    assert result(Spot(quantity=1.0), 100, 110, fee=0.01) == pytest.approx(10 - 2.1)  # pyright: ignore[reportUnknownMemberType]


def test_an_option_loses_its_premium_and_no_more() -> None:
    call = Bought(1.0, "call", 110.0, 4.5)
    assert result(call, 100, 20) == -4.5
    assert result(call, 100, 120) == 5.5
    assert call.planned_risk(100.0, 0.0) == 4.5
    assert call.untradable() is not None


def test_house_money_never_loses_more_than_the_first_unit_at_its_stop() -> None:
    leg = Pyramid(quantity=1.0, step=5.0, units=3)
    assert result(leg, 100, 95) == -5.0
    assert result(leg, 100, 105, 100) == -5.0
    assert result(leg, 100, 105, 110, 105) == 0.0
    assert result(leg, 100, 105, 110, 120, 115) == 15.0 + 10.0 + 5.0


def test_a_stop_on_the_wrong_side_is_named() -> None:
    with pytest.raises(ValueError, match="losing side of the entry 100"):
        Structure(100.0, (Spot(quantity=1.0, stop=101.0),)).planned_risk()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_a_model_is_seeded_and_half_its_drift_is_less(model: Model) -> None:
    structure = Structure(100.0, (Spot(quantity=1.0),))
    one, two = (structure.results(model, 1.0, paths=50, seed=3) for _ in range(2))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, structure.results(model, 1.0, paths=50, seed=4))
    assert structure.results(model.halved(), 1.0, paths=50, seed=3).mean() < one.mean()


@pytest.mark.parametrize("model", MODELS[:3], ids=lambda model: type(model).__name__)
def test_the_drift_of_a_model_is_the_stated_one(model: Model) -> None:
    found = Structure(100.0, (Spot(quantity=1.0),)).results(model, 1.0, paths=40_000, seed=5)
    error = float(found.std()) / math.sqrt(len(found))
    assert abs(float(found.mean()) - 100 * math.expm1(0.1)) < 4 * error


def test_a_designed_call_is_the_option_bet_in_closed_form() -> None:
    structure = Structure(100.0, (Bought(1.0, "call", 110.0, 4.5),))
    report = design(structure, Lognormal(0.2, 0.3), 0.5, {"log": Log()}, paths=20_000, seed=2)
    exact = OptionBet(100.0, 110.0, 0.5, 0.3, 0.2, 4.5)
    assert abs(report.mean - exact.mean) < 4 * report.mean_error
    assert abs(report.stakes["log"].stake - exact.stake) < 0.03
    assert 0.0 < report.half_edge_stake < report.stakes["log"].stake
    assert report.growth["1"] >= max(report.growth["0.5"], report.growth["2"])
    assert math.isclose(report.halved["1"], 0.5, rel_tol=1e-3)
    assert report.untradable


def test_without_an_edge_nothing_is_staked_but_a_target_still_may_be() -> None:
    structure = Structure(100.0, (Spot(quantity=1.0, stop=95.0),), fee=0.002)
    utilities = {"log": Log(), "target": Target(1.05)}
    report = design(structure, Lognormal(-0.2, 0.3), 0.25, utilities, paths=2000)
    assert report.stakes["log"].stake == 0.0
    assert report.stakes["target"].stake > 0.0


def test_the_drawdown_bound_at_kelly_is_alpha() -> None:
    bet = Outcomes((1.0, -1.0), (0.6, 0.4))
    assert math.isclose(drawdown_bound(bet, bet.stake(), 0.5), 0.5, rel_tol=1e-9)
    assert drawdown_bound(bet, bet.stake() / 2, 0.5) < 0.2
    assert drawdown_bound(bet, 0.5, 0.5) == 1.0
