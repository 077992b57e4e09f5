"""Limits of one sleeve: shares of its own capital, each held at the limit and refused beyond it."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.core import builders
from tests.engine.core.builders import (
    ACCOUNT,
    BTC_ID,
    SLEEVE,
    World,
    loaded,
    of_type,
    sleeve_started,
    started,
)
from tests.engine.core.test_risk import exposure, picture, verdict
from tests.engine.core.test_sleeve_words import Terms, changed, frozen, with_terms
from tests.engine.core.test_stops import DAY, Scripted, denial, pause

from tradebot.engine.core.actions import NewOrder, OrderSeq, buy, sell
from tradebot.engine.core.events import SleeveResumeRequested
from tradebot.engine.core.gate_words import DenialCode
from tradebot.engine.core.outcomes import (
    Alert,
    AnyOutcome,
    Cancel,
    Decided,
    SleeveMarked,
    SleevePaused,
    SleeveResumed,
    Submit,
)
from tradebot.engine.core.picture import OwnPicture, Picture
from tradebot.engine.core.reasons import why
from tradebot.engine.core.size_limits import largest_quantity
from tradebot.engine.core.sleeve_limits import OwnLimits, limits_text, own_limits, wider_limits
from tradebot.engine.core.sleeve_money import equity_of, pool, sizing_capital
from tradebot.engine.core.types import SECOND, Side

CAPITAL = Decimal(10_000)


def own(
    limits: dict[str, str], *, quantity: int = 0, buys: int = 0, capital: Decimal | None = CAPITAL
) -> Picture:
    """Return an account that is long 1 BTC by hand, with a sleeve in it."""
    whole = exposure(100_000 + quantity, buys=buys)
    seen = picture(whole, equity=Decimal(1_000_000), sent=5)
    mine = msgspec.structs.replace(whole, quantity=quantity)
    sleeve = OwnPicture(limits=own_limits(limits), capital=capital, exposures=(mine,))
    return msgspec.structs.replace(seen, own=sleeve, own_quantity=quantity)


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        # 0.01 BTC at 10,000 = 100 = 1 % of 10,000; without a stop 10 % of that is at risk.
        ({"max_order": "0.01"}, "ok"),
        ({"max_order": "0.00999"}, "sleeve_max_order"),
        ({"max_position": "0.03"}, "ok"),
        ({"max_position": "0.02999"}, "sleeve_max_position"),
        ({"max_gross": "0.03"}, "ok"),
        ({"max_gross": "0.02999"}, "sleeve_max_gross"),
        ({"max_open_risk": "0.003"}, "ok"),
        ({"max_open_risk": "0.00299"}, "sleeve_max_open_risk"),
        ({"orders_per_minute": "6"}, "ok"),
        ({"orders_per_minute": "5"}, "sleeve_orders_per_minute"),
    ],
)
def test_each_limit_holds_at_its_value_and_refuses_beyond_it(
    limits: dict[str, str], code: str
) -> None:
    # It holds 0.01, another 0.01 works, a third is ordered.
    seen = own(limits, quantity=1000, buys=1000)
    assert verdict(builders.intent("buy", 1000, owner=SLEEVE), seen) == code


@pytest.mark.parametrize(
    ("capital", "code"), [("0.01", "ok"), ("0", "sleeve_capital"), ("-1", "sleeve_capital")]
)
def test_without_capital_there_is_nothing_to_be_a_share_of(capital: str, code: str) -> None:
    seen = own({"max_order": "1000000"}, capital=Decimal(capital))
    assert verdict(builders.intent("buy", 1000, owner=SLEEVE), seen) == code
    unknown = own({"max_order": "1000000"}, capital=None)
    assert verdict(builders.intent("buy", 1000, owner=SLEEVE), unknown) == "sleeve_capital"
    only_rate = own({"orders_per_minute": "100"}, capital=None)
    assert verdict(builders.intent("buy", 1000, owner=SLEEVE), only_rate) == "ok"


def test_what_only_shrinks_the_sleeves_holding_is_not_held_up() -> None:
    tight = dict.fromkeys(("max_order", "max_position", "max_gross", "max_open_risk"), "0")
    seen = own({**tight, "orders_per_minute": "1"}, quantity=1000)
    assert verdict(builders.intent("sell", 1000, owner=SLEEVE), seen) == "ok"
    # More than it holds makes it short, though the account stays long.
    assert verdict(builders.intent("sell", 1010, owner=SLEEVE), seen) == "sleeve_orders_per_minute"
    protective = builders.intent("sell", 1010, owner=SLEEVE, reduce_only=True)
    assert verdict(protective, seen) == "ok"


@given(
    st.integers(1, 100),
    st.integers(-50, 50),
    st.sampled_from(("max_order", "max_position", "max_gross", "max_open_risk")),
    st.sampled_from(("buy", "sell")),
    st.integers(1, 300),
)
def test_the_largest_quantity_a_sleeves_limit_leaves_passes_and_a_lot_more_does_not(
    percent: int, held: int, name: str, side: Side, asked: int
) -> None:
    seen = own({name: f"0.{percent:02}" if percent < 100 else "1"}, quantity=held * 100)
    order = builders.intent(side, asked * 100, owner=SLEEVE)
    largest = largest_quantity(msgspec.structs.replace(order, quantity=10**6), seen)
    assert largest is not None
    code, units = largest
    if units > 0:
        assert verdict(msgspec.structs.replace(order, quantity=units), seen) == "ok"
    if code.startswith("sleeve_"):
        more = msgspec.structs.replace(order, quantity=max(units, 0) + 10)
        if more.quantity >= 20:
            assert verdict(more, seen) == code


def test_limits_go_to_text_and_back_and_only_wider_ones_are_named() -> None:
    text = {"max_order": "0.1", "orders_per_minute": "5"}
    assert limits_text(own_limits(text)) == text
    assert own_limits({}) == OwnLimits()
    assert wider_limits({"max_order": "0.2"}, text) == ["max_order", "orders_per_minute"]
    assert wider_limits({**text, "max_order": "0.05", "drawdown": "0.1"}, text) == []


# ------------------------------------------------------------------------------------ in the kernel


def world_of(terms: Terms, *, cash: str = "100000") -> tuple[World, Scripted]:
    policy = Scripted()
    start = started(sleeves=(with_terms(sleeve_started(capital="10000"), terms),))
    world = World(policies={SLEEVE: loaded(policy)}, start=start, cash=cash)
    world.market()
    return world, policy


def says(world: World, policy: Scripted, order: NewOrder) -> list[AnyOutcome]:
    policy.answers.append(OrderSeq.of(order, because=why("test")))
    return world.market(bid=9_999_00 - 10 * world.seq)


@pytest.mark.parametrize("run", ["live", "shadow"])
@pytest.mark.parametrize(
    ("compound", "quantity", "passes"),
    [
        (True, "0.11", True),
        (True, "0.1101", False),
        (False, "0.1", True),
        (False, "0.1001", False),
    ],
)
def test_profit_widens_its_limits_only_where_it_compounds(
    run: str, quantity: str, *, compound: bool, passes: bool
) -> None:
    world, policy = world_of({"compound": compound, "limits": {"max_order": "0.1"}})
    # 0.1 BTC bought at 10,000 and sold at 20,000: capital 10,000, equity 11,000.
    world.hold(10_000, owner=SLEEVE)
    world.hold(-10_000, owner=SLEEVE, price=20_000_00)
    if run == "shadow":
        changed(world, "start", {"run": "shadow"})
    order = buy(Decimal(quantity), limit=Decimal(10_000))
    outcomes = says(world, policy, order)
    if run == "live":
        assert denial(outcomes) == ("ok" if passes else "sleeve_max_order")
    else:
        (decided,) = of_type(outcomes, Decided)
        assert ("refused" not in decided.did[0]) == passes


def test_losses_narrow_what_it_sizes_by_in_any_case() -> None:
    for compound in (True, False):
        world, _ = world_of({"compound": compound})
        world.hold(10_000, owner=SLEEVE)
        world.hold(-10_000, owner=SLEEVE, price=5_000_00)
        assert sizing_capital(world.state, world.state.sleeves[SLEEVE]) == Decimal(9_500)


def test_a_shadows_limits_count_what_it_would_hold() -> None:
    world, policy = world_of({"run": "shadow", "limits": {"max_position": "0.011"}})
    says(world, policy, buy(Decimal("0.006")))
    (decided,) = of_type(says(world, policy, buy(Decimal("0.006"))), Decided)
    assert "refused: the position with working orders of trend would be" in decided.did[0]


# ------------------------------------------------------------------------------------ losses


def falls_to(world: World, price: int) -> list[AnyOutcome]:
    world.now += SECOND
    return world.market(bid=price - 5, ask=price + 5)


@pytest.mark.parametrize("run", ["live", "shadow"])
@pytest.mark.parametrize(
    ("limits", "at", "before", "cause"),
    [
        # 1 BTC at 10,000 of 10,000 capital, up to 11,000 first: a peak of 11,000.
        ({"drawdown": "0.1"}, 9_900_00, 9_900_10, "drawdown"),
        ({"day_loss": "0.1"}, 9_000_00, 9_000_10, "day-loss"),
    ],
)
def test_a_loss_at_its_limit_pauses_the_sleeve_and_one_less_does_not(
    run: str, limits: dict[str, str], at: int, before: int, cause: str
) -> None:
    world, _ = world_of({"limits": limits})
    world.hold(100_000, owner=SLEEVE)
    if run == "shadow":
        changed(world, "limits", {"run": "shadow"})
    falls_to(world, 10_000_00)
    falls_to(world, 11_000_00)
    assert not of_type(falls_to(world, before), SleevePaused)
    (paused,) = of_type(falls_to(world, at), SleevePaused)
    assert paused.cause == cause
    assert "at most 10.00 %" in paused.reason
    # Told once, and no second pause while it lasts.
    assert not of_type(falls_to(world, at - 100), SleevePaused)


def test_a_pause_by_a_limit_takes_adding_orders_out_and_lets_exits_run() -> None:
    world, policy = world_of({"limits": {"drawdown": "0.1"}})
    world.hold(100_000, owner=SLEEVE)
    falls_to(world, 10_000_00)
    (submit,) = of_type(says(world, policy, buy(Decimal("0.1"), limit=Decimal(8_900))), Submit)
    world.accept(submit.order)
    outcomes = falls_to(world, 9_000_00)
    assert [one.client_order_id for one in of_type(outcomes, Cancel)] == [
        submit.order.client_order_id
    ]
    policy.answers.append(OrderSeq.of(sell(Decimal(1), limit=Decimal(8_990)), because=why("out")))
    assert denial(falls_to(world, 9_001_00)) == "ok"


@pytest.mark.parametrize("again", ["run", "recovered", "frozen"])
def test_what_a_person_lifts_is_measured_anew_also_after_a_restart(again: str) -> None:
    world, _ = world_of({"limits": {"drawdown": "0.1"}})
    world.hold(100_000, owner=SLEEVE)
    falls_to(world, 10_000_00)
    falls_to(world, 9_000_00)
    world.send(SleeveResumeRequested(sleeve=SLEEVE, reason="seen"))
    if again != "run":
        world = world.recovered() if again == "recovered" else frozen(world)
        world.send(world.start)
        world.market(bid=8_999_95, ask=9_000_05)
    assert not of_type(falls_to(world, 8_200_00), SleevePaused)
    assert of_type(falls_to(world, 8_100_00), SleevePaused)


@pytest.mark.parametrize(("resume", "lifted"), [("operator", False), ("next-day", True)])
def test_the_next_day_lifts_a_day_loss_only_where_the_engine_says_so(
    resume: str, *, lifted: bool
) -> None:
    world, _ = world_of({"limits": {"day_loss": "0.1"}})
    world.send(msgspec.structs.replace(world.start, resume=resume))
    world.market()
    world.hold(100_000, owner=SLEEVE)
    falls_to(world, 10_000_00)
    assert of_type(falls_to(world, 9_000_00), SleevePaused)
    world.now += DAY
    outcomes = falls_to(world, 9_000_00)
    assert bool(of_type(outcomes, SleeveResumed)) == lifted
    assert (world.state.sleeves[SLEEVE].paused is None) == lifted


def test_a_person_who_paused_is_not_overruled_by_the_next_day() -> None:
    world, _ = world_of({"limits": {"day_loss": "0.1"}})
    world.send(msgspec.structs.replace(world.start, resume="next-day"))
    world.market()
    pause(world)
    world.now += DAY
    assert not of_type(falls_to(world, 9_000_00), SleeveResumed)


def test_capital_given_or_taken_is_no_loss() -> None:
    world, _ = world_of({"limits": {"drawdown": "0.1", "day_loss": "0.1"}})
    falls_to(world, 10_000_00)
    changed(world, "capital", {"capital": Decimal(5_000)})
    assert not of_type(falls_to(world, 10_000_00), SleevePaused)
    assert world.state.sleeves[SLEEVE].mark is not None


def test_a_sleeve_without_such_limits_is_marked_once_a_day_and_never_paused() -> None:
    world, _ = world_of({"limits": {"max_order": "0.1"}})
    world.hold(1000, owner=SLEEVE)
    for price in (9_000_00, 11_000_00, 10_000_00):
        falls_to(world, price)
    (mark,) = of_type(world.outcomes, SleeveMarked)
    world.now += DAY
    falls_to(world, 9_500_00)
    again = of_type(world.outcomes, SleeveMarked)[1:]
    assert [(one.day, one.day_start) for one in again] == [(mark.day + 1, "9995.00000000")]
    assert not of_type(world.outcomes, SleevePaused)


# ------------------------------------------------------------------------------------ pool


def test_the_pool_is_what_no_live_sleeve_was_given() -> None:
    world, _ = world_of({})
    world.hold(10_000, owner=SLEEVE)
    world.hold(-10_000, owner=SLEEVE, price=20_000_00)
    shared = pool(world.state, ACCOUNT)
    assert shared is not None
    assert (shared.equity, shared.sleeves, shared.free) == (
        Decimal(101_000),
        Decimal(11_000),
        Decimal(90_000),
    )
    changed(world, "start", {"run": "shadow"})
    shared = pool(world.state, ACCOUNT)
    assert shared is not None
    assert shared.free == Decimal(101_000)
    assert equity_of(world.state, world.state.sleeves[SLEEVE]) == Decimal(11_000)


@pytest.mark.parametrize(("cash", "told"), [("10000", 0), ("9999.99", 1)])
def test_more_given_than_there_is_is_told_once(cash: str, told: int) -> None:
    world, _ = world_of({}, cash=cash)
    falls_to(world, 10_000_00)
    falls_to(world, 10_000_00)
    texts = [alert.text for alert in of_type(world.outcomes, Alert)]
    assert len([text for text in texts if "were given" in text]) == told
    assert all(BTC_ID not in text for text in texts)


CODES: tuple[DenialCode, ...] = (
    "sleeve_max_order",
    "sleeve_max_position",
    "sleeve_max_gross",
    "sleeve_max_open_risk",
)


def test_each_size_limit_names_itself_with_its_own_code() -> None:
    seen = own(dict.fromkeys(("max_order", "max_position", "max_gross", "max_open_risk"), "0"))
    found = largest_quantity(builders.intent("buy", 1000, owner=SLEEVE), seen)
    assert found is not None
    assert found[0] in CODES
