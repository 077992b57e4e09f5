"""Binance's market session in memory and virtual time: books that heal, feeds that are told up and down."""

import json

import pytest
from tests.engine.brokers.binance.desk import BTC, START
from tests.engine.brokers.outside_in_memory import MemoryLine, MemoryOutside

from tradebot.data.events import AnyMarketEvent, BookDelta, BookSnapshot, FeedGap, Trade
from tradebot.engine.brokers.binance.market import BinanceMarket
from tradebot.engine.brokers.hosts import Addresses
from tradebot.engine.brokers.outside import Answer, HttpReply, HttpRequest
from tradebot.engine.brokers.session import MarketWord
from tradebot.engine.core.events import FeedChanged
from tradebot.engine.core.types import MS, SECOND

ADDRESSES = Addresses(base_url="", stream_url="ws://m", private_url="", data_url="http://m")


class Market:
    """The session before a venue that tells a diff every 100 ms."""

    def __init__(self) -> None:
        self.outside = MemoryOutside(START)
        self.outside.serve = self.serve
        self.outside.connect = self.connect
        self.last = 100
        self.talks = True
        self.broken = 0
        self.snapshots = 0
        self.words: list[MarketWord] = []
        self.line: MemoryLine | None = None
        self.session = BinanceMarket(ADDRESSES, [BTC], (), self.outside, self.words.append)
        self.session.start()
        self.outside.after(100 * MS, self._tick)

    def connect(self, line: MemoryLine) -> None:
        """Take a connection."""
        self.line = line
        line.accept()

    def _tick(self) -> None:
        self.outside.after(100 * MS, self._tick)
        self.last += 1
        if self.talks:
            self.tell(self.diff(self.last))

    @staticmethod
    def diff(number: int) -> bytes:
        """Return a diff of one update."""
        data = {"e": "depthUpdate", "E": 1, "s": "BTCUSDT", "U": number, "u": number}
        data |= {"b": [["1.00", f"{number / 100:.2f}"]], "a": []}
        return json.dumps({"stream": "btcusdt@depth@100ms", "data": data}).encode()

    def tell(self, frame: bytes) -> None:
        """Tell a frame."""
        if self.line is not None:
            self.line.say(frame)

    def serve(self, request: HttpRequest, answered: "object") -> None:
        """Answer with a snapshot, or not for a while."""
        assert request.url == "http://m/api/v3/depth?symbol=BTCUSDT&limit=1000"
        self.snapshots += 1
        reply: Answer = HttpReply(status=503)
        if self.broken:
            self.broken -= 1
        else:
            book = {"lastUpdateId": self.last, "bids": [["1.00", "1"]], "asks": [["2.00", "1"]]}
            reply = HttpReply(status=200, body=json.dumps(book).encode())
        assert callable(answered)
        answered(reply)

    def run(self, seconds: float) -> None:
        """Let time pass."""
        self.outside.run(int(seconds * SECOND))

    @property
    def feeds(self) -> list[str]:
        """Return what was told of the feed."""
        return [word.state for word in self.words if isinstance(word, FeedChanged)]

    def of[T: AnyMarketEvent](self, kind: type[T]) -> list[T]:
        """Return the market events of a kind."""
        return [word for word in self.words if isinstance(word, kind)]


@pytest.fixture
def market() -> Market:
    market = Market()
    market.run(1)
    return market


def test_the_feed_is_up_when_its_book_is_there(market: Market) -> None:
    assert market.outside.lines[0].url == "ws://m/stream?streams=btcusdt@depth@100ms/btcusdt@trade"
    kinds = [type(word) for word in market.words[:3]]
    assert kinds[:2] == [BookSnapshot, FeedChanged]
    assert market.session.health.state == "live"
    numbers = [delta.last_id for delta in market.of(BookDelta)]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_a_gap_is_healed_by_one_snapshot(market: Market) -> None:
    market.last += 1
    market.run(1)
    assert len(market.of(FeedGap)) == 1
    assert len(market.of(BookSnapshot)) == 2
    assert market.snapshots == 2
    assert market.feeds == ["up"]


def test_a_line_that_drops_is_told_down_and_dialled_again(market: Market) -> None:
    assert market.line is not None
    market.line.drop("reset")
    market.run(3)
    assert market.feeds == ["up", "down", "up"]
    assert len(market.of(BookSnapshot)) == 2


def test_a_line_that_falls_silent_is_replaced(market: Market) -> None:
    market.talks = False
    market.run(31)
    assert market.feeds[:2] == ["up", "down"]
    market.talks = True
    market.run(5)
    assert market.feeds == ["up", "down", "up"]


def test_snapshots_that_fail_are_asked_for_with_growing_pauses() -> None:
    market = Market()
    market.broken = 6
    market.run(20)
    assert market.feeds == ["up"]
    assert market.snapshots == 7


def test_junk_is_counted_and_trades_go_on(market: Market) -> None:
    market.tell(b'{"stream":"btcusdt@trade","data":{"e":"trade"}}')
    trade = {"e": "trade", "E": 1, "T": 1, "s": "BTCUSDT", "t": 7, "p": "1", "q": "2", "m": False}
    market.tell(json.dumps({"stream": "btcusdt@trade", "data": trade}).encode())
    market.run(0.1)
    assert market.session.health.malformed == 1
    assert [one.trade_id for one in market.of(Trade)] == ["7"]


def test_a_stopped_session_says_nothing(market: Market) -> None:
    market.session.stop()
    market.words.clear()
    market.run(60)
    assert market.words == []
