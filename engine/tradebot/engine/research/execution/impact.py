"""How far an order moves the price: the square-root law, and the calibration of Almgren and others (2005)."""

import math

GAMMA, ETA, EXPONENT = 0.314, 0.142, 0.6
"""Almgren, Thum, Hauptmann, Li 2005 (Risk 18(7)): permanent, temporary, and the temporary's power."""

_AVERAGE = 2.0 / 3.0
"""Of sqrt(q) over an order, to its end."""


def _positive(**figures: float) -> None:
    for name, value in figures.items():
        if not (value > 0.0 and math.isfinite(value)):
            raise ValueError(f"{name} must be > 0 and finite, was {value}")


def root_impact(y: float, sigma: float, quantity: float, volume: float) -> float:
    """Return Y sigma sqrt(Q / V), the share of the price an order has moved it by at its end.

    Args:
        y: About 1.
        sigma: Daily volatility.
        quantity: Of the order, >= 0.
        volume: Of a day, > 0.

    Raises:
        ValueError: If volume is not > 0 or quantity is negative.
    """
    _positive(volume=volume)
    if not quantity >= 0.0:
        raise ValueError(f"quantity must be >= 0, was {quantity}")
    return y * sigma * math.sqrt(quantity / volume)


def average_cost(impact: float) -> float:
    """Return the mean cost over an order whose impact grows as its root: two thirds."""
    return _AVERAGE * impact


def quantity_for_cost(cost: float, y: float, sigma: float, volume: float) -> float:
    """Return the quantity whose average cost is a share `cost` of the price.

    Raises:
        ValueError: If a figure is not > 0.
    """
    _positive(cost=cost, y=y, sigma=sigma, volume=volume)
    return volume * (cost / (_AVERAGE * y * sigma)) ** 2


def permanent_impact(sigma: float, quantity: float, volume: float, shares: float) -> float:
    """Return gamma sigma (X / V) (Theta / V)^(1/4), a share of the price.

    Args:
        sigma: Daily volatility.
        quantity: Signed, X.
        volume: Of a day, V > 0.
        shares: Outstanding, Theta > 0.

    Raises:
        ValueError: If volume or shares is not > 0.
    """
    _positive(volume=volume, shares=shares)
    return GAMMA * sigma * quantity / volume * (shares / volume) ** 0.25


def temporary_impact(sigma: float, quantity: float, volume: float, days: float) -> float:
    """Return eta sigma |X / (V T)|^0.6 with the sign of X, a share of the price; T in days.

    Raises:
        ValueError: If volume or days is not > 0.
    """
    _positive(volume=volume, days=days)
    size = ETA * sigma * abs(quantity / (volume * days)) ** EXPONENT
    return math.copysign(size, quantity)


def realised_cost(permanent: float, temporary: float) -> float:
    """Return what the order pays: half the permanent impact and the temporary one."""
    return permanent / 2.0 + temporary
