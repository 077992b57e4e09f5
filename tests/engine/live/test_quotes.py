"""The quote of an instrument without depth: when there is one, and what it says."""

import msgspec
import pytest
from tests.engine.live.live_bench import BTC, START

from tradebot.data.events import BookSnapshot, Quote
from tradebot.engine.control.messages_quote import QuoteView
from tradebot.engine.core.hours import Sessions
from tradebot.engine.core.market import QUOTES_STALE_AFTER, InstrumentMarket
from tradebot.engine.core.types import MINUTE
from tradebot.engine.live.quotes import quote_view
from tradebot.engine.live.standing import Band, Halt, Standing

NO_DEPTH = Standing(depth=False, tells_halts=True)
HOUR = 60 * MINUTE
SESSIONS = ((START - HOUR, START + HOUR), (START + 5 * HOUR, START + 9 * HOUR))


def quoted(bid: int = 990, ask: int = 1010, sessions: Sessions = ()) -> InstrumentMarket:
    market = InstrumentMarket(BTC, sessions=sessions)
    market.connect("up")
    quote = Quote(
        instrument=BTC.id,
        ts_event=START - 5,
        ts_recv=START,
        bid_price=bid,
        bid_quantity=3,
        ask_price=ask,
        ask_quantity=4,
    )
    market.apply(quote, START)
    return market


def view_of(
    market: InstrumentMarket, standing: Standing | None = NO_DEPTH, now: int = START
) -> QuoteView:
    view = quote_view(market, standing, now)
    assert view is not None
    return view


def test_the_venues_word_decides_whether_there_is_depth() -> None:
    untouched = InstrumentMarket(BTC)
    assert quote_view(untouched, None, START) is None
    assert quote_view(untouched, Standing(depth=True), START) is None
    assert quote_view(quoted(), Standing(depth=True), START) is None
    assert view_of(untouched).bid is None
    assert view_of(quoted()).bid == str(BTC.price(990))


def test_where_no_venue_says_anything_quotes_without_a_book_are_no_depth() -> None:
    market = quoted()
    assert view_of(market, None).told == START
    book = BookSnapshot(
        instrument=BTC.id, ts_event=START, ts_recv=START, bids=((1, 1),), asks=((2, 1),)
    )
    market.apply(book, START)
    assert quote_view(market, None, START) is None
    assert quote_view(market, NO_DEPTH, START) is None


def test_prices_and_sizes_are_decimals_and_an_empty_side_is_unknown() -> None:
    view = view_of(quoted(bid=0))
    assert (view.bid, view.bid_size) == (None, None)
    assert (view.ask, view.ask_size) == (str(BTC.price(1010)), f"{BTC.quantity(4):f}")


def test_a_halt_is_told_with_its_reason_and_time() -> None:
    standing = msgspec.structs.replace(NO_DEPTH, halt=Halt(since=7, reason="news pending"))
    view = view_of(quoted(), standing)
    assert (view.halted, view.halt_reason, view.halted_since) == (True, "news pending", 7)
    assert view_of(quoted()).halted is False
    assert view_of(quoted(), None).halted is None, "nobody would tell"


@pytest.mark.parametrize(
    ("low", "high", "limit"), [(900, 1100, None), (900, 990, "up"), (1010, 1100, "down")]
)
def test_a_market_at_an_end_of_its_band_is_in_a_limit_state(
    low: int, high: int, limit: str | None
) -> None:
    standing = msgspec.structs.replace(NO_DEPTH, band=Band(low=low, high=high, since=1))
    view = view_of(quoted(), standing)
    assert (view.band_low, view.band_high) == (str(BTC.price(low)), str(BTC.price(high)))
    assert view.limit == limit


def test_the_session_says_when_it_ends_or_begins() -> None:
    market = quoted(sessions=SESSIONS)
    opened, closed = view_of(market), view_of(market, now=START + 2 * HOUR)
    assert (opened.session, opened.session_ends, opened.session_begins) == (
        "open",
        START + HOUR,
        None,
    )
    assert (closed.session, closed.session_ends, closed.session_begins) == (
        "closed",
        None,
        START + 5 * HOUR,
    )
    assert opened.stale_after == QUOTES_STALE_AFTER
    beyond = view_of(market, now=START + 9 * HOUR)
    assert (beyond.session, beyond.session_ends) == (None, None)


def test_without_hours_nothing_is_said_of_a_session() -> None:
    assert view_of(quoted()).session is None
