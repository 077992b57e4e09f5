"""Binance's public market for paper trading: no account, no key, no order."""

import asyncio
from collections.abc import Sequence

from tradebot.engine.brokers.binance.addresses import market_addresses
from tradebot.engine.brokers.binance.market import BinanceMarket
from tradebot.engine.brokers.binance.terms import REGION, CannotAsk, VenueTerms, ask_terms
from tradebot.engine.brokers.hosts import Addresses
from tradebot.engine.brokers.outside import Outside
from tradebot.engine.brokers.session import MarketSession, TellMarket, Terms
from tradebot.engine.config.models import AccountConfig
from tradebot.engine.live.clock import Clock
from tradebot.engine.live.errors import CannotRun
from tradebot.engine.venue.fees import Fees
from tradebot.engine.venue.latency import ONE_WAY

NEXT_SOURCE = (
    '[accounts.NAME] data_url = "https://api.binance.us", stream_url = "wss://stream.binance.us:9443", '
    "or --market alpaca:BTC/USD"
)
"""Another host of the same protocol, and another venue, whose data needs no key."""


class BinancePaper:
    """See `brokers.session.MarketPlan`; made by `paper_binance`."""

    def __init__(self, addresses: Addresses, listed: VenueTerms, latency: int) -> None:
        self._addresses = addresses
        self._listed = listed
        self.latency = latency
        # The venue's rate for everybody: 0.1 % each way, without the discount for paying in BNB.
        self.terms = Terms(instruments=listed.instruments, fees=Fees(), history=listed.history)
        self.description = f"binance {addresses.data_url.partition('://')[2]}"

    def market_session(self, outside: Outside, tell: TellMarket) -> MarketSession:
        """Return a new session of the market."""
        listed = self._listed
        return BinanceMarket(self._addresses, listed.instruments, listed.limits, outside, tell)


def paper_binance(
    config: AccountConfig | None, symbols: Sequence[str], clock: Clock
) -> BinancePaper:
    """Look at Binance's public market.

    Args:
        config: The paper account; its addresses point at another server, none at Binance's host for public data.
        symbols: What is traded, in the venue's spelling.
        clock: The machine's.

    Raises:
        CannotRun: If it cannot be asked (4); where it does not serve this region, another source is named.
    """
    addresses = market_addresses(config)
    began = clock.monotonic_ns()
    try:
        listed = asyncio.run(ask_terms(addresses.data_url, symbols, clock))
    except CannotAsk as error:
        more = f"; try {NEXT_SOURCE}: neither needs a key" if error.code == REGION else ""
        raise CannotRun(f"binance: {error}{more}", 4) from error
    # Two questions for each symbol, one connection: half of a question's time is one way, at most.
    one_way = (clock.monotonic_ns() - began) // (4 * len(symbols))
    return BinancePaper(addresses, listed, max(ONE_WAY, one_way))
