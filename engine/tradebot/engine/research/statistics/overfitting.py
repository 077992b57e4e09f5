"""The probability of backtest overfitting, by combinatorially symmetric cross-validation.

Source: Bailey, Borwein, Lopez de Prado, Zhu 2017, J.Comp.Fin. 20(4). Each split needs only the sums of r and r^2 of its
blocks, so that 12,870 splits of 16 blocks are two products of matrices.
"""

from collections.abc import Sequence
from itertools import combinations

import msgspec
import numpy as np
from numpy.typing import NDArray

from tradebot.engine.research.statistics.sample import FLAT

_MEDIAN = 0.5
BLOCKS_MAX = 20
"""184,756 splits; more would not fit a notebook's memory."""


class Overfitting(msgspec.Struct, frozen=True):
    """How often the best in sample was not better than the middle out of sample."""

    probability: float
    """Share of logits <= 0; the median counts as overfit."""
    logits: list[float]
    """ln(omega / (1 - omega)) of each split, splits in lexicographic order of their training blocks."""

    @property
    def n_splits(self) -> int:
        """Return the number of splits."""
        return len(self.logits)

    @property
    def mean_logit(self) -> float:
        """Return the mean of the logits."""
        return float(np.mean(self.logits))


def overfitting(returns: Sequence[Sequence[float]], blocks: int) -> Overfitting:
    """Return how overfit the choice of the best column by Sharpe ratio is.

    Ties out of sample take their mean rank; a column without spread in a half has ratio 0 there.

    Args:
        returns: T rows of N >= 2 strategies' returns.
        blocks: Equal contiguous blocks, even, in [2, 20], dividing T; a half needs two rows.

    Raises:
        ValueError: If a bound is broken.
    """
    table = np.asarray(returns, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] < 2 or not np.isfinite(table).all():  # noqa: PLR2004
        raise ValueError(
            f"returns must be T x N finite figures, N >= 2, was of shape {table.shape}"
        )
    rows = table.shape[0]
    if blocks % 2 or not 2 <= blocks <= BLOCKS_MAX or rows % blocks or rows < 4:  # noqa: PLR2004
        raise ValueError(
            f"blocks must be even, in [2, {BLOCKS_MAX}] and divide the {rows} >= 4 rows, was {blocks}"
        )
    chosen = list(combinations(range(blocks), blocks // 2))
    members = np.zeros((len(chosen), blocks))
    for row, split in enumerate(chosen):
        members[row, list(split)] = 1.0
    inside = _ratios(table, members)
    outside = _ratios(table, 1.0 - members)
    best = inside.argmax(axis=1)
    own = outside[np.arange(len(chosen)), best][:, None]
    rank = (outside < own).sum(axis=1) + ((outside == own).sum(axis=1) + 1) / 2.0
    omega = rank / (table.shape[1] + 1)
    logits = np.log(omega / (1.0 - omega))
    return Overfitting(float((omega <= _MEDIAN).sum()) / len(chosen), logits.tolist())


def _ratios(table: NDArray[np.float64], members: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the Sharpe ratio of each split's rows (splits x N)."""
    blocks = members.shape[1]
    shift = table.mean(axis=0)  # takes the cancellation out of sum of squares less square of sum
    cut = (table - shift).reshape(blocks, -1, table.shape[1])
    n = cut.shape[1] * members.sum(axis=1, keepdims=True)
    middle = members @ cut.sum(axis=1) / n
    square = members @ (cut * cut).sum(axis=1) / n - middle * middle
    sd = np.sqrt(np.maximum(square, 0.0) * n / (n - 1.0))
    flat = sd <= FLAT * np.abs(table).max(axis=0)
    return np.where(flat, 0.0, (middle + shift) / np.where(flat, 1.0, sd))
