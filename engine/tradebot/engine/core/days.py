"""Trading days: which one an instant belongs to, and when one begins, in a zone whose clocks change.

A zone comes as a table of (from instant, seconds east of UTC), so that nothing here asks the machine. A trading day
begins at the first instant at which the zone's clock shows the boundary or more: where the boundary is skipped in
spring, when the clock jumps over it; where it comes twice in autumn, the first time. A day may so last 23 or 25 hours.
"""

from bisect import bisect_right

type ZoneOffsets = tuple[tuple[int, int], ...]
"""(from instant, ns UTC; seconds east of UTC from then on), oldest first; empty: UTC."""

DAY = 86_400_000_000_000
"""Nanoseconds in a day of 24 hours."""

_MINUTE = 60_000_000_000
_SECOND = 1_000_000_000


def day_of(now: int, starts_minute: int, offsets: ZoneOffsets) -> int:
    """Return which trading day an instant belongs to, counted in days of the zone's calendar since 1970-01-01.

    Args:
        now: Instant, ns UTC.
        starts_minute: Minute of the zone's day at which the trading day begins, in [0, 1440).
        offsets: The zone; before its first entry that entry's offset holds.
    """
    begins = starts_minute * _MINUTE
    if not offsets:
        return (now - begins) // DAY
    at = max(bisect_right(offsets, now, key=lambda entry: entry[0]) - 1, 0)
    day = (now + offsets[at][1] * _SECOND - begins) // DAY
    if at == 0:
        return day
    # A clock set back does not take back a day that has begun.
    changed, before = offsets[at][0], offsets[at - 1][1]
    return max(day, (changed - 1 + before * _SECOND - begins) // DAY)


def day_begins(day: int, starts_minute: int, offsets: ZoneOffsets) -> int:
    """Return the first instant of a trading day, ns UTC.

    Args:
        day: As `day_of` counts.
        starts_minute: As in `day_of`.
        offsets: As in `day_of`.
    """
    local = day * DAY + starts_minute * _MINUTE
    if not offsets:
        return local
    candidates = {local - seconds * _SECOND for _, seconds in offsets}
    candidates |= {instant for instant, _ in offsets}
    return min(
        instant
        for instant in candidates
        if day_of(instant, starts_minute, offsets)
        >= day
        > day_of(instant - 1, starts_minute, offsets)
    )
