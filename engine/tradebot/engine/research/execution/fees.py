"""Fees: a share of the notional, or so much a share with a minimum and a cap; the venue's own, in floats."""

import math
from decimal import Decimal

from tradebot.engine.venue.fees import per_share, share_of


def notional_fee(price: float, quantity: float, rate: float) -> float:
    """Return price x quantity x rate; a negative rate is a rebate."""
    return float(share_of(exact(price) * exact(quantity), exact(rate)))


def breakeven_long(price: float, rate: float) -> float:
    """Return the price at which a long, in and out at `rate`, loses nothing: p (1 + t) / (1 - t).

    Raises:
        ValueError: If rate is not in (-1, 1); as of all functions of a rate here.
    """
    _check(rate)
    return price * (1.0 + rate) / (1.0 - rate)


def breakeven_short(price: float, rate: float) -> float:
    """Return the same of a short: p (1 - t) / (1 + t)."""
    _check(rate)
    return price * (1.0 - rate) / (1.0 + rate)


def base_received(quantity: float, rate: float) -> float:
    """Return what arrives where the fee of a purchase is taken in the asset bought: q (1 - t)."""
    _check(rate)
    return quantity * (1.0 - rate)


def _check(rate: float) -> None:
    if not -1.0 < rate < 1.0:
        raise ValueError(f"a fee rate must be in (-1, 1), was {rate}")


def per_share_fee(
    quantity: float, price: float, rate: float, minimum: float = 0.0, cap: float = math.inf
) -> float:
    """Return min(max(rate q, minimum), cap q price): the cap wins over the minimum.

    Args:
        quantity: Shares, >= 0.
        price: Of one.
        rate: Money a share.
        minimum: Money an order.
        cap: Share of the order's value.
    """
    most = None if math.isinf(cap) else exact(cap)
    if not quantity:
        return 0.0
    shares = exact(quantity)
    return float(per_share(shares, shares * exact(price), exact(rate), exact(minimum), most))


def exact(value: float) -> Decimal:
    """Return a float as the shortest decimal that stands for it."""
    return Decimal(repr(float(value)))
