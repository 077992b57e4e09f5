"""Orders that depend on others: children that wait, pairs, and the upkeep of all that hangs together.

Everything here compares what is with what should be and sends the difference, so that it holds whatever order the venue
tells things in: after each event of the order lane, and again after the next. What is on its way is waited for.
"""

import msgspec

from tradebot.engine.core.gate_words import Check
from tradebot.engine.core.going import is_going, is_piece
from tradebot.engine.core.held import set_off
from tradebot.engine.core.legs import IN_FLIGHT, keep_legs, keep_or_tell, shrink
from tradebot.engine.core.orders import STOPS, Order
from tradebot.engine.core.outcomes import HeldEnded, HeldQuantityChanged, OrderHeld, OrderIntent
from tradebot.engine.core.reasons import why
from tradebot.engine.core.state import State
from tradebot.engine.core.step import Step
from tradebot.engine.core.venue_rules import venue_rules
from tradebot.engine.core.waiting import parent_filled, waits

PASSES_MAX = 4
"""How often one event's consequences are looked through: an order the engine ends may free one that waits for it."""


def settle(step: Step) -> None:
    """Bring what depends on other orders in line with them; to be called after each event of the order lane."""
    blotter = step.state.blotter
    for _ in range(PASSES_MAX):
        for order in blotter.held_in():
            _release(step, order)
        done = len(step.outcomes)
        for order in blotter.open():
            if order.taken and not order.intent.role:
                _take_off(step, order)
        for entry in blotter.brackets():
            keep_legs(step, entry)
        if not any(isinstance(outcome, HeldEnded) for outcome in step.outcomes[done:]):
            return


def settle_again(step: Step, done: int) -> None:
    """Settle where an order that the engine keeps has ended, or come to be, since: others may wait for it.

    Args:
        step: The step.
        done: How many of its outcomes were there when it was settled last.
    """
    if any(isinstance(outcome, HeldEnded | OrderHeld) for outcome in step.outcomes[done:]):
        settle(step)


# ------------------------------------------------------------------------------------ placing


def enter(step: Step, intent: OrderIntent) -> Check | None:
    """Send a new order, or keep it here: for its price, or until the order it follows has filled.

    Returns:
        The line that refused it, or None.
    """
    refused = _contradicts(step.state, intent) or step.refused_terms(intent)
    if refused is None and (intent.parent is not None or intent.lives_at == "engine"):
        refused = _misfit(step.state, intent)
        if refused is None:
            step.hold(intent)
            return None
    if refused is None:
        return step.submit(intent)
    step.deny(intent, refused.code, refused.text)
    return refused


def _misfit(state: State, intent: OrderIntent) -> Check | None:
    """Return the first rule of the venue that an order breaks already now, though it goes out later."""
    lines = venue_rules(intent, state.instruments[intent.instrument], state.now)
    return next((line for line in lines if not line.ok), None)


def _contradicts(state: State, intent: OrderIntent) -> Check | None:
    """Return why an order cannot be meant as it was said: a trigger too much, another that is not open; or None."""
    if intent.trigger_price is not None and intent.type not in STOPS:
        text = f"a {intent.type} order has no trigger: leave it out, or place a stop"
        return Check("trigger_not_wanted", ok=False, text=text)
    if intent.parent is not None and not intent.role:
        parent = state.blotter.get(intent.parent)
        may_fill = parent is not None and (parent.is_open or parent.filled > 0)
        if not may_fill or parent is None or parent.intent.account != intent.account:
            text = f"order {intent.parent} will not fill: place this one without --after"
            return Check("parent_not_open", ok=False, text=text)
    if intent.oco is not None and not intent.role:
        other = state.blotter.get(intent.oco)
        same = other is not None and other.intent.instrument == intent.instrument
        if other is None or not other.is_open or not same or other.intent.role:
            text = (
                f"order {intent.oco} cannot be paired: it must be open, of {intent.instrument}, "
                "and no leg of a bracket"
            )
            return Check("oco_not_open", ok=False, text=text)
    return None


# ------------------------------------------------------------------------------------ waiting


def _release(step: Step, order: Order) -> None:
    """Send an order whose turn has come, or end it where it never will."""
    state, intent = step.state, order.intent
    if waits(state, order):
        return
    left, before = intent.quantity, None
    if intent.replaces is not None:
        before = state.blotter.get(intent.replaces)
        left -= 0 if before is None else max(before.filled - order.known_filled, 0)
    if intent.parent is not None and not intent.role:
        left = min(left, parent_filled(state, intent.parent) or 0)
    key = intent.client_order_id
    if left <= 0:
        reason = "its parent did not fill" if before is None else "the order before it has filled"
        step.emit(HeldEnded(client_order_id=key, state="cancelled", reason=reason))
    elif intent.lives_at == "engine":
        if left != intent.quantity:
            step.emit(HeldQuantityChanged(client_order_id=key, quantity=left))
    else:
        sent = msgspec.structs.replace(intent, quantity=left, created=state.now)
        if is_going(intent):
            # It has waited: the price it may go to is that of now.
            sent = set_off(state, sent, state.market[intent.instrument], left)
        protects = bool(intent.role) and not is_piece(intent)
        refused = step.submit(sent, denial_is_news=not protects)
        if refused is not None and protects:
            keep_or_tell(step, sent, refused.text)


# ------------------------------------------------------------------------------------ pairs


def _take_off(step: Step, order: Order) -> None:
    """Take from an order what its pair has filled."""
    intent, left = order.intent, order.leaves - order.taken
    if order.held:
        key = intent.client_order_id
        if left > 0:
            step.emit(HeldQuantityChanged(client_order_id=key, quantity=left))
        else:
            step.cancel(intent, why("oco"))
    elif order.state not in IN_FLIGHT and not order.unheard:
        shrink(step, order, left, why("oco"))
