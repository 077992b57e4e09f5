"""The order blotter: one writer for order state, fed by stream, sweep, query and operator alike.

State is monotonic in cumulative quantity; fills are deduplicated by the venue's execution id; a fill may follow a
cancel; a late word ("accepted" after "filled") never takes an order back.
"""

from collections.abc import Iterator
from itertools import islice

import msgspec

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.events import (
    CancelRejected,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderReported,
    SubmitUnknown,
)
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.core.types import (
    SECOND,
    AccountName,
    ClientOrderId,
    ExecutionId,
    RequestId,
    Side,
    VenueOrderId,
)

type OrderStateName = str
"""One of the words of the order's `state` field in the command line's contract."""

TERMINAL = frozenset({"filled", "cancelled", "rejected", "expired", "replaced", "denied"})
"""States that end an order; only fills may still come."""

ABSENT_AGAIN_AFTER = 5 * SECOND
"""Between two answers "absent" that count; after the second the order is given up."""

UNRESOLVED = frozenset({"created", "unknown"})
"""States in which nobody has heard of the order from the venue."""


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

    @property
    def leaves(self) -> int:
        """Return the quantity that may still fill, in units."""
        return 0 if self.state in TERMINAL else self.intent.quantity - self.filled

    @property
    def is_open(self) -> bool:
        """Return whether the order may still do something."""
        return self.state not in TERMINAL


type OrderEvent = (
    OrderAccepted
    | OrderRejected
    | SubmitUnknown
    | OrderCancelled
    | OrderExpired
    | CancelRejected
    | OrderReported
)
"""Venue events about one order, fills aside."""


def reduce_order(order: Order, event: OrderEvent, now: int) -> Order:
    """Return the order after a venue event; the same object where the event is old news."""
    match event:
        case OrderAccepted():
            return _accepted(order, event.venue_order_id, now)
        case OrderReported():
            return _reported(order, event, now)
        case SubmitUnknown():
            silent = order.state == "pending_cancel" and not _heard_of(order)
            if order.state in {"created", "sent"} or silent:
                return _moved(order, "unknown", event.reason, now)
            return order
        case CancelRejected():
            if order.state != "pending_cancel":
                return order
            # A venue that refuses to cancel what it never spoke of may not have the order at all.
            state = _working_state(order) if _heard_of(order) else "unknown"
            return _moved(order, state, f"cancel: {event.reason}", now)
        case OrderRejected() | OrderCancelled() | OrderExpired():
            if not order.is_open:
                return order
            return _moved(order, _END_OF[type(event)], event.reason, now)


_END_OF: dict[type[OrderEvent], OrderStateName] = {
    OrderRejected: "rejected",
    OrderCancelled: "cancelled",
    OrderExpired: "expired",
}


def fill_order(order: Order, event: OrderFilled, now: int) -> Order:
    """Return the order after one more execution; the caller has checked that the execution is new."""
    filled = order.filled + event.quantity
    full = filled >= order.intent.quantity
    keeps = order.state in TERMINAL or order.state == "pending_cancel"
    return msgspec.structs.replace(
        order,
        state="filled" if full else order.state if keeps else "partially_filled",
        venue_order_id=event.venue_order_id,
        filled=filled,
        cost=order.cost + event.price * event.quantity,
        updated=now,
        absent=0,
    )


def _accepted(order: Order, venue_order_id: VenueOrderId, now: int) -> Order:
    state = "accepted" if order.state in {"created", "sent", "unknown"} else order.state
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
        if order.state in UNRESOLVED or order.state == "sent":
            return _moved(known, _working_state(known), None, now)
        return known
    # A reported end waits for the fills it speaks of: "filled" is only ever reached by fills.
    if event.state == "filled" or event.filled > order.filled:
        return known
    return _moved(known, event.state, event.reason or None, now)


def _absent(order: Order, now: int) -> Order:
    """Count an "absent" that comes long enough after the one before; the second ends the order."""
    if not order.is_open or (order.absent and now - order.updated < ABSENT_AGAIN_AFTER):
        return order
    if order.absent == 0:
        return msgspec.structs.replace(order, absent=1, updated=now)
    never = order.state in UNRESOLVED
    reason = "never reached the venue" if never else "the venue no longer knows it"
    return _moved(order, "rejected" if never else "cancelled", reason, now)


def _heard_of(order: Order) -> bool:
    return order.venue_order_id is not None or order.filled > 0


def _working_state(order: Order) -> OrderStateName:
    return "partially_filled" if order.filled else "accepted"


def _moved(order: Order, state: OrderStateName, reason: str | None, now: int) -> Order:
    return msgspec.structs.replace(order, state=state, reason=reason, updated=now)


ENDED_KEPT = 10_000
"""Ended orders kept in memory; older ones are in the journal, whoever feeds the kernel asks it about them."""

STRANGE_FILLS_KEPT = 10_000
"""Executions of orders that are not in memory, remembered against a second telling."""


class Blotter:
    """The open orders, the newest of those that have ended, and the indexes the gate asks for.

    What an order brought with it (its executions, its request) is remembered as long as the order is. Of older ones the
    journal knows: whoever feeds the kernel looks up there a fill whose order is not here, and a request that is not
    here, before it tells the kernel, so that none counts twice.
    """

    def __init__(self) -> None:
        self._orders: dict[ClientOrderId, Order] = {}
        self._open: dict[ClientOrderId, None] = {}
        self._ended: dict[ClientOrderId, None] = {}  # in the order in which they ended
        self._executions: dict[ExecutionId, None] = {}
        self._executed: dict[ClientOrderId, list[ExecutionId]] = {}
        self._strange: dict[
            ExecutionId, None
        ] = {}  # those whose order is not in memory, oldest first
        self._requests: dict[RequestId, ClientOrderId] = {}

    def __len__(self) -> int:
        return len(self._orders)

    def __iter__(self) -> Iterator[Order]:
        return iter(self._orders.values())

    def get(self, client_order_id: ClientOrderId) -> Order | None:
        """Return an order, or None where the id is not ours."""
        return self._orders.get(client_order_id)

    def by_request(self, request_id: RequestId) -> Order | None:
        """Return the order a request led to, or None."""
        client_order_id = self._requests.get(request_id)
        return None if client_order_id is None else self._orders[client_order_id]

    def open(self) -> list[Order]:
        """Return open orders, oldest first."""
        return [self._orders[client_order_id] for client_order_id in self._open]

    def open_in(self, account: AccountName, instrument: InstrumentId) -> list[Order]:
        """Return open orders of one account in one instrument, oldest first."""
        return [
            order
            for order in self.open()
            if order.intent.instrument == instrument and order.intent.account == account
        ]

    def leaves(self, account: AccountName, instrument: InstrumentId, side: Side) -> int:
        """Return the summed open quantity of one side, in units; unknown orders count in full."""
        return sum(
            order.leaves for order in self.open_in(account, instrument) if order.intent.side == side
        )

    def unresolved(self) -> list[Order]:
        """Return orders the venue has not spoken of since they may have been sent."""
        return [order for order in self.open() if order.state == "unknown"]

    def seen(self, execution_id: ExecutionId) -> bool:
        """Return whether a fill was already counted."""
        return execution_id in self._executions

    def recent(self, limit: int) -> list[Order]:
        """Return the newest orders, newest first."""
        return list(islice(reversed(self._orders.values()), limit))

    def add(self, intent: OrderIntent, *, denied: str | None = None) -> None:
        """Write a new order: created, or denied with its reason."""
        self._put(
            Order(
                intent=intent,
                state="created" if denied is None else "denied",
                reason=denied,
                updated=intent.created,
            )
        )
        if intent.request_id is not None:
            self._requests[intent.request_id] = intent.client_order_id

    def mark(self, client_order_id: ClientOrderId, state: OrderStateName, now: int) -> None:
        """Move an open order to `sent`, `unknown` or `pending_cancel` at our own doing."""
        order = self._orders.get(client_order_id)
        if order is not None and order.is_open:
            self._put(_moved(order, state, order.reason, now))

    def reduce(self, event: OrderEvent, now: int) -> Order | None:
        """Apply a venue event; return the order, or None where the id is not ours."""
        order = self._orders.get(event.client_order_id)
        if order is None:
            return None
        moved = reduce_order(order, event, now)
        self._put(moved)
        return moved

    def fill(self, event: OrderFilled, now: int) -> Order | None:
        """Count an execution that was not seen before; return the order, or None if not ours."""
        order = self._orders.get(event.client_order_id)
        self._executions[event.execution_id] = None
        if order is None:
            self._strange[event.execution_id] = None
            while len(self._strange) > STRANGE_FILLS_KEPT:
                oldest = next(iter(self._strange))
                del self._strange[oldest], self._executions[oldest]
            return None
        self._executed.setdefault(event.client_order_id, []).append(event.execution_id)
        filled = fill_order(order, event, now)
        self._put(filled)
        return filled

    def _put(self, order: Order) -> None:
        client_order_id = order.intent.client_order_id
        self._orders[client_order_id] = order
        if order.is_open:
            self._open.setdefault(client_order_id)
            return
        self._open.pop(client_order_id, None)
        self._ended.setdefault(client_order_id)
        if len(self._ended) > ENDED_KEPT:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        """Forget the order that ended first, unless an open one refers to it: that is looked at again much later."""
        client_order_id = next(iter(self._ended))
        del self._ended[client_order_id]
        intents = [order.intent for order in self.open()]
        if any(client_order_id in {one.parent, one.oco, one.replaces} for one in intents):
            self._ended[client_order_id] = None
            return
        order = self._orders.pop(client_order_id)
        for execution_id in self._executed.pop(client_order_id, ()):
            self._executions.pop(execution_id, None)
        request_id = order.intent.request_id
        if request_id is not None and self._requests.get(request_id) == client_order_id:
            del self._requests[request_id]
