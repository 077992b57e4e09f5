"""When a Gateway is expected to be gone: the nightly reset, and the weekly login with a second factor.

Sources: BROKERS 3.3, third parties and general knowledge; not verified against the real venue.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tradebot.engine.core.types import SECOND

_ZONE = ZoneInfo("America/New_York")
_RESET_FROM = (23, 45)
_RESET_TO = (0, 45)
_SUNDAY = 6
_LOGIN_HOUR = 1


def _local(now: int) -> datetime:
    return datetime.fromtimestamp(now // SECOND, UTC).astimezone(_ZONE)


def in_reset(now: int) -> bool:
    """Return whether an instant, ns UTC, lies in the nightly reset: 23:45 to 00:45 New York."""
    local = _local(now)
    clock = (local.hour, local.minute)
    return clock >= _RESET_FROM or clock < _RESET_TO


def next_login(now: int) -> int:
    """Return when the next login with a second factor is due, ns UTC: Sunday 01:00 New York."""
    local = _local(now)
    day = local.date() + timedelta(days=(_SUNDAY - local.weekday()) % 7)
    due = datetime(day.year, day.month, day.day, _LOGIN_HOUR, tzinfo=_ZONE)
    if due <= local:
        day += timedelta(days=7)
        due = datetime(day.year, day.month, day.day, _LOGIN_HOUR, tzinfo=_ZONE)
    return int(due.timestamp()) * SECOND


def login_note(now: int) -> str:
    """Return what is to be expected: the reset that runs, or when the next login is due."""
    if in_reset(now):
        return "nightly reset until 00:45 New York: a pause"
    due = datetime.fromtimestamp(next_login(now) // SECOND, UTC)
    return f"next login due {due:%Y-%m-%d %H:%M}Z"


def with_calendar(reason: str, now: int) -> str:
    """Return why a connection is gone, with what is expected at that hour."""
    if in_reset(now):
        return f"{reason} (the venue's nightly reset, 23:45 to 00:45 New York: a pause)"
    return f"{reason} (is Gateway or TWS logged in? {login_note(now)})"
