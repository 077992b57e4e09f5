"""Reaching a target by a deadline: the stake that makes it likeliest, and how likely that is.

Browne 1999, Advances in Applied Probability 31:551, "Reaching goals by a deadline". The rule replicates a digital
option. It goes to infinite leverage near the deadline and can lose everything: whoever caps it gets less than the
chance it states, which then is an upper bound.
"""

import math

from tradebot.engine.sizing.normal import normal_cdf, normal_pdf, normal_quantile


def deadline_chance(
    wealth: float, goal: float, years: float, *, sharpe: float, r: float = 0.0
) -> float:
    """Return the best chance of having a goal by a deadline: Phi(Phi^-1(x e^(rT) / b) + theta sqrt(T)).

    Args:
        wealth: x, now, >= 0.
        goal: b, > 0.
        years: T until the deadline, >= 0.
        sharpe: theta = (mu - r) / sigma, per year.
        r: Interest on cash, per year.

    Raises:
        ValueError: If the goal is not > 0, or wealth or years are negative.
    """
    share = _share(wealth, goal, years, r)
    if share >= 1.0:
        return 1.0
    if share <= 0.0 or years == 0.0:
        return 0.0
    return normal_cdf(normal_quantile(share) + sharpe * math.sqrt(years))


def deadline_stake(
    wealth: float, goal: float, years: float, *, sigma: float, r: float = 0.0
) -> float:
    """Return the share of wealth to hold in the asset now, >= 0, without any cap.

    The amount is b e^(-rT) phi(Phi^-1(x e^(rT) / b)) / (sigma sqrt(T)); it does not depend on the asset's drift.

    Args:
        wealth: x, now, > 0.
        goal: b, > 0.
        years: T until the deadline, > 0.
        sigma: The asset's volatility, per year, > 0.
        r: Interest on cash, per year.

    Returns:
        0 where cash alone reaches the goal, or nothing can.

    Raises:
        ValueError: If the goal or sigma is not > 0, or wealth or years are negative.
    """
    if sigma <= 0.0:
        raise ValueError(f"sigma must be > 0, was {sigma}")
    share = _share(wealth, goal, years, r)
    if not 0.0 < share < 1.0 or years == 0.0:
        return 0.0
    density = normal_pdf(normal_quantile(share))
    return goal * math.exp(-r * years) * density / (sigma * math.sqrt(years)) / wealth


def _share(wealth: float, goal: float, years: float, r: float) -> float:
    if not (goal > 0.0 and wealth >= 0.0 and years >= 0.0):
        raise ValueError(
            f"goal must be > 0, wealth and years >= 0, were {goal}, {wealth} and {years}"
        )
    return wealth * math.exp(r * years) / goal
