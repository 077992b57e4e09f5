"""Binance's messages, good and damaged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.data.venues.binance.messages import (
    AggregateTrade,
    BookTicker,
    DepthDiff,
    DepthReply,
    TradePrint,
    decode,
)

DEPTH = b'{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":5,"u":6,"b":[["1.0","2"]],"a":[]}'
TICKER = b'{"u":7,"s":"BTCUSDT","b":"1","B":"2","a":"3","A":"4"}'
TRADE = b'{"e":"trade","E":1,"T":2,"s":"BTCUSDT","t":3,"p":"1","q":"2","m":true,"M":true}'
AGGREGATE = (
    b'{"e":"aggTrade","E":1,"T":2,"s":"BTCUSDT","a":3,"p":"1","q":"2","f":1,"l":2,"m":false}'
)


@pytest.mark.parametrize(
    ("stream", "data", "kind"),
    [
        (b"btcusdt@depth", DEPTH, DepthDiff),
        (b"btcusdt@depth@100ms", DEPTH, DepthDiff),
        (b"btcusdt@bookTicker", TICKER, BookTicker),
        (b"btcusdt@trade", TRADE, TradePrint),
        (b"btcusdt@aggTrade", AGGREGATE, AggregateTrade),
    ],
)
def test_message_is_the_same_in_a_combined_stream_and_bare(
    stream: bytes, data: bytes, kind: type
) -> None:
    combined = decode(b'{"stream":"' + stream + b'","data":' + data + b"}")
    assert isinstance(combined, kind)
    assert decode(data) == combined


def test_rest_reply_is_told_by_its_last_id() -> None:
    reply = decode(b'{"lastUpdateId":5,"bids":[["1","2"]],"asks":[]}')
    assert isinstance(reply, DepthReply)
    assert reply.bids == [("1", "2")]


@pytest.mark.parametrize(
    "payload",
    [
        b'{"stream":"btcusdt@kline_1m","data":{"k":1}}',
        b'{"stream":"btcusdt@depth20@100ms","data":{"lastUpdateId":1}}',
        b'{"stream":"!ticker@arr","data":[]}',
        b'{"e":"24hrTicker"}',
        b'{"result":null,"id":1}',
    ],
)
def test_streams_of_no_use_are_passed_over(payload: bytes) -> None:
    assert decode(payload) is None


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"{}",
        b"{",
        b"\xff\xfe",
        b'{"stream":"\xff"}',
        b'{"stream":"btcusdt@depth"}',
        b'{"stream":"ethusdt@depth","data":' + DEPTH + b"}",
        DEPTH.replace(b'"b":[["1.0","2"]]', b'"b":null'),
        DEPTH.replace(b'["1.0","2"]', b'["1.0"]'),
        DEPTH.replace(b'["1.0","2"]', b"[1.0,2]"),
        DEPTH.replace(b'"u":6', b'"u":' + b"9" * 40),
        DEPTH.replace(b'"u":6', b'"u":-6'),
        TICKER.replace(b'"1"', b"null"),
        b'{"data":' + b"[" * 100_000,
    ],
)
def test_damaged_message_is_a_value_error(payload: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(payload)


@given(payload=st.binary(max_size=80))
def test_any_bytes_give_a_message_nothing_or_a_value_error(payload: bytes) -> None:
    try:
        decode(payload)
    except ValueError:
        return


@given(cut=st.integers(0, 70), byte=st.integers(0, 255))
def test_one_changed_byte_never_crashes(cut: int, byte: int) -> None:
    for message in (DEPTH, TICKER, TRADE, AGGREGATE):
        changed = bytearray(message)
        changed[cut % len(message)] = byte
        try:
            decode(bytes(changed))
        except ValueError:
            continue
