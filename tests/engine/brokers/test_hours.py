"""Sessions by the library: New York's on days that are known, with their early closes, and extended hours."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tradebot.data.calendars import NEW_YORK, SECOND, sessions_around
from tradebot.data.instruments import Instrument, InstrumentId, Rules
from tradebot.engine.brokers.hours import CALENDARS, calendar_of, contradicted, hours_of
from tradebot.engine.brokers.ib.asking import around_the_clock

pytestmark = [
    pytest.mark.slow,
    # The library's own use of pandas.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
"""The library brings pandas: seconds."""


def at(day: int, hour: int, minute: int = 0) -> int:
    """Return an instant of November 2026 in New York."""
    when = datetime(2026, 11, day, hour, minute, tzinfo=ZoneInfo("America/New_York"))
    return int(when.timestamp()) * SECOND


def stock(symbol: str, currency: str = "USD") -> Instrument:
    return Instrument(
        id=InstrumentId(f"ib:{symbol}"),
        kind="equity",
        base=symbol,
        currency=currency,
        price_scale=2,
        quantity_scale=0,
        rules=(Rules(tick=1, lot=1),),
    )


def test_thanksgiving_is_closed_and_the_day_after_closes_early() -> None:
    sessions = sessions_around(NEW_YORK, at(25, 12))
    assert (at(25, 9, 30), at(25, 16)) in sessions
    assert (at(27, 9, 30), at(27, 13)) in sessions
    assert not [one for one in sessions if at(26, 0) <= one[0] < at(27, 0)]
    extended = sessions_around(NEW_YORK, at(25, 12), extended=True)
    assert (at(25, 4), at(25, 20)) in extended
    assert (at(27, 4), at(27, 17)) in extended


def test_every_exchange_named_has_a_calendar_of_the_library() -> None:
    for calendar in {*CALENDARS.values(), NEW_YORK}:
        assert len(sessions_around(calendar, at(25, 12))) > 200


def test_instruments_share_their_exchanges_sessions_and_a_venue_that_is_open_has_none() -> None:
    apple, voda, coin = stock("AAPL"), stock("VOD@LSE.GBP", "GBP"), stock("X@NOWHERE.GBP", "GBP")
    assert [calendar_of(one) for one in (apple, voda, coin)] == ["XNYS", "XLON", None]
    hours = hours_of((apple, voda, coin), at(25, 12))
    assert {one.calendar: one.instruments for one in hours} == {
        "XNYS": (apple.id,),
        "XLON": (voda.id,),
    }
    assert not contradicted(hours[:1], at(25, 12), open_now=True)
    assert contradicted(hours[:1], at(26, 12), open_now=True)
    assert not contradicted(hours[:1], at(26, 12), open_now=False)


def test_a_contract_that_trades_around_the_clock_is_known_by_its_hours() -> None:
    assert around_the_clock("20261123:0000-20261123:2359;20261124:0000-20261124:2359")
    assert not around_the_clock("20261123:0930-20261123:1600;20261124:0000-20261124:2359")
    assert not around_the_clock("20261121:CLOSED")
    assert not around_the_clock("")
