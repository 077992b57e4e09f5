"""Binance's words and numbers for the exchange's."""

from decimal import Decimal

from tradebot.engine.exchange.market import Listing
from tradebot.engine.exchange.orders import Order
from tradebot.engine.exchange.words import AMOUNT_SCALE

type Json = str | int | bool | list[Json] | dict[str, Json] | None

NO_AMOUNT = "0.00000000"
_EIGHT = Decimal("1e-8")


def eight(units: int, scale: int) -> str:
    """Return units of a scale with eight decimals."""
    return f"{Decimal(units).scaleb(-scale).quantize(_EIGHT):f}"


def amount(units: int) -> str:
    """Return an amount with eight decimals."""
    return eight(units, AMOUNT_SCALE)


def price(listing: Listing, units: int) -> str:
    """Return a price with eight decimals."""
    return eight(units, listing.price_scale)


def quantity(listing: Listing, units: int) -> str:
    """Return a quantity with eight decimals."""
    return eight(units, listing.quantity_scale)


def status(order: Order) -> str:
    """Return an order's status."""
    match order.state:
        case "filled":
            return "FILLED"
        case "cancelled" | "replaced":
            return "EXPIRED" if order.reason == "oco" else "CANCELED"
        case "expired":
            return "EXPIRED_IN_MATCH" if order.reason == "self_cross" else "EXPIRED"
        case "rejected":
            return "REJECTED"
        case "held":
            return "PENDING_NEW"
        case _:
            return "PARTIALLY_FILLED" if order.filled else "NEW"


def type_of(order: Order) -> str:
    """Return an order's type."""
    request = order.request
    match request.type:
        case "market":
            return "MARKET"
        case "limit":
            return "LIMIT_MAKER" if request.post_only else "LIMIT"
        case "stop" | "trailing_stop":
            return "STOP_LOSS"
        case "stop_limit" | "trailing_stop_limit":
            return "STOP_LOSS_LIMIT"
        case "take_profit":
            return "TAKE_PROFIT"
        case "take_profit_limit":
            return "TAKE_PROFIT_LIMIT"


def tif_of(order: Order) -> str:
    """Return an order's time in force."""
    return {"ioc": "IOC", "fok": "FOK"}.get(order.request.tif, "GTC")


def is_working(order: Order) -> bool:
    """Return whether an order is, or was, in the book."""
    return order.state != "held" and (order.triggered or order.trigger == 0)
