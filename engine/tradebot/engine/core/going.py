"""Exits that take the place of legs: what a price or a policy has set off, on its way to the venue.

A *piece* closes a part of what an entry's legs cover, or all of it where they lock it. It is a leg of that entry, so
that what it fills is taken from the others by the one rule legs follow; it waits in the engine until they have made
room, and what it does not fill they cover again. A venue that locks what rests refuses a sell of what a target has
locked: there a stop that was set off waits in the same way until the target has given way.
"""

from tradebot.engine.core.orders import STOPS, Order
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.core.state import State


def is_going(intent: OrderIntent) -> bool:
    """Return whether an order is an exit in the place of a stop: a stop that was set off, or a piece."""
    return intent.role == "stop_loss" and intent.type not in STOPS


def is_piece(intent: OrderIntent) -> bool:
    """Return whether an order closes a part of what legs cover; it never stood as a stop."""
    return is_going(intent) and intent.trigger_price is None


def gives_way(state: State, leg: OrderIntent) -> bool:
    """Return whether the other legs of its entry must make room before an exit goes out."""
    locks = state.accounts[leg.account].started.capabilities.locks_balance
    return is_piece(leg) or (is_going(leg) and locks)


def lacks_room(state: State, intent: OrderIntent) -> bool:
    """Return whether the legs at the venue still cover what an exit is to close.

    Args:
        state: The kernel's.
        intent: The exit, with the quantity it is to close; a stop it replaces, or was, is not in its way.
    """
    entry = None if intent.parent is None else state.blotter.get(intent.parent)
    if entry is None or not gives_way(state, intent):
        return False
    own = {intent.client_order_id, intent.replaces}
    going, lanes = intent.quantity, {"stop_loss": 0, "take_profit": 0}
    for leg in at_venue(state, entry):
        if leg.intent.client_order_id in own:
            continue
        if is_going(leg.intent):
            going += leg.leaves
        elif leg.intent.role:
            lanes[leg.intent.role] += leg.leaves
    # Stop and target share one quantity, wherever they rest side by side.
    return going + max(lanes.values()) > state.blotter.to_cover(entry)


def at_venue(state: State, entry: Order) -> list[Order]:
    """Return the open legs of an entry that the venue has, or may have."""
    legs = state.blotter.legs(entry.intent.client_order_id)
    return [leg for leg in legs if leg.is_open and not leg.held]
