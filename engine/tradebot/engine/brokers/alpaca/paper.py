"""Alpaca's market for paper trading: pairs without a key, with an account's keys its streams and stocks; no order."""

import asyncio
from collections.abc import Callable, Sequence

from tradebot.engine.brokers.alpaca.api import Keys
from tradebot.engine.brokers.alpaca.market import AlpacaMarket
from tradebot.engine.brokers.alpaca.public import AlpacaPublicMarket
from tradebot.engine.brokers.alpaca.setting import PAPER, addresses_of
from tradebot.engine.brokers.alpaca.terms import CRYPTO_FEES, CannotAsk, ask_public, ask_terms
from tradebot.engine.brokers.hosts import Addresses
from tradebot.engine.brokers.outside import Outside
from tradebot.engine.brokers.session import MarketSession, TellMarket, Terms
from tradebot.engine.config.models import AccountConfig
from tradebot.engine.credentials.errors import KeysError, KeysMissing
from tradebot.engine.credentials.places import Places
from tradebot.engine.live.clock import Clock
from tradebot.engine.live.errors import CannotRun
from tradebot.engine.venue.latency import ONE_WAY

NEXT_SOURCE = "--market binance:BTCUSDT"
"""Another venue whose data needs no key."""

type _Session = Callable[[Outside, TellMarket], MarketSession]


class AlpacaPaper:
    """See `brokers.session.MarketPlan`; made by `paper_alpaca`."""

    def __init__(self, description: str, terms: Terms, latency: int, session: _Session) -> None:
        self.description = description
        self.terms = terms
        self.latency = latency
        self._session = session

    def market_session(self, outside: Outside, tell: TellMarket) -> MarketSession:
        """Return a new session of the market."""
        return self._session(outside, tell)


def paper_alpaca(
    name: str,
    config: AccountConfig | None,
    symbols: Sequence[str],
    places: Places,
    clock: Clock,
) -> AlpacaPaper:
    """Look at Alpaca's market.

    Args:
        name: The paper account's; empty without one.
        config: Its configuration; its addresses point at another server.
        symbols: What is traded, `BTC/USD`, `AAPL`.
        places: Where keys are.
        clock: The machine's.

    Raises:
        CannotRun: If it cannot be asked (4), or keys are wrong or missing for what is asked (3).
    """
    addresses = PAPER if config is None else addresses_of(config)
    keys = _keys(name, addresses, places) if config is not None else None
    stocks = [symbol for symbol in symbols if "/" not in symbol]
    if keys is None and stocks:
        account = f"keys set {name}" if name else "account add paper --venue alpaca --kind paper"
        raise CannotRun(
            f"alpaca:{stocks[0]} wants keys, only pairs as BTC/USD need none: tradebot {account}", 3
        )
    began = clock.monotonic_ns()
    try:
        if keys is None:
            instruments, history = asyncio.run(ask_public(addresses.data_url, symbols))
            terms = Terms(instruments=instruments, fees=CRYPTO_FEES, history=history)
        else:
            listed = asyncio.run(ask_terms(addresses, keys, symbols))
            instruments = tuple(one.instrument for one in listed.traded)
            terms = Terms(
                instruments=instruments,
                fees=listed.fees,
                history=listed.history,
                hours=listed.hours,
            )
    except CannotAsk as error:
        more = f"; try {NEXT_SOURCE}, which needs no key" if error.region else ""
        raise CannotRun(f"alpaca: {error}{more}", 3 if error.keys else 4) from error
    # At least as many questions as symbols and one; half of a question's time is one way, at most.
    one_way = (clock.monotonic_ns() - began) // (2 * (len(symbols) + 1))
    host = addresses.data_url.partition("://")[2]

    def session(outside: Outside, tell: TellMarket) -> MarketSession:
        if keys is None:
            return AlpacaPublicMarket(addresses, instruments, outside, tell)
        return AlpacaMarket(addresses, keys, instruments, outside, tell)

    return AlpacaPaper(f"alpaca {host}", terms, max(ONE_WAY, one_way), session)


def _keys(name: str, addresses: Addresses, places: Places) -> Keys | None:
    """Return an account's keys for market data; None where it has none.

    Raises:
        CannotRun: If they are for other hosts or cannot be read.
    """
    try:
        stored, _ = places.find(name)
        for url in (addresses.base_url, addresses.data_url):
            stored.hand_out(url)
        key, secret = stored.hand_out(addresses.stream_url)
    except KeysMissing:
        return None
    except KeysError as error:
        raise CannotRun(str(error), 3) from error
    return Keys(key, secret)
