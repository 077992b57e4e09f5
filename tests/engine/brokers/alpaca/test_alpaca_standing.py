"""What Alpaca tells of a stock besides prices: halts that outlive a reconnect, bands, no depth."""

import json
import random

from tests.engine.brokers.alpaca.desk import AAPL, BTC
from tests.engine.brokers.outside_in_memory import MemoryLine, MemoryOutside

from tradebot.engine.brokers.alpaca.api import Keys
from tradebot.engine.brokers.alpaca.market import Feed
from tradebot.engine.brokers.session import MarketWord
from tradebot.engine.core.events import FeedChanged
from tradebot.engine.core.types import SECOND
from tradebot.engine.live.standing import Band, Halt, Standing
from tradebot.engine.secret import Secret

START = 1_795_003_457 * SECOND
STAMP = "2026-11-18T12:04:17Z"
LATER = "2026-11-18T12:09:17Z"
NAME = AAPL.instrument.id


class Stock:
    """A feed of one stock, and the socket's other end."""

    def __init__(self) -> None:
        self.outside = MemoryOutside(START)
        self.words: list[MarketWord] = []
        keys = Keys(Secret("k"), Secret("s"))
        chance = random.Random(1)  # noqa: S311  (pauses)
        self.feed = Feed("ws://a", keys, [AAPL.instrument], self.outside, self.words.append, chance)
        self.feed.start()
        self.subscribe()

    @property
    def line(self) -> MemoryLine:
        return self.outside.lines[-1]

    def subscribe(self) -> None:
        self.outside.run(30 * SECOND)
        self.say({"T": "success", "msg": "authenticated"})
        self.say({"T": "subscription", "trades": ["AAPL"]})

    def say(self, row: dict[str, str | float | int | list[str]]) -> None:
        self.line.say(json.dumps([row]).encode())
        self.outside.run(SECOND // 10)

    def halt(self, code: str, stamp: str = STAMP) -> None:
        self.say({"T": "s", "S": "AAPL", "t": stamp, "sc": code, "rm": "news pending"})

    def trade(self, stamp: str) -> None:
        self.say({"T": "t", "S": "AAPL", "t": stamp, "p": 189.5, "s": 100, "i": 1})

    def told(self) -> Standing:
        standing = self.feed.standing(NAME)
        assert standing is not None
        return standing

    def changes(self) -> list[str]:
        return [word.state for word in self.words if isinstance(word, FeedChanged)]


def test_a_stock_has_no_depth_and_a_stranger_no_standing() -> None:
    stock = Stock()
    assert stock.told() == Standing(depth=False, tells_halts=True)
    assert stock.feed.standing(BTC.instrument.id) is None


def test_a_band_is_kept_in_the_instruments_units() -> None:
    stock = Stock()
    stock.say({"T": "l", "S": "AAPL", "t": STAMP, "u": 199.5, "d": 180.25, "i": "B"})
    instrument = AAPL.instrument
    low, high = (round(price * 10**instrument.price_scale) for price in (180.25, 199.5))
    assert stock.told().band == Band(low=low, high=high, since=START)


def test_a_halt_takes_the_feed_down_and_its_end_brings_it_up() -> None:
    stock = Stock()
    stock.halt("H")
    assert stock.told().halt == Halt(since=START, reason="news pending")
    assert stock.changes() == ["up", "down"]
    stock.halt("T", LATER)
    assert stock.told().halt is None
    assert stock.changes() == ["up", "down", "up"]


def test_a_halt_outlives_a_reconnect_because_only_changes_are_told() -> None:
    stock = Stock()
    stock.halt("H")
    stock.line.drop()
    stock.subscribe()
    assert stock.feed.state == "live"
    assert stock.told().halt is not None
    assert stock.changes() == ["up", "down"]


def test_a_newer_trade_ends_a_halt_whose_end_was_not_heard_and_an_older_one_does_not() -> None:
    stock = Stock()
    stock.halt("H")
    stock.trade(STAMP)
    assert stock.told().halt is not None
    stock.trade(LATER)
    assert stock.told().halt is None
    assert stock.changes() == ["up", "down", "up"]
