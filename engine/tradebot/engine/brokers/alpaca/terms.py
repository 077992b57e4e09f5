"""What must be known of Alpaca before an engine starts: its assets, the account, the newest minutes; asked by REST."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal

import aiohttp
import msgspec

from tradebot.data.calendars import NEW_YORK, sessions_around
from tradebot.data.events import Bar
from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.data.venues.alpaca.assets import decode_asset, instrument_of
from tradebot.data.venues.alpaca.history import History
from tradebot.data.venues.alpaca.public import BOOKS_PATH, PublicMarket, public_instrument
from tradebot.data.venues.alpaca.times import ns_from_text
from tradebot.engine.brokers.alpaca.api import Api, Keys
from tradebot.engine.brokers.alpaca.messages import WireAccount, account_of, clock_of, refusal
from tradebot.engine.brokers.alpaca.setting import Traded
from tradebot.engine.brokers.hosts import Addresses
from tradebot.engine.brokers.hours import contradicted, hours_of
from tradebot.engine.brokers.outside import HttpReply, HttpRequest
from tradebot.engine.brokers.sockets import ask, http_client
from tradebot.engine.core.hours import Hours
from tradebot.engine.core.types import MINUTE
from tradebot.engine.live.clock import Clock
from tradebot.engine.live.markets import Candle
from tradebot.engine.venue.fees import Fees

HISTORY_MINUTES = 120
"""Minutes before the start that charts begin with."""

PAGES_MAX = 3
"""Pages of history asked for."""

CRYPTO_FEES = Fees(maker=Decimal("0.0015"), taker=Decimal("0.0025"))
"""The first tier (below $100,000 in 30 days), 2026: what a fill is expected to cost; what it costs the venue tells."""
STOCK_FEES = Fees(maker=Decimal(0), taker=Decimal(0))

_OK, _REGION = 200, 451
_REFUSED = (401, 403)


class CannotAsk(Exception):  # noqa: N818  (what happened)
    """The venue did not tell what a start needs; `keys` and `region` say whether it refused the keys or the region."""

    def __init__(self, text: str, *, keys: bool = False, region: bool = False) -> None:
        super().__init__(text)
        self.keys = keys
        self.region = region


class VenueTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What the venue told."""

    traded: tuple[Traded, ...]
    history: dict[InstrumentId, list[Candle]]
    fees: Fees
    hours: tuple[Hours, ...] = ()
    regular: tuple[tuple[int, int], ...] = ()
    """The stock market's regular sessions, where extended hours are traded."""


async def ask_terms(
    addresses: Addresses, keys: Keys, symbols: Sequence[str], *, extended: bool = False
) -> VenueTerms:
    """Ask for some assets and their newest minutes.

    Args:
        addresses: Where.
        keys: Whose.
        symbols: Of the assets.
        extended: Whether extended hours are traded.

    Raises:
        CannotAsk: If the venue cannot be reached, refuses, or has not such an asset.
    """
    api, data = Api(addresses.base_url, keys), Api(addresses.data_url, keys)
    async with http_client() as http:
        found: list[Traded] = []
        for symbol in symbols:
            # A pair's slash is part of its name, not of the path.
            name = symbol.replace("/", "%2F")
            request = api.get("/v2/assets/")
            request = msgspec.structs.replace(request, url=request.url + name)
            body = await _body(http, request, f"alpaca:{symbol}")
            try:
                asset = decode_asset(body)
                found.append(Traded(asset, instrument_of(asset)))
            except ValueError as error:
                raise CannotAsk(f"alpaca:{symbol} cannot be read: {error}") from error
        clock = await _body(http, api.get("/v2/clock"), "the clock")
        told = clock_of(clock)
        now = ns_from_text(told.timestamp)
        past = {one.instrument.id: await _minutes(http, data, one.instrument, now) for one in found}
    crypto = any(one.asset.kind == "crypto" for one in found)
    hours = hours_of([one.instrument for one in found], now, extended=extended)
    if contradicted(hours, now, open_now=told.is_open):
        hours = ()
    return VenueTerms(
        traded=tuple(found),
        history=past,
        fees=CRYPTO_FEES if crypto else STOCK_FEES,
        hours=hours,
        regular=sessions_around(NEW_YORK, now) if hours and extended else (),
    )


async def ask_public(
    data_url: str, symbols: Sequence[str]
) -> tuple[tuple[Instrument, ...], dict[InstrumentId, list[Candle]]]:
    """Ask for crypto pairs and their newest minutes without keys.

    Raises:
        CannotAsk: If the venue cannot be reached, refuses, or has no book of one.
    """
    data = Api(data_url, None)
    try:
        instruments = tuple(public_instrument(symbol) for symbol in symbols)
    except ValueError as error:
        raise CannotAsk(str(error)) from error
    market = PublicMarket(instruments)
    async with http_client() as http:
        body = await _body(http, data.get(BOOKS_PATH, {"symbols": market.symbols}), "books")
        try:
            told = market.books(body, 0)
        except (ValueError, RecursionError) as error:
            raise CannotAsk(f"books cannot be read: {error}") from error
        if market.missing:
            raise CannotAsk(f"{data_url} has no book of {', '.join(market.missing)}")
        now = max(event.ts_event for event in told)
        past = {one.id: await _minutes(http, data, one, now) for one in instruments}
    return instruments, past


async def ask_account(base_url: str, keys: Keys) -> WireAccount:
    """Ask an account for its record.

    Raises:
        CannotAsk: If the venue cannot be reached or refuses the keys.
    """
    async with http_client() as http:
        body = await _body(http, Api(base_url, keys).get("/v2/account"), "the account")
    try:
        return account_of(body)
    except (ValueError, RecursionError) as error:
        raise CannotAsk(f"the account's record cannot be read: {error}") from error


async def ask_clock(base_url: str, keys: Keys, clock: Clock) -> tuple[int, int]:
    """Return how far our clock is from the venue's and how well that is known, ns: ours minus the venue's.

    Raises:
        CannotAsk: If the venue cannot be reached or refuses the keys.
    """
    async with http_client() as http:
        request = Api(base_url, keys).get("/v2/clock")
        await _body(
            http, request, "the clock"
        )  # opens the connection: only the next question is measured
        before = clock.system_ns()
        body = await _body(http, request, "the clock")
        after = clock.system_ns()
    try:
        venue = ns_from_text(clock_of(body).timestamp)
    except (ValueError, RecursionError) as error:
        raise CannotAsk(f"the clock cannot be read: {error}") from error
    return (before + after) // 2 - venue, (after - before) // 2


async def _minutes(
    http: aiohttp.ClientSession, data: Api, instrument: Instrument, now: int
) -> list[Candle]:
    walk = History(instrument, "bars", now - HISTORY_MINUTES * MINUTE, now)
    candles: list[Candle] = []
    for _ in range(PAGES_MAX):
        page = walk.request()
        if page is None:
            break
        body = await _body(http, data.get(page.path, page.query), f"minutes of {instrument.id}")
        try:
            rows = walk.page(body, now)
        except (ValueError, RecursionError) as error:
            raise CannotAsk(f"minutes of {instrument.id} cannot be read: {error}") from error
        candles += [
            Candle(row.ts_event - row.span_ns, row.open, row.high, row.low, row.close, row.volume)
            for row in rows
            if isinstance(row, Bar) and row.ts_event <= now
        ]
    return candles


async def _body(http: aiohttp.ClientSession, request: HttpRequest, what: str) -> bytes:
    answer = await asyncio.wait_for(ask(http, request), timeout=request.timeout / 1e9 + 1)
    if not isinstance(answer, HttpReply):
        raise CannotAsk(f"{what}: {answer.reason}")
    if answer.status != _OK:
        if answer.status == _REGION:
            raise CannotAsk(f"{_REGION}: Alpaca does not serve this region", region=True)
        told = refusal(answer.status, answer.body).message
        raise CannotAsk(f"{what}: {told}", keys=answer.status in _REFUSED)
    return answer.body
