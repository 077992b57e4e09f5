"""Order lists: OCO, OTO and OTOCO."""

from collections.abc import Callable

import msgspec

from tradebot.engine.exchange.accounts import Account
from tradebot.engine.exchange.binance.intake import Intake, names_of_leg
from tradebot.engine.exchange.binance.params import Params, client_id, listing_of, whole
from tradebot.engine.exchange.binance.refusals import Refused, refusal
from tradebot.engine.exchange.binance.reports import Reporter
from tradebot.engine.exchange.binance.texts import Json
from tradebot.engine.exchange.exchange import Exchange
from tradebot.engine.exchange.orders import Order, OrderRequest


class OrderList(msgspec.Struct, frozen=True, kw_only=True):
    """Orders that depend on each other."""

    number: int
    account: str
    symbol: str
    contingency: str
    """`OCO` or `OTO`."""
    client_id: str
    orders: tuple[int, ...]
    created: int


class Lists:
    """Places and finds order lists.

    Args of the constructor:
        exchange: Where orders go.
        intake: Reads legs.
        reporter: Writes orders.
        of_order: Number of the list an order belongs to; filled here.
    """

    def __init__(
        self, exchange: Exchange, intake: Intake, reporter: Reporter, of_order: dict[int, int]
    ) -> None:
        self._exchange = exchange
        self._intake = intake
        self._reporter = reporter
        self._of_order = of_order
        self._lists: dict[int, OrderList] = {}
        self._begun: Callable[[OrderList], None] | None = None

    def listen(self, begun: Callable[[OrderList], None]) -> None:
        """Have one learn of each list that begins."""
        self._begun = begun

    def of(self, order: int) -> OrderList | None:
        """Return the list an order belongs to."""
        return self._lists.get(self._of_order.get(order, 0))

    def place_oco(self, account: Account, params: Params, unit: int) -> Json:
        """Place two orders of one side; each cancels the other."""
        listing = listing_of(self._exchange, params)
        number = len(self._lists) + 1
        legs = [
            msgspec.structs.replace(
                self._intake.request(
                    account,
                    listing,
                    params,
                    names_of_leg(prefix, own_side=False, own_quantity=False),
                ),
                group=f"oco-{number}",
            )
            for prefix in ("above", "below")
        ]
        return self._place(account, params, "OCO", legs, unit)

    def place_oto(
        self, account: Account, params: Params, unit: int, pending: tuple[str, ...]
    ) -> Json:
        """Place an order and those that wait for its fill: one `pending`, or two that cancel each other."""
        listing = listing_of(self._exchange, params)
        number = len(self._lists) + 1
        working = self._intake.request(
            account, listing, params, names_of_leg("working", own_side=True, own_quantity=True)
        )
        group = f"oco-{number}" if len(pending) > 1 else ""
        legs = [
            msgspec.structs.replace(
                self._intake.request(
                    account, listing, params, names_of_leg(prefix, own_side=True, own_quantity=True)
                ),
                group=group,
            )
            for prefix in pending
        ]
        return self._place(account, params, "OTO", [working, *legs], unit)

    def _place(
        self,
        account: Account,
        params: Params,
        contingency: str,
        legs: list[OrderRequest],
        unit: int,
    ) -> Json:
        for leg in legs if contingency == "OCO" else legs[:1]:
            self._intake.check(leg)
        number = len(self._lists) + 1
        placed: list[Order] = []
        for leg in legs:
            parent = placed[0].number if contingency == "OTO" and placed else 0
            # Known before it is placed: every report of an order, the first included, names its list.
            self._of_order[self._exchange.next_number] = number
            order = self._exchange.place(msgspec.structs.replace(leg, parent=parent))
            if order.state == "rejected":
                for other in placed:
                    self._exchange.cancel(other.number)
                raise refusal(order.reason)
            placed.append(order)
        found = OrderList(
            number=number,
            account=account.terms.name,
            symbol=legs[0].symbol,
            contingency=contingency,
            client_id=client_id(params, "listClientOrderId") or f"list{number:018d}",
            orders=tuple(order.number for order in placed),
            created=placed[0].created,
        )
        self._lists[number] = found
        if self._begun is not None:
            self._begun(found)
        row = self.row(found, unit)
        row["orderReports"] = [
            self._reporter.placed(self._exchange.store.now(order), "RESULT", unit)
            for order in found.orders
        ]
        return row

    def is_open(self, found: OrderList) -> bool:
        """Return whether an order of a list is open."""
        return any(self._exchange.store.now(number).is_open for number in found.orders)

    def row(self, found: OrderList, unit: int) -> dict[str, Json]:
        """Return a list as answers give it."""
        orders = [self._exchange.store.now(number) for number in found.orders]
        going = self.is_open(found)
        return {
            "orderListId": found.number,
            "contingencyType": found.contingency,
            "listStatusType": "EXEC_STARTED" if going else "ALL_DONE",
            "listOrderStatus": "EXECUTING" if going else "ALL_DONE",
            "listClientOrderId": found.client_id,
            "transactionTime": found.created // unit,
            "symbol": found.symbol,
            "orders": [
                {
                    "symbol": found.symbol,
                    "orderId": order.number,
                    "clientOrderId": order.request.client_id,
                }
                for order in orders
            ],
        }

    def find(self, account: Account, params: Params) -> OrderList:
        """Return the list that `orderListId` or a client id names.

        Raises:
            Refused: -2018 if there is none.
        """
        number = whole(params, "orderListId")
        name = params.get("origClientOrderId") or params.get("listClientOrderId")
        for found in self._lists.values():
            if found.account == account.terms.name and (
                found.number == number or found.client_id == name
            ):
                return found
        raise Refused(-2018, "Order list does not exist.")

    def query(self, account: Account, params: Params, unit: int) -> Json:
        """Answer a query of one list."""
        return self.row(self.find(account, params), unit)

    def open(self, account: Account, unit: int) -> Json:
        """Answer with the lists that have open orders."""
        return [
            self.row(found, unit)
            for found in self._lists.values()
            if found.account == account.terms.name and self.is_open(found)
        ]

    def cancel(self, account: Account, params: Params, unit: int) -> Json:
        """Cancel a list."""
        found = self.find(account, params)
        if not self.is_open(found):
            raise Refused(-2011, "Unknown order list sent.")
        for number in found.orders:
            self._exchange.cancel(number)
        row = self.row(found, unit)
        row["orderReports"] = [
            self._reporter.cancelled(self._exchange.store.now(number), f"cancel{number:016d}", unit)
            for number in found.orders
        ]
        return row
