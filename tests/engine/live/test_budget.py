"""Policies within their bounds: what a sleeve breaks is the sleeve's, the engine goes on."""

from collections.abc import Callable
from typing import cast

import pytest
from tests.engine.live.live_bench import ManualClock

from tradebot.engine.core.actions import OrderSeq
from tradebot.engine.core.events import SleeveFailed
from tradebot.engine.core.needs import Need
from tradebot.engine.core.policy import ContextMap
from tradebot.engine.core.portfolio import PortfolioState
from tradebot.engine.core.reasons import why
from tradebot.engine.core.snapshot import MarketSnapshot
from tradebot.engine.core.types import MINUTE, MS, Owner
from tradebot.engine.live.budget import BudgetedCaller, call_plainly

SLEEVE = Owner("trend")
NOTHING = OrderSeq.none(because=why("nothing"))


class Scripted:
    """A policy that does what a test says."""

    needs: tuple[Need, ...] = ()

    def __init__(self, act: Callable[[], object]) -> None:
        self._act = act

    def decide(
        self,
        portfolio: PortfolioState,
        snapshot: MarketSnapshot,
        context: ContextMap | None = None,
    ) -> OrderSeq:
        del portfolio, snapshot, context
        return cast("OrderSeq", self._act())


class Caller:
    """A caller and what it calls with."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.failed: list[SleeveFailed] = []
        self.caller = BudgetedCaller(self.clock, self.failed)
        self.portfolio = cast("PortfolioState", object())
        self.snapshot = MarketSnapshot((), 0)
        self.context = ContextMap(params=None, state=None, now=0, seed="")

    def call(self, act: Callable[[], object]) -> OrderSeq | None:
        return self.caller(SLEEVE, Scripted(act), self.portfolio, self.snapshot, self.context)

    def take(self, ms: float) -> OrderSeq | None:
        def act() -> OrderSeq:
            self.clock.cpu += int(ms * MS)
            return NOTHING

        return self.call(act)


def raising(error: BaseException) -> Callable[[], object]:
    def act() -> object:
        raise error

    return act


def test_answers_within_the_budget_pass() -> None:
    caller = Caller()
    assert caller.take(2) is NOTHING
    assert caller.take(5) is NOTHING
    assert caller.take(1) is NOTHING
    assert caller.failed == []


@pytest.mark.parametrize("error", [ValueError("bad"), ZeroDivisionError("bad"), SystemExit("bad")])
def test_exception_fails_the_sleeve_and_says_where(error: BaseException) -> None:
    caller = Caller()
    assert caller.call(raising(error)) is None
    (failure,) = caller.failed
    assert failure.sleeve == SLEEVE
    assert failure.reason.startswith(f"{type(error).__name__}: bad (act, line ")


def test_keyboard_interrupt_is_the_persons_not_the_policys() -> None:
    with pytest.raises(KeyboardInterrupt):
        Caller().call(raising(KeyboardInterrupt()))


@pytest.mark.parametrize(("answer", "name"), [(None, "NoneType"), ([], "list"), ("buy", "str")])
def test_answer_that_is_no_order_seq_fails_the_sleeve(answer: object, name: str) -> None:
    caller = Caller()
    assert caller.call(lambda: answer) is None
    assert [f.reason for f in caller.failed] == [f"decide must return an OrderSeq, returned {name}"]


def test_one_call_over_100_ms_fails_the_sleeve_but_its_answer_counts() -> None:
    caller = Caller()
    assert caller.take(100) is NOTHING
    assert caller.failed == []
    assert caller.take(101) is NOTHING
    assert [f.reason for f in caller.failed] == ["one decision took 101 ms, at most 100"]


def test_ten_calls_over_budget_within_a_minute_fail_the_sleeve() -> None:
    caller = Caller()
    for _ in range(9):
        caller.take(6)
    assert caller.failed == []
    caller.take(6)
    assert [f.reason for f in caller.failed] == ["10 decisions over 5 ms within a minute"]


def test_ten_calls_over_budget_in_more_than_a_minute_do_not() -> None:
    caller = Caller()
    for _ in range(30):
        caller.take(6)
        caller.clock.run += MINUTE // 9 + 1
    assert caller.failed == []


def test_deciding_again_takes_a_broken_call_as_no_decision() -> None:
    caller = Caller()
    for act in (raising(ValueError()), raising(SystemExit()), lambda: None):
        answer = call_plainly(
            SLEEVE, Scripted(act), caller.portfolio, caller.snapshot, caller.context
        )
        assert answer is None


def test_sleeve_that_was_resumed_begins_a_new_count_of_ten() -> None:
    caller = Caller()
    for _ in range(19):
        caller.take(6)
    assert len(caller.failed) == 1
    caller.take(6)
    assert len(caller.failed) == 2


def test_a_decision_over_five_ms_is_told_once_a_minute() -> None:
    caller, told = Caller(), list[int]()
    caller.caller.slow = lambda sleeve, took: told.append(took) if sleeve == SLEEVE else None
    for ms in (4, 6, 7):
        caller.take(ms)
    assert told == [6 * MS]
    caller.clock.run += MINUTE
    caller.take(8)
    assert told == [6 * MS, 8 * MS]
    assert not caller.failed


def test_times_are_the_median_and_the_worst_but_one_in_a_hundred() -> None:
    caller = Caller()
    assert caller.caller.times(SLEEVE) is None
    for ms in range(1, 102):
        caller.take(ms / 100)
    times = caller.caller.times(SLEEVE)
    assert times is not None
    assert (times.p50_ms, times.p99_ms, times.count) == (0.51, 1.0, 101)
    caller.caller.forget(SLEEVE)
    assert caller.caller.times(SLEEVE) is None
