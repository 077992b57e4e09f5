"""A sample of figures: mean, spread, shape, quantiles."""

import math
from collections.abc import Sequence

FLAT = 1e-12
"""A spread below this share of the largest figure is rounding, not spread."""


def checked(values: Sequence[float], name: str = "returns") -> Sequence[float]:
    """Return the figures themselves.

    Raises:
        ValueError: If one is not finite.
    """
    for index, value in enumerate(values):
        if not math.isfinite(value):
            raise ValueError(f"{name}[{index}] must be finite, was {value}; drop or fill it first")
    return values


def same_length(a: Sequence[float], b: Sequence[float], names: tuple[str, str]) -> None:
    """Check that two series belong together.

    Raises:
        ValueError: If they differ in length.
    """
    if len(a) != len(b):
        raise ValueError(
            f"{names[0]} and {names[1]} must be equally long, were {len(a)} and {len(b)}"
        )


def mean(values: Sequence[float]) -> float | None:
    """Return the arithmetic mean; None of nothing."""
    return math.fsum(checked(values)) / len(values) if values else None


def is_flat(values: Sequence[float]) -> bool:
    """Return whether the figures do not differ beyond rounding."""
    if not values:
        return True
    middle = math.fsum(values) / len(values)
    spread = math.sqrt(math.fsum((x - middle) ** 2 for x in values) / len(values))
    return spread <= FLAT * max(abs(middle), *map(abs, values))


def variance(values: Sequence[float], *, less: int = 1) -> float | None:
    """Return the variance with divisor n - less; None with too few figures."""
    middle = mean(values)
    if middle is None or len(values) <= less:
        return None
    return math.fsum((x - middle) ** 2 for x in values) / (len(values) - less)


def deviation(values: Sequence[float]) -> float | None:
    """Return the sample standard deviation (divisor n - 1); None with fewer than two figures."""
    found = variance(values)
    return None if found is None else math.sqrt(found)


def spread(values: Sequence[float]) -> float | None:
    """Return the sample standard deviation to divide by: None also where the figures do not differ."""
    return None if is_flat(values) else deviation(values)


def _central(values: Sequence[float], power: int) -> float:
    middle = math.fsum(values) / len(values)
    return math.fsum((x - middle) ** power for x in values) / len(values)


def skewness(values: Sequence[float]) -> float | None:
    """Return the population skewness g1 (Joanes, Gill 1998); None without spread."""
    if is_flat(checked(values)):
        return None
    return _central(values, 3) / _central(values, 2) ** 1.5


def kurtosis(values: Sequence[float]) -> float | None:
    """Return Pearson's population kurtosis (normal 3); None without spread."""
    if is_flat(checked(values)):
        return None
    return _central(values, 4) / _central(values, 2) ** 2


def skewness_unbiased(values: Sequence[float]) -> float | None:
    """Return G1, the bias-corrected skewness (Joanes, Gill 1998); None with fewer than three figures."""
    n, raw = len(values), skewness(values)
    if raw is None or n < 3:  # noqa: PLR2004  (its divisor)
        return None
    return raw * math.sqrt(n * (n - 1)) / (n - 2)


def excess_kurtosis_unbiased(values: Sequence[float]) -> float | None:
    """Return G2, the bias-corrected kurtosis less 3 (Joanes, Gill 1998); None with fewer than four figures."""
    n, raw = len(values), kurtosis(values)
    if raw is None or n < 4:  # noqa: PLR2004  (its divisor)
        return None
    return (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * (raw - 3.0) + 6.0)


def quantile(values: Sequence[float], q: float) -> float | None:
    """Return the q-quantile by linear interpolation (type 7, numpy's default); None of nothing.

    Raises:
        ValueError: If q is outside [0, 1].
    """
    if not 0.0 <= q <= 1.0:
        raise ValueError(f"q must be in [0, 1], was {q}")
    ordered = sorted(checked(values))
    if not ordered:
        return None
    place = q * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def covariance(a: Sequence[float], b: Sequence[float]) -> float | None:
    """Return the sample covariance (divisor n - 1); None with fewer than two pairs."""
    same_length(a, b, ("a", "b"))
    left, right = mean(a), mean(b)
    if left is None or right is None or len(a) < 2:  # noqa: PLR2004  (its divisor)
        return None
    return math.fsum((x - left) * (y - right) for x, y in zip(a, b, strict=True)) / (len(a) - 1)


def ratio(above: float | None, below: float | None) -> float | None:
    """Return a quotient; None where a side is undefined or the divisor is zero."""
    if above is None or below is None or below == 0.0:
        return None
    return above / below
