"""An IB account's session before the local exchange, over real sockets and under all its faults."""

import asyncio
import random

import pytest
from tests.engine.brokers.ib.ib_desk import AAPL, NAME, Told, intent
from tests.exchange.conftest import opened

from tradebot.engine.brokers.cursor import MemoryCursor
from tradebot.engine.brokers.ib.session import IbSession
from tradebot.engine.brokers.ib.setting import AccountSetting, Listed
from tradebot.engine.brokers.sockets import SocketsOutside, http_client
from tradebot.engine.core.events import AccountReported
from tradebot.engine.core.outcomes import QueryAccount, Submit
from tradebot.engine.core.risk import RiskApproved
from tradebot.engine.exchange.faults import Fault, Faults
from tradebot.engine.exchange.program import Program
from tradebot.engine.live.clock import SystemClock

FAULTS: tuple[Fault, ...] = (
    Fault(venue="ib", fault="fee_first"),
    Fault(venue="ib", fault="drop", on="execution"),
    Fault(venue="ib", fault="duplicate", on="execution"),
    Fault(venue="ib", fault="delay", on="report", args={"seconds": 0.3}),
    Fault(venue="ib", fault="reorder", on="execution", args={"seconds": 0.2}),
    Fault(venue="ib", fault="drop_socket", on="order"),
    Fault(venue="ib", fault="ib_1101", args={"seconds": 0.3}),
    Fault(venue="ib", fault="correction"),
    Fault(venue="ib", fault="ib_1102", args={"seconds": 0.3}),
    Fault(venue="ib", fault="bust"),
    Fault(venue="ib", fault="drop_socket", on="execution"),
    Fault(venue="ib", fault="restart", args={"seconds": 0.5}),
    Fault(venue="ib", fault="ib_326"),
)


ATTEMPTS = 40


async def _live(session: IbSession) -> None:
    for _ in range(1_000):
        if session.health.state == "live":
            return
        await asyncio.sleep(0.02)
    raise AssertionError(session.health)


async def _trade(program: Program, session: IbSession) -> None:
    chance = random.Random(1)  # noqa: S311  (a game, no secret)
    for number, fault in enumerate(FAULTS):
        side = chance.choice(("buy", "sell"))
        program.striker.arm(fault)
        order = intent(f"tb{number}", chance.randint(1, 30), None, side=side, tif="ioc")
        session.perform(RiskApproved(Submit(order=order)))
        await asyncio.sleep(0.4)  # the faults need time to be had, nothing is waited for
        await _live(session)
    program.floor.faults = Faults()


async def _agrees(told: Told, session: IbSession) -> None:
    """Ask for the account until all agrees, as the kernel does while it does not."""
    for attempt in range(ATTEMPTS):
        told.words = [word for word in told.words if not isinstance(word, AccountReported)]
        session.perform(QueryAccount(account=NAME))
        await asyncio.sleep(0.25)
        try:
            told.agrees()
        except (AssertionError, IndexError):
            if attempt == ATTEMPTS - 1:
                raise
        else:
            return


@pytest.mark.slow
def test_each_fault_in_turn_over_sockets_loses_and_doubles_nothing() -> None:
    async def life() -> None:
        async with opened("ib") as program, http_client() as http:
            told = Told(program.exchange)
            crashes: list[Exception] = []
            outside = SocketsOutside(SystemClock(), http, crashes.append)
            setting = AccountSetting(
                name=NAME,
                url=f"tcp://127.0.0.1:{program.faces[0].facts()['port']}",
                client_id=7,
                code="DU1234567",
                listed=(Listed(instrument=AAPL, con_id=265598, exchange="SMART"),),
            )
            session = IbSession(setting, outside, told.take, MemoryCursor())
            session.start()
            try:
                async with asyncio.timeout(60):
                    await _live(session)
                    await _trade(program, session)
                    await _agrees(told, session)
            finally:
                session.stop()
                outside.close()
            assert crashes == []
            assert session.health.connects >= 4

    asyncio.run(life())
