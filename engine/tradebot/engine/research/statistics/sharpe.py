"""The Sharpe ratio, its error, and what it is over longer periods. Ratios are per period unless called annual.

Sources: Lo 2002 (FAJ 58(4):36); Mertens 2002.
"""

import math
from collections.abc import Sequence

from tradebot.engine.research.normal import normal_quantile
from tradebot.engine.research.statistics.sample import (
    checked,
    is_flat,
    kurtosis,
    mean,
    skewness,
    spread,
)


def sharpe(returns: Sequence[float], rate: float = 0.0) -> float | None:
    """Return mean excess over its sd (n - 1), per period; None without spread.

    Args:
        returns: Simple, per period.
        rate: Risk-free, simple, per period.
    """
    excess = [value - rate for value in checked(returns)]
    middle, sd = mean(excess), spread(returns)
    return None if middle is None or sd is None else middle / sd


def sharpe_annual(
    returns: Sequence[float], periods_per_year: float, rate: float = 0.0
) -> float | None:
    """Return the Sharpe ratio times sqrt(periods_per_year)."""
    ratio = sharpe(returns, rate)
    return None if ratio is None else ratio * math.sqrt(periods_per_year)


def error_iid(ratio: float, n: int) -> float | None:
    """Return the standard error sqrt((1 + SR^2/2) / n) of independent normal returns (Lo 2002)."""
    return math.sqrt((1.0 + ratio * ratio / 2.0) / n) if n > 0 else None


def error_nonnormal(ratio: float, n: int, skew: float, kurt: float) -> float | None:
    """Return the root of (1 - g3 SR + (g4 - 1)/4 SR^2) / (n - 1) (Mertens 2002); None where it has none."""
    inner = 1.0 - skew * ratio + (kurt - 1.0) / 4.0 * ratio * ratio
    return math.sqrt(inner / (n - 1)) if n > 1 and inner > 0.0 else None


def error_of(returns: Sequence[float], rate: float = 0.0) -> float | None:
    """Return the error of a series' Sharpe ratio with its own skewness and kurtosis."""
    ratio, skew, kurt = sharpe(returns, rate), skewness(returns), kurtosis(returns)
    if ratio is None or skew is None or kurt is None:
        return None
    return error_nonnormal(ratio, len(returns), skew, kurt)


def interval_annual(
    returns: Sequence[float], periods_per_year: float, rate: float = 0.0, level: float = 0.95
) -> tuple[float, float] | None:
    """Return the interval of the annual Sharpe ratio by Lo's error; None where it is undefined."""
    ratio = sharpe(returns, rate)
    error = None if ratio is None else error_iid(ratio, len(returns))
    if ratio is None or error is None:
        return None
    half, root = normal_quantile(0.5 + level / 2.0) * error, math.sqrt(periods_per_year)
    return (ratio - half) * root, (ratio + half) * root


def autocorrelations(returns: Sequence[float], lags: int) -> list[float] | None:
    """Return the sample autocorrelations at lags 1..lags (divisor n at each); None without spread.

    Raises:
        ValueError: If lags is not in [0, n).
    """
    if is_flat(checked(returns)):
        return None
    n = len(returns)
    if not 0 <= lags < n:
        raise ValueError(f"lags must be in [0, {n}), was {lags}")
    middle = math.fsum(returns) / n
    away = [value - middle for value in returns]
    whole = math.fsum(value * value for value in away)
    return [
        math.fsum(away[i] * away[i + lag] for i in range(n - lag)) / whole
        for lag in range(1, lags + 1)
    ]


def eta(correlations: Sequence[float], q: int) -> float | None:
    """Return Lo's scale q / sqrt(q + 2 sum (q - k) rho_k), the ratio over q periods to that of one.

    Args:
        correlations: At lags 1..q-1; more are not looked at.
        q: Periods, >= 1.

    Returns:
        None where noisy correlations leave nothing under the root.

    Raises:
        ValueError: If there are fewer than q - 1 correlations.
    """
    if q < 1 or len(correlations) < q - 1:
        raise ValueError(
            f"q must be in [1, {len(correlations) + 1}], one more than the lags, was {q}"
        )
    inner = q + 2.0 * math.fsum((q - k) * correlations[k - 1] for k in range(1, q))
    return q / math.sqrt(inner) if inner > 0.0 else None


def eta_ar1(rho: float, q: int) -> float | None:
    """Return eta(q) of an AR(1) series, rho_k = rho^k (Lo 2002, eq. 22)."""
    return eta([rho**k for k in range(1, q)], q)


def sharpe_over(returns: Sequence[float], q: int, rate: float = 0.0) -> float | None:
    """Return the Sharpe ratio over q periods with the series' own autocorrelations."""
    ratio, correlations = sharpe(returns, rate), autocorrelations(returns, q - 1)
    scale = None if correlations is None else eta(correlations, q)
    return None if ratio is None or scale is None else ratio * scale
