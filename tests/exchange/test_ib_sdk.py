"""The real ib_async, unmodified, drives the exchange's IB face over a socket through a day of life."""

import asyncio
import importlib
import logging
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, override

import pytest

from tradebot.engine.exchange.clock import VenueClock
from tradebot.engine.exchange.faults import Fault
from tradebot.engine.exchange.program import Plan, Program

# Half of the kit's functions have no types.
type Loose = Any

KIT: Loose = importlib.import_module("ib_async")

NOON = 1_704_733_200_000_000_000
"""2024-01-08 12:00 in New York, ns UTC."""


class _Errors(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(f"{record.name}: {record.getMessage()}")


@asynccontextmanager
async def _day(*, client: int = 7) -> AsyncGenerator[tuple[Loose, Program]]:
    """An exchange at noon and a connected client; what the client logs as an error of decoding fails the test."""
    errors = _Errors()
    logger = logging.getLogger("ib_async")
    logger.addHandler(errors)
    program = Program(Plan(ports={"ib": 0}, seed=3), VenueClock(NOON, time.monotonic_ns))
    await program.start()
    ib = KIT.IB()
    ib.RaiseRequestErrors = True
    port = int(program.faces[0].facts()["port"])
    try:
        await ib.connectAsync("127.0.0.1", port, clientId=client, timeout=4)
        yield ib, program
    finally:
        ib.disconnect()
        await program.close()
        logger.removeHandler(errors)
    # What the venue refused and a line that dropped are the tests' own doing.
    meant = ("ib_async.wrapper: Error ", "ib_async.client: ", "ib_async.ib: API")
    bad = [words for words in errors.said if not words.startswith(meant)]
    assert bad == []


async def _until(true: Callable[[], bool]) -> None:
    for _ in range(400):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came")


async def _aapl(ib: Loose) -> Loose:
    [contract] = await ib.qualifyContractsAsync(KIT.Stock("AAPL", "SMART", "USD"))
    return contract


def test_a_client_connects_and_finds_account_contract_and_time() -> None:
    async def life() -> None:
        async with _day() as (ib, _):
            assert ib.managedAccounts() == ["DU1234567"]
            values = {
                value.tag: value.value for value in ib.accountValues() if value.currency == "USD"
            }
            assert Decimal(values["NetLiquidation"]) == 1_000_000
            contract = await _aapl(ib)
            assert (contract.conId, contract.primaryExchange) == (265598, "NASDAQ")
            [details] = await ib.reqContractDetailsAsync(contract)
            assert details.minTick == 0.01
            assert "20240108:0930-20240108:1600" in details.liquidHours
            assert (await ib.reqCurrentTimeAsync()).year == 2024
            with pytest.raises(Exception, match="200"):
                await ib.reqContractDetailsAsync(KIT.Stock("NOSUCH", "SMART", "USD"))

    asyncio.run(life())


def _codes(ib: Loose) -> list[int]:
    """Return the codes of errors as they come."""
    codes: list[int] = []

    def note(_request: int, code: int, _text: str, _contract: object) -> None:
        codes.append(code)

    ib.errorEvent += note
    return codes


def test_each_order_type_is_taken_and_a_market_order_fills_with_its_commission() -> None:
    async def life() -> None:
        async with _day() as (ib, program):
            contract = await _aapl(ib)
            bought = ib.placeOrder(contract, KIT.MarketOrder("BUY", 100, orderRef="mine"))
            await _until(lambda: bought.orderStatus.status == "Filled")
            await _until(lambda: all(fill.commissionReport.execId for fill in bought.fills))
            assert sum(fill.execution.shares for fill in bought.fills) == 100
            assert sum(fill.commissionReport.commission for fill in bought.fills) == 1.0
            assert {fill.execution.orderRef for fill in bought.fills} == {"mine"}
            await _until(lambda: any(p.position == 100 for p in ib.positions()))
            resting: list[Loose] = [
                ib.placeOrder(contract, order)
                for order in (
                    KIT.LimitOrder("BUY", 10, 150.0, tif="GTC"),
                    KIT.LimitOrder("SELL", 10, 250.0, tif="DAY", outsideRth=True),
                    KIT.StopOrder("SELL", 10, 150.0),
                    KIT.Order(
                        action="SELL",
                        totalQuantity=10,
                        orderType="STP LMT",
                        lmtPrice=149.0,
                        auxPrice=150.0,
                    ),
                    KIT.Order(action="SELL", totalQuantity=10, orderType="TRAIL", auxPrice=20.0),
                    KIT.Order(
                        action="BUY",
                        totalQuantity=10,
                        orderType="LIT",
                        lmtPrice=151.0,
                        auxPrice=150.0,
                    ),
                    KIT.Order(action="BUY", totalQuantity=10, orderType="MIT", auxPrice=150.0),
                    KIT.Order(action="SELL", totalQuantity=10, orderType="MOC"),
                )
            ]
            await _until(
                lambda: all(t.orderStatus.status in {"Submitted", "PreSubmitted"} for t in resting)
            )
            assert len(await ib.reqOpenOrdersAsync()) == len(resting)
            assert {trade.order.orderType for trade in ib.openTrades()} >= {
                "LMT",
                "STP",
                "STP LMT",
                "TRAIL",
                "LIT",
            }
            killed = ib.placeOrder(contract, KIT.LimitOrder("BUY", 10, 100.0, tif="IOC"))
            await _until(lambda: killed.orderStatus.status == "Cancelled")
            ib.reqGlobalCancel()
            await _until(lambda: not ib.openTrades())
            assert len(await ib.reqCompletedOrdersAsync(apiOnly=False)) == len(resting) + 2
            assert program.exchange.store.open("DU1234567") == []

    asyncio.run(life())


def test_orders_are_changed_and_cancelled_and_refused_by_the_venues_codes() -> None:
    async def life() -> None:
        async with _day() as (ib, program):
            contract = await _aapl(ib)
            codes = _codes(ib)
            trade = ib.placeOrder(contract, KIT.LimitOrder("BUY", 10, 150.0))
            await _until(lambda: trade.orderStatus.status == "Submitted")
            trade.order.lmtPrice = 151.0
            ib.placeOrder(contract, trade.order)
            await _until(
                lambda: program.exchange.store.open("DU1234567")[0].request.limit == 15_100
            )
            program.striker.arm(Fault(venue="ib", fault="ib_201"))
            trade.order.lmtPrice = 152.0
            ib.placeOrder(contract, trade.order)
            await _until(lambda: 201 in codes)
            # The client now believes that the order is dead; the venue's books say otherwise (BROKERS 3.4).
            assert program.exchange.store.open("DU1234567")[0].request.limit == 15_100
            ib.client.cancelOrder(trade.order.orderId)
            await _until(lambda: 202 in codes)
            ib.client.cancelOrder(trade.order.orderId)
            await _until(lambda: 10148 in codes)
            ib.client.cancelOrder(999)
            await _until(lambda: 10147 in codes)
            ib.placeOrder(contract, KIT.LimitOrder("BUY", 10, 150.001))
            await _until(lambda: 110 in codes)
            ib.placeOrder(contract, KIT.LimitOrder("BUY", 900_000, 150.0))
            await _until(lambda: codes.count(201) == 2)
            done = ib.placeOrder(contract, KIT.MarketOrder("BUY", 1))
            await _until(lambda: done.orderStatus.status == "Filled")
            ib.client.placeOrder(done.order.orderId, contract, KIT.MarketOrder("BUY", 2))
            await _until(lambda: 104 in codes)
            state = await ib.whatIfOrderAsync(contract, KIT.MarketOrder("BUY", 1_000))
            assert state.commission == 5.0

    asyncio.run(life())


def test_a_bracket_waits_for_its_entry_and_one_leg_ends_the_other() -> None:
    async def life() -> None:
        async with _day() as (ib, program):
            contract = await _aapl(ib)
            orders = ib.bracketOrder("BUY", 100, 250.0, 260.0, 120.0)
            entry, target, stop = [ib.placeOrder(contract, order) for order in orders]
            await _until(lambda: entry.orderStatus.status == "Filled")
            await _until(lambda: target.orderStatus.status == "Submitted")
            assert stop.orderStatus.status == "PreSubmitted"
            listing = program.exchange.listing("ib", "AAPL")
            assert listing is not None
            program.exchange.print_trade(listing, 26_000, 1_000)
            await _until(lambda: target.orderStatus.status == "Filled")
            await _until(lambda: stop.orderStatus.status == "Cancelled")
            first = KIT.LimitOrder("BUY", 10, 150.0, ocaGroup="pair", ocaType=1)
            second = KIT.LimitOrder("BUY", 10, 149.0, ocaGroup="pair", ocaType=1)
            one, other = [ib.placeOrder(contract, order) for order in (first, second)]
            await _until(lambda: other.orderStatus.status == "Submitted")
            program.exchange.print_trade(listing, 15_000, 1_000)
            await _until(lambda: one.orderStatus.status == "Filled")
            await _until(lambda: other.orderStatus.status == "Cancelled")
            assert not program.exchange.accounts["DU1234567"].position(listing) - 10

    asyncio.run(life())


def test_market_data_history_and_depth_come_as_asked() -> None:
    async def life() -> None:
        async with _day() as (ib, program):
            contract = await _aapl(ib)
            ticker = ib.reqMktData(contract)
            depth = ib.reqMktDepth(contract, numRows=5)
            each = ib.reqTickByTickData(contract, "BidAsk")
            bars = await ib.reqHistoricalDataAsync(
                contract, "", "3600 S", "1 min", "TRADES", useRTH=False, keepUpToDate=True
            )
            assert len(bars) > 30
            assert all(bar.low <= bar.open <= bar.high for bar in bars)
            days = await ib.reqHistoricalDataAsync(
                contract, "", "5 D", "1 day", "TRADES", useRTH=True
            )
            assert days
            with pytest.raises(Exception, match="162"):
                await ib.reqHistoricalDataAsync(
                    contract, "", "1 D", "1 min", "YIELD_BID", useRTH=True
                )
            listing = program.exchange.listing("ib", "AAPL")
            assert listing is not None
            await _until(lambda: ticker.bid > 0 and ticker.ask > ticker.bid)
            await _until(lambda: len(depth.domBids) == 5)
            await _until(lambda: bool(each.tickByTicks) or each.bid > 0)
            program.exchange.print_trade(listing, 19_000, 500)
            await _until(lambda: bars[-1].close == 190.0 or bars[-1].high >= 190.0)
            quote = program.exchange.market(listing).quote()
            await _until(
                lambda: (
                    abs(depth.domBids[0].price - program.exchange.market(listing).quote()[0] / 100)
                    < 0.011
                )
            )
            assert quote[0]
            ib.cancelMktData(contract)
            ib.cancelMktDepth(contract)
            wrong = _codes(ib)
            ib.reqMktData(KIT.Contract(conId=265598, secType="STK", exchange="NASDAQ"))
            await _until(lambda: 354 in wrong)

    asyncio.run(life())


def test_executions_of_a_lost_connection_are_found_again_and_a_correction_repeats_its_id() -> None:
    async def life() -> None:
        async with _day() as (ib, program):
            contract = await _aapl(ib)
            trade = ib.placeOrder(contract, KIT.LimitOrder("BUY", 10, 150.0, tif="GTC"))
            await _until(lambda: trade.orderStatus.status == "Submitted")
            program.striker.arm(Fault(venue="ib", fault="drop_socket", on="execution"))
            listing = program.exchange.listing("ib", "AAPL")
            assert listing is not None
            program.exchange.print_trade(listing, 15_000, 1_000)
            await _until(lambda: not ib.isConnected())
            await ib.connectAsync("127.0.0.1", int(program.faces[0].facts()["port"]), clientId=7)
            found = await ib.reqExecutionsAsync(KIT.ExecutionFilter())
            assert sum(fill.execution.shares for fill in found) == 10
            program.striker.arm(Fault(venue="ib", fault="correction"))
            again = await ib.reqExecutionsAsync()
            ids = [fill.execution.execId for fill in again]
            assert ids[-1].endswith(".02")
            assert ids[-1].rpartition(".")[0] in {one.rpartition(".")[0] for one in ids[:-1]}

    asyncio.run(life())


def test_a_client_id_in_use_is_refused_and_lost_connectivity_is_told() -> None:
    async def life() -> None:
        async with _day() as (ib, program):
            codes = _codes(ib)
            second = KIT.IB()
            port = int(program.faces[0].facts()["port"])
            with pytest.raises((ConnectionError, TimeoutError)):
                await second.connectAsync("127.0.0.1", port, clientId=7, timeout=0.3)
            program.striker.arm(Fault(venue="ib", fault="ib_1100", args={"seconds": 0.05}))
            await _until(lambda: codes[-2:] == [1100, 1102])
            program.striker.arm(Fault(venue="ib", fault="ib_1101", args={"seconds": 0.05}))
            await _until(lambda: codes[-2:] == [1100, 1101])
            assert ib.isConnected()

    asyncio.run(life())
