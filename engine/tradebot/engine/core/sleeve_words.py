"""Words about a whole sleeve: other terms, stopped, and what holds of it after a start."""

from tradebot.engine.core.events import (
    SleeveChanged,
    SleeveFailed,
    SleeveStopRequested,
    StopRequested,
)
from tradebot.engine.core.leaving import immovable, leaves_with_process
from tradebot.engine.core.mandates import void_mandate
from tradebot.engine.core.outcomes import (
    Alert,
    SleeveExitEnded,
    SleevePaused,
    SleeveStopped,
    SleeveTaken,
)
from tradebot.engine.core.reasons import why
from tradebot.engine.core.sleeve_exit import begin_exit, exit_step, still_held
from tradebot.engine.core.sleeve_limits import unfit_limits
from tradebot.engine.core.sleeve_terms import SleeveStarted
from tradebot.engine.core.state import State
from tradebot.engine.core.step import Step
from tradebot.engine.core.stops import cancel_added_risk, on_pause
from tradebot.engine.core.types import HAND, UNCLAIMED


def unfit(state: State, started: SleeveStarted) -> str:
    """Return why a sleeve cannot run on these terms; empty where it can.

    Whoever brings a sleeve other code asks this before the code is put in place.
    """
    if started.name in {"", HAND, UNCLAIMED}:
        return f"a sleeve cannot be named {started.name!r}: choose another name"
    if started.account not in state.accounts:
        known = ", ".join(state.accounts)
        return f"account {started.account} is not one of this engine's: {known}"
    strange = [symbol for symbol in started.symbols if state.market.get(symbol) is None]
    if strange or not started.symbols:
        known = ", ".join(market.instrument.id for market in state.market.all())
        return f"symbols must be among {known}, were {', '.join(started.symbols) or 'none'}"
    if not (started.capital.is_finite() and started.capital > 0):
        return f"capital must be > 0, was {started.capital}"
    before = state.sleeves.get(started.name)
    if before is not None and before.started.account != started.account:
        held = still_held(state, before)
        if held:
            names = ", ".join(held)
            return f"it still holds {names} at account {before.started.account}: close that first"
    return unfit_limits(started)


def on_sleeve_changed(step: Step, event: SleeveChanged) -> None:
    """Let a sleeve run on other terms, or begin a new one; say what is wrong with them."""
    state, started = step.state, event.started
    problem = unfit(state, started)
    if problem:
        text = f"sleeve {started.name} keeps its terms ({event.what} refused): {problem}"
        step.emit(Alert(level="error", text=text))
        return
    before = state.sleeves.get(started.name)
    configured = event.configured
    if configured is None:
        configured = started if before is None else before.configured
    if before is not None and before.exiting is not None and event.what == "start":
        rest = still_held(state, before)
        step.emit(SleeveExitEnded(sleeve=started.name, rest=rest, reason="started again"))
    step.emit(
        SleeveTaken(
            started=started,
            configured=configured,
            what=event.what,
            memory=event.memory,
            reason=event.reason,
        )
    )
    void_mandate(step, started.name)
    if started.run != "live":
        cancel_added_risk(step, why("sleeve-not-live", sleeve=started.name), started.name)
        _tell_left(step, started)


def _tell_left(step: Step, started: SleeveStarted) -> None:
    """Say what real positions a sleeve leaves behind that no longer sends anything."""
    held = still_held(step.state, step.state.sleeves[started.name])
    if held:
        names = ", ".join(held)
        text = (
            f"sleeve {started.name} is {started.run} from now on and still holds {names}: its stops stay; "
            f"`tradebot policy stop {started.name} --exit` closes it"
        )
        step.emit(Alert(level="warn", text=text))


def on_sleeve_stop(step: Step, event: SleeveStopRequested) -> None:
    """Ask a sleeve no more; what it holds stays under its stops, or is closed."""
    sleeve = step.state.sleeves.get(event.sleeve)
    if sleeve is None:
        known = ", ".join(step.state.sleeves) or "none"
        text = f"no sleeve {event.sleeve} runs, here are {known}: nothing stopped"
        step.emit(Alert(level="error", text=text))
        return
    leaves = sleeve.started.on_stop == "exit" if event.exit is None else event.exit
    step.emit(SleeveStopped(sleeve=event.sleeve, reason=event.reason))
    cancel_added_risk(step, why("sleeve-stopped", sleeve=event.sleeve), event.sleeve)
    if leaves:
        begin_exit(step, sleeve, "stopped")


def on_sleeve_failed(step: Step, event: SleeveFailed) -> None:
    """Pause a sleeve whose policy broke its bounds, and close what it holds where its terms say so."""
    on_pause(step, event)
    sleeve = step.state.sleeves.get(event.sleeve)
    if sleeve is not None and sleeve.started.on_error == "exit":
        begin_exit(step, sleeve, "its policy failed")


def on_process_stop(step: Step, event: StopRequested) -> None:
    """The process is to end: sleeves that leave with it close what they hold; to be called before `on_stop`."""
    state = step.state
    at_once = event.insist and event.leave_unprotected
    refused = immovable(state) and not (event.insist or event.leave_unprotected)
    if at_once or refused:
        return  # it ends in this moment, or not at all
    for name, sleeve in state.sleeves.items():
        if leaves_with_process(sleeve) and still_held(state, sleeve):
            if sleeve.paused is None:
                step.emit(SleevePaused(sleeve=name, reason="the engine stops", cause="stop"))
            cancel_added_risk(step, why("sleeve-stopped", sleeve=name), name)
            begin_exit(step, sleeve, "the engine stops")


def sleeves_started(step: Step) -> None:
    """At a start: go on with what was being closed."""
    for sleeve in step.state.sleeves.values():
        if sleeve.exiting is not None:
            exit_step(step, sleeve, again=True)
