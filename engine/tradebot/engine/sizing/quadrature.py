"""Numerical integration by panels of Gauss-Legendre points."""

import math
from collections.abc import Iterator
from functools import cache

_POINTS = 20
_PANELS = 24


@cache
def _legendre(count: int) -> tuple[tuple[float, float], ...]:
    """Return points and weights on [-1, 1]: roots of the Legendre polynomial by Newton from Tricomi's guess."""
    found: list[tuple[float, float]] = []
    for index in range(1, count + 1):
        x = math.cos(math.pi * (index - 0.25) / (count + 0.5))
        slope = 1.0
        for _ in range(50):
            before, value = 1.0, x
            for n in range(2, count + 1):
                before, value = value, ((2 * n - 1) * x * value - (n - 1) * before) / n
            slope = count * (x * value - before) / (x * x - 1.0)
            step = value / slope
            x -= step
            if abs(step) < 1e-15:
                break
        found.append((x, 2.0 / ((1.0 - x * x) * slope * slope)))
    return tuple(found)


def panels(low: float, high: float, count: int = _PANELS) -> Iterator[tuple[float, float]]:
    """Yield points and weights of an integral over [low, high]; a kink must lie at an end."""
    width = (high - low) / count
    if width <= 0.0:
        return
    for index in range(count):
        middle = low + (index + 0.5) * width
        for x, weight in _legendre(_POINTS):
            yield middle + x * width / 2.0, weight * width / 2.0
