"""Costs of execution: laws that hold for any order."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.engine.research.execution.fees import breakeven_long, breakeven_short, per_share_fee
from tradebot.engine.research.execution.impact import (
    average_cost,
    quantity_for_cost,
    root_impact,
    temporary_impact,
)
from tradebot.engine.research.execution.latency import Recorded, RoundTrip
from tradebot.engine.research.execution.queueing import QueueModel, QueuePlace, chance_behind
from tradebot.engine.research.execution.schedule import Market, liquidity_risk, schedule
from tradebot.engine.research.execution.walking import Order, shortfall, sweep

MARKET = Market(1e6, 5.0, 50, 0.95, 0.0625, 2.5e-7, 2.5e-6)
MODELS: list[QueueModel] = ["risk_averse", "power", "power2", "power3", "log", "log2"]


@given(
    st.sampled_from(MODELS),
    st.floats(0.5, 4.0),
    st.floats(0.0, 1e4),
    st.lists(st.tuples(st.booleans(), st.floats(0.0, 500.0)), max_size=20),
)
def test_a_queue_front_never_grows_while_its_level_only_shrinks(
    model: QueueModel, power: float, front: float, events: list[tuple[bool, float]]
) -> None:
    size, place = front + 50.0, QueuePlace(front)
    for is_trade, quantity in events:
        before = place.front
        if is_trade:
            place = place.after_trade(quantity)
        else:
            now = max(size - quantity - place.traded, 0.0)
            place, size = place.after_depth(size, now, model, power), now
        assert 0.0 <= place.front <= before
        assert math.isfinite(place.front)


def test_a_trade_through_fills_the_order_and_leaves_nothing_in_front() -> None:
    place = QueuePlace(0.3).after_trade(0.5)
    assert place.front == 0.0
    assert math.isclose(place.filled, 0.2)
    after = place.after_depth(10.0, 8.0, "power", 2.5)
    assert after.front == 0.0
    assert chance_behind("log", -2.0, 5.0) == 1.0


def test_without_aversion_shares_are_sold_evenly() -> None:
    even = schedule(MARKET, 0.0)
    assert even.kappa == 0.0
    assert even.half_life is None
    assert all(math.isclose(n, 2e4) for n in even.trades)


@given(st.floats(1e-12, 1e-2))
def test_more_aversion_costs_more_and_risks_less(aversion: float) -> None:
    calm, hasty = schedule(MARKET, aversion), schedule(MARKET, aversion * 2.0)
    assert math.isclose(math.fsum(calm.trades), 1e6)
    assert hasty.expected_cost >= calm.expected_cost * (1 - 1e-12)
    assert hasty.variance <= calm.variance * (1 + 1e-12)
    assert all(a >= b >= 0.0 for a, b in pairwise(calm.holdings))


def test_a_schedule_costs_what_its_trades_pay_one_by_one() -> None:
    plan, moved, paid = schedule(MARKET, 1e-6), 0.0, 0.0
    for sold in plan.trades:
        fall = moved + MARKET.epsilon + MARKET.eta * sold / MARKET.tau
        paid += sold * fall
        moved += MARKET.gamma * sold
    assert math.isclose(paid, plan.expected_cost, rel_tol=1e-9)


def test_liquidity_risk_is_the_least_of_all_schedules() -> None:
    found = liquidity_risk(MARKET, 0.95)
    for factor in (0.5, 0.99, 1.01, 2.0):
        other = schedule(MARKET, found.aversion * factor)
        assert other.expected_cost + 1.6448536269514722 * other.deviation >= found.value_at_risk
    with pytest.raises(ValueError, match=r"level must be in \(0\.5, 1\)"):
        liquidity_risk(MARKET, 0.4)


def test_a_schedule_of_too_few_steps_is_refused() -> None:
    with pytest.raises(ValueError, match="take more steps"):
        schedule(Market(1e6, 5.0, 1, 0.95, 0.06, 2.5e-6, 2.5e-6), 1e-6)


def test_a_cap_wins_over_a_minimum() -> None:
    assert per_share_fee(100, 0.2, 0.005, 1.0, 0.01) == 0.2
    assert per_share_fee(0, 0.2, 0.005, 1.0) == 0.0


@given(st.floats(1.0, 1e6), st.floats(-0.01, 0.05))
def test_at_break_even_fees_take_all_that_was_won(price: float, rate: float) -> None:
    out = breakeven_long(price, rate)
    assert math.isclose(out - price, rate * (out + price), rel_tol=1e-6, abs_tol=1e-9 * price)
    back = breakeven_short(price, rate)
    assert math.isclose(price - back, rate * (back + price), rel_tol=1e-6, abs_tol=1e-9 * price)


def test_an_empty_book_fills_nothing() -> None:
    found = sweep("sell", [], 5.0, 100.0)
    assert (found.filled, found.unfilled, found.vwap) == (0.0, 5.0, None)
    part = sweep("sell", [(99.0, 2.0)], 5.0, 100.0)
    assert (part.unfilled, part.slippage_bps) == (3.0, 100.0)


def test_a_shortfall_of_an_order_that_was_not_filled_is_the_market_it_missed() -> None:
    found = shortfall(Order("sell", 10.0, 50.0), [], 49.0)
    assert (found.execution_cost, found.opportunity_cost, found.total) == (0.0, 10.0, 10.0)


def test_the_quantity_for_a_cost_costs_it() -> None:
    q = quantity_for_cost(0.001, 1.0, 0.02, 5e6)
    assert math.isclose(average_cost(root_impact(1.0, 0.02, q, 5e6)), 0.001)
    assert temporary_impact(0.02, -100.0, 1e6, 0.1) == -temporary_impact(0.02, 100.0, 1e6, 0.1)


def test_latencies_between_recorded_ones_are_cut_towards_zero() -> None:
    rows = (RoundTrip(0, 100, 200), RoundTrip(1000, 1000, 1300))
    replay = Recorded(rows)
    assert replay.entry(-5) == 100
    assert replay.entry(5) == 100  # 100 - 0.5: the increment is cut, not the sum
    assert replay.entry(1000) == 0
    with pytest.raises(ValueError, match="in order"):
        Recorded(rows[::-1])
