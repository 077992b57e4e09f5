"""What a series of simple returns came to, in all and a year. Wealth that reaches zero stays there."""

import math
from collections.abc import Sequence

from tradebot.engine.research.statistics.sample import checked, deviation, mean, variance

DAYS_A_YEAR = 365.25


def curve(returns: Sequence[float]) -> list[float]:
    """Return wealth from 1 at index 0 on, one more figure than returns; zero is absorbing."""
    wealth, values = 1.0, [1.0]
    for value in checked(returns):
        wealth = max(wealth * (1.0 + value), 0.0)
        values.append(wealth)
    return values


def total_return(returns: Sequence[float]) -> float:
    """Return prod(1 + r) - 1, at least -1."""
    return curve(returns)[-1] - 1.0


def geometric_mean(returns: Sequence[float]) -> float | None:
    """Return the return that, each period, comes to the same; None of nothing."""
    return _root(returns, 1.0)


def cagr_periods(returns: Sequence[float], periods_per_year: float) -> float | None:
    """Return (1 + total)^(periods_per_year / n) - 1; None of nothing."""
    return _root(returns, periods_per_year)


def _root(returns: Sequence[float], times: float) -> float | None:
    end = curve(returns)[-1]
    if not returns:
        return None
    return math.expm1(math.log(end) * times / len(returns)) if end > 0.0 else -1.0


def cagr_calendar(start: float, end: float, days: float) -> float | None:
    """Return (end / start)^(365.25 / days) - 1 (ACT/365.25); None without time or money to begin with."""
    if not (days > 0.0 and start > 0.0):
        return None
    return math.expm1(math.log(end / start) * DAYS_A_YEAR / days) if end > 0.0 else -1.0


def annual_mean(returns: Sequence[float], periods_per_year: float) -> float | None:
    """Return the arithmetic mean times the periods of a year."""
    middle = mean(returns)
    return None if middle is None else middle * periods_per_year


def annual_volatility(returns: Sequence[float], periods_per_year: float) -> float | None:
    """Return sd (n - 1) times sqrt(periods_per_year)."""
    sd = deviation(returns)
    return None if sd is None else sd * math.sqrt(periods_per_year)


def annual_log_growth(returns: Sequence[float], periods_per_year: float) -> float | None:
    """Return mean ln(1 + r) times the periods of a year, nats; None of nothing and where all was lost."""
    if not returns or min(checked(returns)) <= -1.0:
        return None
    return math.fsum(map(math.log1p, returns)) / len(returns) * periods_per_year


def annual_volatility_compounded(returns: Sequence[float], periods_per_year: float) -> float | None:
    """Return the volatility of the compounded year, sqrt((s^2 + (1+m)^2)^p - (1+m)^2p), for comparison only."""
    middle, square = mean(returns), variance(returns)
    if middle is None or square is None:
        return None
    growth = (1.0 + middle) ** 2
    return math.sqrt(max((square + growth) ** periods_per_year - growth**periods_per_year, 0.0))


def rate_per_period(annual: float, periods_per_year: float) -> float:
    """Return the simple rate per period of an annual one: (1 + annual)^(1 / periods_per_year) - 1.

    Raises:
        ValueError: If annual <= -1 or periods_per_year <= 0.
    """
    if not (annual > -1.0 and periods_per_year > 0.0):
        raise ValueError(
            f"annual must be > -1 and periods_per_year > 0, were {annual} and {periods_per_year}"
        )
    return math.expm1(math.log1p(annual) / periods_per_year)
