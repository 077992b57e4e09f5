"""Roots of falling functions by bisection: nothing to tune, nothing that can run away."""

import math
from collections.abc import Callable

_HALVINGS = 200


def falling_root(slope: Callable[[float], float], low: float, high: float) -> float:
    """Return where a falling function crosses zero between two points, to the last bit.

    Args:
        slope: Falls on (low, high); it is not called at the ends, where it may be infinite.
        low: An end where it is >= 0.
        high: An end where it is <= 0.

    Returns:
        `low` if it is nowhere above zero, `high` if it is nowhere below.
    """
    for _ in range(_HALVINGS):
        middle = low + (high - low) / 2.0
        if middle in {low, high}:
            break
        if slope(middle) > 0.0:
            low = middle
        else:
            high = middle
    return low + (high - low) / 2.0


def upper_bracket(slope: Callable[[float], float], start: float = 1.0) -> float:
    """Return a point where a function that falls from above zero for ever is below it.

    Raises:
        ValueError: If it is still above zero at 1e300: there is no optimum, and a cap is needed.
    """
    high = start
    while slope(high) > 0.0:
        high *= 2.0
        if high > 1e300:
            raise ValueError("the best stake is without bound: state a cap")
    return high


def ratio_of_expm1(near: float, far: float) -> float:
    """Return (e^near - 1) / (e^far - 1), near between 0 and far != 0, both of one sign.

    Where both vanish it is near / far; beyond a float's range the ones beside the powers do not count.
    """
    if abs(far) < 1e-12:
        return near / far
    if far > 500.0:
        return math.exp(near - far)
    return math.expm1(near) / math.expm1(far)
