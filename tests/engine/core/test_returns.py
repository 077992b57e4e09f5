"""Results that flows do not move: day's profit, time-weighted return, drawdown, and the limits on them."""

from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.core.builders import (
    ACCOUNT,
    WIDE_OPEN,
    World,
    contents,
    of_type,
    started,
)

from tradebot.engine.core.days import DAY
from tradebot.engine.core.events import CashMoved
from tradebot.engine.core.marks import figures_of
from tradebot.engine.core.outcomes import EquityMarked
from tradebot.engine.core.returns import Figures, begun, day_return, flowed, profit, risen

GUARDED = msgspec.structs.replace(
    WIDE_OPEN, day_loss=Decimal("0.05"), drawdown=Decimal("0.10"), price_collar=Decimal("0.99")
)


def figures(world: World) -> Figures:
    found = figures_of(world.state)
    assert found is not None
    return found


def holding(price: int = 10_000_00) -> World:
    """Return a world of 100,000 USDT that has bought 5 BTC at 10,000."""
    world = World(start=started(limits=GUARDED))
    world.market(price - 100, price + 100)
    world.hold(500_000)
    return world


def at(world: World, price: int) -> None:
    world.market(price - 100, price + 100)
    world.now += 10**9
    world.market(price - 100, price + 100)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(-40, 60), st.integers(-400, 900)), min_size=1, max_size=12))
def test_the_days_return_is_the_product_of_its_parts_between_flows(
    parts: list[tuple[int, int]],
) -> None:
    value, index = Fraction(1000), Fraction(1)
    known = begun(Decimal(1000))
    for percent, flow in parts:
        before = value
        value = value * (100 + percent) / 100
        index *= value / before
        net = Fraction(max(flow, -int(value) + 1))
        value += net
        equity = Decimal(value.numerator) / Decimal(value.denominator)
        known = flowed(known, Decimal(int(net)), equity)
    equity = Decimal(value.numerator) / Decimal(value.denominator)
    found = day_return(equity, known)
    assert found is not None
    assert abs(Fraction(found) - (index - 1)) < Fraction(1, 10**6)


def test_profit_in_money_is_what_flows_did_not_bring() -> None:
    known = flowed(begun(Decimal(1000)), Decimal(500), Decimal(1600))
    assert profit(Decimal(1700), known) == 200
    # 1000 -> 1100 (+10 %), then 1600 -> 1700 (+6.25 %)
    earned = day_return(Decimal(1700), known)
    assert earned is not None
    assert abs(earned - Decimal("0.16875")) < Decimal("1e-12")


@pytest.mark.parametrize(("flow", "drawdown"), [("-60000", "0.07"), ("400000", "0.07")])
def test_a_flow_below_the_peak_moves_neither_drawdown_nor_day_loss(
    flow: str, drawdown: str
) -> None:
    world = holding()
    at(world, 8_600_00)  # 100,000 -> 93,000
    world.deposit(flow, movement="m2")
    equity = world.state.equity()
    assert equity is not None
    assert equity == 93_000 + Decimal(flow)
    known = figures(world)
    assert abs(1 - equity / known.peak - Decimal(drawdown)) < Decimal("1e-9")
    assert profit(equity, known) == -7000
    assert known.flows == 100_000 + Decimal(flow)


def test_a_large_withdrawal_near_the_peak_halts_nothing_and_a_real_loss_after_it_does() -> None:
    world = holding()
    world.deposit("-49000", movement="m2")  # 51,000 stay, 50,000 of them in the position
    assert world.state.trading_state == "ACTIVE"
    at(world, 8_900_00)  # -5,500 of 51,000: more than 10 %
    assert world.state.trading_state == "HALTED"


def test_a_deposit_at_a_loss_does_not_hide_the_loss() -> None:
    world = holding()
    at(world, 9_040_00)  # -4.8 %: just inside the day's 5 %
    world.deposit("1000000", movement="m2")
    assert world.state.trading_state == "ACTIVE"
    at(world, 5_000_00)  # -20,200 of 1,095,200: -1.84 % more
    assert world.state.trading_state == "REDUCING"


@pytest.mark.parametrize("kind", ["interest", "dividend", "funding", "tax"])
def test_what_is_earned_or_paid_is_part_of_the_result(kind: str) -> None:
    world = holding()
    moved = CashMoved(
        movement_id="k",
        account=ACCOUNT,
        asset="USDT",
        amount=Decimal(-150),
        why="deposit",
        ts_event=0,
    )
    world.send(msgspec.structs.replace(moved, why=kind))
    equity = world.state.equity()
    assert equity is not None
    assert profit(equity, figures(world)) == -150
    assert figures(world).flows == 100_000


def test_a_new_day_begins_with_what_is_there_and_no_flows() -> None:
    world = holding()
    world.deposit("1000", movement="m2")
    world.now += DAY
    at(world, 10_000_00)
    known = figures(world)
    assert (known.opened, known.day_start, known.flows) == (101_000, 101_000, 0)


def test_flows_that_a_restart_meets_before_they_were_marked_are_not_lost() -> None:
    world = holding()
    at(world, 9_000_00)
    again = world.recovered()
    assert contents(again.state.ledger) == contents(world.state.ledger)
    again.deposit("100000", movement="m2")  # nobody knows the market yet: not valued
    assert again.state.equity() is None
    assert again.state.flows == {"USDT": 100_000}
    marked = again.market(8_999_00, 9_001_00)
    assert of_type(marked, EquityMarked)
    assert again.state.flows == {}
    assert profit(Decimal(195_000), figures(again)) == -5000


def test_everything_withdrawn_keeps_the_days_profit_and_ratios_begin_anew() -> None:
    known = flowed(risen(begun(Decimal(100)), Decimal(150)), Decimal(-150), Decimal(0))
    assert profit(Decimal(0), known) == 50
    assert day_return(Decimal(0), known) is None
    known = flowed(known, Decimal(80), Decimal(80))
    assert (known.peak, known.day_start, profit(Decimal(80), known)) == (80, 80, 50)
