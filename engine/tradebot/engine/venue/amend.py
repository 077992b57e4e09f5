"""When an order put in another's place keeps that one's place in the queue."""

from tradebot.engine.core.orders import STOPS
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.venue.log import RestingOrder

_RESTS = {"gtc", "day", "gtd"}


def keeps_place(old: RestingOrder, order: OrderIntent, quantity: int) -> bool:
    """Return whether a changed order stays where it stands: as much or less, at the same price.

    Exchanges do it so: what is asked for in addition, or at another price, has not waited. How long an order is good
    for may change either way.

    Args:
        old: The order that rests.
        order: What is put in its place.
        quantity: How much of that would be left to fill, in quantity units, positive.
    """
    was = old.accepted
    leaves = was.quantity - old.filled
    return (
        old.trigger is None
        and was.type not in STOPS
        and order.type == was.type == "limit"
        and order.side == was.side
        and order.instrument == was.instrument
        and order.limit_price == was.price
        and was.tif in _RESTS
        and order.tif in _RESTS
        and quantity <= leaves
    )
