"""Our Alpaca adapter on real sockets before the local exchange, one fault each: no fill lost, none doubled.

All exchanges run at once in the test's own loop; the exchange's own books are the judge.
"""

import asyncio
from collections.abc import Callable

import pytest
from tests.engine.brokers.alpaca.desk import BTC, NAME, intent
from tests.exchange.conftest import Open

from tradebot.engine.brokers.alpaca.api import Keys
from tradebot.engine.brokers.alpaca.session import AlpacaSession
from tradebot.engine.brokers.alpaca.setting import AccountSetting
from tradebot.engine.brokers.cursor import MemoryCursor
from tradebot.engine.brokers.hosts import Addresses
from tradebot.engine.brokers.session import AccountWord
from tradebot.engine.brokers.sockets import SocketsOutside, http_client
from tradebot.engine.core.events import (
    ExecutionBusted,
    ExecutionCorrected,
    OrderAccepted,
    OrderFilled,
    OrderRejected,
    OrderReported,
    SubmitUnknown,
)
from tradebot.engine.core.outcomes import QueryOrder, Submit
from tradebot.engine.core.risk import RiskApproved
from tradebot.engine.core.types import SECOND, ClientOrderId
from tradebot.engine.exchange.alpaca.words import Ids
from tradebot.engine.exchange.faults import EventName, Fault, FaultName
from tradebot.engine.exchange.orders import OrderRequest
from tradebot.engine.exchange.program import Program
from tradebot.engine.live.clock import SystemClock
from tradebot.engine.secret import Secret

pytestmark = pytest.mark.slow

FAULTS: tuple[tuple[FaultName, EventName | None], ...] = (
    ("drop_socket", "execution"),
    ("drop_socket", "order"),
    ("mute", "execution"),
    ("drop", "execution"),
    ("duplicate", "execution"),
    ("delay", "execution"),
    ("reorder", "execution"),
    ("late", "order"),
    ("http_429", "order"),
    ("http_5xx", "order"),
    ("accepted_504", "order"),
    ("bust", None),
    ("correction", None),
    ("shutdown", None),
    ("restart", None),
)

QUIET_S = 50.0
"""Longest until everything has been told."""


class Trader:
    """The adapter and a little kernel: it asks for what is unknown, and keeps what it is told."""

    def __init__(self, setting: AccountSetting, outside: SocketsOutside) -> None:
        self.words: list[AccountWord] = []
        self._outside = outside
        self.session = AlpacaSession(setting, outside, self.hear, MemoryCursor())

    def hear(self, word: AccountWord) -> None:
        """Keep a word; ask for an order nobody knows of."""
        self.words.append(word)
        if isinstance(word, SubmitUnknown):
            self._ask(word.client_order_id)

    def _ask(self, key: ClientOrderId) -> None:
        if not [one for one in self._of(OrderReported) if one.client_order_id == key]:
            self.session.perform(QueryOrder(client_order_id=key, account=NAME))
            self._outside.after(SECOND, lambda: self._ask(key))

    def buy(self, key: str) -> None:
        """Buy at the market."""
        self.session.perform(RiskApproved(Submit(order=intent(key))))

    def _of[T](self, kind: type[T]) -> list[T]:
        return [word for word in self.words if isinstance(word, kind)]

    def answered(self, key: str) -> bool:
        """Return whether it is known what became of an order."""
        said = (*self._of(OrderAccepted), *self._of(OrderRejected), *self._of(OrderReported))
        return any(word.client_order_id == key for word in said)

    @property
    def standing(self) -> list[str]:
        """Return the ids of the fills that count, each as often as it was told."""
        found: list[str] = []
        for word in self.words:
            match word:
                case OrderFilled():
                    found.append(word.execution_id)
                case ExecutionBusted():
                    found.remove(word.execution_id)
                case ExecutionCorrected():
                    found.remove(word.execution_id)
                    found.append(word.corrected.execution_id)
                case _:
                    pass
        return sorted(name.removesuffix(":fee") for name in found)


def truth(program: Program) -> list[str]:
    """Return the ids of the executions that count at the venue."""
    ids = Ids(program.exchange.seed)
    books = program.exchange.books
    return sorted(ids.execution(one.number) for one in books.standing_executions())


async def until(done: Callable[[], bool], what: str) -> None:
    """Let time pass until something is so."""
    for _ in range(int(QUIET_S * 20)):
        if done():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"not within {QUIET_S} s: {what}")


async def trades_through(fault: Fault, open_exchange: Open) -> None:
    """Trade while a fault strikes; then nothing may be missing or doubled."""
    crashes = list[Exception]()
    async with open_exchange("alpaca") as program, http_client() as http:
        facts = {name: str(value) for name, value in program.faces[0].facts().items()}
        setting = AccountSetting(
            name=NAME,
            addresses=Addresses(
                base_url=facts["url"],
                stream_url="",
                private_url=facts["stream_url"],
                data_url=facts["data_url"],
            ),
            keys=Keys(Secret(facts["key"]), Secret(facts["secret"])),
            traded=(BTC,),
        )
        outside = SocketsOutside(SystemClock(), http, crashes.append)
        trader = Trader(setting, outside)
        trader.session.start()
        try:
            await _strike(program, trader, fault)
        finally:
            trader.session.stop()
            outside.close()
        orders = [one.request.client_id for one in program.exchange.store.all()]
        named = [name for name in orders if name.startswith("tb")]
        assert len(named) == len(set(named))
        assert crashes == []


async def _strike(program: Program, trader: Trader, fault: Fault) -> None:
    name = fault.fault
    await until(lambda: trader.session.health.state == "live", f"{name}: live")
    trader.buy("tb1")
    await until(lambda: bool(truth(program)) and trader.standing == truth(program), "first")
    program.striker.arm(fault)
    trader.buy("tb2")
    for number in range(3, 6):
        _buy_elsewhere(program)
        await asyncio.sleep(0.2)
        trader.buy(f"tb{number}")
    for number in range(2, 6):
        key = f"tb{number}"
        await until(lambda key=key: trader.answered(key), f"{name}: {key} is known")
    await until(lambda: trader.standing == truth(program), f"{name}: all told")
    await until(lambda: trader.session.health.state == "live", f"{name}: live again")


def _buy_elsewhere(program: Program) -> None:
    terms = next(iter(program.exchange.accounts.values())).terms
    program.exchange.place(
        OrderRequest(
            account=terms.name, symbol="BTC/USD", side=1, type="market", tif="gtc", quantity=10**7
        )
    )


async def test_no_fault_on_real_sockets_loses_or_doubles_a_fill(open_exchange: Open) -> None:
    faults = [Fault(venue="alpaca", fault=name, on=event) for name, event in FAULTS]
    outcomes = await asyncio.gather(
        *(trades_through(fault, open_exchange) for fault in faults), return_exceptions=True
    )
    failed = {
        f"{fault.fault} on {fault.on}": repr(outcome)
        for fault, outcome in zip(faults, outcomes, strict=True)
        if outcome is not None
    }
    assert failed == {}
