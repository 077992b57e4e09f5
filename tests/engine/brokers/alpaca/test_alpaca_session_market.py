"""The market's session before Alpaca's face: feeds come up with what they need and go down with their socket."""

from tests.engine.brokers.alpaca.desk import AAPL, BTC
from tests.engine.brokers.alpaca.venue_in_memory import URL, AlpacaInMemory

from tradebot.data.events import BookDelta, BookSnapshot, Quote, Trade
from tradebot.engine.brokers.alpaca.api import Keys
from tradebot.engine.brokers.alpaca.market import AlpacaMarket
from tradebot.engine.brokers.hosts import Addresses
from tradebot.engine.brokers.session import MarketWord
from tradebot.engine.core.events import FeedChanged
from tradebot.engine.core.types import MS, SECOND
from tradebot.engine.exchange.faults import Fault, FaultName
from tradebot.engine.secret import Secret
from tradebot.native import L2Book


class Listening:
    """A venue, its market's session, and what that told."""

    def __init__(self) -> None:
        self.venue = AlpacaInMemory(1)
        self.words: list[MarketWord] = []
        socket = URL.replace("http", "ws")
        addresses = Addresses(base_url=URL, stream_url=socket, private_url="", data_url=URL)
        keys = Keys(Secret(self.venue.terms.key), Secret(self.venue.terms.secret))
        instruments = (BTC.instrument, AAPL.instrument)
        self.session = AlpacaMarket(
            addresses, keys, instruments, self.venue.doors, self.words.append
        )
        self.session.start()
        self.venue.run(5 * SECOND)

    def changes(self, symbol: str) -> list[str]:
        return [
            word.state
            for word in self.words
            if isinstance(word, FeedChanged) and word.instrument == f"alpaca:{symbol}"
        ]

    def kinds(self) -> set[str]:
        return {type(word).__name__ for word in self.words}

    def book(self) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
        """Return best bid and ask of the book that was told, in the instrument's units."""
        self.venue.doors.run(5 * MS)  # what is on its way arrives, and nothing new happens
        book = L2Book()
        for word in self.words:
            if isinstance(word, BookSnapshot):
                book.replace(word.bids, word.asks)
            elif isinstance(word, BookDelta):
                book.apply_levels(word.bids, word.asks)
        return book.best_bid(), book.best_ask()


def test_a_pair_comes_up_with_its_book_and_a_stock_with_its_subscription() -> None:
    market = Listening()
    assert market.changes("BTC/USD") == ["up"]
    assert market.changes("AAPL") == ["up"]
    assert market.session.health.state == "live"
    market.venue.run(20 * SECOND)
    assert {kind.__name__ for kind in (BookSnapshot, BookDelta, Trade)} <= market.kinds()
    engine = market.venue.exchange.markets["alpaca:BTC/USD"].engine
    assert market.book() == (engine.best_bid(), engine.best_ask())


def test_a_stocks_quotes_are_told() -> None:
    market = Listening()
    market.venue.place("AAPL", 1, 10**9, 18_000)
    market.venue.run(SECOND)
    quotes = [word for word in market.words if isinstance(word, Quote)]
    assert (quotes[-1].bid_price, quotes[-1].bid_quantity) == (1_800_000, 10**9)


def test_whatever_happens_to_the_socket_the_book_is_right_again() -> None:
    faults: tuple[FaultName, ...] = ("shutdown", "drop_socket", "mute", "restart")
    for fault in faults:
        market = Listening()
        market.venue.striker.arm(Fault(venue="alpaca", fault=fault))
        market.venue.run(150 * SECOND)
        assert market.changes("BTC/USD")[:3] == ["up", "down", "up"], fault
        engine = market.venue.exchange.markets["alpaca:BTC/USD"].engine
        assert market.book() == (engine.best_bid(), engine.best_ask())


def test_refused_keys_are_told_and_tried_again_with_pauses() -> None:
    market = Listening()
    addresses = Addresses(
        base_url=URL, stream_url=URL.replace("http", "ws"), private_url="", data_url=URL
    )
    wrong = AlpacaMarket(
        addresses,
        Keys(Secret("K"), Secret("S")),
        (AAPL.instrument,),
        market.venue.doors,
        market.words.append,
    )
    wrong.start()
    market.venue.run(SECOND)
    assert "402 auth failed" in wrong.health.reason
    wrong.stop()
