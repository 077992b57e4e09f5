"""A sleeve closes all it holds through its own orders: IOC within the collar, in pieces, each booked to itself.

Where a venue locks what rests, its protective orders end first and the closing order goes out in the step that learns
of it; elsewhere they stay beside it and end as it fills. Between two pieces `legs` puts the protection back. Other
owners' positions and orders are none of its business, also where the account's net is smaller than what it holds.
"""

import msgspec

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.events import OrderLane, TimerFired
from tradebot.engine.core.flatten import (
    ABOUT_ORDERS,
    FLATTEN_PAUSE,
    FLATTEN_PIECES_MAX,
    closes_first,
    closing_order,
)
from tradebot.engine.core.orders import Order
from tradebot.engine.core.outcomes import (
    Alert,
    OrderIntent,
    SleeveExitEnded,
    SleeveExitStarted,
)
from tradebot.engine.core.reasons import why
from tradebot.engine.core.state import EXIT, SleeveState, State
from tradebot.engine.core.step import Step
from tradebot.engine.core.types import AccountName, Owner, Side, sign

EXIT_TIMER = "sleeve-exit:"
"""Timers that move an exit on; the sleeve's name follows."""


def still_held(state: State, sleeve: SleeveState) -> dict[InstrumentId, int]:
    """Return what a sleeve holds at its account, signed, in units."""
    account, name = sleeve.started.account, sleeve.started.name
    return {
        symbol: position.quantity
        for (held_at, symbol, owner), position in state.ledger.positions()
        if (held_at, owner) == (account, name) and position.quantity
    }


def begin_exit(step: Step, sleeve: SleeveState, reason: str) -> None:
    """Begin to close all a sleeve holds; one that is under way goes on."""
    if sleeve.exiting is None:
        sleeve.denied.clear()
        step.emit(SleeveExitStarted(sleeve=sleeve.started.name, reason=reason))
    exit_step(step, sleeve, again=True)


def on_exit_timer(step: Step, event: TimerFired) -> None:
    """Go on with an exit."""
    sleeve = step.state.sleeves.get(Owner(event.timer_id.removeprefix(EXIT_TIMER)))
    if sleeve is not None and sleeve.exiting is not None:
        exit_step(step, sleeve, again=True)


def on_order_of_exit(step: Step, event: OrderLane) -> None:
    """Go on with an exit in the step that learns of one of the sleeve's orders."""
    state = step.state
    if not isinstance(event, ABOUT_ORDERS):
        return
    order = state.blotter.get(event.client_order_id)
    sleeve = None if order is None else state.sleeves.get(order.intent.owner)
    if order is None or sleeve is None or sleeve.exiting is None:
        return
    if is_exit(order) and not order.is_open and order.filled < order.intent.quantity:
        sleeve.next_piece = state.now + FLATTEN_PAUSE
    exit_step(step, sleeve, again=False)


def is_exit(order: Order) -> bool:
    """Return whether an order is a piece of an exit."""
    because = order.intent.because
    return because is not None and because.code == EXIT


def exit_step(step: Step, sleeve: SleeveState, *, again: bool) -> None:
    """Close what no order of the sleeve covers, or end.

    Args:
        step: The step.
        sleeve: Whose.
        again: Whether orders in the way are told to end; on an order's own news they are not.
    """
    state, name = step.state, sleeve.started.name
    account = state.accounts.get(sleeve.started.account)
    if account is None or not account.reconciled:
        _look_again(step, sleeve)
        return
    held = still_held(state, sleeve)
    working = {o.intent.instrument for o in _mine(state, sleeve) if not o.intent.role}
    trouble, sent = "", False
    for symbol in sorted({*held, *working}):
        where = (sleeve.started.account, symbol)
        if where in state.flattening:
            continue  # that closes it
        if state.market.get(symbol) is None:
            trouble = f"the engine no longer trades {symbol}"
            continue
        if state.now >= sleeve.next_piece:
            if again:
                _cancel_in_the_way(step, sleeve, symbol)
            refused = _close(step, sleeve, symbol)
            sent = sent or refused == ""
            trouble = refused or trouble
    sleeve.pieces += 1 if sent else 0
    _end_or_go_on(step, sleeve, trouble)
    if not sent and trouble and name in state.sleeves:
        sleeve.next_piece = max(sleeve.next_piece, state.now + FLATTEN_PAUSE)


def _end_or_go_on(step: Step, sleeve: SleeveState, trouble: str) -> None:
    state = step.state
    held = still_held(state, sleeve)
    whole = {symbol: units for symbol, units in held.items() if not _is_dust(state, symbol, units)}
    busy = any(not o.held or not o.intent.role for o in _mine(state, sleeve))
    if not whole and not busy:
        _end(step, sleeve, held, "flat" if not held else "less than one lot is left")
    elif sleeve.pieces > FLATTEN_PIECES_MAX and not any(map(is_exit, _mine(state, sleeve))):
        _end(step, sleeve, held, trouble or f"not filled after {FLATTEN_PIECES_MAX} pieces")
    else:
        _look_again(step, sleeve)


def _end(step: Step, sleeve: SleeveState, held: dict[InstrumentId, int], reason: str) -> None:
    state, name = step.state, sleeve.started.name
    step.emit(SleeveExitEnded(sleeve=name, rest=held, reason=reason))
    if held:
        parts = ", ".join(
            f"{state.instruments[symbol].quantity(units)} {symbol}"
            for symbol, units in held.items()
        )
        text = f"sleeve {name} still holds {parts} after its exit: {reason}"
        step.emit(Alert(level="error", text=text))


def _look_again(step: Step, sleeve: SleeveState) -> None:
    due = max(sleeve.next_piece, step.state.now + FLATTEN_PAUSE)
    step.timer(f"{EXIT_TIMER}{sleeve.started.name}", due)


def _is_dust(state: State, symbol: InstrumentId, units: int) -> bool:
    instrument = state.instruments[symbol]
    return abs(units) < instrument.rules_at(state.now).lot


def _mine(state: State, sleeve: SleeveState) -> list[Order]:
    """Return the sleeve's open orders at its account, oldest first."""
    account, name = sleeve.started.account, sleeve.started.name
    return [
        order
        for order in state.blotter.open()
        if order.intent.owner == name and order.intent.account == account
    ]


def _in(orders: list[Order], symbol: InstrumentId) -> list[Order]:
    return [order for order in orders if order.intent.instrument == symbol]


def _cancel_in_the_way(step: Step, sleeve: SleeveState, symbol: InstrumentId) -> None:
    """Tell the sleeve's other orders to end; protection stays where it may stand beside the closing order."""
    state, account = step.state, AccountName(sleeve.started.account)
    units = state.ledger.position(account, symbol, sleeve.started.name).quantity
    beside = closes_first(state, (account, symbol))
    for order in _in(_mine(state, sleeve), symbol):
        intent = order.intent
        protects = intent.reduce_only and sign(intent.side) * units < 0
        stays = protects and (beside or order.held)
        told = order.state in {"pending_cancel", "unknown"} or is_exit(order)
        if not told and not stays:
            step.cancel(intent, why(EXIT))


def _close(step: Step, sleeve: SleeveState, symbol: InstrumentId) -> str | None:
    """Send an order for what is not covered; return why it could not be, empty when sent, None for nothing to do."""
    state, account, name = step.state, sleeve.started.account, sleeve.started.name
    units = state.ledger.position(account, symbol, name).quantity
    closing: Side = "sell" if units > 0 else "buy"
    beside = closes_first(state, (account, symbol))
    covered = sum(
        order.leaves
        for order in _in(_mine(state, sleeve), symbol)
        if not order.held
        and order.intent.side == closing
        and (is_exit(order) or not beside or not order.intent.reduce_only)
    )
    lot = state.instruments[symbol].rules_at(state.now).lot
    quantity = (abs(units) - covered) // lot * lot
    if quantity <= 0:
        return None
    order = _order(state, sleeve, symbol, quantity * (1 if units > 0 else -1))
    refused = step.submit(order, denial_is_news=False)
    if refused is None:
        return ""
    told = (refused.code, f"{EXIT}:{symbol}")
    if told not in sleeve.denied:
        # Once an exit: it asks again each second until it may go.
        sleeve.denied[told] = state.now
        step.deny(order, refused.code, refused.text)
    return refused.text


def _order(state: State, sleeve: SleeveState, symbol: InstrumentId, units: int) -> OrderIntent:
    """Return the order that closes so much of what a sleeve holds; reduce-only where the account's net lets it be."""
    where = (sleeve.started.account, symbol)
    net = state.ledger.net(*where)
    order = closing_order(
        state,
        where,
        sleeve.started.name,
        units,
        because=why(EXIT, reason=sleeve.exiting or ""),
        reduce_only=net * units > 0 and abs(net) >= abs(units),
    )
    return msgspec.structs.replace(order, policy_version=sleeve.started.version)
