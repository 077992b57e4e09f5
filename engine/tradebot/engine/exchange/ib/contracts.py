"""Listings as contracts: how clients name them, and what the venue tells of them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from tradebot.engine.exchange.ib.asked import Contract
from tradebot.engine.exchange.ib.wire import Value
from tradebot.engine.exchange.market import Listing, decimal_of
from tradebot.engine.exchange.session import trading_day

ZONE = "US/Eastern"
_S = 1_000_000_000
_DAYS = 6
_ORDER_TYPES = "ADJUST,GTC,GTD,LIT,LMT,LOC,MIT,MKT,MOC,OCA,STP,STPLMT,TRAIL,TRAILLIT,TRAILLMT"


def kind_of(listing: Listing) -> str:
    """Return the venue's word for what a listing is."""
    return "STK" if listing.kind == "equity" else "CRYPTO"


def symbol_of(listing: Listing) -> str:
    """Return the symbol of a contract: a coin's without its currency."""
    return listing.base


def routes(listing: Listing) -> tuple[str, ...]:
    """Return the exchanges an order may be sent to."""
    return ("SMART", listing.exchange) if listing.kind == "equity" else (listing.exchange,)


def matching(listings: list[Listing], asked: Contract) -> list[Listing]:
    """Return the listings that a client's contract means."""
    if asked.con_id:
        found = [one for one in listings if one.contract == asked.con_id]
    else:
        name = asked.symbol or asked.local_symbol
        found = [one for one in listings if name in (symbol_of(one), one.symbol)]
    return [
        one
        for one in found
        if asked.kind in ("", kind_of(one))
        and asked.currency in ("", one.quote)
        and asked.primary in ("", one.exchange)
        and asked.exchange in ("", *routes(one))
    ]


def short_fields(listing: Listing, exchange: str | None = None) -> list[Value]:
    """Return the eleven fields that orders and executions name a contract by."""
    return [
        listing.contract,
        symbol_of(listing),
        kind_of(listing),
        "",
        0,
        "",
        "",
        routes(listing)[0] if exchange is None else exchange,
        listing.quote,
        local_symbol(listing),
        trading_class(listing),
    ]


def local_symbol(listing: Listing) -> str:
    """Return the symbol at the exchange itself."""
    return listing.symbol


def trading_class(listing: Listing) -> str:
    """Return the contract's trading class."""
    if listing.kind == "crypto":
        return listing.base
    return "NMS" if listing.exchange == "NASDAQ" else listing.symbol


def details(listing: Listing, now: int) -> list[Value]:
    """Return message 10 behind its request id, at server version 178."""
    scale = listing.quantity_scale
    stock = listing.kind == "equity"
    return [
        symbol_of(listing),
        kind_of(listing),
        "",
        0,
        "",
        routes(listing)[0],
        listing.quote,
        local_symbol(listing),
        trading_class(listing),
        trading_class(listing),
        listing.contract,
        decimal_of(listing.tick, listing.price_scale),
        "",
        _ORDER_TYPES,
        ",".join(routes(listing)),
        1,
        0,
        listing.name,
        listing.exchange,
        "",
        "Technology" if stock else "",
        "",
        "",
        ZONE,
        _hours(listing, now, regular=False),
        _hours(listing, now, regular=True),
        "",
        "",
        0,
        1 if stock else 2,
        "",
        "",
        ",".join("26" for _ in routes(listing)),
        "",
        "COMMON" if stock else "",
        decimal_of(listing.minimum, scale),
        decimal_of(listing.lot, scale),
        Decimal(100) if stock else decimal_of(listing.lot, scale),
    ]


def _hours(listing: Listing, now: int, *, regular: bool) -> str:
    """Return the sessions of the coming days as the venue writes them, `20240108:0930-20240108:1600;...`."""
    local = datetime.fromtimestamp(now // _S, UTC).astimezone(ZoneInfo(ZONE))
    days: list[str] = []
    for ahead in range(_DAYS):
        day = (local + timedelta(days=ahead)).date()
        name = f"{day:%Y%m%d}"
        session = listing.session
        if session is None:
            days.append(f"{name}:0000-{name}:2359")
        elif not trading_day(day):
            days.append(f"{name}:CLOSED")
        else:
            begin, end = (session.open, session.close) if regular else (session.pre, session.post)
            days.append(f"{name}:{_clock(begin)}-{name}:{_clock(end)}")
    return ";".join(days)


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}{minute % 60:02d}"


def venue_time(ns: int) -> str:
    """Return an instant as the venue writes it, to the second: `20240108 12:00:00 US/Eastern`."""
    local = datetime.fromtimestamp(ns // _S, UTC).astimezone(ZoneInfo(ZONE))
    return f"{local:%Y%m%d %H:%M:%S} {ZONE}"


def instant(words: str) -> int | None:
    """Return a time as clients write it, ns UTC; None if it is none.

    Args:
        words: `yyyymmdd HH:MM:SS ZONE`, or `yyyymmdd-HH:MM:SS` in UTC.
    """
    try:
        if "-" in words:
            when = datetime.strptime(words, "%Y%m%d-%H:%M:%S").replace(tzinfo=UTC)
        else:
            day, clock, *zone = words.split()
            name = zone[0] if zone else ZONE
            when = datetime.strptime(f"{day} {clock}", "%Y%m%d %H:%M:%S").replace(
                tzinfo=ZoneInfo(name)
            )
    except (ValueError, LookupError, OSError):
        return None
    return int(when.timestamp()) * _S
