"""What a leg of an entry is: its terms, where it may stand, which others of its kind there are."""

from collections.abc import Sequence

from tradebot.engine.core.capabilities import Capabilities
from tradebot.engine.core.going import is_piece
from tradebot.engine.core.orders import Order
from tradebot.engine.core.outcomes import Legs, OrderIntent
from tradebot.engine.core.reasons import why
from tradebot.engine.core.state import State
from tradebot.engine.core.step import trailing_start
from tradebot.engine.core.terms import place_of
from tradebot.engine.core.types import OrderRole, OrderType, opposite

PROTECTS = "protects"
"""Reason of a leg."""


def of_role(state: State, entry: Order, role: OrderRole) -> list[Order]:
    """Return the legs of one kind that an entry ever had, oldest first; pieces are none of them."""
    return [
        leg
        for leg in state.blotter.legs(entry.intent.client_order_id)
        if leg.intent.role == role and not is_piece(leg.intent)
    ]


def standing_of(state: State, legs: Sequence[Order]) -> list[Order]:
    """Return open legs whose place no other is about to take."""
    standing: list[Order] = []
    for leg in legs:
        after = state.blotter.successor(leg.intent.client_order_id)
        if leg.is_open and (after is None or not after.is_open):
            standing.append(leg)
    return standing


def is_refused(leg: Order) -> bool:
    """Return whether the venue would not have a leg; one that was to take another's place says nothing of its kind."""
    return leg.state == "rejected" and leg.intent.replaces is None


def leg_of(
    state: State, entry: Order, role: OrderRole, quantity: int, *, ahead: int = 0
) -> OrderIntent | None:
    """Return a leg for so much of an entry's fills; None for a trailing stop without a market to trail.

    Where there were legs of this kind before, it goes on where the last one stood: it may have been moved.

    Args:
        state: The kernel's.
        entry: What is protected.
        role: Which leg.
        quantity: In units.
        ahead: How many other orders are made in the same breath before it.
    """
    intent, legs = entry.intent, entry.intent.legs
    if legs is None:
        return None
    side, ever = opposite(intent.side), of_role(state, entry, role)
    trailing = legs.trail is not None
    stop: OrderType = "trailing_stop" if trailing else "stop"
    kind = stop if role == "stop_loss" else "limit"
    limit = legs.take_profit if role == "take_profit" else None
    trigger = legs.stop_loss if role == "stop_loss" else None
    trail = legs.trail if role == "stop_loss" else None
    if ever:
        last = ever[-1].intent
        trigger, trail = last.trigger_price, last.trail
        limit = last.limit_price if role == "take_profit" else None
    if kind == "trailing_stop" and trigger is None:
        opened = entry.cost // entry.filled if entry.filled else None
        trigger = trailing_start(state, intent.instrument, side, trail, opened)
        if trigger is None:
            return None
    capabilities = state.accounts[intent.account].started.capabilities
    # A venue that refused one is not asked again: the engine keeps it.
    alone = place_of(capabilities, kind) == "broker" and has_room(capabilities, legs)
    beside = standing_of(state, state.blotter.legs(intent.client_order_id))
    # The engine keeps it until the pair that is on its way out has gone: the next one takes it in.
    paired = any(leg.intent.group and leg.state == "pending_cancel" for leg in beside)
    stop_at_venue = alone and not paired and not any(map(is_refused, ever))
    at_venue = role == "take_profit" or stop_at_venue
    siblings = [leg.intent.client_order_id for leg in beside if leg.intent.role != role]
    return OrderIntent(
        client_order_id=state.next_order_id(ahead),
        request_id=None,
        bet_id=intent.bet_id,
        account=intent.account,
        instrument=intent.instrument,
        owner=intent.owner,
        policy_version=intent.policy_version,
        side=side,
        type=kind,
        tif="gtc",
        quantity=quantity,
        limit_price=limit,
        post_only=False,
        reduce_only=True,
        because=why(PROTECTS, order=intent.client_order_id),
        edge=None,
        lives_at="broker" if at_venue else "engine",
        created=state.now,
        engine_id=state.engine_id,
        trigger_price=trigger,
        trail=trail,
        parent=intent.client_order_id,
        oco=siblings[-1] if siblings else None,
        role=role,
    )


def has_room(capabilities: Capabilities, legs: Legs) -> bool:
    """Return whether a stop may rest at the venue by itself: not where a target beside it locks the balance."""
    return not capabilities.locks_balance or legs.take_profit is None


def makes_pairs(capabilities: Capabilities, legs: Legs) -> bool:
    """Return whether the venue holds what protects an entry as one pair: a plain stop and a target."""
    both = legs.stop_loss is not None and legs.trail is None and legs.take_profit is not None
    return capabilities.oco and both and place_of(capabilities, "stop") == "broker"


def venue_takes(capabilities: Capabilities, legs: Legs, kind: OrderType) -> bool:
    """Return whether a protective stop goes to the venue: it knows the type, and has room beside a target."""
    room = has_room(capabilities, legs) or makes_pairs(capabilities, legs)
    return place_of(capabilities, kind) == "broker" and room
