"""What the exchange's Binance says has the fields and types of the vendor's own payloads."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.engine.exchange.binance.binance_made import BinanceMade, S

pytestmark = [
    pytest.mark.recorded,
    pytest.mark.skipif(
        "TRADEBOT_RECORDED_DATA" not in os.environ,
        reason="TRADEBOT_RECORDED_DATA names no folder of recordings",
    ),
]

type Json = Any
type Tree = str | float | bool | list[Tree] | dict[str, Tree] | None

# Fields of some payloads that a listing of ours has no use for, or that the recording leaves empty.
_LEFT_OUT = {"sors"}


def payload(name: str) -> Json:
    folder = Path(os.environ["TRADEBOT_RECORDED_DATA"]) / "payloads/nautilus_fixtures/binance/spot"
    return json.loads((folder / f"{name}.json").read_text())


def agrees(theirs: Tree, ours: Tree, path: str = "") -> list[str]:
    """Return how ours is otherwise than theirs: a field that is missing, or of another type."""
    if theirs is None or ours is None:
        return []
    if isinstance(theirs, dict):
        if not isinstance(ours, dict):
            return [f"{path}: {type(ours).__name__} in the place of an object"]
        missing = [
            f"{path}.{name} is missing" for name in theirs if name not in {*ours, *_LEFT_OUT}
        ]
        inner = [
            agrees(theirs[name], ours[name], f"{path}.{name}") for name in theirs if name in ours
        ]
        return missing + [line for lines in inner for line in lines]
    if isinstance(theirs, list):
        if not isinstance(ours, list):
            return [f"{path}: {type(ours).__name__} in the place of a list"]
        if not theirs or not ours:
            return []
        rows = isinstance(theirs[0], dict)
        pairs = (
            [(theirs[0], one) for one in ours] if rows else list(zip(theirs, ours, strict=False))
        )
        return [line for a, b in pairs for line in agrees(a, b, f"{path}[]")]
    same = type(theirs) is type(ours)
    return [] if same else [f"{path}: {ours!r} in the place of {theirs!r}"]


@pytest.fixture(scope="module")
def lived() -> BinanceMade:
    """An account with orders of every end, and a market with prints."""
    made = BinanceMade(crowd=True)
    made.pass_time(5 * S)
    return made


PUBLIC: list[tuple[str, str, dict[str, object]]] = [
    ("avg_price_response", "/api/v3/avgPrice", {"symbol": "BTCUSDT"}),
    ("book_ticker_response", "/api/v3/ticker/bookTicker", {"symbol": "BTCUSDT"}),
    ("depth_response", "/api/v3/depth", {"symbol": "BTCUSDT"}),
    ("exchange_info_response", "/api/v3/exchangeInfo", {}),
    ("klines_response", "/api/v3/klines", {"symbol": "BTCUSDT", "interval": "1m"}),
    ("ping_response", "/api/v3/ping", {}),
    ("server_time_response", "/api/v3/time", {}),
    ("ticker_24hr_response", "/api/v3/ticker/24hr", {"symbol": "BTCUSDT"}),
    ("ticker_price_response", "/api/v3/ticker/price", {"symbol": "BTCUSDT"}),
    ("trades_response", "/api/v3/trades", {"symbol": "BTCUSDT"}),
]


@pytest.mark.parametrize(("name", "path", "params"), PUBLIC, ids=[row[0] for row in PUBLIC])
def test_market_data_has_the_fields_of_the_vendors(
    lived: BinanceMade, name: str, path: str, params: dict[str, object]
) -> None:
    ours = msgspec.json.decode(lived.ask("GET", path, **params).body)
    assert agrees(payload(f"http_json/{name}"), ours) == []


def test_orders_and_accounts_have_the_fields_of_the_vendors() -> None:
    made = BinanceMade()
    symbol = {"symbol": "BTCUSDT"}
    found: dict[str, Json] = {}
    made.limit(-1, 1_000, 5_900_000, account="binance-2")
    _, found["new_order_full_response"] = made.order(newOrderRespType="FULL")
    _, placed = made.order(price="58000")
    _, found["order_response"] = made.signed(
        "GET", "/api/v3/order", **symbol, orderId=placed["orderId"]
    )
    _, found["open_orders_response"] = made.signed("GET", "/api/v3/openOrders")
    _, found["cancel_order_response"] = made.signed(
        "DELETE", "/api/v3/order", **symbol, orderId=placed["orderId"]
    )
    made.order(price="58000")
    _, found["cancel_open_orders_response"] = made.signed("DELETE", "/api/v3/openOrders", **symbol)
    _, found["all_orders_response"] = made.signed("GET", "/api/v3/allOrders", **symbol)
    _, found["account_trades_response"] = made.signed("GET", "/api/v3/myTrades", **symbol)
    _, found["account_response"] = made.signed("GET", "/api/v3/account")
    assert not [
        line
        for name, ours in found.items()
        for line in agrees(payload(f"http_json/{name}"), ours, name)
    ]


def test_the_user_stream_has_the_fields_of_the_vendors() -> None:
    made = BinanceMade()
    user = made.user_socket()
    made.order(newClientOrderId="a")
    made.signed("DELETE", "/api/v3/order", symbol="BTCUSDT", origClientOrderId="a")
    made.limit(-1, 1_000, 5_900_000, account="binance-2")
    made.order()
    made.order(timeInForce="IOC")
    made.order(type="STOP_LOSS", side="SELL", price=None, timeInForce=None, stopPrice="50000")
    made.exchange.move_cash("binance", "BTC", 10**11, "deposit")
    made.signed(
        "POST",
        "/api/v3/orderList/oco",
        symbol="BTCUSDT",
        side="SELL",
        quantity="0.1",
        aboveType="LIMIT_MAKER",
        abovePrice="62000",
        belowType="STOP_LOSS",
        belowStopPrice="50000",
    )
    sent = [one for one in user.messages() if "event" in one]

    def first(**wanted: object) -> Json:
        return next(
            one
            for one in sent
            if all(one["event"].get(name) == value for name, value in wanted.items())
        )

    report = {"e": "executionReport"}
    found = {
        "execution_report_wrapped": first(**report, x="NEW"),
        "execution_report_new": first(**report, x="NEW")["event"],
        "execution_report_canceled": first(**report, x="CANCELED")["event"],
        "execution_report_trade": first(**report, x="TRADE")["event"],
        "execution_report_expired": first(**report, x="EXPIRED")["event"],
        "execution_report_stop_loss": first(**report, o="STOP_LOSS")["event"],
        "account_position": first(e="outboundAccountPosition")["event"],
        "account_position_wrapped": first(e="outboundAccountPosition"),
        "balance_update": first(e="balanceUpdate")["event"],
        "balance_update_wrapped": first(e="balanceUpdate"),
        "list_status_wrapped": first(e="listStatus"),
    }
    assert not [
        line
        for name, ours in found.items()
        for line in agrees(payload(f"user_data_json/{name}"), ours, name)
    ]


def test_streams_have_the_fields_of_a_recording(lived: BinanceMade) -> None:
    folder = Path(os.environ["TRADEBOT_RECORDED_DATA"]) / "binance_raw"
    theirs: dict[str, Json] = {}
    for file in sorted(folder.glob("*spot*.gz")) or sorted(folder.glob("*.gz")):
        with gzip.open(file, "rt") as lines:
            for line in lines:
                message = json.loads(line.partition(" ")[2])
                data = message.get("data", message)
                if "pu" not in data and "ps" not in data and "X" not in data:
                    theirs.setdefault(data.get("e", "bookTicker" if "B" in data else "depth"), data)
    names = "btcusdt@trade/btcusdt@bookTicker/btcusdt@depth@100ms"
    market = lived.socket("/stream", f"streams={names}")
    lived.pass_time(5 * S)
    ours = {one["data"].get("e", "bookTicker"): one["data"] for one in market.messages()}
    compared = set(theirs) & set(ours)
    assert {"trade", "depthUpdate"} <= compared
    assert not [line for name in compared for line in agrees(theirs[name], ours[name], name)]
