"""Prints and candles, held against candles made the slow way."""

from collections import deque
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.live.live_bench import BTC, START

from tradebot.data.events import Trade
from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.events import OrderFilled
from tradebot.engine.core.outcomes import FillBooked
from tradebot.engine.core.types import (
    HAND,
    MINUTE,
    SECOND,
    AccountName,
    ClientOrderId,
    EngineId,
    ExecutionId,
    VenueOrderId,
)
from tradebot.engine.live.markets import Candle
from tradebot.engine.live.tape import SPANS, TRADES_KEPT, Tape, drawn

prints = st.lists(
    st.tuples(st.integers(0, 40 * SECOND), st.integers(1, 1000), st.integers(1, 50)), max_size=80
)


def print_at(ts: int, price: int, quantity: int) -> Trade:
    return Trade(instrument=BTC.id, ts_event=ts, ts_recv=ts, price=price, quantity=quantity)


def fed(trades: list[Trade]) -> Tape:
    tape = Tape({})
    for seq, trade in enumerate(trades, 1):
        tape(seq, trade.ts_recv, trade, [])
    return tape


def slow_candles(trades: list[Trade], span: int) -> list[Candle]:
    """Make candles by sorting every print into its span."""
    spans: dict[int, list[Trade]] = {}
    for trade in trades:
        spans.setdefault(trade.ts_recv // span * span, []).append(trade)
    return [
        Candle(
            ts_open,
            inside[0].price,
            max(trade.price for trade in inside),
            min(trade.price for trade in inside),
            inside[-1].price,
            sum(trade.quantity for trade in inside),
        )
        for ts_open, inside in sorted(spans.items())
    ]


@given(entries=prints, span=st.sampled_from(list(SPANS.values())))
def test_candles_of_any_span_are_those_made_the_slow_way(
    entries: list[tuple[int, int, int]], span: int
) -> None:
    ordered = sorted(entries, key=lambda entry: entry[0])
    trades = [print_at(START + wait * 7, price, quantity) for wait, price, quantity in ordered]
    assert fed(trades).candles(BTC.id, span, 500) == slow_candles(trades, span)


def test_newest_candles_and_prints_come_back_as_many_as_asked() -> None:
    trades = [print_at(START + number * SECOND, 100 + number, 1) for number in range(300)]
    tape = fed(trades)
    assert tape.candles(BTC.id, SECOND, 10) == slow_candles(trades, SECOND)[-10:]
    assert tape.candles(BTC.id, 5 * SECOND, 7) == slow_candles(trades, 5 * SECOND)[-7:]
    assert tape.trades(BTC.id, 3) == trades[:-4:-1]
    assert len(tape.trades(BTC.id, 10_000)) == TRADES_KEPT
    assert tape.trades(InstrumentId("x:y"), 5) == []


def test_late_print_grows_the_newest_candle() -> None:
    tape = fed([print_at(START + MINUTE, 100, 1), print_at(START, 90, 2)])
    (candle,) = tape.candles(BTC.id, MINUTE, 10)
    assert (candle.low, candle.close, candle.volume) == (90, 90, 3)


def test_history_comes_before_what_was_seen() -> None:
    minute = START - START % MINUTE
    old = Candle(minute - MINUTE, 5, 6, 4, 5, 9)
    tape = Tape({BTC.id: [old]})
    tape(1, minute, print_at(minute, 7, 1), [])
    assert tape.candles(BTC.id, MINUTE, 5) == [old, Candle(minute, 7, 7, 7, 7, 1)]


def test_own_fill_is_kept_once_however_often_it_is_told() -> None:
    fill = OrderFilled(
        execution_id=ExecutionId("x1"),
        client_order_id=ClientOrderId("a"),
        venue_order_id=VenueOrderId("v1"),
        account=AccountName("sandbox"),
        instrument=BTC.id,
        side="buy",
        quantity=1,
        price=1,
        fee=Decimal(0),
        fee_currency="USDT",
        liquidity="maker",
        source="stream",
        ts_event=START,
        ts_recv=START,
    )
    tape = Tape({})
    booked = FillBooked(
        execution_id=fill.execution_id,
        client_order_id=fill.client_order_id,
        engine_id=EngineId("abcde"),
        account=fill.account,
        owner=HAND,
        policy_version=None,
        bet_id=None,
        because=None,
        edge=None,
        lives_at=None,
    )
    tape(4, START, fill, [booked])
    tape(9, START, fill, [])
    assert tape.fills == deque([(4, fill, booked)])


@pytest.mark.parametrize("scale", [0, 2])
def test_candle_is_drawn_in_prices(scale: int) -> None:
    view = drawn(Candle(START, 100, 250, 50, 200, 3000), scale, 3)
    unit = 10**scale
    assert (view.open, view.high, view.low, view.close) == (
        100 / unit,
        250 / unit,
        50 / unit,
        200 / unit,
    )
    assert view.volume == 3.0
