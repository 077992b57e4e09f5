"""What must be known of Binance before an engine starts: its listing, its fees, the newest minutes; asked by REST."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from tradebot.data.errors import ScaleError
from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.data.venues.binance.history import SPANS, read_bars
from tradebot.data.venues.binance.listing import (
    Listing,
    RateLimit,
    Symbol,
    instrument_of,
    read_listing,
)
from tradebot.engine.brokers.binance.calls import Call, Calls, Done, Outcome, Refused
from tradebot.engine.brokers.binance.messages import AccountReply, account_reply, read
from tradebot.engine.brokers.binance.reports import amount
from tradebot.engine.brokers.binance.signing import Signer
from tradebot.engine.brokers.binance.venue_clock import Measured
from tradebot.engine.brokers.sockets import SocketsOutside, http_client
from tradebot.engine.live.clock import Clock
from tradebot.engine.live.markets import Candle
from tradebot.engine.venue.fees import Fees

HISTORY_BARS = 120
"""Minutes before the start that charts begin with."""

REGION = -451
"""Code of a refusal for where the request comes from."""

PATIENCE_S = 30
"""Longest start-up, in seconds."""


class CannotAsk(Exception):  # noqa: N818  (what happened)
    """The venue did not tell what a start needs; the text says why, `code` is the venue's or 0."""

    def __init__(self, text: str, code: int = 0) -> None:
        super().__init__(text)
        self.code = code


class VenueTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What the venue told."""

    symbols: tuple[Symbol, ...]
    instruments: tuple[Instrument, ...]
    limits: tuple[RateLimit, ...]
    history: dict[InstrumentId, list[Candle]]


async def ask_terms(
    data_url: str, symbols: Sequence[str], clock: Clock, *, history: bool = True
) -> VenueTerms:
    """Ask for the listing of some symbols and their newest minutes.

    Raises:
        CannotAsk: If the venue cannot be reached, refuses, or does not list one.
    """
    async with http_client() as http:
        outside = SocketsOutside(clock, http, _raise)
        calls = Calls(outside, data_url, None, ())
        found: list[Symbol] = []
        limits: tuple[RateLimit, ...] = ()
        for name in symbols:
            params = {"symbol": name}
            body = await _done(calls, "/api/v3/exchangeInfo", params, weight=20, signed=False)
            listing = _listing(body)
            limits = listing.rate_limits
            found += [one for one in listing.symbols if one.symbol == name]
        missing = [name for name in symbols if name not in {one.symbol for one in found}]
        if missing:
            raise CannotAsk(f"{data_url} does not list {', '.join(missing)}")
        instruments = tuple(_instrument(one, outside.now) for one in found)
        past: dict[InstrumentId, list[Candle]] = {}
        for instrument in instruments if history else ():
            past[instrument.id] = await _minutes(calls, instrument)
        outside.close()
    return VenueTerms(symbols=tuple(found), instruments=instruments, limits=limits, history=past)


async def ask_account(base_url: str, signer: Signer, clock: Clock) -> tuple[AccountReply, Fees]:
    """Ask an account for its record and what it pays.

    Raises:
        CannotAsk: If the venue cannot be reached or refuses the keys.
    """
    async with http_client() as http:
        outside = SocketsOutside(clock, http, _raise)
        calls = Calls(outside, base_url, signer, ())
        await _measured(calls)
        params = {"omitZeroBalances": "true"}
        body = await _done(calls, "/api/v3/account", params, weight=20, signed=True)
        outside.close()
    try:
        reply = read(account_reply, body)
        rates = reply.commission_rates
        fees = Fees() if rates is None else Fees(maker=_rate(rates.maker), taker=_rate(rates.taker))
    except ValueError as error:
        raise CannotAsk(f"the account's record cannot be read: {error}") from error
    return reply, fees


async def ask_flags(base_url: str, path: str, signer: Signer, clock: Clock) -> dict[str, bool]:
    """Ask for what is switched on: a key's restrictions, fees in BNB; only the live host tells.

    Args:
        base_url: Scheme and host.
        path: `/sapi/v1/account/apiRestrictions` or `/sapi/v1/bnbBurn`.
        signer: Of the account.
        clock: The machine's.

    Raises:
        CannotAsk: If the venue does not tell.
    """
    async with http_client() as http:
        outside = SocketsOutside(clock, http, _raise)
        calls = Calls(outside, base_url, signer, ())
        await _measured(calls)
        body = await _done(calls, path, {}, weight=1, signed=True)
        outside.close()
    try:
        told = msgspec.json.decode(body, type=dict[str, object])
    except (ValueError, RecursionError) as error:
        raise CannotAsk(f"{path}: cannot be read") from error
    return {name: value for name, value in told.items() if isinstance(value, bool)}


def ask_clock(base_url: str, clock: Clock) -> Measured:
    """Return how far our clock is from a host's.

    Raises:
        CannotAsk: If it cannot be reached.
    """
    return asyncio.run(_ask_clock(base_url, clock))


async def _ask_clock(base_url: str, clock: Clock) -> Measured:
    async with http_client() as http:
        outside = SocketsOutside(clock, http, _raise)
        calls = Calls(outside, base_url, None, ())
        await _measured(calls)
        outside.close()
    if calls.clock.measured is None:
        raise CannotAsk("it does not tell its time")
    return calls.clock.measured


async def _measured(calls: Calls) -> None:
    over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    calls.clock.measure(lambda: over.set_result(None))
    await over


def _rate(text: str) -> Decimal:
    """Return a share of notional.

    Raises:
        ValueError: If it is not one.
    """
    rate = amount(text)
    if not -1 < rate < 1:
        raise ValueError(f"a commission must be a share, was {text}")
    return rate


def _listing(body: bytes) -> Listing:
    try:
        return read_listing(body)
    except ValueError as error:
        raise CannotAsk(str(error)) from error


def _instrument(symbol: Symbol, now: int) -> Instrument:
    if symbol.status != "TRADING" or not symbol.is_spot_trading_allowed:
        raise CannotAsk(f"binance:{symbol.symbol} cannot be traded now: {symbol.status}")
    try:
        return instrument_of(symbol, now)
    except ScaleError as error:
        raise CannotAsk(str(error)) from error


async def _minutes(calls: Calls, instrument: Instrument) -> list[Candle]:
    params = {"symbol": instrument.symbol, "interval": "1m", "limit": str(HISTORY_BARS)}
    body = await _done(calls, "/api/v3/klines", params, weight=2, signed=False)
    try:
        bars = read_bars(instrument, SPANS["1m"], body)
    except (ValueError, ScaleError) as error:
        raise CannotAsk(f"minutes of {instrument.id} cannot be read: {error}") from error
    return [
        Candle(bar.ts_event - bar.span_ns, bar.open, bar.high, bar.low, bar.close, bar.volume)
        for bar in bars
    ]


async def _done(
    calls: Calls, path: str, params: dict[str, str], *, weight: int, signed: bool
) -> bytes:
    ended: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
    call = Call(method="GET", path=path, params=params, weight=weight, signed=signed)
    calls.call(call, ended.set_result)
    try:
        outcome = await asyncio.wait_for(ended, PATIENCE_S)
    except TimeoutError:
        raise CannotAsk(f"{path}: no answer within {PATIENCE_S} s") from None
    match outcome:
        case Done(body=body):
            return body
        case Refused(code=code, text=text):
            raise CannotAsk(text, code)
        case _:
            raise CannotAsk(outcome.reason)


def _raise(error: Exception) -> None:
    raise error
