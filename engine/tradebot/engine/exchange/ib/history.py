"""Bars of the past as the venue gives them."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from tradebot.engine.exchange.bars import MINUTE, Bar
from tradebot.engine.exchange.exchange import Exchange
from tradebot.engine.exchange.ib.asked import BarsAsked
from tradebot.engine.exchange.ib.contracts import ZONE, instant, venue_time
from tradebot.engine.exchange.ib.desk import Refused
from tradebot.engine.exchange.ib.refusals import INVALID, NO_HISTORY
from tradebot.engine.exchange.ib.wire import Value
from tradebot.engine.exchange.market import Listing, decimal_of
from tradebot.engine.exchange.words import AMOUNT_SCALE

_S = 1_000_000_000
_DAY = 1_440 * MINUTE
_SPANS: dict[str, int] = {
    "1 min": 1,
    "2 mins": 2,
    "3 mins": 3,
    "5 mins": 5,
    "10 mins": 10,
    "15 mins": 15,
    "20 mins": 20,
    "30 mins": 30,
    "1 hour": 60,
    "2 hours": 120,
    "3 hours": 180,
    "4 hours": 240,
    "8 hours": 480,
    "1 day": 1_440,
}
_UNITS: dict[str, int] = {"S": _S, "D": _DAY, "W": 7 * _DAY, "M": 30 * _DAY, "Y": 365 * _DAY}
_TRADES = ("TRADES", "AGGTRADES", "ADJUSTED_LAST")


def span_of(asked: BarsAsked) -> int:
    """Return the length of a bar, ns. Raises Refused."""
    minutes = _SPANS.get(asked.size)
    if minutes is None:
        raise Refused(
            INVALID, f"Error validating request: bar size {asked.size[:40]!r} is not available"
        )
    return minutes * MINUTE


def bars(exchange: Exchange, listing: Listing, asked: BarsAsked, now: int) -> list[Bar]:
    """Return the bars a client asked for, oldest first.

    Raises:
        Refused: With the venue's code, where the request cannot be read or there are none.
    """
    if asked.what not in _TRADES:
        words = f"Historical Market Data Service error message:No data of type {asked.what[:20]}"
        raise Refused(NO_HISTORY, words)
    span = span_of(asked)
    end = instant(asked.end) if asked.end else now
    count, _, unit = asked.duration.partition(" ")
    if end is None or unit not in _UNITS or not count.isdecimal() or len(count) > 6:  # noqa: PLR2004
        raise Refused(
            INVALID, f"Error validating request: {asked.end[:40]!r} {asked.duration[:40]!r}"
        )
    since = end - int(count) * _UNITS[unit]
    found = exchange.bars(listing, span, since=since, until=end)
    session = listing.session
    if asked.regular_hours and session is not None and span < _DAY:
        found = [bar for bar in found if session.phase(bar.start) == "open"]
    if not found:
        words = "Historical Market Data Service error message:HMDS query returned no data"
        raise Refused(NO_HISTORY, words)
    return found


def _date(bar: Bar, asked: BarsAsked, span: int) -> str:
    if span == _DAY:
        return f"{datetime.fromtimestamp(bar.start // _S, UTC):%Y%m%d}"
    if asked.date_format == 2:  # noqa: PLR2004  (the venue's number of a format)
        return str(bar.start // _S)
    local = datetime.fromtimestamp(bar.start // _S, UTC).astimezone(ZoneInfo(ZONE))
    return f"{local:%Y%m%d %H:%M:%S} {ZONE}"


def _wap(bar: Bar, listing: Listing) -> Decimal:
    volume = decimal_of(bar.volume, listing.quantity_scale)
    amount = decimal_of(bar.amount, AMOUNT_SCALE)
    return (amount / volume).quantize(Decimal("1e-4")) if volume else Decimal(0)


def answer(listing: Listing, asked: BarsAsked, found: list[Bar]) -> list[Value]:
    """Return message 17."""
    span = span_of(asked)
    fields: list[Value] = [
        *(17, asked.request, venue_time(found[0].start), venue_time(found[-1].start + span)),
        len(found),
    ]
    for bar in found:
        prices = (bar.open, bar.high, bar.low, bar.close)
        fields += [
            _date(bar, asked, span),
            *(decimal_of(price, listing.price_scale) for price in prices),
            decimal_of(bar.volume, listing.quantity_scale),
            _wap(bar, listing),
            bar.count,
        ]
    return fields


def update(listing: Listing, asked: BarsAsked, bar: Bar) -> list[Value]:
    """Return message 90: the newest bar as it stands."""
    prices = (bar.open, bar.close, bar.high, bar.low)
    return [
        *(90, asked.request, bar.count, _date(bar, asked, span_of(asked))),
        *(decimal_of(price, listing.price_scale) for price in prices),
        _wap(bar, listing),
        decimal_of(bar.volume, listing.quantity_scale),
    ]
