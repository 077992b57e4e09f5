"""Trading days by a zone's own clock: 23 and 25 hours, boundaries that are skipped or come twice."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradebot.engine.config.zones import zone_offsets
from tradebot.engine.core.days import DAY, day_begins, day_of

HOUR = DAY // 24
NEW_YORK = zone_offsets("America/New_York", 2025, 2028)
BERLIN = zone_offsets("Europe/Berlin", 2025, 2028)
ZONES = ("America/New_York", "Europe/Berlin", "Asia/Tokyo", "Australia/Lord_Howe", "UTC")


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp()) * 10**9


def length(day: str, minute: int, offsets: tuple[tuple[int, int], ...]) -> int:
    """Return how long the trading day that holds an instant lasts, in hours."""
    number = day_of(ns(day), minute, offsets)
    return (day_begins(number + 1, minute, offsets) - day_begins(number, minute, offsets)) // HOUR


@pytest.mark.parametrize(
    ("last_before", "first_of_the_next"),
    [
        ("2026-03-06T21:59:59+00:00", "2026-03-06T22:00:00+00:00"),  # winter: 17:00 is 22:00 UTC
        ("2026-03-08T20:59:59+00:00", "2026-03-08T21:00:00+00:00"),  # the day clocks go forward
        ("2026-10-31T20:59:59+00:00", "2026-10-31T21:00:00+00:00"),
        ("2026-11-01T21:59:59+00:00", "2026-11-01T22:00:00+00:00"),  # the day they go back
    ],
)
def test_five_in_the_afternoon_in_new_york_begins_the_day_on_both_sides_of_a_change(
    last_before: str, first_of_the_next: str
) -> None:
    before, after = ns(last_before), ns(first_of_the_next)
    day = day_of(after, 17 * 60, NEW_YORK)
    assert day_of(before, 17 * 60, NEW_YORK) == day - 1
    assert day_begins(day, 17 * 60, NEW_YORK) == after


def test_the_day_of_a_change_has_23_or_25_hours() -> None:
    assert length("2026-03-08T12:00+00:00", 17 * 60, NEW_YORK) == 23
    assert length("2026-11-01T12:00+00:00", 17 * 60, NEW_YORK) == 25
    assert length("2026-03-10T12:00+00:00", 17 * 60, NEW_YORK) == 24


def test_in_the_weeks_between_the_changes_europe_and_america_are_an_hour_nearer() -> None:
    # 2026: New York changes on 8 March, Berlin on 29 March.
    for day, apart in (("2026-03-05", 6), ("2026-03-15", 5), ("2026-04-01", 6)):
        noon = ns(f"{day}T12:00+00:00")
        starts = [
            day_begins(day_of(noon, 17 * 60, zone), 17 * 60, zone) for zone in (BERLIN, NEW_YORK)
        ]
        assert starts[1] - starts[0] == apart * HOUR


def test_a_boundary_inside_the_skipped_hour_is_when_the_clock_jumps_over_it() -> None:
    jump = ns("2026-03-08T07:00:00+00:00")  # 02:00 -> 03:00, so 02:30 never shows
    day = day_of(jump, 2 * 60 + 30, NEW_YORK)
    assert day_of(jump - 1, 2 * 60 + 30, NEW_YORK) == day - 1
    assert day_begins(day, 2 * 60 + 30, NEW_YORK) == jump


def test_a_boundary_inside_the_repeated_hour_is_its_first_time_and_the_day_is_not_taken_back() -> (
    None
):
    first, again = ns("2026-11-01T05:30:00+00:00"), ns("2026-11-01T06:00:00+00:00")
    day = day_of(first, 90, NEW_YORK)
    assert day_of(first - 1, 90, NEW_YORK) == day - 1
    assert day_of(again, 90, NEW_YORK) == day  # the clock shows 01:00 once more
    assert day_begins(day, 90, NEW_YORK) == first
    assert day_begins(day + 1, 90, NEW_YORK) - first == 25 * HOUR


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(ZONES),
    st.integers(ns("2025-06-01T00:00+00:00"), ns("2028-06-01T00:00+00:00")),
    st.integers(0, 1439),
    st.integers(1, 3 * DAY),
)
def test_days_never_go_back_and_are_those_of_a_twin_that_asks_the_zone(
    zone: str, now: int, minute: int, later: int
) -> None:
    offsets = zone_offsets(zone, 2025, 2028)
    day = day_of(now, minute, offsets)
    assert day_of(now + later, minute, offsets) >= day
    begins = day_begins(day, minute, offsets)
    assert begins <= now < day_begins(day + 1, minute, offsets)
    # The twin walks back minute by minute from a little later to the first moment that shows the boundary or more.
    date = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)
    shown = datetime.fromtimestamp(begins // 10**9, UTC).astimezone(ZoneInfo(zone))
    just_before = datetime.fromtimestamp(begins // 10**9 - 60, UTC).astimezone(ZoneInfo(zone))
    boundary = date.replace(tzinfo=None) + timedelta(minutes=minute)
    assert shown.replace(tzinfo=None) >= boundary
    assert just_before.replace(tzinfo=None) < boundary


def test_the_table_has_every_change_to_the_second() -> None:
    changes = [when for when, _ in NEW_YORK[1:]]
    assert ns("2026-03-08T07:00:00+00:00") in changes
    assert ns("2026-11-01T06:00:00+00:00") in changes
    assert len(changes) == 8
    assert zone_offsets("UTC", 2025, 2028) == ()
