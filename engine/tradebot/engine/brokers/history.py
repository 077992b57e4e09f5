"""Venues' histories as a fetch takes them: which host, which keys, and the record of the instrument."""

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from tradebot.data.errors import ScaleError, UnknownFormatError
from tradebot.data.fetch.asking import Asking
from tradebot.data.fetch.doors import FetchRefused
from tradebot.data.fetch.source import Source
from tradebot.data.instruments import Instrument
from tradebot.data.venues.paging import Request
from tradebot.engine.brokers.history_door import history_door
from tradebot.engine.config.models import AccountConfig
from tradebot.engine.credentials.errors import KeysError, KeysMissing
from tradebot.engine.credentials.places import Places
from tradebot.engine.home import home
from tradebot.engine.live.clock import Clock

VENUES = ("binance", "alpaca")
"""Those whose history can be fetched."""


_NO_KEYS: Mapping[str, str] = {}


class Wanted(NamedTuple):
    """What is asked for."""

    venue: str
    symbol: str
    kind: str
    feed: str | None = None
    """Alpaca's stocks: which feed."""


class Opened(NamedTuple):
    """A history that can be fetched."""

    source: Source
    asking: Asking
    host: str


@contextmanager
def open_history(
    wanted: Wanted, accounts: Mapping[str, AccountConfig], clock: Clock
) -> Generator[Opened]:
    """Open the way to a venue's history and ask for the instrument's record.

    Args:
        wanted: What.
        accounts: Those of the venue, by name; the first one's addresses and keys are used, none are needed for what is
            public.
        clock: The machine's.

    Raises:
        UnknownFormatError: If the venue has no history here, or not of that kind.
        FetchRefused: If the venue cannot be asked, does not list it, or keys are missing.
    """
    if wanted.venue == "binance":
        with _binance(wanted, accounts, clock) as opened:
            yield opened
    elif wanted.venue == "alpaca":
        with _alpaca(wanted, accounts, clock) as opened:
            yield opened
    else:
        raise UnknownFormatError(f"venue must be one of {', '.join(VENUES)}, was {wanted.venue!r}")


# ------------------------------------------------------------------------------------ binance


@contextmanager
def _binance(
    wanted: Wanted, accounts: Mapping[str, AccountConfig], clock: Clock
) -> Generator[Opened]:
    from tradebot.data.venues.binance.fetching import BinanceSource, allowance
    from tradebot.engine.brokers.binance.addresses import market_addresses

    addresses = market_addresses(next(iter(accounts.values()), None))
    elsewhere = (
        '[accounts.NAME] venue = "binance", data_url = "https://api.binance.us", '
        "or tradebot data fetch alpaca BTC/USD: neither needs a key"
    )
    with history_door(addresses.data_url, {}, clock) as doors:
        asking = Asking(doors, allowance, elsewhere)
        instrument = _listed(asking, wanted.symbol, clock.system_ns())
        yield Opened(BinanceSource(instrument, wanted.kind), asking, doors.host)


def _listed(asking: Asking, symbol: str, now: int) -> Instrument:
    from tradebot.data.venues.binance.listing import instrument_of, read_listing

    body = asking.body(Request("/api/v3/exchangeInfo", {"symbol": symbol}, 20))
    try:
        listing = read_listing(body)
        found = next((one for one in listing.symbols if one.symbol == symbol), None)
        if found is None:
            raise FetchRefused(f"binance does not list {symbol}", "reply")
        return instrument_of(found, now)
    except (ValueError, ScaleError) as error:
        raise FetchRefused(str(error), "reply") from error


# ------------------------------------------------------------------------------------ alpaca


@contextmanager
def _alpaca(
    wanted: Wanted, accounts: Mapping[str, AccountConfig], clock: Clock
) -> Generator[Opened]:
    from tradebot.data.venues.alpaca.fetching import AlpacaSource, allowance
    from tradebot.engine.brokers.alpaca.setting import PAPER, addresses_of

    name, config = next(iter(accounts.items()), ("", None))
    addresses = PAPER if config is None else addresses_of(config)
    urls = (addresses.base_url, addresses.data_url)
    headers = _NO_KEYS if config is None else _keys(name, urls)
    elsewhere = "tradebot data fetch binance BTCUSDT, which needs no key"
    if not headers and "/" not in wanted.symbol:
        account = f"keys set {name}" if name else "account add paper --venue alpaca"
        raise FetchRefused(
            f"alpaca:{wanted.symbol} wants keys, only pairs as BTC/USD need none: tradebot {account}",
            "keys",
        )
    with history_door(addresses.data_url, headers, clock) as doors:
        asking = Asking(doors, allowance, elsewhere)
        if headers:
            with history_door(addresses.base_url, headers, clock) as trading:
                instrument = _asset(Asking(trading, allowance, elsewhere), wanted.symbol)
        else:
            instrument = _pair(wanted.symbol)
        yield Opened(AlpacaSource(instrument, wanted.kind, wanted.feed), asking, doors.host)


def _pair(symbol: str) -> Instrument:
    from tradebot.data.venues.alpaca.public import public_instrument

    try:
        return public_instrument(symbol)
    except ValueError as error:
        raise FetchRefused(str(error), "reply") from error


def _asset(asking: Asking, symbol: str) -> Instrument:
    from tradebot.data.venues.alpaca.assets import decode_asset, instrument_of

    # A pair's slash is part of its name, not of the path.
    body = asking.body(Request(f"/v2/assets/{symbol.replace('/', '%2F')}", {}))
    try:
        return instrument_of(decode_asset(body))
    except ValueError as error:
        raise FetchRefused(f"alpaca:{symbol} cannot be read: {error}", "reply") from error


def _keys(name: str, urls: tuple[str, ...]) -> Mapping[str, str]:
    """Return the headers of an account's keys; empty where it has none.

    Raises:
        FetchRefused: If they are for other hosts or cannot be read.
    """
    from tradebot.engine.brokers.alpaca.api import Keys

    try:
        stored, _ = Places(os.environ, home()).find(name)
        (key, secret), *_ = [stored.hand_out(url) for url in urls]
    except KeysMissing:
        return _NO_KEYS
    except KeysError as error:
        raise FetchRefused(str(error), "keys") from error
    return Keys(key, secret).headers
