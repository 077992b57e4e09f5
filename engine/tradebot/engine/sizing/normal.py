"""The normal distribution, accurate in its tails, and first passage of a drifting Brownian motion."""

import math
from statistics import NormalDist

_NORMAL = NormalDist()
_ROOT2 = math.sqrt(2.0)


def normal_cdf(x: float) -> float:
    """Return P(Z <= x), with full relative accuracy far below zero (statistics.NormalDist has absolute accuracy)."""
    return 0.5 * math.erfc(-x / _ROOT2)


def normal_log_cdf(x: float) -> float:
    """Return ln P(Z <= x); below -30 by the asymptotic series 1 - 1/x^2 + 3/x^4 - 15/x^6 of Mills' ratio."""
    if x > -30.0:
        return math.log(normal_cdf(x)) if x < 0.0 else math.log1p(-normal_cdf(-x))
    square = x * x
    series = 1.0 - 1.0 / square + 3.0 / square**2 - 15.0 / square**3
    return -square / 2.0 - math.log(-x) - math.log(2.0 * math.pi) / 2.0 + math.log(series)


def normal_pdf(x: float) -> float:
    """Return the density at x."""
    return math.exp(-x * x / 2.0) / math.sqrt(2.0 * math.pi)


def normal_quantile(p: float) -> float:
    """Return x with P(Z <= x) = p, p in (0, 1) (Wichura 1988, AS 241)."""
    return _NORMAL.inv_cdf(p)


def chance_to_touch(distance: float, drift: float, volatility: float, years: float) -> float:
    """Return P(a Brownian motion with drift rises by `distance` at some time in [0, years]).

    N((nu T - a) / (v sqrt T)) + e^(2 nu a / v^2) N((-a - nu T) / (v sqrt T)); for a fall turn the signs of distance
    and drift. Watched without a break: who looks only now and then sees fewer touches.

    Args:
        distance: a, > 0; at or below 0 it is touched already.
        drift: nu, per year.
        volatility: v, per square root of a year, >= 0.
        years: T, >= 0.
    """
    if distance <= 0.0:
        return 1.0
    spread = volatility * math.sqrt(years)
    if spread == 0.0:
        return 1.0 if drift * years >= distance else 0.0
    direct = normal_cdf((drift * years - distance) / spread)
    weight = 2.0 * drift * distance / volatility**2
    mirrored = math.exp(weight + normal_log_cdf((-distance - drift * years) / spread))
    return min(direct + mirrored, 1.0)
