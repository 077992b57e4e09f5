"""The normal distribution, good in both tails."""

import math
from statistics import NormalDist

_STANDARD = NormalDist()
_ROOT_TWO = math.sqrt(2.0)
_ROOT_TWO_PI = math.sqrt(2.0 * math.pi)
_SERIES_FROM = -30.0


def normal_cdf(z: float) -> float:
    """Return P(Z <= z)."""
    return 0.5 * math.erfc(-z / _ROOT_TWO)


def normal_pdf(z: float) -> float:
    """Return the density at z."""
    return math.exp(-0.5 * z * z) / _ROOT_TWO_PI


def normal_quantile(p: float) -> float:
    """Return z with P(Z <= z) = p.

    Raises:
        ValueError: If p is not in (0, 1).
    """
    if not 0.0 < p < 1.0:
        raise ValueError(f"a probability must be in (0, 1), was {p}")
    return _STANDARD.inv_cdf(p)


def log_normal_cdf(z: float) -> float:
    """Return ln P(Z <= z); below -30 by the asymptotic series, where the chance itself would underflow."""
    if z > 0.0:
        return math.log1p(-0.5 * math.erfc(z / _ROOT_TWO))
    if z > _SERIES_FROM:
        return math.log(normal_cdf(z))
    square = z * z
    series = 1.0 - 1.0 / square + 3.0 / square**2 - 15.0 / square**3
    return -0.5 * square - math.log(-z * _ROOT_TWO_PI) + math.log(series)
