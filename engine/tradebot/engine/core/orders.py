"""One order's life: what each word of the venue makes of it.

State is monotonic in cumulative quantity; fills are deduplicated by the venue's execution id; a fill may follow a
cancel; a late word ("accepted" after "filled") never takes an order back.
"""

import msgspec

from tradebot.engine.core.events import (
    CancelRejected,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderReported,
    OrderTriggered,
    SubmitUnknown,
)
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.core.types import (
    SECOND,
    LivesAt,
    VenueOrderId,
)

type OrderStateName = str
"""One of the words of the order's `state` field in the command line's contract."""

TERMINAL = frozenset({"filled", "cancelled", "rejected", "expired", "replaced", "denied"})
"""States that end an order; only fills may still come."""

ABSENT_AGAIN_AFTER = 5 * SECOND
"""Between two answers "absent" that count; after the second the order is given up."""

STOPS = frozenset({"stop", "stop_limit", "trailing_stop"})
"""Types that wait for a price before they trade."""

UNRESOLVED = frozenset({"created", "unknown"})
"""States in which nobody has heard of the order from the venue."""

EXPIRED_HERE = "expired"
"""Code of the cancel by which the engine ends an order at its own time."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order as known now."""

    intent: OrderIntent
    state: OrderStateName
    venue_order_id: VenueOrderId | None = None
    filled: int = 0
    """Cumulative quantity, in units."""
    cost: int = 0
    """Sum of price x quantity over its fills, in price x quantity units."""
    reason: str | None = None
    updated: int
    absent: int = 0
    """How often in a row the venue said it does not know this order."""
    absent_at: int = 0
    """When it said so first, ns; other words about the order meanwhile do not move it."""
    held: bool = False
    """Whether the engine keeps the order itself: the venue knows nothing of it."""
    cancelled_by: str = ""
    """Code of the first cancel the engine sent for it; empty: none."""
    known_filled: int = 0
    """Of an order that replaces another: what was filled of that one when it was asked for."""
    taken: int = 0
    """What fills elsewhere have taken from it (its pair's, late ones), still to be taken off, in units."""
    uncovered: int = 0
    """Of an entry with legs: what of its fills was closed otherwise and needs no leg any more, in units."""

    @property
    def lives_at(self) -> LivesAt:
        """Return where the order is now: what waits here, for a price or for another order, ends with this process."""
        return "engine" if self.held else self.intent.lives_at

    @property
    def leaves(self) -> int:
        """Return the quantity that may still fill, in units."""
        return 0 if self.state in TERMINAL else self.intent.quantity - self.filled

    @property
    def is_open(self) -> bool:
        """Return whether the order may still do something."""
        return self.state not in TERMINAL

    @property
    def heard_of(self) -> bool:
        """Return whether the venue has ever spoken of the order."""
        return self.venue_order_id is not None or self.filled > 0

    @property
    def unheard(self) -> bool:
        """Return whether the order may be on its way to the venue, which has not spoken of it yet."""
        return self.state == "created" or (self.state == "triggered" and not self.heard_of)


type OrderEvent = (
    OrderAccepted
    | OrderRejected
    | SubmitUnknown
    | OrderCancelled
    | OrderExpired
    | CancelRejected
    | OrderReported
    | OrderTriggered
)
"""Venue events about one order, fills and replacements aside."""


def reduce_order(order: Order, event: OrderEvent, now: int) -> Order:
    """Return the order after a venue event; the same object where the event is old news."""
    match event:
        case OrderAccepted():
            return accepted_order(order, event.venue_order_id, now)
        case OrderReported():
            return _reported(order, event, now)
        case SubmitUnknown():
            silent = order.state == "pending_cancel" and not order.heard_of
            lost = order.state == "sent" or order.unheard or silent
            return in_state(order, "unknown", event.reason, now) if lost else order
        case CancelRejected():
            return _cancel_rejected(order, event, now)
        case OrderTriggered():
            leaving = order.state in {"pending_cancel", "pending_replace"}
            return (
                in_state(order, "triggered", None, now) if order.is_open and not leaving else order
            )
        case OrderRejected() | OrderCancelled() | OrderExpired():
            return _ended(order, event, now)


def _cancel_rejected(order: Order, event: CancelRejected, now: int) -> Order:
    if order.state != "pending_cancel":
        return order
    # A venue that refuses to cancel what it never spoke of may not have the order at all.
    state = working_state(order) if order.heard_of else "unknown"
    return in_state(order, state, f"cancel: {event.reason}", now)


def _ended(order: Order, event: OrderRejected | OrderCancelled | OrderExpired, now: int) -> Order:
    if not order.is_open:
        return order
    if order.cancelled_by == EXPIRED_HERE and isinstance(event, OrderCancelled):
        return in_state(order, "expired", f"{order.intent.tif} is over", now)
    return in_state(order, _END_OF[type(event)], event.reason, now)


_END_OF: dict[type[OrderEvent], OrderStateName] = {
    OrderRejected: "rejected",
    OrderCancelled: "cancelled",
    OrderExpired: "expired",
}


def fill_order(order: Order, event: OrderFilled, now: int) -> Order:
    """Return the order after one more execution; the caller has checked that the execution is new."""
    filled = order.filled + event.quantity
    full = filled >= order.intent.quantity
    keeps = order.state in TERMINAL or order.state in {"pending_cancel", "pending_replace"}
    return msgspec.structs.replace(
        order,
        state="filled" if full else order.state if keeps else "partially_filled",
        venue_order_id=event.venue_order_id,
        filled=filled,
        cost=order.cost + event.price * event.quantity,
        updated=now,
        absent=0,
    )


def accepted_order(order: Order, venue_order_id: VenueOrderId, now: int) -> Order:
    """Return the order after the venue has taken it; the same object where that is old news."""
    # A stop that the venue set off stays `triggered`; one that the engine set off is heard of for the first time.
    first = order.state in {"created", "sent", "unknown"} or order.unheard
    state = "accepted" if first else order.state
    if state == order.state and order.venue_order_id is not None:
        return order
    return msgspec.structs.replace(
        order, state=state, venue_order_id=venue_order_id, updated=now, absent=0
    )


def _reported(order: Order, event: OrderReported, now: int) -> Order:
    if not event.found:
        return _absent(order, now)
    known = msgspec.structs.replace(
        order, venue_order_id=event.venue_order_id or order.venue_order_id, absent=0
    )
    if not order.is_open:
        return order
    if event.state == "working":
        if order.state in UNRESOLVED or order.state == "sent" or order.unheard:
            return in_state(known, working_state(known), None, now)
        return known
    # A reported end waits for the fills it speaks of. One that speaks of no more than is known is the end: of a filled
    # order an execution may have been taken back since.
    silent = event.state == "filled" and not event.filled
    if not event.state or silent or event.filled > order.filled:
        return known
    return in_state(known, event.state, event.reason or None, now)


def _absent(order: Order, now: int) -> Order:
    """Count an "absent" that comes long enough after the one before; the second ends the order.

    One the engine holds stays: the venue was never to know it.
    """
    if (
        order.held
        or not order.is_open
        or (order.absent and now - order.absent_at < ABSENT_AGAIN_AFTER)
    ):
        return order
    if order.absent == 0:
        return msgspec.structs.replace(order, absent=1, absent_at=now, updated=now)
    never = order.state in UNRESOLVED or order.unheard
    reason = "never reached the venue" if never else "the venue no longer knows it"
    return in_state(order, "rejected" if never else "cancelled", reason, now)


def working_state(order: Order) -> OrderStateName:
    """Return the state of an order that works at the venue."""
    return "partially_filled" if order.filled else "accepted"


def in_state(order: Order, state: OrderStateName, reason: str | None, now: int) -> Order:
    """Return the order moved to a state, with the reason for it."""
    return msgspec.structs.replace(order, state=state, reason=reason, updated=now)
