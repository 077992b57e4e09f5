"""A zone as a table of offsets, from the machine's zone database: the kernel itself asks nobody."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

YEARS_AHEAD = 6
"""An engine is told the clock changes of so many years after its start; it is told again at each start."""

_SECOND = 1_000_000_000


def zone_offsets(zone: str, first_year: int, last_year: int) -> tuple[tuple[int, int], ...]:
    """Return when a zone's clocks change: (from instant, ns UTC; seconds east of UTC from then on), oldest first.

    Args:
        zone: Name in the IANA database.
        first_year: First year of the table; its first entry is that year's first instant (UTC).
        last_year: Last year of the table, included.

    Returns:
        Empty for UTC.
    """
    if zone == "UTC":
        return ()
    info = ZoneInfo(zone)
    instant = datetime(first_year, 1, 1, tzinfo=UTC)
    end = datetime(last_year + 1, 1, 1, tzinfo=UTC)
    found = [(instant, _seconds(instant, info))]
    while instant < end:
        following = instant + timedelta(days=1)
        if _seconds(following, info) != found[-1][1]:
            changed = _change(instant, following, info)
            found.append((changed, _seconds(changed, info)))
        instant = following
    return tuple((int(when.timestamp()) * _SECOND, seconds) for when, seconds in found)


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Return the first second with the offset of `after`."""
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before).total_seconds() // 2)
        if _seconds(middle, zone) == _seconds(before, zone):
            before = middle
        else:
            after = middle
    return after


def _seconds(instant: datetime, zone: ZoneInfo) -> int:
    offset = instant.astimezone(zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())
