"""Speed: virtual time follows the wall, exactly."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.live.live_bench import START, ManualClock

from tradebot.engine.live.pace import Pace, Speed

SECOND = 1_000_000_000


@pytest.mark.parametrize(("speed", "expected"), [("1", 2), ("4", 8), ("0.5", 1)])
def test_virtual_time_is_the_walls_times_speed(speed: str, expected: int) -> None:
    clock = ManualClock()
    pace = Pace(clock, Decimal(speed), START)
    clock.run += 2 * SECOND
    assert pace.now(START) == START + expected * SECOND


def test_time_never_falls_behind_what_was_reached() -> None:
    pace = Pace(ManualClock(), Decimal(1), START)
    assert pace.now(START + 5) == START + 5


def test_full_speed_is_where_the_engine_has_come_and_waits_for_nothing() -> None:
    pace = Pace(ManualClock(), "max", START)
    assert pace.unbounded
    assert pace.now(START + 7) == START + 7
    assert pace.seconds_until(START + 10 * SECOND) == 0.0


@pytest.mark.parametrize(
    ("speed", "expected"), [(Decimal(200), 3), ("max", 3), (Decimal("0.5"), 1.5)]
)
def test_walking_pace_is_at_most_the_walls(speed: Speed, expected: float) -> None:
    clock = ManualClock()
    pace = Pace(clock, speed, START)
    pace.walk(START)
    assert not pace.unbounded
    clock.run += SECOND
    pace.walk(START)
    clock.run += 2 * SECOND
    assert pace.now(START) == START + int(expected * SECOND)


@given(
    speed=st.decimals("0.01", "1000", places=2),
    elapsed=st.integers(0, 3600 * SECOND),
    ahead=st.integers(-SECOND, 100 * SECOND),
)
def test_after_waiting_as_told_the_instant_has_come(
    speed: Decimal, elapsed: int, ahead: int
) -> None:
    clock = ManualClock()
    pace = Pace(clock, speed, START)
    clock.run += elapsed
    due = pace.now(START) + ahead
    wait = pace.seconds_until(due)
    assert (wait == 0.0) == (ahead <= 0)
    clock.run += int(wait * SECOND) + 1000
    assert pace.now(START) >= due
