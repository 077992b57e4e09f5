"""The inbox: orders never lost, the market conflated without telling a lie."""

from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.core.builders import BTC, BTC_ID, ETH_ID, START, snapshot, trade
from tests.engine.core.test_market import GAP, quote

from tradebot.data.events import AnyMarketEvent, BookDelta, BookSnapshot, Level, Trade
from tradebot.engine.core.events import HaltRequested
from tradebot.engine.core.inbox import Inbox, OrderLaneFull
from tradebot.engine.core.market import InstrumentMarket

HALT = HaltRequested(reason="x")


def drained(inbox: Inbox) -> list[object]:
    return list(iter(inbox.take, None))


def test_the_order_lane_goes_first_and_in_order() -> None:
    inbox = Inbox()
    inbox.put_market(trade(1))
    inbox.put_market(snapshot(100, 110))
    other = HaltRequested(reason="y")
    inbox.put_order(HALT)
    inbox.put_order(other)
    assert len(inbox) == 4
    assert drained(inbox) == [HALT, other, snapshot(100, 110), trade(1)]
    assert len(inbox) == 0


def test_a_full_order_lane_refuses_loudly_and_loses_nothing() -> None:
    inbox = Inbox(order_lane_max=2)
    inbox.put_order(HALT)
    inbox.put_order(HALT)
    with pytest.raises(OrderLaneFull, match="order lane holds 2 events, at most 2"):
        inbox.put_order(HALT)
    assert drained(inbox) == [HALT, HALT]


def test_a_full_ring_of_trades_drops_the_oldest_and_counts() -> None:
    inbox = Inbox(trades_max=2)
    for price in (1, 2, 3):
        inbox.put_market(trade(price))
    assert inbox.trades_dropped == 1
    assert [event.price for event in drained(inbox) if isinstance(event, Trade)] == [2, 3]


def test_quotes_of_one_instrument_leave_the_newest() -> None:
    inbox = Inbox()
    inbox.put_market(quote(1, 2))
    inbox.put_market(quote(3, 4))
    assert inbox.conflated == 1
    assert drained(inbox) == [quote(3, 4)]


def test_books_of_two_instruments_are_not_mixed() -> None:
    inbox = Inbox()
    inbox.put_market(snapshot(100, 110))
    inbox.put_market(snapshot(7, 9, instrument=ETH_ID))
    assert inbox.conflated == 0
    assert drained(inbox) == [snapshot(100, 110), snapshot(7, 9, instrument=ETH_ID)]


def test_a_snapshot_merged_with_removals_holds_no_empty_level() -> None:
    inbox = Inbox()
    inbox.put_market(snapshot(100, 110, size=5))
    inbox.put_market(_delta(bids=((100, 0), (95, 7)), asks=()))
    (merged,) = drained(inbox)
    assert isinstance(merged, BookSnapshot)
    assert merged.bids == ((90, 5), (80, 5), (95, 7))
    assert inbox.conflated == 1


prices = st.integers(1, 12)
levels = st.lists(st.tuples(prices, st.integers(0, 3)), max_size=4).map(tuple)


def _full(side: tuple[Level, ...]) -> tuple[Level, ...]:
    return tuple((price, size) for price, size in dict(side).items() if size)


def _delta(bids: tuple[Level, ...], asks: tuple[Level, ...]) -> BookDelta:
    return BookDelta(instrument=BTC_ID, ts_event=0, ts_recv=0, bids=bids, asks=asks)


def _snapshot(bids: tuple[Level, ...], asks: tuple[Level, ...]) -> BookSnapshot:
    return BookSnapshot(
        instrument=BTC_ID, ts_event=0, ts_recv=0, bids=_full(bids), asks=_full(asks)
    )


updates = st.one_of(
    st.builds(_delta, levels, levels), st.builds(_snapshot, levels, levels), st.just(GAP)
)


@settings(deadline=None)
@given(st.lists(st.lists(updates, max_size=6), max_size=5))
def test_a_conflated_market_ends_as_the_whole_one_would(bursts: list[list[AnyMarketEvent]]) -> None:
    whole, conflated, inbox = InstrumentMarket(BTC), InstrumentMarket(BTC), Inbox()
    for market in (whole, conflated):
        market.connect("up")
    for event in chain.from_iterable(bursts):
        whole.apply(event, START)
    for burst in bursts:
        for event in burst:
            inbox.put_market(event)
        while (taken := inbox.take()) is not None:
            assert not isinstance(taken, HaltRequested)
            conflated.apply(taken, START)  # pyright: ignore[reportArgumentType]
    assert conflated.book.bids(100) == whole.book.bids(100)
    assert conflated.book.asks(100) == whole.book.asks(100)
    assert conflated.health(START) == whole.health(START)
