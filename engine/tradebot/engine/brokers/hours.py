"""Which sessions the stocks of a venue keep: those of their exchange, unless the venue itself is open all the time."""

from collections.abc import Iterable, Mapping

from tradebot.data.calendars import NEW_YORK, sessions_around
from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.core.hours import Hours, is_open

CALENDARS: Mapping[str, str] = {
    "AEB": "XAMS",
    "ASX": "XASX",
    "BVME": "XMIL",
    "EBS": "XSWX",
    "IBIS": "XETR",
    "LSE": "XLON",
    "SBF": "XPAR",
    "SEHK": "XHKG",
    "SFB": "XSTO",
    "TSE": "XTSE",
    "TSEJ": "XTKS",
}
"""Calendars by an exchange as Interactive Brokers names it; any other in dollars keeps New York's."""


def calendar_of(instrument: Instrument) -> str | None:
    """Return the calendar an instrument keeps; None where it trades around the clock or its exchange is not known."""
    if instrument.kind != "equity":
        return None
    exchange = instrument.symbol.partition("@")[2].partition(".")[0]
    return CALENDARS.get(exchange, NEW_YORK if instrument.currency == "USD" else None)


def hours_of(
    instruments: Iterable[Instrument], now: int, *, extended: bool = False
) -> tuple[Hours, ...]:
    """Return the sessions of those instruments that have any.

    Args:
        instruments: What is traded.
        now: ns UTC.
        extended: With the hours before the open and after the close, of US stocks.
    """
    by_calendar: dict[str, list[InstrumentId]] = {}
    for instrument in instruments:
        calendar = calendar_of(instrument)
        if calendar is not None:
            by_calendar.setdefault(calendar, []).append(instrument.id)
    found: list[Hours] = []
    for calendar, names in by_calendar.items():
        sessions = sessions_around(calendar, now, extended=extended and calendar == NEW_YORK)
        if sessions:
            found.append(Hours(calendar=calendar, instruments=tuple(names), sessions=sessions))
    return tuple(found)


def contradicted(hours: Iterable[Hours], now: int, *, open_now: bool) -> bool:
    """Return whether a venue says it is open while the calendar says closed: it keeps hours of its own."""
    return open_now and any(not is_open(one.sessions, now) for one in hours)
