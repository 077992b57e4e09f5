"""Who may add risk in LIVE: hands while armed, sleeves under a mandate, and never wider than what was armed for."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.core.builders import (
    ACCOUNT,
    BTC_ID,
    SLEEVE,
    WIDE_OPEN,
    World,
    contents,
    loaded,
    of_type,
    sleeve_started,
    started,
)
from tests.engine.core.test_stops import Scripted, denial

from tradebot.engine.core.actions import NewOrder, OrderSeq, buy, sell
from tradebot.engine.core.events import (
    ArmRequested,
    DisarmRequested,
    EngineStarted,
    MandateGiven,
    MandateRevoked,
    PlaceOrder,
    StreamChanged,
    TerminalGone,
    TerminalSeen,
)
from tradebot.engine.core.limits import (
    Limits,
    default_limits,
    limits_from_text,
    narrowest,
    wider,
)
from tradebot.engine.core.marks import MARK_PERIOD
from tradebot.engine.core.outcomes import (
    Alert,
    AnyOutcome,
    ArmingChanged,
    Cancel,
    LimitsChanged,
    MandateEnded,
    MandateRecorded,
    OrderDenied,
    QueryAccount,
    Submit,
)
from tradebot.engine.core.reasons import why
from tradebot.engine.core.types import MINUTE, SECOND, RequestId, TerminalId

TERMINAL = TerminalId("tty:/dev/pts/3:77")
OTHER = TerminalId("tty:/dev/pts/4:78")
DAY = 24 * 60 * MINUTE
VERSION = "0123456789ab"


def live(
    limits: Limits = WIDE_OPEN,
    *,
    version: str = VERSION,
    capital: str = "50000",
    sleeve: bool = True,
) -> EngineStarted:
    """Return the start of an engine that trades real money."""
    one = msgspec.structs.replace(sleeve_started(capital=capital), version=version)
    start = started(limits=limits, sleeves=(one,) if sleeve else ())
    return msgspec.structs.replace(start, mode="live")


def arm(world: World, *, ttl: int = 15 * MINUTE, idle: int = 5 * MINUTE) -> list[AnyOutcome]:
    return world.send(ArmRequested(terminal=TERMINAL, ttl=ttl, idle=idle))


def begin(world: World) -> None:
    """Bring stream and market up, as after a start."""
    world.send(StreamChanged(account=ACCOUNT, state="up"))
    world.market()


@pytest.fixture
def policy() -> Scripted:
    return Scripted()


@pytest.fixture
def world(policy: Scripted) -> World:
    """A live engine on wide limits; hands locked, its sleeve without a mandate."""
    world = World(policies={SLEEVE: loaded(policy)}, start=live())
    arm(world)  # WIDE_OPEN is wider than what holds at a first start
    world.send(DisarmRequested(reason="test begins"))
    begin(world)
    return world


def add(world: World) -> str:
    return denial(world.request("buy", 100))


def pass_time(world: World, span: int) -> list[AnyOutcome]:
    """Let time go by, its timers fire, and the market be fresh afterwards."""
    until = world.now + span
    outcomes = world.timers_until(until)
    world.now = max(world.now, until)
    if of_type(outcomes, QueryAccount):
        world.confirm()  # the venue answers what it is asked meanwhile
    return outcomes + world.market()


def arming_ends(outcomes: list[AnyOutcome]) -> list[str]:
    return [change.reason for change in of_type(outcomes, ArmingChanged) if change.until == 0]


# ------------------------------------------------------------------------------------ arming


def test_a_hand_adds_risk_in_live_only_while_armed(world: World) -> None:
    assert add(world) == "not_armed"
    (change,) = of_type(arm(world), ArmingChanged)
    assert (change.terminal, change.until) == (TERMINAL, world.now + 15 * MINUTE)
    assert add(world) == "ok"
    assert arming_ends(world.send(DisarmRequested(reason="lunch"))) == ["lunch"]
    assert add(world) == "not_armed"
    assert world.send(DisarmRequested(reason="again")) == []


@pytest.mark.parametrize("reduce_only", [True, False])
def test_nobody_arms_to_get_out(world: World, reduce_only: bool) -> None:  # noqa: FBT001
    world.hold(2000)
    exit_order = world.request("sell", 2000, limit=9_990_00, reduce_only=reduce_only)
    assert denial(exit_order) == "ok"


@pytest.mark.parametrize("mode", ["sandbox", "paper", "broker-paper"])
def test_without_real_money_nobody_needs_to_arm(mode: str) -> None:
    start = msgspec.structs.replace(started(), mode=mode)
    world = World(start=start)
    begin(world)
    assert add(world) == "ok"


def test_arming_ends_with_its_time_at_the_instant(world: World) -> None:
    arm(world, ttl=MINUTE)
    until = world.now + MINUTE
    world.now = until - 2 * SECOND
    world.market()
    world.now = until - 2_000_000
    assert add(world) == "ok"
    assert world.now == until - 1_000_000
    assert add(world) == "not_armed"
    assert arming_ends(world.timers_until(world.now)) == ["its time is over"]


def test_arming_ends_when_its_terminal_is_silent(world: World) -> None:
    arm(world, idle=5 * MINUTE)
    assert arming_ends(pass_time(world, 5 * MINUTE)) == ["its terminal was silent for 5 min"]
    assert add(world) == "not_armed"


def test_a_word_of_its_terminal_keeps_it_and_one_of_another_does_not(world: World) -> None:
    arm(world, idle=5 * MINUTE)
    for terminal in (TERMINAL, OTHER):
        pass_time(world, 3 * MINUTE)
        world.send(TerminalSeen(terminal=terminal))
    assert add(world) == "ok"
    pass_time(world, 2 * MINUTE)
    assert add(world) == "not_armed"


def test_a_word_after_the_silence_does_not_bring_it_back(world: World) -> None:
    arm(world, idle=MINUTE)
    world.now += MINUTE
    world.send(TerminalSeen(terminal=TERMINAL))
    world.market()
    assert add(world) == "not_armed"


def test_an_order_of_its_terminal_counts_as_a_word(world: World) -> None:
    arm(world, idle=5 * MINUTE)
    pass_time(world, 4 * MINUTE)
    world.send(order_of(TERMINAL, "a"))
    pass_time(world, 4 * MINUTE)
    assert add(world) == "ok"


def order_of(terminal: TerminalId | None, name: str, *, attended: bool = False) -> PlaceOrder:
    return PlaceOrder(
        request_id=RequestId(name),
        account=ACCOUNT,
        instrument=BTC_ID,
        side="buy",
        type="limit",
        tif="gtc",
        quantity=100,
        limit_price=9_900_00,
        terminal=terminal,
        attended=attended,
    )


def test_arming_dies_with_its_terminal_and_not_with_another(world: World) -> None:
    arm(world)
    world.send(TerminalGone(terminal=OTHER))
    assert add(world) == "ok"
    assert arming_ends(world.send(TerminalGone(terminal=TERMINAL))) == ["terminal gone"]
    assert add(world) == "not_armed"


def test_an_engine_is_never_started_armed(world: World) -> None:
    arm(world)
    world.send(live())
    begin(world)
    assert add(world) == "not_armed"
    assert not world.recovered().state.authority.armed(world.now)


def test_arming_is_recovered_as_it_was(world: World) -> None:
    arm(world)
    world.send(TerminalSeen(terminal=TERMINAL))
    assert contents(world.recovered().state.authority) == contents(world.state.authority)


def test_disarming_leaves_orders_and_positions(world: World) -> None:
    arm(world)
    world.hold(1000)
    order = world.place("buy", 100)
    outcomes = world.send(DisarmRequested(reason="lunch"))
    assert of_type(outcomes, Cancel) == []
    assert world.order(order.intent.client_order_id).is_open
    assert world.net() == 1000


def test_an_arming_without_a_time_is_refused(world: World) -> None:
    (alert,) = arm(world, ttl=0)
    assert isinstance(alert, Alert)
    assert add(world) == "not_armed"


def test_only_attended_orders_of_the_terminal_that_has_gone_are_cancelled(world: World) -> None:
    arm(world)
    placed = {
        name: of_type(world.send(order_of(terminal, name, attended=attended)), Submit)[0].order
        for name, terminal, attended in (
            ("attended", TERMINAL, True),
            ("stays", TERMINAL, False),
            ("other", OTHER, True),
        )
    }
    if not placed["attended"].attended:
        pytest.skip("attended orders are written by the orders' part")
    for order in placed.values():
        world.accept(order)
    (cancel,) = of_type(world.send(TerminalGone(terminal=TERMINAL)), Cancel)
    assert cancel.client_order_id == placed["attended"].client_order_id
    assert cancel.because == why("terminal-gone")


# ------------------------------------------------------------------------------------ limits


def test_a_first_start_in_live_holds_the_defaults_until_somebody_arms() -> None:
    world = World(start=live(sleeve=False))
    assert world.state.limits == default_limits("live")
    (alert,) = of_type(world.outcomes, Alert)
    assert alert.text.startswith(
        "limits stay as they were until `tradebot arm`: max_order 0.05 -> "
    )
    arm(world)
    assert world.state.limits == WIDE_OPEN


def test_raising_a_limit_waits_for_arm_and_lowering_holds_at_once(world: World) -> None:
    tight = msgspec.structs.replace(WIDE_OPEN, max_order=Decimal("0.1"))
    outcomes = world.send(live(tight))
    assert world.state.limits == tight
    assert [one.limits["max_order"] for one in of_type(outcomes, LimitsChanged)] == ["0.1"]
    assert "limits in force: max_order 1000 -> 0.1" in {a.text for a in of_type(outcomes, Alert)}
    mixed = msgspec.structs.replace(tight, max_order=Decimal("0.2"), max_gross=Decimal(3))
    told = [a.text for a in of_type(world.send(live(mixed)), Alert)]
    assert "limits in force: max_gross 1000 -> 3" in told
    assert "limits stay as they were until `tradebot arm`: max_order 0.1 -> 0.2" in told
    assert (world.state.limits.max_order, world.state.limits.max_gross) == (Decimal("0.1"), 3)
    (change,) = of_type(arm(world), LimitsChanged)
    assert limits_from_text(change.limits) == mixed == world.state.limits
    world.send(live(mixed))
    assert world.state.limits == mixed
    assert world.recovered().state.limits == mixed


def test_a_raised_limit_that_nobody_armed_for_stays_waiting_over_restarts(world: World) -> None:
    tight = msgspec.structs.replace(WIDE_OPEN, max_order=Decimal("0.1"))
    world.send(live(tight))
    world.send(live())
    world.send(live())
    assert world.state.limits == tight
    assert world.recovered().state.limits == tight


def test_without_real_money_configured_limits_hold_at_once() -> None:
    world = World(limits=default_limits("live"))
    world.send(started(limits=WIDE_OPEN))
    assert world.state.limits == WIDE_OPEN


@st.composite
def some_limits(draw: st.DrawFn) -> Limits:
    fractions = st.decimals("0.01", "1", places=2)
    return msgspec.structs.replace(
        WIDE_OPEN,
        max_order=draw(fractions),
        day_loss=draw(st.none() | fractions),
        unprotected_risk=draw(fractions),
        orders_per_minute_hand=draw(st.integers(1, 50)),
    )


@given(some_limits(), some_limits())
def test_the_narrowest_of_two_is_wider_than_neither(one: Limits, other: Limits) -> None:
    both = narrowest(one, other)
    assert wider(both, one) == wider(both, other) == []
    assert narrowest(other, one) == both
    if not wider(one, other):
        assert both == one


# ------------------------------------------------------------------------------------ mandates


def give(
    world: World,
    *,
    capital: str = "60000",
    budget: str = "500",
    version: str = VERSION,
    limits: dict[str, str] | None = None,
) -> list[AnyOutcome]:
    return world.send(
        MandateGiven(
            sleeve=SLEEVE,
            version=version,
            account=ACCOUNT,
            capital=Decimal(capital),
            loss_budget=Decimal(budget),
            limits=limits or {},
            expires=world.now + 30 * DAY,
        )
    )


def says(world: World, policy: Scripted, order: NewOrder) -> list[AnyOutcome]:
    """Let the sleeve answer the next tick with an order."""
    policy.answers.append(OrderSeq.of(order, because=why("test")))
    return world.market(9_990_00 - 10 * (world.seq % 100))


def tries(world: World, policy: Scripted, quantity: str = "0.001") -> str:
    return denial(says(world, policy, buy(Decimal(quantity), limit=Decimal(9990))))


def test_a_sleeve_without_a_mandate_decides_as_a_shadow_and_its_exits_run(
    world: World, policy: Scripted
) -> None:
    told = [a.text for a in of_type(world.outcomes, Alert) if "shadow" in a.text]
    assert told == ["sleeve trend has no mandate: it decides as a shadow, only its exits are sent"]
    world.hold(2000, owner=SLEEVE)
    outcomes = says(world, policy, buy(Decimal("0.001"), limit=Decimal(9990)))
    (denied,) = of_type(outcomes, OrderDenied)
    assert (denied.code, denied.order.owner) == ("no_mandate", SLEEVE)
    assert denial(says(world, policy, sell(Decimal("0.02"), limit=Decimal(9990)))) == "ok"


def test_a_mandate_lets_a_sleeve_add_risk_though_no_hand_is_armed(
    world: World, policy: Scripted
) -> None:
    (given_,) = of_type(give(world), MandateRecorded)
    assert (given_.capital, given_.loss_budget, given_.base) == ("60000", "500", "0")
    assert tries(world, policy) == "ok"
    assert add(world) == "not_armed"


def test_a_mandate_survives_restart_and_reconnect(world: World, policy: Scripted) -> None:
    give(world)
    world.send(StreamChanged(account=ACCOUNT, state="down"))
    world.send(live())
    begin(world)
    assert tries(world, policy) == "ok"
    recovered = world.recovered()
    assert contents(recovered.state.authority) == contents(world.state.authority)


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        (live(version="another00000"), "the sleeve runs version another00000, not 0123456789ab"),
        (live(capital="60001"), "the sleeve has capital 60001, the mandate 60000"),
    ],
    ids=["version", "capital"],
)
def test_a_mandate_is_void_for_another_version_or_more_capital(
    world: World, policy: Scripted, start: EngineStarted, reason: str
) -> None:
    give(world)
    (ended,) = of_type(world.send(start), MandateEnded)
    assert ended.reason == reason
    begin(world)
    assert tries(world, policy) == "no_mandate"
    world.send(live())
    begin(world)
    assert tries(world, policy) == "no_mandate"


def test_a_mandate_expires_at_its_instant(world: World, policy: Scripted) -> None:
    give(world)
    outcomes = pass_time(world, 30 * DAY)
    assert [ended.reason for ended in of_type(outcomes, MandateEnded)] == ["it has expired"]
    assert tries(world, policy) == "no_mandate"


def test_a_mandate_that_expired_while_the_engine_was_down_is_void(
    world: World, policy: Scripted
) -> None:
    give(world)
    world.now += 30 * DAY
    (ended,) = of_type(world.send(live()), MandateEnded)
    assert ended.reason == "it has expired"
    begin(world)
    assert tries(world, policy) == "no_mandate"


def test_a_spent_loss_budget_ends_the_mandate_and_its_adding_orders(
    world: World, policy: Scripted
) -> None:
    give(world, budget="20")
    world.hold(1000, owner=SLEEVE)  # 0.01 BTC: each 100 of price are 1 of profit
    working = of_type(says(world, policy, buy(Decimal("0.001"), limit=Decimal(9990))), Submit)[0]
    world.now += MARK_PERIOD
    assert of_type(world.market(8_000_00, 8_000_20), MandateEnded) == []
    world.now += MARK_PERIOD
    outcomes = world.market(7_999_90, 8_000_10)
    (ended,) = of_type(outcomes, MandateEnded)
    assert ended.reason.startswith("loss budget spent: 20.0")
    assert [c.client_order_id for c in of_type(outcomes, Cancel)] == [working.order.client_order_id]
    assert world.net() == 1000


def test_losses_count_from_where_the_mandate_began(world: World) -> None:
    world.hold(1000, owner=SLEEVE)
    world.now += MARK_PERIOD
    world.market(7_999_90, 8_000_10)
    (given_,) = of_type(give(world, budget="20"), MandateRecorded)
    assert Decimal(given_.base) == -20
    world.now += MARK_PERIOD
    assert of_type(world.market(6_000_00, 6_000_20), MandateEnded) == []
    world.now += MARK_PERIOD
    assert len(of_type(world.market(5_999_90, 6_000_10), MandateEnded)) == 1


def test_wider_limits_end_a_mandate_and_narrower_do_not(world: World, policy: Scripted) -> None:
    tight = msgspec.structs.replace(WIDE_OPEN, max_order=Decimal("0.1"))
    give(world)
    world.send(live(tight))
    begin(world)
    assert tries(world, policy) == "ok"
    world.send(live())
    (ended,) = of_type(arm(world), MandateEnded)
    assert ended.reason == "wider limits: max_order"


def test_a_person_takes_a_mandate_back(world: World, policy: Scripted) -> None:
    give(world)
    world.send(MandateRevoked(sleeve=SLEEVE, reason="enough"))
    assert tries(world, policy) == "no_mandate"
    assert world.send(MandateRevoked(sleeve=SLEEVE, reason="again")) == []


def test_a_sleeve_stays_within_its_mandates_capital_to_the_unit(
    world: World, policy: Scripted
) -> None:
    give(world, capital="60000")
    world.hold(500_000, owner=SLEEVE)
    # The mid moves by 5 with each tick: 1.0 BTC more is over, 0.98 within, at any of them.
    assert tries(world, policy, "1.01") == "mandate_capital"
    assert tries(world, policy, "0.98") == "ok"


def test_a_mandates_own_limits_narrow_the_engines(world: World, policy: Scripted) -> None:
    give(world, limits={"max_order": "0.01", "max_gross": "5000"})
    assert tries(world, policy, "0.2") == "max_order"
    assert tries(world, policy, "0.05") == "ok"
    recorded = world.state.authority.mandates[SLEEVE].limits
    assert recorded.max_gross == WIDE_OPEN.max_gross


@pytest.mark.parametrize(
    ("terms", "problem"),
    [
        ({"version": "other0000000"}, "the sleeve runs version 0123456789ab, not other0000000"),
        ({"capital": "0"}, "capital and loss budget must be > 0, were 0 and 500"),
        ({"capital": "49999"}, "the sleeve has capital 50000, the mandate 49999"),
        ({"limits": {"max_order": "much"}}, "limits {'max_order': 'much'}"),
    ],
)
def test_a_mandate_that_does_not_fit_is_refused_with_a_reason(
    world: World, terms: dict[str, str], problem: str
) -> None:
    (alert,) = give(world, **terms)  # pyright: ignore[reportArgumentType]
    assert isinstance(alert, Alert)
    assert alert.text.startswith(f"no mandate for trend: {problem}")
    assert world.state.authority.mandates == {}
