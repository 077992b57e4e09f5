"""Flatten: ends flat, in pieces where it must, or says what is left."""

from collections import Counter
from typing import override

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.core.builders import (
    ACCOUNT,
    BTC,
    BTC_ID,
    ETH_ID,
    SLEEVE,
    START,
    WIDE_OPEN,
    ScriptedVenue,
    World,
    intent,
    of_type,
    snapshot,
    started,
)

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.closing_shares import closing_shares
from tradebot.engine.core.events import (
    FlattenRequested,
    OrderLane,
    OrderRejected,
    ResumeRequested,
    TimerFired,
)
from tradebot.engine.core.flatten import (
    FLATTEN_LOOKS_MAX,
    FLATTEN_PAUSE,
    FLATTEN_PIECES_MAX,
    FLATTEN_WAIT,
    timer_of,
)
from tradebot.engine.core.outcomes import (
    Alert,
    Cancel,
    FlattenEnded,
    FlattenStarted,
    OrderDenied,
    OrderIntent,
    SetTimer,
    Submit,
)
from tradebot.engine.core.types import HAND, SECOND, UNCLAIMED, Owner

MINUTE = 60 * SECOND
BTC_HERE = (ACCOUNT, BTC_ID)


@pytest.fixture
def world() -> World:
    world = World()
    world.market()
    world.market(999_00, 1_001_00, instrument=ETH_ID)
    return world


def flatten(
    world: World, instrument: InstrumentId | None = BTC_ID, *, span: int = MINUTE
) -> ScriptedVenue:
    """Flatten against a scripted venue that finds everything, and let time go by."""
    venue = ScriptedVenue(world)
    start(world, venue, instrument, span=span)
    return venue


def start(
    world: World, venue: ScriptedVenue, instrument: InstrumentId | None, *, span: int = MINUTE
) -> None:
    venue.take(world.send(FlattenRequested(instrument=instrument)))
    venue.run(span)


def closing(world: World) -> list[tuple[Owner, str, int]]:
    orders = [submit.order for submit in of_type(world.outcomes, Submit)]
    return [(o.owner, o.side, o.quantity) for o in orders if o.tif == "ioc" and o.reduce_only]


def ended(world: World) -> list[tuple[int, str]]:
    return [(end.rest, end.reason) for end in of_type(world.outcomes, FlattenEnded)]


@pytest.mark.parametrize(
    ("held", "side", "limit"), [(2000, "sell", 950_000), (-2000, "buy", 1_050_000)]
)
def test_flatten_closes_what_is_held_within_the_collar_and_halts(
    world: World, held: int, side: str, limit: int
) -> None:
    world.hold(held)
    flatten(world)
    assert world.net() == 0
    (order,) = [s.order for s in of_type(world.outcomes, Submit) if s.order.tif == "ioc"]
    assert (order.side, order.quantity, order.limit_price) == (side, 2000, limit)
    assert (order.reduce_only, order.owner) == (True, HAND)
    assert ended(world) == [(0, "flat")]
    assert world.state.trading_state == "HALTED"
    assert world.state.flattening == {}
    assert of_type(world.outcomes, Alert) == []


def test_orders_in_the_way_are_cancelled_before_the_closing_order_goes(world: World) -> None:
    world.hold(2000)
    stop = world.place("sell", 2000, limit=10_600_00, reduce_only=True)
    adding = world.place("buy", 100)
    other = world.place("buy", 100, limit=1000_00, instrument=ETH_ID)
    outcomes = world.send(FlattenRequested(instrument=BTC_ID))
    gone = [cancel.client_order_id for cancel in of_type(outcomes, Cancel)]
    # Adding orders go everywhere, as in HALTED; the protective one only where it stands in the way.
    assert sorted(gone) == sorted(o.intent.client_order_id for o in (stop, adding, other))
    assert of_type(outcomes, Submit) == []
    assert of_type(outcomes, SetTimer) == [
        SetTimer(timer_id=timer_of(BTC_HERE), due=world.now + FLATTEN_WAIT)
    ]
    assert closing(world) == []
    # In the very step that learns that the stop is gone: nothing lies between the two.
    world.cancelled(stop.intent)
    assert closing(world) == [(HAND, "sell", 2000)]
    world.cancelled(adding.intent)
    assert closing(world) == [(HAND, "sell", 2000)]


def test_a_fill_that_comes_while_cancels_are_waited_for_is_not_closed_twice(world: World) -> None:
    world.hold(2000)
    stop = world.place("sell", 2000, limit=10_600_00, reduce_only=True)
    world.send(FlattenRequested(instrument=BTC_ID))
    world.fill(stop.intent, 1500)
    world.cancelled(stop.intent)
    assert closing(world) == [(HAND, "sell", 500)]


def test_partial_fills_go_on_in_pieces(world: World) -> None:
    world.hold(2000)
    venue = ScriptedVenue(world)
    venue.liquidity.extend([700, 0, 300])
    start(world, venue, BTC_ID)
    assert closing(world) == [
        (HAND, "sell", 2000),
        (HAND, "sell", 1300),
        (HAND, "sell", 1300),
        (HAND, "sell", 1000),
    ]
    assert ended(world) == [(0, "flat")]


def test_an_order_that_never_rests_is_not_put_back_as_protection(world: World) -> None:
    world.hold(2000)
    world.request("sell", 2000, limit=9_600_00, tif="ioc", reduce_only=True)
    venue = ScriptedVenue(world)
    venue.liquidity.extend([700])
    start(world, venue, BTC_ID)
    codes = [
        submit.order.because and submit.order.because.code
        for submit in of_type(world.outcomes, Submit)
        if submit.order.reduce_only
    ]
    assert "flatten" in codes
    assert "flatten-restored" not in codes


def test_what_cannot_be_closed_is_reported(world: World) -> None:
    world.hold(2000)
    venue = ScriptedVenue(world)
    venue.liquidity.extend([500, *([0] * 50)])
    start(world, venue, BTC_ID, span=(FLATTEN_PIECES_MAX + 1) * FLATTEN_PAUSE)
    assert len(closing(world)) == FLATTEN_PIECES_MAX
    assert ended(world) == [(1500, "not filled after 20 pieces")]
    (alert,) = of_type(world.outcomes, Alert)
    assert alert.text == ("flatten sandbox:BTCUSDT: 0.01500 still held: not filled after 20 pieces")
    world.send(ResumeRequested(reason="will do it by hand"))
    assert world.state.trading_state == "ACTIVE"


def test_flatten_told_again_after_it_gave_up_starts_anew(world: World) -> None:
    world.hold(2000)
    venue = ScriptedVenue(world)
    venue.liquidity.extend([0] * FLATTEN_PIECES_MAX)
    start(world, venue, BTC_ID)
    start(world, venue, BTC_ID)
    assert ended(world) == [(2000, "not filled after 20 pieces"), (0, "flat")]


def test_flatten_told_again_while_it_runs_sends_nothing_twice(world: World) -> None:
    world.hold(2000)
    world.send(FlattenRequested(instrument=BTC_ID))
    again = world.send(FlattenRequested(instrument=BTC_ID))
    assert of_type(again, Submit) == []
    assert len(closing(world)) == 1


def test_an_order_the_venue_never_ends_is_reported_after_ten_seconds(world: World) -> None:
    world.hold(2000)
    world.place("sell", 2000, limit=9_900_00, reduce_only=True)
    world.send(FlattenRequested(instrument=BTC_ID))
    begun = world.now
    world.timers_until(world.now + MINUTE)
    assert ended(world) == [(2000, "orders at the venue did not end")]
    assert world.now - begun >= FLATTEN_LOOKS_MAX * FLATTEN_WAIT
    # Asked once to end, not at each look.
    assert len(of_type(world.outcomes, Cancel)) == 1


def test_an_order_that_turns_up_during_a_flatten_is_cancelled_too(world: World) -> None:
    world.hold(2000)
    (submit,) = of_type(world.request("sell", 500, limit=10_100_00, reduce_only=True), Submit)
    world.state.blotter.mark(submit.order.client_order_id, "unknown", world.now)
    world.send(FlattenRequested(instrument=BTC_ID))
    world.accept(submit.order)
    outcomes = world.timers_until(world.now + FLATTEN_WAIT)
    assert [c.client_order_id for c in of_type(outcomes, Cancel)] == [submit.order.client_order_id]


def test_owners_on_one_side_close_what_each_holds(world: World) -> None:
    world.hold(1000)
    world.hold(2500, owner=SLEEVE)
    world.hold(500, owner=UNCLAIMED)
    flatten(world)
    assert sorted(closing(world)) == [
        (HAND, "sell", 1000),
        (SLEEVE, "sell", 2500),
        (UNCLAIMED, "sell", 500),
    ]
    assert all(held.quantity == 0 for _, held in world.state.ledger.positions())


def test_owners_on_both_sides_leave_the_account_flat(world: World) -> None:
    world.hold(3000)
    world.hold(1000, owner=UNCLAIMED)
    world.hold(-2400, owner=SLEEVE)
    flatten(world)
    assert closing(world) == [(HAND, "sell", 1200), (UNCLAIMED, "sell", 400)]
    assert world.net() == 0
    assert ended(world) == [(0, "flat")]


def protect(world: World, owner: Owner, quantity: int) -> None:
    """Let an owner have a reduce-only order working at the venue."""
    order = intent(
        "sell",
        quantity,
        owner=owner,
        limit=10_600_00,
        reduce_only=True,
        number=world.state.counter + 1,
    )
    world.state.apply_outcome(Submit(order=order))
    world.accept(order)


def test_one_order_makes_way_for_one_however_many_owners_hold(world: World) -> None:
    for owner in (HAND, UNCLAIMED):
        world.hold(3000, owner=owner)
        protect(world, owner, 3000)
    world.hold(-3000, owner=SLEEVE)
    venue = ScriptedVenue(world)
    venue.liquidity.extend([0] * 500)
    start(world, venue, BTC_ID, span=15 * SECOND)
    pieces = closing(world)
    assert len(pieces) <= 2 * FLATTEN_PIECES_MAX
    resting = [order.intent for order in world.state.blotter.open()]
    assert sum(order.quantity for order in resting) == 3000
    assert {order.owner for order in resting} <= {HAND, UNCLAIMED}


def test_an_order_goes_back_only_for_as_much_as_its_owner_holds(world: World) -> None:
    world.hold(2000)
    world.hold(-500, owner=SLEEVE)
    protect(world, HAND, 1000)
    protect(world, SLEEVE, 1000)
    venue = ScriptedVenue(world)
    venue.liquidity.extend([0] * 500)
    start(world, venue, BTC_ID, span=SECOND // 2)
    resting = [(o.intent.owner, o.intent.quantity) for o in world.state.blotter.open()]
    assert sorted(resting) == [(HAND, 500), (HAND, 1000)]


@given(
    st.lists(st.integers(1, 5000), min_size=2, max_size=4),
    st.integers(1, 6000),
    st.integers(0, 6000),
)
def test_who_comes_first_closes_up_to_what_was_freed_and_the_others_share_the_rest(
    held: list[int], quantity: int, freed: int
) -> None:
    holdings = [(Owner(f"o{index}"), units) for index, units in enumerate(held)]
    shares = dict(closing_shares(holdings, 1, quantity, (Owner("o0"), freed)))
    closed = min(quantity, sum(held))
    first = min(freed, held[0], closed)
    assert sum(shares.values()) == closed
    assert shares.get(Owner("o0"), 0) >= first
    total = max(sum(held) - first, 1)
    for index, units in enumerate(held):
        own = units - (0 if index else first)
        part = shares.get(Owner(f"o{index}"), 0) - (0 if index else first)
        assert abs(part * total - (closed - first) * own) < total


@settings(deadline=None)
@given(
    st.lists(st.integers(-5000, 5000).filter(bool), min_size=1, max_size=5),
    st.sampled_from([1, 10, 37]),
)
def test_closing_shares_close_the_net_to_less_than_a_lot_and_nobody_much_more_than_his(
    held: list[int], lot: int
) -> None:
    holdings = [(Owner(f"o{index}"), quantity) for index, quantity in enumerate(held)]
    net = sum(held)
    if net == 0:
        return
    shares = closing_shares(holdings, lot)
    total = sum(quantity for _, quantity in shares)
    assert total * net >= 0
    assert 0 <= abs(net) - abs(total) < lot
    for owner, quantity in shares:
        own = dict(holdings)[owner]
        assert quantity % lot == 0
        assert quantity * net > 0
        assert own * net > 0
        assert abs(quantity) < abs(own) + lot


def test_a_rest_below_one_lot_is_reported_and_the_lots_are_closed(world: World) -> None:
    world.hold(2005)
    flatten(world)
    assert closing(world) == [(HAND, "sell", 2000)]
    assert ended(world) == [(5, "less than one lot is left")]


def test_a_rest_the_venue_would_refuse_is_reported_with_its_rule(world: World) -> None:
    world.hold(10)
    flatten(world)
    assert closing(world) == []
    assert ended(world) == [(10, "quantity 0.0001 must be at least 0.0002")]


def test_one_owners_dust_does_not_keep_another_from_closing(world: World) -> None:
    world.hold(10, owner=UNCLAIMED)
    world.hold(2000, owner=SLEEVE)
    flatten(world)
    assert closing(world)[0] == (SLEEVE, "sell", 2000)
    assert ended(world)[0][0] == 10


def test_more_than_the_venue_takes_at_once_goes_in_pieces(world: World) -> None:
    world.hold(BTC.rules[0].quantity_max + 1000)
    flatten(world)
    assert [quantity for _, _, quantity in closing(world)] == [BTC.rules[0].quantity_max, 1000]
    assert ended(world) == [(0, "flat")]


def test_with_one_side_of_the_book_gone_a_market_order_closes(world: World) -> None:
    world.hold(2000)
    world.send(msgspec.structs.replace(snapshot(9_999_00, 10_001_00), asks=()))
    flatten(world)
    (order,) = [s.order for s in of_type(world.outcomes, Submit) if s.order.tif == "ioc"]
    assert (order.type, order.limit_price) == ("market", None)


def test_flatten_all_closes_every_instrument_and_one_closes_only_that(world: World) -> None:
    world.hold(2000)
    world.hold(-300, instrument=ETH_ID, price=1000_00)
    flatten(world)
    assert (world.net(), world.net(ETH_ID)) == (0, -300)
    flatten(world, None)
    assert world.net(ETH_ID) == 0
    assert [s.instrument for s in of_type(world.outcomes, FlattenStarted)] == [BTC_ID, ETH_ID]


def test_flatten_with_nothing_held_halts_and_clears_the_orders(world: World) -> None:
    order = world.place("buy", 100)
    flatten(world)
    assert not world.order(order.intent.client_order_id).is_open
    assert ended(world) == [(0, "flat")]
    assert world.state.trading_state == "HALTED"
    assert world.send(FlattenRequested()) == []


def test_what_the_engine_no_longer_trades_is_reported_not_a_crash(world: World) -> None:
    world.hold(2000)
    world.send(started(instruments=(msgspec.structs.replace(BTC, id=ETH_ID),)))
    flatten(world, None)
    assert ended(world) == [(2000, "the engine no longer trades it")]


def test_what_no_order_covers_is_closed_at_once_while_the_rest_is_waited_for(world: World) -> None:
    world.hold(2000)
    stop = world.place("sell", 1000, limit=9_900_00, reduce_only=True)
    world.send(FlattenRequested(instrument=BTC_ID))
    assert closing(world) == [(HAND, "sell", 1000)]
    world.cancelled(stop.intent)
    assert closing(world) == [(HAND, "sell", 1000), (HAND, "sell", 1000)]


def test_no_new_risk_while_flattening_and_no_exit_that_would_turn_the_position(
    world: World,
) -> None:
    world.hold(2000)
    world.send(FlattenRequested(instrument=BTC_ID))
    exit_order = world.request("sell", 500, limit=9_990_00, reduce_only=True)
    assert [d.code for d in of_type(exit_order, OrderDenied)] == ["reduce_only_would_add"]
    assert not of_type(world.request("buy", 100), Submit)


def test_a_flatten_cut_off_by_a_restart_goes_on(world: World) -> None:
    world.hold(2000)
    stop = world.place("sell", 2000, limit=10_600_00, reduce_only=True)
    world.send(FlattenRequested(instrument=BTC_ID))
    assert world.state.flattening[BTC_HERE].looks == 1
    outcomes = world.send(started(limits=WIDE_OPEN))
    assert timer_of(BTC_HERE) in {timer.timer_id for timer in of_type(outcomes, SetTimer)}
    assert world.state.flattening[BTC_HERE].looks == 0
    world.market()
    closing_now = world.cancelled(stop.intent)
    venue = ScriptedVenue(world)
    venue.take(closing_now)
    venue.run(10 * SECOND)
    assert world.net() == 0
    assert ended(world) == [(0, "flat")]


def test_a_timer_of_a_flatten_that_is_over_does_nothing(world: World) -> None:
    fired = TimerFired(timer_id=timer_of(BTC_HERE), due=START)
    assert world.send(fired) == []


def test_what_a_flatten_could_not_close_is_not_tried_again_by_every_fill_told_again(
    world: World,
) -> None:
    state = world.state
    for rest in (0, -6):
        state.apply_outcome(FlattenStarted(instrument=BTC.id, account=state.account))
        state.apply_outcome(
            FlattenEnded(instrument=BTC.id, rest=rest, reason="", account=state.account)
        )
    assert state.flattened == {}


class RefusingVenue(ScriptedVenue):
    """A venue that takes no order: another program's order there would meet it."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.refused: Counter[int] = Counter()
        """Orders by second."""

    @override
    def _submit(self, order: OrderIntent) -> list[OrderLane]:
        self.refused[self.world.now // SECOND] += 1
        return [
            OrderRejected(
                client_order_id=order.client_order_id, reason="wash trade", ts_event=self.world.now
            )
        ]


def test_a_venue_that_refuses_closing_and_protective_orders_is_asked_with_pauses(
    world: World,
) -> None:
    """Found by the simulator in Alpaca's bytes: each refusal led to the next order at once, for ever."""
    world.hold(2000)
    world.hold(1000, owner=SLEEVE)
    world.place("sell", 2000, limit=10_600_00, reduce_only=True)
    venue = RefusingVenue(world)
    start(world, venue, BTC_ID, span=MINUTE)
    assert len(venue.refused) >= FLATTEN_PIECES_MAX // 2
    assert max(venue.refused.values()) <= 10, "orders of one second"
    assert ended(world) == [(3000, "not filled after 20 pieces")]
