"""Drawdowns of a curve that begins with its starting value: depth, times, episodes, and what is earned for them."""

import math
from collections.abc import Sequence

import msgspec

from tradebot.engine.research.statistics.returns import cagr_periods, curve, total_return
from tradebot.engine.research.statistics.sample import ratio

_ROUNDING = 1e-12
"""A curve that is so near its peak stands at it: products of decimals miss by this much."""


class Drawdowns(msgspec.Struct, frozen=True):
    """How a curve fell; indices count from the starting value at 0, shares are positive."""

    max_drawdown: float
    peak_index: int
    trough_index: int
    recovery_index: int | None
    """First index at or above the peak after the trough; None: not recovered."""
    longest_under_water: int
    """Points in a row below the peak."""
    n_episodes: int
    """Runs of such points."""
    mean_episode_depth: float
    final_drawdown: float
    pain_index: float | None
    """Mean drawdown over the points after the start."""
    ulcer_index: float | None
    """Root mean square of them, divisor n."""

    @property
    def peak_to_trough(self) -> int:
        """Return the periods of the fall."""
        return self.trough_index - self.peak_index

    @property
    def peak_to_recovery(self) -> int | None:
        """Return the periods from the peak until it was seen again."""
        return None if self.recovery_index is None else self.recovery_index - self.peak_index


def depths(values: Sequence[float]) -> list[float]:
    """Return each point's drawdown from the highest point so far."""
    peak, found = values[0], list[float]()
    for value in values:
        peak = max(peak, value)
        depth = 1.0 - value / peak if peak > 0.0 else 0.0
        found.append(depth if depth > _ROUNDING else 0.0)
    return found


def drawdowns(returns: Sequence[float]) -> Drawdowns:
    """Return how the curve of simple returns fell.

    Raises:
        ValueError: If a return is not finite.
    """
    values = curve(returns)
    found = depths(values)
    trough = max(range(len(found)), key=found.__getitem__)
    peak = max(range(trough + 1), key=values.__getitem__)
    after = (i for i in range(trough, len(values)) if values[i] >= values[peak] * (1.0 - _ROUNDING))
    runs = _runs(found)
    n = len(returns)
    return Drawdowns(
        max_drawdown=found[trough],
        peak_index=peak,
        trough_index=trough,
        recovery_index=next(after, None),
        longest_under_water=max((len(run) for run in runs), default=0),
        n_episodes=len(runs),
        mean_episode_depth=math.fsum(map(max, runs)) / len(runs) if runs else 0.0,
        final_drawdown=found[-1],
        pain_index=math.fsum(found) / n if n else None,
        ulcer_index=math.sqrt(math.fsum(d * d for d in found) / n) if n else None,
    )


def _runs(found: Sequence[float]) -> list[list[float]]:
    runs: list[list[float]] = []
    before = 0.0
    for depth in found:
        if depth > 0.0:
            if before == 0.0:
                runs.append([])
            runs[-1].append(depth)
        before = depth
    return runs


def max_drawdown(returns: Sequence[float]) -> float:
    """Return the deepest fall from a peak, a positive share."""
    return max(depths(curve(returns)))


def calmar(returns: Sequence[float], periods_per_year: float) -> float | None:
    """Return CAGR over the deepest drawdown; None where there was none."""
    return ratio(cagr_periods(returns, periods_per_year), max_drawdown(returns))


def ulcer_performance(
    returns: Sequence[float], periods_per_year: float, annual_rate: float = 0.0
) -> float | None:
    """Return (CAGR - annual_rate) over the Ulcer index; None where nothing fell."""
    growth = cagr_periods(returns, periods_per_year)
    above = None if growth is None else growth - annual_rate
    return ratio(above, drawdowns(returns).ulcer_index)


def recovery_factor(returns: Sequence[float]) -> float | None:
    """Return total return over the deepest drawdown; None where there was none."""
    return ratio(total_return(returns), max_drawdown(returns))
