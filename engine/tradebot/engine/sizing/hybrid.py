"""The blend of growth and target for a constant share of a drifting price, in closed form.

J_w(f) = (1 - w) E ln(W_T / x) / ln(b / x) + w P(W_T >= b): an objective of this house, in no paper. Not concave: a grid
finds the hill, a root of the derivative its top.
"""

import math

from tradebot.engine.sizing.fraction import Aim, chance_at_end
from tradebot.engine.sizing.kelly import Drift
from tradebot.engine.sizing.normal import normal_pdf
from tradebot.engine.sizing.roots import falling_root
from tradebot.engine.sizing.utility import Best

STAKE_MAX = 12.0
_CELLS = 2400


def blend_value(drift: Drift, aim: Aim, weight: float, stake: float) -> float:
    """Return J_w at a constant share.

    Raises:
        ValueError: If the goal is not above the wealth now, or the weight outside [0, 1].
    """
    _check(aim, weight)
    growth = drift.growth(stake) * aim.years / aim.distance
    return (1.0 - weight) * growth + weight * chance_at_end(drift, stake, aim)


def blend_slope(drift: Drift, aim: Aim, weight: float, stake: float) -> float:
    """Return dJ/df at a share > 0."""
    root = math.sqrt(aim.years)
    growth = (drift.mu - drift.r - stake * drift.sigma**2) * aim.years / aim.distance
    short = aim.distance - drift.r * aim.years
    spread = stake * drift.sigma * root
    z = (drift.growth(stake) * aim.years - aim.distance) / spread
    dz = short / (stake * spread) - drift.sigma * root / 2.0
    return (1.0 - weight) * growth + weight * normal_pdf(z) * dz


def best_blend(drift: Drift, aim: Aim, weight: float, most: float = STAKE_MAX) -> Best:
    """Return the share in (0, most] that maximises J_w; w = 0 is Kelly, w = 1 the likeliest to reach the goal.

    Raises:
        ValueError: As `blend_value`, or if `most` is not > 0.
    """
    _check(aim, weight)
    if not most > 0.0:
        raise ValueError(f"the largest stake must be > 0, was {most}")
    cell = most / _CELLS
    values = [blend_value(drift, aim, weight, cell * index) for index in range(1, _CELLS + 1)]
    peak = 1 + max(range(_CELLS), key=values.__getitem__)
    stake = falling_root(
        lambda f: blend_slope(drift, aim, weight, f),
        max(cell * (peak - 1), cell * 1e-6),
        min(cell * (peak + 1), most),
    )
    return Best(stake, blend_value(drift, aim, weight, stake))


def _check(aim: Aim, weight: float) -> None:
    if not aim.distance > 0.0:
        raise ValueError(f"the goal must be above the wealth {aim.wealth}, was {aim.goal}")
    if not 0.0 <= weight <= 1.0:
        raise ValueError(f"the weight must be in [0, 1], was {weight}")
