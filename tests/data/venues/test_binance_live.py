"""Binance's live market: books that begin with a snapshot and again after a gap, trades, and junk that is counted."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.data.events import AnyMarketEvent, BookDelta, BookSnapshot, Quote, Trade
from tradebot.data.instruments import Instrument
from tradebot.data.venues.binance.history import MS, SPANS, BarPages, TradePages
from tradebot.data.venues.binance.listing import instrument_of, read_listing
from tradebot.data.venues.binance.live import LiveMarket, closed_bar

LISTING = {
    "symbols": [
        {
            "symbol": "BTCUSDT",
            "baseAsset": "BTC",
            "baseAssetPrecision": 8,
            "quoteAsset": "USDT",
            "filters": [
                {"filterType": "PRICE_FILTER", "tickSize": "0.01000000"},
                {
                    "filterType": "LOT_SIZE",
                    "stepSize": "0.00001000",
                    "minQty": "0.00001000",
                    "maxQty": "9000.00000000",
                },
                {"filterType": "NOTIONAL", "minNotional": "5.00000000"},
            ],
        }
    ]
}
BTC = instrument_of(read_listing(json.dumps(LISTING).encode()).symbols[0], 5)
NOW = 1_700_000_000_000_000_000


def diff(first: int, last: int, bid: str = "1.00", size: str = "1") -> bytes:
    event = {"e": "depthUpdate", "E": 1, "s": "BTCUSDT", "U": first, "u": last}
    event |= {"b": [[bid, size]], "a": []}
    return json.dumps({"stream": "btcusdt@depth@100ms", "data": event}).encode()


def reply(last: int) -> bytes:
    return json.dumps(
        {"lastUpdateId": last, "bids": [["1.00", "2"]], "asks": [["2.00", "2"]]}
    ).encode()


def words(events: list[AnyMarketEvent]) -> list[str]:
    return [f"{type(one).__name__}{getattr(one, 'last_id', '')}" for one in events]


def test_rules_are_in_the_instruments_units_and_quantities_in_the_bases_precision() -> None:
    rules = BTC.rules[0]
    assert (BTC.price_scale, BTC.quantity_scale, BTC.base, BTC.currency) == (2, 8, "BTC", "USDT")
    assert (rules.tick, rules.lot, rules.quantity_min) == (1, 1000, 1000)
    assert (str(rules.notional_min), rules.valid_from) == ("5.00000000", 5)


def test_a_book_waits_for_a_snapshot_that_reaches_its_first_diff() -> None:
    market = LiveMarket([BTC])
    assert market.wanted == ()
    assert market.hear(diff(11, 12), NOW) == []
    assert market.wanted == ("BTCUSDT",)
    assert market.snapshot("BTCUSDT", reply(9), NOW) == []
    assert market.wanted == ("BTCUSDT",)
    market.hear(diff(13, 15), NOW)
    assert words(market.snapshot("BTCUSDT", reply(12), NOW)) == ["BookSnapshot12", "BookDelta15"]
    assert market.wanted == ()
    assert words(market.hear(diff(16, 16), NOW)) == ["BookDelta16"]


def test_a_gap_is_told_once_and_nothing_of_the_book_until_the_next_snapshot() -> None:
    market = LiveMarket([BTC])
    market.hear(diff(11, 12), NOW)
    market.snapshot("BTCUSDT", reply(12), NOW)
    assert words(market.hear(diff(15, 16), NOW)) == ["FeedGap"]
    assert market.hear(diff(17, 18), NOW) == []
    assert market.wanted == ("BTCUSDT",)
    assert words(market.snapshot("BTCUSDT", reply(17), NOW)) == ["BookSnapshot17", "BookDelta18"]
    assert market.books["BTCUSDT"].gaps == 1


@given(
    st.lists(st.tuples(st.integers(1, 3), st.sampled_from(["keep", "keep", "drop", "twice"]))),
    st.integers(0, 3),
)
def test_what_is_told_is_always_the_venues_book(
    steps: list[tuple[int, str]], reply_after: int
) -> None:
    """The twin: a venue whose level at price `id % 5` is the id; told books must equal it at the told id."""
    market, told, last = LiveMarket([BTC]), dict[int, int](), 10
    history: dict[int, dict[int, int]] = {10: {}}
    truth: dict[int, int] = {}
    for count, (span, fate) in enumerate(steps):
        first, last = last + 1, last + span
        truth[100 + last % 5] = last
        history[last] = dict(truth)
        frame = diff(first, last, f"{(100 + last % 5) / 100:.2f}", f"{last / 1e8:.8f}")
        events = [] if fate == "drop" else market.hear(frame, NOW)
        events += market.hear(frame, NOW) if fate == "twice" else []
        if market.wanted and count % 4 == reply_after:
            book = [[f"{p / 100:.2f}", f"{q / 1e8:.8f}"] for p, q in truth.items()]
            snapshot = {"lastUpdateId": last, "bids": book, "asks": []}
            events += market.snapshot("BTCUSDT", json.dumps(snapshot).encode(), NOW)
        for event in events:
            if isinstance(event, BookSnapshot):
                told = dict(event.bids)
            elif isinstance(event, BookDelta):
                told |= dict(event.bids)
            if isinstance(event, BookSnapshot | BookDelta):
                assert told == history[event.last_id]


def test_trades_and_quotes_come_in_units() -> None:
    market = LiveMarket([BTC])
    trade = {
        "e": "trade",
        "E": 9,
        "T": 8,
        "s": "BTCUSDT",
        "t": 7,
        "p": "1.5",
        "q": "0.1",
        "m": True,
    }
    (told,) = market.hear(json.dumps(trade).encode(), NOW)
    assert isinstance(told, Trade)
    assert (told.price, told.quantity, told.aggressor) == (150, 10_000_000, -1)
    assert (told.ts_event, told.ts_recv, told.trade_id) == (8 * MS, NOW, "7")
    ticker = {"u": 4, "s": "BTCUSDT", "b": "1", "B": "2", "a": "3", "A": "4"}
    (quote,) = market.hear(json.dumps(ticker).encode(), NOW)
    assert isinstance(quote, Quote)
    assert (quote.bid_price, quote.ask_quantity) == (100, 400_000_000)


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b'{"e":"trade","s":"BTCUSDT","p":NaN}',
        b'{"e":"trade","E":1,"T":1,"s":"BTCUSDT","t":1,"p":"-1","q":"1","m":true}',
        b'{"e":"trade","E":1,"T":1,"s":"BTCUSDT","t":1,"p":"1e9","q":"1","m":true}',
        b'{"stream":"btcusdt@trade","data":{"e":"trade","s":"ETHUSDT"}}',
    ],
)
def test_what_cannot_be_read_is_counted_and_gives_nothing(frame: bytes) -> None:
    market = LiveMarket([BTC])
    assert market.hear(frame, NOW) == []
    assert market.malformed == 1


def test_a_diff_with_an_unreadable_level_begins_the_book_anew() -> None:
    market = LiveMarket([BTC])
    market.hear(diff(11, 12), NOW)
    market.snapshot("BTCUSDT", reply(12), NOW)
    market.hear(diff(13, 13, size="x"), NOW)
    assert market.hear(diff(14, 14), NOW) == []
    assert market.wanted == ("BTCUSDT",)


def test_every_prefix_of_a_frame_is_junk_and_the_whole_is_not() -> None:
    frame = diff(1, 2)
    market = LiveMarket([BTC])
    for end in range(len(frame)):
        assert market.hear(frame[:end], NOW) == []
    assert market.malformed == len(frame)
    market.hear(frame, NOW)
    assert market.wanted == ("BTCUSDT",)


def rows(opens: list[int]) -> bytes:
    """Return one-minute klines with the given opens, ms."""
    return json.dumps(
        [[ms, "1", "2", "0.5", "1.5", "3", ms + 59_999, "0", 4, "0", "0", "0"] for ms in opens]
    ).encode()


def test_bars_are_fetched_page_by_page_and_an_open_one_is_left_for_later() -> None:
    start = 1_699_999_980_000
    pages = BarPages(BTC, "1m", start * MS, (start + 10_000 * 60_000) * MS)
    first = pages.page(rows([start + n * 60_000 for n in range(1000)]), NOW * 2)
    assert len(first) == 1000
    request = pages.request()
    assert request is not None
    assert request.query["startTime"] == str(start + 1000 * 60_000)
    begun = start + 1000 * 60_000
    rest = pages.page(rows([begun, begun + 60_000]), (begun + 60_001) * MS)
    assert [bar.ts_event for bar in rest] == [(begun + 60_000) * MS]
    assert pages.request() is None
    assert pages.position == (begun + 60_000) * MS
    assert rest[0].span_ns == SPANS["1m"]


def test_trades_are_found_by_time_then_by_id_and_an_id_that_goes_back_is_refused() -> None:
    def page(ids: list[int]) -> bytes:
        row = {"p": "1", "q": "2", "m": False}
        return json.dumps([row | {"a": one, "T": one} for one in ids]).encode()

    pages = TradePages(BTC, 5 * MS, 2_000 * MS)
    first = pages.request()
    assert first is not None
    assert (first.query["startTime"], first.query["endTime"]) == ("5", "1999")
    assert len(pages.page(page(list(range(5, 1005))), 0)) == 1000
    second = pages.request()
    assert second is not None
    assert second.query["fromId"] == "1005"
    assert not {"startTime", "endTime"} & set(second.query)
    with pytest.raises(ValueError, match="must go up from 1005"):
        pages.page(page([7]), 0)
    assert [one.trade_id for one in pages.page(page([1999, 2000]), 0)] == ["1999"]
    assert pages.request() is None
    with pytest.raises(ValueError, match="at most an hour"):
        TradePages(BTC, 0, 3_600_000 * MS + 1)


def fixture(recorded: Path, name: str) -> bytes:
    return (recorded / "payloads" / "nautilus_fixtures" / name).read_bytes()


def test_a_recorded_listing_and_its_klines_decode(recorded: Path) -> None:
    listing = read_listing(
        fixture(recorded, "binance_py/http_responses/http_spot_market_exchange_info.json")
    )
    found: dict[str, Instrument] = {}
    for symbol in listing.symbols:
        found[symbol.symbol] = instrument_of(symbol, 0)
    assert str(found["BTCUSDT"].price(found["BTCUSDT"].rules[0].tick)) == "0.01"
    payload = fixture(recorded, "binance_py/http_responses/http_spot_market_klines.json")
    pages = BarPages(found["BTCUSDT"], "1m", 0, 2**62)
    bars = pages.page(payload, 2**62)
    assert bars[0].open == 6_068_522
    assert bars[0].volume == 2_163_272_000


def test_a_recorded_trade_decodes_and_a_streamed_bar_is_told_when_it_closes(recorded: Path) -> None:
    frame = fixture(recorded, "binance_py/ws_messages/ws_spot_trade.json")
    symbol = json.loads(frame).get("data", json.loads(frame))["s"]
    market = LiveMarket([_named(symbol)])
    (told,) = market.hear(frame, NOW)
    assert isinstance(told, Trade)
    kline = json.loads(
        fixture(recorded, "binance/futures/market_data_json/kline_stream_closed.json")
    )
    kline = kline.get("data", kline)
    bar = closed_bar(_named("BNBBTC"), json.dumps(kline).encode(), NOW)
    assert bar is not None
    assert bar.ts_event == (kline["k"]["T"] + 1) * MS
    kline["k"]["x"] = False
    assert closed_bar(_named("BNBBTC"), json.dumps(kline).encode(), NOW) is None


def _named(symbol: str) -> Instrument:
    listing = json.loads(json.dumps(LISTING))
    listing["symbols"][0]["symbol"] = symbol
    listing["symbols"][0]["filters"][0]["tickSize"] = "0.00000001"
    return instrument_of(read_listing(json.dumps(listing).encode()).symbols[0], 0)
