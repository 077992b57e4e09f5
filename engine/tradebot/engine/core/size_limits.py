"""The size limits: what each measures of an order that adds risk, and the largest size it leaves."""

from decimal import ROUND_FLOOR, Decimal

import msgspec

from tradebot.engine.core.gate_words import Check, DenialCode, line_of, percent, percent_up
from tradebot.engine.core.open_risk import at_stop, side_risk
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.core.picture import (
    Exposure,
    Picture,
    exposure_of,
    reduces_only,
    shrinkable,
)
from tradebot.engine.core.types import Side, sign

OF_THE_ACCOUNT: frozenset[DenialCode] = frozenset({"max_position", "max_gross"})
"""Limits that an owner's exit keeps where it is more than the account's net."""


MEASURED: dict[DenialCode, str] = {
    "max_order": "this order",
    "max_position": "the position with working orders",
    "max_gross": "gross exposure with working orders",
    "max_open_risk": "open risk with working orders",
}


class Bound(msgspec.Struct, frozen=True):
    """One limit's largest notional for this order, in the quote currency."""

    code: DenialCode
    used: Decimal
    """What the limit measures with this order in, as a fraction of equity."""
    cap: Decimal
    """The limit, as a fraction of equity."""
    notional_max: Decimal
    """Largest notional this order may have under this limit alone; 0 or less: none that adds risk."""


def bounds(order: OrderIntent, picture: Picture) -> list[Bound]:
    """Return what each size limit says of an order that adds risk; empty where equity or a mark is unknown."""
    exposure = exposure_of(order, picture)
    price = _valuation(order, exposure)
    if picture.equity is None or picture.equity <= 0 or price is None:
        return []
    if any(_worst_notional(other) is None for other in picture.exposures):
        return []
    equity, limits = picture.equity, picture.limits
    extra = sign(order.side) * order.quantity
    own = _notional(exposure, order.quantity, price)
    after = _notional(exposure, exposure.worst(extra), price)
    gross_others = _sum_worst(picture.exposures, but=exposure)
    return [
        Bound("max_order", own / equity, limits.max_order, limits.max_order * equity),
        Bound(
            "max_position",
            after / equity,
            limits.max_position,
            _room(exposure, order.side, price, limits.max_position * equity),
        ),
        Bound(
            "max_gross",
            (gross_others + after) / equity,
            limits.max_gross,
            _room(exposure, order.side, price, limits.max_gross * equity - gross_others),
        ),
        _risk_bound(order, picture, price, equity),
    ]


def _risk_bound(order: OrderIntent, picture: Picture, price: Decimal, equity: Decimal) -> Bound:
    """Return what open risk says: to its stop where the order brings one, else a share of its notional."""
    exposure, limits = exposure_of(order, picture), picture.limits
    share = limits.unprotected_risk
    others = sum(
        (
            exposure_risk(other, other.mark, share)
            for other in picture.exposures
            if other is not exposure and other.mark is not None
        ),
        Decimal(0),
    )
    most = limits.max_open_risk * equity
    own = own_stop(order)
    if own is None:
        after = exposure_risk(exposure, price, share, sign(order.side) * order.quantity)
        # What stops save of the standing position is room for this order.
        plain = _notional(exposure, exposure.worst(), price) * share
        saved = plain - exposure_risk(exposure, price, share)
        room = _room(exposure, order.side, price, (most - others + saved) / share)
    else:
        standing = exposure_risk(exposure, price, share)
        entry = price if order.limit_price is None else exposure.instrument.price(order.limit_price)
        stop = exposure.instrument.price(own)
        lost = at_stop(exposure.instrument, order.quantity, entry, stop, sign(order.side))
        after = standing + lost
        notional = _notional(exposure, order.quantity, price)
        rate = lost / notional if notional else Decimal(0)
        room = max(most - others - standing, Decimal(0)) / rate if rate else most / share
    return Bound("max_open_risk", (others + after) / equity, limits.max_open_risk, room)


def own_stop(order: OrderIntent) -> int | None:
    """Return the trigger of the stop an order brings with it, in price units; None where it brings none."""
    legs, entry = order.legs, order.limit_price or order.trigger_price
    if legs is None:
        return None
    if legs.stop_loss is not None or legs.trail is None or entry is None:
        return legs.stop_loss
    return entry - sign(order.side) * legs.trail


def exposure_risk(
    exposure: Exposure, price: Decimal, unprotected: Decimal, extra: int = 0
) -> Decimal:
    """Return what an instrument can lose at worst if every stop is hit, working orders in, in the engine's currency.

    Args:
        exposure: Position, working orders and stops.
        price: What it is valued at.
        unprotected: Share of notional that a position without a stop is counted to lose.
        extra: One more order without a stop, signed, in units.
    """
    long = exposure.quantity + exposure.buy_leaves + max(extra, 0)
    short = -exposure.quantity + exposure.sell_leaves + max(-extra, 0)
    what = exposure.instrument
    worst = max(
        side_risk(what, long, price, exposure.long_stops, 1, unprotected),
        side_risk(what, short, price, exposure.short_stops, -1, unprotected),
    )
    return worst * (exposure.rate or Decimal(0))


def largest_quantity(order: OrderIntent, picture: Picture) -> tuple[DenialCode, int] | None:
    """Return which limit binds the size and the largest quantity it leaves, in units, on the lot.

    What only shrinks the position always fits. None where equity or a mark is unknown, so that no figure is invented.
    """
    lines = bounds(order, picture)
    exposure = exposure_of(order, picture)
    price = _valuation(order, exposure)
    if not lines or price is None:
        return None
    code, units = _largest(lines, exposure, order.side, price)
    own = largest_own(order, picture)
    lot = exposure.instrument.rules_at(picture.now).lot
    return own if own is not None and own[1] < units else (code, units - units % lot)


def largest_own(order: OrderIntent, picture: Picture) -> tuple[DenialCode, int] | None:
    """Return which limit of the order's sleeve binds and the largest quantity it leaves, in units, on the lot.

    None where the sleeve has no such limit, or its capital or a price is unknown.
    """
    lines = own_bounds(order, picture)
    for mine in () if picture.own is None else picture.own.exposures:
        price = _valuation(order, mine)
        if lines and price is not None and mine.instrument.id == order.instrument:
            code, units = _largest(lines, mine, order.side, price)
            return code, units - units % mine.instrument.rules_at(picture.now).lot
    return None


def _largest(
    lines: list[Bound], exposure: Exposure, side: Side, price: Decimal
) -> tuple[DenialCode, int]:
    """Return the tightest limit and the largest quantity it leaves, in units; what only shrinks always fits."""
    tightest = min(lines, key=lambda bound: bound.notional_max)
    unit = _notional(exposure, 1, price)
    adding = int((tightest.notional_max / unit).to_integral_value(ROUND_FLOOR))
    return tightest.code, max(adding, shrinkable(exposure, side))


def size_limits(
    order: OrderIntent, picture: Picture, codes: frozenset[DenialCode] | None = None
) -> list[Check]:
    """Return what the size limits say; of an exit by its owner those in `codes` alone."""
    if picture.equity is None or picture.equity <= 0:
        unknown = "equity is unknown: an exit that turns the account's net cannot be measured"
        return [] if codes is None else [line_of("equity_unknown", ok=False, text=unknown)]
    lines = bounds(order, picture)
    if not lines:
        missing = [
            other.instrument.id for other in picture.exposures if _worst_notional(other) is None
        ]
        what = ", ".join(missing) or order.instrument
        return [
            line_of(
                "no_mark",
                ok=False,
                text=f"no price to value {what}: limits cannot be kept, wait for its market data",
            )
        ]
    return [
        line_of(
            bound.code,
            bound.used <= bound.cap,
            f"{MEASURED[bound.code]} would be {percent_up(bound.used)} of equity, "
            f"at most {percent(bound.cap)}{remedy(bound)}",
        )
        for bound in lines
        if codes is None or bound.code in codes
    ] + (_capital(order, picture) if codes is None else [])


# ------------------------------------------------------------------------------------ a sleeve's own


OWN: dict[DenialCode, DenialCode] = {
    "max_order": "sleeve_max_order",
    "max_position": "sleeve_max_position",
    "max_gross": "sleeve_max_gross",
    "max_open_risk": "sleeve_max_open_risk",
}
"""What a limit of the engine is called where a sleeve has one of its own."""


def own_bounds(order: OrderIntent, picture: Picture) -> list[Bound]:
    """Return what the limits of the order's sleeve say: measured as the engine's are, as shares of its capital."""
    own = picture.own
    if own is None or own.capital is None or own.capital <= 0:
        return []
    limits = own.limits
    caps = {
        "max_order": limits.max_order,
        "max_position": limits.max_position,
        "max_gross": limits.max_gross,
        "max_open_risk": limits.max_open_risk,
    }
    narrowed = msgspec.structs.replace(
        picture.limits, **{name: cap for name, cap in caps.items() if cap is not None}
    )
    inside = msgspec.structs.replace(
        picture, equity=own.capital, limits=narrowed, exposures=own.exposures
    )
    return [
        msgspec.structs.replace(bound, code=OWN[bound.code])
        for bound in bounds(order, inside)
        if caps[bound.code] is not None
    ]


def shrinks_own(order: OrderIntent, picture: Picture) -> bool:
    """Return whether an order only takes from what its sleeve holds, its orders that may add counted."""
    if order.reduce_only or order.role or picture.own is None:
        return True
    for exposure in picture.own.exposures:
        if exposure.instrument.id == order.instrument:
            return reduces_only(exposure, order.side, order.quantity)
    return False


def remedy(bound: Bound) -> str:
    """Return what to do where a limit is passed; empty where it is kept."""
    return "" if bound.used <= bound.cap else f": lower the quantity, or raise {bound.code}"


def _capital(order: OrderIntent, picture: Picture) -> list[Check]:
    """Return whether the order fits into the capital of the sleeve's mandate."""
    exposure = exposure_of(order, picture)
    price = _valuation(order, exposure)
    if picture.capital_left is None or price is None:
        return []
    own = _notional(exposure, order.quantity, price)
    return [
        line_of(
            "mandate_capital",
            own <= picture.capital_left,
            f"this order is {own:f}, the mandate of {order.owner} leaves {picture.capital_left:f}: "
            "lower the quantity",
        )
    ]


def _valuation(order: OrderIntent, exposure: Exposure) -> Decimal | None:
    """Return the price an order is valued at: its limit where that is worse than the mark."""
    at = order.trigger_price if order.limit_price is None else order.limit_price
    limit = None if at is None else exposure.instrument.price(at)
    if exposure.mark is None or exposure.rate is None:
        return None
    return exposure.mark if limit is None else max(limit, exposure.mark)


def _notional(exposure: Exposure, units: int, price: Decimal) -> Decimal:
    """Return what units are worth at a price, in the engine's currency; its rate must be known."""
    instrument = exposure.instrument
    value = abs(instrument.quantity(units)) * price * instrument.multiplier
    return value * (exposure.rate or Decimal(0))


def _room(exposure: Exposure, side: Side, price: Decimal, most: Decimal) -> Decimal:
    """Return the notional an order that adds risk may have while the worst position stays within `most`."""
    if _notional(exposure, exposure.worst(), price) > most:
        return Decimal(0)
    shrinks = shrinkable(exposure, side)
    standing = _notional(exposure, shrinks, price)
    return most + standing if shrinks > 0 else most - standing


def _worst_notional(exposure: Exposure) -> Decimal | None:
    worst = exposure.worst()
    if worst == 0:
        return Decimal(0)
    if exposure.mark is None or exposure.rate is None:
        return None
    return _notional(exposure, worst, exposure.mark)


def _sum_worst(exposures: tuple[Exposure, ...], *, but: Exposure) -> Decimal:
    total = Decimal(0)
    for exposure in exposures:
        if exposure is not but:
            total += _worst_notional(exposure) or Decimal(0)
    return total
