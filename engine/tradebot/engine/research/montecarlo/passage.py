"""When wealth reaches a level, and how deep it falls from its peak: log wealth is nu t + v W_t.

Sources: Borodin, Salminen 2002; Broadie, Glasserman, Kou 1997 (Math.Fin. 7:325); Magdon-Ismail and others 2004
(J.Appl.Prob. 41:147); Taylor 1975 (Ann.Prob. 3:234), inverted by Abate and Whitt's fixed Talbot method (2004).
"""

import cmath
import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tradebot.engine.research.montecarlo.laws import positive, root
from tradebot.engine.research.normal import log_normal_cdf, normal_cdf

BGK = 0.5825971579390107
"""-zeta(1/2) / sqrt(2 pi): by how much v sqrt(dt) a barrier that is looked at on dates stands farther away."""

_TERMS = 24
_NODES, _NODES_MAX = 300, 1500
_SERIES_MAX = 400


def depth_of(share: float) -> float:
    """Return the log depth -ln(1 - D) of a share lost, in [0, 1)."""
    return -math.log1p(-share)


def share_of(depth: float) -> float:
    """Return the share lost 1 - e^-h of a log depth."""
    return -math.expm1(-depth)


def chance_by(nu: float, vol: float, level: float, time: float) -> float:
    """Return P(level is reached by `time`), level != 0 in logs.

    Raises:
        ValueError: If vol or time is not > 0 or the level is 0.
    """
    a, drift = _facing(nu, vol, level)
    positive(time=time)
    s = vol * math.sqrt(time)
    second = math.exp(2.0 * drift * a / vol**2 + log_normal_cdf((-a - drift * time) / s))
    return normal_cdf((drift * time - a) / s) + second


def chance_ever(nu: float, vol: float, level: float) -> float:
    """Return P(level is ever reached).

    Raises:
        ValueError: If vol is not > 0 or the level is 0.
    """
    a, drift = _facing(nu, vol, level)
    return 1.0 if drift >= 0.0 else math.exp(2.0 * drift * a / vol**2)


def mean_time(nu: float, vol: float, level: float) -> float | None:
    """Return the mean time to the level, |a / nu|; None where it is infinite or never comes.

    Raises:
        ValueError: If vol is not > 0 or the level is 0.
    """
    a, drift = _facing(nu, vol, level)
    return a / drift if drift > 0.0 else None


def median_time(nu: float, vol: float, level: float) -> float | None:
    """Return the median time to the level; None where it comes with a chance below one half.

    Raises:
        ValueError: If vol is not > 0 or the level is 0.
    """
    half = 0.5
    if chance_ever(nu, vol, level) <= half:
        return None
    high = 1.0
    while chance_by(nu, vol, level, high) < half:
        high *= 2.0
    return root(lambda t: chance_by(nu, vol, level, t) - half, high * 1e-12, high, half)


def _facing(nu: float, vol: float, level: float) -> tuple[float, float]:
    """Return the level's distance, and the drift towards it."""
    positive(vol=vol)
    if level == 0.0 or not math.isfinite(level):
        raise ValueError(f"level must be finite and not 0, was {level}")
    return abs(level), math.copysign(nu, nu * level)


def chance_bgk(nu: float, vol: float, level: float, time: float, dates: int) -> float:
    """Return the chance that a level is seen reached on equal dates, by the barrier moved away by 0.5826 v sqrt(dt)."""
    away = BGK * vol * math.sqrt(time / dates)
    return chance_by(nu, vol, level + math.copysign(away, level), time)


def chance_on_dates(nu: float, vol: float, level: float, time: float, dates: int) -> float:
    """Return the same exactly, by Gauss-Legendre recursion on the density of the paths that did not reach it.

    Raises:
        ValueError: If vol or time is not > 0, the level is 0, or dates < 1.
    """
    a, drift = _facing(nu, vol, level)
    positive(time=time, dates=dates)
    dt = time / dates
    sd, shift = vol * math.sqrt(dt), drift * dt
    # Distance y > 0 below the level; it starts at a.
    low, high = 0.0, a + 9.0 * vol * math.sqrt(time) + abs(drift) * time
    count = min(max(_NODES, math.ceil(5.0 * high / sd)), _NODES_MAX)
    nodes, weights = _gauss(count)
    y = (high - low) / 2.0 * nodes + (high + low) / 2.0
    w = (high - low) / 2.0 * weights
    scale = sd * math.sqrt(2.0 * math.pi)
    kernel = np.exp(-0.5 * ((y[:, None] - y[None, :] + shift) / sd) ** 2) / scale
    density = np.exp(-0.5 * ((y - a + shift) / sd) ** 2) / scale
    for _ in range(dates - 1):
        density = kernel @ (w * density)
    return float(1.0 - w @ density)


@lru_cache(maxsize=8)
def _gauss(count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return nodes, weights


def drawdown_within(vol: float, time: float, depth: float) -> float:
    """Return P(deepest log drawdown <= depth within time) without drift: a theta series of reflected motion.

    Raises:
        ValueError: If a figure is not > 0.
    """
    positive(vol=vol, time=time, depth=depth)
    x = vol * vol * time / (depth * depth)
    if x < 0.5:  # noqa: PLR2004  (where the images converge faster)
        root_x = math.sqrt(2.0 * x)
        images = ((-1.0) ** k * math.erfc((2 * k + 1) / root_x) for k in range(_SERIES_MAX))
        return 1.0 - 2.0 * math.fsum(images)
    return math.fsum(
        4.0
        / math.pi
        * (-1.0) ** n
        / (2 * n + 1)
        * math.exp(-((2 * n + 1) ** 2) * math.pi**2 * x / 8.0)
        for n in range(_SERIES_MAX)
    )


def expected_drawdown(vol: float, time: float) -> float:
    """Return the mean of the deepest log drawdown without drift: v sqrt(pi T / 2)."""
    return vol * math.sqrt(math.pi * time / 2.0)


def chance_of_drawdown(nu: float, vol: float, depth: float, time: float) -> float:
    """Return P(deepest log drawdown >= depth within time), looked at all the time.

    Taylor: E exp(-s tau) = k e^(-m h) / (k cosh(k h) - m sinh(k h)), m = nu/v^2, k^2 = m^2 + 2s/v^2, h the depth.

    Raises:
        ValueError: If vol, depth or time is not > 0.
    """
    positive(vol=vol, depth=depth, time=time)
    m = nu / vol**2

    def transform(s: complex) -> complex:
        k = cmath.sqrt(m * m + 2.0 * s / vol**2)
        decay = cmath.exp(-2.0 * k * depth)
        below = k * (1.0 + decay) - m * (1.0 - decay)
        return 2.0 * k * cmath.exp(-(m + k) * depth) / below / s

    return min(max(talbot(transform, time), 0.0), 1.0)


def talbot(transform: Callable[[complex], complex], time: float) -> float:
    """Return f(time) from its Laplace transform, by the fixed Talbot method."""
    r = 2.0 * _TERMS / (5.0 * time)
    total = 0.5 * (transform(complex(r)) * math.exp(r * time)).real
    for k in range(1, _TERMS):
        theta = k * math.pi / _TERMS
        cot = 1.0 / math.tan(theta)
        s = r * theta * complex(cot, 1.0)
        slope = complex(1.0, theta + (theta * cot - 1.0) * cot)
        total += (cmath.exp(s * time) * transform(s) * slope).real
    return r / _TERMS * total
