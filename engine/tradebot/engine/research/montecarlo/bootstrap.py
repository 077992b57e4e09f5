"""What a resampler of series must give: exact variances of the bootstrap mean, and how long its blocks should be.

Sources: Politis, Romano 1992 and 1994 (JASA 89:1303, Lemma 1); Politis, White 2004 with the correction of Patton,
Politis, White 2009. Block lengths follow `arch.bootstrap.optimal_block_length`, whose m differs by one lag from the
paper's wording.
"""

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from tradebot.engine.research.statistics.sample import checked, is_flat


def autocovariances(values: Sequence[float], lags: int | None = None) -> list[float]:
    """Return the autocovariances at lags 0..lags, divisor n at each.

    Raises:
        ValueError: If there are no values or lags is not in [0, n).
    """
    n = len(checked(values, "values"))
    last = n - 1 if lags is None else lags
    if not 0 <= last < n:
        raise ValueError(f"lags must be in [0, {n}), was {last}")
    away = np.asarray(values, dtype=np.float64)
    away = away - math.fsum(values) / n
    return [float(away[lag:] @ away[: n - lag]) / n for lag in range(last + 1)]


def variance_independent(values: Sequence[float]) -> float:
    """Return the variance of the mean of n independent draws: R(0) / n.

    Raises:
        ValueError: If there are no values.
    """
    return autocovariances(values, 0)[0] / len(values)


def variance_stationary(values: Sequence[float], p: float) -> float:
    """Return the variance of the mean under the stationary bootstrap.

    Args:
        values: The series.
        p: Chance that a block ends, in (0, 1]; the mean block is 1/p.

    Raises:
        ValueError: If p is out of its bound or there are no values.
    """
    if not 0.0 < p <= 1.0:
        raise ValueError(f"p must be in (0, 1], was {p}")
    n, cov = len(values), autocovariances(values)
    stay = 1.0 - p
    weighted = math.fsum(
        ((1.0 - i / n) * stay**i + i / n * stay ** (n - i)) * cov[i] for i in range(1, n)
    )
    return (cov[0] + 2.0 * weighted) / n


def variance_circular(values: Sequence[float], block: int) -> float:
    """Return the variance of the mean under the circular block bootstrap: that of a block's mean over n / block.

    Raises:
        ValueError: If block is not in [1, n] or does not divide n.
    """
    n = len(checked(values, "values"))
    if not 1 <= block <= n or n % block:
        raise ValueError(f"block must be in [1, {n}] and divide {n}, was {block}")
    middle = math.fsum(values) / n
    ring = [x - middle for x in (*values, *values[: block - 1])]
    squares = ((math.fsum(ring[i : i + block]) / block) ** 2 for i in range(n))
    return math.fsum(squares) / n / (n // block)


class BlockLength(msgspec.Struct, frozen=True):
    """Block lengths that make the variance of the mean most exact."""

    stationary: float
    """Mean block."""
    circular: float
    m: int
    """Lag up to which correlations counted as real."""


def block_length(values: Sequence[float]) -> BlockLength | None:
    """Return the automatic block length (flat-top kernel); None without spread.

    Raises:
        ValueError: If there are fewer than 8 values or one is not finite.
    """
    n = len(checked(values, "values"))
    if n < 8:  # noqa: PLR2004  (its lags would not fit)
        raise ValueError(
            f"a block length needs at least 8 values, got {n}: add returns or give a block length"
        )
    if is_flat(values):
        return None
    away = np.asarray(values, dtype=np.float64)
    away = away - away.mean()
    longest = math.ceil(min(3.0 * math.sqrt(n), n / 3.0))
    m = _correlated_lags(away)
    cov = [float(away[lag:] @ away[: n - lag]) / n for lag in range(m + 1)]
    weights = [2.0 * min(1.0, 2.0 * (1.0 - k / m)) for k in range(1, m + 1)]
    g = math.fsum(w * k * cov[k] for k, w in enumerate(weights, start=1))
    variance = cov[0] + math.fsum(w * cov[k] for k, w in enumerate(weights, start=1))
    if variance == 0.0:
        return None
    scale = (g * g / variance**2 * n) ** (1.0 / 3.0)
    return BlockLength(min(scale, longest), min(1.5 ** (1.0 / 3.0) * scale, longest), m)


def _correlated_lags(away: NDArray[np.float64]) -> int:
    """Return m: twice the first lag after which a run of correlations is within what chance gives."""
    n = len(away)
    run = max(5, int(math.log10(n)))
    last = min(math.ceil(math.sqrt(n)) + run, n - 2)
    chance = 2.0 * math.sqrt(math.log10(n) / n)
    found: list[bool] = []
    for lag in range(last + 1):
        if lag >= run and all(found[lag - run : lag]):
            return min(2 * max(lag - run, 1), last)
        head, tail = away[: n - lag - 1], away[lag + 1 :]
        scale = math.sqrt(float(head @ head) * float(tail @ tail))
        found.append(abs(float(away[lag:] @ away[: n - lag])) < chance * scale)
    return last
