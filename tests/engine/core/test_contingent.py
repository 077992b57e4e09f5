"""Children that wait, pairs, amends, and orders that end by the clock: told as one sentence each."""

from typing import Literal

import msgspec
import pytest
from tests.engine.core.bracket_venue import PLAIN, RICH, BracketVenue

from tradebot.engine.core.capabilities import Capabilities
from tradebot.engine.core.events import (
    AmendRequested,
    CancelRejected,
    CancelRequested,
    PlaceOrder,
    ReplaceRejected,
    SubmitUnknown,
    TerminalGone,
)
from tradebot.engine.core.orders import Order
from tradebot.engine.core.outcomes import Legs
from tradebot.engine.core.types import (
    HAND,
    SECOND,
    ClientOrderId,
    RequestId,
    TerminalId,
)

WHOLE = msgspec.structs.replace(RICH, replace_partly=False, replace_kind=False)
"""Replaces only what has not filled, and does not look at what it fills meanwhile."""

both = pytest.mark.parametrize("capabilities", [PLAIN, RICH], ids=["plain venue", "rich venue"])


def key(order: Order) -> ClientOrderId:
    return order.intent.client_order_id


# ------------------------------------------------------------------------------------ stops by hand


@both
def test_a_buy_stop_waits_where_the_venue_says_and_buys_when_the_price_is_there(
    capabilities: Capabilities,
) -> None:
    venue = BracketVenue(capabilities)
    stop = venue.place("buy", 500, kind="stop", limit=None, trigger=10_100_00)
    held = capabilities is PLAIN
    assert (venue.now(stop).held, stop.intent.lives_at == "engine") == (held, held)
    venue.market(10_100_00)
    venue.fill(key(stop))
    assert venue.world.net() == 500


def test_field_30_a_stop_of_the_engine_takes_no_room_from_other_exits() -> None:
    venue = BracketVenue(PLAIN)
    venue.fill(key(venue.place("buy", 500)))
    stop = venue.place("sell", 500, kind="stop", limit=None, trigger=9_800_00, reduce_only=True)
    exit_order = venue.place("sell", 500, limit=10_300_00, reduce_only=True)
    assert key(exit_order) in venue.orders
    venue.fill(key(exit_order))
    venue.market(9_700_00)
    assert venue.now(stop).state == "cancelled"
    assert venue.position == 0


@pytest.mark.parametrize(
    ("code", "terms"),
    [
        ("trigger_price_missing", {"kind": "stop", "limit": None}),
        ("limit_price_missing", {"kind": "stop_limit", "limit": None, "trigger": 10_100_00}),
        ("trail_missing", {"kind": "trailing_stop", "limit": None, "trigger": 9_000_00}),
        ("tick_size", {"kind": "stop", "limit": None, "trigger": 10_100_01}),
        ("trigger_not_wanted", {"trigger": 10_100_00}),
        ("expires_missing", {"tif": "gtd"}),
        ("expires_past", {"tif": "gtd", "expires": 1}),
        ("legs_wrong_side", {"legs": Legs(stop_loss=10_500_00)}),
        ("legs_wrong_side", {"legs": Legs(take_profit=9_500_00)}),
        ("legs_wrong_side", {"legs": Legs(stop_loss=9_900_00, take_profit=9_800_00)}),
        ("tick_size", {"legs": Legs(stop_loss=9_900_01)}),
        ("legs_of_an_exit", {"legs": Legs(stop_loss=9_900_00), "reduce_only": True}),
        ("parent_not_open", {"after": ClientOrderId("tbabc12zz")}),
        ("oco_not_open", {"oco": ClientOrderId("tbabc12zz")}),
        ("lot_size", {"kind": "stop", "limit": None, "trigger": 10_100_00, "quantity": 505}),
    ],
)
def test_what_cannot_be_done_is_denied_with_a_code(code: str, terms: dict[str, object]) -> None:
    venue = BracketVenue(PLAIN)
    quantity = terms.pop("quantity", 500)
    order = venue.place("buy", quantity, **terms)  # type: ignore[arg-type]
    assert order.state == "denied"
    assert order.reason is not None
    assert order.reason.startswith(f"{code}: ")


def test_types_and_times_nobody_can_do_are_denied() -> None:
    bare = msgspec.structs.replace(PLAIN, order_types=("market",), times_in_force=("gtc", "ioc"))
    venue = BracketVenue(bare)
    denied = venue.place("buy", 500)
    assert (denied.reason or "").startswith("order_type_unsupported: ")
    denied = venue.place("buy", 500, kind="market", limit=None, tif="fok")
    assert (denied.reason or "").startswith("tif_unsupported: ")


# ------------------------------------------------------------------------------------ OTO and OCO


@both
def test_a_child_waits_until_its_parent_has_filled(capabilities: Capabilities) -> None:
    venue = BracketVenue(capabilities)
    parent = venue.place("buy", 500)
    child = venue.place("sell", 500, limit=10_200_00, after=key(parent))
    assert venue.now(child).held
    venue.fill(key(parent), 200)
    assert venue.now(child).held
    venue.fill(key(parent))
    assert venue.orders[key(child)].quantity == 500


@both
def test_a_child_is_for_no_more_than_its_parent_filled(capabilities: Capabilities) -> None:
    venue = BracketVenue(capabilities)
    parent = venue.place("buy", 500)
    child = venue.place("sell", 500, limit=10_200_00, after=key(parent))
    venue.fill(key(parent), 200)
    venue.tell(CancelRequested(client_order_id=key(parent)))
    assert venue.orders[key(child)].quantity == 200


@both
def test_a_child_ends_with_a_parent_that_never_filled(capabilities: Capabilities) -> None:
    venue = BracketVenue(capabilities)
    parent = venue.place("buy", 500)
    child = venue.place("sell", 500, limit=10_200_00, after=key(parent))
    venue.tell(CancelRequested(client_order_id=key(parent)))
    assert venue.now(child).state == "cancelled"
    assert not venue.orders


def test_a_child_ends_with_a_parent_that_the_market_ends_in_the_engine() -> None:
    venue = BracketVenue(PLAIN)
    venue.fill(key(venue.place("buy", 500)))
    stop = venue.place("sell", 500, kind="stop", limit=None, trigger=9_800_00, reduce_only=True)
    child = venue.place("buy", 500, limit=9_700_00, after=key(stop))
    venue.fill(key(venue.place("sell", 500, limit=10_000_00)))
    venue.market(9_790_00, settle=False)  # the stop finds nothing to close any more
    assert venue.now(stop).state == "cancelled"
    assert venue.now(child).state == "cancelled"


def test_a_child_ends_with_a_parent_that_its_pair_ends_in_the_engine() -> None:
    venue = BracketVenue(PLAIN)
    venue.fill(key(venue.place("buy", 500)))
    target = venue.place("sell", 500, limit=10_400_00)
    stop = venue.place("sell", 500, kind="stop", limit=None, trigger=9_800_00, oco=key(target))
    child = venue.place("buy", 500, limit=9_700_00, after=key(stop))
    venue.fill(key(target), settle=False)
    venue.tell(venue.answers.popleft(), settle=False)
    assert venue.now(stop).state == "cancelled"
    assert venue.now(child).state == "cancelled"


@both
def test_a_child_waits_for_what_took_its_parents_place(capabilities: Capabilities) -> None:
    venue = BracketVenue(capabilities)
    parent = venue.place("buy", 500)
    child = venue.place("sell", 500, limit=10_200_00, after=key(parent))
    new = venue.amend(parent, limit_price=9_990_00)
    assert venue.now(child).held
    venue.fill(key(new))
    assert key(child) in venue.orders


@both
def test_what_one_of_a_pair_fills_is_taken_from_the_other(capabilities: Capabilities) -> None:
    venue = BracketVenue(capabilities)
    low = venue.place("buy", 500, limit=9_900_00)
    high = venue.place("buy", 500, limit=9_950_00, oco=key(low))
    blotter, intent = venue.world.state.blotter, low.intent
    assert blotter.leaves(intent.account, intent.instrument, "buy") == 500
    venue.fill(key(high), 200)
    (other,) = [rest for rest in venue.orders.values() if rest.intent.limit_price == 9_900_00]
    assert other.quantity - other.filled == 300
    venue.fill(key(high))
    assert not venue.orders
    assert venue.world.net() == 500


# ------------------------------------------------------------------------------------ amend


@both
def test_an_amended_order_is_a_new_one_of_the_same_bet_and_the_old_ends_replaced(
    capabilities: Capabilities,
) -> None:
    venue = BracketVenue(capabilities)
    old = venue.place("buy", 500)
    new = venue.amend(old, limit_price=9_990_00, quantity=300)
    assert new.intent.replaces == key(old)
    assert new.intent.bet_id == old.intent.bet_id
    assert venue.now(new).state == "accepted"
    assert venue.now(old).state == ("replaced" if capabilities is RICH else "cancelled")
    assert list(venue.orders) == [key(new)]
    assert (new.intent.limit_price, venue.orders[key(new)].quantity) == (9_990_00, 300)


@both
def test_the_same_request_twice_is_one_amend(capabilities: Capabilities) -> None:
    venue = BracketVenue(capabilities)
    old = venue.place("buy", 500)
    request = AmendRequested(
        request_id=RequestId("once"), client_order_id=key(old), limit_price=9_990_00
    )
    venue.tell(request)
    made = venue.world.state.counter
    venue.tell(request)
    assert venue.world.state.counter == made
    assert len(venue.orders) == 1


@both
def test_what_the_old_order_fills_while_it_is_replaced_is_taken_off_the_new(
    capabilities: Capabilities,
) -> None:
    venue = BracketVenue(capabilities)
    old = venue.place("buy", 500)
    # The fill happens at the venue before the amend reaches it, and is told after.
    venue.fill(key(old), 200, settle=False)
    new = venue.amend(old, limit_price=9_990_00)
    assert venue.world.net() == 200
    assert venue.orders[key(new)].quantity == 300
    assert venue.now(new).intent.quantity == 300
    venue.fill(key(new))
    assert venue.world.net() == venue.position == 500


@pytest.mark.parametrize("told_first", [True, False], ids=["fill first", "end first"])
def test_what_the_old_order_fills_meanwhile_is_taken_off_here_where_the_venue_does_not(
    told_first: bool,  # noqa: FBT001  (a case)
) -> None:
    venue = BracketVenue(WHOLE)
    old = venue.place("buy", 500)
    venue.fill(key(old), 200, settle=False)
    request = AmendRequested(
        request_id=RequestId("a"), client_order_id=key(old), limit_price=9_990_00
    )
    venue.tell(request, settle=False)
    assert [one.quantity for one in venue.orders.values()] == [500], "the venue counts none of it"
    if not told_first:
        venue.answers.rotate(-1)
    venue.settle()
    ((left, resting),) = venue.orders.items()
    assert resting.quantity == 300
    venue.fill(left)
    assert venue.world.net() == venue.position == 500


def test_what_has_filled_in_part_is_cancelled_and_placed_anew_where_it_cannot_be_replaced() -> None:
    venue = BracketVenue(WHOLE)
    old = venue.place("buy", 500)
    venue.fill(key(old), 200)
    new = venue.amend(old, limit_price=9_990_00)
    assert (venue.now(old).state, venue.now(new).state) == ("cancelled", "accepted")
    assert venue.orders[key(new)].quantity == 300


@both
def test_both_count_until_the_venue_has_spoken(capabilities: Capabilities) -> None:
    venue = BracketVenue(capabilities)
    old = venue.place("buy", 500)
    request = AmendRequested(
        request_id=RequestId("a"), client_order_id=key(old), limit_price=9_990_00
    )
    venue.tell(request, settle=False)
    expected: Literal["pending_replace", "pending_cancel"] = (
        "pending_replace" if capabilities is RICH else "pending_cancel"
    )
    assert venue.now(old).state == expected
    blotter, intent = venue.world.state.blotter, old.intent
    at_venue = 1000 if capabilities is RICH else 500
    assert blotter.leaves(intent.account, intent.instrument, "buy") == at_venue


def test_a_replace_the_venue_refuses_leaves_the_old_order_as_it_was() -> None:
    venue = BracketVenue(RICH)
    old = venue.place("buy", 500)
    request = AmendRequested(
        request_id=RequestId("a"), client_order_id=key(old), limit_price=9_990_00
    )
    venue.tell(request, settle=False)
    venue.answers.clear()
    new = venue.world.state.blotter.by_request(RequestId("a"))
    assert new is not None
    refusal = ReplaceRejected(client_order_id=key(new), replaced=key(old), reason="no", ts_event=0)
    venue.tell(refusal)
    assert (venue.now(old).state, venue.now(new).state) == ("accepted", "rejected")


def test_an_amend_whose_cancel_the_venue_refuses_is_over_and_the_old_order_stands() -> None:
    venue = BracketVenue(PLAIN)
    old = venue.place("buy", 500)
    request = AmendRequested(
        request_id=RequestId("a"), client_order_id=key(old), limit_price=9_990_00
    )
    venue.tell(request, settle=False)
    venue.answers.clear()
    new = venue.world.state.blotter.by_request(RequestId("a"))
    assert new is not None
    venue.tell(CancelRejected(client_order_id=key(old), reason="no answer", ts_event=0))
    assert (venue.now(old).state, venue.now(new).state) == ("accepted", "cancelled")


def test_a_replace_nobody_knows_of_is_asked_for_and_found() -> None:
    venue = BracketVenue(RICH)
    old = venue.place("buy", 500)
    request = AmendRequested(
        request_id=RequestId("a"), client_order_id=key(old), limit_price=9_990_00
    )
    venue.tell(request, settle=False)
    venue.answers.clear()
    new = venue.world.state.blotter.by_request(RequestId("a"))
    assert new is not None
    venue.tell(SubmitUnknown(client_order_id=key(new), reason="timeout"))
    assert venue.now(new).state == "unknown"
    assert venue.now(old).state == "pending_replace"
    venue.world.report(new.intent, "working")
    assert (venue.now(old).state, venue.now(new).state) == ("replaced", "accepted")


def test_a_held_order_is_changed_in_place() -> None:
    venue = BracketVenue(PLAIN)
    stop = venue.place("buy", 500, kind="stop", limit=None, trigger=10_100_00)
    new = venue.amend(stop, trigger_price=10_200_00)
    assert (venue.now(stop).state, venue.now(new).held) == ("replaced", True)
    venue.market(10_150_00)
    assert venue.now(new).held
    venue.market(10_200_00)
    assert key(new) in venue.orders


@both
def test_a_stop_moved_by_hand_stays_where_it_was_put_when_it_grows(
    capabilities: Capabilities,
) -> None:
    venue = BracketVenue(capabilities)
    entry = venue.place("buy", 1000, legs=Legs(stop_loss=9_800_00))
    venue.fill(key(entry), 400)
    (stop,) = venue.legs(entry, "stop_loss")
    venue.amend(stop, trigger_price=9_900_00)
    venue.fill(key(entry), 600)
    legs = venue.legs(entry, "stop_loss")
    assert sum(leg.leaves for leg in legs) == 1000
    assert {leg.intent.trigger_price for leg in legs} == {9_900_00}


def test_an_order_that_cannot_be_changed_says_why() -> None:
    venue = BracketVenue(RICH)
    order = venue.place("buy", 500)
    assert (venue.amend(order).reason or "").startswith("nothing_to_amend: ")
    venue.fill(key(order))
    late = venue.amend(order, quantity=100)
    assert (late.state, (late.reason or "")[:15]) == ("denied", "order_not_open:")


# ------------------------------------------------------------------------------------ the clock


@both
def test_gtd_ends_by_the_engines_clock_wherever_the_order_stands(
    capabilities: Capabilities,
) -> None:
    venue = BracketVenue(capabilities)
    end = venue.world.now + 60 * SECOND
    resting = venue.place("buy", 500, tif="gtd", expires=end)
    waiting = venue.place(
        "buy", 500, kind="stop", limit=None, trigger=10_100_00, tif="gtd", expires=end
    )
    venue.take(venue.world.timers_until(end))
    venue.settle()
    assert {venue.now(resting).state, venue.now(waiting).state} == {"expired"}
    assert not venue.orders


@both
def test_day_ends_with_the_trading_day_and_survives_a_restart(capabilities: Capabilities) -> None:
    venue = BracketVenue(capabilities)
    order = venue.place("buy", 500, tif="day")
    day = 86_400 * SECOND
    assert order.intent.expires == (venue.world.now // day + 1) * day
    venue.tell(venue.world.start)
    venue.take(venue.world.timers_until(order.intent.expires or 0))
    venue.settle()
    assert venue.now(order).state == "expired"


def test_an_attended_order_goes_with_the_terminal_and_its_protection_stays() -> None:
    venue = BracketVenue(PLAIN)
    terminal = TerminalId("t1")
    request = PlaceOrder(
        request_id=RequestId("a"),
        account=venue.world.state.account,
        instrument=venue.world.state.market.all()[0].instrument.id,
        side="buy",
        type="limit",
        tif="gtc",
        quantity=1000,
        limit_price=10_000_00,
        attended=True,
        terminal=terminal,
        legs=Legs(stop_loss=9_800_00),
    )
    venue.tell(request)
    order = venue.world.state.blotter.by_request(RequestId("a"))
    assert order is not None
    assert order.intent.owner == HAND
    venue.fill(key(order), 400)
    venue.tell(TerminalGone(terminal=TerminalId("other")))
    assert venue.now(order).is_open
    venue.tell(TerminalGone(terminal=terminal))
    assert venue.now(order).state == "cancelled"
    assert venue.covered(order, "stop_loss") == 400
