"""One account at Alpaca as an engine trades it, and Alpaca's hosts."""

import re

import msgspec

from tradebot.data.instruments import Instrument
from tradebot.data.venues.alpaca.assets import Asset
from tradebot.engine.brokers.alpaca.api import Keys
from tradebot.engine.brokers.hosts import Addresses
from tradebot.engine.config.models import AccountConfig
from tradebot.engine.core.types import AccountName

LIVE = Addresses(
    base_url="https://api.alpaca.markets",
    stream_url="wss://stream.data.alpaca.markets",
    private_url="wss://api.alpaca.markets/stream",
    data_url="https://data.alpaca.markets",
)
PAPER = Addresses(
    base_url="https://paper-api.alpaca.markets",
    stream_url="wss://stream.data.alpaca.markets",
    private_url="wss://paper-api.alpaca.markets/stream",
    data_url="https://data.alpaca.markets",
)


class Traded(msgspec.Struct, frozen=True):
    """An asset and the instrument it is."""

    asset: Asset
    instrument: Instrument


class AccountSetting(msgspec.Struct, frozen=True, kw_only=True):
    """What an account's session needs to know before it connects."""

    name: AccountName
    addresses: Addresses
    keys: Keys
    traded: tuple[Traded, ...]
    extended_hours: bool = False
    """Whether limit DAY orders of stocks are good before the open and after the close too."""
    regular: tuple[tuple[int, int], ...] = ()
    """The stock market's regular sessions, where extended hours are traded."""
    seed: int = 1
    """Of the spread of pauses."""


def addresses_of(config: AccountConfig) -> Addresses:
    """Return where an account's requests go; a `base_url` of one's own names one server that has everything.

    `stream_url` with the path `/stream` is the private stream, as Alpaca names it; any other is the market's.
    """
    known = LIVE if config.kind == "live" else PAPER
    if config.base_url is not None:
        base = config.base_url.rstrip("/").removesuffix("/v2")
        own = [one for one in (LIVE, PAPER) if one.base_url == base]
        known = own[0] if own else _one_server(base)
    stream = (config.stream_url or "").rstrip("/")
    private = stream if stream.endswith("/stream") else ""
    market = "" if private else stream
    return Addresses(
        base_url=known.base_url,
        stream_url=market or known.stream_url,
        private_url=(config.private_url or private or known.private_url).rstrip("/"),
        data_url=(config.data_url or known.data_url).rstrip("/"),
    )


def _one_server(base: str) -> Addresses:
    socket = re.sub("^http", "ws", base)
    return Addresses(
        base_url=base, stream_url=socket, private_url=f"{socket}/stream", data_url=base
    )
