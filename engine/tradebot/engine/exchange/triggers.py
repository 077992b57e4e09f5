"""When a stop, a take-profit or a trailing stop begins to work. Pure: an order and a print in, an order out."""

import msgspec

from tradebot.engine.exchange.checks import TRAILING, TRIGGERED
from tradebot.engine.exchange.orders import Order


def has_trigger(order: Order) -> bool:
    """Return whether an order waits for a print before it works."""
    return not order.triggered and order.request.type in (*TRIGGERED, *TRAILING)


def armed(order: Order, last: int) -> Order:
    """Return an order with the trigger it begins with, given the last print."""
    if order.request.type in TRAILING:
        return _trailed(msgspec.structs.replace(order, best=0), last)
    return msgspec.structs.replace(order, trigger=order.request.trigger)


def seen(order: Order, price: int) -> Order:
    """Return a waiting order after a print: a trailing stop follows it."""
    return _trailed(order, price) if order.request.type in TRAILING else order


def fires(order: Order, price: int) -> bool:
    """Return whether a print at a price sets a waiting order off."""
    above = order.request.side > 0
    if order.request.type in ("take_profit", "take_profit_limit"):
        above = not above
    return price >= order.trigger if above else price <= order.trigger


def _trailed(order: Order, price: int) -> Order:
    side = order.request.side
    if order.best and (price - order.best) * side >= 0:
        return order
    trail = order.request.trail or price * order.request.trail_bps // 10_000
    return msgspec.structs.replace(order, best=price, trigger=price + side * trail)
