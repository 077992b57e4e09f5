"""The kernel: one history in, outcomes out.

`handle = apply + decide`. `apply` changes state and is total; deciding asks the rules and the policies and emits
outcomes, each applied as it is made. The same history gives the same outcomes, in any process.
"""

from collections.abc import Callable

from tradebot.data.events import MarketEvent
from tradebot.engine.core.amend import on_amend, on_cancel_refused
from tradebot.engine.core.answers import on_answer
from tradebot.engine.core.arming import (
    ARMING_TIMER,
    on_arm,
    on_arming_timer,
    on_disarm,
    on_terminal_gone,
    tell_limits,
)
from tradebot.engine.core.asking import (
    on_recheck_timer,
    on_report_timer,
    on_silent_timer,
    on_unanswered_timer,
    watch_silence,
)
from tradebot.engine.core.connections import tell_feed, tell_stream, warn_engine_held
from tradebot.engine.core.contingent import enter, settle, settle_again
from tradebot.engine.core.events import (
    AccountReported,
    AmendRequested,
    ArmRequested,
    CancelRejected,
    CancelRequested,
    DifferenceAnswerRequested,
    DisarmRequested,
    EngineStarted,
    Event,
    FeedChanged,
    FlattenRequested,
    HaltRequested,
    KillRequested,
    MandateGiven,
    MandateRevoked,
    OrderAccepted,
    OrderFilled,
    OrderLane,
    OrderRejected,
    OrderReported,
    PanicNoted,
    PlaceOrder,
    ReconcileRequested,
    ResumeRequested,
    SleeveChanged,
    SleeveFailed,
    SleevePauseRequested,
    SleeveResumeRequested,
    SleeveStopRequested,
    StopRequested,
    StreamChanged,
    SubmitUnknown,
    TerminalGone,
    TimerFired,
)
from tradebot.engine.core.expiry import on_expiry_timer, set_expiries
from tradebot.engine.core.flatten import (
    FLATTEN_TIMER,
    on_flatten,
    on_flatten_timer,
    on_order_of_flatten,
)
from tradebot.engine.core.held import look, look_everywhere
from tradebot.engine.core.leaving import on_move_rejected, on_stop
from tradebot.engine.core.legs import tell_overshoot
from tradebot.engine.core.mandates import (
    MANDATE_TIMER,
    mandates_started,
    on_mandate_given,
    on_mandate_revoked,
    on_mandate_timer,
)
from tradebot.engine.core.marks import lift, watch
from tradebot.engine.core.outcomes import AnyOutcome, FillBooked, OrderDenied, OrderIntent
from tradebot.engine.core.panic import on_panic, share_closing
from tradebot.engine.core.reconcile import (
    on_absent_timer,
    on_account_reported,
    on_feed,
    on_late_fill,
    on_missing_timer,
    on_order_reported,
    on_reconcile,
    on_silence,
    on_started,
    on_stream,
    on_stream_timer,
    stop_on_alarms,
)
from tradebot.engine.core.settling import settle_bets
from tradebot.engine.core.shadow import look_at_shadows
from tradebot.engine.core.sleeve_exit import EXIT_TIMER, on_exit_timer, on_order_of_exit
from tradebot.engine.core.sleeve_losses import resume_sleeve
from tradebot.engine.core.sleeve_words import (
    on_process_stop,
    on_sleeve_changed,
    on_sleeve_failed,
    on_sleeve_stop,
    sleeves_started,
)
from tradebot.engine.core.sleeves import Sleeves
from tradebot.engine.core.state import State
from tradebot.engine.core.step import EXPIRE, Step, StepOutcome, intent_of
from tradebot.engine.core.stops import (
    keep_to_state,
    on_cancel,
    on_halt,
    on_kill,
    on_pause,
    on_resume,
    trim_reduce_only,
)
from tradebot.engine.core.types import EngineId, Owner


class Kernel:
    """The state machine; whoever holds it feeds it from one thread."""

    def __init__(self, engine_id: EngineId, sleeves: Sleeves) -> None:
        self.state = State(engine_id)
        self._sleeves = sleeves

    def handle(self, seq: int, now: int, event: Event) -> list[StepOutcome]:
        """Take the next event of the history and return what it leads to, in order.

        Args:
            seq: Place in the history, one more than the last.
            now: The inbox's time, ns UTC, never less than before.
            event: What came in.
        """
        self.state.apply_event(event, now)
        if self.state.told_again:
            # Most of what a report tells was booked before: nothing follows from it, and nobody writes it down.
            return []
        step = Step(self.state, seq)
        new = self.state.take_booked()
        if new is not None:
            fill, owner, intent = new
            step.emit(booked(self.state.engine_id, fill, owner, intent))
            on_late_fill(step, fill)
            share_closing(step, fill)
        done = 0
        if isinstance(event, MarketEvent):
            look(step, event.instrument)
            look_at_shadows(step, event.instrument)
            watch(step, at_once=False)
        else:
            _consequences(step, event)
            on_order_of_flatten(step, event)
            on_order_of_exit(step, event)
            settle(step)
            done = len(step.outcomes)
            look_everywhere(step)
            stop_on_alarms(step)
            self.state.forget_alarms()
            watch(step, at_once=new is not None or isinstance(event, OrderRejected))
        settle_bets(step)
        self._sleeves.decide(step, event)
        settle_again(step, done)
        warn_engine_held(step)
        watch_silence(step)
        return step.outcomes

    def recover_event(self, now: int, event: OrderLane) -> None:
        """Take a journaled event in without deciding anything."""
        self.state.apply_event(event, now)
        self.state.take_booked()
        self.state.forget_alarms()

    def recover_outcome(self, now: int, outcome: AnyOutcome) -> None:
        """Take a journaled outcome in."""
        self.state.now = max(self.state.now, now)
        self.state.apply_outcome(outcome)


def booked(
    engine_id: EngineId, event: OrderFilled, owner: Owner, intent: OrderIntent | None
) -> FillBooked:
    """Return whose fill it was and why, as the ledger took it; `intent` is its order's, None for no order of ours."""
    return FillBooked(
        execution_id=event.execution_id,
        client_order_id=event.client_order_id,
        engine_id=engine_id,
        account=event.account,
        owner=owner,
        policy_version=None if intent is None else intent.policy_version,
        bet_id=None if intent is None else intent.bet_id,
        because=None if intent is None else intent.because,
        edge=None if intent is None else intent.edge,
        lives_at=None if intent is None else intent.lives_at,
    )


def _consequences(step: Step, event: OrderLane) -> None:  # noqa: C901, PLR0912, PLR0915  (one case a word)
    match event:
        case StopRequested():
            on_process_stop(step, event)
            on_stop(step, event)
        case OrderRejected():
            on_move_rejected(step, event)
        case PlaceOrder():
            _place(step, event)
        case AmendRequested():
            on_amend(step, event)
        case CancelRequested():
            on_cancel(step, event)
        case FlattenRequested() | HaltRequested() | KillRequested() | ResumeRequested():
            _stop_word(step, event)
        case (
            SleevePauseRequested()
            | SleeveFailed()
            | SleeveResumeRequested()
            | SleeveChanged()
            | SleeveStopRequested()
        ):
            _sleeve_word(step, event)
        case (
            ArmRequested() | DisarmRequested() | TerminalGone() | MandateGiven() | MandateRevoked()
        ):
            _authority(step, event)
        case EngineStarted():
            tell_limits(step)
            mandates_started(step)
            on_started(step)
            set_expiries(step)
            sleeves_started(step)
        case PanicNoted():
            on_panic(step, event)
        case OrderReported():
            on_order_reported(step, event)
            keep_to_state(step)
        case OrderAccepted():
            keep_to_state(step)
        case SubmitUnknown():
            on_silence(step, event)
        case CancelRejected():
            on_silence(step, event)
            on_cancel_refused(step, event)
        case StreamChanged():
            tell_stream(step, event)
            on_stream(step, event)
        case FeedChanged():
            tell_feed(step, event)
            on_feed(step, event)
        case ReconcileRequested():
            on_reconcile(step, event)
        case DifferenceAnswerRequested():
            on_answer(step, event)
        case AccountReported():
            on_account_reported(step, event)
        case OrderFilled():
            tell_overshoot(step, event)
            trim_reduce_only(step, (event.account, event.instrument))
            keep_to_state(step)
        case TimerFired():
            _timer(step, event)
        case _:
            return


def _stop_word(
    step: Step, event: FlattenRequested | HaltRequested | KillRequested | ResumeRequested
) -> None:
    match event:
        case FlattenRequested():
            on_flatten(step, event)
        case HaltRequested():
            on_halt(step, event)
        case KillRequested():
            on_kill(step, event)
        case ResumeRequested():
            if on_resume(step, event):
                lift(step)


def _sleeve_word(
    step: Step,
    event: SleevePauseRequested
    | SleeveFailed
    | SleeveResumeRequested
    | SleeveChanged
    | SleeveStopRequested,
) -> None:
    match event:
        case SleevePauseRequested():
            on_pause(step, event)
        case SleeveFailed():
            on_sleeve_failed(step, event)
        case SleeveResumeRequested():
            resume_sleeve(step, event)
        case SleeveChanged():
            on_sleeve_changed(step, event)
        case SleeveStopRequested():
            on_sleeve_stop(step, event)


def _authority(
    step: Step,
    event: ArmRequested | DisarmRequested | TerminalGone | MandateGiven | MandateRevoked,
) -> None:
    match event:
        case ArmRequested():
            on_arm(step, event)
        case DisarmRequested():
            on_disarm(step, event)
        case TerminalGone():
            on_terminal_gone(step, event)
        case MandateGiven():
            on_mandate_given(step, event)
        case MandateRevoked():
            on_mandate_revoked(step, event)


_TIMERS: dict[str, Callable[[Step, TimerFired], None]] = {
    FLATTEN_TIMER.rstrip(":"): on_flatten_timer,
    "absent": on_absent_timer,
    "report": on_report_timer,
    "recheck": on_recheck_timer,
    "stream": on_stream_timer,
    "missing": on_missing_timer,
    "silent": on_silent_timer,
    "unanswered": on_unanswered_timer,
    ARMING_TIMER: lambda step, _: on_arming_timer(step),
    MANDATE_TIMER.rstrip(":"): on_mandate_timer,
    EXIT_TIMER.rstrip(":"): on_exit_timer,
    EXPIRE.rstrip(":"): on_expiry_timer,
}
"""What a timer is for, by the part of its id before the colon."""


def _timer(step: Step, event: TimerFired) -> None:
    ring = _TIMERS.get(event.timer_id.partition(":")[0])
    if ring is not None:
        ring(step, event)


def _place(step: Step, event: PlaceOrder) -> None:
    state = step.state
    if state.blotter.by_request(event.request_id) is not None:
        # The same request is the same order: whoever repeats it is shown what became of it.
        return
    intent = intent_of(state, event)
    if event.account not in state.accounts:
        known = ", ".join(state.accounts)
        text = f"account {event.account} is not one of this engine's: {known}"
        step.emit(OrderDenied(order=intent, code="unknown_account", text=text))
    elif state.market.get(event.instrument) is None:
        known = ", ".join(market.instrument.id for market in state.market.all())
        text = f"instrument {event.instrument} is not traded by this engine; it has {known}"
        step.emit(OrderDenied(order=intent, code="unknown_instrument", text=text))
    else:
        enter(step, intent)
