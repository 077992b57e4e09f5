"""What an amendment makes of an order."""

import msgspec

from tradebot.engine.exchange.orders import Amendment, Order


def with_change(order: Order, change: Amendment) -> Order:
    """Return an order with what was changed."""
    request = order.request
    return msgspec.structs.replace(
        order,
        request=msgspec.structs.replace(
            request,
            quantity=request.quantity if change.quantity is None else change.quantity,
            limit=request.limit if change.limit is None else change.limit,
            trigger=request.trigger if change.trigger is None else change.trigger,
            trail=request.trail if change.trail is None else change.trail,
            tif=request.tif if change.tif is None else change.tif,
            client_id=request.client_id if change.client_id is None else change.client_id,
            extended_hours=(
                request.extended_hours if change.extended_hours is None else change.extended_hours
            ),
        ),
    )


def only_smaller(before: Order, after: Order) -> bool:
    """Return whether nothing but the quantity changed, and that became smaller."""
    same = msgspec.structs.replace(
        after.request, quantity=before.request.quantity, client_id=before.request.client_id
    )
    return same == before.request and after.request.quantity < before.request.quantity
