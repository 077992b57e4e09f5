"""Never lost, never twice: busts, late fees, strangers' orders, answers, and whatever a venue may say."""

from decimal import Decimal
from typing import Literal, cast

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engine.core.builders import (
    ACCOUNT,
    BTC_ID,
    World,
    contents,
    fill_of,
    intent,
    of_type,
    started,
)

from tradebot.engine.core.checkpoint import freeze
from tradebot.engine.core.comparison import CONFIRM_AFTER
from tradebot.engine.core.differences import difference_id
from tradebot.engine.core.events import (
    AccountReported,
    CashMoved,
    DifferenceAnswerRequested,
    ExecutionBusted,
    ExecutionCorrected,
    FeeCharged,
    OrderFilled,
    OrderReported,
    ReconcileRequested,
    ReportedOrder,
    StreamChanged,
    VenueEvent,
)
from tradebot.engine.core.outcomes import (
    Alert,
    Cancel,
    FillBooked,
    OrderDenied,
    OrderFound,
    QueryAccount,
    QueryOrder,
    StartRefused,
    Submit,
)
from tradebot.engine.core.types import (
    HAND,
    MINUTE,
    SECOND,
    UNCLAIMED,
    AccountName,
    ClientOrderId,
    DifferenceAnswer,
    EngineId,
    ExecutionId,
    Owner,
)

PHONE = ClientOrderId("phone-1")


@pytest.fixture
def world() -> World:
    world = World()
    world.market()
    return world


def report(world: World, **change: object) -> AccountReported:
    """Return what an honest venue would say, changed."""
    ledger, state = world.state.ledger, world.state
    true = AccountReported(
        account=ACCOUNT,
        cash={"USDT": ledger.balance(ACCOUNT, "USDT")},
        positions={BTC_ID: world.net()} if world.net() else {},
        open_orders=tuple(o.intent.client_order_id for o in state.blotter.open()),
    )
    return msgspec.structs.replace(true, **change)


def by_phone(**change: object) -> ReportedOrder:
    told = ReportedOrder(
        client_order_id=PHONE,
        instrument=BTC_ID,
        side="buy",
        type="limit",
        quantity=500,
        limit_price=9_000_00,
    )
    return msgspec.structs.replace(told, **change)


def answer(
    world: World,
    kind: Literal["order", "fill", "position", "cash"],
    about: str,
    word: DifferenceAnswer,
    owner: Owner | None = None,
) -> list[object]:
    key = difference_id(ACCOUNT, kind, about)
    event = DifferenceAnswerRequested(difference_id=key, answer=word, owner=owner, reason="looked")
    return [*world.send(event)]


def books(world: World) -> object:
    """Return all money and positions, comparable by value."""
    ledger = world.state.ledger
    held = [(key, position) for key, position in ledger.positions() if position != type(position)()]
    cash = {asset: ledger.balance(ACCOUNT, asset) for asset in ("USDT", "BNB")}
    return contents({"held": held, "cash": cash})


# ------------------------------------------------------------------------------------ differences


def test_a_fill_between_two_reports_is_no_difference(world: World) -> None:
    """docs/failures.md, 12: fills missed; but one in flight halts nobody."""
    order = world.place("buy", 1000).intent
    early = report(world, positions={BTC_ID: 1000}, cash={"USDT": Decimal(99900)})
    world.send(early)
    world.fill(order, 1000)
    world.timers_until(world.now + CONFIRM_AFTER)
    world.send(report(world))
    assert world.state.trading_state == "ACTIVE"
    assert world.state.accounts[ACCOUNT].differences == {}


def test_a_difference_keeps_its_age_and_asks_again_until_it_has_gone(world: World) -> None:
    wrong = report(world, cash={"USDT": Decimal(5)})
    world.stands(wrong)
    (known,) = world.state.accounts[ACCOUNT].differences.values()
    assert known.confirmed
    assert known.since < world.now - CONFIRM_AFTER + SECOND
    asked = of_type(world.timers_until(world.now + MINUTE), QueryAccount)
    assert 1 <= len(asked) <= 20
    outcomes = world.send(report(world))
    assert any("agrees again" in alert.text for alert in of_type(outcomes, Alert))
    assert world.state.trading_state == "HALTED", "only an operator leaves it"


def test_a_position_the_venue_lost_is_never_closed_by_an_invented_fill(world: World) -> None:
    """docs/failures.md, 1: no synthetic opposite fill."""
    world.hold(1000)
    outcomes = world.stands(report(world, positions={}))
    assert world.net() == 1000
    assert of_type(outcomes, FillBooked) == []
    assert world.state.trading_state == "HALTED"


def test_a_position_older_than_the_fills_is_adopted_at_the_venues_average_price(
    world: World,
) -> None:
    """docs/failures.md, 4: 75 here, -65 at the venue, held longer than fills are told."""
    world.hold(75)
    old = report(
        world,
        positions={BTC_ID: -65},
        average_prices={BTC_ID: Decimal("9000.00")},
        fills_since=world.now + SECOND,
    )
    world.state.accounts[ACCOUNT].covered = 0
    world.stands(old)
    held = world.state.ledger.position(ACCOUNT, BTC_ID, UNCLAIMED)
    assert (held.quantity, held.cost) == (-140, Decimal("-0.00140") * 9000)
    assert world.net() == -65
    assert world.state.trading_state == "ACTIVE"
    before = books(world)
    world.stands(msgspec.structs.replace(old))
    assert books(world) == before


@pytest.mark.parametrize("change", [{}, {"cash": {"USDT": Decimal(5)}}, {"positions": {BTC_ID: 7}}])
def test_a_report_told_twice_is_told_once(world: World, change: dict[str, object]) -> None:
    """docs/failures.md, 2, 6: reconciling twice changes nothing."""
    world.hold(500)
    told = report(world, **change)
    world.send(told)
    before = books(world), dict(world.state.accounts[ACCOUNT].differences)
    world.send(told)
    assert (books(world), dict(world.state.accounts[ACCOUNT].differences)) == before


# ------------------------------------------------------------------------------------ answers


def test_adopting_a_position_twice_adopts_it_once(world: World) -> None:
    world.stands(report(world, positions={BTC_ID: 300}))
    answer(world, "position", BTC_ID, "adopt")
    assert world.state.ledger.position(ACCOUNT, BTC_ID, HAND).quantity == 300
    before = books(world)
    assert any(isinstance(one, Alert) for one in answer(world, "position", BTC_ID, "adopt"))
    assert books(world) == before


def test_adopting_cash_books_a_correction(world: World) -> None:
    world.stands(report(world, cash={"USDT": Decimal("99999.5")}))
    answer(world, "cash", "USDT", "adopt")
    assert world.state.ledger.balance(ACCOUNT, "USDT") == Decimal("99999.5")
    assert not any(world.state.ledger.trial_balance().values())


def test_an_ignored_difference_is_silent_until_it_changes(world: World) -> None:
    wrong = report(world, cash={"USDT": Decimal(5)})
    world.stands(wrong)
    answer(world, "cash", "USDT", "ignore")
    account = world.state.accounts[ACCOUNT]
    assert account.open_differences() == []
    assert of_type(world.stands(wrong), Alert) == []
    world.stands(report(world, cash={"USDT": Decimal(6)}))
    assert [known.theirs for known in account.open_differences()] == ["6"]


def test_flattening_what_the_ledger_lacks_takes_it_in_and_closes_it(world: World) -> None:
    world.stands(report(world, positions={BTC_ID: 300}))
    outcomes = answer(world, "position", BTC_ID, "flatten")
    (closing,) = [one.order for one in outcomes if isinstance(one, Submit)]
    assert (closing.side, closing.quantity, closing.owner) == ("sell", 300, UNCLAIMED)


# ------------------------------------------------------------------------------------ strangers


def test_an_order_placed_by_phone_is_unclaimed_counted_and_cancellable(world: World) -> None:
    """docs/failures.md, 5, 8, 9, 14: open orders come from the open-order query; ownership from the id."""
    told = report(world, orders=(by_phone(),))
    outcomes = world.send(told)
    assert len(of_type(outcomes, OrderFound)) == 1
    assert world.state.trading_state == "ACTIVE"
    assert world.state.blotter.leaves(ACCOUNT, BTC_ID, "buy") == 500
    assert of_type(world.send(told), OrderFound) == []
    held = world.order(PHONE)
    assert held.intent.owner == UNCLAIMED
    answer(world, "order", PHONE, "adopt", HAND)
    assert world.order(PHONE).intent.owner == HAND
    assert any(isinstance(one, Cancel) for one in answer(world, "order", PHONE, "flatten")) is False
    world.send(fill_of(held.intent, 500, 9_000_00, "p1"))
    assert world.state.ledger.position(ACCOUNT, BTC_ID, HAND).quantity == 500


@pytest.mark.parametrize("taken_over", [False, True])
def test_another_engines_orders_refuse_the_start_unless_taken_over(taken_over: bool) -> None:  # noqa: FBT001
    start = (
        msgspec.structs.replace(started(), take_over=(EngineId("zzzzz"),) if taken_over else ())
        if not taken_over
        else msgspec.structs.replace(started(), take_over=(EngineId("vvvvv"),))
    )
    world = World(start=start)
    world.confirms = False
    world.send(start)
    theirs = by_phone(client_order_id=ClientOrderId("tbvvvvv12"))
    outcomes = world.send(report(world, orders=(theirs,)))
    assert bool(of_type(outcomes, StartRefused)) is not taken_over
    assert bool(of_type(outcomes, OrderFound)) is taken_over
    if not taken_over:
        assert "--take-over vvvvv" in (world.state.refused or "")
        assert not world.state.reconciled


def test_a_refused_start_adds_risk_at_no_account() -> None:
    native = World().state.accounts[ACCOUNT].started
    other = msgspec.structs.replace(native, name=AccountName("other"))
    world = World(start=msgspec.structs.replace(started(), accounts=(native, other)))
    world.market()
    world.confirms = False
    world.send(world.start)
    theirs = by_phone(client_order_id=ClientOrderId("tbvvvvv12"))
    world.send(msgspec.structs.replace(report(world, orders=(theirs,)), account=other.name))
    world.send(report(world))
    world.market()
    assert world.state.accounts[ACCOUNT].reconciled
    (denied,) = of_type(world.request("buy", 100), OrderDenied)
    assert denied.code == "not_reconciled"


def test_what_is_told_again_leads_to_nothing_and_is_no_look_at_anything_else(world: World) -> None:
    order = world.place("buy", 100)
    world.fill(order.intent, 40)
    told = next(event for _, event in world.history if isinstance(event, OrderFilled))
    before = freeze(world.state)
    assert world.send(told, after=0) == []
    assert world.send(msgspec.structs.replace(told, source="gap_fill"), after=0) == []
    assert freeze(world.state) == before
    assert of_type(world.send(msgspec.structs.replace(told, quantity=41)), Alert)


def test_a_correction_to_what_was_told_already_is_news_for_what_it_takes_back(world: World) -> None:
    order = world.place("buy", 100)
    for quantity in (40, 30):
        world.fill(order.intent, quantity)
    first, second = (event for _, event in world.history if isinstance(event, OrderFilled))
    world.send(ExecutionCorrected(execution_id=first.execution_id, corrected=second, reason=""))
    assert not world.state.told_again
    assert world.net() == 30


def test_an_order_of_ours_that_the_journal_lost_is_known_again_and_its_id_not_reused(
    world: World,
) -> None:
    """docs/failures.md, 3, 14: ids are facts of the venue, not made anew."""
    lost = by_phone(client_order_id=ClientOrderId("tbabc127v"))
    world.send(report(world, orders=(lost,)))
    assert world.order(lost.client_order_id).intent.owner == UNCLAIMED
    (submit,) = of_type(world.request("buy", 100), Submit)
    assert int(submit.order.client_order_id[7:], 32) > int("7v", 32)


# ------------------------------------------------------------------------------------ busts and fees


@settings(max_examples=40, deadline=None)
@given(
    fills=st.lists(
        st.tuples(st.sampled_from(["buy", "sell"]), st.integers(1, 400), st.integers(900, 1100)),
        min_size=1,
        max_size=8,
    ),
    data=st.data(),
)
def test_a_bust_leaves_the_books_as_if_the_fill_had_never_been(
    fills: list[tuple[Literal["buy", "sell"], int, int]], data: st.DataObject
) -> None:
    """docs/failures.md, 15: the venue's execution id is what a bust speaks of."""
    gone = data.draw(st.integers(0, len(fills) - 1))
    with_it, without = World(), World()
    for number, (side, quantity, price) in enumerate(fills):
        order = intent(side, quantity, number=number + 1, limit=price * 1000)
        event = fill_of(order, quantity, price * 1000, f"x{number}", fee=Decimal("0.25"))
        with_it.send(event)
        if number != gone:
            without.send(event)
    bust = ExecutionBusted(
        execution_id=ExecutionId(f"x{gone}"), account=ACCOUNT, reason="erroneous", ts_event=0
    )
    with_it.send(bust)
    assert books(with_it) == books(without)
    with_it.send(bust)
    assert books(with_it) == books(without)


def test_a_bust_takes_the_orders_count_back_and_one_told_first_keeps_the_fill_out(
    world: World,
) -> None:
    order = world.place("buy", 1000).intent
    world.send(fill_of(order, 400, 10_000_00, "a"))
    early = ExecutionBusted(execution_id=ExecutionId("b"), account=ACCOUNT, reason="", ts_event=0)
    world.send(early)
    world.send(fill_of(order, 600, 10_000_00, "b"))
    assert (world.order(order.client_order_id).filled, world.net()) == (400, 400)
    world.send(msgspec.structs.replace(early, execution_id=ExecutionId("a")))
    known = world.order(order.client_order_id)
    assert (known.filled, known.cost, world.net()) == (0, 0, 0)


def test_a_correction_is_a_bust_and_a_fill_also_under_the_same_id(world: World) -> None:
    order = world.place("buy", 1000).intent
    world.send(fill_of(order, 400, 10_000_00, "a"))
    for name in ("a2", "a2", "a2"):
        right = fill_of(order, 300, 9_990_00, name)
        world.send(ExecutionCorrected(execution_id=ExecutionId("a"), corrected=right, reason=""))
        assert world.net() == 300
    again = fill_of(order, 350, 9_990_00, "a2")
    for _ in range(2):
        world.send(ExecutionCorrected(execution_id=ExecutionId("a2"), corrected=again, reason=""))
        assert (world.net(), world.order(order.client_order_id).filled) == (350, 350)


def test_an_execution_told_on_other_terms_is_a_difference_and_may_be_adopted(world: World) -> None:
    """docs/failures.md, 7, 11: two sources, one writer; a repeat is never a second fill."""
    order = world.place("buy", 1000).intent
    world.send(fill_of(order, 400, 10_000_00, "a"))
    world.send(fill_of(order, 500, 10_000_00, "a"))
    assert world.net() == 400
    assert world.state.trading_state == "HALTED"
    answer(world, "fill", "a", "adopt")
    assert (world.net(), world.order(order.client_order_id).filled) == (500, 500)
    assert world.state.accounts[ACCOUNT].differences == {}


@pytest.mark.parametrize("early", [False, True])
def test_a_fee_told_apart_counts_once_with_the_fee_in_the_fill(world: World, early: bool) -> None:  # noqa: FBT001
    order = world.place("buy", 1000).intent
    fill = fill_of(order, 1000, 10_000_00, "a", fee=Decimal("0.30"))
    fee = FeeCharged(
        fee_id="f1",
        account=ACCOUNT,
        asset="USDT",
        amount=Decimal("0.50"),
        execution_id=ExecutionId("a"),
        client_order_id=order.client_order_id,
        ts_event=0,
    )
    for event in (fee, fill, fee) if early else (fill, fee, fee, fill):
        world.send(event)
    assert world.state.ledger.balance(ACCOUNT, "USDT") == Decimal(99900) - Decimal("0.50")
    assert world.state.ledger.position(ACCOUNT, BTC_ID, HAND).fees == Decimal("0.50")
    assert not any(world.state.ledger.trial_balance().values())


def test_a_fill_after_a_cancel_is_booked_and_too_much_is_told(world: World) -> None:
    order = world.place("buy", 100).intent
    world.cancelled(order)
    assert any("after it was" in a.text for a in of_type(world.fill(order, 60), Alert))
    assert world.net() == 60
    assert any("overfilled" in a.text for a in of_type(world.fill(order, 60), Alert))
    assert world.net() == 120


# ------------------------------------------------------------------------------------ asking


def test_a_mute_venue_is_asked_for_orders_and_accounts_with_growing_pauses(world: World) -> None:
    """docs/failures.md, 20, 24: connected and mute."""
    (submit,) = of_type(world.request("buy", 100), Submit)
    asked = of_type(world.timers_until(world.now + 4 * SECOND), QueryOrder)
    assert [query.client_order_id for query in asked] == [submit.order.client_order_id]
    world.confirms = False
    world.send(StreamChanged(account=ACCOUNT, state="up"))
    queries = of_type(world.timers_until(world.now + 5 * MINUTE), QueryAccount)
    assert 5 <= len(queries) <= 10


def test_a_subscription_that_is_back_and_an_operators_word_ask_the_account(world: World) -> None:
    """docs/failures.md, 16: fills during a disconnect are asked for after it."""
    for event in (
        StreamChanged(account=ACCOUNT, state="up"),
        StreamChanged(account=ACCOUNT, state="stale"),
        ReconcileRequested(),
    ):
        assert of_type(world.send(event), QueryAccount)


def test_an_order_the_report_lacks_is_asked_for(world: World) -> None:
    """docs/failures.md, 12: ghost orders."""
    order = world.place("buy", 100).intent
    world.now += 3 * SECOND
    outcomes = world.send(report(world, open_orders=()))
    assert [q.client_order_id for q in of_type(outcomes, QueryOrder)] == [order.client_order_id]


# ------------------------------------------------------------------------------------ garbage

wild = (
    st.decimals(allow_nan=True, allow_infinity=True)
    | st.decimals(-(10**40), 10**40, allow_nan=False)
    | st.sampled_from([Decimal("1e37"), Decimal("-1e999"), Decimal("1e-60"), Decimal("9" * 38)])
)
units = st.integers(-(2**63), 2**63 - 1) | st.sampled_from([0, 1, 100, -1])
orders = st.sampled_from(["tbabc121", "tbabc122", "tbzzzzz1", "", "phone", "tbabc12zz"])
accounts = st.sampled_from([ACCOUNT, "nowhere", ""])
symbols = st.sampled_from([BTC_ID, "sandbox:ETHUSDT", "x:Y", ""])
texts = st.sampled_from(["", "USDT", "BNB", "BTC", BTC_ID, "x1", "x2", "x3", "\x00é"])


def drawn(data: st.DataObject, kind: type) -> object:
    """Return an event of a kind with arbitrary contents."""
    fields = {field.name: (field.type, field) for field in msgspec.structs.fields(kind)}
    values: dict[str, object] = {}
    for name, (annotation, field) in fields.items():
        values[name] = _value(data, name, annotation, optional=not field.required)
    return kind(**values)


def _value(data: st.DataObject, name: str, annotation: object, *, optional: bool) -> object:
    named: dict[str, st.SearchStrategy[object]] = {
        "client_order_id": orders,
        "replaced": orders,
        "account": accounts,
        "instrument": symbols,
        "cash": st.dictionaries(texts, wild, max_size=3),
        "positions": st.dictionaries(symbols, units, max_size=3),
        "average_prices": st.dictionaries(symbols, wild, max_size=2),
        "open_orders": st.lists(orders, max_size=3).map(tuple),
        "found": st.booleans(),
        "side": st.sampled_from(["buy", "sell"]),
        "liquidity": st.sampled_from(["maker", "taker", ""]),
        "source": st.sampled_from(["stream", "gap_fill", "sweep"]),
        "why": st.sampled_from(["deposit", "withdrawal", "funding", "correction"]),
        "state": st.sampled_from(["working", "filled", "cancelled", "rejected", "expired", ""]),
    }
    if name == "orders":
        return tuple(
            cast("ReportedOrder", drawn(data, ReportedOrder))
            for _ in range(data.draw(st.integers(0, 2)))
        )
    if name == "corrected":
        return drawn(data, OrderFilled)
    if name == "type":
        return "limit"
    if name == "tif":
        return "gtc"
    if name == "reduce_only":
        return data.draw(st.booleans())
    strategy = named.get(name)
    if strategy is None:
        text = str(annotation)
        whole = "int" in text and "NewType" not in text
        strategy = units if whole else wild if "Decimal" in text else texts
    if optional and data.draw(st.booleans()) and "None" in str(annotation):
        return None
    return data.draw(strategy)


KINDS = cast("tuple[type, ...]", VenueEvent.__value__.__args__)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.data())
def test_nothing_a_venue_says_raises_or_unbalances_the_books(data: st.DataObject) -> None:
    world = World()
    world.market()
    world.place("buy", 1000)
    world.place("sell", 500, limit=10_100_00)
    for _ in range(data.draw(st.integers(1, 6))):
        event = cast("OrderReported", drawn(data, data.draw(st.sampled_from(KINDS))))
        world.send(event)
    assert not any(world.state.ledger.trial_balance().values())
    assert contents(world.recovered().state.blotter) == contents(world.state.blotter)


def test_what_cannot_be_booked_is_a_difference_and_stops_new_risk(world: World) -> None:
    order = world.place("buy", 1000).intent
    world.send(fill_of(order, -5, 10_000_00, "neg"))
    assert world.net() == 0
    assert world.state.trading_state == "HALTED"
    moved = CashMoved(
        movement_id="m",
        account=ACCOUNT,
        asset="USDT",
        amount=Decimal("NaN"),
        why="deposit",
        ts_event=0,
    )
    world.send(moved)
    kinds = {known.kind for known in world.state.accounts[ACCOUNT].differences.values()}
    assert kinds == {"fill", "cash"}
