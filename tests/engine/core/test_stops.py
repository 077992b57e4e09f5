"""What stops what: the table of the documentation, cell by cell."""

from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest
from tests.engine.core.builders import (
    ACCOUNT,
    BTC_ID,
    ETH_ID,
    SLEEVE,
    WIDE_OPEN,
    World,
    loaded,
    of_type,
)

from tradebot.data.events import FeedGap
from tradebot.engine.core.actions import OrderSeq, buy, sell
from tradebot.engine.core.events import (
    AccountReported,
    CancelRejected,
    CancelRequested,
    CashMoved,
    FeedChanged,
    FlattenRequested,
    HaltRequested,
    KillRequested,
    PlaceOrder,
    ResumeRequested,
    SleeveFailed,
    SleevePauseRequested,
    SleeveResumeRequested,
)
from tradebot.engine.core.marks import MARK_PERIOD
from tradebot.engine.core.needs import Book
from tradebot.engine.core.orders import Order
from tradebot.engine.core.outcomes import (
    Alert,
    AnyOutcome,
    Cancel,
    EquityMarked,
    OrderDenied,
    OrderHeld,
    QueryAccount,
    SleevePaused,
    SleeveResumed,
    Submit,
    TradingStateChanged,
)
from tradebot.engine.core.policy import ContextMap
from tradebot.engine.core.portfolio import PortfolioState
from tradebot.engine.core.reasons import why
from tradebot.engine.core.snapshot import MarketSnapshot
from tradebot.engine.core.types import HAND, SECOND, ClientOrderId, Owner, RequestId, Side

DAY = 86_400 * SECOND


class Scripted:
    """A policy that answers what it was told to, and counts how often it was asked."""

    needs = (Book(),)

    def __init__(self) -> None:
        self.asked = 0
        self.answers: list[OrderSeq] = []

    def decide(
        self,
        portfolio: PortfolioState,
        snapshot: MarketSnapshot,
        context: ContextMap | None = None,
    ) -> OrderSeq:
        self.asked += 1
        return self.answers.pop(0) if self.answers else OrderSeq.none(because=why("waiting"))


class Desk:
    """A world in which hand holds 0.02 BTC, with orders of every sort working."""

    def __init__(self) -> None:
        self.policy = Scripted()
        self.world = World(policies={SLEEVE: loaded(self.policy)})
        world = self.world
        world.market()
        world.market(999_00, 1_001_00, instrument=ETH_ID)
        world.hold(2000)
        self.protective = world.place("sell", 800, limit=10_100_00, reduce_only=True)
        self.exit = world.place("sell", 1200, limit=10_200_00)
        self.adding = world.place("buy", 500, limit=9_900_00)
        self.too_large = world.place("sell", 100, limit=10_300_00)
        self.elsewhere = world.place("buy", 500, limit=990_00, instrument=ETH_ID)
        self._bid = 9_999_00

    def sleeve_says(self, *actions: object) -> list[AnyOutcome]:
        """Let the sleeve answer with actions at the next book change."""
        self.policy.answers.append(OrderSeq(actions=actions, because=why("test")))  # pyright: ignore[reportArgumentType]
        return self.tick()

    def tick(self) -> list[AnyOutcome]:
        """Move the book by a tick and back."""
        self._bid = 9_998_90 if self._bid == 9_999_00 else 9_999_00
        return self.world.market(bid=self._bid)

    def sleeve_order(self, side: Side, quantity: str, limit: str) -> Order:
        """Let the sleeve place an order that passes and is accepted."""
        place = buy if side == "buy" else sell
        order = place(Decimal(quantity), limit=Decimal(limit))
        (submit,) = of_type(self.sleeve_says(order), Submit)
        self.world.accept(submit.order)
        return self.world.order(submit.order.client_order_id)


@pytest.fixture
def desk() -> Desk:
    return Desk()


type Stop = Callable[[World], list[AnyOutcome]]


def halt(world: World) -> list[AnyOutcome]:
    return world.send(HaltRequested(reason="lunch"))


def kill(world: World) -> list[AnyOutcome]:
    return world.send(KillRequested(reason="fire"))


def pause(world: World) -> list[AnyOutcome]:
    return world.send(SleevePauseRequested(sleeve=SLEEVE, reason="odd"))


def resume(world: World) -> list[AnyOutcome]:
    return world.send(ResumeRequested(reason="understood"))


def cancelled(outcomes: list[AnyOutcome]) -> set[ClientOrderId]:
    return {outcome.client_order_id for outcome in of_type(outcomes, Cancel)}


def ids(*orders: Order) -> set[ClientOrderId]:
    return {order.intent.client_order_id for order in orders}


def denial(outcomes: list[AnyOutcome]) -> str:
    """Return the code of the one denial, or `ok`."""
    denials = of_type(outcomes, OrderDenied)
    return denials[0].code if denials else "ok"


# ------------------------------------------------------------------------------------ orders that work


@pytest.mark.parametrize("stop", [halt, kill])
def test_halt_and_kill_cancel_what_adds_risk_and_leave_what_only_shrinks(
    desk: Desk, stop: Stop
) -> None:
    sleeves = desk.sleeve_order("buy", "0.001", "9950")
    outcomes = stop(desk.world)
    assert cancelled(outcomes) == ids(desk.adding, desk.too_large, desk.elsewhere, sleeves)
    assert desk.world.order(desk.protective.intent.client_order_id).state == "accepted"
    assert desk.world.order(desk.exit.intent.client_order_id).state == "accepted"
    assert desk.world.net() == 2000


@pytest.mark.parametrize(("stop", "state"), [(halt, "REDUCING"), (kill, "HALTED")])
def test_halt_and_kill_name_their_state_and_reason(desk: Desk, stop: Stop, state: str) -> None:
    (change,) = of_type(stop(desk.world), TradingStateChanged)
    assert (change.state, desk.world.state.trading_state) == (state, state)
    assert desk.world.state.reason == change.reason == ("lunch" if state == "REDUCING" else "fire")


def test_a_stop_told_twice_changes_and_cancels_nothing_again(desk: Desk) -> None:
    halt(desk.world)
    assert halt(desk.world) == []
    kill(desk.world)
    assert kill(desk.world) == []


def test_an_unknown_order_that_adds_risk_is_told_to_end_each_time(desk: Desk) -> None:
    (submit,) = of_type(desk.world.request("buy", 100), Submit)
    desk.world.state.blotter.mark(submit.order.client_order_id, "unknown", desk.world.now)
    for _ in range(2):
        assert submit.order.client_order_id in cancelled(halt(desk.world))
    assert desk.world.order(submit.order.client_order_id).state == "unknown"


def test_halt_does_not_soften_a_kill(desk: Desk) -> None:
    kill(desk.world)
    assert of_type(halt(desk.world), TradingStateChanged) == []
    assert desk.world.state.trading_state == "HALTED"


def test_kill_hardens_a_halt(desk: Desk) -> None:
    halt(desk.world)
    kill(desk.world)
    assert desk.world.state.trading_state == "HALTED"


def test_pausing_a_sleeve_cancels_its_adding_orders_only(desk: Desk) -> None:
    adding = desk.sleeve_order("buy", "0.001", "9950")
    outcomes = pause(desk.world)
    assert of_type(outcomes, SleevePaused) == [
        SleevePaused(sleeve=SLEEVE, reason="odd", failed=False)
    ]
    assert cancelled(outcomes) == ids(adding)
    assert desk.world.state.trading_state == "ACTIVE"


def test_pausing_leaves_the_sleeves_own_exit(desk: Desk) -> None:
    desk.world.cancelled(desk.exit.intent)
    desk.world.cancelled(desk.too_large.intent)
    exit_order = desk.sleeve_order("sell", "0.01", "10050")
    assert cancelled(pause(desk.world)) == set()
    assert desk.world.order(exit_order.intent.client_order_id).is_open


@pytest.mark.parametrize(
    "sick",
    [
        FeedChanged(instrument=BTC_ID, state="down"),
        FeedChanged(instrument=BTC_ID, state="ended"),
        FeedGap(instrument=BTC_ID, ts_event=0, ts_recv=0, expected_id=1, got_id=3),
    ],
    ids=["down", "ended", "gap"],
)
def test_a_sick_feed_cancels_nothing(desk: Desk, sick: FeedChanged | FeedGap) -> None:
    assert desk.world.send(sick) == []


# ------------------------------------------------------------------------------------ new orders

ADDING, EXIT, PROTECTIVE = "adding", "exit", "protective"


def try_by_hand(world: World, what: str) -> str:
    if what == ADDING:
        return denial(world.request("buy", 100))
    return denial(world.request("sell", 100, limit=9_990_00, reduce_only=what == PROTECTIVE))


def stale(world: World) -> list[AnyOutcome]:
    world.now += 3 * SECOND
    return []


def down(world: World) -> list[AnyOutcome]:
    return world.send(FeedChanged(instrument=BTC_ID, state="down"))


@pytest.mark.parametrize(
    ("stop", "what", "code"),
    [
        (halt, ADDING, "reducing"),
        (halt, EXIT, "ok"),
        (halt, PROTECTIVE, "ok"),
        (kill, ADDING, "halted"),
        (kill, EXIT, "halted"),
        (kill, PROTECTIVE, "ok"),
        (stale, ADDING, "feed_not_up"),
        (stale, EXIT, "ok"),
        (stale, PROTECTIVE, "ok"),
        (down, ADDING, "feed_not_up"),
        (down, EXIT, "ok"),
        (down, PROTECTIVE, "ok"),
        (pause, ADDING, "ok"),
        (pause, EXIT, "ok"),
        (pause, PROTECTIVE, "ok"),
    ],
)
def test_what_a_hand_may_still_place(stop: Stop, what: str, code: str) -> None:
    world = World(policies={SLEEVE: loaded(Scripted())})
    world.market()
    world.hold(2000)
    stop(world)
    assert try_by_hand(world, what) == code
    assert world.net() == 2000


@pytest.mark.parametrize(
    ("stop", "what", "code"),
    [
        (pause, ADDING, "sleeve_paused"),
        (pause, EXIT, "ok"),
        (pause, PROTECTIVE, "ok"),
        (halt, ADDING, "reducing"),
        (halt, EXIT, "ok"),
        (halt, PROTECTIVE, "ok"),
    ],
)
def test_what_a_sleeve_may_still_place(stop: Stop, what: str, code: str) -> None:
    policy = Scripted()
    world = World(policies={SLEEVE: loaded(policy)})
    world.market()
    world.hold(2000, owner=SLEEVE)
    stop(world)
    order = (
        buy(Decimal("0.001"), limit=Decimal(9990))
        if what == ADDING
        else sell(Decimal("0.001"), limit=Decimal(9990), reduce_only=what == PROTECTIVE)
    )
    policy.answers.append(OrderSeq.of(order, because=why("test")))
    assert denial(world.market(bid=9_998_00)) == code


def test_no_sleeve_is_asked_while_halted_and_all_are_while_reducing(desk: Desk) -> None:
    asked = desk.policy.asked
    halt(desk.world)
    desk.tick()
    assert desk.policy.asked == asked + 1
    kill(desk.world)
    desk.tick()
    assert desk.policy.asked == asked + 1


def test_stale_data_heals_by_itself(desk: Desk) -> None:
    desk.world.now += 3 * SECOND
    assert try_by_hand(desk.world, ADDING) == "feed_not_up"
    desk.tick()
    assert try_by_hand(desk.world, ADDING) == "ok"


def test_an_unknown_order_stops_new_risk_in_its_instrument_only(desk: Desk) -> None:
    (submit,) = of_type(desk.world.request("buy", 100), Submit)
    desk.world.state.blotter.mark(submit.order.client_order_id, "unknown", desk.world.now)
    assert try_by_hand(desk.world, ADDING) == "unresolved_order"
    assert denial(desk.world.request("buy", 100, limit=1000_00, instrument=ETH_ID)) == "ok"
    desk.world.cancelled(desk.exit.intent)
    assert try_by_hand(desk.world, PROTECTIVE) == "ok"


# ------------------------------------------------------------------------------------ after the stop


def test_an_order_that_turns_up_working_in_a_stopped_engine_is_taken_out(desk: Desk) -> None:
    (submit,) = of_type(desk.world.request("buy", 100), Submit)
    desk.world.state.blotter.mark(submit.order.client_order_id, "unknown", desk.world.now)
    halt(desk.world)
    outcomes = desk.world.report(submit.order, "working")
    assert cancelled(outcomes) == {submit.order.client_order_id}
    assert of_type(outcomes, Cancel)[0].because == why("state", state="REDUCING")


def test_a_late_acceptance_of_a_paused_sleeve_is_taken_out(desk: Desk) -> None:
    order = buy(Decimal("0.001"), limit=Decimal(9950))
    (submit,) = of_type(desk.sleeve_says(order), Submit)
    desk.world.state.blotter.mark(submit.order.client_order_id, "unknown", desk.world.now)
    pause(desk.world)
    outcomes = desk.world.accept(submit.order)
    assert cancelled(outcomes) == {submit.order.client_order_id}
    assert of_type(outcomes, Cancel)[0].because == why("sleeve-paused", sleeve=SLEEVE)
    assert desk.world.accept(desk.adding.intent) == []


def test_an_exit_that_a_fill_made_too_large_is_taken_out_while_reducing() -> None:
    world = World()
    world.market()
    world.hold(1000)
    keeps = world.place("sell", 600, limit=10_100_00)
    going = world.place("sell", 600, limit=10_200_00)
    assert cancelled(halt(world)) == ids(going)
    # The cancel came too late: it filled, and what stayed would now turn the position.
    assert cancelled(world.fill(going.intent)) == ids(keeps)


def test_reduce_only_orders_that_a_smaller_position_no_longer_covers_go_newest_first() -> None:
    world = World()
    world.market()
    world.hold(1000)
    first = world.place("sell", 400, limit=9_800_00, reduce_only=True)
    second = world.place("sell", 600, limit=9_700_00, reduce_only=True)
    (submit,) = of_type(world.request("sell", 100, limit=9_990_00, tif="ioc"), Submit)
    outcomes = world.fill(submit.order)
    assert cancelled(outcomes) == ids(second)
    # What still fits goes out again once the venue has confirmed the cancel.
    assert of_type(outcomes, Cancel)[0].because == why("amend")
    assert [held.order.quantity for held in of_type(outcomes, OrderHeld)] == [500]
    assert cancelled(world.fill(first.intent)) == set()


def test_a_reduce_only_order_that_covers_exactly_what_is_left_stays() -> None:
    world = World()
    world.market()
    world.hold(1000)
    stop = world.place("sell", 400, limit=9_800_00, reduce_only=True)
    (submit,) = of_type(world.request("sell", 600, limit=9_990_00, tif="ioc"), Submit)
    assert cancelled(world.fill(submit.order)) == set()
    assert world.order(stop.intent.client_order_id).is_open


def test_a_reduce_only_order_never_counts_as_adding_however_little_is_held() -> None:
    world = World()
    world.market()
    world.hold(1000)
    stop = world.place("sell", 1000, limit=9_800_00, reduce_only=True)
    world.hold(-900)
    refused = CancelRejected(client_order_id=stop.intent.client_order_id, reason="busy", ts_event=0)
    world.send(refused)
    assert world.order(stop.intent.client_order_id).state == "accepted"
    assert cancelled(halt(world)) == set()


def test_reduce_only_orders_go_when_the_position_turned_or_ended() -> None:
    world = World()
    world.market()
    world.hold(1000)
    stop = world.place("sell", 1000, limit=9_800_00, reduce_only=True)
    (submit,) = of_type(world.request("sell", 1500, limit=9_990_00, tif="ioc"), Submit)
    assert cancelled(world.fill(submit.order, 900)) == ids(stop)
    assert cancelled(world.fill(submit.order, 600)) == set()
    assert world.net() == -500


# ------------------------------------------------------------------------------------ resume


@pytest.mark.parametrize("stop", [halt, kill])
def test_resume_lifts_with_its_reason(desk: Desk, stop: Stop) -> None:
    stop(desk.world)
    (change,) = of_type(resume(desk.world), TradingStateChanged)
    assert (change.state, change.reason) == ("ACTIVE", "understood")
    assert desk.world.state.reason is None
    assert try_by_hand(desk.world, ADDING) == "ok"


def test_resume_of_an_active_engine_does_nothing(desk: Desk) -> None:
    assert resume(desk.world) == []


def differing(world: World, *, cash: str = "1") -> AccountReported:
    return AccountReported(
        account=ACCOUNT,
        cash={"USDT": Decimal(cash)},
        positions={BTC_ID: world.net()},
        open_orders=(),
    )


def test_halted_over_a_difference_needs_a_clean_report_to_be_lifted(desk: Desk) -> None:
    world = desk.world
    outcomes = world.stands(differing(world))
    assert world.state.trading_state == "HALTED"
    assert world.state.reason is not None
    assert world.state.reason.startswith("reconcile: cash USDT: ledger ")
    assert cancelled(outcomes) == ids(desk.adding, desk.too_large, desk.elsewhere)
    refused = resume(world)
    assert [type(outcome) for outcome in refused][:2] == [Alert, QueryAccount]
    assert world.state.trading_state == "HALTED"
    world.send(differing(world, cash=str(world.state.ledger.balance(ACCOUNT, "USDT"))))
    resume(world)
    assert world.state.trading_state == "ACTIVE"


def test_a_sleeve_resumes_by_name(desk: Desk) -> None:
    pause(desk.world)
    outcomes = desk.world.send(SleeveResumeRequested(sleeve=SLEEVE, reason="looked"))
    assert outcomes == [SleeveResumed(sleeve=SLEEVE, reason="looked")]
    assert desk.world.send(SleeveResumeRequested(sleeve=SLEEVE, reason="again")) == []
    assert desk.world.send(SleeveResumeRequested(sleeve=Owner("no"), reason="")) == []
    order = buy(Decimal("0.001"), limit=Decimal(9950))
    assert denial(desk.sleeve_says(order)) == "ok"


def test_resuming_the_engine_leaves_a_paused_sleeve_paused(desk: Desk) -> None:
    pause(desk.world)
    halt(desk.world)
    resume(desk.world)
    order = buy(Decimal("0.001"), limit=Decimal(9950))
    assert denial(desk.sleeve_says(order)) == "sleeve_paused"


def test_a_failed_sleeve_is_not_asked_and_a_pause_does_not_heal_it(desk: Desk) -> None:
    outcomes = desk.world.send(SleeveFailed(sleeve=SLEEVE, reason="ZeroDivisionError"))
    assert of_type(outcomes, SleevePaused)[0].failed
    assert of_type(outcomes, Alert)[0].text == "sleeve trend paused: ZeroDivisionError"
    (again,) = of_type(pause(desk.world), SleevePaused)
    assert again.failed
    asked = desk.policy.asked
    desk.tick()
    assert desk.policy.asked == asked
    desk.world.send(SleeveResumeRequested(sleeve=SLEEVE, reason="fixed"))
    desk.world.market(bid=9_997_00)
    assert desk.policy.asked == asked + 1


def test_pausing_a_sleeve_that_does_not_run_says_so(desk: Desk) -> None:
    (alert,) = desk.world.send(SleevePauseRequested(sleeve=Owner("ghost"), reason=""))
    assert isinstance(alert, Alert)
    assert alert.text == "no sleeve ghost runs: nothing paused"


# ------------------------------------------------------------------------------------ cancels by hand


def test_cancel_takes_out_one_all_or_those_that_match(desk: Desk) -> None:
    world = desk.world
    only = world.send(CancelRequested(client_order_id=desk.exit.intent.client_order_id))
    assert cancelled(only) == ids(desk.exit)
    assert cancelled(world.send(CancelRequested(instrument=ETH_ID))) == ids(desk.elsewhere)
    assert cancelled(world.send(CancelRequested(side="buy"))) == ids(desk.adding)
    assert cancelled(world.send(CancelRequested())) == ids(desk.protective, desk.too_large)
    assert world.send(CancelRequested()) == []
    again = world.send(CancelRequested(client_order_id=desk.exit.intent.client_order_id))
    assert cancelled(again) == ids(desk.exit)


# ------------------------------------------------------------------------------------ limits that pull


def watched(**limits: object) -> World:
    world = World(limits=msgspec.structs.replace(WIDE_OPEN, **limits), cash="1000")
    world.market()
    world.hold(
        1000
    )  # 0.01 BTC: 100 of 1000, so that a price of x moves equity by (x - 10,000) / 100
    return world


def price(world: World, mid: int) -> list[AnyOutcome]:
    """Move the market and wait until equity is looked at."""
    world.now += MARK_PERIOD
    return world.market(mid - 10, mid + 10)


def changes(outcomes: list[AnyOutcome]) -> list[tuple[str, str]]:
    return [(change.state, change.reason) for change in of_type(outcomes, TradingStateChanged)]


def test_day_loss_at_its_cap_pulls_reducing_and_a_cent_less_does_not() -> None:
    world = watched(day_loss=Decimal("0.02"))
    assert changes(price(world, 8_000_10)) == []
    assert changes(price(world, 8_000_00)) == [("REDUCING", "day loss 2.00 %, at most 2.00 %")]


def test_drawdown_at_its_cap_pulls_halted_from_any_state() -> None:
    world = watched(drawdown=Decimal("0.02"))
    price(world, 12_000_00)  # peak 1020, cap 999.60
    halt(world)
    assert changes(price(world, 9_960_10)) == []
    assert changes(price(world, 9_960_00)) == [
        ("HALTED", "drawdown 2.00 % from peak, at most 2.00 %")
    ]
    assert changes(price(world, 9_000_00)) == []


def test_a_limit_that_is_off_never_pulls() -> None:
    world = watched()
    price(world, 1_000_00)
    assert world.state.trading_state == "ACTIVE"


def test_equity_is_looked_at_once_a_second_for_the_market_and_at_once_after_a_fill() -> None:
    world = watched(day_loss=Decimal("0.02"))
    price(world, 10_000_00)
    assert changes(world.market(7_999_90, 8_000_10)) == []
    order = world.place("buy", 100, limit=8_000_00)
    assert changes(world.fill(order.intent, 10))[0][0] == "REDUCING"


def test_what_an_operator_lifted_is_measured_from_there() -> None:
    world = watched(day_loss=Decimal("0.02"))
    price(world, 8_000_00)
    lifted = resume(world)
    assert world.state.trading_state == "ACTIVE"
    assert of_type(lifted, EquityMarked)[0].loss_from == "980.00000000"
    assert changes(price(world, 7_000_00)) == []
    assert changes(price(world, 6_041_00))[:1] == []
    assert changes(price(world, 6_040_00)) == [("REDUCING", "day loss 2.00 %, at most 2.00 %")]


def test_a_lifted_drawdown_follows_the_recovery_until_the_old_peak() -> None:
    world = watched(drawdown=Decimal("0.02"))
    price(world, 8_000_00)
    assert world.state.trading_state == "HALTED"
    resume(world)
    assert (world.state.drawdown_from, world.state.peak) == (Decimal(980), Decimal(1000))
    price(world, 9_000_00)
    assert world.state.drawdown_from == Decimal(990)
    assert changes(price(world, 7_020_10)) == []
    price(world, 10_100_00)
    assert (world.state.drawdown_from, world.state.peak) == (None, Decimal(1001))


def test_a_resume_that_lifted_no_limit_moves_no_figure() -> None:
    world = watched(day_loss=Decimal("0.02"), drawdown=Decimal("0.10"))
    price(world, 9_900_00)
    halt(world)
    assert of_type(resume(world), EquityMarked) == []


def test_the_day_begins_at_its_boundary_with_what_is_there() -> None:
    world = watched(day_loss=Decimal("0.02"))
    price(world, 9_000_00)
    assert world.state.day_start == Decimal(1000)
    world.now += DAY
    (mark,) = of_type(price(world, 8_500_00), EquityMarked)
    assert (mark.day_start, mark.peak) == ("985.00000000", "1000")
    assert world.state.trading_state == "ACTIVE"


def next_day(world: World, resume_by: str = "next-day") -> World:
    start = msgspec.structs.replace(world.start, resume=resume_by)
    world.send(start)
    price(world, 10_000_00)
    return world


def test_a_new_day_lifts_a_day_loss_where_the_configuration_says_so() -> None:
    world = next_day(watched(day_loss=Decimal("0.02")))
    price(world, 8_000_00)
    recovered = world.recovered()
    for one in (world, recovered):
        one.now = world.now + DAY
        assert changes(price(one, 8_000_00)) == [("ACTIVE", "next day")]
        assert one.state.reason is None
        # And it watches the new day.
        assert changes(price(one, 6_040_00))[0][0] == "REDUCING"


def test_a_new_day_lifts_nothing_else_and_not_without_being_told_to() -> None:
    operators = next_day(watched(day_loss=Decimal("0.02")), "operator")
    price(operators, 8_000_00)
    halted = next_day(watched(day_loss=Decimal("0.02")))
    halt(halted)
    both = next_day(watched(day_loss=Decimal("0.02")))
    price(both, 8_000_00)
    halt(both)  # the operator has it now
    for world in (operators, halted, both):
        world.now += DAY
        assert changes(price(world, 8_000_00)) == []
        assert world.state.trading_state == "REDUCING"


def test_a_day_loss_of_the_old_day_is_not_pulled_again_by_the_new_one() -> None:
    world = next_day(watched(day_loss=Decimal("0.02")))
    price(world, 8_000_00)
    world.now += DAY
    assert changes(price(world, 7_000_00)) == [("ACTIVE", "next day")]


@pytest.mark.parametrize(("why_moved", "flows"), [("deposit", True), ("funding", False)])
def test_a_deposit_is_no_profit_and_a_payment_is(why_moved: str, flows: bool) -> None:  # noqa: FBT001
    world = watched()
    price(world, 10_000_00)
    world.send(
        CashMoved(
            movement_id="m2",
            account=ACCOUNT,
            asset="USDT",
            amount=Decimal(500),
            why=why_moved,  # pyright: ignore[reportArgumentType]
            ts_event=0,
        )
    )
    expected = Decimal(1500) if flows else Decimal(1000)
    assert (world.state.day_start, world.state.peak) == (expected, expected)


def test_a_deposit_in_another_asset_moves_no_figure() -> None:
    world = watched()
    world.send(
        CashMoved(
            movement_id="m2",
            account=ACCOUNT,
            asset="BNB",
            amount=Decimal(5),
            why="deposit",
            ts_event=0,
        )
    )
    assert world.state.peak == Decimal(1000)


def rejections(world: World, count: int) -> list[AnyOutcome]:
    outcomes: list[AnyOutcome] = []
    for _ in range(count):
        (submit,) = of_type(world.request("buy", 100), Submit)
        outcomes += world.reject(submit.order)
        outcomes += world.reject(submit.order)  # told twice, counted once
    return outcomes


def test_rejections_in_a_row_pull_reducing_at_the_cap() -> None:
    world = World(limits=msgspec.structs.replace(WIDE_OPEN, rejects_in_row=5))
    world.market()
    assert changes(rejections(world, 4)) == []
    assert changes(rejections(world, 1)) == [("REDUCING", "5 rejections in a row, at most 5")]
    resume(world)
    assert changes(rejections(world, 4)) == []


def test_an_acceptance_between_breaks_the_row_of_rejections() -> None:
    world = World(limits=msgspec.structs.replace(WIDE_OPEN, rejects_in_row=5))
    world.market()
    rejections(world, 4)
    world.place("buy", 100)
    assert changes(rejections(world, 4)) == []
    assert world.state.rejects_in_row == 4


def test_a_start_begins_the_row_of_rejections_anew() -> None:
    world = World(limits=msgspec.structs.replace(WIDE_OPEN, rejects_in_row=5))
    world.market()
    rejections(world, 4)
    world.send(world.start)
    assert world.state.rejects_in_row == 0


def test_rejections_pull_even_while_equity_is_unknown() -> None:
    world = World(limits=msgspec.structs.replace(WIDE_OPEN, rejects_in_row=1))
    world.market()
    (submit,) = of_type(world.request("buy", 100), Submit)
    world.hold(100, instrument=ETH_ID, price=1000_00)  # no market, no mark
    assert world.state.equity() is None
    assert changes(world.reject(submit.order))[0][0] == "REDUCING"


def test_a_limit_lifted_without_known_equity_is_not_measured_anew() -> None:
    world = watched(day_loss=Decimal("0.02"))
    price(world, 8_000_00)
    world.hold(100, instrument=ETH_ID, price=1000_00)
    assert of_type(resume(world), EquityMarked) == []


def test_a_flatten_in_progress_must_end_before_resume(desk: Desk) -> None:
    desk.world.send(FlattenRequested(instrument=BTC_ID))
    (alert,) = resume(desk.world)
    assert isinstance(alert, Alert)
    assert alert.text == "still HALTED, flattening sandbox:BTCUSDT: wait until it ends"


def test_the_hand_owns_what_a_person_places(desk: Desk) -> None:
    outcomes = desk.world.send(
        PlaceOrder(
            request_id=RequestId("mine"),
            account=ACCOUNT,
            instrument=BTC_ID,
            side="buy",
            type="limit",
            tif="gtc",
            quantity=100,
            limit_price=10_000_00,
        )
    )
    assert of_type(outcomes, Submit)[0].order.owner == HAND
