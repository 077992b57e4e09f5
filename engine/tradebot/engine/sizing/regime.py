"""In which regime a market is, from returns that are known: two causal estimates.

Each step takes one return and gives a weight of the wild regime, in [0, 1]; no step looks ahead. `VolatilityState`
switches at thresholds with hysteresis; `TwoStateFilter` is Hamilton's (1989, Econometrica 57:357) with stated figures.
"""

import math
from collections.abc import Iterable

import msgspec


class VolatilityState(msgspec.Struct, frozen=True):
    """Wild from `enter` on, calm again below `leave`: an exponentially weighted volatility with hysteresis."""

    enter: float
    """Volatility per period at which the wild regime begins, above `leave`."""
    leave: float
    """At or below which it ends, > 0."""
    memory: float = 0.94
    """Weight of the past in the variance, in [0, 1) (RiskMetrics 1996)."""
    variance: float | None = None
    """As known; None before the first return."""
    wild: bool = False

    def __post_init__(self) -> None:
        """Check the thresholds.

        Raises:
            ValueError: Unless 0 < leave < enter and memory is in [0, 1).
        """
        if not 0.0 < self.leave < self.enter or not 0.0 <= self.memory < 1.0:
            raise ValueError(
                "0 < leave < enter and memory in [0, 1) are needed,"
                f" were {self.leave}, {self.enter} and {self.memory}"
            )

    @property
    def weight(self) -> float:
        """Return 1 in the wild regime, else 0."""
        return 1.0 if self.wild else 0.0

    def after(self, seen: float) -> "VolatilityState":
        """Return the state after one more return."""
        square = seen * seen
        variance = (
            square
            if self.variance is None
            else self.memory * self.variance + (1.0 - self.memory) * square
        )
        level = math.sqrt(variance)
        wild = level > self.leave if self.wild else level >= self.enter
        return msgspec.structs.replace(self, variance=variance, wild=wild)


class Gaussian(msgspec.Struct, frozen=True):
    """Returns of one regime."""

    mean: float
    deviation: float
    """> 0."""

    def log_density(self, x: float) -> float:
        """Return the logarithm of the density at x, without the constant all regimes share."""
        z = (x - self.mean) / self.deviation
        return -z * z / 2.0 - math.log(self.deviation)


class TwoStateFilter(msgspec.Struct, frozen=True):
    """P(wild | returns so far) of a two-state Markov chain with Gaussian returns."""

    calm: Gaussian
    wild: Gaussian
    stay_calm: float
    """P(calm after calm), in (0, 1)."""
    stay_wild: float
    """P(wild after wild), in (0, 1)."""
    weight: float = -1.0
    """P(wild) as known now; begins at the chain's stationary chance."""

    def __post_init__(self) -> None:
        """Check parameters and set the first weight.

        Raises:
            ValueError: If a chance is outside (0, 1) or a deviation not > 0.
        """
        if not (0.0 < self.stay_calm < 1.0 and 0.0 < self.stay_wild < 1.0):
            raise ValueError(
                f"stay_calm and stay_wild must be in (0, 1), were {self.stay_calm}, {self.stay_wild}"
            )
        if not (self.calm.deviation > 0.0 and self.wild.deviation > 0.0):
            raise ValueError("deviations must be > 0")
        if self.weight < 0.0:
            leaves, comes = 1.0 - self.stay_wild, 1.0 - self.stay_calm
            msgspec.structs.force_setattr(self, "weight", comes / (comes + leaves))

    def ahead(self) -> float:
        """Return P(wild) of the next period, before its return is known: what a bet on it may use."""
        return self.weight * self.stay_wild + (1.0 - self.weight) * (1.0 - self.stay_calm)

    def after(self, seen: float) -> "TwoStateFilter":
        """Return the filter after one more return: predict, then Bayes; in logarithms, so that no return is too odd."""
        wild = self.ahead()
        odds = (
            math.log(wild)
            - math.log1p(-wild)
            + self.wild.log_density(seen)
            - self.calm.log_density(seen)
        )
        weight = 1.0 / (1.0 + math.exp(-odds)) if odds > -700.0 else 0.0
        return msgspec.structs.replace(self, weight=weight)


def weights_of[State: (VolatilityState, TwoStateFilter)](
    state: State, returns: Iterable[float]
) -> list[float]:
    """Return the weight of the wild regime after each return, in order; the k-th knows the first k returns only."""
    weights: list[float] = []
    for each in returns:
        state = state.after(each)
        weights.append(state.weight)
    return weights
