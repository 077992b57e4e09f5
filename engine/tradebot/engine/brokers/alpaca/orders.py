"""Orders as Alpaca spells them: intents to bodies, in text and never as floats, and its words back to ours."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, Literal

from tradebot.data.instruments import Instrument, to_units
from tradebot.data.numbers import text_from_units
from tradebot.engine.brokers.alpaca.executions import OrderNews, side_of
from tradebot.engine.brokers.alpaca.messages import WireOrder
from tradebot.engine.brokers.alpaca.rules import ClassRules, sent_tif
from tradebot.engine.core.events import (
    OrderCancelled,
    OrderExpired,
    OrderRejected,
    OrderReported,
    ReportedOrder,
    VenueEvent,
)
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.core.types import (
    ClientOrderId,
    OrderType,
    TimeInForce,
    VenueOrderId,
)

TYPES: Final[Mapping[str, OrderType]] = {
    "limit": "limit",
    "market": "market",
    "stop": "stop",
    "stop_limit": "stop_limit",
    "trailing_stop": "trailing_stop",
}
TIMES: Final[Mapping[str, TimeInForce]] = {"gtc": "gtc", "ioc": "ioc", "fok": "fok", "day": "day"}

ENDS: Final[Mapping[str, Literal["filled", "cancelled", "rejected", "expired"]]] = {
    "filled": "filled",
    "canceled": "cancelled",
    "replaced": "cancelled",
    "rejected": "rejected",
    "expired": "expired",
}
"""Statuses of an order that is over; any other, also one unknown here, is an open order."""


def body_of(
    order: OrderIntent, instrument: Instrument, rules: ClassRules, *, extended: bool = False
) -> dict[str, object]:
    """Return the body of a new order, good in extended hours or not; see `rules.refusal` for what has none."""
    body: dict[str, object] = {
        "symbol": instrument.symbol,
        "qty": text_from_units(order.quantity, instrument.quantity_scale),
        "side": order.side,
        "type": order.type,
        "time_in_force": sent_tif(order, rules),
        "client_order_id": order.client_order_id,
    }
    if extended:
        body["extended_hours"] = True
    scale = instrument.price_scale
    if order.limit_price is not None and order.type in {"limit", "stop_limit"}:
        body["limit_price"] = text_from_units(order.limit_price, scale)
    if order.trigger_price is not None and order.type in {"stop", "stop_limit"}:
        body["stop_price"] = text_from_units(order.trigger_price, scale)
    if order.trail is not None and order.type == "trailing_stop":
        body["trail_price"] = text_from_units(order.trail, scale)
    return body


def change_of(
    order: OrderIntent, old: OrderIntent | None, instrument: Instrument
) -> dict[str, object]:
    """Return the body by which an order takes another's place: what is other than before, and its own id.

    Args:
        order: The new one.
        old: The one it replaces, where that is known: what stays is then left out.
        instrument: What both trade.
    """
    scale = instrument.price_scale
    wanted: dict[str, tuple[int | None, int | None, int]] = {
        "qty": (order.quantity, old and old.quantity, instrument.quantity_scale),
        "limit_price": (order.limit_price, old and old.limit_price, scale),
        "stop_price": (order.trigger_price, old and old.trigger_price, scale),
        "trail": (order.trail, old and old.trail, scale),
    }
    if order.type == "trailing_stop":
        del wanted["stop_price"]  # it follows from the distance
    body: dict[str, object] = {"client_order_id": order.client_order_id}
    for name, (now, before, decimals) in wanted.items():
        if now is not None and now != before:
            body[name] = text_from_units(now, decimals)
    return body


def client_id_of(order: WireOrder) -> ClientOrderId:
    """Return the id by which the engine may know an order: its client's, the venue's where there is none."""
    return ClientOrderId(order.client_order_id or order.id)


def end_of(news: OrderNews) -> VenueEvent | None:
    """Return how an event ends its order; None where it does not. A fill ends one by itself."""
    key = client_id_of(news.order)
    state = ENDS.get(news.event) if news.event in ENDS else None
    if state == "cancelled":
        reason = "replaced at the venue" if news.event == "replaced" else ""
        return OrderCancelled(client_order_id=key, reason=reason, ts_event=news.ts)
    if state == "expired":
        return OrderExpired(client_order_id=key, reason="expired", ts_event=news.ts)
    if state == "rejected":
        return OrderRejected(client_order_id=key, reason="rejected by Alpaca", ts_event=news.ts)
    return None


def report_of(order: WireOrder, instrument: Instrument, asked: ClientOrderId) -> OrderReported:
    """Return the answer to a question about an order.

    Raises:
        ValueError: If its quantity does not fit the instrument's scale.
    """
    return OrderReported(
        client_order_id=asked,
        found=True,
        venue_order_id=VenueOrderId(order.id),
        state=ENDS.get(order.status, "working"),
        filled=to_units(order.filled, instrument.quantity_scale, what="filled_qty"),
    )


def open_order(order: WireOrder, instrument: Instrument) -> ReportedOrder | None:
    """Return an open order in full; None where it is of a kind that has no word here (by notional, several legs).

    Raises:
        ValueError: If a number does not fit the instrument's scale.
    """
    kind = TYPES.get(order.type or "")
    if kind is None or order.qty is None:
        return None
    return ReportedOrder(
        client_order_id=client_id_of(order),
        venue_order_id=VenueOrderId(order.id),
        instrument=instrument.id,
        side=side_of(order.side),
        type=kind,
        tif=TIMES.get(order.time_in_force, "gtc"),
        quantity=to_units(order.qty, instrument.quantity_scale, what="qty"),
        filled=to_units(order.filled, instrument.quantity_scale, what="filled_qty"),
        limit_price=_price(order.limit_price, instrument),
        trigger_price=_price(order.stop_price, instrument),
    )


def _price(price: Decimal | None, instrument: Instrument) -> int | None:
    return None if price is None else to_units(price, instrument.price_scale, what="price")
