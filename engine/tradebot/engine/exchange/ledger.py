"""The venue's own books, written out: what checks compare with."""

from decimal import Decimal
from typing import TypedDict

from tradebot.engine.exchange.exchange import Exchange
from tradebot.engine.exchange.market import Listing, decimal_of
from tradebot.engine.exchange.orders import Execution, Order
from tradebot.engine.exchange.words import AMOUNT_SCALE

type Row = dict[str, str | int | bool]


class Ledger(TypedDict):
    """The books; numbers as decimal strings."""

    time: int
    """ns UTC."""
    orders: list[Row]
    fills: list[Row]
    positions: list[Row]
    cash: dict[str, dict[str, str]]
    """By account, by asset."""


def plain(number: Decimal) -> str:
    """Return a decimal number without exponent and trailing zeros."""
    text = f"{number:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def amount_text(amount: int) -> str:
    """Return an amount as a decimal string."""
    return plain(decimal_of(amount, AMOUNT_SCALE))


def ledger(exchange: Exchange) -> Ledger:
    """Return orders, fills (those that count), positions and cash; numbers as decimal strings, times ns UTC."""
    listings = exchange.listings
    return {
        "time": exchange.now,
        "orders": [
            _order(order, listings[order.listing])
            for order in exchange.store.all()
            if order.listing
        ],
        "fills": [
            _fill(one, exchange.store.now(one.order), listings[one.listing])
            for one in exchange.books.standing_executions()
        ],
        "positions": [
            _position(exchange, name, listing)
            for name, account in exchange.accounts.items()
            for listing in exchange.listed(account.terms.face)
            if account.holdings[listing.base]
        ],
        "cash": {
            name: {asset: amount_text(held) for asset, held in sorted(account.holdings.items())}
            for name, account in exchange.accounts.items()
        },
    }


def _order(order: Order, listing: Listing) -> Row:
    request = order.request
    return {
        "number": order.number,
        "venue": listing.face,
        "account": request.account,
        "symbol": request.symbol,
        "client_order_id": request.client_id,
        "side": "buy" if request.side > 0 else "sell",
        "type": request.type,
        "tif": request.tif,
        "quantity": plain(decimal_of(request.quantity, listing.quantity_scale)),
        "filled": plain(decimal_of(order.filled, listing.quantity_scale)),
        "limit_price": plain(decimal_of(request.limit, listing.price_scale)),
        "trigger_price": plain(decimal_of(order.trigger, listing.price_scale)),
        "state": order.state,
        "reason": order.reason,
        "replaces": request.replaces,
        "created": order.created,
        "updated": order.updated,
    }


def _fill(one: Execution, order: Order, listing: Listing) -> Row:
    return {
        "execution": one.number,
        "trade": one.trade,
        "order": one.order,
        "client_order_id": order.request.client_id,
        "venue": listing.face,
        "account": one.account,
        "symbol": listing.symbol,
        "side": "buy" if one.side > 0 else "sell",
        "quantity": plain(decimal_of(one.quantity, listing.quantity_scale)),
        "price": plain(decimal_of(one.price, listing.price_scale)),
        "fee": amount_text(one.fee),
        "fee_currency": one.fee_asset,
        "liquidity": "maker" if one.maker else "taker",
        "corrects": one.corrects,
        "ts": one.ts,
    }


def _position(exchange: Exchange, name: str, listing: Listing) -> Row:
    account = exchange.accounts[name]
    return {
        "venue": listing.face,
        "account": name,
        "symbol": listing.symbol,
        "quantity": amount_text(account.holdings[listing.base]),
    }
