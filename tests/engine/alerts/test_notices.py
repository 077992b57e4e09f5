"""What is worth a message, and what is not."""

import msgspec
from tests.engine.core.builders import (
    ACCOUNT,
    BTC_ID,
    ENGINE_ID,
    SLEEVE,
    START,
    fill_of,
    intent,
    snapshot,
    started,
    trade,
)

from tradebot.engine.alerts.notices import notices_of
from tradebot.engine.alerts.watch import UNPROTECTED_AFTER, Watch, unprotected_text
from tradebot.engine.core.events import (
    AccountReported,
    Event,
    FeedChanged,
    OrderFilled,
    OrderRejected,
    TerminalGone,
)
from tradebot.engine.core.outcomes import (
    Alert,
    AnyOutcome,
    FillBooked,
    OrderHeld,
    OrderIntent,
    Submit,
    TradingStateChanged,
)
from tradebot.engine.core.state import State
from tradebot.engine.core.types import HAND, MINUTE, SECOND, Owner, TerminalId


def engine(*orders: OrderIntent) -> State:
    """Return an engine that has decided some orders."""
    state = State(ENGINE_ID)
    state.apply_event(started(), START)
    state.apply_event(FeedChanged(instrument=BTC_ID, state="up"), START)
    for order in orders:
        held = order.lives_at == "engine"
        state.apply_outcome(OrderHeld(order=order) if held else Submit(order=order))
    return state


def told(state: State, event: Event, *outcomes: AnyOutcome) -> list[tuple[str, str]]:
    found = notices_of(state, event, list(outcomes))
    return [(notice.kind, notice.text) for notice in found]


def booked(fill: OrderFilled, owner: Owner) -> FillBooked:
    return FillBooked(
        execution_id=fill.execution_id,
        client_order_id=fill.client_order_id,
        engine_id=ENGINE_ID,
        account=fill.account,
        owner=owner,
        policy_version=None,
        bet_id=None,
        because=None,
        edge=None,
        lives_at=None,
    )


def filled(owner: Owner) -> tuple[State, OrderFilled]:
    order = intent(owner=owner)
    state = engine(order)
    fill = fill_of(order, 1000, 10_000_00, "e1")
    state.apply_event(fill, START)
    return state, fill


def test_a_fill_by_a_sleeve_is_told_once() -> None:
    state, fill = filled(SLEEVE)
    text = "trend bought 0.01000 sandbox:BTCUSDT at 10000.00"
    assert told(state, fill, booked(fill, SLEEVE)) == [("fill", text)]
    assert told(state, fill) == []  # the same execution again books nothing


def test_a_hand_sees_its_own_fills() -> None:
    state, fill = filled(HAND)
    assert told(state, fill, booked(fill, HAND)) == []


def test_a_reject_names_order_and_reason() -> None:
    order = intent(owner=SLEEVE)
    event = OrderRejected(client_order_id=order.client_order_id, reason="no margin", ts_event=START)
    text = "trend: buy 0.01000 sandbox:BTCUSDT was rejected: no margin"
    assert told(engine(order), event) == [("reject", text)]


def test_halts_resumes_and_the_kernels_own_warnings_are_told() -> None:
    event = trade(100)
    changes: list[AnyOutcome] = [
        TradingStateChanged(state="HALTED", reason="drawdown 10 %"),
        TradingStateChanged(state="ACTIVE", reason="checked"),
        Alert(level="error", text="the journal cannot be written"),
        Alert(level="info", text="small talk"),
    ]
    assert told(engine(), event, *changes) == [
        ("halt", "HALTED: drawdown 10 %"),
        ("resume", "ACTIVE again: checked"),
        ("engine", "the journal cannot be written"),
    ]


def test_what_the_kernel_says_of_differences_and_streams_has_a_limit_of_its_own() -> None:
    report = AccountReported(account=ACCOUNT, cash={}, positions={}, open_orders=())
    down = FeedChanged(instrument=BTC_ID, state="down")
    alert = Alert(level="error", text="account sandbox differs")
    assert told(engine(), report, alert) == [("difference", "account sandbox differs")]
    assert told(engine(), down, alert) == [("engine-stops", "account sandbox differs")]


def held_stop() -> OrderIntent:
    return msgspec.structs.replace(
        intent("sell", owner=SLEEVE, order_type="stop", limit=None, reduce_only=True),
        lives_at="engine",
        trigger_price=9_000_00,
    )


def test_stops_that_live_in_the_engine_are_listed_when_a_terminal_goes() -> None:
    gone = TerminalGone(terminal=TerminalId("t"))
    assert told(engine(intent()), gone) == []
    ((kind, text),) = told(engine(held_stop()), gone)
    assert kind == "engine-stops"
    assert text.startswith("the terminal is gone; stops that live only in this engine: sell 0.01 ")


def kinds(watch: Watch, state: State, now: int, consoles: int = 0) -> list[str]:
    return [notice.kind for notice in watch.look(state, now, consoles)]


def test_a_silent_market_is_told_once_and_its_return_too() -> None:
    state, watch = engine(), Watch(quiet_minutes=5)
    state.apply_event(snapshot(9_999_00, 10_001_00), START)
    assert kinds(watch, state, 0) == []
    assert kinds(watch, state, 5 * MINUTE - 1) == []
    assert kinds(watch, state, 5 * MINUTE) == ["silence"]
    assert kinds(watch, state, 50 * MINUTE) == []
    state.apply_event(snapshot(9_999_00, 10_001_00), START + SECOND)
    assert kinds(watch, state, 51 * MINUTE) == ["silence"]
    assert kinds(watch, state, 52 * MINUTE) == []


def test_a_recording_that_is_over_is_not_silence() -> None:
    state, watch = engine(), Watch(quiet_minutes=1)
    for known in state.market.all():
        known.connect("ended")
    assert kinds(watch, state, 0) + kinds(watch, state, 10 * MINUTE) == []


def test_a_position_that_stays_without_a_stop_is_told_once() -> None:
    state, _ = filled(SLEEVE)
    watch = Watch(quiet_minutes=60)
    assert kinds(watch, state, 0) == []
    assert kinds(watch, state, UNPROTECTED_AFTER - 1) == []
    (notice,) = watch.look(state, UNPROTECTED_AFTER, 0)
    assert (notice.kind, "trend holds 0.01000" in notice.text) == ("unprotected", True)
    assert kinds(watch, state, 2 * UNPROTECTED_AFTER) == []
    assert unprotected_text(state) == (
        "; without a stop at a broker: 0.01000 sandbox:BTCUSDT (trend)"
    )
    target = intent("sell", number=2, owner=SLEEVE, reduce_only=True)
    state.apply_outcome(Submit(order=target))
    assert unprotected_text(state)  # a target is no stop
    stop = msgspec.structs.replace(
        intent("sell", number=3, owner=SLEEVE, order_type="stop", limit=None, reduce_only=True),
        trigger_price=9_000_00,
    )
    state.apply_outcome(Submit(order=stop))
    assert kinds(watch, state, 3 * UNPROTECTED_AFTER) == []
    assert not unprotected_text(state)


def test_the_last_console_that_leaves_is_told_what_lives_in_the_engine() -> None:
    watch, state = Watch(quiet_minutes=60), engine(held_stop())
    assert kinds(watch, state, 0, consoles=2) == []
    assert kinds(watch, state, 1, consoles=0) == ["engine-stops"]
    assert kinds(watch, state, 2, consoles=0) == []
