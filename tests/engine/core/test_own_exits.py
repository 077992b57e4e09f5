"""Owners that stand against each other: each gets out of what it holds, and the account stays within its limits."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.core.builders import (
    BTC_ID,
    SLEEVE,
    WIDE_OPEN,
    World,
    intent,
    loaded,
    of_type,
)
from tests.engine.core.test_risk import exposure, picture, verdict
from tests.engine.core.test_stops import Scripted, Stop, cancelled, denial, halt, kill, pause

from tradebot.engine.core.actions import OrderSeq, sell
from tradebot.engine.core.limits import Limits
from tradebot.engine.core.outcomes import AnyOutcome, Submit
from tradebot.engine.core.picture import Picture
from tradebot.engine.core.reasons import why
from tradebot.engine.core.stops import adds_risk
from tradebot.engine.core.types import HAND, Owner, TradingState


def against_each_other(limits: Limits = WIDE_OPEN) -> tuple[World, Scripted]:
    """Return a world whose sleeve is long 0.01 while the hand is short 0.008."""
    policy = Scripted()
    world = World(policies={SLEEVE: loaded(policy)}, limits=limits)
    world.market()
    world.hold(1000, owner=SLEEVE)
    world.hold(-800)
    return world, policy


def sleeve_sells(world: World, policy: Scripted, quantity: str) -> list[AnyOutcome]:
    order = sell(Decimal(quantity), limit=Decimal(9990))
    policy.answers.append(OrderSeq.of(order, because=why("test")))
    return world.market(bid=9_999_00 - 10 * world.seq)


@pytest.mark.parametrize(
    ("stop", "most", "more", "refused"),
    [(pause, "0.01", "0.0101", "sleeve_paused"), (halt, "0.004", "0.0041", "reducing")],
)
def test_a_stopped_sleeve_gets_out_of_what_it_holds_and_while_reducing_until_the_net_is_no_larger(
    stop: Stop, most: str, more: str, refused: str
) -> None:
    world, policy = against_each_other()
    stop(world)
    assert denial(sleeve_sells(world, policy, more)) == refused
    outcomes = sleeve_sells(world, policy, most)
    (submit,) = of_type(outcomes, Submit)
    # Nor is it taken out afterwards, though it is more than the account's net.
    assert cancelled(world.accept(submit.order)) == set()
    assert cancelled(stop(world)) == set()


@pytest.mark.parametrize(
    ("stop", "limit", "gone"),
    [(halt, True, True), (kill, True, True), (pause, True, False), (halt, False, False)],
)
def test_an_exit_that_turns_the_net_is_taken_out_by_a_halt_and_a_standing_stop_is_not(
    stop: Stop, *, limit: bool, gone: bool
) -> None:
    world, _ = against_each_other()
    order = intent("sell", 1000, owner=SLEEVE, limit=9_990_00, number=world.state.counter + 1)
    if not limit:
        order = msgspec.structs.replace(
            order, type="stop", limit_price=None, trigger_price=9_900_00
        )
    world.state.apply_outcome(Submit(order=order))
    world.accept(order)
    assert cancelled(stop(world)) == ({order.client_order_id} if gone else set())


def test_a_stop_that_stands_is_set_off_while_reducing_though_it_turns_the_net() -> None:
    seen = own_picture(WIDE_OPEN, state="REDUCING")
    order = intent("sell", 1000, owner=SLEEVE)
    assert verdict(order, seen) == "reducing"
    assert verdict(order, msgspec.structs.replace(seen, standing_stop=True)) == "ok"


def test_no_exit_of_an_owner_passes_while_halted() -> None:
    seen = own_picture(WIDE_OPEN, state="HALTED")
    for quantity in (100, 400, 1000):
        assert verdict(intent("sell", quantity, owner=SLEEVE), seen) == "halted"


def test_what_already_works_of_an_owner_counts_against_its_exit() -> None:
    world, policy = against_each_other()
    halt(world)
    (submit,) = of_type(sleeve_sells(world, policy, "0.003"), Submit)
    world.accept(submit.order)
    assert denial(sleeve_sells(world, policy, "0.002")) == "reducing"
    assert denial(sleeve_sells(world, policy, "0.001")) == "ok"


@pytest.mark.parametrize("quantity", [100, 800])
def test_a_hand_against_the_net_gets_out_only_where_nothing_reduces(quantity: int) -> None:
    world, _ = against_each_other()
    assert denial(world.request("buy", quantity)) == "ok"
    world, _ = against_each_other()
    halt(world)
    assert denial(world.request("buy", quantity)) == "reducing"


def test_a_hand_without_a_holding_shrinks_the_account_by_its_net_and_no_further() -> None:
    world = World(policies={SLEEVE: loaded(Scripted())})
    world.market()
    world.hold(1000, owner=SLEEVE)
    halt(world)
    assert denial(world.request("sell", 1010, limit=9_990_00)) == "reducing"
    assert denial(world.request("sell", 1000, limit=9_990_00)) == "ok"


def own_picture(
    limits: Limits,
    quantity: int = 200,
    *,
    equity: str | None = "1000",
    state: TradingState = "ACTIVE",
) -> Picture:
    return msgspec.structs.replace(
        picture(
            exposure(quantity),
            limits=limits,
            state=state,
            equity=None if equity is None else Decimal(equity),
        ),
        own_quantity=1000,
    )


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"max_position": Decimal("0.08")}, "ok"),
        ({"max_position": Decimal("0.0799")}, "max_position"),
        ({"max_gross": Decimal("0.08")}, "ok"),
        ({"max_gross": Decimal("0.0799")}, "max_gross"),
        ({"max_order": Decimal("0.0001"), "max_open_risk": Decimal("0.0001")}, "ok"),
    ],
)
def test_an_exit_that_turns_the_net_keeps_the_limits_of_the_account_and_no_others(
    limits: dict[str, Decimal], code: str
) -> None:
    # Net +0.002, own +0.01: selling all leaves the account short 0.008 = 80 of 1000.
    seen = own_picture(msgspec.structs.replace(WIDE_OPEN, **limits))
    order = intent("sell", 1000, owner=SLEEVE)
    assert verdict(order, seen) == code


def test_an_exit_that_turns_the_net_waits_for_a_known_equity_and_one_within_it_does_not() -> None:
    seen = own_picture(WIDE_OPEN, equity=None)
    whole, within = intent("sell", 1000, owner=SLEEVE), intent("sell", 200, owner=SLEEVE)
    assert verdict(whole, seen) == "equity_unknown"
    assert verdict(within, seen) == "ok"


@given(
    st.lists(st.integers(-50, 50), min_size=2, max_size=2),
    st.lists(st.tuples(st.integers(0, 1), st.integers(-50, 50).filter(bool)), max_size=6),
)
def test_orders_that_pass_as_exits_never_take_the_net_beyond_what_one_side_of_owners_holds(
    held: list[int], wanted: list[tuple[int, int]]
) -> None:
    world = World()
    owners = (HAND, Owner("other"))
    for owner, quantity in zip(owners, held, strict=True):
        if quantity:
            world.hold(quantity * 10, owner=owner)
    for index, quantity in wanted:
        order = intent(
            "buy" if quantity > 0 else "sell",
            abs(quantity) * 10,
            owner=owners[index],
            number=world.state.counter + 1,
        )
        world.state.apply_outcome(Submit(order=order))
    net = world.net(BTC_ID)
    world.state.trading_state = "REDUCING"
    taken = {order.intent.client_order_id for order in adds_risk(world.state)}
    kept = [o for o in world.state.blotter.open() if o.intent.client_order_id not in taken]
    for side, way in (("buy", 1), ("sell", -1)):
        # All of them filled, and nothing of the other side: the net is no larger than it is.
        assert (
            way * net + sum(o.leaves for o in kept if o.intent.side == side) <= abs(net) or not kept
        )
    world.state.trading_state = "ACTIVE"
    adding = {order.intent.client_order_id for order in adds_risk(world.state)}
    staying = [o for o in world.state.blotter.open() if o.intent.client_order_id not in adding]
    longs = sum(10 * quantity for quantity in held if quantity > 0)
    shorts = sum(-10 * quantity for quantity in held if quantity < 0)
    buys = sum(o.leaves for o in staying if o.intent.side == "buy")
    sells = sum(o.leaves for o in staying if o.intent.side == "sell")
    # Each order is within its owner's holding, or within the net: at worst both rules are used up.
    assert buys <= shorts + max(-net, 0)
    assert sells <= longs + max(net, 0)
