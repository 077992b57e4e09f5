"""Which of the orders the engine keeps wait for another order, rather than for a price."""

from tradebot.engine.core.crossing import blocked_by
from tradebot.engine.core.going import lacks_room
from tradebot.engine.core.orders import Order
from tradebot.engine.core.pairs import partner
from tradebot.engine.core.state import State
from tradebot.engine.core.types import ClientOrderId


def waits(state: State, order: Order) -> bool:
    """Return whether an order the engine keeps waits for another: one it replaces, its parent, one it would cross.

    So does an exit while the legs of its entry have not made room for it.
    """
    intent = order.intent
    if intent.replaces is not None:
        old = state.blotter.get(intent.replaces)
        if old is not None and (old.is_open or _pair_stands(state, old)):
            return True
    if order.held and lacks_room(state, intent):
        return True
    follows = intent.parent is not None and not intent.role
    if follows and intent.parent is not None and parent_filled(state, intent.parent) is None:
        return True
    return intent.lives_at == "broker" and blocked_by(state, intent) is not None


def _pair_stands(state: State, old: Order) -> bool:
    """Return whether the other order of an ended one's pair is still at the venue, which locks what both would sell."""
    other = partner(state, old)
    return other is not None and other.is_open


def parent_filled(state: State, parent: ClientOrderId) -> int | None:
    """Return what a parent has filled, with the orders that took its place, in units; None while it may fill more."""
    filled = 0
    seen: set[ClientOrderId] = set()
    order = state.blotter.get(parent)
    while order is not None and order.intent.client_order_id not in seen:
        if order.is_open:
            return None
        filled += order.filled
        seen.add(order.intent.client_order_id)
        order = state.blotter.successor(order.intent.client_order_id)
    return filled
