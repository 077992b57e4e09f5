"""IB's market session before the exchange's own face, in memory and virtual time."""

import pytest
from tests.engine.brokers.ib.ib_desk import AAPL, Desk

from tradebot.data.events import BookSnapshot, Quote, Trade
from tradebot.engine.brokers.ib.calendar import in_reset, next_login, with_calendar
from tradebot.engine.brokers.ib.market import IbMarket
from tradebot.engine.brokers.ib.setting import Listed
from tradebot.engine.brokers.session import MarketWord
from tradebot.engine.core.events import FeedChanged
from tradebot.engine.core.types import SECOND


class Watched:
    """A market session and what it told."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.words: list[MarketWord] = []
        listed = (Listed(instrument=AAPL, con_id=265598, exchange="SMART"),)
        self.session = IbMarket("tcp://memory:1", 8, listed, self.desk.outside, self.words.append)
        self.session.start()
        self.desk.run(2)

    @property
    def feeds(self) -> list[str]:
        """Return the states of the feed."""
        return [word.state for word in self.words if isinstance(word, FeedChanged)]

    def book_agrees(self) -> None:
        """Compare the newest book with the venue's own."""
        self.words.clear()
        self.desk.run(5)
        book = [word for word in self.words if isinstance(word, BookSnapshot)][-1]
        market = self.desk.exchange.market(self.desk.exchange.listed("ib")[0])
        bids = {price * 100 for price, _ in market.engine.bids(40)}
        # The newest rows may be a moment old; most of them stand.
        assert len({price for price, _ in book.bids} & bids) >= len(book.bids) // 2
        assert book.bids[0][0] < book.asks[0][0]


def test_book_and_trades_come_and_the_feed_is_up_with_the_first_book() -> None:
    watched = Watched()
    assert watched.feeds == ["up"]
    assert isinstance(watched.words[1], BookSnapshot | FeedChanged | Trade)
    assert any(isinstance(word, Trade) for word in watched.words)
    assert not any(isinstance(word, Quote) for word in watched.words)
    watched.book_agrees()
    assert watched.session.health.malformed == 0


@pytest.mark.parametrize("fault", ["ib_1101", "ib_1102", "restart", "drop_socket"])
def test_after_each_loss_the_feed_is_down_and_comes_back_with_a_true_book(fault: str) -> None:
    watched = Watched()
    watched.desk.arm(fault, args={"seconds": 3.0}, after_s=0.0)
    watched.desk.run(1)
    watched.desk.run(15)
    assert watched.feeds == ["up", "down", "up"]
    watched.book_agrees()


def test_the_nightly_reset_is_a_pause_and_the_next_login_is_named() -> None:
    night = 1_704_776_400 * SECOND  # 2024-01-09 00:00 in New York
    assert in_reset(night)
    assert in_reset(night - 10 * 60 * SECOND)
    assert not in_reset(night + 50 * 60 * SECOND)
    assert next_login(night) == 1_705_212_000 * SECOND  # Sunday 2024-01-14 01:00 in New York
    assert "a pause" in with_calendar("closed", night)
    assert "2024-01-14 06:00Z" in with_calendar("closed", night + 3_600 * SECOND)
