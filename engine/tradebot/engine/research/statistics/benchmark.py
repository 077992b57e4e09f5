"""A series against a benchmark: alpha, beta, tracking, capture."""

import math
from collections.abc import Sequence

import msgspec

from tradebot.engine.research.statistics.returns import geometric_mean
from tradebot.engine.research.statistics.sample import (
    checked,
    covariance,
    deviation,
    is_flat,
    mean,
    ratio,
    same_length,
    spread,
    variance,
)


class Comparison(msgspec.Struct, frozen=True):
    """A series against its benchmark; None: undefined."""

    beta: float | None
    alpha: float | None
    """Per period, the intercept of excess on excess."""
    alpha_annual: float | None
    """Alpha times the periods of a year."""
    alpha_compounded: float | None
    """(1 + alpha)^periods - 1."""
    correlation: float | None
    r_squared: float | None
    tracking_error_annual: float | None
    information_ratio: float | None
    """Annual."""
    up_capture: float | None
    """Geometric mean over the benchmark's where the benchmark rose."""
    down_capture: float | None


def compare(
    returns: Sequence[float],
    benchmark: Sequence[float],
    periods_per_year: float,
    rate: float = 0.0,
) -> Comparison:
    """Compare two series of simple returns by least squares on their excess over a rate per period.

    Raises:
        ValueError: If they differ in length or hold what is not finite.
    """
    same_length(checked(returns), checked(benchmark, "benchmark"), ("returns", "benchmark"))
    beta = _beta(returns, benchmark)
    own, other = mean(returns), mean(benchmark)
    alpha = None
    if beta is not None and own is not None and other is not None:
        alpha = own - rate - beta * (other - rate)
    correlation = _correlation(returns, benchmark)
    active = [a - b for a, b in zip(returns, benchmark, strict=True)]
    tracking, root = deviation(active), math.sqrt(periods_per_year)
    information = ratio(mean(active), spread(active))
    return Comparison(
        beta=beta,
        alpha=alpha,
        alpha_annual=None if alpha is None else alpha * periods_per_year,
        alpha_compounded=_compound(alpha, periods_per_year),
        correlation=correlation,
        r_squared=None if correlation is None else correlation**2,
        tracking_error_annual=None if tracking is None else tracking * root,
        information_ratio=None if information is None else information * root,
        up_capture=_capture(returns, benchmark, 1.0),
        down_capture=_capture(returns, benchmark, -1.0),
    )


def _beta(returns: Sequence[float], benchmark: Sequence[float]) -> float | None:
    return (
        None if is_flat(benchmark) else ratio(covariance(returns, benchmark), variance(benchmark))
    )


def _correlation(returns: Sequence[float], benchmark: Sequence[float]) -> float | None:
    a, b, both = spread(returns), spread(benchmark), covariance(returns, benchmark)
    return None if a is None or b is None or both is None else both / (a * b)


def _compound(alpha: float | None, periods_per_year: float) -> float | None:
    return None if alpha is None or alpha <= -1.0 else (1.0 + alpha) ** periods_per_year - 1.0


def _capture(returns: Sequence[float], benchmark: Sequence[float], sign: float) -> float | None:
    chosen = [(a, b) for a, b in zip(returns, benchmark, strict=True) if b * sign > 0.0]
    return ratio(geometric_mean([a for a, _ in chosen]), geometric_mean([b for _, b in chosen]))
