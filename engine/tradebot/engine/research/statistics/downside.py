"""Ratios of gains to losses: Sortino, Omega, tails, gain to pain, profit factor."""

import math
from collections.abc import Sequence

from tradebot.engine.research.statistics.sample import FLAT, checked, mean, quantile, ratio


def downside_deviation(returns: Sequence[float], target: float = 0.0) -> float | None:
    """Return sqrt(sum min(r - target, 0)^2 / n) over all n returns; None of nothing."""
    if not checked(returns):
        return None
    return math.sqrt(math.fsum(min(r - target, 0.0) ** 2 for r in returns) / len(returns))


def sortino(returns: Sequence[float], target: float = 0.0) -> float | None:
    """Return mean excess over the target divided by the downside deviation; None without a loss or below two returns.

    Args:
        returns: Simple, per period.
        target: Return per period that is owed.
    """
    middle, down = mean(returns), downside_deviation(returns, target)
    if middle is None or down is None or len(returns) < 2:  # noqa: PLR2004  (one return has no spread)
        return None
    largest = max(abs(target), *map(abs, returns))
    return None if down <= FLAT * largest else (middle - target) / down


def sortino_annual(
    returns: Sequence[float], periods_per_year: float, target: float = 0.0
) -> float | None:
    """Return the Sortino ratio times sqrt(periods_per_year)."""
    found = sortino(returns, target)
    return None if found is None else found * math.sqrt(periods_per_year)


def omega(returns: Sequence[float], threshold: float = 0.0) -> float | None:
    """Return sum (r - t)+ / sum (t - r)+; None where nothing fell short."""
    above = math.fsum(max(r - threshold, 0.0) for r in checked(returns))
    return ratio(above, math.fsum(max(threshold - r, 0.0) for r in returns))


def tail_ratio(returns: Sequence[float]) -> float | None:
    """Return |95 % quantile / 5 % quantile|; None where the latter is zero."""
    found = ratio(quantile(returns, 0.95), quantile(returns, 0.05))
    return None if found is None else abs(found)


def gain_to_pain(returns: Sequence[float]) -> float | None:
    """Return sum r / |sum of the negative r|; None without a loss."""
    lost = math.fsum(min(r, 0.0) for r in checked(returns))
    return ratio(math.fsum(returns), -lost)


def hit_rate(figures: Sequence[float]) -> float | None:
    """Return the share of figures > 0; None of nothing."""
    return sum(1 for x in checked(figures) if x > 0.0) / len(figures) if figures else None


def profit_factor(figures: Sequence[float]) -> float | None:
    """Return what was won over what was lost; None without a loss. On P&L, not on returns, for trades."""
    won = math.fsum(max(x, 0.0) for x in checked(figures))
    return ratio(won, -math.fsum(min(x, 0.0) for x in figures))
