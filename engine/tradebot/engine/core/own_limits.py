"""The limits of the sleeve an order belongs to, as lines of the gate's answer."""

from tradebot.engine.core.gate_words import Check, DenialCode, line_of, percent, percent_up
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.core.picture import Picture
from tradebot.engine.core.size_limits import MEASURED, OWN, own_bounds, remedy, shrinks_own

_ENGINES: dict[DenialCode, DenialCode] = {own: engines for engines, own in OWN.items()}


def own_lines(order: OrderIntent, picture: Picture) -> list[Check]:
    """Return what the limits of the order's sleeve say; nothing of what only shrinks its own holding."""
    own = picture.own
    if own is None or shrinks_own(order, picture):
        return []
    lines: list[Check] = []
    most = own.limits.orders_per_minute
    if most is not None:
        sent = picture.orders_last_minute
        text = (
            f"{sent} orders of {order.owner} in the last minute, at most {most} by its own limits: "
            "wait, or raise its orders_per_minute"
        )
        lines.append(line_of("sleeve_orders_per_minute", sent < most, text))
    limits = own.limits
    sized = (limits.max_order, limits.max_position, limits.max_gross, limits.max_open_risk)
    if all(cap is None for cap in sized):
        return lines
    if own.capital is None or own.capital <= 0:
        left = "unknown" if own.capital is None else f"{own.capital:f}"
        text = (
            f"the capital of {order.owner} is {left}, must be > 0: its limits are shares of it; "
            f"give it more with `tradebot policy capital {order.owner} AMOUNT`"
        )
        return [*lines, line_of("sleeve_capital", ok=False, text=text)]
    return lines + [
        line_of(
            bound.code,
            bound.used <= bound.cap,
            f"{MEASURED[_ENGINES[bound.code]]} of {order.owner} would be {percent_up(bound.used)} of its capital, "
            f"at most {percent(bound.cap)}{remedy(bound)}",
        )
        for bound in own_bounds(order, picture)
    ]
