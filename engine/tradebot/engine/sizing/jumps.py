"""Stakes on what may gap or expire worthless: jumps of a known size, and bought options.

Sources: Liu, Longstaff, Pan 2003 (J. Finance 58:231); Kelly 1956 for the option.
"""

import math
from functools import cached_property
from typing import Literal

import msgspec

from tradebot.engine.sizing.normal import normal_cdf, normal_pdf
from tradebot.engine.sizing.quadrature import panels
from tradebot.engine.sizing.roots import falling_root, upper_bracket


class GapRisk(msgspec.Struct, frozen=True):
    """A drifting price that jumps by a fixed share at random times; all per year."""

    excess: float
    """Drift above cash, not compensated for the jumps."""
    sigma: float
    """>= 0."""
    rate: float
    """Jumps a year, >= 0."""
    jump: float
    """Share by which it jumps, > -1: -0.25 is a fall of a quarter."""

    @property
    def ruin(self) -> float | None:
        """Return the stake at which one jump takes everything; None where it jumps up."""
        return -1.0 / self.jump if self.jump < 0.0 else None

    @property
    def diffusion_stake(self) -> float:
        """Return the stake of who sees mean and variance only: (m + lam J) / (sigma^2 + lam J^2)."""
        mean = self.excess + self.rate * self.jump
        return mean / (self.sigma**2 + self.rate * self.jump**2)

    def growth(self, stake: float) -> float:
        """Return excess growth a year: f m - f^2 sigma^2 / 2 + lam ln(1 + f J); -inf from the ruin stake on."""
        smooth = stake * self.excess - stake * stake * self.sigma**2 / 2.0
        if self.rate == 0.0:
            return smooth
        if stake * self.jump <= -1.0:
            return -math.inf
        return smooth + self.rate * math.log1p(stake * self.jump)

    def slope(self, stake: float) -> float:
        """Return the derivative of growth."""
        jump = self.rate * self.jump / (1.0 + stake * self.jump) if self.rate else 0.0
        return self.excess - stake * self.sigma**2 + jump

    @property
    def stake(self) -> float:
        """Return the stake that grows fastest, in [0, ruin).

        Raises:
            ValueError: If there is neither a fall nor a volatility to bound it.
        """
        if self.slope(0.0) <= 0.0:
            return 0.0
        ruin = self.ruin if self.rate > 0.0 else None
        return falling_root(self.slope, 0.0, upper_bracket(self.slope) if ruin is None else ruin)


class OptionBet(msgspec.Struct, frozen=True, dict=True):
    """A bought option as a bet: the premium is the stake, and all that can be lost."""

    spot: float
    strike: float
    years: float
    sigma: float
    """Of the log price, per year, > 0."""
    mu: float
    """The real drift: E S_T = S e^(mu T)."""
    premium: float
    """Paid per unit, > 0."""
    right: Literal["call", "put"] = "call"

    def __post_init__(self) -> None:
        """Check that prices, time and volatility are > 0.

        Raises:
            ValueError: If one is not.
        """
        for name in ("spot", "strike", "years", "sigma", "premium"):
            value = getattr(self, name)
            if not value > 0.0:
                raise ValueError(f"{name} must be > 0, was {value}")

    @property
    def _edge(self) -> float:
        """Return the standard normal figure at which the price ends at the strike."""
        spread = self.sigma * math.sqrt(self.years)
        return (
            math.log(self.strike / self.spot) - (self.mu - self.sigma**2 / 2) * self.years
        ) / spread

    @property
    def total_loss(self) -> float:
        """Return the chance that it expires worthless."""
        return normal_cdf(self._edge if self.right == "call" else -self._edge)

    @property
    def mean(self) -> float:
        """Return the expected return of one unit of premium."""
        spread = self.sigma * math.sqrt(self.years)
        forward = self.spot * math.exp(self.mu * self.years)
        sign = 1.0 if self.right == "call" else -1.0
        paid = forward * normal_cdf(sign * (spread - self._edge))
        worth = sign * (paid - self.strike * normal_cdf(-sign * self._edge))
        return worth / self.premium - 1.0

    @cached_property
    def _paying(self) -> tuple[tuple[float, float], ...]:
        """Return (weight, net return) of the quadrature over the prices at which it pays."""
        spread = self.sigma * math.sqrt(self.years)
        middle = math.log(self.spot) + (self.mu - self.sigma**2 / 2) * self.years
        call = self.right == "call"
        low, high = (max(self._edge, -13.0), 13.0) if call else (-13.0, min(self._edge, 13.0))
        sign = 1.0 if call else -1.0
        return tuple(
            (
                weight * normal_pdf(z),
                sign * (math.exp(middle + spread * z) - self.strike) / self.premium - 1.0,
            )
            for z, weight in panels(low, high)
        )

    def growth(self, stake: float) -> float:
        """Return E ln(1 + f (payoff / premium - 1)); the rest of wealth lies in cash at 0."""
        if stake >= 1.0:
            return -math.inf
        pays = math.fsum(weight * math.log1p(stake * net) for weight, net in self._paying)
        return self.total_loss * math.log1p(-stake) + pays

    def slope(self, stake: float) -> float:
        """Return the derivative of growth, stake in [0, 1)."""
        pays = math.fsum(weight * net / (1.0 + stake * net) for weight, net in self._paying)
        return pays - self.total_loss / (1.0 - stake)

    @property
    def stake(self) -> float:
        """Return the share of wealth whose spending on premium grows fastest, in [0, 1)."""
        return falling_root(self.slope, 0.0, 1.0) if self.mean > 0.0 else 0.0
