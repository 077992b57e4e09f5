"""`L2Book` and `L3Book` through Python, against naive twins."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.native import L2Book, L3Book

I64_MAX = 2**63 - 1

type Level = tuple[int, int]
type L2Row = tuple[int, int, int]
type L3Row = tuple[int, int, int, int, int]

sides = st.sampled_from([1, -1])
l2_rows = st.lists(st.tuples(sides, st.integers(-9, 9), st.integers(0, 3)), max_size=60)
l3_rows = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 0, 1, 1, 2, 3, 3]),
        st.integers(0, 12),
        sides,
        st.integers(0, 4),
        st.integers(-1, 6),
    ),
    max_size=80,
)


class NaiveL2:
    """A dictionary, sorted when asked."""

    def __init__(self) -> None:
        self.levels: dict[tuple[int, int], int] = {}

    def set_level(self, side: int, price: int, quantity: int) -> None:
        self.levels[side, price] = quantity

    def ladder(self, side: int) -> list[Level]:
        found = [(p, q) for (s, p), q in self.levels.items() if s == side and q]
        return sorted(found, reverse=side == 1)


class NaiveL3:
    """One list of [id, side, price, quantity] in order of arrival."""

    def __init__(self) -> None:
        self.orders: list[list[int]] = []

    def act(self, row: L3Row) -> None:
        kind, order_id, side, price, quantity = row
        known = [order for order in self.orders if order[0] == order_id]
        if (kind == 0) == bool(known) or (kind in (0, 3) and quantity < 1):
            raise ValueError(row)
        if kind == 0:
            self.orders.append([order_id, side, price, quantity])
            return
        order = known[0]
        if kind == 1 and not 1 <= quantity <= order[3]:
            raise ValueError(row)
        if kind == 3 and not (price == order[2] and quantity <= order[3]):
            self.orders.remove(order)
            self.orders.append([order_id, order[1], price, quantity])
        elif kind == 3:
            order[3] = quantity
        else:
            order[3] -= quantity if kind == 1 else order[3]
        self.orders = [order for order in self.orders if order[3]]

    def queue(self, side: int, price: int) -> list[Level]:
        return [(order[0], order[3]) for order in self.orders if order[1:3] == [side, price]]

    def ladder(self, side: int) -> list[Level]:
        prices = {order[2] for order in self.orders if order[1] == side}
        totals = [(price, sum(q for _, q in self.queue(side, price))) for price in prices]
        return sorted(totals, reverse=side == 1)


def columns(rows: list[L2Row]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    table = np.array(rows, dtype=np.int64).reshape(len(rows), 3)
    return (
        table[:, 0].astype(np.int8),
        np.ascontiguousarray(table[:, 1]),
        np.ascontiguousarray(table[:, 2]),
    )


def act(book: L3Book, row: L3Row) -> None:
    kind, order_id, side, price, quantity = row
    calls: list[Callable[[], None]] = [
        lambda: book.add(order_id, side, price, quantity),
        lambda: book.reduce(order_id, quantity),
        lambda: book.delete(order_id),
        lambda: book.replace(order_id, price, quantity),
    ]
    calls[kind]()


@given(l2_rows)
def test_l2_book_equals_its_naive_twin_after_every_update(rows: list[L2Row]) -> None:
    book, naive = L2Book(), NaiveL2()
    for row in rows:
        book.set_level(*row)
        naive.set_level(*row)
        bids, asks = naive.ladder(1), naive.ladder(-1)
        assert (book.bids(100), book.asks(100)) == (bids, asks)
        assert book.bids(2) == bids[:2]
        assert book.best_bid() == (bids[0] if bids else None)
        assert book.best_ask() == (asks[0] if asks else None)
        assert (book.level_count(1), book.level_count(-1)) == (len(bids), len(asks))
        assert book.quantity_at(row[0], row[1]) == row[2]
        assert book.is_crossed() == bool(bids and asks and bids[0][0] >= asks[0][0])


@given(l2_rows)
def test_l2_columns_lists_and_single_updates_give_one_book(rows: list[L2Row]) -> None:
    single, bulk, listed = L2Book(), L2Book(), L2Book()
    for row in rows:
        single.set_level(*row)
    bulk.apply(*columns(rows))
    listed.apply_levels(
        [(price, quantity) for side, price, quantity in rows if side == 1],
        [(price, quantity) for side, price, quantity in rows if side == -1],
    )
    expected = (single.bids(100), single.asks(100))
    assert (bulk.bids(100), bulk.asks(100)) == expected
    assert (listed.bids(100), listed.asks(100)) == expected
    replaced = L2Book()
    replaced.set_level(1, 77, 7)
    replaced.replace(*expected)
    assert (replaced.bids(100), replaced.asks(100)) == expected
    replaced.clear()
    assert replaced.bids(100) == []


@given(l2_rows, st.integers(0, 12))
def test_l2_depth_is_the_ladder_as_arrays(rows: list[L2Row], levels: int) -> None:
    book = L2Book()
    book.apply(*columns(rows))
    depth = book.depth(levels)
    assert all(array.dtype == np.int64 for array in depth)
    bid_prices, bid_quantities, ask_prices, ask_quantities = (array.tolist() for array in depth)
    assert list(zip(bid_prices, bid_quantities, strict=True)) == book.bids(levels)
    assert list(zip(ask_prices, ask_quantities, strict=True)) == book.asks(levels)


@given(l3_rows)
def test_l3_book_equals_its_naive_twin_after_every_row(rows: list[L3Row]) -> None:
    book, naive = L3Book(), NaiveL3()
    for row in rows:
        try:
            naive.act(row)
        except ValueError:
            with pytest.raises(ValueError, match="must"):
                act(book, row)
        else:
            act(book, row)
        assert (book.bids(100), book.asks(100)) == (naive.ladder(1), naive.ladder(-1))
        assert len(book) == len(naive.orders)
        for order_id, side, price, _ in naive.orders:
            queue = naive.queue(side, price)
            place = [each[0] for each in queue].index(order_id)
            assert order_id in book
            assert book.orders_at(side, price) == queue
            assert book.queue_position(order_id) == (place, sum(q for _, q in queue[:place]))


@given(l3_rows)
def test_l3_columns_stop_at_the_first_refused_row(rows: list[L3Row]) -> None:
    single, bulk = L3Book(), L3Book()
    refused: str | None = None
    for number, row in enumerate(rows):
        try:
            act(single, row)
        except ValueError as error:
            refused = f"row {number}: {error}"
            break
    kinds, ids, signs, prices, quantities = (
        np.array([row[column] for row in rows], dtype=np.int64) for column in range(5)
    )
    cells = (kinds.astype(np.int8), ids.astype(np.uint64), signs.astype(np.int8))
    if refused is None:
        bulk.apply(*cells, prices, quantities)
    else:
        with pytest.raises(ValueError, match=r"^row ") as caught:
            bulk.apply(*cells, prices, quantities)
        assert str(caught.value) == refused
    assert (bulk.bids(100), bulk.asks(100)) == (single.bids(100), single.asks(100))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: L2Book().set_level(0, 1, 1), "side must be 1 (bid, buy) or -1 (ask, sell), was 0"),
        (lambda: L2Book().set_level(1, 1, -1), f"quantity must be in [0, {I64_MAX}], was -1"),
        (
            lambda: L2Book().set_level(1, 2**63, 1),
            f"price must be in [{-(2**63)}, {I64_MAX}], was {2**63}",
        ),
        (
            lambda: L2Book().apply_levels([(1, 1)], [(2, 2**70)]),
            f"quantity must be in [{-(2**63)}, {I64_MAX}], was {2**70}",
        ),
        (
            lambda: L2Book().apply_levels([(1, 1)], [(2, 1), (3, -4)]),
            f"row 1: quantity must be in [0, {I64_MAX}], was -4",
        ),
        (lambda: L2Book().bids(-1), f"levels must be in [0, {2**64 - 1}], was -1"),
        (lambda: L3Book().add(-1, 1, 1, 1), f"order_id must be in [0, {2**64 - 1}], was -1"),
        (lambda: L3Book().add(1, 1, 1, 0), f"quantity must be in [1, {I64_MAX}], was 0"),
        (lambda: L3Book().delete(7), "order_id must be one that rests in the book, was 7"),
    ],
)
def test_bad_input_is_a_value_error_that_names_value_and_bound(
    call: Callable[[], object], message: str
) -> None:
    with pytest.raises(ValueError, match="must") as caught:
        call()
    assert str(caught.value) == message


def test_a_level_that_would_overflow_is_refused_and_nothing_changes() -> None:
    book = L3Book()
    book.add(1, 1, 5, I64_MAX)
    with pytest.raises(ValueError, match=f"total at price 5 at most {I64_MAX}, was 1"):
        book.add(2, 1, 5, 1)
    assert book.bids(9) == [(5, I64_MAX)]
    assert 2 not in book


def test_columns_must_be_contiguous_equally_long_and_of_their_type() -> None:
    book = L2Book()
    signs, ones = np.ones(4, np.int8), np.ones(4, np.int64)
    with pytest.raises(ValueError, match="columns must have equal length, were 4 and 3"):
        book.apply(signs, ones, ones[:3])
    with pytest.raises(ValueError, match="prices must be contiguous"):
        book.apply(signs[:2], ones[::2], ones[:2])
    with pytest.raises(TypeError):
        book.apply(ones, ones, ones)  # pyright: ignore[reportArgumentType]
    assert book.best_bid() is None


def test_floats_are_a_type_error() -> None:
    with pytest.raises(TypeError):
        L2Book().set_level(1, 1.5, 1)  # pyright: ignore[reportArgumentType]


def test_classes_name_the_public_module() -> None:
    assert {L2Book.__module__, L3Book.__module__} == {"tradebot.native"}
