"""What one book update costs: columns in one call, and one call each. Run by `pytest tests/benchmarks`."""

import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from tradebot.native import L2Book, L3Book

pytestmark = pytest.mark.benchmark

type Measure = Callable[[Callable[[], object]], object]
"""The fixture of pytest-benchmark, as far as used: calls a function many times, returns its last result."""

ROWS = 100_000
LEVELS = 470


@dataclass(frozen=True)
class Stream:
    """Messages of a book of about `LEVELS` levels a side, as columns and as rows."""

    kinds: NDArray[np.int8]
    order_ids: NDArray[np.uint64]
    sides: NDArray[np.int8]
    prices: NDArray[np.int64]
    quantities: NDArray[np.int64]

    def rows(self) -> list[tuple[int, int, int, int, int]]:
        """Return the messages as tuples of Python integers."""
        columns = (self.kinds, self.order_ids, self.sides, self.prices, self.quantities)
        return list(zip(*(column.tolist() for column in columns), strict=True))


def stream(seed: int) -> Stream:
    """Return 45 % adds, 35 % deletes, 10 % reduces, 10 % replaces, mostly near the touch."""
    source = random.Random(seed)  # noqa: S311  # input of a measurement, not a secret
    resting: list[tuple[int, int, int]] = []
    rows: list[tuple[int, int, int, int, int]] = []
    for order_id in range(ROWS):
        side = source.choice((1, -1))
        depth = min(int(source.expovariate(8 / LEVELS)), LEVELS - 1)
        price = 10_000 - side * (1 + depth)
        kind = source.choices((0, 2, 1, 3), (45, 35, 10, 10))[0] if len(resting) > 5_000 else 0
        if kind == 0:
            rows.append((0, order_id, side, price, 1_000))
            resting.append((order_id, side, 1_000))
            continue
        place = source.randrange(len(resting))
        known, side, left = resting[place]
        if kind == 2 or (kind == 1 and left == 1):
            resting[place] = resting[-1]
            resting.pop()
            rows.append((2, known, side, 0, 0))
        elif kind == 1:
            resting[place] = (known, side, left - left // 2)
            rows.append((1, known, side, 0, left // 2))
        else:
            price = 10_000 - side * (1 + depth)
            resting[place] = (known, side, 1_000)
            rows.append((3, known, side, price, 1_000))
    kinds, ids, sides, prices, quantities = zip(*rows, strict=True)
    return Stream(
        np.array(kinds, np.int8),
        np.array(ids, np.uint64),
        np.array(sides, np.int8),
        np.array(prices, np.int64),
        np.array(quantities, np.int64),
    )


def l2_stream(seed: int) -> Stream:
    """Return absolute updates of known and new levels, one in eight a removal."""
    source = np.random.default_rng(seed)
    sides = source.choice(np.array([1, -1], np.int8), ROWS)
    depths = np.minimum(source.exponential(LEVELS / 8, ROWS).astype(np.int64), LEVELS - 1)
    quantities = source.integers(0, 8, ROWS)
    kinds, ids = np.zeros(ROWS, np.int8), np.zeros(ROWS, np.uint64)
    return Stream(kinds, ids, sides, 10_000 - sides.astype(np.int64) * (1 + depths), quantities)


def test_l2_columns(benchmark: Measure) -> None:
    columns = l2_stream(1)

    def run() -> L2Book:
        book = L2Book()
        book.apply(columns.sides, columns.prices, columns.quantities)
        return book

    book = benchmark(run)
    assert isinstance(book, L2Book)
    assert not book.is_crossed()


def test_l2_one_call_each(benchmark: Measure) -> None:
    rows = [row[2:] for row in l2_stream(1).rows()]

    def run() -> L2Book:
        book = L2Book()
        set_level = book.set_level
        for side, price, quantity in rows:
            set_level(side, price, quantity)
        return book

    book = benchmark(run)
    assert isinstance(book, L2Book)
    assert not book.is_crossed()


def test_l3_columns(benchmark: Measure) -> None:
    columns = stream(1)

    def run() -> L3Book:
        book = L3Book()
        book.apply(
            columns.kinds, columns.order_ids, columns.sides, columns.prices, columns.quantities
        )
        return book

    book = benchmark(run)
    assert isinstance(book, L3Book)
    assert len(book) > 0


def test_l3_one_call_each(benchmark: Measure) -> None:
    rows = stream(1).rows()

    def run() -> L3Book:
        book = L3Book()
        add, reduce, delete, replace = book.add, book.reduce, book.delete, book.replace
        for kind, order_id, side, price, quantity in rows:
            if kind == 0:
                add(order_id, side, price, quantity)
            elif kind == 1:
                reduce(order_id, quantity)
            elif kind == 2:
                delete(order_id)
            else:
                replace(order_id, price, quantity)
        return book

    book = benchmark(run)
    assert isinstance(book, L3Book)
    assert len(book) > 0
