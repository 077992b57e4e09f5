"""What stops what: halt, kill, flatten, resume, pause, and the limits that pull them by themselves.

The table in the documentation is the law; each cell has a test. Orders that add risk go, what protects or only shrinks
a position stays, and nobody is left without the word that lifts it.
"""

from typing import Literal

import msgspec

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.amend import BUSY, change
from tradebot.engine.core.asking import DEEP_OVERLAP, ask_account
from tradebot.engine.core.events import (
    CancelRequested,
    HaltRequested,
    KillRequested,
    ResumeRequested,
    SleeveFailed,
    SleevePauseRequested,
    SleeveResumeRequested,
)
from tradebot.engine.core.orders import STOPS, Order
from tradebot.engine.core.outcomes import (
    Alert,
    SleevePaused,
    SleeveResumed,
    TradingStateChanged,
)
from tradebot.engine.core.reasons import Because, why
from tradebot.engine.core.state import State
from tradebot.engine.core.step import Step
from tradebot.engine.core.types import AccountName, Owner, Side, TradingState, opposite, sign

LEAVING = frozenset({"pending_cancel", "pending_replace"})
"""States of an order that is on its way out already."""


def on_cancel(step: Step, event: CancelRequested) -> None:
    """Cancel one order, or all that match."""
    for order in step.state.blotter.open():
        intent = order.intent
        # What is to take the order's place is meant as well.
        if event.client_order_id not in {None, intent.client_order_id, intent.replaces}:
            continue
        if event.instrument not in {None, intent.instrument}:
            continue
        # Asked for by name it is sent again: the first cancel may have been lost, and twice does no harm.
        fresh = order.state != "pending_cancel" or event.client_order_id is not None
        if event.side in {None, intent.side} and fresh:
            step.cancel(intent, why("operator-cancel"))


def change_state(
    step: Step, wanted: TradingState, reason: str, *, cause: Literal["", "day-loss"] = ""
) -> None:
    """Move to REDUCING or HALTED (never from HALTED back to REDUCING) and take added risk out."""
    state = step.state
    if state.trading_state not in {wanted, "HALTED"}:
        step.emit(TradingStateChanged(state=wanted, reason=reason, cause=cause))
    cancel_added_risk(step, why("state", state=state.trading_state), None)


def cancel_added_risk(step: Step, because: Because, owner: Owner | None) -> None:
    """Cancel every open order (of one owner) that could make a position larger."""
    for order in adds_risk(step.state):
        if owner in {None, order.intent.owner} and order.state != "pending_cancel":
            step.cancel(order.intent, because)


def adds_risk(state: State) -> list[Order]:
    """Return open orders that could make a position larger.

    Reduce-only orders never do. Of the others those that oppose the account's position are counted against it, oldest
    first: what fits into it only shrinks it. So does what fits into its own owner's holding, also where owners stand
    against each other and the account's net is smaller: the gate let it pass as an exit, and it stays one. While
    REDUCING or HALTED it stays only where the net grows no larger by it, or where it is a stop.
    """
    stopped = state.trading_state != "ACTIVE"
    nets: dict[tuple[AccountName, InstrumentId], int] = {}
    reaches: dict[tuple[AccountName, InstrumentId, Side], int] = {}
    owned: dict[tuple[AccountName, InstrumentId, Owner], int] = {}
    adding: list[Order] = []
    for order in state.blotter.open():
        intent = order.intent
        where = (intent.account, intent.instrument)
        way = (intent.account, intent.instrument, intent.side)
        whose = (*where, intent.owner)
        held = state.ledger.net(*where)
        net = nets.setdefault(where, held)
        own = owned.setdefault(whose, state.ledger.position(*whose).quantity)
        signed = sign(intent.side) * order.leaves
        fits = _only_shrinks(net, signed), _only_shrinks(own, signed)
        reach = reaches.setdefault(way, held * sign(intent.side)) + order.leaves
        larger = stopped and reach > abs(held) and intent.type not in STOPS
        stays = intent.reduce_only or (any(fits) and not larger)
        if not stays:
            adding.append(order)
        elif not intent.reduce_only and intent.type not in STOPS:
            reaches[way] = reach
        nets[where] += signed if fits[0] else 0
        owned[whose] += signed if fits[1] else 0
    return adding


def _only_shrinks(held: int, signed: int) -> bool:
    """Return whether a signed quantity takes from what is held and no more than that."""
    return held != 0 and (held > 0) != (signed > 0) and abs(signed) <= abs(held)


def keep_to_state(step: Step) -> None:
    """Take out what adds risk by now though it did not, or was not known, when the state was entered."""
    state = step.state
    paused = {name for name, sleeve in state.sleeves.items() if sleeve.paused is not None}
    stopped = state.trading_state != "ACTIVE"
    if not stopped and not paused:
        return
    for order in adds_risk(state):
        owner = order.intent.owner
        # What is unknown was told to end when the state was entered; it is told again once it is known.
        if order.state in {"pending_cancel", "unknown"} or not (stopped or owner in paused):
            continue
        because = why("state", state=state.trading_state)
        step.cancel(order.intent, because if stopped else why("sleeve-paused", sleeve=owner))


def on_halt(step: Step, event: HaltRequested) -> None:
    """REDUCING by an operator; what a day loss pulled is his from now on, the next day does not lift it."""
    if step.state.trading_state == "REDUCING" and step.state.cause:
        step.emit(TradingStateChanged(state="REDUCING", reason=event.reason))
    change_state(step, "REDUCING", event.reason)


def on_kill(step: Step, event: KillRequested) -> None:
    """HALTED by an operator."""
    change_state(step, "HALTED", event.reason)


def on_resume(step: Step, event: ResumeRequested) -> bool:
    """Back to ACTIVE, unless the ledger and the venue disagree; return whether it was lifted."""
    state = step.state
    if state.trading_state == "ACTIVE":
        return False
    differing = {
        name: told for name, known in state.accounts.items() if (told := known.open_differences())
    }
    if state.trading_state == "HALTED" and differing:
        told = "; ".join(known.text() for found in differing.values() for known in found)
        step.emit(Alert(level="error", text=f"still HALTED, reconcile first: {told}"))
        # The report may be older than what came since: only a new one can be clean.
        for name in differing:
            ask_account(step, name, overlap=DEEP_OVERLAP)
        return False
    if state.flattening:
        names = ", ".join(sorted({symbol for _, symbol in state.flattening}))
        step.emit(
            Alert(level="error", text=f"still HALTED, flattening {names}: wait until it ends")
        )
        return False
    step.emit(TradingStateChanged(state="ACTIVE", reason=event.reason))
    return True


def on_pause(step: Step, event: SleevePauseRequested | SleeveFailed) -> None:
    """A sleeve adds no more risk; its adding orders go, its protection stays."""
    sleeve = step.state.sleeves.get(event.sleeve)
    if sleeve is None:
        step.emit(Alert(level="error", text=f"no sleeve {event.sleeve} runs: nothing paused"))
        return
    # A pause does not heal: a failed sleeve is asked again only after it was resumed.
    failed = isinstance(event, SleeveFailed)
    step.emit(
        SleevePaused(sleeve=event.sleeve, reason=event.reason, failed=failed or sleeve.failed)
    )
    if failed:
        step.emit(Alert(level="error", text=f"sleeve {event.sleeve} paused: {event.reason}"))
    cancel_added_risk(step, why("sleeve-paused", sleeve=event.sleeve), event.sleeve)


def on_sleeve_resume(step: Step, event: SleeveResumeRequested) -> None:
    """A paused sleeve may add risk again."""
    sleeve = step.state.sleeves.get(event.sleeve)
    if sleeve is not None and sleeve.paused is not None:
        step.emit(SleeveResumed(sleeve=event.sleeve, reason=event.reason))


# ------------------------------------------------------------------------------------ reduce-only


def trim_reduce_only(step: Step, where: tuple[AccountName, InstrumentId]) -> None:
    """Let the newest reduce-only orders shrink with the position; legs and a flatten see to their own."""
    state = step.state
    held = state.ledger.net(*where)
    if where in state.flattening:
        return
    for order in state.blotter.open_in(*where):
        intent = order.intent
        if not intent.reduce_only or intent.role or order.held or order.state in LEAVING:
            continue
        closes = held != 0 and intent.side == opposite("buy" if held > 0 else "sell")
        if closes and order.leaves <= abs(held):
            held += sign(intent.side) * order.leaves
            continue
        because = why("reduce-only", held=state.instruments[where[1]].quantity(held))
        rests = intent.tif not in {"ioc", "fok"} and order.state not in BUSY
        smaller = msgspec.structs.replace(intent, quantity=abs(held), request_id=None)
        if not (closes and rests) or change(step, order, smaller) is not None:
            step.cancel(intent, because)
        held = 0
