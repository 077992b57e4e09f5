"""A stock whose venue shows no depth, in frames: open, halted, at its band, stale, closed, never quoted."""

import msgspec
from console_driver import Scene
from console_fakes import NOW_NS, FakeMarket, candle, fill, order

from tradebot.console.link.protocol import StateQuery
from tradebot.engine.control.messages import FeedState
from tradebot.engine.control.messages_facts import FeedFacts, PositionFacts
from tradebot.engine.control.messages_frame import (
    BookView,
    CandleView,
    Frame,
    InstrumentView,
    TradeView,
    WatchView,
)
from tradebot.engine.control.messages_quote import QuoteView
from tradebot.engine.core.types import MINUTE, MS, SECOND

AAPL = "alpaca:AAPL"
HOUR = 60 * MINUTE
SHARE = 189.21 / 60_000.25

OPEN = QuoteView(
    bid="189.2000",
    ask="189.2200",
    bid_size="200",
    ask_size="1300",
    told=NOW_NS - 420 * MS,
    stale_after=MINUTE,
    halted=False,
    band_low="179.7500",
    band_high="198.6700",
    session="open",
    session_ends=NOW_NS + 3 * HOUR + 12 * MINUTE,
)
HALTED = msgspec.structs.replace(
    OPEN,
    halted=True,
    halt_reason="Volatility Trading Pause",
    halted_since=NOW_NS - 131 * SECOND,
    told=NOW_NS - 131 * SECOND,
)
AT_BAND = msgspec.structs.replace(OPEN, band_high="189.2000", limit="up")
STALE = msgspec.structs.replace(OPEN, told=NOW_NS - 83 * SECOND)
CLOSED = msgspec.structs.replace(
    OPEN,
    told=NOW_NS - 15 * HOUR,
    session="closed",
    session_ends=None,
    session_begins=NOW_NS + 2 * HOUR + 26 * MINUTE,
)
UNTOLD = QuoteView(bid=None, ask=None, bid_size=None, ask_size=None, told=None, stale_after=MINUTE)

NO_BOOK = BookView(
    step="0.0100",
    bids=[],
    asks=[],
    best_bid="189.2000",
    best_ask="189.2200",
    mid="189.2100",
    spread="0.0200",
    bid_share=None,
)
LONG = PositionFacts(
    account="paper",
    instrument=AAPL,
    owner="hand",
    quantity="300.000000000",
    average_price="188.4120",
    mark="189.2100",
    realized_pnl="0.00",
    unrealized_pnl="239.40",
    currency="USD",
    protected=False,
)


def stock(quote: QuoteView = OPEN, feed: FeedState = "up", age_ms: int | None = 420) -> Scene:
    """Return a scene of a stock without depth."""

    def scene(market: FakeMarket, query: StateQuery) -> Frame:
        base = market.frame(query)
        working = order(
            instrument=AAPL, limit_price="188.9000", quantity="100.000000000", queue_ahead=None
        )
        bought = fill(
            2,
            instrument=AAPL,
            quantity="300.000000000",
            price="188.4120",
            fee="0",
            fee_currency="USD",
        )
        return msgspec.structs.replace(
            base,
            instrument=InstrumentView(
                id=AAPL,
                base="AAPL",
                currency="USD",
                tick="0.0100",
                lot="0.000000001",
                price_decimals=4,
                quantity_decimals=9,
            ),
            watch=[
                WatchView(instrument=AAPL, last="189.2100", change_percent="+0.42", feed=feed),
                *base.watch,
            ],
            feed=FeedFacts(name=AAPL, state=feed, age_ms=age_ms, gaps=0),
            book=NO_BOOK,
            trades=[_trade(one, NOW_NS - (quote.told or NOW_NS)) for one in base.trades],
            candles=[_candle(one) for one in base.candles],
            positions=[LONG],
            working=[working],
            fills=[bought],
            quote=quote,
        )

    return scene


def stock_untold(market: FakeMarket, query: StateQuery) -> Frame:
    """Return a stock of which nothing was ever told."""
    base = stock(UNTOLD, "stale", None)(market, query)
    assert base is not None
    book = msgspec.structs.replace(NO_BOOK, best_bid=None, best_ask=None, mid=None, spread=None)
    return msgspec.structs.replace(
        base, book=book, trades=[], candles=[], positions=[], working=[], fills=[]
    )


def _trade(one: TradeView, age: int) -> TradeView:
    price = f"{float(one.price) * SHARE:.4f}"
    quantity = f"{max(1, round(float(one.quantity) * 500))}.000000000"
    return msgspec.structs.replace(
        one, ts=one.ts - age, price=price, quantity=quantity, aggressor=0
    )


def _candle(one: CandleView) -> CandleView:
    prices = (price * SHARE for price in (one.open, one.high, one.low, one.close))
    return candle(one.ts_open, *prices, one.volume * 1_000)
