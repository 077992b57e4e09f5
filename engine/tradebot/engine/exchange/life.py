"""An order's life once it is taken: the book, triggers, groups, parents, sessions, its end."""

import heapq
from collections.abc import Callable
from typing import Literal

import msgspec

from tradebot.engine.exchange.books import Books
from tradebot.engine.exchange.checks import LIMITED
from tradebot.engine.exchange.happenings import Happening, OrderChange, OrderChanged
from tradebot.engine.exchange.market import CROWD_NUMBERS, Market
from tradebot.engine.exchange.order_store import OrderStore
from tradebot.engine.exchange.orders import Order, Reason, State
from tradebot.engine.exchange.session import Phase, Session
from tradebot.engine.exchange.triggers import armed, fires, has_trigger, seen
from tradebot.native import VenueEvent

_DAY = 86_400_000_000_000


class Life:
    """What happens to orders.

    Args of the constructor:
        markets: By listing key.
        books: Who holds what.
        store: Where orders are.
        tell: Where happenings go.
        carried: Why an order's account cannot carry it now; empty if it can.
    """

    def __init__(
        self,
        markets: dict[str, Market],
        books: Books,
        store: OrderStore,
        tell: Callable[[Happening], None],
        carried: Callable[[Order], Reason],
    ) -> None:
        self._carried = carried
        self._markets = markets
        self._books = books
        self._store = store
        self._tell = tell
        self._deadlines: list[tuple[int, int]] = []
        self._traded: list[int] = []

    def begin(self, order: Order, now: int) -> Order:
        """Let a taken order begin: it is held, queued, waits for its trigger, or works.

        Returns:
            How it stands then; `rejected` if the book itself refused it.
        """
        state = self._first_state(order)
        if state in ("held", "queued"):
            order = self._store.put(msgspec.structs.replace(order, state=state))
            self._say(order, state, now)
        else:
            order = self._start(order, "new", now)
        self._keep_deadline(order, now)
        return self._store.now(order.number)

    def _first_state(self, order: Order) -> Literal["held", "queued", "working"]:
        request = order.request
        parent = self._store.get(request.parent)
        if request.hold or (parent is not None and parent.state != "filled"):
            return "held"
        return "working" if self._may_work(order) else "queued"

    def _may_work(self, order: Order) -> bool:
        """Return whether an order may be in the book in the market's phase."""
        phase = self._markets[order.listing].phase
        request = order.request
        if request.tif in ("opg", "cls"):
            return False
        if phase == "open":
            return True
        return phase != "closed" and request.extended_hours and request.type == "limit"

    def release(self, order: Order, now: int) -> None:
        """Let a held or queued order go on, if nothing else keeps it back."""
        order = self._store.put(
            msgspec.structs.replace(
                order, request=msgspec.structs.replace(order.request, hold=False)
            )
        )
        state = self._first_state(order)
        # What waited for a parent kept nothing back: only now is it known whether there is enough.
        reason = self._carried(order) if order.request.parent and state != "held" else ""
        if reason:
            self._end(order, "rejected", reason, now)
        elif state == "working":
            self._start(order, "released", now)
        elif state != order.state:
            self._say(
                self._store.put(msgspec.structs.replace(order, state=state, updated=now)),
                state,
                now,
            )

    def _start(self, order: Order, change: OrderChange, now: int) -> Order:
        market = self._markets[order.listing]
        if has_trigger(order):
            order = armed(order, market.last_price)
            order = msgspec.structs.replace(order, state="waiting", updated=now)
            self._say(self._store.put(order), change, now)
            if fires(order, market.last_price):
                self._trigger(order, now)
            return self._store.now(order.number)
        return self._work(order, change, now)

    def _work(self, order: Order, change: OrderChange | None, now: int) -> Order:
        """Give an order to the book; say `change` of it first, unless the book refuses it."""
        market = self._markets[order.listing]
        request = order.request
        limited = request.type in LIMITED or request.limit > 0
        events = market.submit(
            order.number,
            request.side,
            "limit" if limited else "market",
            "ioc"
            if request.tif in ("ioc", "opg", "cls")
            else "fok"
            if request.tif == "fok"
            else "gtc",
            price=request.limit,
            quantity=order.leaves,
            post_only=request.post_only,
            owner=self._books.accounts[request.account].owner,
            now=now,
        )
        if events[0].kind == "rejected":
            return self._end(order, "rejected", _reason(events[0]), now)
        order = self._store.put(msgspec.structs.replace(order, state="working", updated=now))
        if change is not None:
            self._say(order, change, now)
        self.absorb(market, events, now)
        return self._store.now(order.number)

    def absorb(self, market: Market, events: list[VenueEvent], now: int) -> None:
        """Take what the book answered into orders and books."""
        for event in events:
            if event.order_id >= CROWD_NUMBERS:
                if event.kind == "filled" and event.leaves == 0:
                    market.flow.filled(event.order_id)
            elif event.kind == "filled":
                order = self._store.now(event.order_id)
                self._books.execute(order, event, market, now)
                self._traded.append(event.order_id)
            elif event.kind == "expired":
                self._end(self._store.now(event.order_id), "expired", _reason(event), now)

    def settle(self, now: int) -> bool:
        """Do what fills and prints bring about; return whether anything was done."""
        done = False
        while self._traded:
            number = self._traded.pop(0)
            self._after_trade(self._store.now(number), now)
            done = True
        for market in self._markets.values():
            for price in market.prints():
                for order in self._store.waiting(market.listing.key):
                    after = seen(order, price)
                    if after is not order:
                        self._store.put(after)
                    if fires(after, price):
                        self._trigger(self._store.now(order.number), now)
                        done = True
        return done

    def _trigger(self, order: Order, now: int) -> None:
        request = order.request
        if request.type == "trailing_stop_limit" and not request.limit:
            limit = order.trigger + request.side * request.limit_offset
            request = msgspec.structs.replace(request, limit=limit)
        order = self._store.put(
            msgspec.structs.replace(
                order, request=request, state="working", triggered=True, updated=now
            )
        )
        # A market order may now cost more than its trigger promised when it was given.
        reason = "" if request.limit else self._carried(order)
        if reason:
            self._end(order, "expired", reason, now)
            return
        self._say(order, "triggered", now)
        self._work(order, None, now)

    def _after_trade(self, order: Order, now: int) -> None:
        if order.request.group:
            for sibling in self._store.siblings(order):
                self.cancel(sibling, "oco", now)
        if order.state == "filled":
            for child in self._store.children(order.number):
                if child.state == "held" and not child.request.hold:
                    self.release(child, now)

    def cancel(self, order: Order, reason: Reason, now: int, state: State = "cancelled") -> Order:
        """End an open order."""
        market = self._markets[order.listing]
        if order.number in market.engine:
            market.cancel(order.number)
        return self._end(order, state, reason, now)

    def _end(self, order: Order, state: State, reason: Reason, now: int) -> Order:
        order = self._store.put(
            msgspec.structs.replace(order, state=state, reason=reason, updated=now, ended=now)
        )
        change: OrderChange = (
            "expired"
            if state == "expired"
            else "rejected"
            if state == "rejected"
            else "replaced"
            if state == "replaced"
            else "cancelled"
        )
        self._say(order, change, now)
        if state != "replaced":
            self._orphan(order, now)
        return order

    def _orphan(self, order: Order, now: int) -> None:
        """See to the children of an order that ended: what it filled they still protect."""
        for child in self._store.children(order.number):
            if child.state != "held":
                continue
            if order.filled == 0:
                self.cancel(child, "parent", now)
                continue
            request = msgspec.structs.replace(child.request, quantity=order.filled, parent=0)
            self.release(msgspec.structs.replace(child, request=request), now)

    def requeue(self, order: Order, now: int) -> Order:
        """Give an amended order to the book anew, at the end of its queue."""
        market = self._markets[order.listing]
        if order.number in market.engine:
            market.cancel(order.number)
        if order.state == "waiting":
            order = self._store.put(armed(order, market.last_price))
            self._say(order, "amended", now)
            if fires(order, market.last_price):
                self._trigger(order, now)
        elif order.state == "working":
            return self._work(order, "amended", now)
        else:
            self._say(self._store.put(order), "amended", now)
        return self._store.now(order.number)

    def reduce(self, order: Order, now: int) -> Order:
        """Let an amended order of smaller quantity keep its place."""
        market = self._markets[order.listing]
        if order.number in market.engine:
            market.reduce(order.number, order.leaves)
        self._say(self._store.put(order), "amended", now)
        return order

    def _say(self, order: Order, change: OrderChange, now: int) -> None:
        face = self._markets[order.listing].listing.face
        self._tell(OrderChanged(face, order.request.account, order, change, now))

    # The day: deadlines and phases.

    def _keep_deadline(self, order: Order, now: int) -> None:
        ends = self.deadline(order, now)
        if ends and order.is_open:
            heapq.heappush(self._deadlines, (ends, order.number))

    def deadline(self, order: Order, now: int) -> int:
        """Return when an order's time is over, ns UTC; 0 = never."""
        request = order.request
        if request.tif == "gtd":
            return request.expires
        if request.tif not in ("day", "cls"):
            return 0
        session: Session | None = self._markets[order.listing].listing.session
        if session is None:
            return now - now % _DAY + _DAY
        return session.end_of_day(now, extended=request.extended_hours)

    def next_deadline(self) -> int | None:
        """Return when the next order's time is over, ns UTC."""
        return self._deadlines[0][0] if self._deadlines else None

    def expire(self, now: int) -> None:
        """End the orders whose time is over."""
        while self._deadlines and self._deadlines[0][0] <= now:
            _, number = heapq.heappop(self._deadlines)
            order = self._store.now(number)
            if order.is_open and order.request.tif in ("day", "gtd", "cls"):
                self.cancel(order, "tif", now, "expired")

    def turn(self, market: Market, phase: Phase, now: int) -> None:
        """Let a market's phase change: orders that may not be in the book come out, those that may go in."""
        if phase in ("post", "closed"):
            self._auction(market, "cls", now)
        market.phase = phase
        for order in self._of(market):
            if order.state in ("working", "waiting") and not self._may_work(order):
                if order.number in market.engine:
                    market.cancel(order.number)
                self._store.put(msgspec.structs.replace(order, state="queued", updated=now))
        if phase == "closed":
            market.flow.leave(market)
            return
        market.flow.sleep_until(now)
        self.absorb(market, market.flow.come(market), now)
        if phase == "open":
            self._auction(market, "opg", now)
        for order in self._of(market):
            if order.state == "queued" and self._may_work(order):
                self.release(order, now)

    def _auction(self, market: Market, tif: Literal["opg", "cls"], now: int) -> None:
        for order in self._of(market):
            if order.state == "queued" and order.request.tif == tif:
                self._work(order, "released", now)

    def _of(self, market: Market) -> list[Order]:
        return [
            order
            for name in self._books.accounts
            for order in self._store.open(name)
            if order.listing == market.listing.key
        ]


def _reason(event: VenueEvent) -> Reason:
    reason = event.reason
    return "no_liquidity" if reason in ("price_off_tick", "quantity_off_lot", "") else reason
