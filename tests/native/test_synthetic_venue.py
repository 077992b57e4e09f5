"""The invented market through Python: repeatable, uncrossed, and its changes rebuild its book."""

import numpy as np
import pytest

from tradebot.native import SyntheticParameters, Venue

MARKET = 1
TICK, LOT = 10, 100
STEP_NS = 50_000_000
HOUR_NS = 3_600_000_000_000


def parameters() -> SyntheticParameters:
    return SyntheticParameters(start_price=400_000, tick=TICK, lot=LOT, volatility=5e-5)


def venue(seed: int) -> Venue:
    made = Venue()
    made.add_synthetic(MARKET, seed, parameters(), start_ns=1_000)
    return made


def test_same_seed_gives_the_same_stream_and_another_does_not() -> None:
    streams = [
        [made.advance(MARKET) for _ in range(300)] for made in (venue(1), venue(1), venue(2))
    ]
    assert streams[0] == streams[1]
    assert streams[0] != streams[2]


def test_changes_rebuild_the_book_which_is_never_crossed_nor_thin() -> None:
    made = venue(5)
    book = made.book(MARKET)
    rebuilt: dict[int, dict[int, int]] = {1: {}, -1: {}}
    for step in range(400):
        if step % 40 == 11:
            touch = book.best_ask()
            assert touch is not None
            made.submit(step, MARKET, -1, "limit", "gtc", False, touch[0], 3 * LOT)  # noqa: FBT003
        bids, asks, trades, _ = made.advance(MARKET)
        for side, changes in ((1, bids), (-1, asks)):
            rebuilt[side].update(changes)
            ladder = {price: quantity for price, quantity in rebuilt[side].items() if quantity}
            rebuilt[side] = ladder
            shown = book.bids(999) if side == 1 else book.asks(999)
            assert sorted(ladder.items(), reverse=side == 1) == shown
            assert len(shown) >= 40
        assert not book.is_crossed()
        assert all(quantity > 0 and side in {1, -1} for _, quantity, side in trades)


def test_steps_are_due_every_fifty_milliseconds_from_the_start() -> None:
    made = venue(1)
    assert made.next_time(MARKET) == 1_000 + STEP_NS
    made.advance(MARKET)
    assert made.next_time(MARKET) == 1_000 + 2 * STEP_NS


def test_history_is_whole_candles_up_to_now() -> None:
    made = venue(4)
    bars = made.history(MARKET, HOUR_NS, 60)
    offset, first, high, low, last, volume = bars.T
    assert (bars.shape, bars.dtype) == ((60, 6), np.int64)
    assert (offset[0], offset[-1]) == (-HOUR_NS + HOUR_NS // 60, 0)
    assert np.all(np.diff(offset) == HOUR_NS // 60)
    assert np.all(low <= np.minimum(first, last))
    assert np.all(high >= np.maximum(first, last))
    assert np.all(volume > 0)
    touch = made.book(MARKET).best_bid()
    assert touch is not None
    assert abs(touch[0] - last[-1]) < 30 * TICK
    with pytest.raises(ValueError, match="instrument 1 has begun"):
        made.history(MARKET, HOUR_NS, 60)


def test_history_does_not_change_with_its_number_of_bars() -> None:
    hourly, minutely = venue(4), venue(4)
    one = hourly.history(MARKET, HOUR_NS, 1)[0]
    many = minutely.history(MARKET, HOUR_NS, 60)
    assert (one[1], one[4]) == (many[0, 1], many[-1, 4])
    assert (one[2], one[3], one[5]) == (many[:, 2].max(), many[:, 3].min(), many[:, 5].sum())
    assert hourly.advance(MARKET) == minutely.advance(MARKET)


def test_own_order_stands_in_the_true_queue_until_those_ahead_are_gone() -> None:
    made = venue(8)
    touch = made.book(MARKET).best_bid()
    assert touch is not None
    price, standing = touch
    (event,) = made.submit(1, MARKET, 1, "limit", "gtc", post_only=True, price=price, quantity=LOT)
    assert event.kind == "accepted"
    assert made.queue_ahead(1) == standing
    assert made.book(MARKET).quantity_at(1, price) == standing + LOT
    ahead = standing
    for _ in range(5_000):
        *_, events = made.advance(MARKET)
        if events:
            assert (events[0].kind, events[0].price, events[0].leaves) == ("filled", price, 0)
            assert events[0].liquidity == "maker"
            assert made.open_orders() == []
            return
        now = made.queue_ahead(1)
        assert now is not None
        assert now <= ahead
        ahead = now
    pytest.fail("a bid at the touch was not reached in 250 s")


def test_own_taking_order_prints_on_the_tape() -> None:
    made = venue(8)
    made.advance(MARKET)
    events = made.submit(
        1, MARKET, 1, "market", "ioc", post_only=False, price=0, quantity=500 * LOT
    )
    fills = [(event.price, event.quantity) for event in events if event.kind == "filled"]
    assert sum(quantity for _, quantity in fills) == 500 * LOT
    _, _, trades, _ = made.advance(MARKET)
    assert trades[: len(fills)] == [(price, quantity, 1) for price, quantity in fills]


def test_venue_rules_are_rejections() -> None:
    made = venue(8)
    cases = [
        (400_001, LOT, "price_off_tick"),
        (400_000, LOT + 1, "quantity_off_lot"),
        (4_000_000, LOT, "price_out_of_range"),
    ]
    for price, quantity, reason in cases:
        (event,) = made.submit(1, MARKET, 1, "limit", "gtc", False, price, quantity)  # noqa: FBT003
        assert (event.kind, event.reason) == ("rejected", reason)


def test_parameters_are_values_with_named_bounds() -> None:
    assert parameters() == parameters()
    assert "volatility=0.00005" in repr(parameters())
    with pytest.raises(ValueError, match=r"volatility must be in \[0, 0.01\], was 1"):
        SyntheticParameters(start_price=400_000, tick=TICK, lot=LOT, volatility=1.0)
    with pytest.raises(ValueError, match="start_price must be at least 1000 ticks"):
        SyntheticParameters(start_price=10, tick=TICK, lot=LOT)
    with pytest.raises(ValueError, match=r"levels must be in \[0, 4294967295\], was -1"):
        SyntheticParameters(start_price=400_000, tick=TICK, lot=LOT, levels=-1)
