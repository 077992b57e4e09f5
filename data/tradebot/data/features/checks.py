"""Two tests of any feature on data: does it see the future, and how much past does it need?"""

from collections.abc import Sequence

import msgspec
import polars as pl

from tradebot.data.features.feature import Feature, rows_of

CLOSE_ENOUGH = 1e-9
"""Relative difference that rounding makes."""


class LookAhead(msgspec.Struct, frozen=True):
    """A row whose value changes when the rows after it are cut off: it was made from the future."""

    row: int
    with_future: float | None
    without: float | None


class Recursion(msgspec.Struct, frozen=True):
    """How far the newest value is off when the table begins later."""

    rows: int
    """That were left."""
    off: float
    """Relative to the value with the whole table; inf where only one of them is defined."""


def looks_ahead(feature: Feature, frame: pl.DataFrame, cuts: Sequence[int]) -> list[LookAhead]:
    """Return at which of the rows a feature changes when all rows after it are cut off; empty: at none.

    Args:
        feature: What is tested, also one's own.
        frame: A table in order of time.
        cuts: Row numbers, in [0, rows).
    """
    whole = feature.of(frame)
    found: list[LookAhead] = []
    for cut in cuts:
        with_future, without = whole[cut], feature.of(frame.head(cut + 1))[cut]
        if relative(with_future, without) > CLOSE_ENOUGH:
            found.append(LookAhead(cut, with_future, without))
    return found


def recursion(feature: Feature, frame: pl.DataFrame, starts: Sequence[int]) -> list[Recursion]:
    """Return how far the newest value is off when only so many of the newest rows are known.

    An exponential mean forgets slowly: this says how long a warm-up makes a difference nobody sees.

    Args:
        feature: What is tested.
        frame: A table in order of time.
        starts: How many rows are left, each in [1, rows].
    """
    true = feature.of(frame)[-1]
    return [Recursion(rows, relative(true, feature.of(frame.tail(rows))[-1])) for rows in starts]


def steps_differ(feature: Feature, frame: pl.DataFrame) -> list[int]:
    """Return the rows at which the step-by-step feature is not the table's; empty: at none."""
    step, whole = feature.start(), feature.of(frame)
    told = [step(row) for row in rows_of(frame, feature.columns)]
    pairs = enumerate(zip(whole, told, strict=True))
    return [row for row, (one, other) in pairs if relative(one, other) > CLOSE_ENOUGH]


def relative(one: float | None, other: float | None) -> float:
    """Return how far two values are apart, relative to the larger, or absolute where both are below 1e-6."""
    if one is None or other is None:
        return 0.0 if one is other else float("inf")
    size = max(abs(one), abs(other))
    return abs(one - other) / max(size, 1e-6)
