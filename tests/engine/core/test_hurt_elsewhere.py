"""What has hurt users of other systems, played through here; docs/failures.md names whom and where."""

from decimal import Decimal

import msgspec
import pytest
from tests.engine.core.bracket_venue import PLAIN, RICH, BracketVenue
from tests.engine.core.builders import (
    ACCOUNT,
    BTC_ID,
    SLEEVE,
    World,
    fill_of,
    intent,
    of_type,
    trade,
)
from tests.engine.core.test_sleeves import Asked, tick, world_of
from tests.engine.core.test_truth import by_phone, report

from tradebot.data.events import Trade
from tradebot.engine.core.actions import OrderSeq
from tradebot.engine.core.capabilities import Capabilities
from tradebot.engine.core.events import OrderFilled, StreamChanged
from tradebot.engine.core.market import FeedHealth
from tradebot.engine.core.needs import Book
from tradebot.engine.core.outcomes import (
    FillBooked,
    Legs,
    OrderFound,
    OrderIntent,
    QueryAccount,
)
from tradebot.engine.core.reasons import why
from tradebot.engine.core.types import MS, SECOND, UNCLAIMED, ClientOrderId

both = pytest.mark.parametrize("capabilities", [PLAIN, RICH], ids=["plain venue", "rich venue"])


def told_fills(world: World) -> list[OrderFilled]:
    """Return every execution told so far."""
    return of_type([event for _, event in world.history], OrderFilled)


def restart(world: World) -> None:
    """Start again on the same records; the venue has not spoken yet."""
    world.confirms = False
    world.send(world.start)


def test_a_warm_and_a_cold_start_come_to_the_same_position_and_invent_no_fill() -> None:
    warm = World()
    warm.market()
    order = warm.place("buy", 1000)
    warm.fill(order.intent)
    restart(warm)
    cold = World()
    for fill in told_fills(warm):
        for world in (warm, cold):
            world.send(msgspec.structs.replace(fill, source="gap_fill"))
    said = report(warm)
    for world in (warm, cold):
        world.stands(said)
        assert world.net() == 1000
        assert world.state.trading_state == "ACTIVE"
        assert not world.state.accounts[ACCOUNT].differences
    assert warm.state.ledger.balance(ACCOUNT, "USDT") == cold.state.ledger.balance(ACCOUNT, "USDT")
    assert cold.state.ledger.position(ACCOUNT, BTC_ID, UNCLAIMED).quantity == 1000
    assert not of_type(warm.outcomes, OrderFound)


def test_a_stranger_found_at_every_restart_is_one_order_with_its_own_type_and_time_in_force() -> (
    None
):
    world = World()
    world.market()
    stranger = by_phone(type="stop_limit", trigger_price=9_100_00, tif="day")
    said = report(world, orders=(stranger,))
    for _ in range(4):
        restart(world)
        world.send(said)
    (found,) = of_type(world.outcomes, OrderFound)
    assert (found.order.type, found.order.tif) == ("stop_limit", "day")
    assert [order.intent.client_order_id for order in world.state.blotter.open()] == [
        stranger.client_order_id
    ]


def test_fourteen_working_orders_still_work_after_a_kill_and_all_fills_told_again() -> None:
    world = World(cash="10000000")
    world.market()
    orders = [world.place("buy", 1000, limit=9_900_00 - 10 * step) for step in range(14)]
    for order in orders[::2]:
        world.fill(order.intent, 300)
    fills = told_fills(world)
    restart(world)
    for fill in fills:
        world.send(msgspec.structs.replace(fill, source="gap_fill"))
    world.send(report(world))
    still = {order.intent.client_order_id for order in world.state.blotter.open()}
    assert still == {order.intent.client_order_id for order in orders}
    assert world.net() == 7 * 300
    assert world.state.blotter.leaves(ACCOUNT, BTC_ID, "buy") == 14 * 1000 - 7 * 300


@both
def test_fills_of_a_bracket_told_again_after_a_reconnect_leave_its_other_leg_alone(
    capabilities: Capabilities,
) -> None:
    venue = BracketVenue(capabilities)
    legs = Legs(stop_loss=9_800_00, take_profit=10_200_00)
    entry = venue.place("buy", 1000, legs=legs)
    venue.fill(entry.intent.client_order_id)
    (target,) = venue.legs(entry, "take_profit")
    venue.fill(target.intent.client_order_id, 400)
    resting = {key: order.quantity - order.filled for key, order in venue.orders.items()}
    orders = venue.world.state.counter
    venue.tell(StreamChanged(account=ACCOUNT, state="up"))
    for fill in told_fills(venue.world):
        venue.tell(msgspec.structs.replace(fill, source="gap_fill"))
    assert {key: order.quantity - order.filled for key, order in venue.orders.items()} == resting
    assert venue.world.state.counter == orders
    assert venue.covered(entry, "stop_loss") == venue.covered(entry, "take_profit") == 600
    assert venue.world.net() == 600


def test_a_late_fill_of_an_old_stop_is_its_own_bets_and_not_the_reversed_ones() -> None:
    world = World()
    world.market()
    bought = world.place("buy", 1000)
    world.fill(bought.intent)
    stop = world.place("sell", 1000, limit=9_990_00, reduce_only=True)
    late = fill_of(stop.intent, 1000, 9_990_00, world.execution(), ts=world.now)
    out = world.place("sell", 1000, limit=9_995_00)
    world.fill(out.intent)
    world.cancelled(stop.intent)
    reversed_bet = world.place("sell", 500, limit=9_995_00)
    assert reversed_bet.intent.bet_id != stop.intent.bet_id
    restart(world)
    (booked,) = of_type(world.send(late), FillBooked)
    assert booked.bet_id == bought.intent.bet_id
    assert booked.client_order_id == stop.intent.client_order_id
    assert world.order(reversed_bet.intent.client_order_id).filled == 0


@both
def test_a_position_closed_by_phone_while_down_takes_its_stop_along_and_none_is_placed_again(
    capabilities: Capabilities,
) -> None:
    venue = BracketVenue(capabilities)
    entry = venue.place("buy", 1000, legs=Legs(stop_loss=9_800_00))
    venue.fill(entry.intent.client_order_id)
    assert venue.covered(entry, "stop_loss") == 1000
    orders = venue.world.state.counter
    venue.tell(venue.world.start)
    venue.position = 0
    venue.tell(fill_of(phone_order(), 1000, 9_990_00, "phone-1", ts=venue.world.now))
    for minute in range(5):
        venue.market(9_990_00 - 50_00 * minute)
        venue.take(venue.world.timers_until(venue.world.now + 60 * SECOND))
        venue.settle()
    assert venue.world.net() == 0
    assert not venue.orders
    assert not venue.legs(entry, "stop_loss")
    assert venue.world.state.counter == orders
    ledger = venue.world.state.ledger
    assert ledger.position(ACCOUNT, BTC_ID, UNCLAIMED).quantity == -1000


def phone_order() -> OrderIntent:
    order = intent("sell", 1000, limit=9_990_00)
    return msgspec.structs.replace(order, client_order_id=ClientOrderId("phone"))


def test_a_policy_asked_after_its_fill_sees_the_position_that_fill_made() -> None:
    policy = Asked((Book(),), OrderSeq.none(because=why("waiting")))
    world = world_of(policy)
    for step in range(1, 4):
        world.hold(1000, owner=SLEEVE)
        tick(world, step)
        portfolio, _, _ = policy.saw[-1]
        assert portfolio.quantity(BTC_ID) == Decimal(step) / 100


def test_executions_that_differ_in_their_id_alone_are_two_and_the_same_id_is_one() -> None:
    world = World()
    world.market()
    order = world.place("buy", 1000).intent
    first = fill_of(order, 100, 10_000_00, "one", ts=world.now)
    second = fill_of(order, 100, 10_000_00, "two", ts=first.ts_event)
    for fill in (first, second, first, second):
        world.send(fill)
    assert world.net() == 200
    assert len(of_type(world.outcomes, FillBooked)) == 2


def test_trades_do_not_keep_a_mute_book_alive() -> None:
    world = World()
    world.market()
    health: list[FeedHealth] = []
    for _ in range(6):
        world.send(trade_now(world), after=500 * MS)
        health.append(world.state.market[BTC_ID].health(world.now))
    assert health == ["up", "up", "up", "up", "stale", "stale"]


def trade_now(world: World) -> Trade:
    return msgspec.structs.replace(trade(10_000_00), ts_event=world.now)


def test_a_stream_that_comes_and_goes_every_ten_milliseconds_does_not_storm_the_venue() -> None:
    world = World()
    world.market()
    world.place("buy", 100, limit=9_900_00)
    world.confirms = False
    asked: list[QueryAccount] = []
    begun = world.now
    while world.now - begun < 2 * SECOND:
        world.send(StreamChanged(account=ACCOUNT, state="down"), after=5 * MS)
        outcomes = world.send(StreamChanged(account=ACCOUNT, state="up"), after=5 * MS)
        asked += of_type(outcomes, QueryAccount)
        asked += of_type(world.timers_until(world.now), QueryAccount)
        world.send(report(world), after=MS)
    assert len(asked) <= 3
    asked += of_type(world.timers_until(world.now + 2 * SECOND), QueryAccount)
    assert len(asked) >= 2, "the last time it came back must be asked about"


def test_a_ghost_order_of_the_report_is_shown_with_its_cause_until_it_has_gone() -> None:
    world = World()
    world.market()
    order = world.place("buy", 100)
    world.cancelled(order.intent)
    ghost = (order.intent.client_order_id,)
    world.send(report(world, open_orders=ghost))
    (known,) = world.state.accounts[ACCOUNT].differences.values()
    assert (known.ours, known.theirs) == ("cancelled", "open")
    assert known.cause.startswith("ended here")
    world.send(report(world))
    assert not world.state.accounts[ACCOUNT].differences
