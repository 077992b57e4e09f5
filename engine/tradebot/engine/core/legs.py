"""Legs: the stop and the target that protect what an entry has filled, at once and growing with each fill.

The legs of an entry cover what it has filled and nobody has closed. A leg that fills takes its quantity from its
sibling; a position that was made smaller otherwise takes it from both; flat, they end. Whatever was closed too much
is told and never answered with a third order.
"""

from collections.abc import Sequence

import msgspec

from tradebot.engine.core.amend import change
from tradebot.engine.core.capabilities import Capabilities
from tradebot.engine.core.events import OrderFilled
from tradebot.engine.core.going import gives_way, is_going, is_piece
from tradebot.engine.core.orders import Order
from tradebot.engine.core.outcomes import (
    Alert,
    HeldEnded,
    HeldQuantityChanged,
    Legs,
    OrderIntent,
)
from tradebot.engine.core.reasons import Because, why
from tradebot.engine.core.state import EXIT, State, Tries
from tradebot.engine.core.step import Step, trailing_start
from tradebot.engine.core.terms import place_of
from tradebot.engine.core.types import OrderRole, OrderType, opposite
from tradebot.engine.core.waiting import waits

LEGS_LOST_MAX = 20
"""Legs of one kind that may end without a word of ours before the engine gives up on them."""

COVERS_TOO_MUCH = "covers-too-much"
"""Code of the cancel of a leg that covers more than is held."""

LEG_QUANTITY = "leg-quantity"
"""What older journals call it."""

PROTECTS = "protects"
"""Reason of a leg."""

_OF_THE_ENGINE = frozenset({PROTECTS, "amend", "house-money"})
"""Reasons of legs that nobody has set off by will."""

RESTORED = frozenset({"", COVERS_TOO_MUCH, LEG_QUANTITY, "flatten", EXIT, "amend"})
"""Codes of cancels after which a leg is placed anew while there is something to protect."""

IN_FLIGHT = frozenset({"created", "pending_cancel", "pending_replace", "unknown"})
"""States in which the venue's next word decides what an order is."""

WORKING = frozenset({"accepted", "partially_filled"})


def keep_legs(step: Step, entry: Order) -> None:
    """Let the legs of an entry cover what it has filled and nobody has closed: no more, no less."""
    state, intent = step.state, entry.intent
    symbol = intent.instrument
    closing = (intent.account, symbol) in state.flattening or _leaves(state, intent)
    if intent.legs is None or closing or state.market.get(symbol) is None:
        return
    covered = state.blotter.to_cover(entry)
    pieces = [leg for leg in going_legs(state, entry) if is_piece(leg.intent)]
    closing_now = sum(leg.leaves for leg in pieces)
    if closing_now > covered:
        _less(step, pieces, closing_now - covered)
    for role in roles(intent.legs):
        standing = _standing(state, _of_role(state, entry, role))
        total = sum(leg.leaves for leg in standing)
        room = max(covered - _given_way(state, entry, role), 0)
        if total > room:
            _less(step, standing, total - room)
        elif total < room:
            _more(step, entry, role, room - total)


def going_legs(state: State, entry: Order) -> list[Order]:
    """Return the open exits that take the place of an entry's legs."""
    legs = state.blotter.legs(entry.intent.client_order_id)
    return [leg for leg in _standing(state, legs) if is_going(leg.intent)]


def _given_way(state: State, entry: Order, role: OrderRole) -> int:
    """Return how much of what is covered the legs of one kind leave to exits, in units.

    A stop that was set off is one of the stops itself; a target gives way to it where the venue locks what rests.
    """
    return sum(
        leg.leaves
        for leg in going_legs(state, entry)
        if gives_way(state, leg.intent) and (is_piece(leg.intent) or role == "take_profit")
    )


def _leaves(state: State, intent: OrderIntent) -> bool:
    """Return whether the entry's owner is closing all it holds at this moment: between two pieces it is not."""
    sleeve = state.sleeves.get(intent.owner)
    if sleeve is None or sleeve.exiting is None:
        return False
    can = state.accounts[intent.account].started.capabilities
    beside = can.reduce_only and not can.locks_balance
    return not beside and state.now >= sleeve.next_piece


def roles(legs: Legs) -> tuple[OrderRole, ...]:
    """Return which legs are asked for, the stop first."""
    stop: tuple[OrderRole, ...] = ("stop_loss",)
    target: tuple[OrderRole, ...] = ("take_profit",)
    stopped = legs.stop_loss is not None or legs.trail is not None
    return (stop if stopped else ()) + (target if legs.take_profit is not None else ())


def _of_role(state: State, entry: Order, role: OrderRole) -> list[Order]:
    """Return the legs of one kind that an entry ever had, oldest first; pieces are none of them."""
    return [
        leg
        for leg in state.blotter.legs(entry.intent.client_order_id)
        if leg.intent.role == role and not is_piece(leg.intent)
    ]


def _standing(state: State, legs: Sequence[Order]) -> list[Order]:
    """Return open legs whose place no other is about to take."""
    standing: list[Order] = []
    for leg in legs:
        after = state.blotter.successor(leg.intent.client_order_id)
        if leg.is_open and (after is None or not after.is_open):
            standing.append(leg)
    return standing


# ------------------------------------------------------------------------------------ smaller


def _less(step: Step, standing: Sequence[Order], excess: int) -> None:
    """Take so much off the legs of one kind, the newest first."""
    for leg in reversed(standing):
        if excess <= 0:
            return
        left = max(leg.leaves - excess, 0)
        excess -= leg.leaves - left
        key = leg.intent.client_order_id
        if leg.held:
            if left:
                step.emit(HeldQuantityChanged(client_order_id=key, quantity=left))
            else:
                step.emit(HeldEnded(client_order_id=key, state="cancelled", reason=COVERS_TOO_MUCH))
        elif leg.state in IN_FLIGHT or leg.unheard:
            if not left and leg.state in {"created", "triggered"}:
                step.cancel(leg.intent, why(COVERS_TOO_MUCH))  # the cancel follows it to the venue
        elif leg.intent.tif not in {"ioc", "fok"}:  # what was set off ends by itself
            shrink(step, leg, left, why(COVERS_TOO_MUCH))


def shrink(step: Step, order: Order, left: int, because: Because) -> None:
    """Leave so much of an order open at the venue; nothing where that is not possible."""
    smaller = msgspec.structs.replace(order.intent, quantity=left, request_id=None)
    if left <= 0 or change(step, order, smaller) is not None:
        step.cancel(order.intent, because)


# ------------------------------------------------------------------------------------ larger


def _more(step: Step, entry: Order, role: OrderRole, missing: int) -> None:
    """Cover so much more with legs of one kind: let one grow, else place another."""
    state = step.state
    ever = _of_role(state, entry, role)
    if _given_up(step, entry, role, ever):
        return
    standing = _standing(state, ever)
    for leg in reversed(standing):
        if leg.held and not waits(state, leg):
            quantity = leg.intent.quantity + missing
            key = leg.intent.client_order_id
            step.emit(HeldQuantityChanged(client_order_id=key, quantity=quantity))
            return
    if any(leg.state in {"created", "pending_cancel", "pending_replace"} for leg in standing):
        return
    last = standing[-1] if standing else None
    capabilities = state.accounts[entry.intent.account].started.capabilities
    grows = last is not None and last.state in WORKING and last.intent.tif == "gtc"
    if last is not None and grows and capabilities.replace:
        quantity = last.leaves + missing
        larger = msgspec.structs.replace(last.intent, quantity=quantity, request_id=None)
        if change(step, last, larger) is None:
            return
    _place(step, entry, role, missing)


def _given_up(step: Step, entry: Order, role: OrderRole, ever: Sequence[Order]) -> bool:
    """Return whether no leg of a kind is placed any more: somebody took it out, or the venue will not have it."""
    if any(leg.cancelled_by not in RESTORED for leg in ever):
        return True
    lost = sum(1 for leg in ever if _lost(leg))
    refused = role == "take_profit" and any(_refused(leg) for leg in ever)
    if lost <= LEGS_LOST_MAX and not refused:
        return False
    key = entry.intent.client_order_id
    _tell_once(step, f"{role}:{key}", f"no more {role} for order {key}: the venue ended {lost}")
    return True


def _lost(leg: Order) -> bool:
    silent = leg.state == "cancelled" and not leg.cancelled_by
    return _refused(leg) or (leg.state == "expired" and not _by_will(leg)) or silent


def _by_will(leg: Order) -> bool:
    """Return whether its policy set a stop off: what found nobody to trade with was not the venue's refusal."""
    because = leg.intent.because
    return leg.intent.tif == "ioc" and because is not None and because.code not in _OF_THE_ENGINE


def _refused(leg: Order) -> bool:
    return leg.state == "rejected" and leg.intent.replaces is None


def _place(step: Step, entry: Order, role: OrderRole, quantity: int) -> None:
    leg = leg_of(step.state, entry, role, quantity)
    if leg is None:
        key = entry.intent.client_order_id
        _tell_once(step, f"{role}:{key}", f"no {role} for order {key} yet: no market to trail")
    elif leg.lives_at == "engine":
        step.hold(leg)
    else:
        refused = step.submit(leg, denial_is_news=False)
        if refused is not None:
            keep_or_tell(step, leg, refused.text)


def keep_or_tell(step: Step, leg: OrderIntent, text: str) -> None:
    """Keep a stop in the engine that may not go to the venue; say so of a target, which cannot be kept."""
    state = step.state
    if leg.role == "stop_loss":
        step.hold(msgspec.structs.replace(_as_stop(leg), lives_at="engine", created=state.now))
        return
    order = state.blotter.get(leg.client_order_id)
    if order is not None and order.held:
        key = leg.client_order_id
        step.emit(HeldEnded(client_order_id=key, state="cancelled", reason=COVERS_TOO_MUCH))
    _tell_once(step, f"take_profit:{leg.parent}", f"no take profit for {leg.parent} yet: {text}")


def _as_stop(leg: OrderIntent) -> OrderIntent:
    """Return the stop that a leg is, or was before it was set off."""
    if not is_going(leg):
        return leg
    kind: OrderType = "stop" if leg.trail is None else "trailing_stop"
    return msgspec.structs.replace(leg, type=kind, tif="gtc", limit_price=None)


def leg_of(state: State, entry: Order, role: OrderRole, quantity: int) -> OrderIntent | None:
    """Return a leg for so much of an entry's fills; None for a trailing stop without a market to trail.

    Where there were legs of this kind before, it goes on where the last one stood: it may have been moved.
    """
    intent, legs = entry.intent, entry.intent.legs
    if legs is None:
        return None
    side, ever = opposite(intent.side), _of_role(state, entry, role)
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
    stop_at_venue = venue_takes(capabilities, legs, kind) and not any(map(_refused, ever))
    at_venue = role == "take_profit" or stop_at_venue
    beside = _standing(state, state.blotter.legs(intent.client_order_id))
    siblings = [leg.intent.client_order_id for leg in beside if leg.intent.role != role]
    return OrderIntent(
        client_order_id=state.next_order_id(),
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


def venue_takes(capabilities: Capabilities, legs: Legs, kind: OrderType) -> bool:
    """Return whether a protective stop goes to the venue: it knows the type, and has room beside a target."""
    room = capabilities.oco or not capabilities.locks_balance or legs.take_profit is None
    return place_of(capabilities, kind) == "broker" and room


# ------------------------------------------------------------------------------------ telling


def tell_overshoot(step: Step, fill: OrderFilled) -> None:
    """Say that legs have closed more than was open: both filled, or one did after it was cancelled."""
    blotter = step.state.blotter
    leg = blotter.get(fill.client_order_id)
    key = None if leg is None or not leg.intent.role else leg.intent.parent
    entry = None if key is None else blotter.get(key)
    over = 0 if entry is None else blotter.overshot(entry)
    if entry is None or over <= 0:
        return
    instrument = step.state.instruments[entry.intent.instrument]
    text = (
        f"{instrument.id}: the legs of order {key} closed {instrument.quantity(over)} more than "
        "was open; no order is sent for it, look at the position"
    )
    _tell_once(step, f"overshoot:{key}:{over}", text)


def _tell_once(step: Step, key: str, text: str) -> None:
    """Alert once a start, not with each event."""
    if key not in step.state.tries:
        step.state.tries[key] = Tries()
        step.emit(Alert(level="error", text=text))
