"""The parts that features are made of, step by step: windows, recursions, the row before."""

import math
from collections import deque
from collections.abc import Callable

from tradebot.data.features.feature import Row, Step

type Read = Callable[[Row], float | None]
"""Takes one figure out of a row, or makes one of it and of those before."""


def column(name: str) -> Read:
    """Return what reads a column."""
    return lambda row: row[name]


def against_before(name: str, join: Callable[[float, float], float]) -> Read:
    """Return what joins a column's value with the one of the row before; None in the first row."""
    before: float | None = None

    def read(row: Row) -> float | None:
        nonlocal before
        now, last = row[name], before
        before = now
        return None if last is None else join(now, last)

    return read


def windowed(read: Read, size: int, reduce: Callable[[deque[float]], float | None]) -> Step:
    """Return a step that reduces the newest `size` figures; None until there are so many."""
    window: deque[float] = deque(maxlen=size)

    def step(row: Row) -> float | None:
        value = read(row)
        if value is not None:
            window.append(value)
        return reduce(window) if len(window) == size else None

    return step


def recursion(read: Read, alpha: float) -> Step:
    """Return a step of an exponential mean, new = (1 - alpha) old + alpha x, that begins with the first figure."""
    mean: float | None = None

    def step(row: Row) -> float | None:
        nonlocal mean
        value = read(row)
        if value is not None:
            mean = value if mean is None else (1 - alpha) * mean + alpha * value
        return mean

    return step


def mean(window: deque[float]) -> float:
    """Return the mean."""
    return math.fsum(window) / len(window)


def deviation(window: deque[float]) -> float:
    """Return the sample's standard deviation, n - 1."""
    middle = mean(window)
    return math.sqrt(math.fsum((x - middle) ** 2 for x in window) / (len(window) - 1))


def quotient(numerator: float, denominator: float) -> float | None:
    """Return a quotient; None where the denominator is 0."""
    return numerator / denominator if denominator else None
