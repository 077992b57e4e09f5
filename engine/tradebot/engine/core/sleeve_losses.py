"""A sleeve's own day loss and drawdown pause it at the limit, not beyond; a pool that was given out twice is told.

Every sleeve that runs is marked as its day begins, so that what it has made today outlives a restart. The peak of one
with a limit that looks at it is marked as it rises; of others only with the day.
"""

from decimal import Decimal

from tradebot.engine.core.events import SleeveResumeRequested
from tradebot.engine.core.gate_words import percent
from tradebot.engine.core.outcomes import (
    Alert,
    PauseCause,
    SleeveMarked,
    SleevePaused,
    SleeveResumed,
)
from tradebot.engine.core.reasons import why
from tradebot.engine.core.returns import below
from tradebot.engine.core.sleeve_limits import OwnLimits, own_limits
from tradebot.engine.core.sleeve_memory import SleeveMark
from tradebot.engine.core.sleeve_money import equity_of, pool
from tradebot.engine.core.state import SleeveState
from tradebot.engine.core.step import Step
from tradebot.engine.core.stops import cancel_added_risk, on_sleeve_resume


def watch_sleeves(step: Step) -> None:
    """Mark the equity of sleeves that run, and pause those that have lost more than their limits."""
    today = step.state.day_of(step.state.now)
    for sleeve in step.state.sleeves.values():
        if sleeve.started.run == "off":
            continue
        limits = own_limits(sleeve.started.limits)
        bound = limits.day_loss is not None or limits.drawdown is not None
        marked = sleeve.mark is not None and sleeve.mark.day >= today
        if marked and not bound:
            continue
        equity = equity_of(step.state, sleeve)
        if (
            equity is not None
        ):  # without a price new risk is held up by the gate; the loss is seen when there is one
            _mark(step, sleeve, equity)
            if bound:
                _judge(step, sleeve, limits, equity)


def _mark(step: Step, sleeve: SleeveState, equity: Decimal) -> None:
    state, mark = step.state, sleeve.mark
    today = state.day_of(state.now)
    next_day = mark is not None and today > mark.day
    if mark is None or next_day:
        peak = equity if mark is None else max(equity, mark.peak)
        _emit(step, sleeve, SleeveMark(day=today, day_start=equity, peak=peak))
    elif equity > mark.peak:
        _emit(step, sleeve, SleeveMark(day=mark.day, day_start=mark.day_start, peak=equity))
    by_itself = state.started is not None and state.started.resume == "next-day"
    if next_day and by_itself and sleeve.pause_cause == "day-loss" and not sleeve.failed:
        step.emit(SleeveResumed(sleeve=sleeve.started.name, reason="next day"))


def _emit(step: Step, sleeve: SleeveState, mark: SleeveMark) -> None:
    step.emit(
        SleeveMarked(
            sleeve=sleeve.started.name,
            day=mark.day,
            day_start=f"{mark.day_start:f}",
            peak=f"{mark.peak:f}",
        )
    )


def _judge(step: Step, sleeve: SleeveState, limits: OwnLimits, equity: Decimal) -> None:
    mark = sleeve.mark
    if mark is None or sleeve.paused is not None:
        return
    fallen, lost = below(equity, mark.peak), below(equity, mark.day_start)
    if limits.drawdown is not None and fallen >= limits.drawdown:
        text = f"drawdown {percent(fallen)} from its peak, at most {percent(limits.drawdown)}"
        _pause(step, sleeve, text, "drawdown")
    elif limits.day_loss is not None and lost >= limits.day_loss:
        text = f"day loss {percent(lost)}, at most {percent(limits.day_loss)}"
        _pause(step, sleeve, text, "day-loss")


def _pause(step: Step, sleeve: SleeveState, reason: str, cause: PauseCause) -> None:
    name = sleeve.started.name
    step.emit(SleevePaused(sleeve=name, reason=reason, failed=sleeve.failed, cause=cause))
    text = f"sleeve {name} paused: {reason}; `tradebot resume {name}` lifts it"
    step.emit(Alert(level="warn", text=text))
    cancel_added_risk(step, why("sleeve-paused", sleeve=name), name)


def resume_sleeve(step: Step, event: SleeveResumeRequested) -> None:
    """Let a paused sleeve add risk again; what its limits pulled is measured from now on."""
    state, sleeve = step.state, step.state.sleeves.get(event.sleeve)
    pulled = sleeve is not None and sleeve.pause_cause in {"day-loss", "drawdown"}
    if sleeve is not None and pulled and sleeve.mark is not None:
        equity = equity_of(state, sleeve)
        if equity is not None:
            _emit(step, sleeve, SleeveMark(day=sleeve.mark.day, day_start=equity, peak=equity))
    on_sleeve_resume(step, event)


def watch_pools(step: Step) -> None:
    """Tell once of each account whose live sleeves were given more than it holds."""
    state = step.state
    given = {sleeve.started.account for sleeve in state.sleeves.values()}
    for account in sorted(given & set(state.accounts)):
        shared = pool(state, account)
        if shared is None or shared.equity <= 0:
            continue  # nothing has been paid in yet
        if shared.free >= 0:
            state.overdrawn.pop(account, None)
        elif account not in state.overdrawn:
            state.overdrawn[account] = None
            text = (
                f"the live sleeves of {account} were given {shared.sleeves:f} {state.currency}, it holds "
                f"{shared.equity:f}: lower a capital with `tradebot policy capital NAME AMOUNT`"
            )
            step.emit(Alert(level="warn", text=text))
