"""Binance's orders by request: place, cancel, replace, amend, look up."""

from collections.abc import Callable

from tradebot.engine.exchange.accounts import Account
from tradebot.engine.exchange.binance.intake import Intake
from tradebot.engine.exchange.binance.lists import Lists
from tradebot.engine.exchange.binance.params import (
    Params,
    choice,
    client_id,
    limit_of,
    listing_of,
    units,
    whole,
)
from tradebot.engine.exchange.binance.refusals import (
    NO_SUCH_ORDER,
    UNKNOWN_ORDER,
    Refused,
    code_of,
    missing,
    refusal,
)
from tradebot.engine.exchange.binance.reports import SELF_TRADE_MODE, Reporter
from tradebot.engine.exchange.binance.rules import MOST_AMENDMENTS
from tradebot.engine.exchange.binance.texts import (
    NO_AMOUNT,
    Json,
    amount,
    price,
    quantity,
    status,
    tif_of,
    type_of,
)
from tradebot.engine.exchange.exchange import Exchange
from tradebot.engine.exchange.orders import Amendment, Order, OrderRequest

MS = 1_000_000
_DAY_MS = 86_400_000


class Desk:
    """Answers requests about an account's orders.

    Args of the constructor:
        exchange: Where they are.
        intake: Reads new ones.
        lists: Order lists.
        reporter: Writes them.
        cancel_ids: The client's id of a cancel by order number; filled here for the user stream.
        new_id: Makes a client id for who gives none.
    """

    def __init__(
        self,
        exchange: Exchange,
        *,
        intake: Intake,
        lists: Lists,
        reporter: Reporter,
        cancel_ids: dict[int, str],
        new_id: Callable[[], str],
    ) -> None:
        self._exchange = exchange
        self._intake = intake
        self._lists = lists
        self._reporter = reporter
        self._cancel_ids = cancel_ids
        self._new_id = new_id

    def place(self, account: Account, params: Params, unit: int) -> Json:
        """Answer a new order."""
        request = self._read(account, params)
        self._intake.check(request)
        return self._placed(request, params, unit)

    def test(self, account: Account, params: Params) -> Json:
        """Answer a test of a new order."""
        self._intake.check(self._read(account, params))
        return {}

    def _read(self, account: Account, params: Params) -> OrderRequest:
        return self._intake.request(account, listing_of(self._exchange, params), params)

    def _placed(self, request: OrderRequest, params: Params, unit: int) -> Json:
        otherwise = "FULL" if request.type in ("market", "limit") else "ACK"
        kind = params.get("newOrderRespType") or otherwise
        if kind not in ("ACK", "RESULT", "FULL"):
            raise Refused(-1100, "Illegal characters found in parameter 'newOrderRespType'.")
        order = self._exchange.place(request)
        if order.state == "rejected":
            raise refusal(order.reason)
        return self._reporter.placed(order, kind, unit)

    def cancel(self, account: Account, params: Params, unit: int) -> Json:
        """Answer a cancel; one of a list takes the whole list with it."""
        order = self._open_order(account, params, "orderId", "origClientOrderId")
        only = params.get("cancelRestrictions")
        if (only == "ONLY_NEW" and order.filled) or (
            only == "ONLY_PARTIALLY_FILLED" and not order.filled
        ):
            raise Refused(-2011, "Order was not canceled due to cancel restrictions.")
        cancel_id = client_id(params, "newClientOrderId") or self._new_id()
        found = self._lists.of(order.number)
        if found is not None:
            return self._lists.cancel(account, {"orderListId": str(found.number)}, unit)
        return self._cancelled(order, cancel_id, unit)

    def _cancelled(self, order: Order, cancel_id: str, unit: int) -> Json:
        self._cancel_ids[order.number] = cancel_id
        if self._exchange.cancel(order.number):
            raise Refused(*UNKNOWN_ORDER)
        return self._reporter.cancelled(self._exchange.store.now(order.number), cancel_id, unit)

    def cancel_all(self, account: Account, params: Params, unit: int) -> Json:
        """Answer a cancel of everything open at a symbol."""
        listing = listing_of(self._exchange, params)
        mine = [o for o in self._orders(account, listing.symbol) if o.is_open]
        if not mine:
            raise Refused(*UNKNOWN_ORDER)
        answers: list[Json] = []
        cancel_id = self._new_id()
        for order in mine:
            if not self._exchange.store.now(order.number).is_open:
                continue
            found = self._lists.of(order.number)
            if found is None:
                answers.append(self._cancelled(order, cancel_id, unit))
            else:
                named = {"orderListId": str(found.number)}
                answers.append(self._lists.cancel(account, named, unit))
        return answers

    def query(self, account: Account, params: Params, unit: int) -> Json:
        """Answer a query of one order."""
        order = self._order(account, params, "orderId", "origClientOrderId")
        if order is None:
            raise Refused(*NO_SUCH_ORDER)
        return self._reporter.row(order, unit)

    def open(self, account: Account, params: Params, unit: int) -> Json:
        """Answer with the open orders, of one symbol or all."""
        symbol = listing_of(self._exchange, params).symbol if params.get("symbol") else None
        return [
            self._reporter.row(order, unit)
            for order in self._exchange.store.open(account.terms.name)
            if symbol is None or order.request.symbol == symbol
        ]

    def all(self, account: Account, params: Params, unit: int) -> Json:
        """Answer with a symbol's orders, oldest first."""
        listing = listing_of(self._exchange, params)
        first, since, until = (whole(params, name) for name in ("orderId", "startTime", "endTime"))
        limit = limit_of(params, 500, 1_000)
        chosen = [
            order
            for order in self._orders(account, listing.symbol)
            if (first is None or order.number >= first)
            and (since is None or order.created // MS >= since)
            and (until is None or order.created // MS <= until)
        ]
        newest = first is None and since is None
        return [
            self._reporter.row(order, unit)
            for order in (chosen[-limit:] if newest else chosen[:limit])
        ]

    def trades(self, account: Account, params: Params, unit: int) -> Json:
        """Answer myTrades: from `fromId` on, it included, or the newest."""
        listing = listing_of(self._exchange, params)
        order, first = whole(params, "orderId"), whole(params, "fromId")
        since, until = whole(params, "startTime"), whole(params, "endTime")
        if since is not None and until is not None and until - since > _DAY_MS:
            raise Refused(-1127, "More than 24 hours between startTime and endTime.")
        limit = limit_of(params, 500, 1_000)
        chosen = [
            one
            for one in self._exchange.executions(account.terms.name)
            if one.listing == listing.key
            and (order is None or one.order == order)
            and (first is None or one.trade >= first)
            and (since is None or one.ts // MS >= since)
            and (until is None or one.ts // MS <= until)
        ]
        newest = first is None and since is None
        return [
            self._reporter.trade_row(one, unit)
            for one in (chosen[-limit:] if newest else chosen[:limit])
        ]

    def cancel_replace(self, account: Account, params: Params, unit: int) -> Json:
        """Answer a cancel followed by a new order."""
        choice(
            params,
            "cancelReplaceMode",
            ("STOP_ON_FAILURE", "ALLOW_FAILURE"),
            (-1100, "Illegal characters found in parameter 'cancelReplaceMode'."),
        )
        stop = params["cancelReplaceMode"] == "STOP_ON_FAILURE"
        request = self._read(account, params)
        # Filters come before both halves: what they refuse leaves the old order as it is.
        self._intake.check_filters(request)
        cancelled: Json | Refused
        try:
            order = self._open_order(account, params, "cancelOrderId", "cancelOrigClientOrderId")
            cancel_id = client_id(params, "cancelNewClientOrderId") or self._new_id()
            cancelled = self._cancelled(order, cancel_id, unit)
        except Refused as refused:
            cancelled = refused
        placed: Json | Refused | None = None
        if not isinstance(cancelled, Refused) or not stop:
            try:
                self._intake.check(request)
                placed = self._placed(request, params, unit)
            except Refused as refused:
                placed = refused
        return _both(cancelled, placed)

    def amend(self, account: Account, params: Params, unit: int) -> Json:
        """Answer an amendment that keeps the place in the queue: it only makes the quantity smaller."""
        listing = listing_of(self._exchange, params)
        order = self._order(account, params, "orderId", "origClientOrderId")
        if order is None or not order.is_open:
            raise Refused(-2038, "Order does not exist.")
        wanted = units(params, "newQty", listing.quantity_scale, "LOT_SIZE")
        if not wanted:
            raise missing("newQty")
        if order.amendments >= MOST_AMENDMENTS:
            raise Refused(-2038, "Order has reached the maximum number of amendments.")
        before = order.request.client_id
        change = Amendment(
            quantity=wanted,
            client_id=client_id(params, "newClientOrderId") or self._new_id(),
            only_smaller=True,
        )
        reason = self._exchange.amend(order.number, change)
        if reason in ("not_smaller", "not_open"):
            raise Refused(-2038, "The requested action would change no state; rejecting.")
        if reason:
            raise refusal(reason)
        order = self._exchange.store.now(order.number)
        return {
            "transactTime": order.updated // unit,
            "executionId": order.number * 1_000 + order.amendments,
            "amendedOrder": {
                "symbol": listing.symbol,
                "orderId": order.number,
                "orderListId": self._reporter.list_of(order),
                "origClientOrderId": before,
                "clientOrderId": order.request.client_id,
                "price": price(listing, order.request.limit),
                "qty": quantity(listing, order.request.quantity),
                "executedQty": quantity(listing, order.filled),
                "preventedQty": NO_AMOUNT,
                "quoteOrderQty": NO_AMOUNT,
                "cumulativeQuoteQty": amount(order.notional),
                "status": status(order),
                "timeInForce": tif_of(order),
                "type": type_of(order),
                "side": "BUY" if order.request.side > 0 else "SELL",
                "workingTime": order.updated // unit,
                "selfTradePreventionMode": SELF_TRADE_MODE,
            },
        }

    def _orders(self, account: Account, symbol: str) -> list[Order]:
        return [
            order
            for order in self._exchange.store.all(account.terms.name)
            if order.request.symbol == symbol and order.state != "rejected"
        ]

    def _order(self, account: Account, params: Params, by_number: str, by_id: str) -> Order | None:
        """Return the order that a number or a client id names, of one id the newest."""
        listing = listing_of(self._exchange, params)
        number, name = whole(params, by_number), params.get(by_id)
        if number is None and not name:
            raise missing(by_id)
        if number is not None:
            found = self._exchange.order(number)
            named = [] if found is None else [found]
        else:
            named = self._exchange.store.by_client(account.terms.name, name or "")
        mine = [
            order
            for order in named
            if order.request.account == account.terms.name
            and order.request.symbol == listing.symbol
            and order.state != "rejected"
            and (number is None or not name or order.request.client_id == name)
        ]
        return mine[-1] if mine else None

    def _open_order(self, account: Account, params: Params, by_number: str, by_id: str) -> Order:
        order = self._order(account, params, by_number, by_id)
        if order is None or not order.is_open:
            raise Refused(*UNKNOWN_ORDER)
        return order


def _both(cancelled: Json | Refused, placed: Json | Refused | None) -> Json:
    """Return the answer to both halves of a cancelReplace.

    Raises:
        Refused: If a half failed: -2022 where nothing was done, -2021 and HTTP 409 where one half was.
    """
    told: dict[str, object] = {
        "cancelResult": "FAILURE" if isinstance(cancelled, Refused) else "SUCCESS",
        "newOrderResult": (
            "NOT_ATTEMPTED"
            if placed is None
            else "FAILURE"
            if isinstance(placed, Refused)
            else "SUCCESS"
        ),
        "cancelResponse": code_of(cancelled) if isinstance(cancelled, Refused) else cancelled,
        "newOrderResponse": code_of(placed) if isinstance(placed, Refused) else placed,
    }
    failed = [isinstance(cancelled, Refused), placed is None or isinstance(placed, Refused)]
    if all(failed):
        raise Refused(-2022, "Order cancel-replace failed.", 400, told)
    if any(failed):
        raise Refused(-2021, "Order cancel-replace partially failed.", 409, told)
    return {
        "cancelResult": "SUCCESS",
        "newOrderResult": "SUCCESS",
        "cancelResponse": None if isinstance(cancelled, Refused) else cancelled,
        "newOrderResponse": None if isinstance(placed, Refused) else placed,
    }
