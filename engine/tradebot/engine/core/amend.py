"""Changing an open order: a new order with an id of its own takes the old one's place, and both count until it has.

Where the venue can replace it is asked to; else the old one is cancelled, and the new one goes out for what is left
once the cancel is confirmed. What the engine keeps itself is changed in place.
"""

import msgspec

from tradebot.engine.core.capabilities import Capabilities
from tradebot.engine.core.crossing import blocked_by
from tradebot.engine.core.events import AmendRequested, CancelRejected
from tradebot.engine.core.gate_words import Check
from tradebot.engine.core.orders import STOPS, Order
from tradebot.engine.core.outcomes import Alert, HeldEnded, OrderIntent
from tradebot.engine.core.pairs import take_out
from tradebot.engine.core.reasons import why
from tradebot.engine.core.risk import RiskApproved, approve
from tradebot.engine.core.state import State
from tradebot.engine.core.step import Step, picture
from tradebot.engine.core.terms import place_of

BUSY = frozenset({"created", "unknown", "pending_cancel", "pending_replace"})
"""States in which an order at the venue cannot be changed: the venue has yet to speak."""


def on_amend(step: Step, event: AmendRequested) -> None:
    """Change an open order at a person's word; the same request is one amend."""
    blotter = step.state.blotter
    if blotter.by_request(event.request_id) is not None:
        return
    order = blotter.get(event.client_order_id)
    if order is None:
        text = f"no order {event.client_order_id} here: nothing amended"
        step.emit(Alert(level="error", text=text))
        return
    wanted = _wanted(order, event)
    refused = _refusal(order, event) or change(step, order, wanted)
    if refused is not None:
        fresh = msgspec.structs.replace(
            wanted,
            client_order_id=step.state.next_order_id(),
            created=step.state.now,
            replaces=order.intent.client_order_id,
        )
        step.deny(fresh, refused.code, refused.text)


def on_cancel_refused(step: Step, event: CancelRejected) -> None:
    """Give a person's amend up whose old order stays: what waits for its end would go out long after it was meant.

    What the engine itself wanted smaller (legs, pairs, reduce-only) goes on waiting: it is wanted as long as it is.
    """
    blotter = step.state.blotter
    old, after = blotter.get(event.client_order_id), blotter.successor(event.client_order_id)
    if old is None or not old.is_open or old.state in BUSY:
        return
    if after is None or not after.is_open or not after.held or after.intent.request_id is None:
        return
    key = after.intent.client_order_id
    step.emit(HeldEnded(client_order_id=key, state="cancelled", reason="amend"))
    text = f"order {event.client_order_id} stands as it was, its amend was not done: {event.reason}"
    step.emit(Alert(level="warn", text=text))


def replace_own(step: Step, order: Order, wanted: OrderIntent) -> Check | None:
    """Change an open order at its own policy's word; return what refused it, or None.

    Args:
        step: The step.
        order: The open order.
        wanted: Its terms as they shall be; quantity is what shall be open then, in units.
    """
    refused = _busy(order)
    return change(step, order, wanted) if refused is None else refused


def _wanted(order: Order, event: AmendRequested) -> OrderIntent:
    intent = order.intent
    return msgspec.structs.replace(
        intent,
        request_id=event.request_id,
        quantity=order.leaves if event.quantity is None else event.quantity,
        limit_price=intent.limit_price if event.limit_price is None else event.limit_price,
        trigger_price=intent.trigger_price if event.trigger_price is None else event.trigger_price,
        trail=intent.trail if event.trail is None else event.trail,
        because=why("amend"),
    )


def _refusal(order: Order, event: AmendRequested) -> Check | None:
    """Return why an order cannot be changed at all, or None."""
    if order.is_open and all(
        value is None
        for value in (event.quantity, event.limit_price, event.trigger_price, event.trail)
    ):
        text = "say what to change: --quantity, --limit, --trigger or --trail"
        return Check("nothing_to_amend", ok=False, text=text)
    return _busy(order)


def _busy(order: Order) -> Check | None:
    """Return why no change of an order can be asked for now, or None."""
    if not order.is_open:
        return Check(
            "order_not_open", ok=False, text=f"the order is {order.state}: place a new one"
        )
    if not order.held and (order.state in BUSY or order.unheard):
        return Check("order_busy", ok=False, text=f"the order is {order.state}: wait for the venue")
    if not order.held and order.intent.tif in {"ioc", "fok"}:
        return Check("order_busy", ok=False, text=f"{order.intent.tif} ends by itself")
    return None


def _crosses(state: State, new: OrderIntent, other: Order) -> Check:
    """Return the refusal of terms that would trade against another order of the account."""
    instrument, limit = state.instruments[new.instrument], other.intent.limit_price
    at = "" if limit is None else f" at {instrument.price(limit)}"
    key = other.intent.client_order_id
    text = (
        f"it would trade against this account's own {other.intent.side} {key}{at} of {other.intent.owner}: "
        "cancel that one first, or choose a price short of it"
    )
    return Check("would_cross", ok=False, text=text)


def _in_one_step(can: Capabilities, order: Order, new: OrderIntent) -> bool:
    """Return whether the venue puts a new order in an open one's place by itself."""
    old = order.intent
    if not can.replace or old.group is not None or (order.filled and not can.replace_partly):
        return False
    return can.replace_kind or (old.type, old.tif) == (new.type, new.tif)


def change(step: Step, order: Order, wanted: OrderIntent) -> Check | None:
    """Put an order on other terms in an open one's place; return the line that refused it, or None.

    Args:
        step: The step.
        order: The open order; at the venue it must not be on its way anywhere.
        wanted: What shall stand: quantity is what shall be open then, in units. Its id is given here.
    """
    state, old = step.state, order.intent
    capabilities = state.accounts[old.account].started.capabilities
    new = msgspec.structs.replace(
        wanted,
        client_order_id=state.next_order_id(),
        created=state.now,
        replaces=old.client_order_id,
        lives_at=old.lives_at if order.held else place_of(capabilities, wanted.type),
        group=None,
    )
    if order.held:
        refused = step.refused_terms(new)
        if refused is None:
            step.hold(new)
        return refused
    other = blocked_by(state, new)
    if other is not None:
        return _crosses(state, new, other)
    if old.group is not None and new.type in STOPS:
        # A pair ends whole. The engine keeps the stop in the meantime, and a new pair takes it in where there is one.
        new = msgspec.structs.replace(new, lives_at="engine")
    before = state.blotter.successor(old.client_order_id)
    given_up = before is not None and before.state == "rejected"
    if _in_one_step(capabilities, order, new) and not given_up:
        return step.replace(new, order.filled)
    # The gate is asked before the old order is given up, and again when the new one goes out.
    verdict = step.refused_terms(new) or approve(new, picture(state, new))
    if not isinstance(verdict, RiskApproved):
        return verdict
    step.hold(new)
    take_out(step, order, why("amend"))
    return None
