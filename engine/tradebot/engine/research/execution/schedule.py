"""The schedule of Almgren and Chriss (2000, J.Risk 3(2)): sell X in N steps over T against linear impact."""

import math
from itertools import pairwise

import msgspec

from tradebot.engine.research.normal import normal_quantile

_HALVINGS = 200
_TINY = 1e-300


class Market(msgspec.Struct, frozen=True):
    """Order and market; money a share, shares, days."""

    quantity: float
    """X, > 0."""
    time: float
    """T, > 0."""
    steps: int
    """N, >= 1."""
    sigma: float
    """Money a share and root day, >= 0."""
    epsilon: float
    """Half the spread, money a share."""
    gamma: float
    """Permanent impact, money a share and share, >= 0."""
    eta: float
    """Temporary impact, money a share and share a day; eta - gamma tau / 2 must be > 0."""

    @property
    def tau(self) -> float:
        """Return the length of a step."""
        return self.time / self.steps

    @property
    def eta_tilde(self) -> float:
        """Return eta - gamma tau / 2.

        Raises:
            ValueError: If it is not > 0, or a figure is out of its bound.
        """
        if not (self.quantity > 0.0 and self.time > 0.0 and self.steps >= 1):
            raise ValueError(
                f"quantity, time must be > 0, steps >= 1: {self.quantity}, {self.time}, {self.steps}"
            )
        found = self.eta - self.gamma * self.tau / 2.0
        if not found > 0.0:
            raise ValueError(f"eta - gamma tau / 2 must be > 0, was {found}; take more steps")
        return found


class Schedule(msgspec.Struct, frozen=True):
    """The best way to sell for one aversion to risk."""

    kappa_tilde: float
    kappa: float
    holdings: list[float]
    """At times 0, tau, ..., T."""
    trades: list[float]
    expected_cost: float
    variance: float
    objective: float
    """Expected cost + lambda variance."""

    @property
    def half_life(self) -> float | None:
        """Return 1 / kappa~, as DROP prints it (1 / kappa differs a little in discrete time); None without aversion."""
        return 1.0 / self.kappa_tilde if self.kappa_tilde > 0.0 else None

    @property
    def deviation(self) -> float:
        """Return the root of the variance."""
        return math.sqrt(self.variance)


def schedule(market: Market, aversion: float) -> Schedule:
    """Return the schedule that makes expected cost + aversion x variance least.

    Raises:
        ValueError: If aversion is negative or not finite, or a figure of the market is out of its bound.
    """
    if not (aversion >= 0.0 and math.isfinite(aversion)):
        raise ValueError(f"aversion must be >= 0 and finite, was {aversion}")
    eta, tau = market.eta_tilde, market.tau
    square = aversion * market.sigma**2 / eta
    # acosh(1 + y) by asinh, which does not lose a small y.
    kappa = 2.0 * math.asinh(math.sqrt(square) * tau / 2.0) / tau
    left = [_left(kappa * market.time, k / market.steps) for k in range(market.steps + 1)]
    holdings = [market.quantity * share for share in left]
    trades = [a - b for a, b in pairwise(holdings)]
    cost = (
        market.gamma * market.quantity**2 / 2.0
        + market.epsilon * market.quantity
        + eta / tau * math.fsum(n * n for n in trades)
    )
    variance = market.sigma**2 * tau * math.fsum(x * x for x in holdings[1:])
    return Schedule(
        kappa_tilde=math.sqrt(square),
        kappa=kappa,
        holdings=holdings,
        trades=trades,
        expected_cost=cost,
        variance=variance,
        objective=cost + aversion * variance,
    )


def _left(whole: float, done: float) -> float:
    """Return sinh(w (1 - d)) / sinh(w), which is 1 - d for w 0, without overflow."""
    if whole == 0.0:
        return 1.0 - done
    rest = whole * (1.0 - done)
    return math.exp(rest - whole) * math.expm1(-2.0 * rest) / math.expm1(-2.0 * whole)


class LiquidityRisk(msgspec.Struct, frozen=True):
    """The least of expected cost + z sd over all schedules."""

    aversion: float
    """lambda = z / (2 sd)."""
    value_at_risk: float
    plan: Schedule


def liquidity_risk(market: Market, level: float) -> LiquidityRisk:
    """Return the liquidity-adjusted value at risk.

    Raises:
        ValueError: If level is not in (0.5, 1), sigma is not > 0, or a figure of the market is out of its bound.
    """
    if not (0.5 < level < 1.0 and market.sigma > 0.0):  # noqa: PLR2004  (z is positive above it)
        raise ValueError(f"level must be in (0.5, 1), sigma > 0, were {level} and {market.sigma}")
    z = normal_quantile(level)
    low, high = _TINY, 1.0
    # lambda sd(lambda) grows with lambda: the variance falls slower than lambda^-2.
    while _excess(market, high, z) < 0.0:
        high *= 4.0
    for _ in range(_HALVINGS):
        middle = math.sqrt(low) * math.sqrt(high)
        if not low < middle < high:
            break
        if _excess(market, middle, z) < 0.0:
            low = middle
        else:
            high = middle
    plan = schedule(market, high)
    return LiquidityRisk(high, plan.expected_cost + z * plan.deviation, plan)


def _excess(market: Market, aversion: float, z: float) -> float:
    return 2.0 * aversion * schedule(market, aversion).deviation - z
