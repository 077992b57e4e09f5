"""The process is to end: stops that only this engine holds move to the broker, or the word is refused.

A stop of a type the venue knows is sent as it is, under its own id; a trailing stop otherwise as a plain one at the
price where it stands. What the venue then refuses is held here again. Whatever stays here protects nothing until the
engine is back, and is told by name.
"""

import msgspec

from tradebot.engine.core.connections import engine_held_stops, stop_text
from tradebot.engine.core.events import OrderRejected, StopRequested
from tradebot.engine.core.orders import Order
from tradebot.engine.core.outcomes import Alert, OrderIntent
from tradebot.engine.core.reasons import why
from tradebot.engine.core.state import SleeveState, State
from tradebot.engine.core.step import Step
from tradebot.engine.core.types import OrderType, Owner, sign

MOVED = "moved-to-broker"
"""Reason of an order that was an engine-held stop."""


def protecting(state: State) -> list[Order]:
    """Return the engine-held stops that close a position held now, oldest first."""
    found: list[Order] = []
    for order in engine_held_stops(state):
        intent = order.intent
        held = state.ledger.position(intent.account, intent.instrument, intent.owner).quantity
        if held * sign(intent.side) < 0:
            found.append(order)
    return found


def type_at_broker(state: State, intent: OrderIntent) -> OrderType | None:
    """Return the type in which the venue could hold an engine-held stop; None where it cannot."""
    known = state.accounts[intent.account].started.capabilities.order_types
    if intent.type in known:
        return intent.type
    plain = intent.type == "trailing_stop" and intent.trigger_price is not None
    return "stop" if plain and "stop" in known else None


def leaves_with_process(sleeve: SleeveState) -> bool:
    """Return whether a sleeve closes what it holds when the process ends."""
    return sleeve.started.on_stop == "exit" and sleeve.started.run == "live"


def exiting(state: State) -> list[Owner]:
    """Return the sleeves that are closing what they hold."""
    return [name for name, sleeve in state.sleeves.items() if sleeve.exiting is not None]


def immovable(state: State) -> list[Order]:
    """Return the protecting engine-held stops that no venue would hold, those of sleeves that leave aside."""
    found: list[Order] = []
    for order in protecting(state):
        sleeve = state.sleeves.get(order.intent.owner)
        leaves = sleeve is not None and leaves_with_process(sleeve)
        if not leaves and type_at_broker(state, order.intent) is None:
            found.append(order)
    return found


def moving(state: State) -> list[Order]:
    """Return the stops on their way to the broker, of which it has not spoken yet."""
    return [
        order
        for order in state.blotter.open()
        if _moved(order.intent) and (order.unheard or order.state in {"sent", "unknown"})
    ]


def _moved(intent: OrderIntent) -> bool:
    return intent.because is not None and intent.because.code == MOVED


def unprotected_text(state: State) -> str:
    """Return what would be without its stop if the process ended now; empty where nothing would."""
    bare = [*protecting(state), *moving(state)]
    return "; ".join(stop_text(state, order) for order in bare)


def on_stop(step: Step, event: StopRequested) -> None:
    """Move what can be moved; say what cannot.

    With `insist` and `leave_unprotected` the process ends in this moment: all that is left without its stop is told.
    """
    state = step.state
    if event.insist and event.leave_unprotected:
        left = unprotected_text(state)
        if left:
            text = f"the engine ends; without protection until it is back: {left}"
            step.emit(Alert(level="error", text=text))
        return
    stuck = immovable(state)
    if stuck and not (event.insist or event.leave_unprotected):
        told = "; ".join(stop_text(state, order) for order in stuck)
        text = f"stop refused: no venue can hold {told}; --leave-unprotected ends all the same"
        step.emit(Alert(level="error", text=text))
        return
    for order in protecting(state):
        sleeve = state.sleeves.get(order.intent.owner)
        if sleeve is None or sleeve.exiting is None:
            _move(step, order)


def _move(step: Step, order: Order) -> None:
    state, intent = step.state, order.intent
    kind = type_at_broker(state, intent)
    if kind is None:
        return
    moved = msgspec.structs.replace(
        intent,
        type=kind,
        trail=intent.trail if kind == "trailing_stop" else None,
        quantity=order.leaves,
        lives_at="broker",
        because=why(MOVED, type=intent.type, trail=intent.trail or 0),
        created=state.now,
    )
    refused = step.submit(moved, denial_is_news=False)
    if refused is not None:
        text = f"{stop_text(state, order)} cannot move to the broker: {refused.text}"
        step.emit(Alert(level="error", text=text))


def on_move_rejected(step: Step, event: OrderRejected) -> None:
    """Hold a stop here again that the broker would not take."""
    order = step.state.blotter.get(event.client_order_id)
    if order is None or not _moved(order.intent) or order.state != "rejected":
        return
    values = {} if order.intent.because is None else dict(order.intent.because.values)
    was_trailing = values["type"] == "trailing_stop"
    step.hold(
        msgspec.structs.replace(
            order.intent,
            type="trailing_stop" if was_trailing else order.intent.type,
            trail=int(values["trail"]) or None,
            lives_at="engine",
            because=why("held-again"),
            created=step.state.now,
        )
    )
    again = step.state.blotter.get(event.client_order_id) or order
    text = f"the venue refused {stop_text(step.state, again)}: held by this engine again"
    step.emit(Alert(level="error", text=text))
