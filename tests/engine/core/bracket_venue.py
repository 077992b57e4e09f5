"""A venue with its own book of orders, as plain as can be: what the brackets' tests hold the kernel against."""

from collections import deque
from collections.abc import Iterable

import msgspec
from tests.engine.core.builders import ACCOUNT, BTC_ID, World, fill_of, started

from tradebot.engine.core.capabilities import Capabilities
from tradebot.engine.core.events import (
    AccountStarted,
    AmendRequested,
    CancelRejected,
    EngineStarted,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderLane,
    OrderReplaced,
    PlaceOrder,
    ReplaceRejected,
)
from tradebot.engine.core.orders import Order
from tradebot.engine.core.outcomes import AnyOutcome, Cancel, Legs, OrderIntent, Replace, Submit
from tradebot.engine.core.types import (
    ClientOrderId,
    OrderRole,
    OrderType,
    RequestId,
    Side,
    TimeInForce,
    VenueOrderId,
    sign,
)

PLAIN = Capabilities(
    order_types=("limit", "market"),
    times_in_force=("gtc", "ioc", "fok"),
    post_only=True,
    reduce_only=False,
)
"""Knows neither stops nor replacing: the engine holds and resends."""

RICH = msgspec.structs.replace(
    PLAIN,
    order_types=("limit", "market", "stop", "stop_limit", "trailing_stop"),
    times_in_force=("gtc", "ioc", "fok", "day", "gtd"),
    replace=True,
)
"""Knows all of it."""

PAIRS = msgspec.structs.replace(RICH, locks_balance=True, oco=True)
"""Locks what rests, and takes a stop and a target as one: the cancel of one is that of both."""

GROUPS = msgspec.structs.replace(PAIRS, locks_balance=False, replace=False)
"""Locks nothing, and takes a stop and a target as one: what trades of one ends the other, a cancel does not."""


def start(capabilities: Capabilities) -> EngineStarted:
    """Return the start of an engine whose venue can do this."""
    account = AccountStarted(name=ACCOUNT, venue="test", capabilities=capabilities)
    return msgspec.structs.replace(started(), accounts=(account,))


class Resting(msgspec.Struct):
    """An order as the venue has it."""

    intent: OrderIntent
    quantity: int
    filled: int = 0


class BracketVenue:
    """Holds orders, fills them as it is told, and keeps its own position."""

    def __init__(self, capabilities: Capabilities = PLAIN) -> None:
        self.world = World(start=start(capabilities), cash="10000000")
        self.orders: dict[ClientOrderId, Resting] = {}
        self.position = 0
        self.answers: deque[OrderLane] = deque()
        """What the engine has not been told yet."""
        self.requests = 0
        self.alerts: list[str] = []
        self.world.market()

    # ------------------------------------------------------------------------ what the hand says

    def place(  # noqa: PLR0913  (an order has that many parts)
        self,
        side: Side,
        quantity: int,
        *,
        kind: OrderType = "limit",
        tif: TimeInForce = "gtc",
        limit: int | None = 10_000_00,
        trigger: int | None = None,
        trail: int | None = None,
        legs: Legs | None = None,
        reduce_only: bool = False,
        after: ClientOrderId | None = None,
        oco: ClientOrderId | None = None,
        expires: int | None = None,
    ) -> Order:
        """Place an order by hand and return it as it stands then."""
        self.requests += 1
        request = RequestId(f"q{self.requests}")
        event = PlaceOrder(
            request_id=request,
            account=ACCOUNT,
            instrument=BTC_ID,
            side=side,
            type=kind,
            tif=tif,
            quantity=quantity,
            limit_price=limit,
            trigger_price=trigger,
            trail=trail,
            legs=legs,
            reduce_only=reduce_only,
            after=after,
            oco=oco,
            expires=expires,
        )
        self.tell(event)
        order = self.world.state.blotter.by_request(request)
        assert order is not None
        return order

    def amend(self, order: Order, **wanted: int) -> Order:
        """Change an order and return the new one."""
        self.requests += 1
        request = RequestId(f"q{self.requests}")
        self.tell(
            AmendRequested(
                request_id=request, client_order_id=order.intent.client_order_id, **wanted
            )
        )
        new = self.world.state.blotter.by_request(request)
        assert new is not None
        return new

    def tell(self, event: OrderLane, *, settle: bool = True) -> None:
        """Hand an event over and take what it leads to; answers go back at once unless said otherwise."""
        self.take(self.world.send(event))
        if settle:
            self.settle()

    def settle(self) -> None:
        """Hand all answers over, and those they lead to."""
        while self.answers:
            self.take(self.world.send(self.answers.popleft()))

    def market(self, price: int, *, settle: bool = True) -> None:
        """Move the market to a price."""
        self.take(self.world.market(price - 100, price + 100))
        if settle:
            self.settle()

    # ------------------------------------------------------------------------ what the venue does

    def take(self, outcomes: Iterable[AnyOutcome]) -> None:
        """Perform effects; the answers wait."""
        for outcome in outcomes:
            match outcome:
                case Submit():
                    self._rest(outcome.order, outcome.order.quantity)
                    self.answers.append(self._accepted(outcome.order))
                case Cancel():
                    self._cancel(outcome.client_order_id)
                case Replace():
                    self._replace(outcome)
                case _:
                    if (text := getattr(outcome, "text", None)) is not None:
                        self.alerts.append(str(text))

    def _rest(self, intent: OrderIntent, quantity: int) -> None:
        assert intent.client_order_id not in self.orders, "the same order was sent twice"
        self.orders[intent.client_order_id] = Resting(intent, quantity)

    def _accepted(self, intent: OrderIntent) -> OrderAccepted:
        venue_id = VenueOrderId(f"v-{intent.client_order_id}")
        return OrderAccepted(
            client_order_id=intent.client_order_id, venue_order_id=venue_id, ts_event=0
        )

    def _cancel(self, key: ClientOrderId) -> None:
        if self.orders.pop(key, None) is None:
            gone = CancelRejected(client_order_id=key, reason="gone", ts_event=0)
            self.answers.append(gone)
        else:
            self.answers.append(OrderCancelled(client_order_id=key, reason="", ts_event=0))
            if self.world.start.accounts[0].capabilities.locks_balance:
                self._end_pair_of(key)

    def _end_pair_of(self, key: ClientOrderId) -> None:
        """End what was placed as one with an order that traded or was cancelled: the venue's own rule."""
        group = self.world.order(key).intent.group
        for other in [one for one, order in self.orders.items() if order.intent.group == group]:
            if group is not None and other != key:
                del self.orders[other]
                ended = OrderCancelled(client_order_id=other, reason="pair", ts_event=0)
                self.answers.append(ended)

    def _replace(self, effect: Replace) -> None:
        new, old_key = effect.order, effect.order.replaces
        assert old_key is not None
        old = self.orders.get(old_key)
        quantity = 0 if old is None else new.quantity
        if old is not None and self.world.start.accounts[0].capabilities.replace_partly:
            quantity -= old.filled - effect.known_filled
        if old is None or quantity <= 0:
            self.answers.append(
                ReplaceRejected(
                    client_order_id=new.client_order_id,
                    replaced=old_key,
                    reason="too late",
                    ts_event=0,
                )
            )
            return
        del self.orders[old_key]
        self._rest(new, quantity)
        self.answers.append(
            OrderReplaced(
                client_order_id=new.client_order_id,
                replaced=old_key,
                venue_order_id=VenueOrderId(f"v-{new.client_order_id}"),
                quantity=quantity,
                ts_event=0,
            )
        )

    def fill(self, key: ClientOrderId, quantity: int | None = None, *, settle: bool = True) -> None:
        """Fill so much of a resting order, all of it unless said otherwise."""
        order = self.orders[key]
        size = min(quantity or order.quantity, order.quantity - order.filled)
        order.filled += size
        self.position += sign(order.intent.side) * size
        self.answers.append(self.execution(order.intent, size))
        if order.filled == order.quantity:
            del self.orders[key]
        self._end_pair_of(key)
        if settle:
            self.settle()

    def execution(self, intent: OrderIntent, quantity: int) -> OrderFilled:
        """Return the news of one execution."""
        price = intent.limit_price or intent.trigger_price or 10_000_00
        return fill_of(intent, quantity, price, self.world.execution(), ts=self.world.now)

    def late_fill(self, intent: OrderIntent, quantity: int) -> None:
        """Tell of an execution of an order that is no longer in the book."""
        self.position += sign(intent.side) * quantity
        self.tell(self.execution(intent, quantity))

    def expire(self, key: ClientOrderId) -> None:
        """End what is left of an order by its own terms."""
        del self.orders[key]
        self.tell(OrderExpired(client_order_id=key, reason="no liquidity", ts_event=0))

    # ------------------------------------------------------------------------ what is known

    def now(self, order: Order) -> Order:
        """Return an order as it stands now."""
        return self.world.order(order.intent.client_order_id)

    def legs(self, entry: Order, role: OrderRole) -> list[Order]:
        """Return the open legs of one kind of an entry, those about to be replaced left out."""
        blotter = self.world.state.blotter
        legs = [
            leg
            for leg in blotter.legs(entry.intent.client_order_id)
            if leg.intent.role == role and leg.is_open
        ]
        replaced = {leg.intent.replaces for leg in legs}
        return [leg for leg in legs if leg.intent.client_order_id not in replaced]

    def covered(self, entry: Order, role: OrderRole) -> int:
        """Return what the open legs of one kind cover, in units."""
        return sum(leg.leaves for leg in self.legs(entry, role))
