"""Which rows train and which test: purged folds with embargo, combinatorial purged ones, walk-forward.

Sources: Lopez de Prado 2018, chapters 7 and 12; Pardo 2008. The label of observation i covers [i, i + h].
"""

from collections.abc import Iterable
from itertools import combinations, pairwise
from math import comb

import msgspec


class Fold(msgspec.Struct, frozen=True):
    """One split; rows count from 0."""

    test: tuple[tuple[int, int], ...]
    """Ranges of rows, both ends in them."""
    train: tuple[int, ...]


class Window(msgspec.Struct, frozen=True):
    """One step of a walk forward; both ends of a range are in it."""

    train: tuple[int, int]
    test: tuple[int, int]


def groups(n: int, k: int) -> list[tuple[int, int]]:
    """Return k contiguous ranges of n rows, the first n mod k of them one longer.

    Raises:
        ValueError: If k is not in [1, n].
    """
    if not 1 <= k <= n:
        raise ValueError(f"k must be in [1, {n}], was {k}")
    base, more = divmod(n, k)
    edges = [i * base + min(i, more) for i in range(k + 1)]
    return [(a, b - 1) for a, b in pairwise(edges)]


def purged_folds(n: int, k: int, horizon: int = 0, embargo: int = 0) -> list[Fold]:
    """Return k folds; each trains on what neither overlaps its test's labels nor stands under the embargo after them.

    Args:
        n: Observations.
        k: Folds, in [2, n].
        horizon: Observations after its own that a label looks at, >= 0.
        embargo: Observations left out after the purged zone, >= 0.

    Raises:
        ValueError: If a bound is broken.
    """
    return combinatorial_folds(n, k, 1, horizon, embargo)


def combinatorial_folds(
    n: int, k: int, tests: int, horizon: int = 0, embargo: int = 0
) -> list[Fold]:
    """Return a fold for each choice of `tests` of k groups, purged around each group of its test.

    Raises:
        ValueError: If k is not in [2, n], tests not in [1, k), or horizon or embargo is negative.
    """
    if not 2 <= k <= n or not 1 <= tests < k:  # noqa: PLR2004
        raise ValueError(f"k must be in [2, {n}] and tests in [1, {k}), were {k} and {tests}")
    if horizon < 0 or embargo < 0:
        raise ValueError(f"horizon and embargo must be >= 0, were {horizon} and {embargo}")
    return [
        Fold(chosen, tuple(_train(n, chosen, horizon, embargo)))
        for chosen in combinations(groups(n, k), tests)
    ]


def _train(n: int, tests: Iterable[tuple[int, int]], horizon: int, embargo: int) -> Iterable[int]:
    zones = [(first - horizon, last + horizon + embargo) for first, last in tests]
    return (i for i in range(n) if not any(low <= i <= high for low, high in zones))


def split_count(groups_count: int, tests: int) -> int:
    """Return C(N, k), the splits of combinatorial cross-validation."""
    return comb(groups_count, tests)


def path_count(groups_count: int, tests: int) -> int:
    """Return k/N C(N, k), the backtest paths its test groups make: each group is tested so often.

    Raises:
        ValueError: If tests is not in [1, groups_count].
    """
    if not 1 <= tests <= groups_count:
        raise ValueError(f"tests must be in [1, {groups_count}], was {tests}")
    return comb(groups_count - 1, tests - 1)


def walk_forward(
    n: int, train: int, test: int, step: int | None = None, *, anchored: bool = False
) -> list[Window]:
    """Return the windows of a walk forward; a last test that would be incomplete is left out.

    Args:
        n: Rows.
        train: Rows of the first training, >= 1.
        test: Rows of each test, >= 1.
        step: Rows from one test to the next, >= 1; None: the test's length.
        anchored: Keep every training's start at row 0.

    Raises:
        ValueError: If a length is below 1.
    """
    ahead = test if step is None else step
    if min(train, test, ahead) < 1:
        raise ValueError(f"train, test and step must be >= 1, were {train}, {test} and {ahead}")
    return [
        Window((0 if anchored else at, at + train - 1), (at + train, at + train + test - 1))
        for at in range(0, n - train - test + 1, ahead)
    ]
