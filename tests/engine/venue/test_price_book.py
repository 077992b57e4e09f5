"""Orders in a market of prices without a queue."""

import pytest

from tradebot.engine.venue.price_book import PriceBook


def test_an_order_made_smaller_fills_what_is_left_of_it() -> None:
    book = PriceBook(1, at_open=False)
    book.on_quote(0, (900, 10), (1000, 10))
    book.submit(1, 0, 1, "limit", "gtc", False, 950, 500)  # noqa: FBT003
    assert [event.kind for event in book.reduce(1, 200)] == ["reduced"]
    assert [(e.kind, e.reason) for e in book.reduce(1, 200)] == [("reduce_rejected", "not_smaller")]
    (fill,) = book.on_quote(0, (900, 10), (940, 10))
    assert (fill.kind, fill.price, fill.quantity) == ("filled", 950, 200)
    (gone,) = book.reduce(1, 100)
    assert (gone.kind, gone.reason) == ("reduce_rejected", "unknown_order")


def test_nothing_left_of_an_order_cancels_it_and_less_than_nothing_is_refused() -> None:
    book = PriceBook(1, at_open=False)
    book.submit(1, 0, 1, "limit", "gtc", False, 950, 500)  # noqa: FBT003
    with pytest.raises(ValueError, match="leaves must be at least 0, was -1"):
        book.reduce(1, -1)
    assert [event.kind for event in book.reduce(1, 0)] == ["cancelled"]
    assert book.limits(0) == []
