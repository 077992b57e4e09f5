"""Target before floor: how likely an account reaches one before the other, with and without an edge.

P&L is taken as a drifting Brownian motion with the mean m and variance v of a settled bet: the chance is its scale
function (Karlin, Taylor: A Second Course in Stochastic Processes, chapter 15),

    P = (1 - e^(-2m(x-L)/v)) / (1 - e^(-2m(U-L)/v)),

x equity, L floor, U target. There is no deadline in it. For m -> 0 it becomes the coin-flip line (x-L)/(U-L).
"""

import math

import msgspec

from tradebot.engine.sizing.roots import ratio_of_expm1

BETS_MIN = 30
"""With fewer settled bets nothing is said of the chance with an edge."""

Z95 = 1.959963984540054
"""Standard deviations on either side of a 95 % interval."""


class Spread(msgspec.Struct, frozen=True):
    """What settled bets have brought: how many, mean and standard deviation of one."""

    count: int
    mean: float
    deviation: float
    """Of the bets there are (divisor n): the figures of PRODUCT's House picture agree with this one."""

    @property
    def error(self) -> float | None:
        """Return the standard error of the mean; None without a bet."""
        return self.deviation / math.sqrt(self.count) if self.count else None

    def interval(self) -> tuple[float, float] | None:
        """Return the 95 % interval of the mean; None with fewer than two bets."""
        error = self.error
        if error is None or self.count < 2:
            return None
        return self.mean - Z95 * error, self.mean + Z95 * error

    def proof(self) -> int | None:
        """Return how many bets it takes until the 95 % interval leaves zero if the edge stays: (1.96 sd / edge)^2.

        None with fewer than two bets, without a spread, and where the edge is no edge at all.
        """
        if self.count < 2 or flat(self.mean, self.deviation):
            return None
        ratio = Z95 * self.deviation / self.mean
        return math.ceil(ratio * ratio) if abs(ratio) < 1e9 else None


def flat(mean: float, deviation: float) -> bool:
    """Return whether figures do not differ among themselves beyond rounding (relative, SIZING section 0), or mean 0."""
    return mean == 0.0 or deviation <= 1e-12 * abs(mean)


def spread_of(count: int, total: float, squares: float) -> Spread:
    """Return the spread of `count` figures from their sum and the sum of their squares."""
    if count == 0:
        return Spread(0, 0.0, 0.0)
    mean = total / count
    return Spread(count, mean, math.sqrt(max(squares / count - mean * mean, 0.0)))


def coin_flip(now: float, floor: float, target: float) -> float:
    """Return the chance of the target first without any edge: where equity stands between the two, in [0, 1].

    Raises:
        ValueError: If the floor is not below the target.
    """
    if not floor < target:
        raise ValueError(f"the floor must be below the target, were {floor} and {target}")
    return min(max((now - floor) / (target - floor), 0.0), 1.0)


def chance(now: float, floor: float, target: float, mean: float, variance: float) -> float:
    """Return the chance of the target before the floor, in [0, 1].

    Args:
        now: Equity.
        floor: Below `target`.
        target: In the same currency.
        mean: Of a settled bet's P&L.
        variance: Of the same, > 0; 0 leaves only the sign of the mean.

    Raises:
        ValueError: If the floor is not below the target, or the variance is negative.
    """
    line = coin_flip(now, floor, target)
    if variance < 0.0:
        raise ValueError(f"a variance must be >= 0, was {variance}")
    if line in {0.0, 1.0} or mean == 0.0:
        return line
    if variance == 0.0:
        return 1.0 if mean > 0.0 else 0.0
    rate = -2.0 * mean / variance
    if rate * (target - floor) == 0.0:
        return line  # a mean too small for a float to tell from none
    return ratio_of_expm1(rate * (now - floor), rate * (target - floor))


class Chance(msgspec.Struct, frozen=True):
    """A chance with the 95 % interval that the mean's own interval gives it."""

    value: float
    low: float
    high: float


def chance_from_bets(now: float, floor: float, target: float, bets: Spread) -> Chance | None:
    """Return the chance with the edge that settled bets have shown; None under 30 of them."""
    interval = bets.interval()
    if bets.count < BETS_MIN or interval is None:
        return None
    variance = bets.deviation * bets.deviation
    low, value, high = (
        chance(now, floor, target, mean, variance) for mean in (interval[0], bets.mean, interval[1])
    )
    return Chance(value, low, high)
