"""Pairs the venue holds: a stop and a target that were placed as one, of which it ends the other when one trades.

The venue's own rule is what happens at a partial fill: it ends the other order, or makes it smaller. What is left of
the position then the kernel covers as it does everywhere: a stop beside a target that stands alone is the engine's.
"""

from tradebot.engine.core.leg_terms import makes_pairs
from tradebot.engine.core.orders import Order
from tradebot.engine.core.reasons import Because
from tradebot.engine.core.state import State
from tradebot.engine.core.step import Step

GOING_OUT = frozenset({"pending_cancel", "unknown"})
"""States of an order that was told to end, or that the venue has yet to speak of."""


def partner(state: State, leg: Order) -> Order | None:
    """Return the other order of a leg's pair; None where it is of none."""
    intent = leg.intent
    if intent.group is None or intent.parent is None:
        return None
    for other in state.blotter.legs(intent.parent):
        same = other.intent.group == intent.group
        if same and other.intent.client_order_id != intent.client_order_id:
            return other
    return None


def may_fill(state: State, leg: Order) -> int:
    """Return what a leg may still fill, in units: of a pair less what the other has, which the venue takes off.

    Of one whose other has ended it is all of it: until the venue has ended it too, it counts.
    """
    other = partner(state, leg)
    if other is None or not other.is_open:
        return leg.leaves
    return max(leg.leaves - other.filled, 0)


def ends_with(state: State, leg: Order) -> bool:
    """Return whether the end of a leg is its pair's doing: the other traded, is told to end, or has yet to say."""
    other = partner(state, leg)
    return other is not None and (
        other.is_open or other.filled > 0 or bool(other.cancelled_by) or bool(leg.cancelled_by)
    )


def take_out(step: Step, leg: Order, because: Because) -> None:
    """Ask for a pair to be taken out whole: a venue may end the other order of its own, or not."""
    step.cancel(leg.intent, because)
    other = partner(step.state, leg)
    if other is not None and other.is_open and other.state not in GOING_OUT:
        step.cancel(other.intent, because)


def takes_pairs(state: State, entry: Order) -> bool:
    """Return whether the legs of an entry are placed as pairs; once the venue has refused one, no more."""
    legs = entry.intent.legs
    can = state.accounts[entry.intent.account].started.capabilities
    if legs is None or not makes_pairs(can, legs):
        return False
    return not pair_refused(state, entry)


def pair_refused(state: State, entry: Order) -> bool:
    """Return whether the venue has refused a pair that was to protect an entry."""
    ever = state.blotter.legs(entry.intent.client_order_id)
    return any(leg.state == "rejected" and leg.intent.group is not None for leg in ever)
