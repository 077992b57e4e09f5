"""Brackets on partial fills, at a venue that knows stops and at one that knows none: the same positions."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.core.bracket_venue import GROUPS, PAIRS, PLAIN, RICH, BracketVenue
from tests.engine.core.builders import SLEEVE, World, loaded

from tradebot.engine.core.actions import OrderSeq, buy
from tradebot.engine.core.capabilities import Capabilities
from tradebot.engine.core.events import (
    CancelRequested,
    FeedChanged,
    OrderRejected,
    SubmitUnknown,
)
from tradebot.engine.core.legs import COVERS_TOO_MUCH
from tradebot.engine.core.needs import Book
from tradebot.engine.core.orders import Order
from tradebot.engine.core.outcomes import HeldEnded, Legs, StopMoved
from tradebot.engine.core.policy import ContextMap
from tradebot.engine.core.portfolio import PortfolioState
from tradebot.engine.core.reasons import why
from tradebot.engine.core.snapshot import MarketSnapshot
from tradebot.engine.core.types import SECOND, ClientOrderId

LEGS = Legs(stop_loss=9_800_00, take_profit=10_400_00)
STOP = Legs(stop_loss=9_800_00)

both = pytest.mark.parametrize(
    "capabilities",
    [PLAIN, RICH, PAIRS, GROUPS],
    ids=["engine-held", "at the venue", "pairs", "groups"],
)
apart = pytest.mark.parametrize("capabilities", [PLAIN, RICH], ids=["engine-held", "at the venue"])


def key(order: Order) -> ClientOrderId:
    return order.intent.client_order_id


def stop_out(venue: BracketVenue, entry: Order, quantity: int | None = None) -> None:
    """Let the price go through the stop: held by the engine it is set off, at the venue it fills."""
    (stop,) = venue.legs(entry, "stop_loss")
    if stop.held:
        venue.market(9_790_00)
    venue.fill(key(stop), quantity)


@both
def test_field_7_an_entry_is_protected_with_its_first_partial_fill(
    capabilities: Capabilities,
) -> None:
    venue = BracketVenue(capabilities)
    entry = venue.place("buy", 1000, legs=LEGS)
    assert not venue.legs(entry, "stop_loss")
    venue.fill(key(entry), 300)
    (stop,), (target,) = venue.legs(entry, "stop_loss"), venue.legs(entry, "take_profit")
    assert (stop.leaves, target.leaves) == (300, 300)
    assert stop.intent.lives_at == ("engine" if capabilities is PLAIN else "broker")
    assert {stop.intent.bet_id, target.intent.bet_id} == {entry.intent.bet_id}
    assert stop.intent.reduce_only
    assert stop.intent.parent == key(entry)


@both
def test_legs_grow_with_each_further_fill(capabilities: Capabilities) -> None:
    venue = BracketVenue(capabilities)
    entry = venue.place("buy", 1000, legs=LEGS)
    for quantity in (300, 100, 600):
        venue.fill(key(entry), quantity)
        filled = venue.now(entry).filled
        assert venue.covered(entry, "stop_loss") == filled
        assert venue.covered(entry, "take_profit") == filled
    assert not venue.alerts


@both
def test_an_entry_that_ends_part_filled_keeps_legs_for_what_filled(
    capabilities: Capabilities,
) -> None:
    venue = BracketVenue(capabilities)
    entry = venue.place("buy", 1000, legs=LEGS)
    venue.fill(key(entry), 400)
    venue.tell(CancelRequested(client_order_id=key(entry)))
    assert venue.now(entry).state == "cancelled"
    assert venue.covered(entry, "stop_loss") == venue.covered(entry, "take_profit") == 400


@both
def test_an_entry_that_ends_unfilled_has_no_legs(capabilities: Capabilities) -> None:
    venue = BracketVenue(capabilities)
    entry = venue.place("buy", 1000, legs=LEGS)
    venue.tell(CancelRequested(client_order_id=key(entry)))
    assert not venue.world.state.blotter.legs(key(entry))


@both
def test_field_9_what_the_target_fills_is_taken_from_the_stop(capabilities: Capabilities) -> None:
    venue = BracketVenue(capabilities)
    entry = venue.place("buy", 1000, legs=LEGS)
    venue.fill(key(entry))
    (target,) = venue.legs(entry, "take_profit")
    venue.fill(key(target), 250)
    assert venue.covered(entry, "stop_loss") == venue.covered(entry, "take_profit") == 750
    venue.fill(key(target), 750)
    assert venue.position == 0
    assert not [order for order in venue.world.state.blotter.open() if order.is_open]
    assert not venue.orders


@apart
def test_what_the_stop_fills_is_taken_from_the_target(capabilities: Capabilities) -> None:
    venue = BracketVenue(capabilities)
    entry = venue.place("buy", 1000, legs=LEGS)
    venue.fill(key(entry))
    stop_out(venue, entry, 400)
    assert venue.covered(entry, "take_profit") == 600
    assert venue.covered(entry, "stop_loss") == 600
    (stop,) = venue.legs(entry, "stop_loss")
    venue.fill(key(stop))
    assert venue.position == venue.world.net() == 0
    assert not venue.orders


@both
def test_a_stop_that_ends_before_it_has_closed_everything_is_placed_again(
    capabilities: Capabilities,
) -> None:
    venue = BracketVenue(capabilities)
    entry = venue.place("buy", 1000, legs=LEGS)
    venue.fill(key(entry))
    stop_out(venue, entry, 400)
    (stop,) = venue.legs(entry, "stop_loss")
    venue.expire(key(stop))
    (again,) = venue.legs(entry, "stop_loss")
    assert again.leaves == 600
    assert key(again) != key(stop)


@apart
def test_both_legs_filling_is_told_and_never_answered_with_a_third_order(
    capabilities: Capabilities,
) -> None:
    venue = BracketVenue(capabilities)
    entry = venue.place("buy", 1000, legs=LEGS)
    venue.fill(key(entry))
    (stop,), (target,) = venue.legs(entry, "stop_loss"), venue.legs(entry, "take_profit")
    if stop.held:
        venue.market(9_790_00)
    venue.fill(key(target), settle=False)
    venue.fill(key(stop))
    assert venue.position == venue.world.net() == -1000
    assert any("more than was open" in text for text in venue.alerts)
    assert not venue.orders
    assert not venue.world.state.blotter.open()


@both
def test_a_fill_after_the_cancel_of_a_leg_counts_for_its_sibling(
    capabilities: Capabilities,
) -> None:
    venue = BracketVenue(capabilities)
    entry = venue.place("buy", 1000, legs=LEGS)
    venue.fill(key(entry))
    (target,) = venue.legs(entry, "take_profit")
    venue.tell(CancelRequested(client_order_id=key(target)))
    assert not venue.legs(entry, "take_profit")
    venue.late_fill(target.intent, 300)
    assert venue.covered(entry, "stop_loss") == 700
    assert not venue.legs(entry, "take_profit")


@both
def test_a_leg_taken_out_by_hand_stays_out(capabilities: Capabilities) -> None:
    venue = BracketVenue(capabilities)
    entry = venue.place("buy", 1000, legs=LEGS)
    venue.fill(key(entry), 500)
    (stop,) = venue.legs(entry, "stop_loss")
    venue.tell(CancelRequested(client_order_id=key(stop)))
    venue.fill(key(entry), 500)
    assert not venue.legs(entry, "stop_loss")
    assert venue.covered(entry, "take_profit") == 1000


@pytest.mark.parametrize("word", [COVERS_TOO_MUCH, "leg-quantity"])
def test_a_leg_that_covered_too_much_stands_again_where_there_is_more_to_cover(word: str) -> None:
    venue = BracketVenue(PLAIN)
    entry = venue.place("buy", 1000, legs=STOP)
    venue.fill(key(entry), 500)
    (stop,) = venue.legs(entry, "stop_loss")
    ended = HeldEnded(client_order_id=key(stop), state="cancelled", reason=word)
    venue.world.state.apply_outcome(ended)  # as a journal of then and one of now tell it
    venue.fill(key(entry), 500)
    assert venue.covered(entry, "stop_loss") == 1000


@both
def test_field_19_legs_shrink_with_a_position_sold_by_hand_and_end_with_it(
    capabilities: Capabilities,
) -> None:
    venue = BracketVenue(capabilities)
    entry = venue.place("buy", 1000, legs=STOP)
    venue.fill(key(entry))
    sold = venue.place("sell", 400, limit=9_990_00)
    venue.fill(key(sold))
    assert venue.covered(entry, "stop_loss") == 600
    rest = venue.place("sell", 600, limit=9_990_00)
    venue.fill(key(rest))
    assert venue.position == 0
    assert not venue.legs(entry, "stop_loss")
    bought = venue.place("buy", 500)
    venue.fill(key(bought))
    assert not venue.legs(entry, "stop_loss")


@both
def test_field_30_the_reducing_room_counts_a_pair_once(capabilities: Capabilities) -> None:
    venue = BracketVenue(capabilities)
    entry = venue.place("buy", 1000, legs=LEGS)
    venue.fill(key(entry))
    blotter = venue.world.state.blotter
    intent = entry.intent
    assert blotter.leaves(intent.account, intent.instrument, "sell") == 1000


@both
def test_a_leg_nobody_knows_of_does_not_leave_what_fills_next_unprotected(
    capabilities: Capabilities,
) -> None:
    venue = BracketVenue(capabilities)
    entry = venue.place("buy", 1000, legs=STOP)
    venue.fill(key(entry), 300, settle=False)
    venue.take(venue.world.send(venue.answers.popleft()))
    (stop,) = venue.legs(entry, "stop_loss")
    venue.answers.clear()
    venue.tell(SubmitUnknown(client_order_id=key(stop), reason="timeout"))
    venue.fill(key(entry), 700)
    assert venue.covered(entry, "stop_loss") == 1000


def test_a_stop_the_venue_refuses_is_kept_by_the_engine() -> None:
    venue = BracketVenue(RICH)
    entry = venue.place("buy", 1000, legs=STOP)
    venue.fill(key(entry), 300, settle=False)
    venue.take(venue.world.send(venue.answers.popleft()))
    (stop,) = venue.legs(entry, "stop_loss")
    venue.answers.clear()
    venue.orders.clear()
    venue.tell(OrderRejected(client_order_id=key(stop), reason="no stops", ts_event=0))
    (held,) = venue.legs(entry, "stop_loss")
    assert held.held
    assert (held.leaves, held.intent.lives_at) == (300, "engine")


def test_a_fill_too_small_for_a_stop_at_the_venue_is_protected_by_the_engine() -> None:
    venue = BracketVenue(RICH)
    entry = venue.place("buy", 1000, legs=STOP)
    venue.fill(key(entry), 10)
    (stop,) = venue.legs(entry, "stop_loss")
    assert stop.held
    venue.fill(key(entry), 990)
    assert venue.covered(entry, "stop_loss") == 1000


def test_a_held_stop_fires_under_its_own_id_and_is_triggered_until_the_venue_speaks() -> None:
    venue = BracketVenue(PLAIN)
    entry = venue.place("buy", 1000, legs=STOP)
    venue.fill(key(entry))
    (stop,) = venue.legs(entry, "stop_loss")
    assert (stop.state, stop.venue_order_id) == ("accepted", None)
    venue.market(9_800_00, settle=False)
    fired = venue.now(stop)
    assert fired.state == "triggered"
    assert (fired.intent.type, fired.intent.tif) == ("limit", "ioc")
    venue.settle()
    assert venue.now(stop).state == "accepted"
    assert key(stop) in venue.orders


def test_a_held_stop_waits_for_a_feed_that_is_up_and_fires_at_once_after_a_gap() -> None:
    venue = BracketVenue(PLAIN)
    entry = venue.place("buy", 1000, legs=STOP)
    venue.fill(key(entry))
    (stop,) = venue.legs(entry, "stop_loss")
    venue.tell(FeedChanged(instrument=entry.intent.instrument, state="down"))
    venue.tell(FeedChanged(instrument=entry.intent.instrument, state="up"))
    assert venue.now(stop).held
    venue.market(9_500_00)
    assert key(stop) in venue.orders


def test_a_trailing_stop_follows_in_facts_and_never_goes_back() -> None:
    venue = BracketVenue(PLAIN)
    entry = venue.place("buy", 1000, legs=Legs(trail=100_00))
    venue.fill(key(entry))
    (stop,) = venue.legs(entry, "stop_loss")
    assert stop.intent.trigger_price == 9_900_00
    venue.market(10_200_00)
    assert venue.now(stop).intent.trigger_price == 10_100_00
    venue.market(10_150_00)
    assert venue.now(stop).intent.trigger_price == 10_100_00
    assert len([o for o in venue.world.outcomes if isinstance(o, StopMoved)]) == 1
    recovered = venue.world.recovered().order(key(stop))
    assert recovered == venue.now(stop)
    venue.market(10_100_00)
    assert key(stop) in venue.orders


def test_without_a_market_a_trailing_stop_trails_what_was_paid() -> None:
    venue = BracketVenue(PLAIN)
    entry = venue.place("buy", 1000, legs=Legs(trail=100_00))
    venue.world.send(venue.world.start)
    venue.fill(key(entry))
    (stop,) = venue.legs(entry, "stop_loss")
    assert stop.intent.trigger_price == 9_900_00
    assert venue.covered(entry, "stop_loss") == 1000
    venue.market(10_200_00)
    assert venue.now(stop).intent.trigger_price == 10_100_00


def test_a_stop_that_may_not_go_out_is_told_and_tried_again() -> None:
    venue = BracketVenue(PLAIN)
    entry = venue.place("buy", 1000, legs=STOP)
    venue.fill(key(entry), 10)
    venue.market(9_700_00)
    (stop,) = venue.legs(entry, "stop_loss")
    assert stop.held
    assert [text for text in venue.alerts if "stay unprotected" in text]
    assert len(venue.alerts) == 1
    venue.fill(key(entry), 990)
    venue.world.now += 2 * SECOND
    venue.market(9_700_00)
    assert venue.orders[key(stop)].quantity == 1000


# ------------------------------------------------------------------------------------ any sequence


steps = st.lists(
    st.tuples(
        st.sampled_from(["entry", "target", "stop", "sell", "buy", "answers", "cancel"]),
        st.integers(1, 40),
    ),
    max_size=25,
)


def live(venue: BracketVenue, entry: Order, happens: list[tuple[str, int]]) -> None:
    for what, size in happens:
        quantity = size * 10
        answer = size % 3 != 0
        if what == "entry" and key(entry) in venue.orders:
            venue.fill(key(entry), quantity, settle=answer)
        elif what in {"target", "stop"}:
            role = "take_profit" if what == "target" else "stop_loss"
            standing = [
                rest
                for rest in venue.orders.values()
                if rest.intent.role == role and rest.intent.parent == key(entry)
            ]
            if standing:
                venue.fill(standing[0].intent.client_order_id, quantity, settle=answer)
        elif what == "answers":
            venue.settle()
        elif what == "cancel" and size > 35:
            venue.tell(CancelRequested(client_order_id=key(entry)), settle=answer)
        elif what in {"sell", "buy"}:
            held = venue.world.net()
            amount = min(quantity, held) // 10 * 10 if what == "sell" else quantity
            if amount >= 20:
                side = "sell" if what == "sell" else "buy"
                order = venue.place(side, amount, limit=9_990_00 if side == "sell" else 10_000_00)
                if key(order) in venue.orders:
                    venue.fill(key(order))


@both
@settings(max_examples=150, deadline=None)
@given(happens=steps)
def test_legs_cover_what_is_filled_and_held_whatever_the_order_of_fills(
    capabilities: Capabilities, happens: list[tuple[str, int]]
) -> None:
    venue = BracketVenue(capabilities)
    entry = venue.place("buy", 1000, legs=LEGS)
    live(venue, entry, happens)
    venue.settle()
    assert venue.world.net() == venue.position
    now = venue.now(entry)
    closed = sum(leg.filled for leg in venue.world.state.blotter.legs(key(entry)))
    wanted = venue.world.state.blotter.to_cover(now)
    assert wanted <= max(min(now.filled - closed, venue.position), 0)
    for role in ("stop_loss", "take_profit"):
        covered = venue.covered(entry, role)
        told = any("no take profit" in text for text in venue.alerts)
        # Of a pair whose stop has filled in part the stop stands alone: it locks what a target would sell.
        assert covered == wanted or (role == "take_profit" and (told or capabilities.oco))
        assert covered <= max(venue.position, 0)
    recovered = venue.world.recovered()
    assert list(recovered.state.blotter) == list(venue.world.state.blotter)


def test_a_policys_entry_brings_its_own_protection() -> None:
    order = buy(Decimal("0.01"), limit=Decimal(10_000), stop_loss=Decimal(9_800))

    class Once:
        needs = (Book(),)

        def decide(
            self,
            portfolio: PortfolioState,
            snapshot: MarketSnapshot,
            context: ContextMap | None = None,
        ) -> OrderSeq:
            actions = () if portfolio.orders else (order,)
            return OrderSeq(actions=actions, because=why("once"))

    world = World(policies={SLEEVE: loaded(Once())})
    world.market()
    (entry,) = world.state.blotter.open()
    world.fill(entry.intent, 400)
    (stop,) = world.state.blotter.legs(key(entry))
    assert (stop.leaves, stop.intent.trigger_price) == (400, 9_800_00)
    assert (stop.intent.owner, stop.intent.lives_at) == (SLEEVE, "engine")
