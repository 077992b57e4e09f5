"""What all adapters share: pauses, budgets, cursors, told executions, and sessions that are made anew."""

import random
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.brokers.outside_in_memory import MemoryOutside

from tradebot.engine.brokers.backoff import Backoff
from tradebot.engine.brokers.budget import Allowance, RateBudget, RollingBudget
from tradebot.engine.brokers.cursor import Cursor, CursorFile, MemoryCursor
from tradebot.engine.brokers.ids import ToldExecutions
from tradebot.engine.brokers.keeping import KeptSession, Word
from tradebot.engine.brokers.outside import HttpRequest, Outside
from tradebot.engine.brokers.session import SessionHealth
from tradebot.engine.core.events import StreamChanged
from tradebot.engine.core.inbox import OrderLaneFull
from tradebot.engine.core.types import MINUTE, SECOND, AccountName, ClientOrderId, VenueOrderId

MINUTE_WEIGHT = Allowance(name="weight", most=100, window=60 * SECOND, reserve=20)


def test_pauses_double_up_to_a_bound_and_are_spread() -> None:
    backoff = Backoff(random.Random(1), first=SECOND, most=8 * SECOND)  # noqa: S311  (seeded)
    pauses = [backoff.next() for _ in range(6)]
    for pause, most in zip(pauses, (1, 2, 4, 8, 8, 8), strict=True):
        assert most * SECOND // 2 <= pause <= most * SECOND
    backoff.reset()
    assert backoff.next() <= SECOND


def test_ordinary_requests_leave_the_reserve_to_cancels() -> None:
    budget = RateBudget(MINUTE_WEIGHT)
    assert budget.take(80, 0) == 0
    assert budget.take(1, 0) == 60 * SECOND
    assert budget.take(20, 0, "cancel") == 0
    assert budget.take(1, 30 * SECOND, "cancel") == 30 * SECOND
    assert budget.take(80, 60 * SECOND) == 0


def test_the_venues_own_count_is_believed_where_it_is_higher() -> None:
    budget = RateBudget(MINUTE_WEIGHT)
    budget.told(79, 0)
    assert budget.take(2, 0) > 0
    budget.told(3, 0)
    assert budget.room(0) == 1


def test_nothing_is_asked_while_the_venue_has_shut_us_out() -> None:
    budget = RateBudget(MINUTE_WEIGHT)
    budget.shut(90 * SECOND)
    assert budget.take(1, 0, "cancel") == 90 * SECOND
    assert budget.take(1, 90 * SECOND, "cancel") == 0


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 30 * SECOND), st.booleans())))
def test_no_window_holds_more_than_its_limit(asked: list[tuple[int, int, bool]]) -> None:
    budget, now, windows = RateBudget(MINUTE_WEIGHT), 0, dict[int, int]()
    for weight, passed, cancel in asked:
        now += passed
        if budget.take(weight, now, "cancel" if cancel else "ordinary") == 0:
            windows[now // (60 * SECOND)] = windows.get(now // (60 * SECOND), 0) + weight
    assert all(used <= 100 for used in windows.values())


@pytest.fixture(params=["file", "memory"])
def cursor(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Cursor]:
    if request.param == "memory":
        yield MemoryCursor()
        return
    with CursorFile(tmp_path / "cursor.db") as file:
        yield file.of("a")


def test_a_cursor_only_moves_forward(cursor: Cursor) -> None:
    assert cursor.get("fills") == 0
    cursor.put("fills", 7)
    cursor.put("fills", 5)
    assert cursor.get("fills") == 7


def test_our_id_of_a_venues_order_is_the_first_that_was_kept(cursor: Cursor) -> None:
    number = VenueOrderId("28")
    assert cursor.order("BTCUSDT", number) is None
    cursor.keep_order("BTCUSDT", number, ClientOrderId("tb1"))
    cursor.keep_order("BTCUSDT", number, ClientOrderId("web_x"))
    assert cursor.order("BTCUSDT", number) == "tb1"
    assert cursor.order("ETHUSDT", number) is None


def test_cursors_are_there_again_after_a_restart_each_account_its_own(tmp_path: Path) -> None:
    with CursorFile(tmp_path / "cursor.db") as file:
        file.of("a").put("fills", 9)
        file.of("b").put("fills", 3)
    with CursorFile(tmp_path / "cursor.db") as file:
        assert (file.of("a").get("fills"), file.of("b").get("fills")) == (9, 3)


def test_an_execution_is_told_once_and_the_oldest_are_forgotten() -> None:
    told = ToldExecutions(kept=2)
    assert [told.first(one) for one in ("x", "x", "y", "z", "x")] == [True, False, True, True, True]
    assert told.doubled == 1


def test_a_request_shows_neither_its_query_nor_its_headers() -> None:
    request = HttpRequest(
        method="GET", url="https://h/p?signature=abc", headers={"X-KEY": "k"}, timeout=1
    )
    assert repr(request) == "HttpRequest(GET https://h/p)"


class Fragile:
    """A session that notes its lives."""

    def __init__(self, tell: Callable[[Word], None]) -> None:
        self.tell = tell
        self.health = SessionHealth(state="live")
        self.running = False

    def start(self) -> None:
        """Run."""
        self.running = True

    def stop(self) -> None:
        """Rest."""
        self.running = False


def kept_on(
    outside: MemoryOutside, tell: Callable[[Word], None]
) -> tuple[KeptSession[Fragile], list[Fragile], list[Callable[[Exception], None]]]:
    lives: list[Fragile] = []
    crash: list[Callable[[Exception], None]] = []

    def doors(crashed: Callable[[Exception], None]) -> MemoryOutside:
        crash.append(crashed)
        own = MemoryOutside(outside.now)
        own.after = outside.after  # one time for all; closing one ends only its own
        return own

    def make(_: Outside, heard: Callable[[Word], None]) -> Fragile:
        lives.append(Fragile(heard))
        return lives[-1]

    down = StreamChanged(account=AccountName("a"), state="down", reason="")
    kept = KeptSession("a", doors, make, tell=tell, down=lambda _: [down])
    kept.start()
    return kept, lives, crash


def test_a_session_whose_code_fails_is_told_down_and_made_anew() -> None:
    outside, words = MemoryOutside(0), list[Word]()
    kept, lives, crash = kept_on(outside, words.append)
    crash[-1](ValueError("x"))
    assert kept.session is None
    assert not lives[0].running
    assert [type(word) for word in words] == [StreamChanged]
    outside.run(SECOND)
    assert kept.session is lives[1]
    assert lives[1].running


def test_a_full_order_lane_disconnects_the_session_and_it_comes_back() -> None:
    outside = MemoryOutside(0)

    def full(_: Word) -> None:
        raise OrderLaneFull("full")

    _, lives, _ = kept_on(outside, full)
    lives[0].tell(StreamChanged(account=AccountName("a"), state="up"))
    assert not lives[0].running
    outside.run(SECOND)
    assert lives[1].running


def test_a_stopped_session_stays_down() -> None:
    outside = MemoryOutside(0)
    kept, lives, crash = kept_on(outside, lambda _: None)
    kept.stop()
    crash[-1](ValueError("x"))
    outside.run(60 * SECOND)
    assert len(lives) == 1
    assert not lives[0].running


def test_a_rolling_limit_gives_back_what_left_a_window_ago_and_no_earlier() -> None:
    budget = RollingBudget(Allowance(name="r", most=10, window=MINUTE, reserve=2), late=SECOND)
    start = 59 * SECOND
    assert [budget.take(1, start + at) for at in range(8)] == [0] * 8
    assert budget.take(1, MINUTE) == start + SECOND
    assert budget.take(1, MINUTE, "cancel") == 0
    assert budget.take(1, start + MINUTE + SECOND + 1) == 0


def test_a_rolling_limit_counts_what_others_used_until_their_window_is_over() -> None:
    budget = RollingBudget(Allowance(name="r", most=10, window=MINUTE, reserve=2), late=0)
    budget.take(1, 0)
    budget.told(9, 1)
    assert (budget.room(1), budget.room(1, "cancel")) == (0, 1)
    budget.told(1, 2)
    assert budget.room(2) == 7
    budget.shut(5)
    assert budget.take(1, 3, "cancel") == 2


@given(
    steps=st.lists(st.tuples(st.integers(0, 20), st.integers(1, 3)), max_size=60),
    window=st.integers(1, 40),
)
def test_no_span_of_a_rolling_limit_ever_holds_more_than_it_may(
    steps: list[tuple[int, int]], window: int
) -> None:
    budget = RollingBudget(Allowance(name="r", most=5, window=window, reserve=1), late=0)
    now, taken = 0, list[tuple[int, int]]()
    for pause, weight in steps:
        now += pause
        wait = budget.take(weight, now)
        if not wait:
            taken.append((now, weight))
        naive = sum(weight for at, weight in taken if at > now - window)
        assert naive <= 4
        assert wait or naive
        assert not wait or naive + weight > 4
