"""Binance's rules at the face: signatures, counts, streams, lists, and frames that are none."""

import itertools
from collections.abc import Iterator
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.exchange.binance.binance_made import MS, BinanceMade, S
from tests.engine.exchange.exchange_made import MONDAY_NOON

from tradebot.engine.exchange.binance.operations import BY_METHOD, OPERATIONS, Operation
from tradebot.engine.exchange.face import HttpReply, HttpRequest


def test_the_signature_covers_query_and_body_as_they_were_sent() -> None:
    made = BinanceMade()
    query = urlencode({"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET"})
    body = urlencode({"quantity": "0.01", "timestamp": made.clock.now() // MS})
    signature = made.sign(query + body)
    request = HttpRequest(
        method="POST",
        path="/api/v3/order/test",
        query=query,
        headers={"x-mbx-apikey": made.account.terms.key},
        body=f"{body}&signature={signature}".encode(),
    )
    reply = made.face.answer(request)
    assert isinstance(reply, HttpReply)
    assert (reply.status, reply.body) == (200, b"{}")
    moved = msgspec.structs.replace(request, query=query.replace("BUY", "SELL"))
    reply = made.face.answer(moved)
    assert isinstance(reply, HttpReply)
    assert msgspec.json.decode(reply.body)["code"] == -1022


@pytest.mark.parametrize(
    ("offset_ms", "window", "code"),
    [
        (-5_001, None, -1021),
        (-5_000, None, 0),
        (-59_000, 60_000, 0),
        (0, 60_001, -1131),
        (999, None, 0),
        (1_000, None, -1021),
    ],
)
def test_a_request_counts_only_within_its_window(
    offset_ms: int, window: int | None, code: int
) -> None:
    made = BinanceMade()
    more = {} if window is None else {"recvWindow": window}
    _, body = made.signed(
        "GET", "/api/v3/openOrders", timestamp=made.clock.now() // MS + offset_ms, **more
    )
    assert (body["code"] if code else body) == (code or [])


def test_weight_is_told_limited_and_ends_in_a_ban() -> None:
    made = BinanceMade()
    first = dict(made.ask("GET", "/api/v3/depth", symbol="BTCUSDT", limit=5_000).headers)
    assert first["x-mbx-used-weight-1m"] == "250"
    seen = [
        made.ask("GET", "/api/v3/depth", symbol="BTCUSDT", limit=5_000).status for _ in range(36)
    ]
    assert seen == [200] * 23 + [429] * 10 + [418] * 3
    assert made.ask("GET", "/api/v3/ping").status == 418
    made.clock.set(made.clock.now() + 121 * S)
    assert made.ask("GET", "/api/v3/ping").status == 200


def test_orders_are_counted_by_ten_seconds() -> None:
    made = BinanceMade()
    reply = [made.order(timeInForce="IOC")[0] for _ in range(50)][-1]
    assert dict(reply.headers)["x-mbx-order-count-10s"] == "50"
    refused, body = made.order()
    assert (refused.status, body["code"], "Retry-After" in dict(refused.headers)) == (
        429,
        -1015,
        True,
    )


def test_a_book_kept_by_the_venues_own_rules_is_the_venues_book() -> None:
    made = BinanceMade(crowd=True)
    market = made.socket("/stream", "streams=btcusdt@depth@100ms/btcusdt@bookTicker")
    made.pass_time(S)
    picture = msgspec.json.decode(made.ask("GET", "/api/v3/depth", symbol="BTCUSDT").body)
    made.pass_time(5 * S)
    levels: dict[str, dict[str, str]] = {
        side: dict(picture[name]) for side, name in (("b", "bids"), ("a", "asks"))
    }
    last = picture["lastUpdateId"]
    diffs = [one for one in market.messages("depthUpdate") if one["u"] > last]
    assert diffs[0]["U"] <= last + 1 <= diffs[0]["u"]
    for diff in diffs:
        for side, kept in levels.items():
            for at, size in diff[side]:
                kept.pop(at, None)
                if float(size):
                    kept[at] = size
    assert all(b["U"] == a["u"] + 1 for a, b in itertools.pairwise(diffs))
    now = msgspec.json.decode(made.ask("GET", "/api/v3/depth", symbol="BTCUSDT", limit=5_000).body)
    assert diffs[-1]["u"] == now["lastUpdateId"]
    assert levels["b"] == dict(now["bids"])
    assert levels["a"] == dict(now["asks"])
    touch = [one["data"] for one in market.messages() if one["stream"].endswith("bookTicker")][-1]
    assert (touch["b"], touch["B"]) == tuple(now["bids"][0])
    assert (touch["a"], touch["A"]) == tuple(now["asks"][0])


def test_streams_are_taken_up_left_listed_and_told_in_microseconds() -> None:
    made = BinanceMade(crowd=True)
    market = made.socket("/ws", "timeUnit=MICROSECOND")
    market.say({"method": "SUBSCRIBE", "params": ["btcusdt@aggTrade", "btcusdt@trade"], "id": 1})
    market.say({"method": "UNSUBSCRIBE", "params": ["btcusdt@trade"], "id": 2})
    market.say({"method": "LIST_SUBSCRIPTIONS", "id": "x"})
    assert market.messages()[:3] == [
        {"result": None, "id": 1},
        {"result": None, "id": 2},
        {"result": ["btcusdt@aggTrade"], "id": "x"},
    ]
    made.pass_time(5 * S)
    prints = market.messages("aggTrade")
    assert prints
    assert not market.messages("trade")
    assert all(b["f"] == a["l"] + 1 for a, b in itertools.pairwise(prints))
    assert [b["a"] for b in prints] == list(range(1, len(prints) + 1))
    assert abs(prints[-1]["T"] - made.clock.now() // 1_000) < 10**6
    for _ in range(3):
        market.say({"method": "LIST_SUBSCRIPTIONS", "id": 3})
    for _ in range(3):
        market.say({"method": "LIST_SUBSCRIPTIONS", "id": 3})
    assert market.ended == "1008"


def test_a_kline_stream_goes_on_and_closes_each_bar_once() -> None:
    made = BinanceMade(crowd=True, start=MONDAY_NOON + 55 * S)
    market = made.socket("/ws/btcusdt@kline_1m")
    made.pass_time(68 * S, S)
    bars = [one["k"] for one in market.messages("kline")]
    closed = [bar for bar in bars if bar["x"]]
    assert [bar["t"] for bar in closed] == [MONDAY_NOON // MS, MONDAY_NOON // MS + 60_000]
    rows = msgspec.json.decode(
        made.ask("GET", "/api/v3/klines", symbol="BTCUSDT", interval="1m", limit=3).body
    )
    told = [
        [bar[name] for name in ("t", "o", "h", "l", "c", "v", "T", "q", "n", "V", "Q", "B")]
        for bar in (*closed, bars[-1])
    ]
    assert told[:2] == rows[:2]


def test_a_bracket_is_a_list_whose_legs_wait_for_the_fill() -> None:
    made = BinanceMade()
    user = made.user_socket()
    reply, placed = made.signed(
        "POST",
        "/api/v3/orderList/otoco",
        symbol="BTCUSDT",
        workingType="LIMIT",
        workingSide="BUY",
        workingPrice="59000",
        workingQuantity="0.01",
        workingTimeInForce="GTC",
        pendingSide="SELL",
        pendingQuantity="0.01",
        pendingAboveType="LIMIT_MAKER",
        pendingAbovePrice="62000",
        pendingBelowType="STOP_LOSS",
        pendingBelowStopPrice="58000",
    )
    assert reply.status == 200
    assert [row["status"] for row in placed["orderReports"]] == [
        "NEW",
        "PENDING_NEW",
        "PENDING_NEW",
    ]
    made.fill()
    _, found = made.signed("GET", "/api/v3/openOrders", symbol="BTCUSDT")
    assert [(row["type"], row["status"]) for row in found] == [
        ("LIMIT_MAKER", "NEW"),
        ("STOP_LOSS", "NEW"),
    ]
    _, gone = made.signed("DELETE", "/api/v3/order", symbol="BTCUSDT", orderId=found[0]["orderId"])
    assert gone["listOrderStatus"] == "ALL_DONE"
    assert {report["g"] for report in user.messages("executionReport")} == {placed["orderListId"]}


def test_half_of_a_cancel_replace_may_fail() -> None:
    made = BinanceMade()
    _, first = made.order()
    replace = {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "1.5",
        "price": "59000",
        "cancelReplaceMode": "STOP_ON_FAILURE",
    }
    path = "/api/v3/order/cancelReplace"
    reply, body = made.signed("POST", path, **replace, cancelOrderId=999)
    assert (reply.status, body["code"], body["data"]["newOrderResult"]) == (
        400,
        -2022,
        "NOT_ATTEMPTED",
    )
    reply, body = made.signed("POST", path, **{**replace, "quantity": "2"}, cancelOrderId=1)
    assert (reply.status, body["code"]) == (409, -2021)
    assert body["data"]["cancelResponse"]["orderId"] == first["orderId"]
    assert body["data"]["newOrderResponse"]["code"] == -2010
    reply, body = made.signed("POST", path, **{**replace, "price": "59000.001"}, cancelOrderId=1)
    assert (reply.status, body["code"]) == (400, -1013)


def test_a_cancel_is_told_with_its_own_id_and_the_orders() -> None:
    made = BinanceMade()
    user = made.user_socket()
    made.order(newClientOrderId="mine")
    made.signed(
        "DELETE",
        "/api/v3/order",
        symbol="BTCUSDT",
        origClientOrderId="mine",
        newClientOrderId="bye",
    )
    report = user.messages("executionReport")[-1]
    assert (report["x"], report["c"], report["C"]) == ("CANCELED", "bye", "mine")
    locked = [one["B"] for one in user.messages("outboundAccountPosition")]
    assert [next(b["l"] for b in rows if b["a"] == "USDT") for rows in locked] == [
        "590.00000000",
        "0.00000000",
    ]


def test_a_connection_has_one_subscription_an_account() -> None:
    made = BinanceMade()
    user = made.user_socket()
    made.call(user, "userDataStream.subscribe.signature")
    made.call(user, "session.subscriptions")
    made.call(user, "userDataStream.unsubscribe", subscriptionId=0)
    made.call(user, "userDataStream.unsubscribe", subscriptionId=0)
    made.call(user, "session.logon")
    told = user.messages()
    assert told[0]["result"] == {"subscriptionId": 0}
    assert told[1]["error"]["code"] == -2035
    assert told[2]["result"] == [{"subscriptionId": 0}]
    assert (told[3]["status"], told[4]["error"]["code"], told[5]["error"]["code"]) == (
        200,
        -2036,
        -4056,
    )


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
values = scalars | st.lists(scalars, max_size=3) | st.dictionaries(st.text(max_size=3), scalars)
words = st.sampled_from([*BY_METHOD, "userDataStream.subscribe.signature", "nonsense"])
names = st.sampled_from(
    ["symbol", "orderId", "limit", "quantity", "price", "timestamp", "signature", "apiKey", "type"]
)


def encoded(number: object, method: str, params: dict[str, object]) -> bytes:
    return msgspec.json.encode({"id": number, "method": method, "params": params})


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=60)
    | st.builds(
        encoded,
        scalars.filter(lambda value: value == value),  # noqa: PLR0124  (not NaN)
        words,
        st.dictionaries(names, values, max_size=5),
    )
)
def test_whatever_a_client_sends_is_answered_and_never_ends_the_socket(frame: bytes) -> None:
    made = _MADE
    user = made.socket("/ws-api/v3")
    user.say(frame)
    assert len(user.frames) == 1
    assert user.messages()[0]["status"] in (200, 400, 401, 418, 429)
    market = made.socket("/ws")
    market.say(frame)
    assert len(market.frames) <= 1
    assert (user.ended, market.ended) == ("", "")


_MADE = BinanceMade()


def hostile() -> Iterator[bytes]:
    yield b'{"id":' + b"[" * 100_000
    yield b'{"id":1,"method":"order.place","params":{"a":' + b'{"a":' * 50_000
    yield b"\xff\xfe"
    yield b'{"id":1,"method":"ping","params":{"x":NaN}}'
    yield b""


@pytest.mark.parametrize("frame", hostile(), ids=["deep", "deep-open", "no-text", "nan", "empty"])
def test_a_frame_that_is_none_is_answered(frame: bytes) -> None:
    made = BinanceMade()
    for path in ("/ws-api/v3", "/ws"):
        socket = made.socket(path)
        socket.say(frame)
        assert (len(socket.frames), socket.ended) == (1, "")


@pytest.mark.parametrize("operation", OPERATIONS, ids=[one.path for one in OPERATIONS])
def test_every_request_without_parameters_is_answered_in_the_venues_shape(
    operation: Operation,
) -> None:
    made = BinanceMade()
    method, path = operation.path.split(" ")
    reply, body = made.signed(method, path)
    assert reply.status == 200 or body["code"] < 0
