"""Error bars of simulated figures: shares, quantiles, and what seeing nothing proves.

Sources: Wilson 1927; Clopper, Pearson 1934; David, Nagaraja 2003.
"""

import math
from functools import lru_cache

from tradebot.engine.research.normal import normal_pdf, normal_quantile
from tradebot.engine.sizing.beta import beta_quantile, incomplete_beta


def share_error(hits: int, n: int) -> float:
    """Return sqrt(p (1 - p) / n)."""
    p = hits / n
    return math.sqrt(p * (1.0 - p) / n)


def clopper_pearson(hits: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a share.

    Raises:
        ValueError: If hits is not in [0, n] or n < 1.
    """
    if not 0 <= hits <= n or n < 1:
        raise ValueError(f"hits must be in [0, {n}] and n >= 1, were {hits} and {n}")
    tail = (1.0 - level) / 2.0
    low = 0.0 if hits == 0 else beta_quantile(hits, n - hits + 1.0, tail)
    high = 1.0 if hits == n else beta_quantile(hits + 1.0, n - hits, 1.0 - tail)
    return low, high


def zero_hit_bound(n: int, level: float = 0.95) -> float:
    """Return what a chance is below after n paths without a hit, one-sided: 1 - (1 - level)^(1/n)."""
    return -math.expm1(math.log1p(-level) / n)


def binomial_quantile(p: float, n: int, q: float) -> int:
    """Return the least k with P(Bin(n, q) <= k) >= p, by bisection on the incomplete beta function.

    Raises:
        ValueError: If p or q is outside (0, 1).
    """
    if not (0.0 < p < 1.0 and 0.0 < q < 1.0):
        raise ValueError(f"p and q must be in (0, 1), were {p} and {q}")
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        if incomplete_beta(n - middle, middle + 1.0, 1.0 - q) >= p:
            high = middle
        else:
            low = middle + 1
    return low


@lru_cache(maxsize=256)
def quantile_ranks(n: int, q: float, level: float = 0.95) -> tuple[int, int]:
    """Return the ranks (from 1) of the order statistics that bracket the q-quantile.

    A rank 0 or n + 1 says that the sample is too small to bound it on that side.
    """
    tail = (1.0 - level) / 2.0
    return binomial_quantile(tail, n, q), binomial_quantile(1.0 - tail, n, q) + 1


def quantile_error_normal(n: int, q: float) -> float:
    """Return the error of the q-quantile of n standard normals: sqrt(q (1 - q) / n) / phi(z_q)."""
    return math.sqrt(q * (1.0 - q) / n) / normal_pdf(normal_quantile(q))
