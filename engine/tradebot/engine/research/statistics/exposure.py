"""How much was in the market, and how much was moved to keep it so."""

import math
from collections.abc import Sequence
from itertools import pairwise

import msgspec


class Exposure(msgspec.Struct, frozen=True):
    """Means over the periods of end-of-period weights; None: undefined."""

    time_in_market: float | None
    """Share of periods with any weight."""
    mean_gross: float | None
    mean_net: float | None
    turnover_two_way: float | None
    """Mean sum |dw| of a change of period; the first purchase and the drift of weights are not counted."""
    turnover_one_way: float | None
    """Half of it."""


def exposure(weights: Sequence[Sequence[float]]) -> Exposure:
    """Return exposure and turnover of rows of weights, shares of equity.

    Raises:
        ValueError: If rows differ in length or hold what is not finite.
    """
    for index, row in enumerate(weights):
        if len(row) != len(weights[0]) or not all(map(math.isfinite, row)):
            raise ValueError(f"weights[{index}] must be {len(weights[0])} finite figures")
    n = len(weights)
    if n == 0:
        return Exposure(None, None, None, None, None)
    changes = [
        math.fsum(abs(b - a) for a, b in zip(before, after, strict=True))
        for before, after in pairwise(weights)
    ]
    two_way = math.fsum(changes) / len(changes) if changes else None
    return Exposure(
        time_in_market=sum(1 for row in weights if any(row)) / n,
        mean_gross=math.fsum(math.fsum(map(abs, row)) for row in weights) / n,
        mean_net=math.fsum(math.fsum(row) for row in weights) / n,
        turnover_two_way=two_way,
        turnover_one_way=None if two_way is None else two_way / 2.0,
    )
