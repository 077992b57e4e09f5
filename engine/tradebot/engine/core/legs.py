"""Legs: the stop and the target that protect what an entry has filled, at once and growing with each fill.

The legs of an entry cover what it has filled and nobody has closed. A leg that fills takes its quantity from its
sibling; a position that was made smaller otherwise takes it from both; flat, they end. Whatever was closed too much
is told and never answered with a third order.
"""

from collections.abc import Mapping, Sequence

import msgspec

from tradebot.engine.core.amend import change
from tradebot.engine.core.events import OrderFilled
from tradebot.engine.core.going import gives_way, is_going, is_piece
from tradebot.engine.core.leg_terms import PROTECTS, is_refused, leg_of, of_role, standing_of
from tradebot.engine.core.orders import Order
from tradebot.engine.core.outcomes import (
    Alert,
    HeldEnded,
    HeldQuantityChanged,
    Legs,
    OrderIntent,
)
from tradebot.engine.core.pairs import (
    GOING_OUT,
    ends_with,
    may_fill,
    pair_refused,
    partner,
    take_out,
    takes_pairs,
)
from tradebot.engine.core.reasons import Because, why
from tradebot.engine.core.state import EXIT, State, Tries
from tradebot.engine.core.step import Step
from tradebot.engine.core.types import OrderRole, OrderType
from tradebot.engine.core.waiting import waits

LEGS_LOST_MAX = 20
"""Legs of one kind that may end without a word of ours before the engine gives up on them."""

COVERS_TOO_MUCH = "covers-too-much"
"""Code of the cancel of a leg that covers more than is held."""

LEG_QUANTITY = "leg-quantity"
"""What older journals call it."""

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
    rooms: dict[OrderRole, int] = {}
    for role in roles(intent.legs):
        rooms[role] = max(covered - _given_way(state, entry, role), 0)
    if takes_pairs(state, entry):
        _pair(step, entry, rooms)
    elif pair_refused(state, entry):
        key = intent.client_order_id
        text = f"the venue refused the pair that protects order {key}: look where its stop lives"
        _tell_once(step, f"pair:{key}", text)
    for role, room in rooms.items():
        standing = standing_of(state, of_role(state, entry, role))
        total = sum(may_fill(state, leg) for leg in standing)
        if total > room:
            _less(step, standing, total - room)
        elif total < room:
            _more(step, entry, role, room - total)


def going_legs(state: State, entry: Order) -> list[Order]:
    """Return the open exits that take the place of an entry's legs."""
    legs = state.blotter.legs(entry.intent.client_order_id)
    return [leg for leg in standing_of(state, legs) if is_going(leg.intent)]


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


# ------------------------------------------------------------------------------------ smaller


def _less(step: Step, standing: Sequence[Order], excess: int) -> None:
    """Take so much off the legs of one kind, the newest first."""
    for leg in reversed(standing):
        if excess <= 0:
            return
        size = may_fill(step.state, leg)
        left = max(size - excess, 0)
        excess -= size - left
        key = leg.intent.client_order_id
        if not size:
            continue
        if leg.held:
            if left:
                step.emit(HeldQuantityChanged(client_order_id=key, quantity=left))
            else:
                step.emit(HeldEnded(client_order_id=key, state="cancelled", reason=COVERS_TOO_MUCH))
        else:
            _less_at_venue(step, leg, left)


def _less_at_venue(step: Step, leg: Order, left: int) -> None:
    """Leave so much of a leg at the venue open, as far as it can be said now."""
    because = why(COVERS_TOO_MUCH)
    if leg.state in IN_FLIGHT or leg.unheard:
        if not left and leg.state in {"created", "triggered"}:
            step.cancel(leg.intent, because)  # the cancel follows it to the venue
    elif (other := partner(step.state, leg)) is not None:
        # A pair is taken out whole and placed anew for what is left.
        if other.state not in GOING_OUT:
            take_out(step, leg, because)
    elif leg.intent.tif not in {"ioc", "fok"}:  # what was set off ends by itself
        shrink(step, leg, left, because)


def shrink(step: Step, order: Order, left: int, because: Because) -> None:
    """Leave so much of an order open at the venue; nothing where that is not possible."""
    smaller = msgspec.structs.replace(order.intent, quantity=left, request_id=None)
    if left <= 0 or change(step, order, smaller) is not None:
        step.cancel(order.intent, because)


# ------------------------------------------------------------------------------------ larger


def _pair(step: Step, entry: Order, rooms: Mapping[OrderRole, int]) -> None:
    """Cover with a pair at the venue what no order there covers; what the engine kept of it gives way.

    What the gate refuses as a pair, a part too small for the venue, is covered as where there are no pairs.

    Args:
        step: The step.
        entry: What is protected.
        rooms: What the legs of each kind are to cover, in units.
    """
    state = step.state
    stops = standing_of(state, of_role(state, entry, "stop_loss"))
    targets = standing_of(state, of_role(state, entry, "take_profit"))
    here = [
        leg for leg in stops if leg.held and leg.intent.type == "stop" and not waits(state, leg)
    ]
    covered = sum(may_fill(state, leg) for leg in stops if leg not in here)
    missing = min(
        rooms["stop_loss"] - covered,
        rooms["take_profit"] - sum(may_fill(state, leg) for leg in targets),
    )
    given_up = any(
        _given_up(step, entry, role, of_role(state, entry, role)) for role in sorted(rooms)
    )
    if missing <= 0 or given_up:
        return
    stop = leg_of(state, entry, "stop_loss", missing)
    target = leg_of(state, entry, "take_profit", missing, ahead=1)
    if stop is None or target is None:
        return
    key = stop.client_order_id
    together = (
        msgspec.structs.replace(stop, lives_at="broker", group=key, oco=None),
        msgspec.structs.replace(target, group=key, oco=key),
    )
    if step.submit_together(together) is None:
        _less(step, here, sum(leg.leaves for leg in here) + covered + missing - rooms["stop_loss"])


def _more(step: Step, entry: Order, role: OrderRole, missing: int) -> None:
    """Cover so much more with legs of one kind: let one grow, else place another."""
    state = step.state
    ever = of_role(state, entry, role)
    if _given_up(step, entry, role, ever):
        return
    standing = standing_of(state, ever)
    if role == "take_profit" and _stop_locks(state, entry):
        return
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
    grows = grows and (last is None or last.intent.group is None)
    if last is not None and grows and capabilities.replace:
        quantity = last.leaves + missing
        larger = msgspec.structs.replace(last.intent, quantity=quantity, request_id=None)
        if change(step, last, larger) is None:
            return
    _place(step, entry, role, missing)


def _stop_locks(state: State, entry: Order) -> bool:
    """Return whether a stop stands alone at the venue that locks what a target would sell: what is left of a pair."""
    stops = standing_of(state, of_role(state, entry, "stop_loss"))
    locks = state.accounts[entry.intent.account].started.capabilities.locks_balance
    others = [other for other in (partner(state, stop) for stop in stops) if other is not None]
    return locks and any(not other.is_open for other in others)


def _given_up(step: Step, entry: Order, role: OrderRole, ever: Sequence[Order]) -> bool:
    """Return whether no leg of a kind is placed any more: somebody took it out, or the venue will not have it."""
    if any(leg.cancelled_by not in RESTORED for leg in ever):
        return True
    lost = sum(1 for leg in ever if _lost(leg) and not ends_with(step.state, leg))
    refused = role == "take_profit" and any(
        is_refused(leg) and leg.intent.group is None for leg in ever
    )
    if lost <= LEGS_LOST_MAX and not refused:
        return False
    key = entry.intent.client_order_id
    _tell_once(step, f"{role}:{key}", f"no more {role} for order {key}: the venue ended {lost}")
    return True


def _lost(leg: Order) -> bool:
    silent = leg.state == "cancelled" and not leg.cancelled_by
    return is_refused(leg) or (leg.state == "expired" and not _by_will(leg)) or silent


def _by_will(leg: Order) -> bool:
    """Return whether its policy set a stop off: what found nobody to trade with was not the venue's refusal."""
    because = leg.intent.because
    return leg.intent.tif == "ioc" and because is not None and because.code not in _OF_THE_ENGINE


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
        kept = msgspec.structs.replace(_as_stop(leg), lives_at="engine", created=state.now)
        step.hold(kept)
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
