"""A Gateway's market data for paper trading: contracts, books and trades from there; no order and no account."""

import asyncio
from collections.abc import Sequence

from tradebot.data.venues.ib.contracts import wanted
from tradebot.engine.brokers.ib.asking import CannotAsk, GatewayTerms, ask_terms
from tradebot.engine.brokers.ib.market import IbMarket
from tradebot.engine.brokers.ib.plan import CLIENT_ID, FEES, url_of
from tradebot.engine.brokers.outside import Outside
from tradebot.engine.brokers.session import MarketSession, TellMarket, Terms
from tradebot.engine.config.models import AccountConfig
from tradebot.engine.live.clock import Clock
from tradebot.engine.live.errors import CannotRun
from tradebot.engine.venue.latency import ONE_WAY


class IbPaper:
    """See `brokers.session.MarketPlan`; made by `paper_ib`."""

    def __init__(self, url: str, client_id: int, told: GatewayTerms, latency: int) -> None:
        self._url = url
        self._client_id = client_id
        self._listed = told.listed
        self.latency = latency
        self.terms = Terms(
            instruments=tuple(one.instrument for one in told.listed),
            fees=FEES,
            history=told.history,
            hours=told.hours,
        )
        self.description = f"ib {url.partition('://')[2]}"

    def market_session(self, outside: Outside, tell: TellMarket) -> MarketSession:
        """Return a new session of the market."""
        return IbMarket(self._url, self._client_id, self._listed, outside, tell)


def paper_ib(config: AccountConfig | None, symbols: Sequence[str], clock: Clock) -> IbPaper:
    """Look at a Gateway's market.

    Args:
        config: The paper account; host, port and client id of the Gateway, else a paper account's usual ones here.
        symbols: What is traded, `AAPL`, `AAPL@LSE.GBP`.
        clock: The machine's.

    Raises:
        CannotRun: If the symbols or the login do not fit (3), or nobody answers (4).
    """
    url = url_of(config)
    client_id = CLIENT_ID if config is None or config.client_id is None else config.client_id
    try:
        asked = [wanted(symbol) for symbol in symbols]
        told = asyncio.run(ask_terms(url, client_id + 1, asked, clock))
    except ValueError as error:
        raise CannotRun(str(error), 3) from error
    except CannotAsk as error:
        raise CannotRun(f"ib: {error}", 3 if error.wrong else 4) from error
    # The way to the Gateway says nothing about the way beyond it: the venue's own least latency stands for both.
    return IbPaper(url, client_id + 1, told, ONE_WAY)
