"""When a market that is not open around the clock trades: New York's hours, Monday to Friday, no holidays."""

from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

type Phase = Literal["closed", "pre", "open", "post"]
"""Where a market's day is; a market around the clock is always `open`."""

_S = 1_000_000_000


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A trading day, in minutes after midnight of its zone."""

    zone: str = "America/New_York"
    pre: int = 4 * 60
    open: int = 9 * 60 + 30
    close: int = 16 * 60
    post: int = 20 * 60
    """The end of trading after the close."""

    def _local(self, now: int) -> datetime:
        return datetime.fromtimestamp(now // _S, UTC).astimezone(ZoneInfo(self.zone))

    def day(self, now: int) -> date:
        """Return the zone's date at an instant, ns UTC."""
        return self._local(now).date()

    def phase(self, now: int) -> Phase:
        """Return the phase at an instant, ns UTC."""
        local = self._local(now)
        if not trading_day(local.date()):
            return "closed"
        minute = local.hour * 60 + local.minute
        if self.open <= minute < self.close:
            return "open"
        if self.pre <= minute < self.open:
            return "pre"
        if self.close <= minute < self.post:
            return "post"
        return "closed"

    def at(self, day: date, minute: int) -> int:
        """Return the instant of a minute of a day, ns UTC."""
        hour, rest = divmod(minute, 60)
        local = datetime(day.year, day.month, day.day, hour, rest, tzinfo=ZoneInfo(self.zone))
        return int(local.timestamp()) * _S

    def next_change(self, now: int) -> int:
        """Return the first instant after `now` at which the phase changes, ns UTC."""
        day = self.day(now)
        while True:
            if trading_day(day):
                for minute in (self.pre, self.open, self.close, self.post):
                    instant = self.at(day, minute)
                    if instant > now:
                        return instant
            day += timedelta(days=1)

    def end_of_day(self, now: int, *, extended: bool) -> int:
        """Return when a DAY order given now ends: the next close, or the end of trading after it, ns UTC."""
        day = self.day(now)
        while True:
            if trading_day(day):
                instant = self.at(day, self.post if extended else self.close)
                if instant > now:
                    return instant
            day += timedelta(days=1)


def trading_day(day: date) -> bool:
    """Return whether the markets of this exchange open on a day: Monday to Friday, holidays too."""
    saturday = 5
    return day.weekday() < saturday
