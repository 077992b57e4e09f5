"""Alpaca's orders: what a client sends read into requests, orders as they stand written out."""

import msgspec

from tradebot.engine.exchange.alpaca.refusals import malformed, unprocessable
from tradebot.engine.exchange.alpaca.words import (
    Ids,
    Json,
    number_of,
    price_text,
    quantity_text,
    time_text,
)
from tradebot.engine.exchange.ledger import amount_text, plain
from tradebot.engine.exchange.market import Listing, decimal_of, units_of
from tradebot.engine.exchange.orders import Order, OrderRequest, OrderType, Tif
from tradebot.engine.exchange.words import AMOUNT_SCALE

type Body = dict[str, object]

TYPES: dict[str, OrderType] = {
    "market": "market",
    "limit": "limit",
    "stop": "stop",
    "stop_limit": "stop_limit",
    "trailing_stop": "trailing_stop",
}
TIFS: dict[str, Tif] = {
    "day": "day",
    "gtc": "gtc",
    "opg": "opg",
    "cls": "cls",
    "ioc": "ioc",
    "fok": "fok",
}
_CRYPTO_TYPES = ("market", "limit", "stop_limit")
_CRYPTO_TIFS = ("gtc", "ioc")
CLIENT_ID_MAX = 128


def request_of(body: Body, listing: Listing, account: str) -> OrderRequest:
    """Return the request that a body is, its legs left out.

    Raises:
        Refusal: If a field is missing, not one of the allowed, or not allowed for the asset.
    """
    side = {"buy": 1, "sell": -1}.get(str(body.get("side")))
    kind, tif = TYPES.get(str(body.get("type"))), TIFS.get(str(body.get("time_in_force")))
    if side is None:
        raise malformed(f"invalid side: {body.get('side')}")
    if kind is None:
        raise malformed(f"invalid type: {body.get('type')}")
    if tif is None:
        raise malformed(f"invalid time_in_force: {body.get('time_in_force')}")
    client_id = body.get("client_order_id") or ""
    if not isinstance(client_id, str) or len(client_id) > CLIENT_ID_MAX:
        raise malformed(f"client_order_id must be no more than {CLIENT_ID_MAX} characters")
    quantity = _quantity(body, "qty", listing)
    notional = _notional(body)
    if (quantity == 0) == (notional == 0):
        raise malformed("qty or notional is required, and only one of them")
    request = OrderRequest(
        account=account,
        symbol=listing.symbol,
        side=side,
        type=kind,
        tif=tif,
        quantity=quantity,
        notional=notional,
        limit=_price(body, "limit_price", listing),
        trigger=_price(body, "stop_price", listing),
        trail=_price(body, "trail_price", listing),
        trail_bps=_percent(body, "trail_percent"),
        client_id=client_id,
        extended_hours=body.get("extended_hours") is True,
    )
    _check_asset(request, listing)
    return request


def _check_asset(request: OrderRequest, listing: Listing) -> None:
    simple = request.type in ("market", "limit")
    if listing.kind == "crypto":
        if request.type not in _CRYPTO_TYPES:
            raise unprocessable("invalid order type for crypto order")
        if request.tif not in _CRYPTO_TIFS:
            raise unprocessable("invalid crypto time_in_force")
        return
    whole = 10**listing.quantity_scale
    if request.quantity % whole or request.notional:
        if not listing.fractionable:
            raise unprocessable(f"asset {listing.symbol} is not fractionable")
        if request.tif != "day":
            raise unprocessable("fractional orders must be DAY orders")
        if not simple and request.type not in ("stop", "stop_limit"):
            raise unprocessable("fractional orders must be market, limit, stop or stop_limit")
    if request.extended_hours and (request.type != "limit" or request.tif not in ("day", "gtc")):
        raise unprocessable("extended hours order must be DAY limit orders")
    if request.tif in ("opg", "cls") and not simple:
        raise unprocessable(f"{request.tif} orders must be market or limit")


def legs_of(body: Body, parent: OrderRequest, listing: Listing) -> list[OrderRequest]:
    """Return the exits of a bracket, OTO or OCO; empty for a simple order. The parent's quantity and client are theirs.

    Raises:
        Refusal: If a leg lacks its price, or the class is not allowed here.
    """
    order_class = body.get("order_class") or "simple"
    if order_class == "simple":
        return []
    if listing.kind == "crypto":
        raise unprocessable(
            "crypto orders not allowed for advanced order_class: " + str(order_class)
        )
    if order_class not in ("bracket", "oto", "oco"):
        raise malformed(f"invalid order_class: {order_class}")
    exits = [
        leg
        for leg in (
            _take_profit(body, parent, listing),
            _stop_loss(body, parent, listing, exit_side=parent.side if order_class == "oco" else 0),
        )
        if leg is not None
    ]
    wanted = {"bracket": 2, "oto": 1, "oco": 1}[str(order_class)]
    if order_class == "oco":
        exits = [leg for leg in exits if leg.type != "limit"]
    if len(exits) != wanted:
        raise unprocessable(f"{order_class} orders require {wanted} of take_profit and stop_loss")
    _check_legs(parent, exits)
    return exits


def oco_limit(body: Body, listing: Listing) -> int:
    """Return the target of an OCO, which stands at its top."""
    target = body.get("take_profit")
    return _price(_part(target), "limit_price", listing) if target is not None else 0


def _part(value: object) -> Body:
    if not isinstance(value, dict):
        raise malformed("take_profit and stop_loss must be objects")
    return msgspec.convert(value, Body)


def _take_profit(body: Body, parent: OrderRequest, listing: Listing) -> OrderRequest | None:
    target = body.get("take_profit")
    if target is None:
        return None
    limit = _price(_part(target), "limit_price", listing)
    if not limit:
        raise malformed("take_profit.limit_price is required")
    return _leg(parent, type="limit", limit=limit, trigger=0)


def _stop_loss(
    body: Body, parent: OrderRequest, listing: Listing, *, exit_side: int
) -> OrderRequest | None:
    stop = body.get("stop_loss")
    if stop is None:
        return None
    trigger = _price(_part(stop), "stop_price", listing)
    limit = _price(_part(stop), "limit_price", listing)
    if not trigger:
        raise malformed("stop_loss.stop_price is required")
    leg = _leg(parent, type="stop_limit" if limit else "stop", limit=limit, trigger=trigger)
    return msgspec.structs.replace(leg, side=exit_side) if exit_side else leg


def _leg(parent: OrderRequest, *, type: OrderType, limit: int, trigger: int) -> OrderRequest:  # noqa: A002
    return msgspec.structs.replace(
        parent, side=-parent.side, type=type, limit=limit, trigger=trigger, client_id="", trail=0
    )


def _check_legs(parent: OrderRequest, exits: list[OrderRequest]) -> None:
    if parent.tif not in ("day", "gtc") or parent.extended_hours:
        raise unprocessable("complex orders must be DAY or GTC, without extended hours")
    target = next((leg.limit for leg in exits if leg.type == "limit"), 0)
    stop = next((leg.trigger for leg in exits if leg.trigger), 0)
    if target and stop and (target - stop) * parent.side <= 0:
        raise unprocessable("take_profit.limit_price must be beyond stop_loss.stop_price")


def _price(body: Body, name: str, listing: Listing) -> int:
    value = body.get(name)
    if value is None:
        return 0
    number = number_of(value)
    if number is None or number <= 0:
        raise malformed(f"{name} must be a number > 0, was {value}")
    units = units_of(number, listing.price_scale)
    if units is None or units % listing.tick:
        raise unprocessable(
            f"invalid {name} {plain(number)}. sub-penny increment does not fulfill minimum pricing criteria"
        )
    return units


def _quantity(body: Body, name: str, listing: Listing) -> int:
    value = body.get(name)
    if value is None:
        return 0
    number = number_of(value)
    units = None if number is None else units_of(number, listing.quantity_scale)
    if units is None or units <= 0:
        raise unprocessable(f"{name} must be a number > 0 of the asset's increment, was {value}")
    return units


def _notional(body: Body) -> int:
    value = body.get("notional")
    if value is None:
        return 0
    number = number_of(value)
    cents = None if number is None else units_of(number, 2)
    if cents is None or cents <= 0:
        raise unprocessable(f"notional must be > 0 with at most 2 decimals, was {value}")
    if body.get("type") != "market":
        raise unprocessable("notional orders must be market orders here")
    return cents * 10 ** (AMOUNT_SCALE - 2)


def _percent(body: Body, name: str) -> int:
    value = body.get(name)
    if value is None:
        return 0
    number = number_of(value)
    bps = None if number is None else units_of(number, 2)
    if bps is None or bps <= 0:
        raise malformed(f"{name} must be a number > 0, was {value}")
    return bps


def status_of(order: Order) -> str:
    """Return the venue's word for how an order stands."""
    if order.state == "working" and order.filled:
        return "partially_filled"
    words: dict[str, str] = {
        "held": "held",
        "queued": "accepted",
        "waiting": "new",
        "working": "new",
        "cancelled": "canceled",
    }
    return words.get(order.state, order.state)


def order_json(order: Order, listing: Listing, ids: Ids, legs: list[Json] | None = None) -> Json:
    """Return an order as the venue writes it.

    Args:
        order: The order.
        listing: Its listing.
        ids: Of the venue.
        legs: Its exits, written; None where they are not asked for.
    """
    request = order.request
    ended = time_text(order.ended) if order.ended else None
    average = None
    if order.filled:
        total = decimal_of(order.notional, AMOUNT_SCALE)
        mean = total / decimal_of(order.filled, listing.quantity_scale)
        average = plain(mean.quantize(decimal_of(1, listing.price_scale + 2)))
    return {
        "id": ids.order(order.number),
        "client_order_id": request.client_id or ids.order(order.number),
        "created_at": time_text(order.created),
        "updated_at": time_text(order.updated),
        "submitted_at": time_text(order.created),
        "filled_at": ended if order.state == "filled" else None,
        "expired_at": ended if order.state == "expired" else None,
        "canceled_at": ended if order.state == "cancelled" else None,
        "failed_at": ended if order.state == "rejected" else None,
        "replaced_at": ended if order.state == "replaced" else None,
        "replaced_by": ids.order(order.replaced_by) if order.replaced_by else None,
        "replaces": ids.order(request.replaces) if request.replaces else None,
        "asset_id": ids.asset(listing.symbol),
        "symbol": listing.symbol,
        "asset_class": "crypto" if listing.kind == "crypto" else "us_equity",
        "notional": amount_text(request.notional) if request.notional else None,
        "qty": None if request.notional else quantity_text(request.quantity, listing),
        "filled_qty": quantity_text(order.filled, listing),
        "filled_avg_price": average,
        "order_class": _class_of(order, legs),
        "order_type": request.type,
        "type": request.type,
        "side": "buy" if request.side > 0 else "sell",
        "time_in_force": request.tif,
        "limit_price": price_text(request.limit, listing) if request.limit else None,
        "stop_price": _stop_price(order, listing),
        "status": status_of(order),
        "extended_hours": request.extended_hours,
        "legs": legs,
        "trail_percent": plain(decimal_of(request.trail_bps, 2)) if request.trail_bps else None,
        "trail_price": price_text(request.trail, listing) if request.trail else None,
        "hwm": price_text(order.best, listing) if order.best else None,
    }


def _class_of(order: Order, legs: list[Json] | None) -> str:
    if order.request.parent:
        return "bracket" if order.request.group else "oto"
    if order.request.group:
        return "oco"
    return {0: "", 1: "oto", 2: "bracket"}[len(legs or [])]


def _stop_price(order: Order, listing: Listing) -> str | None:
    trigger = order.trigger or order.request.trigger
    return price_text(trigger, listing) if trigger else None
