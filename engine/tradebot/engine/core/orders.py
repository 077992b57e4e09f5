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
    OrderReplaced,
    OrderReported,
    OrderTriggered,
    ReplaceRejected,
    SubmitUnknown,
)
from tradebot.engine.core.executions import Executions
from tradebot.engine.core.links import Links
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.core.types import (
    SECOND,
    AccountName,
    ClientOrderId,
    Owner,
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
            return _accepted(order, event.venue_order_id, now)
        case OrderReported():
            return _reported(order, event, now)
        case SubmitUnknown():
            silent = order.state == "pending_cancel" and not order.heard_of
            lost = order.state == "sent" or order.unheard or silent
            return _moved(order, "unknown", event.reason, now) if lost else order
        case CancelRejected():
            return _cancel_rejected(order, event, now)
        case OrderTriggered():
            leaving = order.state in {"pending_cancel", "pending_replace"}
            return _moved(order, "triggered", None, now) if order.is_open and not leaving else order
        case OrderRejected() | OrderCancelled() | OrderExpired():
            return _ended(order, event, now)


def _cancel_rejected(order: Order, event: CancelRejected, now: int) -> Order:
    if order.state != "pending_cancel":
        return order
    # A venue that refuses to cancel what it never spoke of may not have the order at all.
    state = _working_state(order) if order.heard_of else "unknown"
    return _moved(order, state, f"cancel: {event.reason}", now)


def _ended(order: Order, event: OrderRejected | OrderCancelled | OrderExpired, now: int) -> Order:
    if not order.is_open:
        return order
    if order.cancelled_by == EXPIRED_HERE and isinstance(event, OrderCancelled):
        return _moved(order, "expired", f"{order.intent.tif} is over", now)
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


def _accepted(order: Order, venue_order_id: VenueOrderId, now: int) -> Order:
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
            return _moved(known, _working_state(known), None, now)
        return known
    # A reported end waits for the fills it speaks of. One that speaks of no more than is known is the end: of a filled
    # order an execution may have been taken back since.
    silent = event.state == "filled" and not event.filled
    if not event.state or silent or event.filled > order.filled:
        return known
    return _moved(known, event.state, event.reason or None, now)


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
    return _moved(order, "rejected" if never else "cancelled", reason, now)


def _working_state(order: Order) -> OrderStateName:
    return "partially_filled" if order.filled else "accepted"


def _moved(order: Order, state: OrderStateName, reason: str | None, now: int) -> Order:
    return msgspec.structs.replace(order, state=state, reason=reason, updated=now)


ENDED_KEPT = 10_000
"""Ended orders kept in memory; older ones are in the journal, whoever feeds the kernel asks it about them."""

FORGET_AT_ONCE = 4
"""Ended orders looked at when one more ends: some are kept for those that refer to them."""


class Blotter:
    """The open orders, the newest of those that have ended, and the indexes the gate asks for.

    What an order brought with it (its executions, its request) is remembered as long as the order is. Of older ones the
    journal knows: whoever feeds the kernel looks up there a fill whose order is not here, and a request that is not
    here, before it tells the kernel, so that none counts twice.
    """

    def __init__(self) -> None:
        self._orders: dict[ClientOrderId, Order] = {}
        self._open: dict[ClientOrderId, None] = {}
        self._ended: dict[ClientOrderId, None] = {}  # in the order in which they were last heard of
        self.executions = Executions()
        self._requests: dict[RequestId, ClientOrderId] = {}
        self.links = Links()

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

    def held_in(self, instrument: InstrumentId | None = None) -> list[Order]:
        """Return the orders the engine keeps itself (in one instrument), oldest first."""
        return [self._orders[key] for key in self.links.held(instrument)]

    def children(self, parent: ClientOrderId) -> list[Order]:
        """Return the legs of an order and the orders that wait for it, oldest first."""
        known = (self._orders.get(key) for key in self.links.children(parent))
        return [order for order in known if order is not None]

    def successor(self, client_order_id: ClientOrderId) -> Order | None:
        """Return the newest order that was to take an order's place, None where there was none."""
        key = self.links.successor(client_order_id)
        return None if key is None else self._orders.get(key)

    def leaves(
        self,
        account: AccountName,
        instrument: InstrumentId,
        side: Side,
        *,
        without: OrderIntent | None = None,
    ) -> int:
        """Return the summed open quantity of one side at the venue, in units; unknown orders count in full.

        Orders that share one quantity (the legs of an entry, a pair) count once: the largest lane. What the engine
        holds itself counts nothing.

        Args:
            account: Whose.
            instrument: Of what.
            side: Which side.
            without: An order to be judged: what it replaces and what it shares its quantity with is left out.
        """
        total = 0
        lanes: dict[ClientOrderId, dict[str, int]] = {}
        beside = None if without is None else self.links.group(without)
        for order in self.open_in(account, instrument):
            intent = order.intent
            if intent.side != side or order.held:
                continue
            group = self.links.group(intent)
            if group is None:
                replaced = without is not None and without.replaces == intent.client_order_id
                total += 0 if replaced else order.leaves
            elif beside is None or beside[0] != group[0]:
                lane = lanes.setdefault(group[0], {})
                lane[group[1]] = lane.get(group[1], 0) + order.leaves
        return total + sum(max(lane.values()) for lane in lanes.values())

    def unresolved(self) -> list[Order]:
        """Return orders the venue has not spoken of since they may have been sent."""
        return [order for order in self.open() if order.state == "unknown"]

    def recent(self, limit: int) -> list[Order]:
        """Return the newest orders, newest first."""
        return list(islice(reversed(self._orders.values()), limit))

    def add(self, intent: OrderIntent, *, denied: str | None = None, held: bool = False) -> bool:
        """Write an order: created, held by the engine, or denied with its reason; return whether it is a new one.

        An order the engine held goes out, is held on other terms, or is denied under the id it has.
        """
        before = self._orders.get(intent.client_order_id)
        state = "denied" if denied is not None else "accepted" if held else "created"
        if before is not None:
            fires = state == "created" and before.intent.type in STOPS
            moved = _moved(before, "triggered" if fires else state, denied, intent.created)
            self._put(msgspec.structs.replace(moved, intent=intent, held=held))
            return False
        old = None if intent.replaces is None else self._orders.get(intent.replaces)
        self.links.joins(intent)
        self._put(
            Order(
                intent=intent,
                state=state,
                reason=denied,
                updated=intent.created,
                held=held,
                known_filled=0 if old is None else old.filled,
            )
        )
        if old is not None and old.is_open and denied is None:
            self._replacing(old, intent.created, held=held)
        if intent.request_id is not None:
            self._requests[intent.request_id] = intent.client_order_id
        return True

    def _replacing(self, old: Order, now: int, *, held: bool) -> None:
        """Note that another order is to take the place of one; at the venue, here, or once it has ended."""
        if old.held:
            self._put(_moved(old, "replaced", None, now))
        elif not held:
            self._put(_moved(old, "pending_replace", old.reason, now))

    def mark(self, client_order_id: ClientOrderId, state: OrderStateName, now: int) -> None:
        """Move an open order to `sent` or `unknown` at our own doing."""
        order = self._orders.get(client_order_id)
        if order is not None and order.is_open:
            self._put(_moved(order, state, order.reason, now))

    def cancelling(self, client_order_id: ClientOrderId, code: str, now: int) -> None:
        """Note that an order was told to end, and why; what is unknown stays so."""
        order = self._orders.get(client_order_id)
        if order is None or not order.is_open:
            return
        state = "unknown" if order.state == "unknown" else "pending_cancel"
        moved = _moved(order, state, order.reason, now)
        self._put(msgspec.structs.replace(moved, cancelled_by=order.cancelled_by or code))

    def end_held(
        self, client_order_id: ClientOrderId, state: OrderStateName, reason: str, now: int
    ) -> None:
        """End an order the engine kept."""
        order = self._orders.get(client_order_id)
        if order is not None and order.held and order.is_open:
            moved = _moved(order, state, reason, now)
            self._put(msgspec.structs.replace(moved, cancelled_by=reason))

    def change_held(
        self,
        client_order_id: ClientOrderId,
        now: int,
        *,
        quantity: int | None = None,
        trigger_price: int | None = None,
    ) -> None:
        """Let an order the engine keeps cover another quantity, or stand at another price."""
        order = self._orders.get(client_order_id)
        if order is None or not order.held:
            return
        intent = order.intent
        if trigger_price is not None:
            intent = msgspec.structs.replace(intent, trigger_price=trigger_price)
        if quantity is not None:
            replaced = None if intent.replaces is None else self._orders.get(intent.replaces)
            known = order.known_filled if replaced is None else replaced.filled
            intent = msgspec.structs.replace(intent, quantity=quantity)
            order = msgspec.structs.replace(order, taken=0, known_filled=known)
        self._put(msgspec.structs.replace(order, intent=intent, updated=now))

    def uncover(self, client_order_id: ClientOrderId, quantity: int) -> None:
        """Note how much of an entry's fills needs no leg any more, in units."""
        order = self._orders[client_order_id]
        self._put(msgspec.structs.replace(order, uncovered=quantity))

    def reduce(self, event: OrderEvent, now: int) -> Order | None:
        """Apply a venue event; return the order, or None where the id is not ours."""
        order = self._orders.get(event.client_order_id)
        if order is None:
            return None
        moved = reduce_order(order, event, now)
        self._put(moved)
        self._settle_replacement(moved, now)
        return moved

    def replaced(self, event: OrderReplaced | ReplaceRejected, now: int) -> Order | None:
        """Apply what the venue says of a replacement; return the new order, or None where the id is not ours."""
        order = self._orders.get(event.client_order_id)
        if order is None:
            return None
        moved = order
        if isinstance(event, ReplaceRejected):
            if order.is_open and not order.heard_of:
                moved = _moved(order, "rejected", event.reason, now)
        else:
            moved = _accepted(order, event.venue_order_id, now)
            # Only ever less than was asked for: what the venue took off filled meanwhile.
            quantity = max(min(event.quantity, order.intent.quantity), order.filled)
            intent = msgspec.structs.replace(order.intent, quantity=quantity)
            full = moved.is_open and quantity == moved.filled
            state = "filled" if full else moved.state
            moved = msgspec.structs.replace(moved, intent=intent, state=state)
        self._put(moved)
        self._settle_replacement(moved, now)
        return moved

    def _settle_replacement(self, order: Order, now: int) -> None:
        """Let the order before a replacement end with it, or go on where it never came to be."""
        old = None if order.intent.replaces is None else self._orders.get(order.intent.replaces)
        if old is None or not old.is_open or old.held or order.held:
            return
        stands = order.heard_of or order.state in {"accepted", "partially_filled"}
        if stands:
            # Also where a cancel of the old one was refused meanwhile: "it is replaced" reads like any refusal.
            self._put(_moved(old, "replaced", None, now))
        elif order.state in {"rejected", "cancelled"} and old.state == "pending_replace":
            self._put(_moved(old, _working_state(old), f"replace: {order.reason}", now))

    def fill(self, event: OrderFilled, now: int) -> Order | None:
        """Count an execution that was not seen before; return the order, or None if not ours."""
        order = self._orders.get(event.client_order_id)
        if order is None:
            return None
        late = order.state in TERMINAL and order.state != "replaced"
        filled = fill_order(order, event, now)
        self._put(filled)
        self._settle_replacement(filled, now)
        self._take(filled, event.quantity, late=late)
        return filled

    def _take(self, order: Order, quantity: int, *, late: bool) -> None:
        """Note what a fill takes from the other orders of its pair, and from one sent in an ended one's place."""
        if order.intent.role:
            return  # legs follow what is to be covered
        taken: dict[ClientOrderId, Order] = {}
        group = self.links.group(order.intent)
        if group is not None:
            for other in self.open_in(order.intent.account, order.intent.instrument):
                theirs = self.links.group(other.intent)
                if theirs is not None and theirs[0] == group[0] and theirs[1] != group[1]:
                    taken[other.intent.client_order_id] = other
        after = self.successor(order.intent.client_order_id)
        if late and after is not None and after.is_open and not after.held:
            taken[after.intent.client_order_id] = after
        for other in taken.values():
            self._put(msgspec.structs.replace(other, taken=other.taken + quantity))

    def unfill(
        self, client_order_id: ClientOrderId, quantity: int, price: int, now: int
    ) -> Order | None:
        """Take an execution out of an order's count: the one place where it falls. The state stays."""
        order = self._orders.get(client_order_id)
        if order is None:
            return None
        less = msgspec.structs.replace(
            order, filled=order.filled - quantity, cost=order.cost - price * quantity, updated=now
        )
        self._put(less)
        return less

    def find(
        self,
        intent: OrderIntent,
        venue_order_id: VenueOrderId | None,
        fills: list[tuple[int, int]],
        now: int,
    ) -> None:
        """Hold an open order that was placed elsewhere; fills, (quantity, price) in units, are those booked of it."""
        filled = sum(quantity for quantity, _ in fills)
        self._put(
            Order(
                intent=intent,
                state="partially_filled" if filled else "accepted",
                venue_order_id=venue_order_id,
                filled=filled,
                cost=sum(quantity * price for quantity, price in fills),
                updated=now,
            )
        )

    def adopt(self, client_order_id: ClientOrderId, owner: Owner, now: int) -> None:
        """Give an order to an owner; one that had ended here is open again, for the venue says so."""
        order = self._orders.get(client_order_id)
        if order is None or order.state == "denied":
            return
        intent = msgspec.structs.replace(order.intent, owner=owner)
        adopted = msgspec.structs.replace(order, intent=intent)
        if not order.is_open and order.filled < intent.quantity:
            adopted = _moved(adopted, _working_state(order), "open at the venue", now)
        self._put(adopted)

    def _put(self, order: Order) -> None:
        client_order_id = order.intent.client_order_id
        self._orders[client_order_id] = order
        self.links.holds(order.intent, held=order.held and order.is_open)
        if order.is_open:
            self._open.setdefault(client_order_id)
            self._ended.pop(client_order_id, None)
            self._watch(order)
            return
        self._open.pop(client_order_id, None)
        # Whoever is heard of again is the last to be forgotten: a late fill's order stays until that is told.
        self._ended.pop(client_order_id, None)
        self._ended[client_order_id] = None
        self._watch(order)
        for _ in range(FORGET_AT_ONCE):
            if len(self._ended) > ENDED_KEPT and next(iter(self._ended)) != client_order_id:
                self._forget_oldest()

    def _watch(self, order: Order) -> None:
        """Note whether the bracket an order belongs to has still something to do."""
        intent = order.intent
        entry = intent.client_order_id if intent.legs is not None else None
        if intent.role:
            entry = intent.parent
        if entry is not None:
            self.links.watches(entry, live=self._is_live(entry))

    def _forget_oldest(self) -> None:
        """Forget the order not heard of for longest; one that something refers to is looked at again much later."""
        client_order_id = next(iter(self._ended))
        del self._ended[client_order_id]
        intent = self._orders[client_order_id].intent
        intents = [order.intent for order in self.open()]
        if self.links.needs(intent) or any(
            client_order_id in {one.parent, one.oco, one.replaces} for one in intents
        ):
            self._ended[client_order_id] = None
            return
        order = self._orders.pop(client_order_id)
        self.links.forget(intent)
        self.executions.forget_order(client_order_id)
        request_id = order.intent.request_id
        if request_id is not None and self._requests.get(request_id) == client_order_id:
            del self._requests[request_id]

    # -------------------------------------------------------------------------------- brackets

    def brackets(self) -> list[Order]:
        """Return entries whose legs have still something to do, oldest first."""
        return [self._orders[key] for key in self.links.brackets()]

    def legs(self, entry: ClientOrderId) -> list[Order]:
        """Return every leg an entry ever had, oldest first."""
        return [leg for leg in self.children(entry) if leg.intent.role]

    def to_cover(self, entry: Order) -> int:
        """Return what the legs of an entry are to cover, in units: filled, not closed by a leg or otherwise."""
        return max(entry.filled - entry.uncovered - self.closed_by_legs(entry), 0)

    def overshot(self, entry: Order) -> int:
        """Return how much more than was open the legs of an entry have closed, in units; 0: nothing."""
        closed = self.closed_by_legs(entry)
        return max(closed + entry.uncovered - entry.filled, 0) if closed else 0

    def closed_by_legs(self, entry: Order) -> int:
        """Return what the legs of an entry have filled, in units, those that ended long ago too."""
        return sum(leg.filled for leg in self.legs(entry.intent.client_order_id))

    def _is_live(self, key: ClientOrderId) -> bool:
        entry = self._orders.get(key)
        if entry is None:
            return False
        open_legs = any(leg.is_open for leg in self.legs(key))
        return entry.is_open or open_legs or self.to_cover(entry) > 0

    def fit_covered(
        self, account: AccountName, instrument: InstrumentId, owner: Owner, held: int
    ) -> None:
        """Let legs cover no more than their owner still holds: what was closed otherwise was the oldest.

        Args:
            account: Where.
            instrument: Of what.
            owner: Whose position.
            held: What the owner holds now, signed, in units.
        """
        mine = [
            entry
            for entry in self.brackets()
            if (entry.intent.account, entry.intent.instrument, entry.intent.owner)
            == (account, instrument, owner)
        ]
        room = {"buy": max(held, 0), "sell": max(-held, 0)}
        for entry in reversed(mine):
            covered = self.to_cover(entry)
            kept = min(covered, room[entry.intent.side])
            room[entry.intent.side] -= kept
            if kept < covered:
                self.uncover(entry.intent.client_order_id, entry.uncovered + covered - kept)
