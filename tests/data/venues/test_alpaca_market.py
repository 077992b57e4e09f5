"""Alpaca's market data: JSON and MessagePack mean the same, books begin with a reset, junk is counted."""

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.data.events import Bar, BookDelta, BookSnapshot, FeedGap, Quote, Trade
from tradebot.data.instruments import Instrument
from tradebot.data.venues.alpaca.assets import Asset, decode_assets, instrument_of
from tradebot.data.venues.alpaca.history import History
from tradebot.data.venues.alpaca.market import BandChanged, HaltChanged, Market
from tradebot.data.venues.alpaca.messages import Success
from tradebot.data.venues.alpaca.times import ns_from_raw, ns_from_text, text_from_ns

AT = "2026-03-02T14:30:00.123456789Z"
AT_NS = ns_from_text(AT)
BTC = instrument_of(
    Asset(
        id="1",
        asset_class="crypto",
        symbol="BTC/USD",
        status="active",
        tradable=True,
        min_order_size=Decimal("0.0001"),
        min_trade_increment=Decimal("0.000000001"),
        price_increment=Decimal("0.01"),
    )
)
AAPL = instrument_of(
    Asset(id="2", asset_class="us_equity", symbol="AAPL", status="active", tradable=True)
)


def timestamp(ns: int) -> msgspec.msgpack.Ext:
    """MessagePack's timestamp of 64 bits, or of 96 where that does not hold it."""
    seconds, rest = divmod(ns, 10**9)
    if seconds < 1 << 34:
        return msgspec.msgpack.Ext(-1, (rest << 34 | seconds).to_bytes(8))
    return msgspec.msgpack.Ext(-1, rest.to_bytes(4) + seconds.to_bytes(8))


def frame(messages: list[dict[str, Any]], *, packed: bool) -> bytes:
    if not packed:
        return json.dumps(messages).encode()
    stamp = timestamp(AT_NS)
    return msgspec.msgpack.encode([{**m, "t": stamp} if "t" in m else m for m in messages])


def heard(market: Market, messages: list[dict[str, Any]], *, packed: bool = False) -> list[Any]:
    decoded = market.frames.decode(frame(messages, packed=packed))
    return [event for message in decoded for event in market.events(message, 7)]


TRADE = {"T": "t", "S": "BTC/USD", "p": 100.5, "s": 0.1, "t": AT, "i": 1, "tks": "B"}
QUOTE = {"T": "q", "S": "AAPL", "bp": 140.2, "bs": 3, "ap": 140.25, "as": 1, "t": AT, "z": "C"}
BAR = {"T": "b", "S": "AAPL", "o": 1.5, "h": 2, "l": 1, "c": 1.75, "v": 9, "n": 4, "vw": 1, "t": AT}


@pytest.mark.parametrize("packed", [False, True])
def test_trades_quotes_and_bars_mean_the_same_in_json_and_messagepack(*, packed: bool) -> None:
    trade, quote, bar = heard(Market((BTC, AAPL)), [TRADE, QUOTE, BAR], packed=packed)
    assert trade == Trade(
        instrument=BTC.id,
        ts_event=AT_NS,
        ts_recv=7,
        price=10_050,
        quantity=100_000_000,
        aggressor=1,
        trade_id="1",
    )
    assert isinstance(quote, Quote)
    assert (quote.bid_price, quote.ask_quantity) == (1_402_000, 10**9)
    assert isinstance(bar, Bar)
    assert (bar.open, bar.close, bar.ts_event) == (15_000, 17_500, AT_NS + 60 * 10**9)


def test_a_book_is_believed_from_its_reset_on_and_asked_for_again_when_it_crosses() -> None:
    market = Market((BTC,))

    def book(bids: list[list[float]], asks: list[list[float]], *, reset: bool = False) -> list[Any]:
        sides = {
            side: [{"p": price, "s": size} for price, size in levels]
            for side, levels in (("b", bids), ("a", asks))
        }
        return heard(market, [{"T": "o", "S": "BTC/USD", "t": AT, "r": reset, **sides}])

    assert book([[100, 1]], []) == []
    (snapshot,) = book([[100, 1]], [[101, 2]], reset=True)
    assert isinstance(snapshot, BookSnapshot)
    assert snapshot.asks == ((10_100, 2 * 10**9),)
    (delta,) = book([[100, 0], [99.5, 3]], [])
    assert isinstance(delta, BookDelta)
    assert delta.bids == ((10_000, 0), (9_950, 3 * 10**9))
    (gap,) = book([[101, 1]], [])
    assert isinstance(gap, FeedGap)
    assert market.wants_book_again() == ["BTC/USD"]
    assert market.wants_book_again() == []
    assert book([[90, 1]], []) == []


def test_halts_and_bands_of_stocks_are_told() -> None:
    market = Market((AAPL,))
    halt = {
        "T": "s",
        "S": "AAPL",
        "sc": "H",
        "sm": "Trading Halt",
        "rc": "T12",
        "rm": "News",
        "t": AT,
    }
    band = {"T": "l", "S": "AAPL", "u": 150.5, "d": 130.5, "i": "B", "t": AT, "z": "C"}
    first, second = [
        market.state(message) for message in market.frames.decode(frame([halt, band], packed=True))
    ]
    assert first == HaltChanged(
        instrument=AAPL.id, ts_event=AT_NS, halted=True, code="H", reason="News"
    )
    assert second == BandChanged(instrument=AAPL.id, ts_event=AT_NS, up=1_505_000, down=1_305_000)


HOSTILE: list[bytes] = [
    b"",
    b"\xff\xff",
    b"{",
    b"[" * 100_000,
    b'[{"T":"t","S":"BTC/USD","p":NaN,"s":1,"t":"x"}]',
    b'[{"T":"t","S":"BTC/USD","p":"NaN","s":1,"t":"2026-03-02T14:30:00Z"}]',
    b'[{"T":"t","S":"BTC/USD","p":-1,"s":1,"t":"2026-03-02T14:30:00Z"}]',
    b'[{"T":"t","S":"BTC/USD","p":1e5000,"s":1,"t":"2026-03-02T14:30:00Z"}]',
    b'[{"T":"t","S":"BTC/USD","p":1,"s":1,"t":"yesterday"}]',
    b'[{"T":"t","S":"BTC/USD","p":1,"s":1,"t":17}]',
    b'[{"T":"never heard of","S":"BTC/USD"}]',
    b'[{"T":"t","S":7}]',
    msgspec.msgpack.encode([{"T": "t", "S": "BTC/USD", "p": float("nan"), "s": 1, "t": 5}]),
    msgspec.msgpack.encode([{"T": "q", "S": "BTC/USD", "bp": float("inf")}]),
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_frame_is_counted_and_the_next_one_is_read(hostile: bytes) -> None:
    market = Market((BTC,))
    for message in market.frames.decode(hostile):
        assert market.events(message, 7) == []
    assert market.frames.malformed == 1
    assert len(heard(market, [TRADE])) == 1


@given(st.binary(max_size=200))
def test_no_bytes_whatever_raise(noise: bytes) -> None:
    market = Market((BTC,))
    for message in market.frames.decode(noise):
        market.events(message, 7)


def test_a_bad_message_does_not_take_the_good_ones_of_its_frame_with_it() -> None:
    market = Market((BTC,))
    assert len(heard(market, [{"T": "zz"}, TRADE, {"T": "t"}])) == 1
    assert market.frames.malformed == 2
    assert market.frames.decode(b'[{"T":"success","msg":"connected"}]') == [Success("connected")]


@given(st.integers(min_value=0, max_value=20_000_000_000 * 10**9))
def test_instants_keep_their_nanoseconds_as_text_and_in_messagepack(ns: int) -> None:
    assert ns_from_text(text_from_ns(ns)) == ns
    packed = msgspec.msgpack.encode(timestamp(ns))
    assert ns_from_raw(msgspec.msgpack.decode(packed, type=msgspec.Raw)) == ns


def test_instants_with_a_zone_are_utc_inside() -> None:
    assert ns_from_text("2026-03-02T09:30:00.5-05:00") == ns_from_text("2026-03-02T14:30:00.5Z")


def test_history_walks_through_all_pages_and_stops_at_a_token_that_does_not_move() -> None:
    history = History(BTC, "bars", AT_NS, AT_NS + 10**12)
    row = {"t": AT, "o": 1, "h": 2, "l": 1, "c": 2, "v": 3, "n": 4, "vw": 1.5}

    def page(token: str | None) -> bytes:
        return json.dumps({"bars": {"BTC/USD": [row]}, "next_page_token": token}).encode()

    first = history.request()
    assert first is not None
    assert first.path == "/v1beta3/crypto/us/bars"
    assert first.query["timeframe"] == "1Min"
    assert "page_token" not in first.query
    assert len(history.page(page("abc"), 7)) == 1
    second = history.request()
    assert second is not None
    assert second.query["page_token"] == "abc"  # noqa: S105
    with pytest.raises(ValueError, match="move on"):
        history.page(page("abc"), 7)
    history.page(page(None), 7)
    assert history.request() is None


@pytest.mark.recorded
def test_a_recorded_page_of_trades_decodes_to_the_nanosecond(recorded: Path) -> None:
    body = gzip.decompress((recorded / "payloads" / "trades.json.gz").read_bytes())
    rows = json.loads(body)["trades"]["AAPL"]
    history = History(AAPL, "trades", 0, AT_NS)
    trades = history.page(body, 7)
    assert history.malformed == 0
    assert len(trades) == len(rows) > 0
    for row, trade in zip(rows, trades, strict=True):
        assert isinstance(trade, Trade)
        assert trade.price == Decimal(str(row["p"])).scaleb(4)
        assert trade.quantity == row["s"] * 10**9
        assert trade.ts_event == ns_from_text(row["t"])


def test_assets_become_instruments_and_what_is_neither_is_refused() -> None:
    body = json.dumps(
        [
            {
                "id": "x",
                "class": "crypto",
                "exchange": "CRYPTO",
                "symbol": "DOGE/USD",
                "name": "Doge",
                "status": "active",
                "tradable": True,
                "min_order_size": "1.5",
                "min_trade_increment": "0.1",
                "price_increment": 0.0001,
            },
            {"id": "y", "class": "us_option", "symbol": "Z", "status": "active", "tradable": True},
        ]
    ).encode()
    doge, option = decode_assets(body)
    made: Instrument = instrument_of(doge)
    assert (made.price_scale, made.quantity_scale) == (4, 9)
    assert made.rules[0].quantity_min == 1_500_000_000
    with pytest.raises(ValueError, match="us_option"):
        instrument_of(option)
