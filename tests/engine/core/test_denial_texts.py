"""Each refusal names the gate that bound: what was asked, the bound, what to do; joined to its decision."""

from collections.abc import Callable
from decimal import Decimal
from typing import get_args

import msgspec
import pytest
from tests.engine.core.builders import (
    ACCOUNT,
    BTC,
    BTC_ID,
    SLEEVE,
    WIDE_OPEN,
    World,
    intent,
    loaded,
    of_type,
)
from tests.engine.core.test_risk import exposure, picture
from tests.engine.core.test_stops import Scripted

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.accounts import NATIVE_CAPABILITIES
from tradebot.engine.core.actions import OrderSeq, buy
from tradebot.engine.core.events import AmendRequested, Event, PlaceOrder
from tradebot.engine.core.gate_words import DenialCode
from tradebot.engine.core.orders import Order
from tradebot.engine.core.outcomes import Decided, Legs, OrderDenied, OrderIntent
from tradebot.engine.core.picture import OwnPicture, Picture
from tradebot.engine.core.reasons import why
from tradebot.engine.core.risk import check
from tradebot.engine.core.sleeve_limits import OwnLimits
from tradebot.engine.core.terms import check_terms
from tradebot.engine.core.types import HAND, AccountName, ClientOrderId, OrderType, RequestId

type Said = tuple[str, ...]


def seen(**changes: object) -> Picture:
    return msgspec.structs.replace(picture(), **changes)


def capped(**limits: str) -> Picture:
    values = {name: Decimal(text) for name, text in limits.items()}
    return seen(limits=msgspec.structs.replace(WIDE_OPEN, **values))


def owned(capital: int = 1000, **limits: Decimal | int) -> Picture:
    own = OwnPicture(
        limits=OwnLimits(**limits),  # pyright: ignore[reportArgumentType]
        capital=Decimal(capital),
        exposures=(exposure(),),
    )
    return seen(own=own, orders_last_minute=5)


ORDER = intent("buy", 1000, owner=SLEEVE)
"""0.01 BTC at 10,000: 100 USDT."""

BY_GATE: dict[DenialCode, tuple[OrderIntent, Picture, Said]] = {
    "lot_size": (intent(quantity=1005), seen(), ("0.01005", "multiple of 0.0001")),
    "min_quantity": (intent(quantity=10), seen(), ("0.0001", "at least 0.0002")),
    "max_quantity": (intent(quantity=10_000_010), seen(), ("100.0001", "at most 100")),
    "tick_size": (intent(limit=10_000_05), seen(), ("10000.05", "multiple of 0.10")),
    "limit_price_missing": (intent(limit=None), seen(), ("limit order", "needs a limit price")),
    "min_notional": (intent(quantity=20, limit=10), seen(), ("0.0000200", "at least 0.2 USDT")),
    "reduce_only_would_add": (
        intent("sell", 2000, reduce_only=True),
        picture(exposure(1500, sells=100)),
        ("0.02", "position of 0.015", "0.001 already working", "lower the quantity"),
    ),
    "halted": (ORDER, seen(state="HALTED"), ("HALTED", "tradebot resume --reason")),
    "reducing": (ORDER, seen(state="REDUCING"), ("REDUCING", "tradebot resume --reason")),
    "sleeve_paused": (ORDER, seen(sleeve_paused=True), ("trend", "tradebot resume trend")),
    "not_armed": (intent(owner=HAND), seen(armed=False), ("not armed", "tradebot arm")),
    "no_mandate": (ORDER, seen(mandated=False), ("trend", "no mandate", "tradebot mandate trend")),
    "mandate_capital": (
        ORDER,
        seen(capital_left=Decimal(99)),
        ("this order is 100", "leaves 99", "lower the quantity"),
    ),
    "flattening": (ORDER, seen(flattening=True), ("flattened", "until that has ended")),
    "feed_not_up": (ORDER, seen(feed="stale"), ("is stale", "until it is up")),
    "cannot_short": (
        intent("sell", 3000),
        seen(short_allowed=False, exposures=(exposure(2000, sells=500),)),
        ("cannot be sold short", "at most 0.015", "was 0.03"),
    ),
    "unresolved_order": (ORDER, seen(unresolved=True), ("unknown", "until it is resolved")),
    "not_reconciled": (ORDER, seen(reconciled=False), ("not yet told", "before that")),
    "query_unanswered": (ORDER, seen(query_late=True), (ACCOUNT, "more than 30 s", "before it")),
    "stream_not_up": (ORDER, seen(stream="stale"), ("is stale", "until it is up")),
    "clock_offset": (
        ORDER,
        seen(clock="the clock is +900 ms from the venue's, at most 500 ms"),
        ("+900 ms", "at most 500 ms", "until it is right"),
    ),
    "equity_unknown": (ORDER, seen(equity=None), ("equity is unknown", "> 0", "rate")),
    "no_mark": (
        ORDER,
        seen(exposures=(exposure(mark=None),), best_bid=None),
        (BTC_ID, "no price to value", "wait"),
    ),
    "price_collar": (
        intent(limit=10_500_10),
        seen(),
        ("10500.10", "5.00 %", "at most 10500.00"),
    ),
    "max_order": (ORDER, capped(max_order="0.0009"), ("0.10 %", "at most 0.09 %", "lower")),
    "max_position": (ORDER, capped(max_position="0.0009"), ("0.10 %", "at most 0.09 %", "lower")),
    "max_gross": (ORDER, capped(max_gross="0.0009"), ("0.10 %", "at most 0.09 %", "lower")),
    "max_open_risk": (
        ORDER,
        capped(max_open_risk="0.00009"),
        ("0.01 %", "at most 0.01 %", "lower"),
    ),
    "orders_per_minute": (
        ORDER,
        capped(orders_per_minute_sleeve="0"),
        ("0 orders in the last minute", "at most 0", "wait"),
    ),
    "sleeve_capital": (
        ORDER,
        owned(capital=0, max_order=Decimal(1)),
        ("trend is 0", "must be > 0", "tradebot policy capital trend"),
    ),
    "sleeve_max_order": (
        ORDER,
        owned(max_order=Decimal("0.09")),
        ("of trend", "10.00 %", "at most 9.00 %", "lower"),
    ),
    "sleeve_max_position": (
        ORDER,
        owned(max_position=Decimal("0.09")),
        ("of trend", "10.00 %", "at most 9.00 %", "lower"),
    ),
    "sleeve_max_gross": (
        ORDER,
        owned(max_gross=Decimal("0.09")),
        ("of trend", "10.00 %", "at most 9.00 %", "lower"),
    ),
    "sleeve_max_open_risk": (
        ORDER,
        owned(max_open_risk=Decimal("0.009")),
        ("of trend", "1.00 %", "at most 0.90 %", "lower"),
    ),
    "sleeve_orders_per_minute": (
        ORDER,
        owned(orders_per_minute=5),
        ("5 orders of trend", "at most 5", "wait"),
    ),
}


def order_of(kind: OrderType, **changes: object) -> OrderIntent:
    return msgspec.structs.replace(intent(order_type=kind), **changes)


BY_TERMS: dict[DenialCode, tuple[OrderIntent, Said]] = {
    "order_type_unsupported": (order_of("limit"), ("no limit orders", "use stop")),
    "tif_unsupported": (order_of("market", tif="fok"), ("no fok", "use ", "gtc")),
    "trigger_price_missing": (order_of("stop"), ("needs a price", "--trigger")),
    "trail_missing": (order_of("trailing_stop", trail=5), ("positive multiple of 0.10", "trail")),
    "post_only_stop": (
        order_of("stop", trigger_price=100, post_only=True),
        ("a stop takes", "leave post-only out"),
    ),
    "expires_missing": (order_of("market", tif="gtd"), ("needs an end", "--expires")),
    "expires_past": (
        order_of("market", tif="gtd", expires=1),
        ("in the future", "--expires"),
    ),
    "legs_wrong_side": (
        order_of("limit", legs=Legs(stop_loss=10_100_00)),
        ("stop loss of a buy must be below its entry",),
    ),
    "legs_of_an_exit": (
        order_of("limit", reduce_only=True, legs=Legs(stop_loss=9_000_00)),
        ("only closes", "leave"),
    ),
}


def place(world: World, **changes: object) -> Event:
    del world
    order = PlaceOrder(
        request_id=RequestId("q"),
        account=ACCOUNT,
        instrument=BTC_ID,
        side="buy",
        type="limit",
        tif="gtc",
        quantity=1000,
        limit_price=9_000_00,
    )
    return msgspec.structs.replace(order, **changes)


def amend(world: World, order: Order, **changes: object) -> Event:
    del world
    wanted = AmendRequested(request_id=RequestId("q"), client_order_id=order.intent.client_order_id)
    return msgspec.structs.replace(wanted, **changes)


def ended(world: World) -> Order:
    order = world.place("buy", 100, limit=9_000_00)
    world.cancelled(order.intent)
    return order


def leaving(world: World) -> Order:
    order = world.place("buy", 100, limit=9_000_00)
    world.state.blotter.cancelling(order.intent.client_order_id, "test", world.now)
    return order


def against(world: World) -> Order:
    world.place("sell", 100, limit=10_100_00)
    return world.place("buy", 100, limit=9_000_00)


NONE = ClientOrderId("none")
IN_KERNEL: dict[DenialCode, tuple[Callable[[World], Event], Said]] = {
    "unknown_account": (
        lambda w: place(w, account=AccountName("x")),
        ("account x", "this engine's: sandbox"),
    ),
    "unknown_instrument": (
        lambda w: place(w, instrument=InstrumentId("sandbox:ETHUSDT")),
        ("sandbox:ETHUSDT", f"it has {BTC_ID}"),
    ),
    "trigger_not_wanted": (
        lambda w: place(w, trigger_price=100),
        ("limit order has no trigger", "leave it out"),
    ),
    "parent_not_open": (lambda w: place(w, after=NONE), ("order none", "without --after")),
    "oco_not_open": (lambda w: place(w, oco=NONE), ("order none", "must be open")),
    "order_not_open": (
        lambda w: amend(w, ended(w), quantity=10),
        ("is cancelled", "place a new one"),
    ),
    "order_busy": (
        lambda w: amend(w, leaving(w), quantity=10),
        ("is pending_cancel", "wait for the venue"),
    ),
    "nothing_to_amend": (
        lambda w: amend(w, w.place("buy", 100, limit=9_000_00)),
        ("say what to change", "--limit"),
    ),
    "would_cross": (
        lambda w: amend(w, against(w), limit_price=10_100_00),
        ("own sell", "at 10100.00 of hand", "cancel that one first"),
    ),
}

NEVER: dict[DenialCode, str] = {"protect_at": "a line that warns and passes"}


def test_every_code_is_here() -> None:
    codes = [*BY_GATE, *BY_TERMS, *IN_KERNEL, *NEVER]
    assert sorted(codes) == sorted(get_args(DenialCode.__value__))


@pytest.mark.parametrize("code", BY_GATE)
def test_a_refusal_of_the_gate_says_value_bound_and_remedy(code: DenialCode) -> None:
    order, given, said = BY_GATE[code]
    refused = {line.code: line.text for line in check(order, given) if not line.ok}
    assert [word for word in said if word not in refused[code]] == []


@pytest.mark.parametrize("code", BY_TERMS)
def test_a_refusal_of_terms_says_what_is_wrong_and_what_would_do(code: DenialCode) -> None:
    order, said = BY_TERMS[code]
    known: tuple[OrderType, ...] = (
        ("stop",) if code == "order_type_unsupported" else ("limit", "market", "stop")
    )
    times = ("gtc", "ioc")
    can = msgspec.structs.replace(NATIVE_CAPABILITIES, order_types=known, times_in_force=times)
    lines = check_terms(order, can, BTC, order.created)
    refused = {line.code: line.text for line in lines if not line.ok}
    assert [word for word in said if word not in refused[code]] == []


@pytest.mark.parametrize("code", IN_KERNEL)
def test_a_refusal_of_the_kernel_says_what_is_wrong_and_what_would_do(code: DenialCode) -> None:
    make, said = IN_KERNEL[code]
    world = World()
    if code == "unknown_instrument":
        world.send(msgspec.structs.replace(world.start, instruments=(BTC,)))
    world.market()
    (denied,) = of_type(world.send(make(world)), OrderDenied)
    assert denied.code == code
    assert [word for word in said if word not in denied.text] == []


def test_a_refusal_stands_in_the_same_step_as_the_decision_it_belongs_to() -> None:
    policy = Scripted()
    limits = msgspec.structs.replace(WIDE_OPEN, max_order=Decimal("0.0009"))
    world = World(policies={SLEEVE: loaded(policy)}, limits=limits)
    world.market()
    policy.answers.append(OrderSeq.of(buy(Decimal("0.01")), because=why("test")))
    outcomes = world.market(bid=9_998_00)
    (denied,), (decided,) = of_type(outcomes, OrderDenied), of_type(outcomes, Decided)
    assert denied.order.owner == decided.sleeve
    assert denied.code == "max_order"
    assert decided.did == ("BUY 0.01000 BTCUSDT refused",)
