"""What Binance says of orders, fills and balances, in REST, in the web-socket API and in the user stream."""

from tradebot.engine.exchange.accounts import Account
from tradebot.engine.exchange.binance.texts import (
    NO_AMOUNT,
    Json,
    amount,
    is_working,
    price,
    quantity,
    status,
    tif_of,
    type_of,
)
from tradebot.engine.exchange.exchange import Exchange
from tradebot.engine.exchange.market import Listing
from tradebot.engine.exchange.orders import Execution, Order

SELF_TRADE_MODE = "EXPIRE_TAKER"


class Reporter:
    """Writes orders and balances.

    Args of the constructor:
        exchange: Where they are.
        lists: Number of the order list that an order belongs to, by order number.
    """

    def __init__(self, exchange: Exchange, lists: dict[int, int]) -> None:
        self._exchange = exchange
        self._lists = lists
        self._reports = 0

    def _listing(self, order: Order) -> Listing:
        return self._exchange.listings[order.listing]

    def list_of(self, order: Order) -> int:
        """Return the number of an order's list; -1 without one."""
        return self._lists.get(order.number, -1)

    def row(self, order: Order, unit: int) -> dict[str, Json]:
        """Return an order as queries give it; `unit` = ns of a time unit."""
        listing = self._listing(order)
        row: dict[str, Json] = {
            "symbol": listing.symbol,
            "orderId": order.number,
            "orderListId": self.list_of(order),
            "clientOrderId": order.request.client_id,
            "price": price(listing, order.request.limit),
            "origQty": quantity(listing, order.request.quantity),
            "executedQty": quantity(listing, order.filled),
            "cummulativeQuoteQty": amount(order.notional),
            "status": status(order),
            "timeInForce": tif_of(order),
            "type": type_of(order),
            "side": side_of(order),
            "stopPrice": price(listing, order.trigger),
            "icebergQty": NO_AMOUNT,
            "time": order.created // unit,
            "updateTime": order.updated // unit,
            "isWorking": is_working(order),
            "workingTime": order.created // unit if is_working(order) else -1,
            "origQuoteOrderQty": amount(order.request.notional),
            "selfTradePreventionMode": SELF_TRADE_MODE,
        }
        if order.request.trail_bps:
            row["trailingDelta"] = order.request.trail_bps
        return row

    def placed(self, order: Order, kind: str, unit: int) -> dict[str, Json]:
        """Return the answer to a new order; `kind` is ACK, RESULT or FULL."""
        listing = self._listing(order)
        answer: dict[str, Json] = {
            "symbol": listing.symbol,
            "orderId": order.number,
            "orderListId": self.list_of(order),
            "clientOrderId": order.request.client_id,
            "transactTime": order.created // unit,
        }
        if kind == "ACK":
            return answer
        answer |= {
            **self._state(order),
            "workingTime": order.created // unit if is_working(order) else -1,
            "selfTradePreventionMode": SELF_TRADE_MODE,
        }
        if order.trigger:
            answer["stopPrice"] = price(listing, order.trigger)
        if kind == "FULL":
            answer["fills"] = [
                self._fill(listing, one) for one in self._exchange.books.of_order(order.number)
            ]
        return answer

    def _state(self, order: Order) -> dict[str, Json]:
        listing = self._listing(order)
        return {
            "price": price(listing, order.request.limit),
            "origQty": quantity(listing, order.request.quantity),
            "executedQty": quantity(listing, order.filled),
            "origQuoteOrderQty": amount(order.request.notional),
            "cummulativeQuoteQty": amount(order.notional),
            "status": status(order),
            "timeInForce": tif_of(order),
            "type": type_of(order),
            "side": side_of(order),
        }

    def _fill(self, listing: Listing, one: Execution) -> Json:
        return {
            "price": price(listing, one.price),
            "qty": quantity(listing, one.quantity),
            "commission": amount(one.fee),
            "commissionAsset": one.fee_asset,
            "tradeId": one.trade,
        }

    def cancelled(self, order: Order, cancel_id: str, unit: int) -> dict[str, Json]:
        """Return the answer to a cancel."""
        answer: dict[str, Json] = {
            "symbol": order.request.symbol,
            "origClientOrderId": order.request.client_id,
            "orderId": order.number,
            "orderListId": self.list_of(order),
            "clientOrderId": cancel_id,
            "transactTime": order.updated // unit,
            **self._state(order),
            "selfTradePreventionMode": SELF_TRADE_MODE,
        }
        if order.trigger:
            answer["stopPrice"] = price(self._listing(order), order.trigger)
        return answer

    def trade_row(self, one: Execution, unit: int) -> dict[str, Json]:
        """Return a row of myTrades."""
        listing = self._exchange.listings[one.listing]
        order = self._exchange.store.now(one.order)
        return {
            "symbol": listing.symbol,
            "id": one.trade,
            "orderId": one.order,
            "orderListId": self.list_of(order),
            "price": price(listing, one.price),
            "qty": quantity(listing, one.quantity),
            "quoteQty": amount(listing.amount(one.price, one.quantity)),
            "commission": amount(one.fee),
            "commissionAsset": one.fee_asset,
            "time": one.ts // unit,
            "isBuyer": one.side > 0,
            "isMaker": one.maker,
            "isBestMatch": True,
        }

    def balances(self, account: Account) -> list[tuple[str, int, int]]:
        """Return asset, free and locked amounts of an account."""
        locked = self._exchange.locked(account.terms.name)
        return [
            (asset, held - locked.get(asset, 0), locked.get(asset, 0))
            for asset, held in account.holdings.items()
        ]

    def execution_report(  # noqa: PLR0913  (what a report is made of)
        self,
        order: Order,
        kind: str,
        now: int,
        unit: int,
        *,
        execution: Execution | None = None,
        client_id: str | None = None,
        original_id: str = "",
    ) -> dict[str, Json]:
        """Return an `executionReport`.

        Args:
            order: As it stands.
            kind: `x`: NEW, CANCELED, REPLACED, REJECTED, TRADE, EXPIRED, TRADE_PREVENTION.
            now: When, ns UTC.
            unit: ns of a time unit.
            execution: Of a TRADE.
            client_id: `c` in the place of the order's own.
            original_id: `C`.
        """
        listing = self._listing(order)
        working = is_working(order)
        self._reports += 1
        report: dict[str, Json] = {
            "e": "executionReport",
            "E": now // unit,
            "s": listing.symbol,
            "c": order.request.client_id if client_id is None else client_id,
            "S": side_of(order),
            "o": type_of(order),
            "f": tif_of(order),
            "q": quantity(listing, order.request.quantity),
            "p": price(listing, order.request.limit),
            "P": price(listing, order.trigger),
            "F": NO_AMOUNT,
            "g": self.list_of(order),
            "C": original_id,
            "x": kind,
            "X": status(order),
            "r": "NONE",
            "i": order.number,
            "l": NO_AMOUNT,
            "z": quantity(listing, order.filled),
            "L": NO_AMOUNT,
            "n": "0",
            "N": None,
            "T": now // unit,
            "t": -1,
            "I": self._reports,
            "w": order.is_open and working,
            "m": False,
            "M": False,
            "O": order.created // unit,
            "Z": amount(order.notional),
            "Y": NO_AMOUNT,
            "Q": amount(order.request.notional),
            "V": SELF_TRADE_MODE,
        }
        if working:
            report["W"] = order.created // unit
        if order.request.trail_bps:
            report["d"] = order.request.trail_bps
        if execution is not None:
            report |= {
                "l": quantity(listing, execution.quantity),
                "L": price(listing, execution.price),
                "n": amount(execution.fee),
                "N": execution.fee_asset,
                "t": execution.trade,
                "m": execution.maker,
                "M": True,
                "Y": amount(listing.amount(execution.price, execution.quantity)),
            }
        if kind == "EXPIRED" and order.reason in (
            "no_liquidity",
            "ioc_remainder",
            "fok_unfillable",
        ):
            report["eR"] = "INSUFFICIENT_LIQUIDITY"
        return report

    def position(
        self, account: Account, assets: tuple[str, ...], now: int, unit: int
    ) -> dict[str, Json]:
        """Return an `outboundAccountPosition` of some assets."""
        rows: list[Json] = [
            {"a": asset, "f": amount(free), "l": amount(locked)}
            for asset, free, locked in self.balances(account)
            if asset in assets
        ]
        return {"e": "outboundAccountPosition", "E": now // unit, "u": now // unit, "B": rows}


def side_of(order: Order) -> str:
    """Return an order's side."""
    return "BUY" if order.request.side > 0 else "SELL"


def balance_update(asset: str, change: int, now: int, unit: int) -> dict[str, Json]:
    """Return a `balanceUpdate`."""
    return {
        "e": "balanceUpdate",
        "E": now // unit,
        "a": asset,
        "d": amount(change),
        "T": now // unit,
    }
