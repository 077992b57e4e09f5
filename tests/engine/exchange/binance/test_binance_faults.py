"""Each fault does to Binance's requests and streams what it says, and leaves the ledger true."""

import itertools

import msgspec
import pytest
from tests.engine.exchange.binance.binance_made import MS, BinanceMade, S, Socket

from tradebot.engine.exchange.faults import FaultName


def trades(socket: Socket) -> list[int]:
    return [r["t"] for r in socket.messages("executionReport") if r["x"] == "TRADE"]


def traded(made: BinanceMade, times: int = 2) -> None:
    """Fill the first account's bid in so many executions."""
    made.order(quantity="0.02")
    for _ in range(times):
        made.fill()


@pytest.mark.parametrize(
    ("name", "left"), [("drop", [2]), ("duplicate", [1, 1, 2]), ("reorder", [2, 1])]
)
def test_a_fill_is_lost_doubled_or_overtaken(name: FaultName, left: list[int]) -> None:
    made = BinanceMade()
    user = made.user_socket()
    made.arm(name, "execution")
    traded(made)
    assert trades(user) == left
    assert len(made.exchange.executions("binance")) == 2


def test_a_delayed_fill_holds_up_what_comes_after_it() -> None:
    made = BinanceMade()
    user = made.user_socket()
    made.arm("delay", "execution", seconds=2.0)
    made.order(quantity="0.02")
    made.fill()
    made.pass_time(S)
    made.fill()
    late = [at for at, frame in user.frames if '"x":"TRADE"' in frame]
    assert late == [made.clock.now() + S] * 2


def test_a_muted_socket_says_nothing_and_stays_open() -> None:
    made = BinanceMade()
    user = made.user_socket()
    made.arm("mute", stream="user")
    traded(made)
    assert (trades(user), user.ended) == ([], "")
    before = len(user.frames)
    made.pass_time(25 * S)
    assert (len(user.frames), user.pings) == (before, 0)


def test_a_dropped_socket_ends_before_the_fill_and_a_new_one_finds_it_by_request() -> None:
    made = BinanceMade()
    user = made.user_socket()
    made.arm("drop_socket", "execution")
    traded(made)
    assert (trades(user), user.ended) == ([], "abrupt")
    _, rows = made.signed("GET", "/api/v3/myTrades", symbol="BTCUSDT", fromId=1)
    assert [row["id"] for row in rows] == [1, 2]


def test_faults_at_a_stream_leave_the_other_kind_alone() -> None:
    made = BinanceMade()
    user, market = made.user_socket(), made.socket("/ws/btcusdt@trade")
    made.arm("drop_socket", stream="market")
    assert (user.ended, market.ended) == ("", "abrupt")


@pytest.mark.parametrize(
    ("name", "status", "code", "placed"),
    [
        ("http_429", 429, -1003, 0),
        ("http_418", 418, -1003, 0),
        ("http_5xx", 503, -1000, 0),
        ("accepted_504", 504, -1007, 1),
    ],
)
def test_a_request_fails_with_or_without_having_been_done(
    name: FaultName, status: int, code: int, placed: int
) -> None:
    made = BinanceMade()
    made.arm(name, "order")
    reply, body = made.order()
    assert (reply.status, body["code"]) == (status, code)
    assert len(made.exchange.store.all("binance")) == placed
    assert ("Retry-After" in dict(reply.headers)) == (status in (429, 418))
    assert made.order()[0].status == 200
    socket = made.socket("/ws-api/v3")
    made.arm(name, "query")
    made.call(socket, "openOrders.status")
    assert (socket.messages()[-1]["status"], socket.messages()[-1]["error"]["code"]) == (
        status,
        code,
    )


def test_a_late_answer_is_late_by_request_and_by_socket() -> None:
    made = BinanceMade()
    made.arm("late", "order", seconds=12.0)
    assert made.order()[0].delay == 12 * S
    socket = made.socket("/ws-api/v3")
    made.arm("late", "query", seconds=3.0)
    made.call(socket, "openOrders.status")
    made.call(socket, "openOrders.status")
    assert [message["id"] for message in socket.messages()] == [2, 1]


def test_a_connection_may_end_between_an_order_and_its_answer() -> None:
    made = BinanceMade()
    made.arm("drop_socket", "order")
    assert made.order()[0].cut
    assert len(made.exchange.store.open("binance")) == 1
    socket = made.socket("/ws-api/v3")
    made.arm("drop_socket", "cancel")
    made.call(socket, "order.cancel", symbol="BTCUSDT", orderId=1)
    assert (socket.ended, made.exchange.store.open("binance")) == ("abrupt", [])


def test_a_clock_that_is_off_refuses_times_until_they_are_asked_for_anew() -> None:
    made = BinanceMade()
    made.arm("clock", seconds=-30.0)
    assert made.order()[1]["code"] == -1021
    told = msgspec.json.decode(made.ask("GET", "/api/v3/time").body)["serverTime"]
    assert told == made.clock.now() // MS - 30_000
    assert made.order(timestamp=told)[0].status == 200


def test_a_shutdown_is_announced_in_each_streams_own_words_and_then_happens() -> None:
    made = BinanceMade()
    user, market = made.user_socket(), made.socket("/ws/btcusdt@trade")
    made.arm("shutdown", seconds=2.0)
    assert user.messages()[-1]["event"]["e"] == "serverShutdown"
    assert market.messages()[-1]["e"] == "serverShutdown"
    made.pass_time(S)
    assert (user.ended, market.ended) == ("", "")
    made.pass_time(2 * S)
    assert (user.ended, market.ended) == ("1001", "1001")


def test_a_socket_is_closed_after_a_day_or_on_demand() -> None:
    made = BinanceMade()
    user = made.user_socket()
    made.arm("close_24h")
    assert user.ended == "1001"
    other = made.user_socket()
    made.clock.set(made.clock.now() + 86_400 * S)
    made.face.advance(made.clock.now())
    assert other.ended == "1001"


def test_a_gap_breaks_the_chain_of_a_depth_stream_once() -> None:
    made = BinanceMade(crowd=True)
    market = made.socket("/ws/btcusdt@depth@100ms")
    made.pass_time(S)
    made.arm("gap")
    made.pass_time(S)
    diffs = market.messages("depthUpdate")
    holes = [b["U"] - a["u"] - 1 for a, b in itertools.pairwise(diffs)]
    assert len([hole for hole in holes if hole]) == 1


def test_a_restart_ends_every_connection_and_keeps_orders_and_fills() -> None:
    made = BinanceMade()
    user = made.user_socket()
    traded(made, 1)
    made.arm("restart")
    assert user.ended == "abrupt"
    _, rows = made.signed("GET", "/api/v3/openOrders")
    assert [row["executedQty"] for row in rows] == ["0.01000000"]


def test_a_bust_is_in_the_ledger_and_out_of_the_balances() -> None:
    made = BinanceMade()
    before = dict(made.account.holdings)
    traded(made, 1)
    made.arm("bust")
    assert dict(made.account.holdings) == before
