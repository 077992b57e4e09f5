"""The orders that are known, and what is asked of them: by request, by side, by bracket."""

from collections.abc import Iterator
from itertools import islice

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.executions import Executions
from tradebot.engine.core.links import Links
from tradebot.engine.core.orders import Order
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.core.types import AccountName, ClientOrderId, RequestId, Side


class OrderIndex:
    """The open orders, the newest of those that have ended, and the indexes the gate asks for: read only."""

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
