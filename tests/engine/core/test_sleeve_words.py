"""Words about a whole sleeve: other terms, stopped, closed, and what holds of them after a restart."""

from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest
from tests.engine.core.builders import (
    ACCOUNT,
    BTC_ID,
    ETH_ID,
    SLEEVE,
    ScriptedVenue,
    World,
    intent,
    loaded,
    of_type,
    sleeve_started,
    started,
)
from tests.engine.core.test_stops import Scripted

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.accounts import NATIVE_CAPABILITIES
from tradebot.engine.core.actions import OrderSeq, buy
from tradebot.engine.core.checkpoint import freeze, thaw
from tradebot.engine.core.events import (
    AccountStarted,
    HaltRequested,
    KillRequested,
    MandateGiven,
    OrderExpired,
    OrderFilled,
    ResumeRequested,
    SleeveChanged,
    SleeveFailed,
    SleeveStopRequested,
    StopRequested,
)
from tradebot.engine.core.outcomes import (
    Alert,
    AnyOutcome,
    Cancel,
    MandateEnded,
    OrderDenied,
    SleeveExitEnded,
    SleeveExitStarted,
    SleeveTaken,
    Submit,
)
from tradebot.engine.core.reasons import why
from tradebot.engine.core.sleeve_exit import is_exit
from tradebot.engine.core.sleeve_terms import SleeveChange, SleeveStarted
from tradebot.engine.core.types import HAND, SECOND, AccountName, Owner

type Terms = dict[str, object]


def with_terms(base: SleeveStarted, terms: Terms) -> SleeveStarted:
    return msgspec.structs.replace(base, **terms)


def world_of(terms: Terms | None = None) -> tuple[World, Scripted]:
    policy = Scripted()
    start = started(sleeves=(with_terms(sleeve_started(), terms or {}),))
    world = World(policies={SLEEVE: loaded(policy)}, start=start)
    world.market()
    return world, policy


def changed(
    world: World, what: SleeveChange, terms: Terms | None = None, *, memory: bytes | None = None
) -> list[AnyOutcome]:
    held = world.state.sleeves.get(SLEEVE)
    base = sleeve_started() if held is None else held.started
    terms_now = with_terms(base, terms or {})
    return world.send(SleeveChanged(started=terms_now, what=what, memory=memory, reason="test"))


def frozen(world: World) -> World:
    """Return the world with its state as a checkpoint would give it back."""
    world.kernel.state = thaw(freeze(world.state))
    return world


def terms_of(world: World) -> SleeveStarted:
    return world.state.sleeves[SLEEVE].started


# ------------------------------------------------------------------------------------ terms


@pytest.mark.parametrize("by", [World.recovered, frozen])
@pytest.mark.parametrize(
    ("what", "terms", "configured", "other"),
    [
        ("capital", {"capital": Decimal(6000)}, {}, {"capital": Decimal(7000)}),
        ("limits", {"limits": {"max_order": "0.1"}}, {}, {"limits": {"max_order": "0.2"}}),
        ("start", {"run": "live"}, {"run": "shadow"}, {"run": "off"}),
    ],
)
def test_a_words_terms_outlive_a_restart_until_the_configuration_says_others(
    by: Callable[[World], World],
    what: SleeveChange,
    terms: Terms,
    configured: Terms,
    other: Terms,
) -> None:
    world, _ = world_of(configured)
    changed(world, what, terms)
    after = by(world)
    after.send(world.start)
    assert terms_of(after) == with_terms(sleeve_started(), terms)
    after.send(started(sleeves=(with_terms(sleeve_started(), other),)))
    assert terms_of(after) == with_terms(sleeve_started(), other)


def test_a_stopped_sleeve_is_not_asked_and_stays_stopped_after_a_restart() -> None:
    world, policy = world_of()
    world.market(bid=9_998_00)
    asked = policy.asked
    assert asked
    world.send(SleeveStopRequested(sleeve=SLEEVE, reason="enough"))
    world.market(bid=9_997_00)
    world.send(world.start)
    world.market(bid=9_996_00)
    assert policy.asked == asked
    changed(world, "start", {"run": "live"})
    world.market(bid=9_995_00)
    assert policy.asked == asked + 1


def test_a_stop_takes_adding_orders_out_and_leaves_what_is_held() -> None:
    world, policy = world_of()
    world.hold(1000, owner=SLEEVE)
    policy.answers.append(OrderSeq.of(buy(Decimal("0.01"), limit=Decimal(9900)), because=why("x")))
    (submit,) = of_type(world.market(bid=9_998_00), Submit)
    world.accept(submit.order)
    outcomes = world.send(SleeveStopRequested(sleeve=SLEEVE, reason="enough"))
    assert [cancel.client_order_id for cancel in of_type(outcomes, Cancel)] == [
        submit.order.client_order_id
    ]
    assert not of_type(outcomes, Submit)


def test_memory_is_the_words_own_after_a_reload_and_stays_with_other_capital() -> None:
    world, _ = world_of()
    changed(world, "reload", memory=b"\x80")
    assert world.state.sleeves[SLEEVE].memory == b"\x80"
    changed(world, "capital", {"capital": Decimal(10)})
    assert world.state.sleeves[SLEEVE].memory == b"\x80"
    after = world.recovered()
    after.send(world.start)
    assert after.state.sleeves[SLEEVE].memory == b"\x80"


def test_a_new_name_adds_a_sleeve_and_its_policy_is_asked() -> None:
    policy, other = Scripted(), Owner("other")
    world = World(policies={other: loaded(policy)}, start=started())
    world.market()
    added = sleeve_started(other)
    world.send(SleeveChanged(started=added, what="start"))
    world.market(bid=9_998_00)
    assert policy.asked == 1
    assert world.state.sleeves[other].started == added


@pytest.mark.parametrize(
    ("terms", "told"),
    [
        ({"account": AccountName("nowhere")}, "account nowhere is not one of this engine's"),
        ({"symbols": (InstrumentId("x:Y"),)}, "symbols must be among"),
        ({"symbols": ()}, "symbols must be among"),
        ({"capital": Decimal(0)}, "capital must be > 0, was 0"),
        ({"limits": {"max_ordre": "1"}}, "max_ordre"),
        ({"limits": {"max_order": "-1"}}, "limits.max_order must be >= 0, was -1"),
    ],
)
def test_terms_that_cannot_be_are_refused_with_the_reason(terms: Terms, told: str) -> None:
    world, _ = world_of()
    before = terms_of(world)
    (alert,) = of_type(changed(world, "start", terms), Alert)
    assert told in alert.text
    assert terms_of(world) == before


# ------------------------------------------------------------------------------------ mandate


@pytest.mark.parametrize(
    ("terms", "void"),
    [
        ({"version": "fedcba987654"}, True),
        ({"capital": Decimal(50001)}, True),
        ({"capital": Decimal(49999)}, False),
        ({"limits": {"max_order": "0.11"}}, True),
        ({"limits": {}}, True),
        ({"limits": {"max_order": "0.09"}}, False),
        ({"limits": {"max_order": "0.1", "max_gross": "1"}}, False),
    ],
)
def test_wider_terms_void_a_mandate_and_narrower_do_not(terms: Terms, *, void: bool) -> None:
    base = with_terms(sleeve_started(), {"limits": {"max_order": "0.1"}})
    start = msgspec.structs.replace(started(sleeves=(base,)), mode="live")
    world = World(policies={SLEEVE: loaded(Scripted())}, start=start)
    world.market()
    world.send(
        MandateGiven(
            sleeve=SLEEVE,
            version=base.version,
            account=ACCOUNT,
            capital=base.capital,
            loss_budget=Decimal(100),
            expires=world.now + 10**15,
        )
    )
    assert bool(of_type(changed(world, "reload", terms), MandateEnded)) == void
    after = world.recovered()
    after.send(start)
    assert (SLEEVE in after.state.authority.mandates) != void


# ------------------------------------------------------------------------------------ exit


def test_a_sleeve_that_leaves_closes_what_it_holds_and_nobody_elses() -> None:
    world, _ = world_of()
    venue = ScriptedVenue(world)
    world.hold(1000, owner=SLEEVE)
    world.hold(500)
    venue.take(world.send(SleeveStopRequested(sleeve=SLEEVE, reason="enough", exit=True)))
    ended = of_type(world.outcomes, SleeveExitEnded)
    assert [(end.rest, end.reason) for end in ended] == [({}, "flat")]
    assert world.state.ledger.position(ACCOUNT, BTC_ID, SLEEVE).quantity == 0
    assert world.state.ledger.position(ACCOUNT, BTC_ID, HAND).quantity == 500


@pytest.mark.parametrize("against", [-1000, -400, 300])
@pytest.mark.parametrize("held", [1000, -700])
def test_an_exit_works_in_pieces_whoever_stands_against_it(held: int, against: int) -> None:
    world, _ = world_of({"on_stop": "exit"})
    venue = ScriptedVenue(world)
    venue.liquidity.extend([400, 0, 100])
    world.hold(held, owner=SLEEVE)
    world.hold(against)
    venue.take(world.send(SleeveStopRequested(sleeve=SLEEVE, reason="enough")))
    venue.run(10 * SECOND)
    assert world.state.ledger.position(ACCOUNT, BTC_ID, SLEEVE).quantity == 0
    assert world.state.ledger.position(ACCOUNT, BTC_ID, HAND).quantity == against
    assert world.state.sleeves[SLEEVE].exiting is None


@pytest.mark.parametrize("beside", [False, True])
def test_an_exit_under_a_stop_ends_flat_without_a_stop_left(*, beside: bool) -> None:
    capabilities = msgspec.structs.replace(
        NATIVE_CAPABILITIES,
        order_types=("limit", "market", "stop"),
        reduce_only=beside,
        locks_balance=not beside,
    )
    account = AccountStarted(name=ACCOUNT, venue="test", capabilities=capabilities)
    start = msgspec.structs.replace(started(sleeves=(sleeve_started(),)), accounts=(account,))
    policy = Scripted()
    world = World(policies={SLEEVE: loaded(policy)}, start=start)
    world.market()
    venue = ScriptedVenue(world)
    order = buy(Decimal("0.01"), limit=Decimal(10_001), tif="ioc", stop_loss=Decimal(9_000))
    policy.answers.append(OrderSeq.of(order, because=why("in")))
    venue.take(world.market(bid=9_998_00))
    assert [o.intent.role for o in world.state.blotter.open()] == ["stop_loss"]
    venue.liquidity.extend([400])
    venue.take(world.send(SleeveStopRequested(sleeve=SLEEVE, reason="enough", exit=True)))
    held = world.state.ledger.position(ACCOUNT, BTC_ID, SLEEVE).quantity
    stops = sum(o.leaves for o in world.state.blotter.open() if o.intent.role)
    assert (held, stops) == (600, 600)
    venue.run(10 * SECOND)
    assert world.state.ledger.position(ACCOUNT, BTC_ID, SLEEVE).quantity == 0
    assert world.state.blotter.open() == []
    assert world.state.sleeves[SLEEVE].exiting is None


@pytest.mark.parametrize("by", [World.recovered, frozen])
def test_an_exit_goes_on_after_a_restart(by: Callable[[World], World]) -> None:
    world, _ = world_of()
    world.hold(1000, owner=SLEEVE)
    world.send(SleeveStopRequested(sleeve=SLEEVE, reason="enough", exit=True))
    (first,) = [o for o in world.state.blotter.open() if is_exit(o)]
    after = by(world)
    after.send(world.start)
    venue = ScriptedVenue(after)
    venue.working.clear()
    venue.take(after.report(first.intent, "expired"))
    venue.run(20 * SECOND)
    assert after.state.ledger.position(ACCOUNT, BTC_ID, SLEEVE).quantity == 0
    assert after.state.sleeves[SLEEVE].exiting is None


def halted_exit() -> tuple[World, list[AnyOutcome]]:
    """Return a world that is HALTED while a sleeve leaves what the account is short of, and what leaving led to."""
    world, _ = world_of()
    order = intent("buy", 1000, owner=SLEEVE, number=1)
    world.state.apply_outcome(Submit(order=order))
    world.accept(order)
    world.fill(order)
    world.hold(-1800)
    world.send(HaltRequested(reason="uneasy"))
    world.send(KillRequested(reason="uneasy"))
    return world, world.send(SleeveStopRequested(sleeve=SLEEVE, reason="enough", exit=True))


def test_an_exit_that_may_not_go_asks_each_second_and_is_refused_in_writing_once() -> None:
    world, outcomes = halted_exit()
    assert [denied.code for denied in of_type(outcomes, OrderDenied)] == ["halted"]
    later = world.timers_until(world.now + 30 * SECOND)
    assert of_type(later, OrderDenied) == []
    world.send(ResumeRequested(reason="looked"))
    (submit,) = of_type(world.timers_until(world.now + 2 * SECOND), Submit)
    assert (submit.order.owner, submit.order.quantity) == (SLEEVE, 1000)


def test_a_fill_told_once_more_moves_no_exit_on() -> None:
    world, _ = world_of()
    world.hold(1000, owner=SLEEVE)
    world.send(SleeveStopRequested(sleeve=SLEEVE, reason="enough", exit=True))
    (piece,) = [o.intent for o in world.state.blotter.open() if is_exit(o)]
    world.fill(piece, 400)
    told = next(event for _, event in world.history if isinstance(event, OrderFilled))
    world.send(OrderExpired(client_order_id=piece.client_order_id, reason="", ts_event=0))
    world.now = world.state.sleeves[SLEEVE].next_piece + SECOND
    assert world.send(told) == []


def test_a_broken_policy_leaves_only_where_its_terms_say_so() -> None:
    for on_error, leaves in (("pause", False), ("exit", True)):
        world, _ = world_of({"on_error": on_error})
        world.hold(1000, owner=SLEEVE)
        outcomes = world.send(SleeveFailed(sleeve=SLEEVE, reason="ValueError: no"))
        assert bool(of_type(outcomes, SleeveExitStarted)) == leaves
        assert bool(of_type(outcomes, Submit)) == leaves
        assert world.state.sleeves[SLEEVE].failed


def test_with_the_process_a_sleeve_leaves_where_its_terms_say_so_and_runs_again_after_the_start() -> (
    None
):
    for on_stop, leaves in (("keep", False), ("exit", True)):
        world, policy = world_of({"on_stop": on_stop})
        venue = ScriptedVenue(world)
        world.hold(1000, owner=SLEEVE)
        venue.take(world.send(StopRequested()))
        held = world.state.ledger.position(ACCOUNT, BTC_ID, SLEEVE).quantity
        assert held == (0 if leaves else 1000)
        assert (world.state.sleeves[SLEEVE].paused is not None) == leaves
        world.send(world.start)
        world.market()
        asked = policy.asked
        world.market(bid=9_990_00)
        assert world.state.sleeves[SLEEVE].paused is None
        assert policy.asked == asked + 1


def test_started_again_a_sleeve_no_longer_leaves() -> None:
    world, _ = world_of()
    world.hold(1000, owner=SLEEVE)
    world.hold(1000, owner=SLEEVE, instrument=ETH_ID)  # nobody makes a price there
    world.send(SleeveStopRequested(sleeve=SLEEVE, reason="enough", exit=True))
    assert world.state.sleeves[SLEEVE].exiting is not None
    outcomes = changed(world, "start", {"run": "live"})
    assert of_type(outcomes, SleeveExitEnded)
    assert of_type(outcomes, SleeveTaken)
    assert world.state.sleeves[SLEEVE].asked
