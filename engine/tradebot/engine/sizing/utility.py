"""Utilities: what makes one distribution of wealth better than another, and the stake that each likes best.

Log is Kelly's; CRRA is fractional Kelly (c = 1/gamma); the target counts only whether a goal is reached; hybrids weigh
them: fixed (`Blend`), by the wealth there is (`ByWealth`), or by the regime of the market (`ByRegime`).
"""

import math
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from tradebot.engine.sizing.outcomes import Outcomes


class Distribution(msgspec.Struct, frozen=True):
    """Wealth at the end, and the chances of it."""

    wealth: tuple[float, ...]
    """Each >= 0; 0 is ruin, and stays."""
    chances: tuple[float, ...]
    """One per wealth, sum 1."""
    start: float = 1.0
    """Wealth now, > 0."""

    def mean_log(self) -> float:
        """Return E ln(W / start); -inf where ruin has a chance."""
        total = 0.0
        for wealth, chance in zip(self.wealth, self.chances, strict=True):
            if chance > 0.0 and wealth <= 0.0:
                return -math.inf
            total += chance * math.log(wealth / self.start) if chance > 0.0 else 0.0
        return total


class Utility(Protocol):
    """A measure of distributions: more is better."""

    def evaluate(self, distribution: Distribution) -> float:
        """Return the utility of a distribution."""
        ...


class Log(msgspec.Struct, frozen=True):
    """Kelly: E ln(W / start)."""

    def evaluate(self, distribution: Distribution) -> float:
        """Return the log growth, in nats."""
        return distribution.mean_log()


class Crra(msgspec.Struct, frozen=True):
    """Constant relative risk aversion."""

    gamma: float
    """>= 0; 1 is Log, 0 only looks at the mean."""

    def evaluate(self, distribution: Distribution) -> float:
        """Return the log growth of the certainty equivalent, in nats: it orders as the utility itself does."""
        sure = certainty_equivalent(distribution.wealth, distribution.chances, self.gamma)
        return math.log(sure / distribution.start) if sure > 0.0 else -math.inf


class Target(msgspec.Struct, frozen=True):
    """Only whether a goal is reached counts."""

    goal: float
    """> 0."""

    def evaluate(self, distribution: Distribution) -> float:
        """Return P(W >= goal)."""
        pairs = zip(distribution.wealth, distribution.chances, strict=True)
        return math.fsum(chance for wealth, chance in pairs if wealth >= self.goal)


class Blend(msgspec.Struct, frozen=True):
    """(1 - w) E ln(W / start) / ln(goal / start) + w P(W >= goal): both parts are 1 on certain success."""

    goal: float
    """Above the wealth now."""
    weight: float
    """w, in [0, 1]: 0 is Kelly, 1 the target."""

    def evaluate(self, distribution: Distribution) -> float:
        """Return the blend.

        Raises:
            ValueError: If the goal is not above the wealth now, or the weight outside [0, 1].
        """
        if not self.goal > distribution.start or not 0.0 <= self.weight <= 1.0:
            raise ValueError(
                f"the goal must be above {distribution.start} and the weight in [0, 1],"
                f" were {self.goal} and {self.weight}"
            )
        return _weigh(
            (Log(), 1.0 / math.log(self.goal / distribution.start), 1.0 - self.weight),
            (Target(self.goal), 1.0, self.weight),
            distribution,
        )


class ByWealth(msgspec.Struct, frozen=True):
    """One utility below a level of the wealth now, another from it on."""

    level: float
    below: Utility
    above: Utility

    def evaluate(self, distribution: Distribution) -> float:
        """Return what the utility in force says."""
        chosen = self.below if distribution.start < self.level else self.above
        return chosen.evaluate(distribution)


class ByRegime(msgspec.Struct, frozen=True):
    """The weighted sum of two utilities, by how likely a calm and a wild market are now (see `regime`)."""

    calm: Utility
    wild: Utility
    weight: float
    """Of the wild one, in [0, 1]: a causal estimate, from returns that are known."""

    def evaluate(self, distribution: Distribution) -> float:
        """Return (1 - w) calm + w wild; with w = 0 or 1 exactly the one."""
        return _weigh(
            (self.calm, 1.0, 1.0 - self.weight), (self.wild, 1.0, self.weight), distribution
        )


def _weigh(
    one: tuple[Utility, float, float],
    other: tuple[Utility, float, float],
    distribution: Distribution,
) -> float:
    """Return a weighted sum; a part of weight 0 is not asked: it may be -inf."""
    parts = (one, other)
    return math.fsum(
        weight * scale * utility.evaluate(distribution)
        for utility, scale, weight in parts
        if weight
    )


def certainty_equivalent(wealth: Sequence[float], chances: Sequence[float], gamma: float) -> float:
    """Return the sure wealth worth as much: (E W^(1 - gamma))^(1 / (1 - gamma)), the geometric mean at gamma = 1.

    Taken around the mean logarithm by expm1 and log1p, so that nothing happens near gamma = 1.

    Args:
        wealth: Each >= 0.
        chances: One each, sum 1.
        gamma: >= 0.

    Returns:
        0 where ruin has a chance and gamma >= 1.

    Raises:
        ValueError: If gamma or a wealth is negative, or the lists differ in length.
    """
    if not gamma >= 0.0 or any(not each >= 0.0 for each in wealth):
        raise ValueError(f"gamma and wealth must be >= 0, were {gamma} and {list(wealth)}")
    pairs = [(w, p) for w, p in zip(wealth, chances, strict=True) if p > 0.0]
    ruined = math.fsum(p for w, p in pairs if w == 0.0)
    if (ruined and gamma >= 1.0) or not pairs or ruined >= 1.0:
        return 0.0
    power = 1.0 - gamma
    logs = [(math.log(w), p) for w, p in pairs if w > 0.0]
    middle = math.fsum(each * p for each, p in logs) / (1.0 - ruined)
    if power == 0.0:
        return math.exp(middle)
    exponents = [(power * (each - middle), p) for each, p in logs]
    top = max(each for each, _ in exponents)
    if top < 1.0:
        excess = math.fsum(p * math.expm1(each) for each, p in exponents) - ruined
        return math.exp(middle + math.log1p(excess) / power)
    total = math.log(math.fsum(p * math.exp(each - top) for each, p in exponents))
    return math.exp(middle + (top + total) / power)


def binary_crra(win: float, pays: float, gamma: float) -> float:
    """Return the stake CRRA likes best on a bet that pays b or loses the stake: K = (pb/q)^(1/gamma), (K - 1)/(b + K).

    Negative without an edge. At gamma = 1 it is Kelly's.

    Args:
        win: In (0, 1).
        pays: b, > 0.
        gamma: > 0.
    """
    if not (0.0 < win < 1.0 and pays > 0.0 and gamma > 0.0):
        raise ValueError(
            f"win must be in (0, 1), pays and gamma > 0, were {win}, {pays} and {gamma}"
        )
    ratio = math.exp((math.log(win * pays) - math.log1p(-win)) / gamma)
    return (ratio - 1.0) / (pays + ratio)


class Best(msgspec.Struct, frozen=True):
    """The stake a utility likes best, and its value there."""

    stake: float
    value: float


def best_stake(utility: Utility, outcomes: Outcomes, *, cap: float, start: float = 1.0) -> Best:
    """Return the best stake on one bet, in [0, cap], by a grid and then by golden section: hybrids are not concave.

    Args:
        utility: What is maximised.
        outcomes: Of one unit staked.
        cap: Largest stake, > 0; no further than where the worst outcome takes everything.
        start: Wealth now.

    Raises:
        ValueError: If the cap is not > 0.
    """
    if not cap > 0.0:
        raise ValueError(f"the cap must be > 0, was {cap}")
    upper = outcomes.upper
    limit = cap if upper is None else min(cap, upper)

    def value(stake: float) -> float:
        wealth = tuple(max(start * (1.0 + stake * r), 0.0) for r in outcomes.returns)
        return utility.evaluate(Distribution(wealth, outcomes.chances, start))

    return best_on_grid(value, limit)


def best_on_grid(value: Callable[[float], float], limit: float, cells: int = 400) -> Best:
    """Return the global maximum of a function on [0, limit]: the best of a grid, refined between its neighbours.

    Of equally good grid points the smallest stake wins.
    """
    grid = [limit * index / cells for index in range(cells + 1)]
    values = [value(each) for each in grid]
    peak = max(range(cells + 1), key=lambda index: (values[index], -index))
    low, high = grid[max(peak - 1, 0)], grid[min(peak + 1, cells)]
    stake = _golden(value, low, high)
    found = value(stake)
    return Best(stake, found) if found > values[peak] else Best(grid[peak], values[peak])


def _golden(value: Callable[[float], float], low: float, high: float) -> float:
    ratio = (math.sqrt(5.0) - 1.0) / 2.0
    one, other = high - ratio * (high - low), low + ratio * (high - low)
    at_one, at_other = value(one), value(other)
    for _ in range(80):
        if at_one >= at_other:
            high, other, at_other = other, one, at_one
            one = high - ratio * (high - low)
            at_one = value(one)
        else:
            low, one, at_one = one, other, at_other
            other = low + ratio * (high - low)
            at_other = value(other)
    return (low + high) / 2.0
