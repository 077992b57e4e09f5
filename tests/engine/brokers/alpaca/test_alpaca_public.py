"""Alpaca's pairs without keys, from its face: the book told is the venue's, each trade once, whatever fails between."""

from pathlib import Path

import pytest
from tests.engine.brokers.alpaca.venue_in_memory import URL, AlpacaInMemory

from tradebot.data.events import BookDelta, BookSnapshot, Trade
from tradebot.data.venues.alpaca.public import public_instrument
from tradebot.engine.brokers.alpaca.paper import paper_alpaca
from tradebot.engine.brokers.alpaca.public import OLD_AFTER, AlpacaPublicMarket
from tradebot.engine.brokers.alpaca.terms import CannotAsk
from tradebot.engine.brokers.hosts import Addresses
from tradebot.engine.brokers.session import MarketWord
from tradebot.engine.config.models import AccountConfig
from tradebot.engine.core.events import FeedChanged
from tradebot.engine.core.types import SECOND
from tradebot.engine.credentials.places import Places
from tradebot.engine.exchange.faults import Fault
from tradebot.engine.live.clock import SystemClock
from tradebot.engine.live.errors import CannotRun
from tradebot.native import L2Book

BTC = public_instrument("BTC/USD")


class Looking:
    """A venue, the keyless session of its pair, and what that told."""

    def __init__(self) -> None:
        self.venue = AlpacaInMemory(1)
        self.words: list[MarketWord] = []
        addresses = Addresses(base_url=URL, stream_url="", private_url="", data_url=URL)
        self.session = AlpacaPublicMarket(addresses, (BTC,), self.venue.doors, self.words.append)
        self.session.start()

    def changes(self) -> list[str]:
        return [word.state for word in self.words if isinstance(word, FeedChanged)]

    def trades(self) -> list[Trade]:
        return [word for word in self.words if isinstance(word, Trade)]

    def book(self) -> L2Book:
        book = L2Book()
        for word in self.words:
            if isinstance(word, BookSnapshot):
                book.replace(word.bids, word.asks)
            elif isinstance(word, BookDelta):
                book.apply_levels(word.bids, word.asks)
        return book


def test_the_book_follows_by_deltas_and_each_trade_is_told_once() -> None:
    market = Looking()
    market.venue.run(60 * SECOND)
    # The crowd rests, so that the newest look and the venue agree.
    market.venue.doors.run(3 * SECOND)
    kinds = [type(word) for word in market.words if isinstance(word, BookSnapshot | BookDelta)]
    assert kinds[0] is BookSnapshot
    assert set(kinds[1:]) == {BookDelta}
    real = market.venue.exchange.markets["alpaca:BTC/USD"]
    assert market.book().best_bid() == real.engine.best_bid()
    assert market.book().best_ask() == real.engine.best_ask()
    first = next(word for word in market.words if isinstance(word, BookSnapshot)).ts_event
    told = [int(trade.trade_id) for trade in market.trades()]
    assert told == [trade.number for trade in real.trades if trade.ts >= first]
    assert len(told) > 10
    assert market.session.health.state == "live"
    assert market.session.health.malformed == 0


def test_it_asks_less_than_the_venue_allows_without_a_key() -> None:
    market = Looking()
    market.venue.run(60 * SECOND)
    assert len(market.venue.doors.requests) <= 161
    assert all(not request.headers for request in market.venue.doors.requests)


def test_a_market_that_cannot_be_asked_is_down_once_its_book_is_old_and_comes_back_whole() -> None:
    market = Looking()
    market.venue.run(5 * SECOND)
    market.venue.striker.arm(Fault(venue="alpaca", fault="http_5xx", on="request", count=9))
    market.venue.run(OLD_AFTER // 2)
    assert market.changes() == ["up"]
    assert market.session.health.state == "degraded"
    market.venue.striker.arm(Fault(venue="alpaca", fault="http_5xx", on="request", count=2))
    market.venue.run(60 * SECOND)
    assert market.changes() == ["up", "down", "up"]
    market.venue.doors.run(3 * SECOND)
    engine = market.venue.exchange.markets["alpaca:BTC/USD"].engine
    assert market.book().best_bid() == engine.best_bid()
    ids = [trade.trade_id for trade in market.trades()]
    assert len(ids) == len(set(ids))


def test_after_stop_nothing_is_asked_or_told() -> None:
    market = Looking()
    market.venue.run(2 * SECOND)
    market.session.stop()
    words, asked = len(market.words), len(market.venue.doors.requests)
    market.venue.run(5 * SECOND)
    assert (len(market.words), len(market.venue.doors.requests)) == (words, asked)


def test_scales_of_a_pair_follow_from_its_name_alone() -> None:
    assert (BTC.price_scale, BTC.quantity_scale, BTC.currency) == (2, 9, "USD")
    assert public_instrument("ETH/BTC").price_scale == 9
    for wrong in ("BTCUSD", "/USD", "BTC/", "B TC/USD"):
        with pytest.raises(ValueError, match="must be BASE/QUOTE"):
            public_instrument(wrong)


def test_a_stock_without_keys_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match=r"alpaca:AAPL wants keys.*account add") as caught:
        paper_alpaca("", None, ("BTC/USD", "AAPL"), Places({}, tmp_path), SystemClock())
    assert caught.value.exit_code == 3


def test_where_a_region_is_refused_the_start_names_the_next_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(data_url: str, symbols: tuple[str, ...]) -> None:
        raise CannotAsk(f"451: {data_url} {symbols}", region=True)

    monkeypatch.setattr("tradebot.engine.brokers.alpaca.paper.ask_public", refused)
    config = AccountConfig.model_validate({"venue": "alpaca", "kind": "paper"})
    with pytest.raises(CannotRun, match=r"451.*try --market binance:BTCUSDT") as caught:
        paper_alpaca("p", config, ("BTC/USD",), Places({}, tmp_path), SystemClock())
    assert caught.value.exit_code == 4
