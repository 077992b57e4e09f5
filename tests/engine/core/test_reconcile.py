"""After a start and when nobody knows: ask, twice where absent, and never send again."""

from decimal import Decimal

import msgspec
import pytest
from tests.engine.core.bracket_venue import PLAIN, BracketVenue
from tests.engine.core.builders import ACCOUNT, BTC_ID, ETH_ID, World, of_type, trade

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.actions import OrderSeq
from tradebot.engine.core.asking import FILL_OVERLAP
from tradebot.engine.core.comparison import CONFIRM_AFTER
from tradebot.engine.core.events import (
    AccountReported,
    CancelRejected,
    OrderReported,
    SubmitUnknown,
)
from tradebot.engine.core.needs import Trades
from tradebot.engine.core.orders import ABSENT_AGAIN_AFTER
from tradebot.engine.core.outcomes import (
    Alert,
    AnyOutcome,
    Cancel,
    OrderDenied,
    OrderIntent,
    QueryAccount,
    QueryOrder,
    SetTimer,
    Submit,
)
from tradebot.engine.core.policy import ContextMap
from tradebot.engine.core.portfolio import PortfolioState
from tradebot.engine.core.reasons import why
from tradebot.engine.core.sleeves import LoadedPolicy
from tradebot.engine.core.snapshot import MarketSnapshot
from tradebot.engine.core.types import MS, ClientOrderId, Owner


@pytest.fixture
def world() -> World:
    world = World()
    world.market()
    return world


@pytest.fixture
def order(world: World) -> OrderIntent:
    """An order that was sent and of which nothing was heard."""
    (submit,) = of_type(world.request("buy", 1000), Submit)
    return submit.order


def lost(world: World, order: OrderIntent) -> list[AnyOutcome]:
    return world.send(SubmitUnknown(client_order_id=order.client_order_id, reason="timeout"))


def asked(outcomes: list[AnyOutcome]) -> list[ClientOrderId]:
    return [query.client_order_id for query in of_type(outcomes, QueryOrder)]


def state_of(world: World, order: OrderIntent) -> str:
    return world.order(order.client_order_id).state


def test_a_start_asks_for_the_account_and_every_open_order(world: World) -> None:
    working = world.place("buy", 100).intent
    world.fill(working, 10)
    over = world.place("buy", 100).intent
    world.cancelled(over)
    (submit,) = of_type(world.request("buy", 100), Submit)
    outcomes = world.send(world.start)
    newest = world.state.accounts[ACCOUNT].newest_fill
    assert newest > 0
    assert of_type(outcomes, QueryAccount) == [
        QueryAccount(account=ACCOUNT, since=newest - FILL_OVERLAP)
    ]
    assert asked(outcomes) == [working.client_order_id, submit.order.client_order_id]
    assert state_of(world, submit.order) == "unknown"
    assert state_of(world, working) == "partially_filled"


def test_a_start_sends_a_cancel_again_that_may_have_died_with_the_process(world: World) -> None:
    order = world.place("buy", 100)
    world.state.blotter.mark(order.intent.client_order_id, "pending_cancel", world.now)
    outcomes = world.send(world.start)
    assert of_type(outcomes, Cancel) == [
        Cancel(
            client_order_id=order.intent.client_order_id, account=ACCOUNT, because=why("restart")
        )
    ]
    assert of_type(outcomes, Submit) == []


def test_an_unknown_submit_is_asked_for_at_once_and_again_until_there_is_an_answer(
    world: World, order: OrderIntent
) -> None:
    assert asked(lost(world, order)) == [order.client_order_id]
    assert lost(world, order) == [
        QueryOrder(client_order_id=order.client_order_id, account=ACCOUNT)
    ]
    for _ in range(3):
        due = world.now + ABSENT_AGAIN_AFTER
        assert asked(world.timers_until(due)) == [order.client_order_id]
    world.report(order, "working")
    assert state_of(world, order) == "accepted"
    assert asked(world.timers_until(world.now + 2 * ABSENT_AGAIN_AFTER)) == []


def test_a_cancel_refused_for_an_unheard_of_order_asks_for_it(
    world: World, order: OrderIntent
) -> None:
    world.state.blotter.mark(order.client_order_id, "pending_cancel", world.now)
    refused = CancelRejected(
        client_order_id=order.client_order_id, reason="unknown order", ts_event=0
    )
    assert asked(world.send(refused)) == [order.client_order_id]
    assert world.send(msgspec.structs.replace(refused, client_order_id="no")) == []


def test_absent_is_asked_again_five_seconds_later_and_then_believed(
    world: World, order: OrderIntent
) -> None:
    lost(world, order)
    first = world.report(order, "", after=500 * MS)
    assert of_type(first, SetTimer) == []  # asked at once: the timer of that asking still stands
    assert asked(world.timers_until(world.now + ABSENT_AGAIN_AFTER)) == [order.client_order_id]
    world.report(order, "")
    assert state_of(world, order) == "unknown"  # not yet five seconds after the first
    assert asked(world.timers_until(world.now + ABSENT_AGAIN_AFTER)) == [order.client_order_id]
    outcomes = world.report(order, "")
    assert state_of(world, order) == "rejected"
    assert [alert.text for alert in of_type(outcomes, Alert)] == [
        "order tbabc121: rejected, never reached the venue"
    ]
    assert world.timers_until(world.now + 4 * ABSENT_AGAIN_AFTER) == []
    assert len(of_type(world.outcomes, Submit)) == 1


def test_an_accepted_order_the_venue_lost_is_asked_for_twice(
    world: World, order: OrderIntent
) -> None:
    world.accept(order)
    (timer,) = of_type(world.report(order, ""), SetTimer)
    assert timer.due == world.now + ABSENT_AGAIN_AFTER
    assert asked(world.timers_until(timer.due)) == [order.client_order_id]
    world.report(order, "")
    assert state_of(world, order) == "cancelled"


def test_fills_a_report_speaks_of_are_asked_for(world: World, order: OrderIntent) -> None:
    world.accept(order)
    outcomes = world.report(order, "working", filled=300)
    assert of_type(outcomes, QueryAccount) == [QueryAccount(account=ACCOUNT, since=0)]
    world.fill(order, 300)
    assert world.report(order, "working", filled=300) == []
    assert of_type(world.report(order, "filled", filled=1000), QueryAccount)
    world.fill(order, 700)
    assert world.report(order, "filled", filled=1000) == []


def test_a_report_of_an_order_that_is_not_ours_is_left_alone(
    world: World, order: OrderIntent
) -> None:
    stranger = msgspec.structs.replace(order, client_order_id=ClientOrderId("no"))
    assert world.report(stranger, "working") == []


# ------------------------------------------------------------------------------------ account


def report(world: World, **change: object) -> AccountReported:
    true = AccountReported(
        account=ACCOUNT,
        cash={"USDT": world.state.ledger.balance(ACCOUNT, "USDT")},
        positions={BTC_ID: world.net()},
        open_orders=tuple(o.intent.client_order_id for o in world.state.blotter.open()),
    )
    return msgspec.structs.replace(true, **change)


def test_a_report_that_agrees_changes_nothing_however_often(world: World) -> None:
    world.hold(1000)
    world.place("buy", 100)
    for _ in range(3):
        assert world.send(report(world)) == []
    assert world.state.trading_state == "ACTIVE"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"positions": {BTC_ID: 1010}}, "position sandbox:BTCUSDT: ledger 0.01000, venue 0.01010"),
        ({"positions": {}}, "position sandbox:BTCUSDT: ledger 0.01000, venue 0.00000"),
        (
            {"positions": {BTC_ID: 1000, ETH_ID: -5}},
            "position sandbox:ETHUSDT: ledger 0.00000, venue -0.00005",
        ),
        (
            {"positions": {BTC_ID: 1000, InstrumentId("x:Y"): 7}},
            "position x:Y: ledger unknown here, venue 7 units",
        ),
        ({"cash": {"USDT": Decimal(5)}}, "cash USDT: ledger 99900.0000000, venue 5"),
        ({"cash": {}}, "cash USDT: ledger 99900.0000000, venue 0"),
        (
            {"open_orders": (ClientOrderId("strange"),)},
            "order strange: ledger unknown, venue open",
        ),
    ],
)
def test_a_difference_halts_and_says_what_it_is(
    world: World, change: dict[str, object], told: str
) -> None:
    world.hold(1000)
    first = world.send(report(world, **change))
    assert world.state.trading_state == "ACTIVE", "one report may be older than a fill"
    assert of_type(first, Alert) == []
    world.timers_until(world.now + CONFIRM_AFTER)
    second = world.send(report(world, **change))
    (alert,) = of_type(second, Alert)
    assert alert.text.startswith(f"account sandbox differs: {told} (for 2 s; ")
    assert world.state.trading_state == "HALTED"
    assert world.state.reason == f"reconcile: {told}"


def test_an_order_open_here_and_not_at_the_venue_is_a_question_not_a_difference(
    world: World,
) -> None:
    world.place("buy", 100)
    (later,) = world.send(report(world, open_orders=()))
    assert isinstance(later, SetTimer)
    assert not world.state.accounts[ACCOUNT].differences


def test_after_a_start_no_new_risk_before_the_venue_has_told_what_the_account_holds() -> None:
    asked: list[int] = []

    class Watcher:
        needs = (Trades(),)

        def decide(
            self,
            portfolio: PortfolioState,
            snapshot: MarketSnapshot,
            context: ContextMap | None = None,
        ) -> OrderSeq:
            asked.append(snapshot.now)
            return OrderSeq.none(because=why("watching"))

    name = Owner("watcher")
    world = World(policies={name: LoadedPolicy(Watcher(), None, None)})
    world.hold(500)
    world.market()
    world.confirms = False
    world.send(world.start)
    world.market()
    world.send(trade(10_000_00))
    assert asked == []
    (denied,) = of_type(world.request("buy", 100), OrderDenied)
    assert denied.code == "not_reconciled"
    exit_order = world.request("sell", 100, limit=10_050_00, reduce_only=True)
    assert of_type(exit_order, Submit), "exits do not wait"
    world.confirm()
    world.send(trade(10_000_00))
    assert len(asked) == 1
    assert of_type(world.request("buy", 100), Submit)


def test_an_order_missing_from_a_report_soon_after_a_word_of_it_is_asked_for_a_little_later(
    world: World, order: OrderIntent
) -> None:
    world.accept(order)
    gone = AccountReported(account=ACCOUNT, cash={}, positions={}, open_orders=())
    outcomes = world.send(gone, after=MS)
    assert not asked(outcomes)
    (timer,) = (
        timer for timer in of_type(outcomes, SetTimer) if timer.timer_id.startswith("missing:")
    )
    assert asked(world.timers_until(timer.due)) == [order.client_order_id]


def test_a_stop_the_engine_holds_is_never_asked_for_and_no_absent_ends_it() -> None:
    venue = BracketVenue(PLAIN)
    venue.fill(venue.place("buy", 500).intent.client_order_id)
    stop = venue.place("sell", 500, kind="stop", limit=None, trigger=9_800_00, reduce_only=True)
    key = stop.intent.client_order_id
    world = venue.world
    report = AccountReported(account=ACCOUNT, cash={}, positions={BTC_ID: 500}, open_orders=())
    assert key not in asked(world.send(report, after=2 * CONFIRM_AFTER))
    assert key not in asked(world.timers_until(world.now + 2 * ABSENT_AGAIN_AFTER))
    absent = OrderReported(
        client_order_id=key, found=False, venue_order_id=None, state="", filled=0, reason=""
    )
    for _ in range(3):
        world.send(absent, after=ABSENT_AGAIN_AFTER)
    assert venue.now(stop).state == "accepted"
    assert venue.now(stop).held
