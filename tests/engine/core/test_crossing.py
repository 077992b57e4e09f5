"""Orders of one account do not trade against each other: the later waits, exits go first."""

from collections.abc import Callable
from decimal import Decimal
from typing import override

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.core.bracket_venue import RICH, BracketVenue
from tests.engine.core.builders import (
    ACCOUNT,
    BTC_ID,
    SLEEVE,
    ScriptedVenue,
    World,
    loaded,
    of_type,
)
from tests.engine.core.test_stops import Scripted, denial, kill

from tradebot.data.events import MarketEvent
from tradebot.engine.core.actions import NewOrder, OrderSeq, buy, sell
from tradebot.engine.core.crossing import blocked_by
from tradebot.engine.core.events import (
    AmendRequested,
    CancelRequested,
    Event,
    OrderExpired,
)
from tradebot.engine.core.outcomes import (
    AnyOutcome,
    Cancel,
    HeldEnded,
    OrderDenied,
    OrderHeld,
    OrderIntent,
    Submit,
)
from tradebot.engine.core.reasons import why
from tradebot.engine.core.types import MS, SECOND, ClientOrderId, RequestId, Side, TimeInForce
from tradebot.engine.core.waiting import waits


def world_of() -> tuple[World, Scripted]:
    policy = Scripted()
    world = World(policies={SLEEVE: loaded(policy)})
    world.market()
    return world, policy


def says(world: World, policy: Scripted, order: NewOrder) -> list[AnyOutcome]:
    policy.answers.append(OrderSeq.of(order, because=why("test")))
    return world.market(bid=9_999_00 - 10 * (world.seq % 50 + 1))


def sent(outcomes: list[AnyOutcome]) -> list[OrderIntent]:
    return [submit.order for submit in of_type(outcomes, Submit)]


def waiting(outcomes: list[AnyOutcome]) -> list[OrderHeld]:
    return [held for held in of_type(outcomes, OrderHeld) if held.waits_for is not None]


@pytest.mark.parametrize(
    ("side", "limit", "tif", "waits"),
    [
        ("buy", 10_050_00, "gtc", True),
        ("buy", 10_049_90, "gtc", False),
        # What ends at once goes no farther than the displayed book fills it: to 10,001.
        ("buy", 10_400_00, "ioc", False),
        ("buy", None, "gtc", False),
        ("sell", 10_000_00, "gtc", False),
    ],
)
def test_an_order_waits_exactly_where_it_would_reach_another_of_the_account(
    side: Side, limit: int | None, tif: TimeInForce, *, waits: bool
) -> None:
    world, _ = world_of()
    resting = world.place("sell", 1000, limit=10_050_00)
    outcomes = world.request(side, 500, limit=limit, tif=tif)
    assert [held.waits_for for held in waiting(outcomes)] == (
        [resting.intent.client_order_id] if waits else []
    )
    assert len(sent(outcomes)) == (0 if waits else 1)


def test_one_that_ends_at_once_waits_where_the_book_would_take_it_to_the_others_price() -> None:
    world, _ = world_of()
    world.place("sell", 1000, limit=10_001_10)
    inside = world.request("buy", 1_000_000, limit=10_400_00, tif="ioc")
    assert len(sent(inside)) == 1
    beyond = world.request("buy", 1_000_010, limit=10_400_00, tif="ioc")
    assert len(waiting(beyond)) == 1


def absent_twice(world: World, order: OrderIntent) -> list[AnyOutcome]:
    """Let the venue say twice, long enough after each other, that it knows no such order."""
    world.report(order, "")
    world.now += 6 * SECOND
    world.market()
    return world.report(order, "")


ENDS: dict[str, Callable[[World, OrderIntent], list[AnyOutcome]]] = {
    "filled": lambda world, order: world.fill(order),
    "cancelled": lambda world, order: world.cancelled(order),
    "rejected": lambda world, order: world.reject(order),
    "expired": lambda world, order: world.send(
        OrderExpired(client_order_id=order.client_order_id, reason="", ts_event=world.now)
    ),
    "told cancelled": lambda world, order: world.report(order, "cancelled"),
    "told expired": lambda world, order: world.report(order, "expired"),
    "absent twice": absent_twice,
}
"""Every way in which an order that works at a venue ends, as the venue tells it."""


@pytest.mark.parametrize("end", ENDS)
def test_it_goes_out_in_the_step_that_learns_of_the_others_end_however_that_ends(end: str) -> None:
    world, policy = world_of()
    resting = world.place("sell", 1000, limit=10_050_00)
    (held,) = waiting(says(world, policy, buy(Decimal("0.005"), limit=Decimal(10_060))))
    world.market()
    gone = sent(ENDS[end](world, resting.intent))
    assert [order.client_order_id for order in gone] == [held.order.client_order_id]


def test_it_goes_out_when_the_other_was_moved_away() -> None:
    can = msgspec.structs.replace(RICH, replace=True)
    venue = BracketVenue(can)
    resting = venue.place("sell", 1000, limit=10_050_00)
    waiter = venue.place("buy", 500, limit=10_060_00)
    assert venue.now(waiter).held
    venue.amend(resting, limit_price=10_100_00)
    assert waiter.intent.client_order_id in venue.orders


@pytest.mark.parametrize("end", ["cancelled", "filled"])
def test_it_goes_out_when_the_other_has_ended_and_the_gate_is_asked_again(end: str) -> None:
    world, policy = world_of()
    resting = world.place("sell", 1000, limit=10_050_00)
    (held,) = waiting(says(world, policy, buy(Decimal("0.005"), limit=Decimal(10_060))))
    ended = world.cancelled if end == "cancelled" else world.fill
    assert [order.client_order_id for order in sent(ended(resting.intent))] == [
        held.order.client_order_id
    ]
    again = world.place("sell", 1000, limit=10_100_00)
    (held,) = waiting(says(world, policy, buy(Decimal("0.005"), limit=Decimal(10_100))))
    kill(world)
    outcomes = world.cancelled(again.intent)
    assert sent(outcomes) == []
    assert world.order(held.order.client_order_id).state in {"cancelled", "denied"}


def test_a_waiting_order_is_the_sleeves_own_can_be_cancelled_and_outlives_a_restart() -> None:
    world, policy = world_of()
    resting = world.place("sell", 1000, limit=10_050_00)
    (held,) = waiting(says(world, policy, buy(Decimal("0.005"), limit=Decimal(10_060))))
    key = held.order.client_order_id
    assert world.order(key).is_open
    after = world.recovered()
    after.send(world.start)
    after.market()
    assert after.order(key).held
    after.report(resting.intent, "working")
    ended = of_type(after.send(CancelRequested(client_order_id=key)), HeldEnded)
    assert [one.client_order_id for one in ended] == [key]


def test_what_only_shrinks_does_not_wait_and_what_adds_gives_way() -> None:
    world, policy = world_of()
    world.hold(1000, owner=SLEEVE)
    resting = world.place("buy", 500, limit=9_995_00)
    outcomes = says(world, policy, sell(Decimal("0.01"), limit=Decimal(9_990)))
    kinds = [type(one) for one in outcomes if isinstance(one, Cancel | Submit)]
    assert kinds == [Cancel, Submit]
    (cancel,) = of_type(outcomes, Cancel)
    assert cancel.client_order_id == resting.intent.client_order_id
    assert cancel.because.code == "gives-way"


def test_an_exit_does_not_take_out_another_exit() -> None:
    world, policy = world_of()
    world.hold(1000, owner=SLEEVE)
    world.hold(-500)
    world.place("buy", 500, limit=9_995_00)
    outcomes = says(world, policy, sell(Decimal("0.01"), limit=Decimal(9_990)))
    assert len(sent(outcomes)) == 1
    assert not of_type(outcomes, Cancel)


def test_an_amend_that_would_cross_is_refused_by_name_and_the_order_stays() -> None:
    world, _ = world_of()
    world.place("sell", 1000, limit=10_050_00)
    mine = world.place("buy", 500, limit=9_900_00)
    key = mine.intent.client_order_id
    amend = AmendRequested(request_id=RequestId("a1"), client_order_id=key, limit_price=10_050_00)
    outcomes = world.send(amend)
    (denied,) = of_type(outcomes, OrderDenied)
    assert denied.code == "would_cross"
    assert "at 10050.00 of hand: cancel that one first" in denied.text
    assert world.order(key).state == "accepted"
    amend = AmendRequested(request_id=RequestId("a2"), client_order_id=key, limit_price=10_049_90)
    assert denial(world.send(amend)) == "ok"


def test_orders_of_two_instruments_or_of_one_side_do_not_wait_for_each_other() -> None:
    world, _ = world_of()
    world.place("buy", 1000, limit=9_950_00)
    outcomes = world.request("buy", 500, limit=9_990_00)
    assert len(sent(outcomes)) == 1


# ------------------------------------------------------------------------------------ any history


class Judged(World):
    """A world that looks at each order that leaves: whom could it trade against."""

    @override
    def send(self, event: Event, *, after: int = MS) -> list[AnyOutcome]:
        before = {key: self.order(key) for key in self._at_venue()}
        outcomes = super().send(event, after=after)
        if isinstance(event, MarketEvent):
            told = {cancel.client_order_id for cancel in of_type(outcomes, Cancel)}
            kept = {key: order for key, order in before.items() if key not in told}
            assert all(self.order(key) == order for key, order in kept.items())
        self._nobody_waits_for_nothing()
        told = {cancel.client_order_id for cancel in of_type(outcomes, Cancel)}
        for submit in of_type(outcomes, Submit):
            for other in self.state.blotter.open():
                if other.held or not overlap(submit.order, other.intent):
                    continue
                assert self.closes(submit.order)
                going = other.state == "pending_cancel" or other.intent.client_order_id in told
                assert going or self.closes(other.intent)
        return outcomes

    def _at_venue(self) -> list[ClientOrderId]:
        return [one.intent.client_order_id for one in self.state.blotter.open() if not one.held]

    def _nobody_waits_for_nothing(self) -> None:
        """An order that waits is looked at wherever what it waits for may have ended: in no other step."""
        for order in self.state.blotter.open():
            assert not order.held or waits(self.state, order)

    def closes(self, order: OrderIntent) -> bool:
        """Return whether an order could be an exit at all: its owner holds something on the other side."""
        own = self.state.ledger.position(ACCOUNT, BTC_ID, order.owner).quantity
        return own * (-1 if order.side == "buy" else 1) > 0


def overlap(one: OrderIntent, other: OrderIntent) -> bool:
    if one.side == other.side or one.limit_price is None or other.limit_price is None:
        return False
    buys, sells = (one, other) if one.side == "buy" else (other, one)
    assert buys.limit_price is not None
    assert sells.limit_price is not None
    return buys.limit_price >= sells.limit_price


steps = st.lists(
    st.tuples(
        st.sampled_from(("hand", "sleeve", "cancel", "fill")),
        st.sampled_from(("buy", "sell")),
        st.integers(9_990, 10_010),
        st.integers(1, 5),
    ),
    max_size=25,
)


@given(steps)
@settings(max_examples=60)
def test_whatever_happens_only_exits_overlap_and_what_adds_gives_way_to_them(
    history: list[tuple[str, Side, int, int]],
) -> None:
    policy = Scripted()
    world = Judged(policies={SLEEVE: loaded(policy)})
    world.market()
    venue = ScriptedVenue(world)
    for what, side, price, size in history:
        working = [order for order in world.state.blotter.open() if not order.held]
        match what:
            case "hand":
                venue.take(world.request(side, size * 100, limit=price * 100))
            case "sleeve":
                place = buy if side == "buy" else sell
                order = place(Decimal(size) / 1000, limit=Decimal(price))
                venue.take(says(world, policy, order))
            case "cancel" if working:
                key = working[size % len(working)].intent.client_order_id
                venue.take(world.send(CancelRequested(client_order_id=key)))
            case "fill" if working:
                intent = working[price % len(working)].intent
                venue.working.pop(intent.client_order_id, None)
                venue.take(world.fill(intent, world.order(intent.client_order_id).leaves))
            case _:
                continue
    for order in [order for order in world.state.blotter.open() if not order.held]:
        venue.take(world.send(CancelRequested(client_order_id=order.intent.client_order_id)))
    waits = [order for order in world.state.blotter.open() if order.held]
    assert all(blocked_by(world.state, order.intent) is not None for order in waits)
