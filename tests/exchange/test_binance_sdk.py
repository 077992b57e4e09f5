"""The unmodified python-binance, its host apart, lives a day at the exchange's Binance."""

import asyncio
import importlib
import itertools
from decimal import Decimal
from typing import Any

import pytest
from tests.exchange.conftest import Open

from tradebot.engine.exchange.control import PrintRequest, print_trade
from tradebot.engine.exchange.program import Program

pytestmark = [
    pytest.mark.usefixtures("no_logged_errors"),
    # The kit uses names of websockets that are going, and parses dates the old way.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

# The kit has no types: what it returns is JSON.
type Loose = Any


async def connected(program: Program, **facts: str) -> tuple[Loose, Loose]:
    kit: Loose = importlib.import_module("binance")
    told = {**program.faces[0].facts(), **facts}

    class Loopback(kit.AsyncClient):
        API_URL = f"{told['url']}/api"
        MARGIN_API_URL = f"{told['url']}/sapi"
        WS_API_URL = str(told["ws_api_url"])

    class LoopbackSockets(kit.BinanceSocketManager):
        STREAM_URL = f"{told['ws_url']}/"

    client: Loose = await Loopback.create(told["key"], told["secret"])
    client.ws_api.TIMEOUT = 0.5  # how long it takes the kit to see that it is being closed
    return client, LoopbackSockets(client)


async def until(socket: Loose, **wanted: object) -> dict[str, Loose]:
    """Return the next message that has these values."""
    async with asyncio.timeout(5):
        while True:
            message: dict[str, Loose] = await socket.recv()
            assert message.get("e") != "error", message
            if all(message.get(name) == value for name, value in wanted.items()):
                return message


def at(program: Program, price: str) -> None:
    print_trade(program.exchange, PrintRequest("binance", "BTCUSDT", price, "0.001"))


async def test_the_kit_reads_the_market_by_request(open_exchange: Open) -> None:
    async with open_exchange("binance") as program:
        client, _ = await connected(program)
        try:
            await client.ping()
            info = await client.get_exchange_info()
            assert {symbol["symbol"] for symbol in info["symbols"]} >= {"BTCUSDT", "ETHUSDT"}
            assert await client.get_symbol_info("BTCUSDT")
            book = await client.get_order_book(symbol="BTCUSDT", limit=20)
            assert float(book["bids"][0][0]) < float(book["asks"][0][0])
            rows = await client.get_klines(symbol="BTCUSDT", interval="1m", limit=50)
            assert len(rows) == 50
            assert all(len(row) == 12 for row in rows)
            history = await client.get_historical_klines("BTCUSDT", "1h", "1 day ago UTC")
            assert len(history) >= 23
            at(program, "60500")
            assert (await client.get_recent_trades(symbol="BTCUSDT"))[-1]["price"].startswith(
                "60500"
            )
            await asyncio.sleep(0.05)
            assert (await client.get_aggregate_trades(symbol="BTCUSDT"))[-1]["p"].startswith("60")
            assert await client.get_avg_price(symbol="BTCUSDT")
            assert await client.get_ticker(symbol="BTCUSDT")
            assert len(await client.get_all_tickers()) == len(info["symbols"])
            assert len(await client.get_orderbook_tickers()) == len(info["symbols"])
            assert (await client.get_account_api_permissions())["enableWithdrawals"] is False
        finally:
            await client.close_connection()


async def test_the_kit_listens_to_every_kind_of_stream(open_exchange: Open) -> None:
    async with open_exchange("binance") as program:
        client, sockets = await connected(program)
        try:
            names = ["trade", "aggTrade", "bookTicker", "depth@100ms", "depth5@100ms", "kline_1m"]
            streams = [f"btcusdt@{name}" for name in (*names, "miniTicker")]
            heard: dict[str, list[Loose]] = {}
            async with sockets.multiplex_socket(streams) as socket, asyncio.timeout(8):
                while set(heard) != set(streams) or len(heard["btcusdt@depth@100ms"]) < 4:
                    message = await socket.recv()
                    heard.setdefault(message["stream"], []).append(message["data"])
            diffs = heard["btcusdt@depth@100ms"]
            assert all(b["U"] == a["u"] + 1 for a, b in itertools.pairwise(diffs))
            async with sockets.trade_socket("BTCUSDT") as socket:
                at(program, "60600")
                assert (await until(socket, p="60600.00000000"))["s"] == "BTCUSDT"
        finally:
            await client.close_connection()


async def test_the_kit_trades_every_type_of_order(open_exchange: Open) -> None:
    async with open_exchange("binance") as program:
        client, sockets = await connected(program)
        try:
            async with sockets.user_socket() as user:
                bought = await client.order_market_buy(symbol="BTCUSDT", quantity="0.01")
                assert bought["status"] == "FILLED"
                fills = bought["fills"]
                assert sum(Decimal(fill["qty"]) for fill in fills) == Decimal("0.01")
                new = await until(user, e="executionReport", x="NEW")
                assert new["c"] == bought["clientOrderId"]
                for fill in fills:
                    told = await until(user, e="executionReport", x="TRADE")
                    assert (told["t"], told["L"]) == (fill["tradeId"], fill["price"])
                    assert (told["n"], told["N"]) == (fill["commission"], "BTC")
                assert await until(user, e="outboundAccountPosition")
                spent = await client.create_order(
                    symbol="BTCUSDT", side="BUY", type="MARKET", quoteOrderQty="100"
                )
                assert 90 < float(spent["cummulativeQuoteQty"]) <= 100

                at(program, "60000")
                order = await client.order_limit_buy(
                    symbol="BTCUSDT", quantity="0.01", price="58000", newClientOrderId="mine-1"
                )
                assert order["status"] == "NEW"
                assert (await client.get_order(symbol="BTCUSDT", origClientOrderId="mine-1"))[
                    "orderId"
                ] == order["orderId"]
                assert len(await client.get_open_orders(symbol="BTCUSDT")) == 1
                amended = await client._put(  # noqa: SLF001  (the kit has no verb for it)
                    "order/amend/keepPriority",
                    signed=True,
                    data={"symbol": "BTCUSDT", "orderId": order["orderId"], "newQty": "0.005"},
                )
                assert amended["amendedOrder"]["qty"] == "0.00500000"
                assert (await until(user, x="REPLACED"))["C"] == "mine-1"
                moved = await client.cancel_replace_order(
                    symbol="BTCUSDT",
                    side="BUY",
                    type="LIMIT",
                    timeInForce="GTC",
                    cancelReplaceMode="STOP_ON_FAILURE",
                    cancelOrderId=order["orderId"],
                    quantity="0.01",
                    price="58500",
                )
                assert moved["cancelResult"] == moved["newOrderResult"] == "SUCCESS"
                at(program, "58500")
                done = await until(user, x="TRADE", i=moved["newOrderResponse"]["orderId"])
                assert (done["X"], done["m"]) == ("FILLED", True)
        finally:
            await client.close_connection()


async def test_the_kit_gives_orders_that_wait(open_exchange: Open) -> None:
    async with open_exchange("binance") as program:
        client, _ = await connected(program)
        try:
            at(program, "60000")
            stops = [
                {"type": "STOP_LOSS", "stopPrice": "55000"},
                {
                    "type": "STOP_LOSS_LIMIT",
                    "stopPrice": "55000",
                    "price": "54900",
                    "timeInForce": "GTC",
                },
                {"type": "TAKE_PROFIT", "stopPrice": "65000"},
                {"type": "STOP_LOSS", "trailingDelta": "500"},
                {"type": "LIMIT_MAKER", "price": "66000"},
            ]
            for stop in stops:
                placed = await client.create_order(
                    symbol="BTCUSDT",
                    side="SELL",
                    quantity="0.002",
                    newOrderRespType="RESULT",
                    **stop,
                )
                assert placed["status"] == "NEW"
            ioc = await client.order_limit_buy(
                symbol="BTCUSDT", quantity="0.01", price="58000", timeInForce="IOC"
            )
            assert ioc["status"] == "EXPIRED"
            at(program, "55000")
            waiting = await client.get_open_orders(symbol="BTCUSDT")
            assert [order["type"] for order in waiting] == ["TAKE_PROFIT", "LIMIT_MAKER"]
            gone = await client.cancel_all_open_orders(symbol="BTCUSDT")
            assert {row["status"] for row in gone} == {"CANCELED"}
        finally:
            await client.close_connection()


async def test_the_kit_places_lists_and_finds_its_history(open_exchange: Open) -> None:
    async with open_exchange("binance") as program:
        client, sockets = await connected(program)
        try:
            at(program, "60000")
            async with sockets.user_socket() as user:
                both = await client.create_oco_order(
                    symbol="BTCUSDT",
                    side="SELL",
                    quantity="0.1",
                    aboveType="LIMIT_MAKER",
                    abovePrice="62000",
                    belowType="STOP_LOSS",
                    belowStopPrice="58000",
                )
                assert both["contingencyType"] == "OCO"
                assert (await until(user, e="executionReport", x="NEW"))["g"] == both["orderListId"]
                assert len(await client.get_open_oco_orders()) == 1
                at(program, "62000")
                assert (await until(user, x="TRADE"))["p"] == "62000.00000000"
                assert (await until(user, x="EXPIRED"))["o"] == "STOP_LOSS"
                assert (await until(user, e="listStatus", L="ALL_DONE"))["g"] == both["orderListId"]
            trades = await client.get_my_trades(symbol="BTCUSDT")
            assert sum(Decimal(trade["qty"]) for trade in trades) == Decimal("0.1")
            after = await client.get_my_trades(symbol="BTCUSDT", fromId=trades[-1]["id"])
            assert after == trades[-1:]
            orders = await client.get_all_orders(symbol="BTCUSDT")
            assert [order["status"] for order in orders] == ["FILLED", "EXPIRED"]
            account = await client.get_account()
            coins = {row["asset"]: row["free"] for row in account["balances"]}
            assert coins["BTC"] == "0.90000000"
            assert (await client.get_current_order_count())[0]["count"] == 2
        finally:
            await client.close_connection()


async def test_the_kit_trades_by_the_web_socket_api(open_exchange: Open) -> None:
    async with open_exchange("binance") as program:
        client, _ = await connected(program)
        try:
            order = await client.ws_create_order(
                symbol="BTCUSDT",
                side="BUY",
                type="LIMIT",
                timeInForce="GTC",
                quantity="0.01",
                price="50000",
            )
            assert order["status"] == "NEW"
            found = await client.ws_get_order(symbol="BTCUSDT", orderId=order["orderId"])
            assert found["price"] == "50000.00000000"
            assert len(await client.ws_get_open_orders(symbol="BTCUSDT")) == 1
            gone = await client.ws_cancel_order(symbol="BTCUSDT", orderId=order["orderId"])
            assert gone["status"] == "CANCELED"
            assert await client.ws_get_account()
        finally:
            await client.close_connection()


async def test_the_kit_meets_the_venues_own_refusals(open_exchange: Open) -> None:
    refusal: Loose = importlib.import_module("binance.exceptions").BinanceAPIException
    async with open_exchange("binance") as program:
        client, _ = await connected(program)
        stranger, _ = await connected(program, key="x" * 64)
        forger, _ = await connected(program, secret="y" * 64)
        limit = {
            "symbol": "BTCUSDT",
            "side": "BUY",
            "type": "LIMIT",
            "timeInForce": "GTC",
            "quantity": "0.01",
            "price": "50000",
            "newClientOrderId": "twice",
        }

        async def code(asking: Loose, **fields: object) -> tuple[int, str]:
            with pytest.raises(refusal) as refused:
                await asking.create_order(**{**limit, **fields})
            error: Loose = refused.value
            return error.code, error.message

        try:
            assert (await code(stranger))[0] == -2015
            assert (await code(forger))[0] == -1022
            await client.create_order(**limit)
            assert await code(client) == (-2010, "Duplicate order sent.")
            assert await code(client, symbol="NOPE") == (-1121, "Invalid symbol.")
            assert await code(client, price="50000.001") == (
                -1013,
                "Filter failure: PRICE_FILTER",
            )
            assert (await code(client, quantity="0.000001"))[1] == "Filter failure: LOT_SIZE"
            assert (await code(client, quantity="0.00001"))[1] == "Filter failure: NOTIONAL"
            assert (await code(client, price="1"))[1].endswith("PERCENT_PRICE_BY_SIDE")
            assert (await code(client, quantity="0.000000001"))[0] == -1111
            short = await code(client, quantity="100", newClientOrderId="more")
            assert short == (-2010, "Account has insufficient balance for requested action.")
            assert (await code(client, side="SIDEWAYS"))[0] == -1117
            client.timestamp_offset -= 60_000
            assert (await code(client, newClientOrderId="late"))[0] == -1021
            client.timestamp_offset += 60_000
            with pytest.raises(refusal) as gone:
                await client.cancel_order(symbol="BTCUSDT", orderId=999)
            assert gone.value.code == -2011
            with pytest.raises(refusal) as none:
                await client.get_order(symbol="BTCUSDT", orderId=999)
            assert none.value.code == -2013
        finally:
            for one in (client, stranger, forger):
                await one.close_connection()
