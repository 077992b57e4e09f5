"""A day of life by alpaca-py, unmodified but for the host: what it is told must be what it understands."""

import asyncio
import importlib
import logging
import warnings
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from tradebot.engine.exchange.clock import VenueClock
from tradebot.engine.exchange.program import Plan, Program
from tradebot.engine.live.clock import SystemClock

# What the kit returns is its own models or bare JSON, as it was asked: no types to check.
type Loose = Any


def of_the_kit(module: str, name: str) -> Loose:
    with warnings.catch_warnings():
        # It still imports the legacy half of websockets.
        warnings.simplefilter("ignore", DeprecationWarning)
        return getattr(importlib.import_module(f"alpaca.{module}"), name)


APIError = of_the_kit("common.exceptions", "APIError")
CryptoHistoricalDataClient = of_the_kit("data.historical.crypto", "CryptoHistoricalDataClient")
StockHistoricalDataClient = of_the_kit("data.historical.stock", "StockHistoricalDataClient")
CryptoDataStream = of_the_kit("data.live.crypto", "CryptoDataStream")
StockDataStream = of_the_kit("data.live.stock", "StockDataStream")
CryptoBarsRequest = of_the_kit("data.requests", "CryptoBarsRequest")
CryptoLatestOrderbookRequest = of_the_kit("data.requests", "CryptoLatestOrderbookRequest")
CryptoTradesRequest = of_the_kit("data.requests", "CryptoTradesRequest")
StockBarsRequest = of_the_kit("data.requests", "StockBarsRequest")
StockLatestQuoteRequest = of_the_kit("data.requests", "StockLatestQuoteRequest")
StockSnapshotRequest = of_the_kit("data.requests", "StockSnapshotRequest")
TimeFrame = of_the_kit("data.timeframe", "TimeFrame")
TradingClient = of_the_kit("trading.client", "TradingClient")
AssetClass = of_the_kit("trading.enums", "AssetClass")
OrderClass = of_the_kit("trading.enums", "OrderClass")
OrderSide = of_the_kit("trading.enums", "OrderSide")
OrderStatus = of_the_kit("trading.enums", "OrderStatus")
QueryOrderStatus = of_the_kit("trading.enums", "QueryOrderStatus")
TimeInForce = of_the_kit("trading.enums", "TimeInForce")
GetAssetsRequest = of_the_kit("trading.requests", "GetAssetsRequest")
GetOrdersRequest = of_the_kit("trading.requests", "GetOrdersRequest")
LimitOrderRequest = of_the_kit("trading.requests", "LimitOrderRequest")
MarketOrderRequest = of_the_kit("trading.requests", "MarketOrderRequest")
ReplaceOrderRequest = of_the_kit("trading.requests", "ReplaceOrderRequest")
StopLimitOrderRequest = of_the_kit("trading.requests", "StopLimitOrderRequest")
StopLossRequest = of_the_kit("trading.requests", "StopLossRequest")
StopOrderRequest = of_the_kit("trading.requests", "StopOrderRequest")
TakeProfitRequest = of_the_kit("trading.requests", "TakeProfitRequest")
TrailingStopOrderRequest = of_the_kit("trading.requests", "TrailingStopOrderRequest")
TradingStream = of_the_kit("trading.stream", "TradingStream")

START = 1_704_733_200_000_000_000
"""2024-01-08 12:00 in New York, ns UTC."""

GTC, DAY = TimeInForce.GTC, TimeInForce.DAY
BUY, SELL = OrderSide.BUY, OrderSide.SELL


@pytest.fixture(autouse=True)
def errors_of_the_sdk(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)


def no_errors(caplog: pytest.LogCaptureFixture) -> None:
    told = [record.getMessage() for record in caplog.records if record.name.startswith("alpaca")]
    assert told == []


@asynccontextmanager
async def exchange() -> AsyncGenerator[dict[str, str]]:
    program = Program(
        Plan(ports={"alpaca": 0}, seed=3), VenueClock(START, SystemClock().monotonic_ns)
    )
    await program.start()
    try:
        yield {name: str(value) for name, value in program.faces[0].facts().items()}
    finally:
        await program.close()


def trader(facts: dict[str, str]) -> Loose:
    return TradingClient(facts["key"], facts["secret"], url_override=facts["url"])


def code_of(error: Loose) -> tuple[int | None, int]:
    return error.value.status_code, int(error.value.code)


def orders_and_positions(client: Loose) -> None:
    bought = client.submit_order(
        MarketOrderRequest(symbol="AAPL", qty=10, side=BUY, time_in_force=DAY)
    )
    assert client.get_order_by_id(bought.id).status is OrderStatus.FILLED
    part = client.submit_order(
        MarketOrderRequest(symbol="AAPL", notional=100, side=BUY, time_in_force=DAY)
    )
    assert float(client.get_order_by_id(part.id).filled_qty) < 1
    position = client.get_open_position("AAPL")
    assert float(position.qty) > 10
    low, high = 150.0, 230.0
    resting = client.submit_order(
        LimitOrderRequest(
            symbol="AAPL", qty=1, side=BUY, time_in_force=GTC, limit_price=low,
            client_order_id="mine",
        )
    )  # fmt: skip
    assert client.get_order_by_client_id("mine").id == resting.id
    moved = client.replace_order_by_id(resting.id, ReplaceOrderRequest(qty=2, limit_price=low + 1))
    assert moved.replaces == resting.id
    assert client.get_order_by_id(resting.id).status is OrderStatus.REPLACED
    client.cancel_order_by_id(moved.id)
    assert client.get_order_by_id(moved.id).status is OrderStatus.CANCELED
    stops = [
        StopOrderRequest(symbol="AAPL", qty=1, side=SELL, time_in_force=GTC, stop_price=low),
        StopLimitOrderRequest(
            symbol="AAPL", qty=1, side=SELL, time_in_force=GTC, stop_price=low - 1,
            limit_price=low - 2,
        ),
        TrailingStopOrderRequest(
            symbol="AAPL", qty=1, side=SELL, time_in_force=GTC, trail_percent=9
        ),
    ]  # fmt: skip
    for stop in stops:
        client.submit_order(stop)
    assert len(client.get_orders()) == 3
    assert {answer.status for answer in client.cancel_orders()} == {200}
    bracket = client.submit_order(
        LimitOrderRequest(
            symbol="MSFT", qty=1, side=BUY, time_in_force=GTC, limit_price=500,
            order_class=OrderClass.BRACKET,
            take_profit=TakeProfitRequest(limit_price=600),
            stop_loss=StopLossRequest(stop_price=300),
        )
    )  # fmt: skip
    nested = client.get_orders(GetOrdersRequest(status=QueryOrderStatus.ALL, nested=True))
    assert [len(order.legs or []) for order in nested if order.id == bracket.id] == [2]
    client.cancel_orders()
    oco = client.submit_order(
        LimitOrderRequest(
            symbol="AAPL", qty=2, side=SELL, time_in_force=GTC, order_class=OrderClass.OCO,
            take_profit=TakeProfitRequest(limit_price=high),
            stop_loss=StopLossRequest(stop_price=low),
        )
    )  # fmt: skip
    assert oco.legs is not None
    client.cancel_order_by_id(oco.id)
    closed = client.close_all_positions(cancel_orders=True)
    assert {answer.status for answer in closed} == {200}
    assert client.get_all_positions() == []


def account_and_reference(client: Loose) -> None:
    account = client.get_account()
    assert float(account.equity or 0) > 99_000
    assert client.get_account_configurations().fractional_trading
    assert client.get_clock().is_open
    assert client.get_calendar()[0].close.hour == 16
    assets = client.get_all_assets(GetAssetsRequest(asset_class=AssetClass.CRYPTO))
    assert {asset.symbol for asset in assets} >= {"BTC/USD", "ETH/USD"}
    assert client.get_asset("BTC/USD").min_order_size
    assert client.get_portfolio_history().equity
    fills = client.get("/account/activities/FILL", {"direction": "asc", "page_size": 3})
    assert len(fills) == 3
    after = client.get(
        "/account/activities/FILL", {"direction": "asc", "page_token": fills[-1]["id"]}
    )
    assert fills[-1]["id"] not in [row["id"] for row in after]


def refusals(client: Loose, facts: dict[str, str]) -> None:
    def refused(**fields: object) -> tuple[int | None, int]:
        order = {"symbol": "AAPL", "side": "buy", "type": "limit", "time_in_force": "day"}
        with pytest.raises(APIError) as error:
            client.post("/orders", order | {"qty": "1", "limit_price": "150"} | fields)
        return code_of(error)

    client.post("/orders", {
        "symbol": "AAPL", "side": "buy", "type": "limit", "time_in_force": "day", "qty": "1",
        "limit_price": "150", "client_order_id": "once",
    })  # fmt: skip
    assert refused(client_order_id="once") == (422, 40010001)
    assert refused(limit_price="150.001") == (422, 42210000)
    assert refused(symbol="NONE") == (422, 42210000)
    assert refused(qty="0.5", time_in_force="gtc") == (422, 42210000)
    assert refused(qty="100000") == (403, 40310000)
    assert refused(side="sell", limit_price="149") == (403, 40310000)
    assert refused(symbol="BTC/USD", type="stop", stop_price="50000") == (422, 42210000)
    with pytest.raises(APIError) as error:
        client.get_order_by_id(UUID(int=5))
    assert code_of(error) == (404, 40410000)
    wrong = TradingClient("K", "S", url_override=facts["url"])
    with pytest.raises(APIError) as error:
        wrong.get_account()
    assert code_of(error) == (401, 40110000)
    client.cancel_orders()


def history(facts: dict[str, str]) -> None:
    crypto = CryptoHistoricalDataClient(url_override=facts["data_url"])
    start = datetime.fromtimestamp(START / 1e9 - 7_200, UTC)
    bars = crypto.get_crypto_bars(
        CryptoBarsRequest(
            symbol_or_symbols=["BTC/USD", "ETH/USD"], timeframe=TimeFrame.Minute, start=start
        )
    )
    assert len(bars["BTC/USD"]) > 60
    trader(facts).submit_order(
        MarketOrderRequest(symbol="BTC/USD", notional=50, side=BUY, time_in_force=GTC)
    )
    assert crypto.get_crypto_trades(CryptoTradesRequest(symbol_or_symbols="BTC/USD"))["BTC/USD"]
    book = crypto.get_crypto_latest_orderbook(
        CryptoLatestOrderbookRequest(symbol_or_symbols="BTC/USD")
    )["BTC/USD"]
    assert book.bids[0].price < book.asks[0].price
    stocks = StockHistoricalDataClient(
        facts["key"], facts["secret"], url_override=facts["data_url"]
    )
    assert stocks.get_stock_bars(
        StockBarsRequest(symbol_or_symbols="AAPL", timeframe=TimeFrame.Hour, start=start)
    )["AAPL"]
    quote = stocks.get_stock_latest_quote(StockLatestQuoteRequest(symbol_or_symbols="AAPL"))["AAPL"]
    assert quote.bid_price < quote.ask_price
    assert stocks.get_stock_snapshot(StockSnapshotRequest(symbol_or_symbols="AAPL"))["AAPL"]


async def test_orders_account_history_and_refusals(caplog: pytest.LogCaptureFixture) -> None:
    async with exchange() as facts:
        client = trader(facts)
        await asyncio.to_thread(orders_and_positions, client)
        await asyncio.to_thread(account_and_reference, client)
        await asyncio.to_thread(refusals, client, facts)
        await asyncio.to_thread(history, facts)
    no_errors(caplog)


async def test_trade_updates_tell_an_orders_life(caplog: pytest.LogCaptureFixture) -> None:
    async with exchange() as facts:
        updates: asyncio.Queue[Loose] = asyncio.Queue()
        stream = TradingStream(facts["key"], facts["secret"], url_override=facts["stream_url"])

        async def keep(update: Loose) -> None:
            updates.put_nowait(update)

        stream.subscribe_trade_updates(keep)
        running = asyncio.create_task(stream._run_forever())  # noqa: SLF001  (its only way into a running loop)
        client = trader(facts)
        while not stream._running:  # noqa: ASYNC110, SLF001
            await asyncio.sleep(0.01)
        await asyncio.to_thread(
            client.submit_order,
            MarketOrderRequest(symbol="BTC/USD", qty=0.01, side=BUY, time_in_force=GTC),
        )
        async with asyncio.timeout(10):
            seen = [await updates.get()]
            while seen[-1].event != "fill":
                seen.append(await updates.get())
        assert seen[0].event == "new"
        assert round(sum(update.qty or 0 for update in seen), 9) == 0.01
        assert seen[-1].position_qty
        running.cancel()  # its own way to stop waits out a receive of five seconds
        await asyncio.gather(running, return_exceptions=True)
        await stream.close()
    no_errors(caplog)


async def test_market_streams_tell_trades_quotes_bars_and_books(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with exchange() as facts:
        heard: set[str] = set()
        enough = asyncio.Event()

        async def keep(message: object) -> None:
            heard.add(type(message).__name__)
            if heard == {"Trade", "Quote", "Orderbook"}:
                enough.set()

        root = facts["url"].replace("http", "ws")
        crypto = CryptoDataStream(
            facts["key"], facts["secret"], url_override=f"{root}/v1beta3/crypto/us"
        )
        crypto.subscribe_trades(keep, "BTC/USD")
        crypto.subscribe_quotes(keep, "BTC/USD")
        crypto.subscribe_orderbooks(keep, "BTC/USD")
        stocks = StockDataStream(facts["key"], facts["secret"], url_override=f"{root}/v2/iex")
        quoted = asyncio.Event()

        async def quote(message: object) -> None:
            quoted.set()

        stocks.subscribe_quotes(quote, "AAPL")
        tasks = [asyncio.create_task(one._run_forever()) for one in (crypto, stocks)]  # noqa: SLF001
        async with asyncio.timeout(20):
            await enough.wait()
            await quoted.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for one in (crypto, stocks):
            await one.close()
    no_errors(caplog)
