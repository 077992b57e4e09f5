"""What each of the three sources makes of its bytes: in pieces, hostile, and field by field from the face's encoder."""

import json
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.brokers.alpaca.venue_in_memory import AlpacaInMemory

from tradebot.data.venues.alpaca.times import ns_from_text
from tradebot.engine.brokers.alpaca.api import Keys
from tradebot.engine.brokers.alpaca.executions import Execution, OrderNews
from tradebot.engine.brokers.alpaca.sources import (
    ActivityEvents,
    Alive,
    BrokerEvents,
    Lost,
    Ready,
    Refused,
    TradeUpdates,
    Unreadable,
    first_ulid,
)
from tradebot.engine.brokers.alpaca.sse import Comment, Event, SseLines
from tradebot.engine.exchange.alpaca.record import Record
from tradebot.engine.exchange.alpaca.words import ulid
from tradebot.engine.exchange.happenings import Happening
from tradebot.engine.secret import Secret

KEYS = Keys(Secret("K"), Secret("S"))
ORDER = {
    "id": "904837e3-3b76-47ec-b432-046db621571b",
    "client_order_id": "mine",
    "created_at": "2018-10-05T05:48:59Z",
    "symbol": "AAPL",
    "qty": "15",
    "filled_qty": "10",
    "order_class": "",
    "type": "market",
    "side": "sell",
    "time_in_force": "day",
    "status": "partially_filled",
}
"""After the vendor's reference, "Orders"."""
FILL = {
    "event": "partial_fill",
    "event_id": "01HCMKKNRK7S5C1JYP50QGDEC0",
    "at": "2023-10-13T13:28:58.387652Z",
    "execution_id": "7922ab44-5b33-4049-ab9a-0cfd805ba989",
    "timestamp": "2023-10-13T13:28:58.387651999Z",
    "price": "107.425",
    "qty": "10",
    "position_qty": "-10",
    "order": ORDER,
}
"""After the vendor's reference, "Events (SSE)"."""


def of_sse(*events: object) -> bytes:
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)


def execution(heard: list[object]) -> Execution:
    (found,) = [one for one in heard if isinstance(one, Execution)]
    return found


def test_a_fill_means_the_same_on_the_socket_in_text_binary_and_messagepack_and_as_an_event() -> (
    None
):
    told = {"stream": "trade_updates", "data": FILL}
    socket, events = TradeUpdates("ws://x", KEYS), BrokerEvents("http://x", KEYS)
    events.open(0)
    ways = [
        socket.heard(json.dumps(told).encode()),
        socket.heard(msgspec.msgpack.encode(told)),
        events.heard(of_sse(FILL)),
    ]
    for heard in ways:
        one = execution(list(heard))
        assert (one.symbol, one.side, one.price) == ("AAPL", "sell", Decimal("107.425"))
        assert (one.quantity, one.filled) == (Decimal(10), Decimal(10))
        assert one.execution_id == "7922ab44-5b33-4049-ab9a-0cfd805ba989"
        assert one.ts == ns_from_text("2023-10-13T13:28:58.387651999Z")


def test_an_event_stream_is_read_alike_however_it_is_cut() -> None:
    stream = b":heartbeat\r\n\r\n" + of_sse(FILL) + b": dropped 3 messages\n\ndata: a\ndata: b\r\r"
    whole = SseLines().feed(stream)
    assert [type(part) for part in whole] == [Comment, Event, Comment, Event]
    assert whole[-1] == Event(b"a\nb")
    for at in range(len(stream) + 1):
        lines = SseLines()
        assert lines.feed(stream[:at]) + lines.feed(stream[at:]) == whole, at


def test_comments_that_mean_loss_are_loss_and_heartbeats_are_life() -> None:
    events = BrokerEvents("http://x", KEYS)
    events.open(0)
    assert events.heard(b":heartbeat\n") == [Alive()]
    (slow,) = events.heard(b": you are reading too slowly, dropped 12 messages\n")
    (broken,) = events.heard(b": internal server error\n")
    assert isinstance(slow, Lost)
    assert isinstance(broken, Lost)


def test_a_bust_names_what_it_takes_back_and_its_quantity_is_positive() -> None:
    socket = TradeUpdates("ws://x", KEYS)
    bust = FILL | {"event": "trade_bust", "qty": "-10", "previous_execution_id": "before"}
    told = {"stream": "trade_updates", "data": bust}
    one = execution(list(socket.heard(json.dumps(told).encode())))
    assert (one.kind, one.previous_id, one.quantity) == ("bust", "before", Decimal(10))


def test_refused_keys_and_ungranted_streams_are_refusals() -> None:
    socket = TradeUpdates("ws://x", KEYS)
    no = b'{"stream":"authorization","data":{"status":"unauthorized","action":"authenticate"}}'
    (refused,) = socket.heard(no)
    assert isinstance(refused, Refused)
    (none,) = socket.heard(b'{"stream":"listening","data":{"streams":[]}}')
    assert isinstance(none, Refused)
    assert socket.heard(b'{"stream":"listening","data":{"streams":["trade_updates"]}}') == [Ready()]


CHANGES: list[dict[str, object]] = [
    {"price": "NaN"},
    {"price": "-1"},
    {"qty": "Infinity"},
    {"qty": None},
    {"execution_id": None},
    {"timestamp": "yesterday"},
    {"order": ORDER | {"side": "sideways"}},
    {"order": ORDER | {"qty": True}},
]

HOSTILE = [
    b"",
    b"{",
    b"[" * 50_000,
    b'{"stream":"trade_updates","data":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    b'{"stream":"trade_updates"}',
    b'{"stream":7,"data":{}}',
    b"\x00\xff\xfe",
    *(
        json.dumps({"stream": "trade_updates", "data": FILL | change}).encode()
        for change in CHANGES
    ),
]


@pytest.mark.parametrize("frame", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_frame_is_one_unreadable_word_and_the_next_is_read(frame: bytes) -> None:
    socket = TradeUpdates("ws://x", KEYS)
    (word,) = socket.heard(frame)
    assert isinstance(word, Unreadable)
    told = {"stream": "trade_updates", "data": FILL}
    assert isinstance(socket.heard(json.dumps(told).encode())[0], Execution)


def test_an_event_unknown_here_keeps_its_name() -> None:
    told = {"stream": "trade_updates", "data": FILL | {"event": "never_heard_of"}}
    (news,) = TradeUpdates("ws://x", KEYS).heard(json.dumps(told).encode())
    assert isinstance(news, OrderNews)
    assert news.event == "never_heard_of"


@given(st.binary(max_size=300))
def test_no_bytes_whatever_raise(noise: bytes) -> None:
    events = ActivityEvents("http://x", KEYS)
    events.open(0)
    events.heard(noise)
    TradeUpdates("ws://x", KEYS).heard(noise)


@given(st.integers(min_value=0, max_value=2**48 - 1))
def test_the_first_ulid_of_an_instant_is_not_after_any_other_of_it(ms: int) -> None:
    assert first_ulid(ms * 1_000_000) <= ulid(ms * 1_000_000, 7)
    assert first_ulid(ms * 1_000_000 + 999_999)[:10] == ulid(ms * 1_000_000, 7)[:10]


def test_what_the_face_encodes_the_sources_decode_field_by_field() -> None:
    venue = AlpacaInMemory(1)
    record = Record(venue.exchange, venue.ids)
    happened: list[Happening] = []
    venue.exchange.listen("alpaca", happened.append)
    venue.place("BTC/USD", 1, 3 * 10**7)
    told = [record.take(one) for one in happened]
    updates = [one for first, _ in told for one in first if one.execution]
    activities = [one for _, second in told for one in second if one.kind == "FILL"]
    truth = venue.exchange.books.standing_executions()
    assert len(truth) == len(updates) == len(activities) > 0
    socket, events = TradeUpdates("ws://x", KEYS), ActivityEvents("http://x", KEYS)
    events.open(0)
    encode = msgspec.json.Encoder(decimal_format="number").encode
    for one, update, activity in zip(truth, updates, activities, strict=True):
        frame = encode({"stream": "trade_updates", "data": update.update})
        row = encode(activity.event | {"event_id": activity.event_id})
        for heard in (socket.heard(frame), events.heard(b"data: " + row + b"\n\n")):
            found = execution(list(heard))
            assert found.execution_id == venue.ids.execution(one.number)
            assert found.order_id == venue.ids.order(one.order)
            assert (found.symbol, found.side, found.ts) == ("BTC/USD", "buy", one.ts)
            assert found.price == Decimal(one.price).scaleb(-2)
            assert found.quantity == Decimal(one.quantity).scaleb(-9)
