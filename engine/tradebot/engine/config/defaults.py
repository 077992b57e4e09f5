"""What holds without a configuration, by mode, written as a user would write it."""

from tradebot.engine.config.tree import Tree
from tradebot.engine.config.values import percent_text
from tradebot.engine.core.limits import default_limits
from tradebot.engine.core.types import Mode


def engine_defaults(mode: Mode) -> Tree:
    """Return what `[engine]` says by default in a mode, where it differs between modes."""
    return {"protect_at": "broker" if mode == "live" else "any"}


def risk_defaults(mode: Mode) -> Tree:
    """Return `[risk]` by default in a mode, as a user would write it."""
    limits = default_limits(mode)
    named: Tree = {
        name: "off" if value is None else percent_text(value)
        for name, value in (
            ("max_order", limits.max_order),
            ("max_position", limits.max_position),
            ("max_gross", limits.max_gross),
            ("max_open_risk", limits.max_open_risk),
            ("day_loss", limits.day_loss),
            ("drawdown", limits.drawdown),
            ("price_collar", limits.price_collar),
            ("price_collar_wide", limits.price_collar_wide),
            ("wide_spread", limits.wide_spread),
            ("unprotected_risk", limits.unprotected_risk),
        )
    }
    hand, sleeve = limits.orders_per_minute_hand, limits.orders_per_minute_sleeve
    named["orders_per_minute"] = {"hand": hand, "sleeve": sleeve}
    named["rejects_in_row"] = limits.rejects_in_row
    return named
