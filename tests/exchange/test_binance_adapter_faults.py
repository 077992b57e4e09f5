"""Our Binance adapter on real sockets before the local exchange, one fault each: no fill lost, none doubled.

All exchanges run at once in the test's own loop; the exchange's own ledger is the judge.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any, cast

import pytest
from tests.engine.brokers.binance.desk import intent
from tests.exchange.conftest import Open

from tradebot.engine.brokers.binance.addresses import addresses_of
from tradebot.engine.brokers.binance.orders import capabilities_of
from tradebot.engine.brokers.binance.session import BinanceSession
from tradebot.engine.brokers.binance.setting import AccountSetting
from tradebot.engine.brokers.binance.signing import Signer
from tradebot.engine.brokers.binance.terms import ask_terms
from tradebot.engine.brokers.cursor import MemoryCursor
from tradebot.engine.brokers.session import AccountWord
from tradebot.engine.brokers.sockets import SocketsOutside, http_client
from tradebot.engine.config.models import AccountConfig
from tradebot.engine.core.events import (
    OrderAccepted,
    OrderFilled,
    OrderRejected,
    OrderReported,
    SubmitUnknown,
)
from tradebot.engine.core.outcomes import QueryOrder, Submit
from tradebot.engine.core.risk import RiskApproved
from tradebot.engine.core.types import SECOND, AccountName, ClientOrderId
from tradebot.engine.exchange.control import PrintRequest, print_trade
from tradebot.engine.exchange.faults import Fault
from tradebot.engine.exchange.ledger import ledger
from tradebot.engine.exchange.program import Program
from tradebot.engine.live.clock import SystemClock
from tradebot.engine.secret import Secret

pytestmark = pytest.mark.slow

NAME = AccountName("a")

FAULTS = (
    Fault(venue="binance", fault="drop_socket", on="execution"),
    Fault(venue="binance", fault="drop_socket", on="order"),
    Fault(venue="binance", fault="mute", on="execution"),
    Fault(venue="binance", fault="drop", on="execution", count=2),
    Fault(venue="binance", fault="duplicate", on="execution", count=2),
    Fault(venue="binance", fault="delay", on="execution"),
    Fault(venue="binance", fault="reorder", on="execution"),
    Fault(venue="binance", fault="late", on="order"),
    Fault(venue="binance", fault="http_429", on="order"),
    Fault(venue="binance", fault="http_418", on="order"),
    Fault(venue="binance", fault="http_5xx", on="order"),
    Fault(venue="binance", fault="accepted_504", on="order"),
    Fault(venue="binance", fault="clock", after_s=0.0),
    Fault(venue="binance", fault="shutdown", after_s=0.0),
    Fault(venue="binance", fault="close_24h", after_s=0.0),
    Fault(venue="binance", fault="restart", after_s=0.0),
)

QUIET_S = 45.0
"""Longest until everything has been told: a mute connection is noticed after 30 s."""


class Trader:
    """The adapter and a little kernel: it asks for what is unknown, and keeps what it is told."""

    def __init__(self, setting: AccountSetting, signer: Signer, outside: SocketsOutside) -> None:
        self.words: list[AccountWord] = []
        self._outside = outside
        self.session = BinanceSession(setting, signer, outside, self.hear, MemoryCursor())
        self._setting = setting

    def hear(self, word: AccountWord) -> None:
        """Keep a word; ask again for an order nobody knows of."""
        self.words.append(word)
        if isinstance(word, SubmitUnknown):
            self._ask(word.client_order_id)

    def _ask(self, key: ClientOrderId) -> None:
        if not [one for one in self._of(OrderReported) if one.client_order_id == key]:
            self.session.perform(QueryOrder(client_order_id=key, account=NAME))
            self._outside.after(SECOND, lambda: self._ask(key))

    def buy(self, key: str, quantity: str, price: str | None) -> None:
        """Buy at a limit, or at the market."""
        (instrument,) = self._setting.instruments
        order = intent(
            key,
            quantity,
            type="market" if price is None else "limit",
            limit_price=None if price is None else instrument.price_units(Decimal(price)),
        )
        self.session.perform(RiskApproved(Submit(order=order)))

    def _of[T](self, kind: type[T]) -> list[T]:
        return [word for word in self.words if isinstance(word, kind)]

    def answered(self, key: str) -> bool:
        """Return whether it is known what became of an order."""
        said = (*self._of(OrderAccepted), *self._of(OrderRejected), *self._of(OrderReported))
        return any(word.client_order_id == key for word in said)

    @property
    def fills(self) -> Counter[tuple[str, Decimal, Decimal]]:
        """Return what was told to have filled."""
        (instrument,) = self._setting.instruments
        return Counter(
            (
                fill.client_order_id,
                instrument.quantity(fill.quantity).normalize(),
                instrument.price(fill.price).normalize(),
            )
            for fill in self._of(OrderFilled)
        )


def truth(program: Program) -> Counter[tuple[str, Decimal, Decimal]]:
    """Return the exchange's own fills."""
    return Counter(
        (
            cast("str", row["client_order_id"]),
            Decimal(cast("str", row["quantity"])).normalize(),
            Decimal(cast("str", row["price"])).normalize(),
        )
        for row in ledger(program.exchange)["fills"]
    )


async def until(done: Callable[[], bool], what: str) -> None:
    """Let time pass until something is so."""
    for _ in range(int(QUIET_S * 20)):
        if done():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"not within {QUIET_S} s: {what}")


async def trades_through(fault: Fault, open_exchange: Open) -> None:
    """Trade while a fault strikes; then nothing may be missing or doubled."""
    clock, crashes = SystemClock(), list[Exception]()
    async with open_exchange("binance") as program, http_client() as http:
        facts = cast("dict[str, Any]", program.ready()["binance"])
        listed = await ask_terms(facts["url"], ["BTCUSDT"], clock, history=False)
        config = {"venue": "binance", "kind": "sandbox", "base_url": facts["url"]}
        setting = AccountSetting(
            name=NAME,
            addresses=addresses_of(AccountConfig.model_validate(config)),
            instruments=listed.instruments,
            capabilities=capabilities_of(listed.symbols),
            limits=listed.limits,
        )
        outside = SocketsOutside(clock, http, crashes.append)
        trader = Trader(setting, Signer(Secret(facts["key"]), Secret(facts["secret"])), outside)
        trader.session.start()
        try:
            await _strike(program, trader, fault)
        finally:
            trader.session.stop()
            outside.close()
        assert trader.fills == truth(program)
        assert set(trader.fills.values()) == {1}
        placed = [row["client_order_id"] for row in ledger(program.exchange)["orders"]]
        assert len(placed) == len(set(placed))
        assert crashes == []


async def _strike(program: Program, trader: Trader, fault: Fault) -> None:
    await until(lambda: trader.session.health.state == "live", f"{fault.fault}: live")
    trader.buy("tb1", "0.01", "59000")
    trader.buy("tb2", "0.02", "58900")
    await until(lambda: trader.answered("tb1") and trader.answered("tb2"), "resting")
    program.striker.arm(fault)
    trader.buy("tb3", "0.01", None)
    await asyncio.sleep(0.2)
    print_at(program, "58950")
    print_at(program, "58800")
    await until(lambda: trader.answered("tb3"), f"{fault.fault}: tb3 is known")
    await until(lambda: trader.fills == truth(program), f"{fault.fault}: all told")
    await until(lambda: trader.session.health.state == "live", f"{fault.fault}: live again")


def print_at(program: Program, price: str) -> None:
    """Let the market trade at a price."""
    asked = PrintRequest(venue="binance", symbol="BTCUSDT", price=price, quantity="0.5")
    print_trade(program.exchange, asked)


async def test_no_fault_on_real_sockets_loses_or_doubles_a_fill(open_exchange: Open) -> None:
    outcomes = await asyncio.gather(
        *(trades_through(fault, open_exchange) for fault in FAULTS), return_exceptions=True
    )
    failed = {
        f"{fault.fault} on {fault.on}": repr(outcome)
        for fault, outcome in zip(FAULTS, outcomes, strict=True)
        if outcome is not None
    }
    assert failed == {}
