"""Bars in the kernel: what they are made of, who wakes at them, how they are warmed; nobody sees the future."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby
from statistics import stdev
from typing import override

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.engine.core.builders import (
    BTC_ID,
    ENGINE_ID,
    SLEEVE,
    World,
    call_plainly,
    encoded,
    loaded,
    of_type,
    trade,
)
from tests.engine.core.policy_days import Day

from tradebot.data.events import Bar
from tradebot.engine.core.actions import OrderSeq
from tradebot.engine.core.events import Event, HistoryGiven, OrderLane
from tradebot.engine.core.kernel import Kernel
from tradebot.engine.core.market import AHEAD_MAX, BarRow
from tradebot.engine.core.needs import Bars, Book, Need, Trades
from tradebot.engine.core.outcomes import AnyOutcome, Decided, OrderDenied, SleeveLogged
from tradebot.engine.core.policy import ContextMap, Filled
from tradebot.engine.core.portfolio import PortfolioState
from tradebot.engine.core.reasons import why
from tradebot.engine.core.sleeves import Sleeves
from tradebot.engine.core.snapshot import BarValue, MarketSnapshot
from tradebot.engine.core.step import plain
from tradebot.engine.core.types import MINUTE, SECOND
from tradebot.engine.core.wants import want

PRICE = 10_000_00
_EVENTS: msgspec.json.Decoder[OrderLane] = msgspec.json.Decoder(OrderLane)


class Watches:
    """A policy that notes what it is shown, and is flat or long by a mean."""

    def __init__(self, *needs: Need, window: int = 3, trades: bool = False) -> None:
        self.needs: Sequence[Need] = needs or (Bars("1m", history=4),)
        self.window = window
        self.trades = trades
        self.seen: list[tuple[int, tuple[BarValue, ...]]] = []
        self.gaps: list[tuple[int, int] | None] = []

    def decide(
        self,
        portfolio: PortfolioState,
        snapshot: MarketSnapshot,
        context: ContextMap | None = None,
    ) -> OrderSeq:
        assert context is not None
        bars = snapshot.bars("1m")
        self.seen.append((context.now, context.history("1m")))
        self.gaps.append(context.gap)
        if not self.trades:
            return OrderSeq.none(because=why("watching", close=bars.last.close))
        if bars.last.close > bars.mean(self.window):
            return want.quantity(Decimal("0.1"), because=why("above", mean=bars.mean(self.window)))
        return want.flat(because=why("below", mean=bars.mean(self.window)))


def naive(told: list[tuple[int, int]], now: int) -> list[tuple[int, int, int, int, int]]:
    """Return (end, open, high, low, close) of the minutes that are over, from every trade there was."""
    by_end: dict[int, list[int]] = {}
    for time, price in told:
        by_end.setdefault((time // MINUTE + 1) * MINUTE, []).append(price)
    return [
        (end, prices[0], max(prices), min(prices), prices[-1])
        for end, prices in by_end.items()
        if end <= now
    ]


@settings(max_examples=40)
@given(
    steps=st.lists(st.tuples(st.integers(1, 100), st.integers(-500, 500)), min_size=5, max_size=40)
)
def test_bars_and_figures_are_those_of_a_naive_twin(steps: list[tuple[int, int]]) -> None:
    policy = Watches(Bars("1m", history=5))
    day = Day(policy)
    for seconds, move in steps:
        day.price(PRICE + 10 * move, at=day.world.now + seconds * SECOND)
    for now, bars in policy.seen:
        expected = naive(day.told, now)[-5:]
        got = [
            (bar.ts, *(int(p.scaleb(2)) for p in (bar.open, bar.high, bar.low, bar.close)))
            for bar in bars
        ]
        assert got == expected
    ends = [bars[-1].ts for _, bars in policy.seen]
    # Once for each bar that closed, from the fifth on, at its close.
    assert ends == sorted(set(ends))
    assert len(ends) == max(len(naive(day.told, day.world.now)) - 4, 0)
    assert all(now == end for (now, _), end in zip(policy.seen, ends, strict=True))
    view = day.world.state.market[BTC_ID].bars[MINUTE]
    closes = [row[4] for row in view.rows(0, len(view))]
    if len(closes) == 5:
        snapshot = MarketSnapshot([day.world.state.market[BTC_ID]], 0, (Bars("1m", history=5),))
        bars = snapshot.bars("1m")
        exact = Decimal(sum(closes)) / 5
        assert abs(bars.mean(5) - exact.scaleb(-2)) < Decimal("1e-9")
        assert abs(float(bars.deviation(5)) - stdev(closes) / 100) < 1e-9
        assert bars.high(5) == max(bar.high for bar in bars)
        assert bars.low(2) == min(bar.low for bar in bars[-2:])
        pairs = zip(list(bars)[:-1], list(bars)[1:], strict=True)
        ranges = [max(b.high, a.close) - min(b.low, a.close) for a, b in pairs]
        assert abs(bars.atr(4) - sum(ranges, Decimal(0)) / 4) < Decimal("1e-9")


def rows_of(told: list[tuple[int, int]], until: int) -> tuple[BarRow, ...]:
    """Return bars of a second of every trade before an instant: what a vendor would tell of the past."""
    by_end: dict[int, list[int]] = {}
    for time, price in told:
        by_end.setdefault((time // SECOND + 1) * SECOND, []).append(price)
    return tuple(
        (end, prices[0], max(prices), min(prices), prices[-1], 100 * len(prices))
        for end, prices in by_end.items()
        if end <= until
    )


def closes(policy: Watches) -> list[tuple[BarValue, ...]]:
    """Return the bars it was shown at each close."""
    return [bars for bars, _ in groupby(bars for _, bars in policy.seen)]


CLOSE_WITHOUT_A_MARKET = (
    *[(2, 0)] * 8,
    *[(42, 0), *[(70, 0)] * 6, (70, 1), (2, 0), (56, 0)],
)
"""The last minute closes after a restart, before the first book has come."""

CLOSE_IN_A_STALE_MARKET = (*[(2, 0)] * 12, (52, 0), (58, 1), (58, 0))
"""The last minute closes while the book is too old to act in, or after a restart while there is none."""


@example(steps=list(CLOSE_WITHOUT_A_MARKET), cut=16)
@example(steps=list(CLOSE_IN_A_STALE_MARKET), cut=13)
@settings(max_examples=30)
@given(
    steps=st.lists(st.tuples(st.integers(2, 70), st.integers(-50, 50)), min_size=12, max_size=24),
    cut=st.integers(0, 23),
)
def test_a_restart_at_any_event_leaves_the_next_decisions_as_they_were(
    steps: list[tuple[int, int]], cut: int
) -> None:
    def run(stop: int | None) -> tuple[Day, Watches, int]:
        policy = Watches(trades=True)
        day, restarted = Day(policy), 0
        for index, (seconds, move) in enumerate(steps):
            day.price(PRICE + 100 * move, at=day.world.now + seconds * SECOND)
            day.until(day.world.now + 2 * SECOND)
            if index == stop:
                day.world = day.world.recovered()
                day.venue.world = day.world
                restarted = day.world.now
                day.world.send(day.world.start)
                given_now = HistoryGiven(
                    instrument=BTC_ID,
                    span_ns=MINUTE,
                    bars_span_ns=SECOND,
                    bars=rows_of(day.told, day.world.now),
                )
                day.world.send(given_now, after=0)
        return day, policy, restarted

    whole, through, _ = run(None)
    again, after, restarted = run(min(cut, len(steps) - 1))
    # Asked more than once at a close: when its order has filled, and when the market is back it had to wait for.
    assert closes(through) == closes(after)
    assert whole.held == again.held
    gaps = [gap for gap in after.gaps if gap is not None]
    later = [now for now, _ in after.seen if now > restarted]
    assert len(gaps) == min(len(later), 1)
    assert all(gap[0] <= restarted <= gap[1] for gap in gaps)
    assert through.gaps == [None] * len(through.gaps)


def test_a_want_refused_in_a_stale_market_is_asked_again_once_it_is_up() -> None:
    policy = Watches(trades=True)
    day = Day(policy)
    day.warm([PRICE] * 4)
    day.price(PRICE + 100)
    day.until(day.world.now // MINUTE * MINUTE + MINUTE)
    assert [denied.code for denied in of_type(day.world.outcomes, OrderDenied)] == ["feed_not_up"]
    asked = len(policy.seen)
    day.until(day.world.now + 30 * SECOND)
    assert len(policy.seen) == asked
    day.price(PRICE + 100)
    assert day.held == Decimal("0.1")
    asked = len(policy.seen)
    day.price(PRICE + 100)
    assert len(policy.seen) == asked


def test_a_history_is_part_of_the_record_and_decides_the_same_again() -> None:
    day = Day(Watches(trades=True))
    day.warm([PRICE] * 4)
    day.minutes([PRICE + 10 * step for step in (1, 5, 2, -9, 4)])
    world = day.world
    assert len(of_type(world.outcomes, Decided)) >= 3
    policies = {SLEEVE: loaded(Watches(trades=True))}
    kernel, got = Kernel(ENGINE_ID, Sleeves(policies, call_plainly)), list[AnyOutcome]()
    for seq, (now, event) in enumerate(world.history, 1):
        same = _written(event)
        got += [plain(outcome) for outcome in kernel.handle(seq, now, same)]
    assert encoded(got) == encoded(world.outcomes)


def _written(event: Event) -> Event:
    """Return an event as it comes back from the journal."""
    if isinstance(event, HistoryGiven):
        return _EVENTS.decode(msgspec.json.encode(event))
    return event


def test_bars_of_the_future_are_passed_over() -> None:
    policy = Watches(Bars("1m", history=1))
    day = Day(policy)
    ahead = (day.world.now // MINUTE + 2) * MINUTE
    rows: tuple[BarRow, ...] = ((ahead, PRICE, PRICE, PRICE, PRICE, 1),)
    day.world.send(HistoryGiven(instrument=BTC_ID, span_ns=MINUTE, bars_span_ns=MINUTE, bars=rows))
    series = day.world.state.market[BTC_ID].bars[MINUTE]
    assert (len(series), series.forming()) == (0, None)
    world = day.world
    world.send(_own(ahead), after=ahead - AHEAD_MAX - 1 - world.now)
    assert len(series) == 0
    world.send(_own(ahead), after=1)
    assert len(series) == 1


def _own(end: int, close: int = PRICE, span: int = MINUTE) -> Bar:
    return Bar(
        instrument=BTC_ID,
        ts_event=end,
        ts_recv=end,
        span_ns=span,
        open=close,
        high=close,
        low=close,
        close=close,
        volume=1,
    )


def test_a_markets_own_bars_wake_as_they_close_and_make_longer_ones() -> None:
    policy = Watches(Bars("5m", history=1), Bars("1m"))
    day = Day(policy)
    begin = (day.world.now // (5 * MINUTE) + 1) * 5 * MINUTE
    for step in range(1, 6):
        end = begin + step * MINUTE
        day.until(end)
        day.world.send(_own(end, PRICE + 100 * step), after=SECOND)
    five = day.world.state.market[BTC_ID].bars[5 * MINUTE].last()
    assert five == (begin + 5 * MINUTE, PRICE + 100, PRICE + 500, PRICE + 100, PRICE + 500, 5)
    assert len(policy.seen) == 1
    broken = msgspec.structs.replace(_own(begin + 6 * MINUTE), low=PRICE + 1)
    day.world.send(broken, after=MINUTE)
    assert day.world.state.market[BTC_ID].bars[5 * MINUTE].forming() is None


def test_a_sleeve_that_is_not_warm_is_asked_by_nothing() -> None:
    policy = Watches(Bars("1m", history=2), Book(), Trades())
    day = Day(policy)
    day.price(PRICE)
    assert policy.seen == []
    day.minutes([PRICE, PRICE + 100])
    assert len(policy.seen) >= 1
    asked = len(policy.seen)
    day.price(PRICE + 1000)
    assert len(policy.seen) == asked + 2


def test_too_few_bars_are_named_with_the_remedy() -> None:
    day = Day(Watches(Bars("1m", history=2)))
    day.minutes([PRICE, PRICE, PRICE])
    snapshot = MarketSnapshot([day.world.state.market[BTC_ID]], 0, (Bars("1m", history=2),))
    bars = snapshot.bars("1m")
    assert len(bars) == 2
    with pytest.raises(ValueError, match=r"a mean of 3 needs 3 closed bars of 1m .*history=3"):
        bars.mean(3)
    with pytest.raises(ValueError, match=r"a true range of 2 needs 3"):
        bars.atr(2)
    with pytest.raises(ValueError, match="no bars of '1h' are needed"):
        snapshot.bars("1h")
    with pytest.raises(IndexError):
        _ = bars[2]
    with pytest.raises(ValueError, match="a bar's span must be one of 1s, 5s"):
        Bars("2h")


class Talks(Watches):
    """A policy that logs too much, reads figures by name, and is told of its fills."""

    def __init__(self) -> None:
        super().__init__(Trades(), Bars("1m", history=2))
        self.filled: list[Filled] = []
        self.figures: list[Decimal] = []

    @override
    def decide(
        self,
        portfolio: PortfolioState,
        snapshot: MarketSnapshot,
        context: ContextMap | None = None,
    ) -> OrderSeq:
        assert context is not None
        self.figures.append(context.features["1m mean 2"])
        for line in range(12):
            context.log(f"{line} " + "x" * 400)
        return want.quantity(Decimal("0.1"), because=why("on"))

    def on(
        self,
        event: Filled,
        portfolio: PortfolioState,
        snapshot: MarketSnapshot,
        context: ContextMap | None = None,
    ) -> OrderSeq:
        self.filled.append(event)
        assert portfolio.account.positions[BTC_ID] == event.quantity
        assert portfolio.account.equity is not None
        return OrderSeq.none(because=why("filled"))


def test_a_policy_is_told_of_its_fills_reads_figures_and_logs_within_bounds() -> None:
    policy = Talks()
    day = Day(policy)
    day.warm([PRICE, PRICE + 100])
    day.price(PRICE)
    (fill,) = policy.filled
    assert (fill.side, fill.quantity, fill.leaves) == ("buy", Decimal("0.1"), 0)
    assert fill.price == Decimal("10000.50")
    assert policy.figures[0] == Decimal("10000.5")
    for _ in range(20):
        day.price(PRICE)
    logged = of_type(day.world.outcomes, SleeveLogged)
    assert len(logged[0].lines) == 8
    assert logged[0].dropped == 4
    assert all(len(line) <= 200 for event in logged for line in event.lines)
    minute = day.world.now // MINUTE
    assert sum(len(event.lines) for event in logged) <= 60 * (minute - START_MINUTE + 1)


START_MINUTE = World().now // MINUTE


def test_trades_and_bars_cost_nothing_where_nobody_needs_them() -> None:
    world = World()
    world.send(trade(PRICE))
    world.send(_own(world.now // MINUTE * MINUTE))
    assert world.state.market[BTC_ID].bars == {}
