"""How a price may go: paths under a stated model, seeded; the middle of a payoff's distribution.

Each model gives log returns per step. `halved` is the same market with half the drift: what if the edge is half.
"""

import math
from typing import Protocol

import msgspec
import numpy as np

from tradebot.engine.sizing.interior import Matrix


class Model(Protocol):
    """A market model."""

    def steps(self, dice: np.random.Generator, paths: int, count: int, years: float) -> Matrix:
        """Return log returns, path by step, over `years` in `count` steps."""
        ...

    def halved(self) -> "Model":
        """Return the model with half the drift."""
        ...


class Lognormal(msgspec.Struct, frozen=True):
    """dS/S = mu dt + sigma dW."""

    mu: float
    sigma: float
    """> 0."""

    def steps(self, dice: np.random.Generator, paths: int, count: int, years: float) -> Matrix:
        """Return exact steps: (mu - sigma^2/2) dt + sigma sqrt(dt) Z."""
        dt = years / count
        noise = dice.standard_normal((paths, count))
        return (self.mu - self.sigma**2 / 2.0) * dt + self.sigma * math.sqrt(dt) * noise

    def halved(self) -> "Lognormal":
        """Return it with half the drift."""
        return Lognormal(self.mu / 2.0, self.sigma)


class StudentT(msgspec.Struct, frozen=True):
    """Simple returns per step with fat tails, scaled to variance sigma^2 dt, floored where nothing is left."""

    mu: float
    sigma: float
    nu: float = 4.0
    """Degrees of freedom, > 2."""

    def steps(self, dice: np.random.Generator, paths: int, count: int, years: float) -> Matrix:
        """Return ln(1 + mu dt + sigma sqrt(dt) sqrt((nu - 2)/nu) t); E e^t is infinite, so t is no log return."""
        if not self.nu > 2.0:
            raise ValueError(f"nu must be > 2, was {self.nu}")
        dt = years / count
        scale = self.sigma * math.sqrt(dt * (self.nu - 2.0) / self.nu)
        simple = self.mu * dt + scale * dice.standard_t(self.nu, (paths, count))
        return np.log1p(np.maximum(simple, -0.999))

    def halved(self) -> "StudentT":
        """Return it with half the drift."""
        return StudentT(self.mu / 2.0, self.sigma, self.nu)


class Jumping(msgspec.Struct, frozen=True):
    """Merton 1976: a lognormal price with jumps at random times; its drift is compensated, E S_T = S e^(mu T)."""

    mu: float
    sigma: float
    rate: float
    """Jumps a year, >= 0."""
    jump: float
    """Share of a jump, > -1."""

    def steps(self, dice: np.random.Generator, paths: int, count: int, years: float) -> Matrix:
        """Return diffusion and jumps together."""
        if not (self.jump > -1.0 and self.rate >= 0.0):
            raise ValueError(f"jump must be > -1 and rate >= 0, were {self.jump}, {self.rate}")
        dt = years / count
        smooth = Lognormal(self.mu - self.rate * self.jump, self.sigma)
        hits = dice.poisson(self.rate * dt, (paths, count))
        return smooth.steps(dice, paths, count, years) + hits * math.log1p(self.jump)

    def halved(self) -> "Jumping":
        """Return it with half the drift."""
        return Jumping(self.mu / 2.0, self.sigma, self.rate, self.jump)


class Empirical(msgspec.Struct, frozen=True):
    """Steps drawn from seen simple returns, independently: each step is one of them, whatever the time."""

    returns: tuple[float, ...]
    shift: float = 0.0
    """Added to each log return."""

    def steps(self, dice: np.random.Generator, paths: int, count: int, years: float) -> Matrix:
        """Return drawn steps."""
        del years
        if not self.returns or min(self.returns) <= -1.0:
            raise ValueError("returns must be at least one, each > -1")
        logs = np.log1p(np.asarray(self.returns)) + self.shift
        return dice.choice(logs, (paths, count))

    def halved(self) -> "Empirical":
        """Return it with half the mean log return."""
        mean = float(np.mean(np.log1p(np.asarray(self.returns)))) + self.shift
        return Empirical(self.returns, self.shift - mean / 2.0)
