"""Value at risk and expected shortfall of one period; positive for a loss."""

import math
from collections.abc import Sequence

import msgspec

from tradebot.engine.research.normal import normal_pdf, normal_quantile
from tradebot.engine.research.statistics.sample import (
    checked,
    deviation,
    kurtosis,
    mean,
    quantile,
    skewness,
)

_ROUNDING = 1e-9


class CornishFisher(msgspec.Struct, frozen=True):
    """A quantile corrected for skewness and kurtosis (Cornish, Fisher 1938)."""

    z: float
    """Standard deviations from the mean."""
    value_at_risk: float
    monotone: bool
    """Whether the correction keeps the order of quantiles; where not, the figure means nothing."""


def _check(tail: float) -> None:
    if not 0.0 < tail < 1.0:
        raise ValueError(f"tail must be in (0, 1), was {tail}")


def historical_var(returns: Sequence[float], tail: float) -> float | None:
    """Return minus the tail quantile (type 7).

    Raises:
        ValueError: If tail is outside (0, 1); as of all functions here.
    """
    _check(tail)
    found = quantile(returns, tail)
    return None if found is None else -found


def expected_shortfall(returns: Sequence[float], tail: float) -> float | None:
    """Return the mean of the worst share `tail`, the observation at its edge counted in part (Acerbi, Tasche 2002)."""
    _check(tail)
    ordered = sorted(checked(returns))
    if not ordered:
        return None
    share = tail * len(ordered)
    whole = min(math.floor(share + _ROUNDING), len(ordered))
    total = math.fsum(ordered[:whole])
    if whole < len(ordered):
        total += (share - whole) * ordered[whole]
    return -total / share


def gaussian_var(returns: Sequence[float], tail: float) -> float | None:
    """Return -(mean + z sd) of a normal law with the sample's mean and sd (n - 1)."""
    _check(tail)
    middle, sd = mean(returns), deviation(returns)
    if middle is None or sd is None:
        return None
    return -(middle + normal_quantile(tail) * sd)


def gaussian_shortfall(returns: Sequence[float], tail: float) -> float | None:
    """Return -mean + sd phi(z) / tail of the same law."""
    _check(tail)
    middle, sd = mean(returns), deviation(returns)
    if middle is None or sd is None:
        return None
    return -middle + sd * normal_pdf(normal_quantile(tail)) / tail


def cornish_fisher(returns: Sequence[float], tail: float) -> CornishFisher | None:
    """Return the corrected quantile, with population skewness and kurtosis and sd (n - 1); None without spread."""
    _check(tail)
    middle, sd, skew, kurt = (f(returns) for f in (mean, deviation, skewness, kurtosis))
    if middle is None or sd is None or skew is None or kurt is None:
        return None
    excess, z = kurt - 3.0, normal_quantile(tail)
    corrected = (
        z
        + (z * z - 1.0) * skew / 6.0
        + (z**3 - 3.0 * z) * excess / 24.0
        - (2.0 * z**3 - 5.0 * z) * skew * skew / 36.0
    )
    return CornishFisher(corrected, -(middle + corrected * sd), _monotone(skew, excess))


def _monotone(skew: float, excess: float) -> bool:
    """Return whether the derivative a z^2 + b z + c of the correction is positive for every z."""
    a = excess / 8.0 - skew * skew / 6.0
    b, c = skew / 3.0, 1.0 - excess / 8.0 + 5.0 * skew * skew / 36.0
    return (a > 0.0 and b * b < 4.0 * a * c) or (a == 0.0 and b == 0.0 and c > 0.0)
