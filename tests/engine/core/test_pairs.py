"""A stop and a target placed as one: the venue ends the other when one trades, whether the engine lives or not."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.core.bracket_venue import GROUPS, PAIRS, BracketVenue

from tradebot.engine.core.capabilities import Capabilities
from tradebot.engine.core.events import CancelRequested, OrderAccepted, OrderLane, OrderRejected
from tradebot.engine.core.orders import Order
from tradebot.engine.core.outcomes import Legs, Submit
from tradebot.engine.core.types import ClientOrderId

LEGS = Legs(stop_loss=9_800_00, take_profit=10_400_00)


def key(order: Order) -> ClientOrderId:
    return order.intent.client_order_id


both = pytest.mark.parametrize("capabilities", [PAIRS, GROUPS], ids=["locks", "locks nothing"])


def entered(quantity: int = 1000, capabilities: Capabilities = PAIRS) -> tuple[BracketVenue, Order]:
    venue = BracketVenue(capabilities)
    entry = venue.place("buy", 1000, legs=LEGS)
    venue.fill(key(entry), quantity)
    return venue, entry


def the_legs(venue: BracketVenue, entry: Order) -> tuple[Order, Order]:
    (stop,), (target,) = venue.legs(entry, "stop_loss"), venue.legs(entry, "take_profit")
    return stop, target


def reject(venue: BracketVenue, order: Order) -> None:
    del venue.orders[key(order)]
    venue.answers.append(OrderRejected(client_order_id=key(order), reason="no", ts_event=0))


@both
def test_an_entrys_stop_and_target_leave_in_one_step_and_both_live_at_the_broker(
    capabilities: Capabilities,
) -> None:
    venue = BracketVenue(capabilities)
    entry = venue.place("buy", 1000, legs=LEGS)
    venue.fill(key(entry), settle=False)
    outcomes = venue.world.send(venue.answers.pop())
    stop, target = (one.order for one in outcomes if isinstance(one, Submit))
    assert (stop.role, target.role) == ("stop_loss", "take_profit")
    assert stop.group == target.group == stop.client_order_id
    assert {stop.lives_at, target.lives_at} == {"broker"}
    assert (stop.trigger_price, target.limit_price) == (9_800_00, 10_400_00)
    assert stop.reduce_only
    assert target.reduce_only


def test_each_further_fill_brings_a_pair_of_its_own() -> None:
    venue, entry = entered(400)
    venue.fill(key(entry), 600)
    assert [leg.leaves for leg in venue.legs(entry, "stop_loss")] == [400, 600]
    assert [leg.leaves for leg in venue.legs(entry, "take_profit")] == [400, 600]
    assert len({leg.intent.group for leg in venue.legs(entry, "stop_loss")}) == 2


def test_what_the_one_fills_whole_the_venue_ends_with_the_other_and_nothing_more_is_sent() -> None:
    for which in (0, 1):
        venue, entry = entered()
        venue.fill(key(the_legs(venue, entry)[which]))
        assert (venue.position, venue.orders) == (0, {})
        assert not list(venue.world.state.blotter.open())


def test_where_nothing_is_locked_the_rest_of_the_stop_stands_at_the_broker_beside_the_target() -> (
    None
):
    venue, entry = entered(capabilities=GROUPS)
    venue.fill(key(the_legs(venue, entry)[1]), 300)
    stop, target = the_legs(venue, entry)
    assert (stop.leaves, stop.intent.lives_at, stop.intent.group) == (700, "broker", None)
    assert venue.orders.keys() == {key(stop), key(target)}


def test_beside_a_target_that_has_filled_in_part_the_rest_of_the_stop_is_the_engines() -> None:
    venue, entry = entered()
    venue.fill(key(the_legs(venue, entry)[1]), 300)
    stop, target = the_legs(venue, entry)
    assert (stop.leaves, stop.intent.lives_at, stop.held) == (700, "engine", True)
    assert (target.leaves, target.intent.lives_at) == (700, "broker")
    assert venue.orders.keys() == {key(target)}


def test_a_stop_that_has_filled_in_part_goes_on_alone_and_no_target_is_sent_beside_it() -> None:
    venue, entry = entered()
    venue.fill(key(the_legs(venue, entry)[0]), 300)
    assert not venue.legs(entry, "take_profit")
    (stop,) = venue.legs(entry, "stop_loss")
    assert (stop.leaves, venue.orders.keys()) == (700, {key(stop)})


def test_a_target_whose_end_is_told_before_its_stops_fill_is_not_placed_anew() -> None:
    venue, entry = entered()
    stop, target = the_legs(venue, entry)
    venue.fill(key(stop), settle=False)
    venue.answers.rotate()  # the end of the target comes first
    assert len(venue.answers) == 2
    venue.tell(venue.answers.popleft(), settle=False)
    assert not venue.now(target).is_open
    assert not venue.legs(entry, "take_profit")
    venue.settle()
    assert (venue.position, venue.orders) == (0, {})


@both
def test_a_moved_stop_takes_its_pair_out_and_comes_back_as_a_pair_at_its_new_price(
    capabilities: Capabilities,
) -> None:
    venue, entry = entered(capabilities=capabilities)
    before = the_legs(venue, entry)
    venue.amend(before[0], trigger_price=9_900_00)
    stop, target = the_legs(venue, entry)
    assert (stop.intent.trigger_price, target.intent.limit_price) == (9_900_00, 10_400_00)
    assert stop.intent.group == target.intent.group == key(stop)
    assert {stop.leaves, target.leaves} == {1000}
    assert [venue.now(order).state for order in before] == ["cancelled", "cancelled"]
    assert venue.orders.keys() == {key(stop), key(target)}


def test_while_a_pair_is_on_its_way_out_the_engine_keeps_the_stop() -> None:
    venue, entry = entered()
    stop, _ = the_legs(venue, entry)
    venue.answers.clear()
    amended = venue.place("sell", 400, limit=10_300_00)
    venue.fill(key(amended), settle=False)
    answer: OrderLane = venue.answers.popleft()
    venue.tell(answer, settle=False)  # the pair is told to end: it covers more than is held
    assert venue.now(stop).state == "pending_cancel"
    venue.tell(venue.answers.popleft(), settle=False)
    assert not venue.now(stop).is_open
    (kept,) = venue.legs(entry, "stop_loss")
    assert (kept.held, kept.leaves) == (True, 600)
    venue.settle()
    stop, target = the_legs(venue, entry)
    assert (stop.leaves, target.leaves, stop.intent.lives_at) == (600, 600, "broker")


def test_a_pair_the_venue_refuses_is_told_and_the_stop_is_the_engines() -> None:
    venue = BracketVenue(PAIRS)
    entry = venue.place("buy", 1000, legs=LEGS)
    venue.fill(key(entry), settle=False)
    venue.take(venue.world.send(venue.answers.pop()))
    accepted = [one for one in venue.answers if isinstance(one, OrderAccepted)]
    assert len(accepted) == 2
    venue.answers.clear()
    for one in accepted:
        reject(venue, venue.world.order(one.client_order_id))
    venue.settle()
    stop, target = the_legs(venue, entry)
    assert (stop.held, stop.intent.lives_at, stop.leaves) == (True, "engine", 1000)
    assert (target.intent.lives_at, target.leaves) == ("broker", 1000)
    assert venue.orders.keys() == {key(target)}
    assert [text for text in venue.alerts if "refused the pair" in text]


def test_a_stop_of_a_pair_taken_out_by_hand_stays_out_and_the_target_stands_again() -> None:
    venue, entry = entered()
    stop, _ = the_legs(venue, entry)
    venue.tell(CancelRequested(client_order_id=key(stop)))
    assert not venue.legs(entry, "stop_loss")
    assert venue.covered(entry, "take_profit") == 1000


def test_a_trailing_stop_beside_a_target_makes_no_pair() -> None:
    venue = BracketVenue(PAIRS)
    entry = venue.place("buy", 1000, legs=Legs(trail=100_00, take_profit=10_400_00))
    venue.fill(key(entry))
    stop, target = the_legs(venue, entry)
    assert (stop.intent.lives_at, target.intent.lives_at) == ("engine", "broker")
    assert stop.intent.group is None


def test_a_pair_survives_a_restart() -> None:
    venue, entry = entered()
    legs = the_legs(venue, entry)
    again = venue.world.recovered()
    assert [again.state.blotter.get(key(leg)) for leg in legs] == list(legs)
    assert msgspec.json.decode(msgspec.json.encode(legs[0]), type=Order) == legs[0]


@settings(max_examples=100, deadline=None)
@given(
    happens=st.lists(
        st.tuples(
            st.sampled_from(["entry", "stop", "target", "hear", "late"]), st.integers(1, 1000)
        ),
        max_size=25,
    )
)
@both
def test_a_pair_never_sells_more_than_is_held_in_whatever_order_the_venue_speaks(
    capabilities: Capabilities, happens: list[tuple[str, int]]
) -> None:
    venue = BracketVenue(capabilities)
    entry = venue.place("buy", 1000, legs=LEGS)
    roles = {"stop": "stop_loss", "target": "take_profit"}
    for what, number in happens:
        if what == "hear" and venue.answers:
            venue.tell(venue.answers.popleft(), settle=False)
        elif what == "late" and venue.answers:
            # Words of two orders change places; those of one keep their order.
            first, rest = venue.answers[0], list(venue.answers)[1:]
            other = next(
                (
                    one
                    for one in rest
                    if getattr(one, "client_order_id", "") != getattr(first, "client_order_id", "")
                ),
                None,
            )
            if other is not None:
                venue.answers.remove(other)
                venue.tell(other, settle=False)
        else:
            found = [
                name
                for name, order in venue.orders.items()
                if order.intent.role == roles.get(what, "")
            ]
            if found:
                venue.fill(found[0], number, settle=False)
        assert venue.position >= 0 or capabilities is GROUPS
    venue.settle()
    assert venue.position == venue.world.net()
    if venue.position < 0:
        return  # where nothing is locked both may fill before either end is known
    assert venue.covered(entry, "stop_loss") == venue.position
    at_venue = {"stop_loss": 0, "take_profit": 0}
    for order in venue.orders.values():
        if order.intent.role:
            at_venue[order.intent.role] += order.quantity - order.filled
    assert max(at_venue.values()) <= venue.position
