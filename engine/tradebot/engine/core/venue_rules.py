"""The venue's own rules for an order: lot, least and most quantity, tick, notional."""

from tradebot.data.instruments import Instrument, Rules
from tradebot.engine.core.gate_words import Check, line_of
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.core.picture import (
    Exposure,
    quantity_text,
)


def venue_rules(order: OrderIntent, instrument: Instrument, now: int) -> list[Check]:
    """Return the lines of the venue's own rules: lot, least and most quantity, tick, notional."""
    nothing = Exposure(instrument=instrument, quantity=0, buy_leaves=0, sell_leaves=0, mark=None)
    return rules_of_the_venue(order, instrument.rules_at(now), nothing)


def rules_of_the_venue(order: OrderIntent, rules: Rules, exposure: Exposure) -> list[Check]:
    """Return the same lines by rules that are known; the exposure is named in the texts."""
    instrument = exposure.instrument
    quantity = quantity_text(exposure, order.quantity)
    lines = [
        line_of(
            "lot_size",
            order.quantity > 0 and order.quantity % rules.lot == 0,
            f"quantity {quantity} must be a positive multiple of {quantity_text(exposure, rules.lot)}",
        ),
        line_of(
            "min_quantity",
            order.quantity >= rules.quantity_min,
            f"quantity {quantity} must be at least {quantity_text(exposure, rules.quantity_min)}",
        ),
        line_of(
            "max_quantity",
            order.quantity <= rules.quantity_max,
            f"quantity {quantity} must be at most {quantity_text(exposure, rules.quantity_max)}",
        ),
    ]
    at = order.limit_price
    if order.type in {"limit", "stop_limit"} and at is None:
        missing = f"a {order.type} order needs a limit price"
        return [*lines, line_of("limit_price_missing", ok=False, text=missing)]
    if order.type in {"stop", "trailing_stop"}:
        at = order.trigger_price
    if order.type == "market" or at is None:
        return lines
    price = instrument.price(at)
    notional = instrument.notional(at, order.quantity)
    return [
        *lines,
        line_of(
            "tick_size",
            at > 0 and at % rules.tick == 0,
            f"price {price} must be a positive multiple of {instrument.price(rules.tick)}",
        ),
        line_of(
            "min_notional",
            notional >= rules.notional_min,
            f"notional {notional:f} must be at least {rules.notional_min} {instrument.currency}",
        ),
    ]
