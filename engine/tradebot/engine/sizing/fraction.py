"""A constant share of wealth in one drifting price: when it reaches a target, and which share is likeliest to.

Source: closed forms of first passage (Karlin, Taylor); the share that maximises P(W_T >= b) does not depend on mu.
"""

import math

import msgspec

from tradebot.engine.sizing.kelly import Drift
from tradebot.engine.sizing.normal import chance_to_touch, normal_cdf
from tradebot.engine.sizing.target import chance


class Aim(msgspec.Struct, frozen=True):
    """A target of wealth by a deadline."""

    wealth: float
    """Now, > 0."""
    goal: float
    """> 0."""
    years: float
    """> 0."""

    def __post_init__(self) -> None:
        """Check the bounds.

        Raises:
            ValueError: If a figure is not > 0.
        """
        for name in ("wealth", "goal", "years"):
            if not getattr(self, name) > 0.0:
                raise ValueError(f"{name} must be > 0, was {getattr(self, name)}")

    @property
    def distance(self) -> float:
        """Return ln(goal / wealth)."""
        return math.log(self.goal / self.wealth)


def chance_to_hit(drift: Drift, stake: float, aim: Aim) -> float:
    """Return P(wealth reaches the goal at some time before the deadline), watched without a break."""
    volatility = abs(stake) * drift.sigma
    return chance_to_touch(aim.distance, drift.growth(stake), volatility, aim.years)


def chance_at_end(drift: Drift, stake: float, aim: Aim) -> float:
    """Return P(wealth at the deadline is at least the goal)."""
    spread = abs(stake) * drift.sigma * math.sqrt(aim.years)
    ahead = drift.growth(stake) * aim.years - aim.distance
    if spread == 0.0:
        return 1.0 if ahead >= 0.0 else 0.0
    return normal_cdf(ahead / spread)


def time_to_hit(drift: Drift, stake: float, aim: Aim) -> float | None:
    """Return the expected years until the goal, without a deadline: ln(b/x) / nu; None unless wealth grows."""
    growth = drift.growth(stake)
    if aim.distance <= 0.0:
        return 0.0
    return aim.distance / growth if growth > 0.0 else None


def likeliest_stake(drift: Drift, aim: Aim) -> float:
    """Return the constant share with the best chance at the deadline: sqrt(2 (ln(b/x) - rT) / (sigma^2 T)).

    0 where cash alone reaches the goal.
    """
    short = aim.distance - drift.r * aim.years
    return math.sqrt(2.0 * short / aim.years) / drift.sigma if short > 0.0 else 0.0


class Stopping(msgspec.Struct, frozen=True):
    """Betting until a target or a floor, then cash."""

    target: float
    """P(target first)."""
    years: float
    """Expected until either."""
    log_wealth: float
    """E ln of the wealth then."""


def until_target_or_floor(
    wealth: float, floor: float, target: float, *, growth: float, volatility: float
) -> Stopping:
    """Return what a wealth of log drift `growth` and `volatility` comes to at the first of a floor and a target.

    Raises:
        ValueError: Unless 0 < floor <= wealth <= target, floor < target, and volatility > 0.
    """
    if not (0.0 < floor <= wealth <= target and floor < target):
        raise ValueError(
            f"0 < floor <= wealth <= target is needed, were {floor}, {wealth} and {target}"
        )
    if not volatility > 0.0:
        raise ValueError(f"volatility must be > 0, was {volatility}")
    low, now, high = math.log(floor), math.log(wealth), math.log(target)
    variance = volatility * volatility
    up = chance(now, low, high, growth, variance)
    end = low + up * (high - low)
    if abs(growth * (high - low)) < 1e-7 * variance:
        years = (now - low) * (high - now) / variance
    else:
        years = (end - now) / growth
    return Stopping(up, years, end)
