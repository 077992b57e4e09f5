"""Mandates: a sleeve at one version may add risk in LIVE, within bounds typed once.

It survives restarts and reconnects, and is void when the code, its parameters or its capital change, when limits
widen, when its loss budget is spent, when it expires, or when a person takes it back. A sleeve without one decides as
ever, and nothing of it that adds risk is sent; its exits run.
"""

import msgspec

from tradebot.engine.core.authority import outgrown
from tradebot.engine.core.events import MandateGiven, MandateRevoked, TimerFired
from tradebot.engine.core.ledger import MONEY
from tradebot.engine.core.limits import limits_from_text, narrowest
from tradebot.engine.core.outcomes import Alert, MandateEnded, MandateRecorded
from tradebot.engine.core.reasons import why
from tradebot.engine.core.sleeve_money import profit
from tradebot.engine.core.sleeve_terms import SleeveStarted
from tradebot.engine.core.step import Step
from tradebot.engine.core.stops import cancel_added_risk
from tradebot.engine.core.types import Owner

MANDATE_TIMER = "mandate:"


def on_mandate_given(step: Step, event: MandateGiven) -> None:
    """Record a mandate, or say what is wrong with it."""
    state = step.state
    sleeve = state.sleeves.get(event.sleeve)
    problem = _unfit(event, None if sleeve is None else sleeve.started, state.now)
    base = profit(state, event.sleeve)
    try:
        narrowed = limits_from_text({**state.limits.as_text(), **event.limits})
    except msgspec.ValidationError as error:
        problem = problem or f"limits {event.limits}: {error}"
        narrowed = state.limits
    if base is None:
        problem = (
            problem or "what the sleeve holds has no price now, so its losses cannot be counted"
        )
    if problem or base is None:
        step.emit(Alert(level="error", text=f"no mandate for {event.sleeve}: {problem}"))
        return
    step.emit(
        MandateRecorded(
            sleeve=event.sleeve,
            version=event.version,
            account=event.account,
            capital=str(event.capital),
            loss_budget=str(event.loss_budget),
            limits=narrowest(state.limits, narrowed).as_text(),
            own_limits={} if sleeve is None else sleeve.started.limits,
            expires=event.expires,
            base=str(base),
        )
    )
    step.timer(f"{MANDATE_TIMER}{event.sleeve}", event.expires)


def _unfit(event: MandateGiven, started: SleeveStarted | None, now: int) -> str:
    if started is None:
        return "no such sleeve runs here"
    if event.capital <= 0 or event.loss_budget <= 0:
        return f"capital and loss budget must be > 0, were {event.capital} and {event.loss_budget}"
    if event.expires <= now:
        return "it would have expired already"
    return outgrown(event.version, event.account, event.capital, started)


def on_mandate_revoked(step: Step, event: MandateRevoked) -> None:
    """End a mandate because a person says so."""
    _end(step, event.sleeve, event.reason)


def on_mandate_timer(step: Step, event: TimerFired) -> None:
    """End a mandate that has expired."""
    name = Owner(event.timer_id.removeprefix(MANDATE_TIMER))
    mandate = step.state.authority.mandates.get(name)
    if mandate is None:
        return
    if step.state.now >= mandate.expires:
        _end(step, name, "it has expired")
    else:
        step.timer(event.timer_id, mandate.expires)


def mandates_started(step: Step) -> None:
    """At a start: end mandates that no longer fit, and say which sleeves run as shadows."""
    state = step.state
    for name, mandate in state.authority.mandates.items():
        sleeve = state.sleeves.get(name)
        if sleeve is None:
            continue  # it does not run now; the mandate waits for the same version
        void = mandate.outgrown(sleeve.started)
        if state.now >= mandate.expires:
            void = "it has expired"
        if void:
            _end(step, name, void)
        else:
            step.timer(f"{MANDATE_TIMER}{name}", mandate.expires)
    for name, sleeve in state.sleeves.items():
        live = state.is_live and sleeve.started.run == "live"
        if live and name not in state.authority.mandates:
            text = f"sleeve {name} has no mandate: it decides as a shadow, only its exits are sent"
            step.emit(Alert(level="warn", text=text))


def void_mandate(step: Step, name: Owner) -> None:
    """End a mandate that no longer fits the sleeve as it runs now."""
    mandate, sleeve = step.state.authority.mandates.get(name), step.state.sleeves.get(name)
    void = "" if mandate is None or sleeve is None else mandate.outgrown(sleeve.started)
    if void:
        _end(step, name, void)


def limits_widened(step: Step, names: list[str]) -> None:
    """End every mandate: whoever gave them had narrower limits before his eyes."""
    for name in step.state.authority.mandates if names else ():
        _end(step, name, f"wider limits: {', '.join(names)}")


def watch_mandates(step: Step) -> None:
    """End mandates whose loss budget is spent: at the budget, not only beyond it."""
    for name, mandate in step.state.authority.mandates.items():
        now = profit(step.state, name)
        if now is None:
            continue  # without a price new risk is held up by the gate; the loss is seen when there is one
        lost = MONEY.subtract(mandate.base, now)
        if lost >= mandate.loss_budget:
            _end(step, name, f"loss budget spent: {lost} of {mandate.loss_budget}")


def _end(step: Step, name: Owner, reason: str) -> None:
    if name not in step.state.authority.mandates:
        return
    step.emit(MandateEnded(sleeve=name, reason=reason))
    if not step.state.is_live:
        return
    text = f"mandate of {name} ended: {reason}; it goes on as a shadow, its exits run"
    step.emit(Alert(level="warn", text=text))
    cancel_added_risk(step, why("no-mandate", sleeve=name), name)
