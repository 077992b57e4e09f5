"""Instants as people write them: ISO 8601 with a zone, a date in the dataset's own zone, or ns."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from tradebot.data.instruments import InstrumentKind

NEW_YORK = ZoneInfo("America/New_York")
_NS = 1_000_000_000
_DATE = 10
"""Letters of an ISO date."""


class UnknownInstant(ValueError):  # noqa: N818  (says what is the matter)
    """A text that names no instant."""

    exit_code = 2


def instant(text: str, kind: InstrumentKind) -> int:
    """Return an instant, ns UTC.

    Args:
        text: ISO 8601 with a zone, a date (its midnight in New York for stocks, else in UTC), or integer ns.
        kind: Of the dataset's instrument: whose day a date is of.

    Raises:
        UnknownInstant: If it is none of them.
    """
    if text.isdigit() and len(text) > _DATE:
        return int(text)
    try:
        if len(text) == _DATE:
            zone = NEW_YORK if kind == "equity" else UTC
            return _ns(datetime.combine(date.fromisoformat(text), time(), zone))
        when = datetime.fromisoformat(text)
    except ValueError as error:
        raise UnknownInstant(_wrong(text)) from error
    if when.tzinfo is None:
        raise UnknownInstant(f"{_wrong(text)}; it says no zone")
    return _ns(when)


def _ns(when: datetime) -> int:
    whole = when.replace(microsecond=0)
    return int(whole.timestamp()) * _NS + when.microsecond * 1_000


def _wrong(text: str) -> str:
    return f"time must be ISO 8601 with a zone (2026-01-31T09:30Z), a date (2026-01-31) or ns, was {text!r}"
