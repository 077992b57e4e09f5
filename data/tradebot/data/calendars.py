"""Sessions of exchanges by the library exchange-calendars, imported only where needed: it brings pandas."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from typing import Protocol, cast

SECOND = 1_000_000_000

BEFORE, AFTER = timedelta(days=10), timedelta(days=400)
"""How far around an instant sessions are told: an engine is started anew more often than once a year."""

EARLY, LATE = (5 * 60 + 30) * 60 * SECOND, 4 * 3600 * SECOND
"""Extended hours of US stocks: from 04:00, five and a half hours before the open, to four hours after the close."""

NEW_YORK = "XNYS"
"""The New York Stock Exchange; all US stock exchanges keep its sessions."""


class _Calendar(Protocol):
    """What is used of a calendar."""

    opens_nanos: Sequence[int]
    closes_nanos: Sequence[int]


class _Library(Protocol):
    """What is used of the library, which has no types of its own."""

    def get_calendar(self, name: str, *, start: str, end: str) -> _Calendar:
        """Return a calendar."""
        ...


def sessions_around(
    calendar: str, now: int, *, extended: bool = False
) -> tuple[tuple[int, int], ...]:
    """Return a calendar's sessions around an instant, oldest first; none where the library is not installed.

    Args:
        calendar: Its code, `XNYS`; one that the library has not is the library's own error.
        now: ns UTC.
        extended: With the hours before the open and after the close that US brokers trade in.
    """
    if find_spec("exchange_calendars") is None:
        return ()
    library = cast("_Library", import_module("exchange_calendars"))
    day = datetime.fromtimestamp(now // SECOND, UTC).date()
    found = library.get_calendar(
        calendar, start=(day - BEFORE).isoformat(), end=(day + AFTER).isoformat()
    )
    early, late = (EARLY, LATE) if extended else (0, 0)
    return tuple(
        (int(opens) - early, int(closes) + late)
        for opens, closes in zip(found.opens_nanos, found.closes_nanos, strict=True)
    )
