"""Arming: hands may add risk in LIVE for a while, and limits may be raised.

Typed at a terminal, short, and over with that terminal, its silence, the time it was given, or the process. It is the
engine's, so that every client of this user may add risk while it lasts. Nobody needs it to get out of a position.
"""

from tradebot.engine.core.events import ArmRequested, DisarmRequested, TerminalGone
from tradebot.engine.core.limits import diff_text, wider
from tradebot.engine.core.mandates import limits_widened
from tradebot.engine.core.outcomes import Alert, ArmingChanged, LimitsChanged
from tradebot.engine.core.reasons import why
from tradebot.engine.core.step import Step
from tradebot.engine.core.types import SECOND

ARMING_TIMER = "arming"

SECONDS_IN_A_MINUTE = 60


def on_arm(step: Step, event: ArmRequested) -> None:
    """Let hands add risk, and let the configured limits hold where they waited for it."""
    state = step.state
    if event.ttl <= 0 or event.idle <= 0:
        text = f"arm needs a time and an idle time > 0, was {event.ttl} and {event.idle} ns"
        step.emit(Alert(level="error", text=text))
        return
    step.emit(
        ArmingChanged(
            terminal=event.terminal, until=state.now + event.ttl, idle=event.idle, reason="armed"
        )
    )
    _set_timer(step)
    _raise_limits(step)


def _raise_limits(step: Step) -> None:
    state = step.state
    wanted = state.authority.wanted
    if wanted is None:
        return
    told = diff_text(state.limits, wanted)
    raised = wider(wanted, state.limits)
    step.emit(LimitsChanged(limits=wanted.as_text(), reason="armed"))
    step.emit(Alert(level="warn", text=f"limits raised: {told}"))
    limits_widened(step, raised)


def on_disarm(step: Step, event: DisarmRequested) -> None:
    """End it at once; told twice changes nothing."""
    _end(step, event.reason)


def on_terminal_gone(step: Step, event: TerminalGone) -> None:
    """End what was tied to a terminal: its arming, and the orders a hand was to attend."""
    arming = step.state.authority.arming
    if arming is not None and arming.terminal == event.terminal:
        _end(step, event.reason or "terminal gone")
    for order in step.state.blotter.open():
        intent = order.intent
        attended = intent.attended and intent.terminal == event.terminal
        # What protects is never taken away because nobody looks.
        if attended and not intent.reduce_only and order.state != "pending_cancel":
            step.cancel(intent, why("terminal-gone"))


def on_arming_timer(step: Step) -> None:
    """End it when its time is over, or its terminal was silent for too long."""
    arming, now = step.state.authority.arming, step.state.now
    if arming is None:
        return
    if now >= arming.until:
        _end(step, "its time is over")
    elif now >= arming.ends():
        idle = arming.idle // SECOND
        span = f"{idle} s" if idle < SECONDS_IN_A_MINUTE else f"{idle // SECONDS_IN_A_MINUTE} min"
        _end(step, f"its terminal was silent for {span}")
    else:
        _set_timer(step)


def _set_timer(step: Step) -> None:
    arming = step.state.authority.arming
    if arming is not None:
        step.timer(ARMING_TIMER, arming.ends())


def _end(step: Step, reason: str) -> None:
    arming = step.state.authority.arming
    if arming is not None:
        step.emit(ArmingChanged(terminal=arming.terminal, until=0, idle=arming.idle, reason=reason))


def tell_limits(step: Step) -> None:
    """At a start: tell what the limits in force are now, where they are others than before."""
    state = step.state
    authority = state.authority
    if authority.before is not None and authority.before != state.limits:
        step.emit(LimitsChanged(limits=state.limits.as_text(), reason="configuration"))
        told = diff_text(authority.before, state.limits)
        step.emit(Alert(level="info", text=f"limits in force: {told}"))
    if authority.wanted is not None:
        waiting = diff_text(state.limits, authority.wanted)
        text = f"limits stay as they were until `tradebot arm`: {waiting}"
        step.emit(Alert(level="warn", text=text))
