"""Whether an order may be: the listing's rules first, then the account's means. Each refusal is one word."""

from collections.abc import Iterable

import msgspec

from tradebot.engine.exchange.accounts import Account, locked
from tradebot.engine.exchange.market import Listing, Market
from tradebot.engine.exchange.orders import Order, OrderRequest, Reason

LIMITED = ("limit", "stop_limit", "take_profit_limit")
TRIGGERED = ("stop", "stop_limit", "take_profit", "take_profit_limit")
TRAILING = ("trailing_stop", "trailing_stop_limit")

_BAND = 5
"""A price may be this many times the last, or as small a part of it."""


def rule_broken(request: OrderRequest, listing: Listing, last: int) -> Reason:
    """Return why a listing's own rules refuse an order; empty if they do not."""
    return (
        _shape_broken(request)
        or _price_broken(request, listing, last)
        or _quantity_broken(request, listing, last)
    )


def _shape_broken(request: OrderRequest) -> Reason:
    if request.side not in (1, -1):
        return "unsupported"
    if request.post_only and (request.type != "limit" or request.tif in ("ioc", "fok")):
        return "unsupported"
    if request.type in LIMITED and request.limit <= 0:
        return "price_missing"
    if request.type in TRIGGERED and request.trigger <= 0:
        return "price_missing"
    if request.type in TRAILING and request.trail <= 0 and request.trail_bps <= 0:
        return "price_missing"
    if request.tif == "gtd" and request.expires <= 0:
        return "unsupported"
    return ""


def _price_broken(request: OrderRequest, listing: Listing, last: int) -> Reason:
    for price in (request.limit, request.trigger):
        if price == 0:
            continue
        if price % listing.tick:
            return "price_off_tick"
        if not last // _BAND <= price <= last * _BAND:
            return "price_out_of_range"
    return ""


def _quantity_broken(request: OrderRequest, listing: Listing, last: int) -> Reason:
    if request.quantity % listing.lot:
        return "quantity_off_lot"
    if request.quantity < listing.minimum:
        return "quantity_too_small"
    if request.quantity > listing.maximum:
        return "quantity_too_large"
    notional = listing.amount(request.limit or request.trigger or last, request.quantity)
    if notional < listing.minimum_notional:
        return "notional_too_small"
    if listing.maximum_notional and notional > listing.maximum_notional:
        return "notional_too_large"
    return ""


class Standing(msgspec.Struct, frozen=True):
    """What an account's means are judged by."""

    account: Account
    market: Market
    orders: list[tuple[Order, Listing]]
    """Its open orders without the one that is judged."""
    equity: int
    exposure: int
    """Sum of what its positions are worth, long and short alike, an amount."""


def beyond_means(standing: Standing, request: OrderRequest, price: int) -> Reason:
    """Return why an account cannot carry an order; empty if it can.

    Args:
        standing: The account and its market.
        request: What it wants.
        price: What a unit would cost at worst.
    """
    if request.parent or request.reduce_only:
        return _beyond_position(standing, request) if request.reduce_only else ""
    if standing.account.terms.margin == "cash" or standing.market.listing.kind == "crypto":
        return _beyond_cash(standing, request, price)
    return _beyond_margin(standing, request, price)


def _beyond_position(standing: Standing, request: OrderRequest) -> Reason:
    held = standing.account.position(standing.market.listing)
    return "reduce_only" if held * request.side >= 0 or request.quantity > abs(held) else ""


def _beyond_cash(standing: Standing, request: OrderRequest, price: int) -> Reason:
    listing = standing.market.listing
    kept = locked(_others(standing.orders, request.group))
    if request.side > 0:
        free = standing.account.holdings[listing.quote] - kept.get(listing.quote, 0)
        cost = request.notional or listing.amount(price, request.quantity)
        return "insufficient_funds" if cost > free else ""
    free = standing.account.holdings[listing.base] - kept.get(listing.base, 0)
    wanted = listing.base_amount(request.quantity)
    return "insufficient_position" if wanted > free else ""


def _others(orders: Iterable[tuple[Order, Listing]], group: str) -> list[tuple[Order, Listing]]:
    """Return the orders that need means beside an order of a group."""
    return [pair for pair in orders if not group or pair[0].request.group != group]


def _beyond_margin(standing: Standing, request: OrderRequest, price: int) -> Reason:
    listing = standing.market.listing
    terms = standing.account.terms
    held = standing.account.position(listing)
    others = _others(standing.orders, request.group)
    same = sum(
        order.leaves
        for order, other in others
        if other.key == listing.key and order.request.side == request.side and order.state != "held"
    )
    against = max(0, -held * request.side)
    opening = max(0, request.quantity - max(0, against - same))
    if request.side < 0 and opening:
        if not listing.shortable:
            return "not_shortable"
        if against and not terms.may_flip:
            return "insufficient_position"
        if standing.equity < terms.least_equity_to_short:
            return "insufficient_funds"
    working = sum(
        listed.amount(order.request.limit or order.trigger, order.leaves)
        for order, listed in others
        if order.state != "held" and order.request.side * held >= 0
    )
    wanted = standing.exposure + working + listing.amount(price, opening)
    return "insufficient_funds" if opening and wanted > standing.equity * terms.multiplier else ""
