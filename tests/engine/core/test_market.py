"""What the kernel knows of the market: best prices, marks, health."""

import pytest
from tests.engine.core.builders import BTC, BTC_ID, ETH_ID, START, snapshot, trade

from tradebot.data.events import BookDelta, FeedGap, Quote
from tradebot.engine.core.hours import Hours, closes_after, is_open, opens_after
from tradebot.engine.core.market import QUOTES_STALE_AFTER, STALE_AFTER, InstrumentMarket, Market
from tradebot.engine.core.types import SECOND

GAP = FeedGap(instrument=BTC_ID, ts_event=0, ts_recv=0, expected_id=1, got_id=2)


def quote(bid: int, ask: int) -> Quote:
    return Quote(
        instrument=BTC_ID,
        ts_event=0,
        ts_recv=0,
        bid_price=bid,
        bid_quantity=1,
        ask_price=ask,
        ask_quantity=1,
    )


@pytest.fixture
def market() -> InstrumentMarket:
    market = InstrumentMarket(BTC)
    market.connect("up")
    return market


def test_a_book_stands_above_a_quote(market: InstrumentMarket) -> None:
    market.apply(quote(100, 110), START)
    assert (market.best_bid(), market.best_ask()) == (100, 110)
    market.apply(snapshot(200, 210), START)
    assert (market.best_bid(), market.best_ask()) == (200, 210)
    empty = BookDelta(
        instrument=BTC_ID,
        ts_event=0,
        ts_recv=0,
        bids=((200, 0), (190, 0), (180, 0)),
        asks=((210, 0), (220, 0), (230, 0)),
    )
    market.apply(empty, START)
    assert (market.best_bid(), market.best_ask()) == (None, None)
    assert market.mark() is None


def test_a_quoted_price_of_zero_is_an_empty_side(market: InstrumentMarket) -> None:
    market.apply(quote(0, 110), START)
    assert (market.best_bid(), market.best_ask(), market.mark_units()) == (None, 110, None)
    market.apply(quote(100, 0), START)
    assert (market.best_bid(), market.best_ask()) == (100, None)


def test_health_is_stale_after_two_seconds_of_silence(market: InstrumentMarket) -> None:
    assert market.health(START) == "stale"
    market.apply(snapshot(100, 110), START)
    assert market.health(START + STALE_AFTER) == "up"
    assert market.health(START + STALE_AFTER + 1) == "stale"
    market.apply(trade(105), START + STALE_AFTER + 1)
    assert market.health(START + STALE_AFTER + 1) == "stale", "trades do not keep a dead book alive"
    market.apply(snapshot(100, 110), START + STALE_AFTER + 1)
    assert market.health(START + STALE_AFTER + 1) == "up"


def test_after_a_gap_only_a_snapshot_heals(market: InstrumentMarket) -> None:
    market.apply(snapshot(100, 110), START)
    market.apply(GAP, START)
    delta = BookDelta(instrument=BTC_ID, ts_event=0, ts_recv=0, bids=((105, 1),), asks=())
    market.apply(delta, START)
    assert (market.health(START), market.gaps) == ("resync", 1)
    market.apply(snapshot(100, 110), START)
    assert market.health(START) == "up"


def test_a_book_from_before_a_drop_is_not_trusted_after_it(market: InstrumentMarket) -> None:
    market.apply(snapshot(100, 110), START)
    market.connect("down")
    assert market.health(START) == "down"
    market.connect("up")
    market.apply(trade(105), START)
    assert market.health(START) == "resync"
    market.apply(snapshot(101, 111), START)
    assert market.health(START) == "up"


def test_a_feed_of_quotes_alone_needs_no_snapshot_after_a_drop(market: InstrumentMarket) -> None:
    market.apply(quote(100, 110), START)
    market.connect("down")
    market.connect("up")
    market.apply(quote(100, 110), START)
    assert market.health(START) == "up"


def test_a_recording_that_ended_says_so(market: InstrumentMarket) -> None:
    market.connect("ended")
    assert market.health(START) == "ended"


def test_markets_are_found_by_instrument() -> None:
    markets = Market((BTC,))
    assert markets.get(BTC_ID) is markets[BTC_ID]
    assert markets.get(ETH_ID) is None
    assert [one.instrument for one in markets.all()] == [BTC]


HOUR = 3600 * SECOND
SESSIONS = ((START - 6 * HOUR, START), (START + 18 * HOUR, START + 24 * HOUR))


def test_a_quote_of_the_close_is_not_stale_in_the_evening_but_of_a_closed_market() -> None:
    market = InstrumentMarket(BTC, sessions=SESSIONS)
    market.connect("up")
    market.apply(quote(100, 110), START - SECOND)
    assert market.health(START - 1) == "up"
    assert market.health(START) == "closed"
    assert market.health(START + 4 * HOUR) == "closed"
    assert market.health(START + 18 * HOUR) == "stale", "the new session needs a quote of its own"
    market.apply(quote(100, 110), START + 18 * HOUR)
    assert market.health(START + 18 * HOUR + QUOTES_STALE_AFTER) == "up", "quotes come with changes"
    assert market.health(START + 18 * HOUR + QUOTES_STALE_AFTER + 1) == "stale"
    market.connect("down")
    assert market.health(START + 4 * HOUR) == "down", "a lost connection is one also at night"


def test_sessions_come_with_the_accounts_and_beyond_them_nothing_is_known() -> None:
    hours = Hours(calendar="XNYS", instruments=(BTC_ID,), sessions=SESSIONS)
    assert Market((BTC,), hours=(hours,))[BTC_ID].sessions == SESSIONS
    assert is_open((), START)
    assert is_open(SESSIONS, SESSIONS[0][0] - 1)
    assert is_open(SESSIONS, SESSIONS[-1][1])
    assert not is_open(SESSIONS, START)
    assert opens_after(SESSIONS, START) == SESSIONS[1][0]
    assert opens_after(SESSIONS, SESSIONS[1][0]) is None


def test_a_session_that_is_on_has_an_end_and_the_time_between_has_none() -> None:
    opened, closed = SESSIONS[0]
    assert closes_after(SESSIONS, opened) == closes_after(SESSIONS, closed - 1) == closed
    assert closes_after(SESSIONS, closed) is None
    assert closes_after(SESSIONS, opened - 1) is None
    assert closes_after((), opened) is None
