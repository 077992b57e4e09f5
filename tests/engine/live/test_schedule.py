"""The one order in which things happen in virtual time."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from tradebot.engine.core.events import HaltRequested
from tradebot.engine.live.schedule import Happening, Lane, Schedule, TimerDue


def test_at_equal_time_timer_comes_before_venue_before_operator() -> None:
    timer = TimerDue("t")
    venue = Happening(lambda: None)
    operator = HaltRequested(reason="r")
    items = [(Lane.TIMER, timer), (Lane.VENUE, venue), (Lane.OPERATOR, operator)]
    for order in permutations(items):
        schedule = Schedule()
        for lane, item in order:
            schedule.add(5, lane, item)
        assert [schedule.pop() for _ in items] == [timer, venue, operator]


def test_market_is_the_last_lane() -> None:
    assert sorted(Lane) == [Lane.TIMER, Lane.VENUE, Lane.OPERATOR, Lane.MARKET]


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(list(Lane)))))
def test_items_leave_by_time_then_lane_then_arrival(entries: list[tuple[int, Lane]]) -> None:
    schedule = Schedule()
    for number, (due, lane) in enumerate(entries):
        schedule.add(due, lane, TimerDue(str(number)))
    assert len(schedule) == len(entries)
    left: list[int] = []
    while (head := schedule.next()) is not None:
        item = schedule.pop()
        assert isinstance(item, TimerDue)
        assert head == entries[int(item.timer_id)]
        left.append(int(item.timer_id))
    assert left == sorted(range(len(entries)), key=lambda number: (*entries[number], number))


def test_schedule_with_timers_alone_is_quiet() -> None:
    schedule = Schedule()
    assert schedule.next() is None
    assert schedule.only_timers()
    schedule.add(9, Lane.TIMER, TimerDue("t"))
    assert schedule.only_timers()
    schedule.add(1, Lane.VENUE, HaltRequested(reason="r"))
    assert not schedule.only_timers()
