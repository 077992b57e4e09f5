"""The blotter: one writer, monotonic, each execution once."""

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.core.builders import ACCOUNT, BTC_ID, ETH_ID, START, fill_of, intent

from tradebot.engine.core.blotter import Blotter
from tradebot.engine.core.events import (
    CancelRejected,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderReplaced,
    OrderReported,
    SubmitUnknown,
)
from tradebot.engine.core.orders import (
    ABSENT_AGAIN_AFTER,
    TERMINAL,
    Order,
    OrderEvent,
    OrderStateName,
)
from tradebot.engine.core.types import SECOND, ClientOrderId, ExecutionId, RequestId, VenueOrderId

ORDER = intent("buy", 1000)
ID = ORDER.client_order_id
VENUE_ID = VenueOrderId(f"v-{ID}")

ACCEPTED = OrderAccepted(client_order_id=ID, venue_order_id=VENUE_ID, ts_event=0)
REJECTED = OrderRejected(client_order_id=ID, reason="r", ts_event=0)
UNKNOWN = SubmitUnknown(client_order_id=ID, reason="timeout")
CANCELLED = OrderCancelled(client_order_id=ID, reason="c", ts_event=0)
EXPIRED = OrderExpired(client_order_id=ID, reason="e", ts_event=0)
NO_CANCEL = CancelRejected(client_order_id=ID, reason="n", ts_event=0)
ABSENT = OrderReported(client_order_id=ID, found=False)
WORKING = OrderReported(client_order_id=ID, found=True, venue_order_id=VENUE_ID, state="working")
GONE = OrderReported(client_order_id=ID, found=True, state="cancelled", reason="by admin")
SAYS_FILLED = OrderReported(client_order_id=ID, found=True, state="filled", filled=1000)


def part(quantity: int, execution: str = "x1", price: int = 100) -> OrderFilled:
    return fill_of(ORDER, quantity, price, execution)


def blotter_in(state: OrderStateName) -> Blotter:
    """Return a blotter whose one order is in a state, reached the way orders reach it."""
    blotter = Blotter()
    blotter.add(ORDER, denied="max_order: too large" if state == "denied" else None)
    match state:
        case "accepted" | "pending_cancel":
            blotter.reduce(ACCEPTED, START)
        case "partially_filled":
            blotter.reduce(ACCEPTED, START)
            blotter.fill(part(400, "first"), START)
        case "filled":
            blotter.fill(part(1000, "first"), START)
        case "cancelled":
            blotter.reduce(CANCELLED, START)
        case "rejected":
            blotter.reduce(REJECTED, START)
        case "expired":
            blotter.reduce(EXPIRED, START)
        case _:
            pass
    if state in {"sent", "unknown", "pending_cancel"}:
        blotter.mark(ID, state, START)
    assert the(blotter).state == state
    return blotter


def the(blotter: Blotter) -> Order:
    order = blotter.get(ID)
    assert order is not None
    return order


STATES = (
    *("created", "sent", "unknown", "accepted", "partially_filled", "pending_cancel"),
    *("filled", "cancelled", "rejected", "expired", "denied"),
)
SAME = {state: state for state in STATES}
ENDS = {state: state for state in STATES if state in TERMINAL}
NOT_HEARD = ("created", "sent", "unknown")


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize(
    ("event", "after"),
    [
        (ACCEPTED, SAME | dict.fromkeys(NOT_HEARD, "accepted")),
        (REJECTED, dict.fromkeys(STATES, "rejected") | ENDS),
        (UNKNOWN, SAME | dict.fromkeys(NOT_HEARD, "unknown")),
        (CANCELLED, dict.fromkeys(STATES, "cancelled") | ENDS),
        (EXPIRED, dict.fromkeys(STATES, "expired") | ENDS),
        (NO_CANCEL, SAME | {"pending_cancel": "accepted"}),
        (WORKING, SAME | dict.fromkeys(NOT_HEARD, "accepted")),
        (GONE, dict.fromkeys(STATES, "cancelled") | ENDS),
        (SAYS_FILLED, SAME),
        (ABSENT, SAME),
    ],
    ids=lambda value: (
        type(value).__name__ + getattr(value, "state", "")
        if not isinstance(value, dict | str)
        else ""
    ),
)
def test_an_order_moves_as_the_table_says(
    before: OrderStateName, event: OrderEvent, after: dict[str, str]
) -> None:
    blotter = blotter_in(before)
    if event is GONE and before == "partially_filled":
        # The report must not lag behind the fills we know.
        event = OrderReported(client_order_id=ID, found=True, state="cancelled", filled=400)
    blotter.reduce(event, START + 1)
    assert the(blotter).state == after[before]


@pytest.mark.parametrize("before", STATES)
def test_a_partial_fill_counts_in_every_state_and_never_reopens(before: OrderStateName) -> None:
    blotter = blotter_in(before)
    had = the(blotter).filled
    blotter.fill(part(100), START + 1)
    order = the(blotter)
    assert order.filled == had + 100
    kept = before in TERMINAL or before == "pending_cancel"
    assert order.state == (before if kept else "partially_filled")
    assert order.leaves == (0 if before in TERMINAL else 1000 - order.filled)


@pytest.mark.parametrize("before", [state for state in STATES if state != "filled"])
def test_a_full_fill_ends_an_order_as_filled_from_every_state(before: OrderStateName) -> None:
    blotter = blotter_in(before)
    blotter.fill(part(1000 - the(blotter).filled), START + 1)
    assert the(blotter).state == "filled"
    assert not the(blotter).is_open
    assert blotter.open() == []


@pytest.mark.parametrize("before", STATES)
def test_a_repeated_venue_event_is_the_same_object_again(before: OrderStateName) -> None:
    for event in (ACCEPTED, REJECTED, UNKNOWN, CANCELLED, EXPIRED, NO_CANCEL):
        blotter = blotter_in(before)
        once = blotter.reduce(event, START + 1)
        assert blotter.reduce(event, START + 2) is once


def test_a_fill_after_a_cancel_is_counted_and_the_rest_stays_cancelled() -> None:
    blotter = blotter_in("cancelled")
    blotter.fill(part(300, price=7), START + 5)
    order = the(blotter)
    assert (order.state, order.filled, order.cost, order.leaves) == ("cancelled", 300, 2100, 0)


def test_an_acceptance_after_the_fill_only_brings_the_venues_id() -> None:
    blotter = Blotter()
    blotter.add(ORDER)
    blotter.fill(part(400), START)
    blotter.reduce(ACCEPTED, START + 1)
    assert the(blotter).state == "partially_filled"
    assert the(blotter).venue_order_id == VENUE_ID
    assert the(blotter).filled == 400


def test_a_cancel_refused_returns_a_partly_filled_order_to_its_work() -> None:
    blotter = blotter_in("partially_filled")
    blotter.mark(ID, "pending_cancel", START)
    blotter.reduce(NO_CANCEL, START + 1)
    assert the(blotter).state == "partially_filled"
    assert the(blotter).reason == "cancel: n"


def test_a_cancel_refused_for_an_order_the_venue_never_spoke_of_leaves_it_unknown() -> None:
    blotter = Blotter()
    blotter.add(ORDER)
    blotter.mark(ID, "pending_cancel", START)
    blotter.reduce(NO_CANCEL, START + 1)
    assert the(blotter).state == "unknown"


def test_an_unknown_submit_under_cancel_blocks_as_unknown_until_the_venue_spoke() -> None:
    blotter = Blotter()
    blotter.add(ORDER)
    blotter.mark(ID, "pending_cancel", START)
    blotter.reduce(UNKNOWN, START + 1)
    assert [order.state for order in blotter.unresolved()] == ["unknown"]


def test_an_unknown_order_counts_in_full_until_it_ends() -> None:
    blotter = blotter_in("unknown")
    assert blotter.leaves(ACCOUNT, BTC_ID, "buy") == 1000
    assert blotter.leaves(ACCOUNT, BTC_ID, "sell") == 0
    assert blotter.leaves(ACCOUNT, ETH_ID, "buy") == 0
    blotter.reduce(REJECTED, START + 1)
    assert blotter.leaves(ACCOUNT, BTC_ID, "buy") == 0
    assert blotter.unresolved() == []


def test_a_reported_end_waits_for_fills_not_yet_seen() -> None:
    blotter = blotter_in("accepted")
    report = OrderReported(client_order_id=ID, found=True, state="expired", filled=400)
    blotter.reduce(report, START + 1)
    assert the(blotter).state == "accepted"
    blotter.fill(part(400), START + 2)
    blotter.reduce(report, START + 3)
    assert the(blotter).state == "expired"
    assert the(blotter).filled == 400


def test_filled_is_reached_by_fills_only() -> None:
    blotter = blotter_in("unknown")
    blotter.reduce(SAYS_FILLED, START + 1)
    assert the(blotter).state == "unknown"
    blotter.fill(part(1000), START + 2)
    assert the(blotter).state == "filled"


@pytest.mark.parametrize(
    ("state", "end", "reason"),
    [
        ("created", "rejected", "never reached the venue"),
        ("unknown", "rejected", "never reached the venue"),
        ("accepted", "cancelled", "the venue no longer knows it"),
        ("pending_cancel", "cancelled", "the venue no longer knows it"),
    ],
)
def test_absent_twice_five_seconds_apart_gives_an_order_up(
    state: OrderStateName, end: OrderStateName, reason: str
) -> None:
    blotter = blotter_in(state)
    blotter.reduce(ABSENT, START)
    assert the(blotter).state == state
    blotter.reduce(ABSENT, START + ABSENT_AGAIN_AFTER - 1)
    assert the(blotter).is_open
    blotter.reduce(ABSENT, START + ABSENT_AGAIN_AFTER)
    assert (the(blotter).state, the(blotter).reason) == (end, reason)


@pytest.mark.parametrize("sign_of_life", [ACCEPTED, WORKING, part(10)])
def test_any_sign_of_life_between_starts_the_count_of_absence_anew(
    sign_of_life: OrderAccepted | OrderReported | OrderFilled,
) -> None:
    blotter = blotter_in("unknown")
    blotter.reduce(ABSENT, START)
    if isinstance(sign_of_life, OrderFilled):
        blotter.fill(sign_of_life, START + 1)
    else:
        blotter.reduce(sign_of_life, START + 1)
    blotter.reduce(ABSENT, START + 2 * ABSENT_AGAIN_AFTER)
    assert the(blotter).is_open


def test_events_of_orders_that_are_not_ours_change_nothing() -> None:
    blotter = Blotter()
    assert blotter.reduce(ACCEPTED, START) is None
    assert blotter.fill(part(1), START) is None
    blotter.mark(ID, "sent", START)
    assert len(blotter) == 0


def test_an_ended_order_is_not_marked_again() -> None:
    blotter = blotter_in("cancelled")
    blotter.mark(ID, "pending_cancel", START)
    assert the(blotter).state == "cancelled"


def test_a_request_finds_its_order() -> None:
    blotter = Blotter()
    blotter.add(intent(request_id=RequestId("mine")))
    found = blotter.by_request(RequestId("mine"))
    assert found is not None
    assert found.intent.client_order_id == ID
    assert blotter.by_request(RequestId("other")) is None


def test_recent_orders_come_newest_first_and_open_ones_oldest_first() -> None:
    blotter = Blotter()
    for number in range(1, 5):
        blotter.add(intent(number=number))
    newest = [order.intent.client_order_id for order in blotter.recent(2)]
    assert newest == [ClientOrderId("tbabc124"), ClientOrderId("tbabc123")]
    blotter.fill(fill_of(intent(number=2), 1000, 1, "x"), START)
    opened = [order.intent.client_order_id for order in blotter.open()]
    assert opened == [ClientOrderId(f"tbabc12{number}") for number in (1, 3, 4)]
    assert [order.intent.client_order_id for order in blotter][:2] == [
        ClientOrderId("tbabc121"),
        ClientOrderId("tbabc122"),
    ]


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[OrderEvent | OrderFilled], int]:
    """Return the events of one order's life, shuffled and doubled, and what was truly filled."""
    cuts = draw(st.lists(st.integers(1, 999), max_size=4, unique=True))
    total = draw(st.sampled_from([1000, max(cuts, default=0)]))
    edges = sorted({0, total, *(cut for cut in cuts if cut < total)})
    life: list[OrderEvent | OrderFilled] = [
        part(after - before, f"x{index}", price=100 + index)
        for index, (before, after) in enumerate(pairwise(edges))
    ]
    life += draw(
        st.lists(st.sampled_from([ACCEPTED, UNKNOWN, NO_CANCEL, WORKING, ABSENT]), max_size=4)
    )
    if total < 1000:
        life.append(draw(st.sampled_from([CANCELLED, EXPIRED, REJECTED])))
    twice = draw(st.lists(st.sampled_from(life), max_size=5)) if life else []
    return draw(st.permutations([*life, *twice])), total


@settings(deadline=None)
@given(streams(), st.booleans())
def test_any_order_and_repetition_of_a_life_ends_in_the_same_quantity(
    stream: tuple[list[OrderEvent | OrderFilled], int],
    cancel_asked: bool,  # noqa: FBT001
) -> None:
    events, total = stream
    blotter = Blotter()
    blotter.add(ORDER)
    if cancel_asked:
        blotter.mark(ID, "pending_cancel", START)
    seen_filled = 0
    seen: set[ExecutionId] = set()
    for now, event in enumerate(events, START):
        if isinstance(event, OrderFilled):
            if event.execution_id not in seen:
                blotter.fill(event, now)
            seen.add(event.execution_id)
        else:
            blotter.reduce(event, now)
        assert the(blotter).filled >= seen_filled
        seen_filled = the(blotter).filled
    order = the(blotter)
    assert order.filled == total
    assert (order.state == "filled") == (total == 1000)
    assert order.is_open == (total != 1000 and not _ended(events))
    executions = {e.execution_id: e for e in events if isinstance(e, OrderFilled)}
    assert order.cost == sum(e.price * e.quantity for e in executions.values())


def _ended(events: list[OrderEvent | OrderFilled]) -> bool:
    return any(isinstance(e, OrderCancelled | OrderExpired | OrderRejected) for e in events)


def test_a_refused_cancel_between_two_absents_does_not_begin_the_count_anew() -> None:
    blotter = blotter_in("unknown")
    blotter.reduce(ABSENT, START)
    for second in range(1, 5):
        blotter.mark(ID, "pending_cancel", START + second * SECOND)
        blotter.reduce(NO_CANCEL, START + second * SECOND)
    order = blotter.reduce(ABSENT, START + ABSENT_AGAIN_AFTER)
    assert order is not None
    assert order.state == "rejected"


def test_an_order_reported_filled_with_no_more_than_is_known_has_ended_though_a_bust_left_less() -> (
    None
):
    blotter = blotter_in("created")
    blotter.reduce(ACCEPTED, START)
    blotter.fill(part(400, "first"), START)
    blotter.fill(part(400, "second"), START)
    blotter.unfill(ID, 400, 100, START)
    done = OrderReported(client_order_id=ID, found=True, state="filled", filled=400)
    order = blotter.reduce(done, START)
    assert order is not None
    assert (order.is_open, order.filled) == (False, 400)


def test_an_order_ends_replaced_also_where_its_cancel_was_refused_before_the_word_came() -> None:
    blotter = Blotter()
    blotter.add(ORDER)
    blotter.reduce(ACCEPTED, START)
    newer = msgspec.structs.replace(
        ORDER, client_order_id=ClientOrderId("newer"), replaces=ID, request_id=None
    )
    blotter.add(newer)
    blotter.mark(ID, "pending_cancel", START)
    blotter.reduce(NO_CANCEL, START)
    told = OrderReplaced(
        client_order_id=newer.client_order_id,
        replaced=ID,
        venue_order_id=VenueOrderId("v2"),
        quantity=1000,
        ts_event=START,
    )
    blotter.replaced(told, START)
    order = blotter.get(ID)
    assert order is not None
    assert order.state == "replaced"
