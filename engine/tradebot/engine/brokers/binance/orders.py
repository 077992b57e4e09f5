"""Orders as Binance spells them: intents to parameters, and its words back to ours."""

from collections.abc import Iterable, Mapping
from typing import Final

from tradebot.data.instruments import Instrument
from tradebot.data.numbers import text_from_units
from tradebot.data.venues.binance.listing import Symbol
from tradebot.engine.core.capabilities import Capabilities
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.core.types import OrderType, Side, TimeInForce

SIDES: Final[Mapping[str, Side]] = {"BUY": "buy", "SELL": "sell"}

TYPES: Final[Mapping[str, OrderType]] = {
    "LIMIT": "limit",
    "LIMIT_MAKER": "limit",
    "MARKET": "market",
    "STOP_LOSS": "stop",
    "STOP_LOSS_LIMIT": "stop_limit",
}
"""Its types that are ours; a TAKE_PROFIT that another program placed is shown by its id alone."""

TIMES: Final[Mapping[str, TimeInForce]] = {"GTC": "gtc", "IOC": "ioc", "FOK": "fok"}

_SENT: Final[Mapping[OrderType, str]] = {
    "limit": "LIMIT",
    "market": "MARKET",
    "stop": "STOP_LOSS",
    "stop_limit": "STOP_LOSS_LIMIT",
}

ENDED: Final[Mapping[str, str]] = {
    "FILLED": "filled",
    "CANCELED": "cancelled",
    "REJECTED": "rejected",
    "EXPIRED": "expired",
    "EXPIRED_IN_MATCH": "expired",
}
"""Statuses of an order that is over."""


def capabilities_of(symbols: Iterable[Symbol]) -> Capabilities:
    """Return what the venue does for every one of some symbols.

    A trailing stop stays in the engine: the venue's distance is a share of the price, ours an amount. The venue locks
    what a resting sell would sell, so that a stop and a target rest there as a pair (OCO) or not at all.
    """
    listed = tuple(symbols)
    types: tuple[OrderType, ...] = tuple(
        ours for ours, theirs in _SENT.items() if all(theirs in one.order_types for one in listed)
    )
    return Capabilities(
        order_types=types,
        times_in_force=("gtc", "ioc", "fok"),
        post_only=all("LIMIT_MAKER" in one.order_types for one in listed),
        reduce_only=False,
        replace=all(one.cancel_replace_allowed for one in listed),
        replace_partly=False,
        oco=all(one.oco_allowed and "LIMIT_MAKER" in one.order_types for one in listed),
        locks_balance=True,
    )


def refusal(order: OrderIntent, can: Capabilities) -> str:
    """Return why the venue cannot take an order, in plain words; empty where it can."""
    if order.type not in can.order_types:
        return f"Binance has no {order.type} order for {order.instrument}"
    if order.type not in {"market", "stop"} and sent_tif(order) not in TIMES.values():
        return f"Binance has no {order.tif}: use gtc, ioc or fok"
    if order.post_only and (order.type != "limit" or not can.post_only):
        return f"Binance has no post-only {order.type} order for {order.instrument}"
    if order.type in {"stop", "stop_limit"} and order.trigger_price is None:
        return "a stop needs a trigger price"
    if order.type in {"limit", "stop_limit"} and order.limit_price is None:
        return f"a {order.type} order needs a limit price"
    return ""


def sent_tif(order: OrderIntent) -> TimeInForce:
    """Return the time in force an order is sent with: a day or gtd order rests, and the engine ends it."""
    return "gtc" if order.tif in {"day", "gtd"} else order.tif


def order_params(order: OrderIntent, instrument: Instrument) -> dict[str, str]:
    """Return the parameters of a new order, without time and signature; see `refusal` for what has none."""
    params = {
        "symbol": instrument.symbol,
        "side": order.side.upper(),
        "type": "LIMIT_MAKER" if order.post_only else _SENT[order.type],
        "quantity": text_from_units(order.quantity, instrument.quantity_scale),
    }
    if order.limit_price is not None and order.type in {"limit", "stop_limit"}:
        params["price"] = text_from_units(order.limit_price, instrument.price_scale)
        if not order.post_only:
            params["timeInForce"] = sent_tif(order).upper()
    if order.trigger_price is not None and order.type in {"stop", "stop_limit"}:
        params["stopPrice"] = text_from_units(order.trigger_price, instrument.price_scale)
    return params
