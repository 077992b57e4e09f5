"""Every request the face answers: its path, its web-socket method, its weight, who may ask."""

from collections.abc import Callable
from typing import Literal

import msgspec

from tradebot.engine.exchange.accounts import Account
from tradebot.engine.exchange.binance.desk import Desk
from tradebot.engine.exchange.binance.holdings import Holdings
from tradebot.engine.exchange.binance.lists import Lists
from tradebot.engine.exchange.binance.params import Params, whole
from tradebot.engine.exchange.binance.quotes import MS, Quotes
from tradebot.engine.exchange.binance.texts import Json
from tradebot.engine.exchange.faults import EventName


class Call(msgspec.Struct, frozen=True):
    """A request that may be answered."""

    params: Params
    account: Account | None
    now: int
    """The time the venue shows, ns UTC."""
    unit: int
    """ns of the unit that times are told in."""


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers."""

    quotes: Quotes
    desk: Desk
    lists: Lists
    holdings: Holdings


type Answer = Callable[[Parts, Call], Json]
type Weight = Callable[[Params], int]


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One request."""

    path: str
    """`METHOD /path`."""
    method: str | None = None
    """Of the web-socket API."""
    security: Literal["none", "key", "signed"] = "none"
    weight: int | Weight = 1
    orders: int = 0
    """How many new orders it counts as."""
    events: tuple[EventName, ...] = ("request",)
    answer: Answer


def account_of(call: Call) -> Account:
    """Return the account of a signed call."""
    if call.account is None:
        raise TypeError("a signed call has an account")
    return call.account


def _by_limit(*steps: tuple[int, int]) -> Weight:
    """Return the weight that `limit` makes: the first (limit, weight) it does not exceed."""

    def weight(params: Params) -> int:
        limit = whole(params, "limit") or 100
        return next((one for most, one in steps if limit <= most), steps[-1][1])

    return weight


def _one_or_all(one: int, every: int) -> Weight:
    return lambda params: one if params.get("symbol") else every


_ORDER: tuple[EventName, ...] = ("request", "order")
_CANCEL: tuple[EventName, ...] = ("request", "cancel")
_AMEND: tuple[EventName, ...] = ("request", "amend")
_QUERY: tuple[EventName, ...] = ("request", "query")

PUBLIC: tuple[Operation, ...] = (
    Operation(path="GET /api/v3/ping", method="ping", answer=lambda _, __: {}),
    Operation(
        path="GET /api/v3/time",
        method="time",
        answer=lambda _, call: {"serverTime": call.now // call.unit},
    ),
    Operation(
        path="GET /api/v3/exchangeInfo",
        method="exchangeInfo",
        weight=20,
        answer=lambda parts, call: parts.quotes.exchange_info(call.params, call.now),
    ),
    Operation(
        path="GET /api/v3/depth",
        method="depth",
        weight=_by_limit((100, 5), (500, 25), (1_000, 50), (5_000, 250)),
        answer=lambda parts, call: parts.quotes.depth(call.params),
    ),
    Operation(
        path="GET /api/v3/trades",
        method="trades.recent",
        weight=25,
        answer=lambda parts, call: parts.quotes.trades(call.params, call.unit),
    ),
    Operation(
        path="GET /api/v3/historicalTrades",
        method="trades.historical",
        weight=25,
        answer=lambda parts, call: parts.quotes.trades(call.params, call.unit),
    ),
    Operation(
        path="GET /api/v3/aggTrades",
        method="trades.aggregate",
        weight=4,
        answer=lambda parts, call: parts.quotes.aggregate_trades(call.params, call.unit),
    ),
    Operation(
        path="GET /api/v3/klines",
        method="klines",
        weight=2,
        answer=lambda parts, call: parts.quotes.klines(call.params, call.unit),
    ),
    Operation(
        path="GET /api/v3/uiKlines",
        method="uiKlines",
        weight=2,
        answer=lambda parts, call: parts.quotes.klines(call.params, call.unit),
    ),
    Operation(
        path="GET /api/v3/avgPrice",
        method="avgPrice",
        weight=2,
        answer=lambda parts, call: parts.quotes.average_price(call.params, call.now),
    ),
    Operation(
        path="GET /api/v3/ticker/24hr",
        method="ticker.24hr",
        weight=_one_or_all(2, 80),
        answer=lambda parts, call: parts.quotes.day_ticker(call.params, call.now),
    ),
    Operation(
        path="GET /api/v3/ticker/price",
        method="ticker.price",
        weight=_one_or_all(2, 4),
        answer=lambda parts, call: parts.quotes.price_ticker(call.params),
    ),
    Operation(
        path="GET /api/v3/ticker/bookTicker",
        method="ticker.book",
        weight=_one_or_all(2, 4),
        answer=lambda parts, call: parts.quotes.book_ticker(call.params),
    ),
)

TRADING: tuple[Operation, ...] = (
    Operation(
        path="POST /api/v3/order",
        method="order.place",
        security="signed",
        orders=1,
        events=_ORDER,
        answer=lambda parts, call: parts.desk.place(account_of(call), call.params, call.unit),
    ),
    Operation(
        path="POST /api/v3/order/test",
        method="order.test",
        security="signed",
        answer=lambda parts, call: parts.desk.test(account_of(call), call.params),
    ),
    Operation(
        path="DELETE /api/v3/order",
        method="order.cancel",
        security="signed",
        events=_CANCEL,
        answer=lambda parts, call: parts.desk.cancel(account_of(call), call.params, call.unit),
    ),
    Operation(
        path="GET /api/v3/order",
        method="order.status",
        security="signed",
        weight=4,
        events=_QUERY,
        answer=lambda parts, call: parts.desk.query(account_of(call), call.params, call.unit),
    ),
    Operation(
        path="POST /api/v3/order/cancelReplace",
        method="order.cancelReplace",
        security="signed",
        orders=1,
        events=("request", "order", "cancel", "amend"),
        answer=lambda parts, call: parts.desk.cancel_replace(
            account_of(call), call.params, call.unit
        ),
    ),
    Operation(
        path="PUT /api/v3/order/amend/keepPriority",
        method="order.amend.keepPriority",
        security="signed",
        weight=4,
        events=_AMEND,
        answer=lambda parts, call: parts.desk.amend(account_of(call), call.params, call.unit),
    ),
    Operation(
        path="GET /api/v3/openOrders",
        method="openOrders.status",
        security="signed",
        weight=_one_or_all(6, 80),
        events=_QUERY,
        answer=lambda parts, call: parts.desk.open(account_of(call), call.params, call.unit),
    ),
    Operation(
        path="DELETE /api/v3/openOrders",
        method="openOrders.cancelAll",
        security="signed",
        events=_CANCEL,
        answer=lambda parts, call: parts.desk.cancel_all(account_of(call), call.params, call.unit),
    ),
    Operation(
        path="GET /api/v3/allOrders",
        method="allOrders",
        security="signed",
        weight=20,
        events=_QUERY,
        answer=lambda parts, call: parts.desk.all(account_of(call), call.params, call.unit),
    ),
    Operation(
        path="GET /api/v3/myTrades",
        method="myTrades",
        security="signed",
        weight=lambda params: 5 if params.get("orderId") else 20,
        events=_QUERY,
        answer=lambda parts, call: parts.desk.trades(account_of(call), call.params, call.unit),
    ),
    Operation(
        path="POST /api/v3/orderList/oco",
        method="orderList.place.oco",
        security="signed",
        orders=2,
        events=_ORDER,
        answer=lambda parts, call: parts.lists.place_oco(account_of(call), call.params, call.unit),
    ),
    Operation(
        path="POST /api/v3/orderList/oto",
        method="orderList.place.oto",
        security="signed",
        orders=2,
        events=_ORDER,
        answer=lambda parts, call: parts.lists.place_oto(
            account_of(call), call.params, call.unit, ("pending",)
        ),
    ),
    Operation(
        path="POST /api/v3/orderList/otoco",
        method="orderList.place.otoco",
        security="signed",
        orders=3,
        events=_ORDER,
        answer=lambda parts, call: parts.lists.place_oto(
            account_of(call), call.params, call.unit, ("pendingAbove", "pendingBelow")
        ),
    ),
    Operation(
        path="GET /api/v3/orderList",
        method="orderList.status",
        security="signed",
        weight=4,
        events=_QUERY,
        answer=lambda parts, call: parts.lists.query(account_of(call), call.params, call.unit),
    ),
    Operation(
        path="GET /api/v3/openOrderList",
        method="openOrderLists.status",
        security="signed",
        weight=6,
        events=_QUERY,
        answer=lambda parts, call: parts.lists.open(account_of(call), call.unit),
    ),
    Operation(
        path="DELETE /api/v3/orderList",
        method="orderList.cancel",
        security="signed",
        events=_CANCEL,
        answer=lambda parts, call: parts.lists.cancel(account_of(call), call.params, call.unit),
    ),
)

ACCOUNT: tuple[Operation, ...] = (
    Operation(
        path="GET /api/v3/account",
        method="account.status",
        security="signed",
        weight=20,
        events=_QUERY,
        answer=lambda parts, call: parts.holdings.account(account_of(call), call.params, call.now),
    ),
    Operation(
        path="GET /api/v3/account/commission",
        method="account.commission",
        security="signed",
        weight=20,
        answer=lambda parts, call: parts.holdings.commission(account_of(call), call.params),
    ),
    Operation(
        path="GET /api/v3/rateLimit/order",
        method="account.rateLimits.orders",
        security="signed",
        weight=40,
        answer=lambda parts, call: parts.holdings.order_counts(account_of(call)),
    ),
    Operation(
        path="GET /sapi/v1/account/apiRestrictions",
        security="signed",
        answer=lambda parts, call: parts.holdings.restrictions(call.now // MS),
    ),
    Operation(
        path="GET /sapi/v1/system/status",
        answer=lambda _, __: {"status": 0, "msg": "normal"},
    ),
)

OPERATIONS = (*PUBLIC, *TRADING, *ACCOUNT)
BY_PATH = {operation.path: operation for operation in OPERATIONS}
BY_METHOD = {
    operation.method: operation for operation in OPERATIONS if operation.method is not None
}
