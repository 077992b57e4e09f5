"""Is the best of many models better than a benchmark: White's reality check and Hansen's SPA.

Sources: White 2000 (Econometrica 68:1097); Hansen 2005 (JBES 23:365). Performance is model less benchmark, positive for
better (the library arch wants losses, benchmark less model). Blocks follow the stationary bootstrap; a mean block of 1
is the independent bootstrap.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, product

import msgspec
import numpy as np
from numpy.typing import NDArray

from tradebot.engine.research.montecarlo.bootstrap import variance_stationary
from tradebot.engine.research.statistics.sample import is_flat

EXACT_MAX = 1_000_000
"""So many resamples are enumerated where asked to; more take hours."""
_TIE = 1e-12
_CHUNK = 4096


class Superiority(msgspec.Struct, frozen=True):
    """Statistics and p-values; a p is the share of resamples strictly above the statistic."""

    reality_check: float
    """max sqrt(n) mean."""
    spa: float | None
    """max(0, max sqrt(n) mean / omega); None where a model has no spread, as are its p-values."""
    p_reality_check: float
    p_spa_lower: float | None
    p_spa_consistent: float | None
    p_spa_upper: float | None
    resamples: int


def superiority(
    performance: Sequence[Sequence[float]], resamples: Iterable[Sequence[int]], block: float = 1.0
) -> Superiority:
    """Test the best of models against the benchmark.

    Args:
        performance: n >= 3 rows of models' performance less the benchmark's.
        resamples: Rows of n indices: `every_resample(n)` or `stationary_resamples(...)`.
        block: Mean block length, >= 1, of the variances; that of the resamples.

    Raises:
        ValueError: If a bound is broken or there are no resamples.
    """
    table = np.asarray(performance, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] < 3 or not np.isfinite(table).all():  # noqa: PLR2004
        raise ValueError(
            f"performance must be n >= 3 rows of finite figures, was of shape {table.shape}"
        )
    n = table.shape[0]
    means = np.array([math.fsum(column) / n for column in table.T])
    omega = _omegas(table, block)
    zero = np.zeros_like(means)
    edge = -np.sqrt(omega * omega / n * 2.0 * math.log(math.log(n)))
    centres = (np.maximum(means, 0.0), np.where(means >= edge, means, zero), means)
    flat = bool((omega == 0.0).any())
    scale = np.where(omega == 0.0, 1.0, omega)
    root = math.sqrt(n)
    white = float((root * means).max())
    studentised = max(0.0, float((root * means / scale).max()))
    counts, total = [0, 0, 0, 0], 0
    for index in _chunks(resamples):
        moved = table[index].mean(axis=1)
        total += len(index)
        counts[0] += _above((root * (moved - means)).max(axis=1), white)
        for place, centre in enumerate(centres, start=1):
            highest = np.maximum((root * (moved - centre) / scale).max(axis=1), 0.0)
            counts[place] += _above(highest, studentised)
    if total == 0:
        raise ValueError("resamples must hold at least one row, held 0")
    rates = [float(count) / total for count in counts]
    return Superiority(
        reality_check=white,
        spa=None if flat else studentised,
        p_reality_check=rates[0],
        p_spa_lower=None if flat else rates[1],
        p_spa_consistent=None if flat else rates[2],
        p_spa_upper=None if flat else rates[3],
        resamples=total,
    )


def _omegas(table: NDArray[np.float64], block: float) -> NDArray[np.float64]:
    """Return sqrt of n times the bootstrap variance of each column's mean; 0 for a flat column."""
    return np.array(
        [
            0.0
            if is_flat(c := column.tolist())
            else math.sqrt(len(c) * variance_stationary(c, 1.0 / block))
            for column in table.T
        ]
    )


def _above(values: NDArray[np.float64], bound: float) -> int:
    """Return how many are strictly above, what differs by rounding alone being equal."""
    return int((values > bound + _TIE * max(1.0, abs(bound))).sum())


def _chunks(resamples: Iterable[Sequence[int]]) -> Iterator[NDArray[np.int64]]:
    source = iter(resamples)
    while rows := list(islice(source, _CHUNK)):
        yield np.asarray(rows, dtype=np.int64)


def every_resample(n: int) -> Iterator[tuple[int, ...]]:
    """Return all n^n independent resamples of n rows.

    Raises:
        ValueError: If they are more than a million (n > 7).
    """
    if n**n > EXACT_MAX:
        raise ValueError(f"n must be <= 7 for n^n <= {EXACT_MAX} resamples, was {n}; draw them")
    return product(range(n), repeat=n)


def stationary_resamples(n: int, count: int, block: float, seed: int) -> Iterator[list[int]]:
    """Return resamples by the stationary bootstrap (Politis, Romano 1994) of mean block `block`.

    Raises:
        ValueError: If n < 1 or block < 1.
    """
    if n < 1 or not block >= 1.0:
        raise ValueError(f"n and block must be >= 1, were {n} and {block}")
    generator = np.random.Generator(np.random.PCG64(seed))
    for _ in range(count):
        starts = generator.integers(0, n, n)
        anew = generator.random(n) < 1.0 / block
        anew[0] = True
        last = np.maximum.accumulate(np.where(anew, np.arange(n), 0))
        yield ((starts[last] + np.arange(n) - last) % n).tolist()
