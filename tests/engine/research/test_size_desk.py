"""The pages of the screen Size: stakes as money and quantity, curve, fan, warnings."""

import math

from tradebot.engine.research.desk.page import Money
from tradebot.engine.research.desk.starts import (
    believed,
    from_record,
    from_returns,
    from_structure,
    from_target,
    from_trade,
)
from tradebot.engine.sizing.beta import posterior
from tradebot.engine.sizing.fraction import Aim
from tradebot.engine.sizing.kelly import Drift
from tradebot.engine.sizing.payoff import Bought, Spot
from tradebot.engine.sizing.trade import Trade

MONEY = Money(102_431.20, Trade(59998.5, 58800.0, 63600.0, 0.001))


def test_a_trade_with_a_record_gives_the_worked_figures() -> None:
    page = from_trade(MONEY, believed(13, 28, None), 0.2)
    found = {stake.name: stake for stake in page.stakes}
    assert round(found["half Kelly"].quantity, 3) == 2.727
    assert found["careful"].quantity == 0.0
    assert math.isclose(found["you"].lost, 263.46, abs_tol=0.005)
    assert page.you is not None
    assert math.isclose(page.you, 263.46 / 102_431.20, rel_tol=1e-4)
    for stake in page.stakes:
        assert math.isclose(stake.lost, stake.quantity * MONEY.trade.risk, abs_tol=1e-6)


def test_without_a_belief_there_is_no_kelly_figure() -> None:
    page = from_trade(MONEY, None, 0.2)
    assert [stake.name for stake in page.stakes] == ["you"]
    assert (page.best, page.curve, page.fan) == (0.0, (), ())


def test_the_curve_has_its_top_at_the_best_stake() -> None:
    page = from_record(MONEY, posterior(60, 40), 1.0, None)
    share, growth = max(page.curve, key=lambda point: point[1])
    assert abs(share - page.best) <= page.curve[1][0] - page.curve[0][0]
    assert growth > 0.0


def test_the_fan_widens_and_every_quantile_has_an_error_bar() -> None:
    page = from_record(MONEY, posterior(60, 40), 1.0, None)
    first, last = page.fan[0], page.fan[-1]
    assert last.high[0] - last.low[0] > first.high[0] - first.low[0]
    for fan in page.fan:
        for value, low, high in (fan.low, fan.middle, fan.high):
            assert low is not None
            assert high is not None
            assert low <= value <= high


def test_returns_say_how_noisy_they_are() -> None:
    page = from_returns(MONEY, [0.02, -0.01, 0.03, -0.02, 0.015, -0.005, 0.01, -0.01], 20.0, None)
    assert "sample Kelly is noise" in page.warnings[0]
    assert all(each.lost < each.share * MONEY.equity for each in page.stakes if each.share), (
        "to the stop, not all of it"
    )


def test_a_capped_target_is_called_an_upper_bound() -> None:
    aim, drift = Aim(100_000, 150_000, 2), Drift(0.08, 0.03, 0.2)
    wide = from_target(MONEY, aim, drift, 0.5, 12.0, None)
    tight = from_target(MONEY, aim, drift, 0.5, 1.0, None)
    assert not any("upper bound" in each for each in wide.warnings)
    assert any("upper bound" in each for each in tight.warnings)
    assert all(stake.share <= 1.0 for stake in tight.stakes)
    names = [stake.name for stake in wide.stakes]
    assert names == ["Kelly", "half Kelly", "target", "hybrid 0.5"]
    assert all(stake.chance is not None for stake in wide.stakes)


def test_a_structure_names_what_cannot_be_traded() -> None:
    drift = Drift(0.3, 0.0, 0.5)
    legs = [Spot(quantity=1.0, stop=58800.0), Bought(1.0, "call", 65000.0, 900.0)]
    page = from_structure(MONEY, legs, drift, 0.25, 1.0)
    assert (
        page.warnings[0]
        == "cannot be traded here: bought: options cannot be traded in this version"
    )
    found = {stake.name: stake for stake in page.stakes}
    assert math.isclose(found["you"].quantity, 1.0)
