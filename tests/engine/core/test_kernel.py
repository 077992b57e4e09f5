"""The kernel: requests, ids, bets, and the words that reach it."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.core.builders import (
    ACCOUNT,
    BTC,
    BTC_ID,
    ENGINE_ID,
    ETH_ID,
    START,
    WIDE_OPEN,
    World,
    fill_of,
    intent,
    of_type,
    started,
    trade,
)

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.days import DAY
from tradebot.engine.core.events import (
    CashMoved,
    FeedChanged,
    OrderAccepted,
    PlaceOrder,
    TimerFired,
)
from tradebot.engine.core.outcomes import AnyOutcome, FillBooked, OrderDenied, Submit
from tradebot.engine.core.reasons import Edge, why
from tradebot.engine.core.state import State, base32
from tradebot.engine.core.types import (
    HAND,
    MINUTE,
    SECOND,
    UNCLAIMED,
    AccountName,
    BetId,
    ClientOrderId,
    ExecutionId,
    Owner,
    RequestId,
    opposite,
    sign,
)


@pytest.fixture
def world() -> World:
    world = World()
    world.market()
    return world


def the_order(outcomes: list[AnyOutcome]) -> Submit:
    (submit,) = of_type(outcomes, Submit)
    return submit


# ------------------------------------------------------------------------------------ requests and ids


def test_the_same_request_is_the_same_order(world: World) -> None:
    first = the_order(world.request("buy", 100, request_id="mine"))
    assert world.request("buy", 100, request_id="mine") == []
    assert world.request("sell", 900, request_id="mine") == []
    found = world.state.blotter.by_request(RequestId("mine"))
    assert found is not None
    assert found.intent == first.order
    assert world.state.counter == 1


def test_a_denied_request_stays_denied_when_repeated(world: World) -> None:
    (denied,) = of_type(world.request("buy", 105, request_id="mine"), OrderDenied)
    assert denied.code == "lot_size"
    assert world.request("buy", 105, request_id="mine") == []
    order = world.state.blotter.by_request(RequestId("mine"))
    assert order is not None
    assert (order.state, order.reason) == (
        "denied",
        "lot_size: quantity 0.00105 must be a positive multiple of 0.0001",
    )


def test_requests_are_remembered_over_a_restart(world: World) -> None:
    the_order(world.request("buy", 100, request_id="mine"))
    again = world.recovered()
    again.send(world.start)
    again.market()
    assert again.request("buy", 100, request_id="mine") == []


def test_ids_count_on_over_denials_and_restarts(world: World) -> None:
    made = [the_order(world.request("buy", 100)).order.client_order_id]
    denied = of_type(world.request("buy", 5), OrderDenied)
    made.append(denied[0].order.client_order_id)
    again = world.recovered()
    again.send(world.start)
    again.market()
    again.send(trade(1))
    outcomes = again.request("sell", 100, request_id="after")
    denied = of_type(outcomes, OrderDenied)  # the one before is unknown, so this one is refused
    made.append(denied[0].order.client_order_id)
    assert made == ["tbabc121", "tbabc122", "tbabc123"]


@settings(deadline=None)
@given(st.integers(1, 2**80))
def test_base_32_is_read_back_and_grows_with_the_number(number: int) -> None:
    text = base32(number)
    assert int(text, 32) == number
    assert text == text.lower()
    assert len(base32(number + 1)) >= len(text)


def test_an_id_is_legal_at_every_venue_for_longer_than_anybody_trades() -> None:
    state = State(ENGINE_ID)
    state.counter = 32**13 - 2
    order_id = state.next_order_id()
    assert len(order_id) == 20
    assert order_id.isalnum()
    assert order_id.islower()
    assert base32(0) == "0"


def request(**change: object) -> PlaceOrder:
    order = PlaceOrder(
        request_id=RequestId("mine"),
        account=ACCOUNT,
        instrument=BTC_ID,
        side="buy",
        type="limit",
        tif="gtc",
        quantity=100,
        limit_price=10_000_00,
    )
    return msgspec.structs.replace(order, **change)


def test_an_unknown_account_is_refused_by_name(world: World) -> None:
    (denied,) = of_type(world.send(request(account=AccountName("other"))), OrderDenied)
    assert denied.code == "unknown_account"
    assert denied.text == "account other is not one of this engine's: sandbox"


def test_an_unknown_instrument_is_refused_with_the_known_ones(world: World) -> None:
    (denied,) = of_type(world.send(request(instrument=InstrumentId("x:Y"))), OrderDenied)
    assert denied.code == "unknown_instrument"
    assert denied.text == (
        "instrument x:Y is not traded by this engine; it has sandbox:BTCUSDT, sandbox:ETHUSDT"
    )


def test_what_a_request_says_is_carried_into_the_order(world: World) -> None:
    bet = msgspec.structs.replace(request(), post_only=True, reduce_only=False, bet_id="b-mine")
    order = the_order(world.send(bet)).order
    assert (order.bet_id, order.post_only, order.owner) == ("b-mine", True, HAND)
    assert (order.created, order.lives_at, order.policy_version) == (world.now, "broker", None)


# ------------------------------------------------------------------------------------ gate in the kernel


def test_orders_sent_within_a_minute_count_and_older_ones_do_not(world: World) -> None:
    limits = msgspec.structs.replace(WIDE_OPEN, orders_per_minute_hand=3)
    world.send(started(limits=limits))
    world.market()
    begun = world.now
    for _ in range(3):
        order = the_order(world.request("buy", 100)).order
        world.reject(order)
    refused = of_type(world.request("buy", 100), OrderDenied)
    assert [denied.code for denied in refused] == ["orders_per_minute"]
    world.now = begun + MINUTE
    world.market()
    the_order(world.request("buy", 100))


def test_an_order_leaves_the_minute_exactly_sixty_seconds_after_it_was_sent(world: World) -> None:
    limits = msgspec.structs.replace(WIDE_OPEN, orders_per_minute_hand=1)
    world.send(started(limits=limits))
    world.market()
    order = the_order(world.request("buy", 100)).order
    world.reject(order)
    world.now = order.created + MINUTE - SECOND
    world.market()
    rest = order.created + MINUTE - world.now
    assert of_type(world.send(request(), after=rest - 1), OrderDenied)
    the_order(world.send(request(request_id=RequestId("again")), after=1))


@pytest.mark.parametrize(
    ("side", "quantity", "passes"),
    [("buy", 2500, True), ("buy", 3000, True), ("buy", 3010, False), ("sell", 3000, True)],
)
def test_a_market_order_is_walked_down_the_displayed_book(
    side: str,
    quantity: int,
    passes: bool,  # noqa: FBT001
) -> None:
    world = World()
    world.market(size=1000)
    outcomes = world.send(request(side=side, type="market", limit_price=None, quantity=quantity))
    assert bool(of_type(outcomes, Submit)) == passes
    codes = [denied.code for denied in of_type(outcomes, OrderDenied)]
    assert codes == ([] if passes else ["price_collar"])


def test_positions_of_other_instruments_count_in_gross(world: World) -> None:
    limits = msgspec.structs.replace(WIDE_OPEN, max_gross=Decimal("0.1"))
    world.send(started(limits=limits))
    world.market()
    world.market(999_00, 1_001_00, instrument=ETH_ID)
    world.hold(900_000, instrument=ETH_ID, price=1_000_00)  # 9,000 of 100,000
    the_order(world.request("buy", 10_000))
    (denied,) = of_type(world.request("buy", 20), OrderDenied)
    assert denied.code == "max_gross"
    assert "of equity, at most 10.00 %: lower the quantity" in denied.text


# ------------------------------------------------------------------------------------ fills, owners, bets


def test_an_execution_told_twice_is_booked_once(world: World) -> None:
    order = world.place("buy", 100).intent
    event = fill_of(order, 60, 10_000_00, "x-same")
    world.send(event)
    world.send(msgspec.structs.replace(event, source="gap_fill"))
    assert world.net() == 60
    assert world.order(order.client_order_id).filled == 60


def test_a_booked_fill_says_whose_it_was_and_why(world: World) -> None:
    reason, belief = why("breakout"), Edge(source="stated", win=Decimal("0.4"))
    bet = BetId("b-mine")
    (submit,) = of_type(world.send(request(because=reason, edge=belief, bet_id=bet)), Submit)
    outcomes = world.fill(submit.order, 60)
    assert of_type(outcomes, FillBooked) == [
        FillBooked(
            execution_id=ExecutionId("x1"),
            client_order_id=submit.order.client_order_id,
            engine_id=ENGINE_ID,
            account=ACCOUNT,
            owner=HAND,
            policy_version=None,
            bet_id=bet,
            because=reason,
            edge=belief,
            lives_at="broker",
        )
    ]
    again = fill_of(submit.order, 60, 10_000_00, "x1")
    assert of_type(world.send(again), FillBooked) == []
    stranger = fill_of(intent(number=999), 60, 10_000_00, "x-stranger")
    (booked,) = of_type(world.send(stranger), FillBooked)
    assert (booked.owner, booked.bet_id) == (UNCLAIMED, None)


def test_a_fill_nobody_ordered_is_booked_as_unclaimed(world: World) -> None:
    stranger = intent("buy", 100, number=999)
    world.send(fill_of(stranger, 100, 10_000_00, "x-stranger"))
    assert world.state.ledger.position(ACCOUNT, BTC_ID, UNCLAIMED).quantity == 100
    assert world.net() == 100


def test_an_id_the_venue_knows_and_the_journal_lost_is_never_used_again(world: World) -> None:
    lost = intent("buy", 100, number=world.state.counter + 5)
    world.send(fill_of(lost, 100, 10_000_00, "x-lost"))
    foreign = msgspec.structs.replace(lost, client_order_id=ClientOrderId("tbother9999"))
    before = world.state.counter
    world.send(fill_of(foreign, 100, 10_000_00, "x-foreign"))
    assert world.state.counter == before
    taken = lost.client_order_id
    (submit,) = of_type(world.send(request()), Submit)
    assert submit.order.client_order_id not in {taken, foreign.client_order_id}
    assert int(submit.order.client_order_id[7:], 32) > int(taken[7:], 32)


def test_a_fill_in_an_instrument_the_engine_never_had_is_told_as_a_difference(world: World) -> None:
    stranger = intent("buy", 100, number=999, instrument=InstrumentId("x:Y"))
    world.send(fill_of(stranger, 100, 10_000_00, "x-stranger"))
    (known,) = world.state.accounts[ACCOUNT].differences.values()
    assert (known.kind, known.about, known.ours) == ("fill", "x-stranger", "not booked")
    assert known.cause == "x:Y is not an instrument of this engine"
    assert world.state.trading_state == "HALTED"
    assert world.state.executions.seen(ACCOUNT, ExecutionId("x-stranger"))


def test_the_newest_fill_is_the_venues_latest_time(world: World) -> None:
    order = world.place("buy", 1000).intent
    for number, ts in enumerate((50, 90, 70)):
        world.send(fill_of(order, 10, 10_000_00, f"n{number}", ts=ts))
    assert world.state.accounts[ACCOUNT].newest_fill == 90


def test_a_bet_lasts_from_flat_to_flat(world: World) -> None:
    entry = world.place("buy", 100).intent
    add = world.place("buy", 100).intent
    assert add.bet_id == entry.bet_id == f"b-{entry.client_order_id}"
    world.fill(entry)
    world.cancelled(add)
    exit_order = world.place("sell", 100, limit=10_050_00).intent
    assert exit_order.bet_id == entry.bet_id
    world.fill(exit_order)
    again = world.place("buy", 100).intent
    assert again.bet_id == f"b-{again.client_order_id}"
    world.cancelled(again)
    third = world.place("buy", 100).intent
    assert third.bet_id == f"b-{third.client_order_id}"


def test_a_bet_goes_on_while_an_order_of_it_still_works(world: World) -> None:
    entry = world.place("buy", 100).intent
    rest = world.place("buy", 100, limit=9_900_00).intent
    world.fill(entry)
    way_out = world.place("sell", 100, limit=10_050_00).intent
    world.fill(way_out)
    assert world.place("buy", 50, limit=9_800_00).intent.bet_id == entry.bet_id
    assert world.state.bets[(ACCOUNT, BTC_ID, HAND)] == rest.bet_id


# ------------------------------------------------------------------------------------ equity and days


def test_equity_is_cash_and_positions_at_their_marks(world: World) -> None:
    world.hold(1000, price=10_000_00)
    world.hold(-400, owner=Owner("trend"), price=10_000_00)
    world.market(10_099_00, 10_101_00)
    assert world.state.equity() == Decimal(100_000) + 100 * Decimal("0.006")


def test_equity_is_unknown_without_a_start_a_mark_or_the_engines_currency(world: World) -> None:
    assert State(ENGINE_ID).equity() is None
    assert (State(ENGINE_ID).currency, State(ENGINE_ID).account) == ("", "")
    world.hold(100, instrument=ETH_ID, price=1_000_00)
    assert world.state.equity() is None
    world.market(999_00, 1_001_00, instrument=ETH_ID)
    assert world.state.equity() == Decimal(100_000)
    pounds = msgspec.structs.replace(BTC, id=ETH_ID, currency="GBP")
    world.send(started(instruments=(BTC, pounds)))
    world.market(999_00, 1_001_00, instrument=ETH_ID)
    assert world.state.equity() is None


def test_equity_is_unknown_while_cash_of_another_currency_is_held(world: World) -> None:
    pounds = CashMoved(
        movement_id="gbp",
        account=world.state.account,
        asset="GBP",
        amount=Decimal(5),
        why="deposit",
        ts_event=world.state.now,
    )
    world.send(pounds)
    assert world.state.equity() is None
    world.send(msgspec.structs.replace(pounds, movement_id="gbp2", amount=Decimal(-5)))
    assert world.state.equity() == Decimal(100_000)


@pytest.mark.parametrize(("minute", "day"), [(0, 0), (60, -1)])
def test_a_day_begins_at_the_configured_minute(minute: int, day: int) -> None:
    state = State(ENGINE_ID)
    assert (state.day_of(DAY - 1), state.day_of(DAY)) == (0, 1)
    state.started = started(day_starts_minute=minute)
    assert state.day_of(minute * MINUTE - 1) == (-1 if minute == 0 else day)
    assert state.day_of(minute * MINUTE) == 0


# ------------------------------------------------------------------------------------ odd words


@pytest.mark.parametrize(
    "event",
    [
        TimerFired(timer_id="unheard:of", due=START),
        TimerFired(timer_id="absent:nobody", due=START),
        FeedChanged(instrument=InstrumentId("x:Y"), state="up"),
        trade(1, instrument=InstrumentId("x:Y")),
        OrderAccepted(client_order_id=ClientOrderId("no"), venue_order_id="v", ts_event=0),  # pyright: ignore[reportArgumentType]
        CashMoved(
            movement_id="opening",
            account=ACCOUNT,
            asset="USDT",
            amount=Decimal(1),
            why="deposit",
            ts_event=0,
        ),
    ],
    ids=lambda event: type(event).__name__,
)
def test_a_word_that_means_nothing_here_changes_nothing(world: World, event: object) -> None:
    before = world.state.equity()
    assert world.send(event) == []  # pyright: ignore[reportArgumentType]
    assert world.state.equity() == before


def test_a_kernel_that_was_not_started_marks_nothing() -> None:
    world = World()
    fresh = World.__new__(World)
    fresh.__dict__.update(world.__dict__)
    fresh.kernel = type(world.kernel)(ENGINE_ID, world.kernel._sleeves)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    assert fresh.send(trade(1)) == []


def test_sides_have_signs_and_opposites() -> None:
    assert (sign("buy"), sign("sell")) == (1, -1)
    assert (opposite("buy"), opposite("sell")) == ("sell", "buy")
    assert SECOND * 60 == MINUTE
