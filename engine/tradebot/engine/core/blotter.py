"""The blotter: one writer for every order that is known, fed by stream, sweep, query and operator alike."""

import msgspec

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.events import (
    OrderFilled,
    OrderReplaced,
    ReplaceRejected,
)
from tradebot.engine.core.order_index import OrderIndex
from tradebot.engine.core.orders import (
    STOPS,
    TERMINAL,
    Order,
    OrderEvent,
    OrderStateName,
    accepted_order,
    fill_order,
    in_state,
    reduce_order,
    working_state,
)
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.core.types import (
    AccountName,
    ClientOrderId,
    Owner,
    VenueOrderId,
)

ENDED_KEPT = 10_000
"""Ended orders kept in memory; older ones are in the journal, whoever feeds the kernel asks it about them."""


FORGET_AT_ONCE = 4
"""Ended orders looked at when one more ends: some are kept for those that refer to them."""


class Blotter(OrderIndex):
    """The one writer of order state; what is asked of orders is in its base.

    What an order brought with it (its executions, its request) is remembered as long as the order is. Of older ones the
    journal knows: whoever feeds the kernel looks up there a fill whose order is not here, and a request that is not
    here, before it tells the kernel, so that none counts twice.
    """

    def add(self, intent: OrderIntent, *, denied: str | None = None, held: bool = False) -> bool:
        """Write an order: created, held by the engine, or denied with its reason; return whether it is a new one.

        An order the engine held goes out, is held on other terms, or is denied under the id it has.
        """
        before = self._orders.get(intent.client_order_id)
        state = "denied" if denied is not None else "accepted" if held else "created"
        if before is not None:
            fires = state == "created" and before.intent.type in STOPS
            moved = in_state(before, "triggered" if fires else state, denied, intent.created)
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
            self._put(in_state(old, "replaced", None, now))
        elif not held:
            self._put(in_state(old, "pending_replace", old.reason, now))

    def mark(self, client_order_id: ClientOrderId, state: OrderStateName, now: int) -> None:
        """Move an open order to `sent` or `unknown` at our own doing."""
        order = self._orders.get(client_order_id)
        if order is not None and order.is_open:
            self._put(in_state(order, state, order.reason, now))

    def cancelling(self, client_order_id: ClientOrderId, code: str, now: int) -> None:
        """Note that an order was told to end, and why; what is unknown stays so."""
        order = self._orders.get(client_order_id)
        if order is None or not order.is_open:
            return
        state = "unknown" if order.state == "unknown" else "pending_cancel"
        moved = in_state(order, state, order.reason, now)
        self._put(msgspec.structs.replace(moved, cancelled_by=order.cancelled_by or code))

    def end_held(
        self, client_order_id: ClientOrderId, state: OrderStateName, reason: str, now: int
    ) -> None:
        """End an order the engine kept."""
        order = self._orders.get(client_order_id)
        if order is not None and order.held and order.is_open:
            moved = in_state(order, state, reason, now)
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
                moved = in_state(order, "rejected", event.reason, now)
        else:
            moved = accepted_order(order, event.venue_order_id, now)
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
            self._put(in_state(old, "replaced", None, now))
        elif order.state in {"rejected", "cancelled"} and old.state == "pending_replace":
            self._put(in_state(old, working_state(old), f"replace: {order.reason}", now))

    def fill(self, event: OrderFilled, now: int, *, nets: bool = True) -> Order | None:
        """Count an execution that was not seen before; return the order, or None if not ours.

        Args:
            event: The execution.
            now: The engine's time, ns UTC.
            nets: Whether the venue takes what an order fills while it is replaced off the new one.
        """
        order = self._orders.get(event.client_order_id)
        if order is None:
            return None
        late = order.state in TERMINAL and order.state != "replaced"
        late = late or (not nets and order.state in {"replaced", "pending_replace"})
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
        while after is not None and after.state == "replaced":
            after = self.successor(after.intent.client_order_id)
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
            adopted = in_state(adopted, working_state(order), "open at the venue", now)
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
