"""Kelly from a sample of returns, and how little a sample knows.

The estimate is an M-estimator; its error is of its own size for realistic samples. Sources: Efron 1979; Huber 1967.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

import msgspec

from tradebot.engine.sizing.outcomes import Outcomes

RESAMPLES_MAX = 200_000
"""Distinct resamples that are enumerated at most."""


class SampleKelly(msgspec.Struct, frozen=True):
    """What a sample of returns says of the stake."""

    stake: float
    """argmax mean ln(1 + f x), >= 0."""
    growth: float
    """Nats per period at that stake, on the sample itself: it flatters."""
    error: float
    """Standard error of the stake: 1 / sqrt(n A), A = mean (x / (1 + f x))^2."""
    quadratic: float
    """mean / mean(x^2)."""
    mean_variance: float | None
    """mean / variance (divisor n); None where returns do not differ."""
    upper: float | None
    """1 / |worst|: where one return takes everything; None where none loses."""


def equal_weights(returns: Sequence[float]) -> Outcomes:
    """Return a sample as outcomes of equal chance.

    Raises:
        ValueError: If there is none.
    """
    if not returns:
        raise ValueError("a sample needs at least one return")
    return Outcomes(tuple(returns), (1.0 / len(returns),) * len(returns))


def sample_kelly(returns: Sequence[float], cap: float | None = None) -> SampleKelly:
    """Return the stake a sample of simple returns suggests.

    Args:
        returns: Per period; one of them negative unless a cap is given.
        cap: Of the stake.

    Raises:
        ValueError: If there are none, all are zero, or none loses and there is no cap.
    """
    outcomes = equal_weights(returns)
    count = len(returns)
    squares = math.fsum(x * x for x in returns) / count
    if squares == 0.0:
        raise ValueError("all returns are 0: they say nothing of a stake")
    stake, mean = outcomes.stake(cap), math.fsum(returns) / count
    variance = math.fsum((x - mean) ** 2 for x in returns) / count
    bread = math.fsum((x / (1.0 + stake * x)) ** 2 for x in returns) / count
    flat = math.sqrt(variance) <= 1e-12 * max(abs(x) for x in returns)
    return SampleKelly(
        stake=stake,
        growth=outcomes.growth(stake),
        error=1.0 / math.sqrt(count * bread),
        quadratic=mean / squares,
        mean_variance=None if flat else mean / variance,
        upper=outcomes.upper,
    )


class BootstrapKelly(msgspec.Struct, frozen=True):
    """The stakes that resamples of the same returns would have suggested, each clamped to [0, cap]."""

    total: int
    """Resamples, n^n."""
    mean: float
    losing: float
    """Share of them with a negative mean, which bet nothing; one that comes out even also bets nothing."""
    at_cap: float
    """Share of them that bet the cap: those without losses belong here."""
    quantiles: tuple[float, ...]


def bootstrap_kelly(
    returns: Sequence[float], cap: float, quantiles: Sequence[float]
) -> BootstrapKelly:
    """Return the exact bootstrap distribution of the stake, by enumeration of all resamples.

    Args:
        returns: Few: 9 are 24,310 different resamples; at most 200,000 of them.
        cap: The largest stake, > 0; part of the definition.
        quantiles: Each in [0, 1]; the smallest stake whose share reaches it.

    Raises:
        ValueError: If there are too many returns, the cap is not > 0, or a quantile is outside [0, 1].
    """
    count = len(returns)
    if count == 0 or math.comb(2 * count - 1, count) > RESAMPLES_MAX:
        raise ValueError(f"from 1 to 10 returns can be enumerated, were {count}: sample instead")
    if not cap > 0.0:
        raise ValueError(f"the cap must be > 0, was {cap}")
    if not all(0.0 <= q <= 1.0 for q in quantiles):
        raise ValueError(f"quantiles must be in [0, 1], were {list(quantiles)}")
    total = count**count
    stakes = sorted(_weighted_stakes(returns, cap))
    return BootstrapKelly(
        total=total,
        mean=math.fsum(stake * weight for stake, weight, _ in stakes) / total,
        losing=sum(weight for _, weight, losing in stakes if losing) / total,
        at_cap=sum(weight for stake, weight, _ in stakes if stake == cap) / total,
        quantiles=tuple(_quantile(stakes, Fraction(repr(q)) * total) for q in quantiles),
    )


def _weighted_stakes(returns: Sequence[float], cap: float) -> Iterator[tuple[float, int, bool]]:
    """Yield stake, weight and whether the mean is negative, of each distinct resample.

    The sign is that of the figures as they are written: 0.1 - 2 x 0.08 + 2 x 0.03 is even, not above or below it.
    """
    count, written = len(returns), [Fraction(repr(x)) for x in returns]
    for chosen in itertools.combinations_with_replacement(range(count), count):
        times = [chosen.count(index) for index in range(count)]
        weight = math.factorial(count) // math.prod(math.factorial(each) for each in times)
        sign = sum(each * x for each, x in zip(times, written, strict=True))
        chances = tuple(each / count for each in times)
        stake = Outcomes(tuple(returns), chances).stake(cap) if sign > 0 else 0.0
        yield stake, weight, sign < 0


def _quantile(stakes: Sequence[tuple[float, int, bool]], rank: Fraction) -> float:
    seen = 0
    for stake, weight, _ in stakes:
        seen += weight
        if seen >= rank:
            return stake
    return stakes[-1][0]
