"""All orders the exchange ever took, found by what faces ask for."""

from collections import defaultdict

from tradebot.engine.exchange.orders import Order


class OrderStore:
    """Orders by number, with the open ones at hand."""

    def __init__(self) -> None:
        self._orders: dict[int, Order] = {}
        self._of_account: dict[str, list[int]] = defaultdict(list)
        self._open: dict[str, dict[int, None]] = defaultdict(dict)
        self._waiting: dict[str, dict[int, None]] = defaultdict(dict)
        self._by_client: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._children: dict[int, list[int]] = defaultdict(list)
        self._groups: dict[tuple[str, str], list[int]] = defaultdict(list)

    def put(self, order: Order) -> Order:
        """Keep an order as it now stands; return it."""
        new = order.number not in self._orders
        self._orders[order.number] = order
        request = order.request
        if new:
            self._of_account[request.account].append(order.number)
            if request.parent:
                self._children[request.parent].append(order.number)
            if request.group:
                self._groups[request.account, request.group].append(order.number)
        named = self._by_client[request.account, request.client_id]
        if request.client_id and order.number not in named:
            named.append(order.number)
        _keep(self._open[request.account], order.number, kept=order.is_open)
        _keep(self._waiting[order.listing], order.number, kept=order.state == "waiting")
        return order

    def get(self, number: int) -> Order | None:
        """Return an order."""
        return self._orders.get(number)

    def now(self, number: int) -> Order:
        """Return an order that must exist."""
        return self._orders[number]

    def by_client(self, account: str, client_id: str) -> list[Order]:
        """Return an account's orders of a client id, oldest first."""
        return [self._orders[number] for number in self._by_client.get((account, client_id), ())]

    def open(self, account: str) -> list[Order]:
        """Return an account's open orders, oldest first."""
        return [self._orders[number] for number in sorted(self._open[account])]

    def waiting(self, listing: str) -> list[Order]:
        """Return a listing's orders that wait for their trigger, oldest first."""
        return [self._orders[number] for number in sorted(self._waiting[listing])]

    def children(self, number: int) -> list[Order]:
        """Return the orders that wait for a parent, oldest first."""
        return [self._orders[child] for child in self._children.get(number, ())]

    def siblings(self, order: Order) -> list[Order]:
        """Return the open others of an order's group, oldest first."""
        numbers = self._groups.get((order.request.account, order.request.group), ())
        return [
            self._orders[number]
            for number in numbers
            if number != order.number and self._orders[number].is_open
        ]

    def all(self, account: str | None = None) -> list[Order]:
        """Return every order, oldest first, of one account or of all."""
        if account is None:
            return list(self._orders.values())
        return [self._orders[number] for number in self._of_account.get(account, ())]


def _keep(numbers: dict[int, None], number: int, *, kept: bool) -> None:
    if kept:
        numbers[number] = None
    else:
        numbers.pop(number, None)
