"""The price collar: how far through mid an order may reach."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from tradebot.engine.core.gate_words import Check, line_of, percent
from tradebot.engine.core.limits import Limits
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.core.picture import (
    Exposure,
    Picture,
    price_text,
)
from tradebot.engine.core.types import Side, sign


def collar_fraction(limits: Limits, best_bid: int, best_ask: int) -> Decimal:
    """Return how far through mid a price may go in a two-sided market, as a fraction of mid."""
    mid = Decimal(best_bid + best_ask) / 2
    wide = Decimal(best_ask - best_bid) / mid > limits.wide_spread
    return limits.price_collar_wide if wide else limits.price_collar


def collar_price(limits: Limits, side: Side, best_bid: int, best_ask: int, tick: int) -> int:
    """Return the farthest price through mid that an order may have, on the tick, in price units."""
    mid = Decimal(best_bid + best_ask) / 2
    bound = mid * (1 + sign(side) * collar_fraction(limits, best_bid, best_ask)) / tick
    inward = ROUND_FLOOR if side == "buy" else ROUND_CEILING
    return int(bound.to_integral_value(inward)) * tick


def collar_line(order: OrderIntent, picture: Picture, exposure: Exposure) -> Check:
    """Return whether the worst price an order may reach is inside the collar."""
    instrument = exposure.instrument
    if order.type in {"stop", "trailing_stop"}:
        return line_of("price_collar", ok=True, text="a stop waits for its price")
    if order.type == "stop_limit" and order.trigger_price is not None:
        # It is sent when the market is at its trigger: from there its limit is measured.
        fraction = picture.limits.price_collar
        mid = Decimal(order.trigger_price)
    elif picture.best_bid is not None and picture.best_ask is not None:
        fraction = collar_fraction(picture.limits, picture.best_bid, picture.best_ask)
        mid = Decimal(picture.best_bid + picture.best_ask) / 2
    elif exposure.mark is not None:
        # Without two sides there is no mid; the last trade is the best that is known.
        fraction = picture.limits.price_collar_wide
        mid = exposure.mark.scaleb(instrument.price_scale)
    else:
        # New risk is stopped for want of a mark; exits are not held up.
        return line_of("price_collar", ok=True, text="")
    worst = picture.worst_fill if order.type == "market" else order.limit_price
    if order.reduce_only and order.type == "market":
        # Whoever insists on getting out gets out; an order that may add risk is held to the collar.
        return line_of("price_collar", ok=True, text="a reduce-only market order is not held")
    if worst is None:
        reach = "beyond the displayed book" if order.type == "market" else "unknown"
        return line_of("price_collar", ok=False, text=f"the order would fill {reach}: use a limit")
    bound = mid * (1 + sign(order.side) * fraction)
    inside = worst <= bound if order.side == "buy" else worst >= bound
    return line_of(
        "price_collar",
        inside,
        f"price {instrument.price(worst)} must be within {percent(fraction)} of mid "
        f"{price_text(instrument, mid)}: at {'most' if order.side == 'buy' else 'least'} "
        f"{price_text(instrument, bound)}",
    )
