"""Binance's hosts: live, testnet, demo, or one's own (a local exchange).

Source: Binance spot API, "General information".
"""

import re

from tradebot.engine.brokers.hosts import Addresses
from tradebot.engine.config.models import AccountConfig

LIVE = Addresses(
    base_url="https://api.binance.com",
    stream_url="wss://stream.binance.com:9443",
    private_url="wss://ws-api.binance.com/ws-api/v3",
    data_url="https://api.binance.com",
)
TESTNET = Addresses(
    base_url="https://testnet.binance.vision",
    stream_url="wss://stream.testnet.binance.vision",
    private_url="wss://ws-api.testnet.binance.vision/ws-api/v3",
    data_url="https://testnet.binance.vision",
)
DEMO = Addresses(
    base_url="https://demo-api.binance.com",
    stream_url="wss://demo-stream.binance.com",
    private_url="wss://demo-ws-api.binance.com/ws-api/v3",
    data_url="https://demo-api.binance.com",
)
PUBLIC = Addresses(
    base_url="https://data-api.binance.vision",
    stream_url="wss://data-stream.binance.vision",
    private_url="",
    data_url="https://data-api.binance.vision",
)
"""Market data only, without a key."""

KNOWN = (LIVE, TESTNET, DEMO)


def addresses_of(config: AccountConfig) -> Addresses:
    """Return where an account's requests go: its venue's hosts for its kind, as far as none are configured.

    A `base_url` alone names its whole family: the other addresses of the testnet, the demo or a local exchange follow
    from it.
    """
    if config.base_url is None:
        known = LIVE if config.kind == "live" else TESTNET
    else:
        base = config.base_url.rstrip("/").removesuffix("/api")
        known = next((one for one in KNOWN if one.base_url == base), _one_server(base))
    return Addresses(
        base_url=known.base_url,
        stream_url=(config.stream_url or known.stream_url).rstrip("/"),
        private_url=(config.private_url or known.private_url).rstrip("/"),
        data_url=(config.data_url or known.data_url).rstrip("/"),
    )


def market_addresses(config: AccountConfig | None) -> Addresses:
    """Return where public market data comes from, by default Binance's own host for it; no key goes there."""
    if config is None:
        return PUBLIC
    data = config.data_url or config.base_url
    if data is None:
        return PUBLIC
    base = data.rstrip("/").removesuffix("/api")
    stream = (config.stream_url or _one_server(base).stream_url).rstrip("/")
    return Addresses(base_url=base, stream_url=stream, private_url="", data_url=base)


def _one_server(base: str) -> Addresses:
    """Return the addresses of a server that has everything under one host and port."""
    socket = re.sub("^http", "ws", base)
    return Addresses(
        base_url=base, stream_url=socket, private_url=f"{socket}/ws-api/v3", data_url=base
    )
