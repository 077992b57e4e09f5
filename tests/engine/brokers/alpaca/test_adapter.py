"""`AlpacaAdapter` on real sockets before the local exchange: every fill once, also over restarts of the process."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from tradebot.engine import AlpacaAdapter
from tradebot.engine.brokers.alpaca.adapter import AlpacaRefused
from tradebot.engine.brokers.alpaca.fills import Fill
from tradebot.engine.credentials.errors import KeysRefused
from tradebot.engine.exchange.alpaca.words import Ids
from tradebot.engine.exchange.clock import VenueClock
from tradebot.engine.exchange.faults import Fault
from tradebot.engine.exchange.ledger import ledger
from tradebot.engine.exchange.orders import OrderRequest
from tradebot.engine.exchange.program import Plan, Program
from tradebot.engine.live.clock import SystemClock

START = 1_704_733_200_000_000_000
"""2024-01-08 12:00 in New York, ns UTC: years from the machine's clock."""


@asynccontextmanager
async def exchange() -> AsyncGenerator[Program]:
    program = Program(
        Plan(ports={"alpaca": 0}, seed=7, always_open=True),
        VenueClock(START, SystemClock().monotonic_ns),
    )
    await program.start()
    try:
        yield program
    finally:
        await program.close()


def adapter(program: Program, way: str = "", state: Path | None = None) -> AlpacaAdapter:
    facts = {name: str(value) for name, value in program.faces[0].facts().items()}
    streams = {"": None, "socket": facts["stream_url"], "broker": facts["broker_url"]}
    return AlpacaAdapter(
        api_key=facts["key"],
        api_secret=facts["secret"],
        paper=True,
        base_url=facts["url"],
        data_url=facts["data_url"],
        stream_url=streams[way],
        state=state,
    )


def buy(program: Program, quantity: int = 10**7) -> None:
    terms = next(iter(program.exchange.accounts.values())).terms
    order = program.exchange.place(
        OrderRequest(
            account=terms.name,
            symbol="BTC/USD",
            side=1,
            type="market",
            tif="gtc",
            quantity=quantity,
        )
    )
    assert order.state == "filled"


def truth(program: Program) -> list[str]:
    ids = Ids(7)
    fills = ledger(program.exchange)["fills"]
    assert isinstance(fills, list)
    return [ids.execution(int(row["execution"])) for row in fills]


async def taken(source: AlpacaAdapter, count: int) -> list[Fill]:
    """Take so many fills and leave."""
    found: list[Fill] = []
    async with asyncio.timeout(20), aclosing(source.stream_fills()) as fills:
        async for fill in fills:
            found.append(fill)
            if len(found) == count:
                break
    return found


@pytest.mark.parametrize("way", ["", "socket", "broker"])
async def test_a_fill_has_what_a_script_needs(way: str) -> None:
    async with exchange() as program:
        source = adapter(program, way)
        buy(program)
        (fill,) = await taken(source, 1)
        assert [fill.execution_id] == truth(program)
        assert (fill.symbol, fill.side) == ("BTC/USD", "buy")
        assert str(fill.quantity) == "0.01"
        assert fill.price > 0
        assert fill.order_id == Ids(7).order(1)
        assert fill.timestamp.isoformat().startswith("2024-01-08T17:00:0")


async def test_a_file_carries_fills_over_restarts_each_told_once(tmp_path: Path) -> None:
    state = tmp_path / "fills.db"
    async with exchange() as program:
        heard: list[Fill] = []
        first = adapter(program, "socket", state)
        buy(program)
        buy(program)
        heard += await taken(first, 1)  # the second fill waits and is not had
        buy(program)  # nobody listens
        heard += await taken(adapter(program, "", state), 2)
        buy(program)
        heard += await taken(adapter(program, "broker", state), 1)
        assert [fill.execution_id for fill in heard] == truth(program)


@pytest.mark.parametrize("way", ["", "socket", "broker"])
async def test_what_traded_before_the_adapter_was_made_is_not_told(way: str) -> None:
    async with exchange() as program:
        buy(program)
        await asyncio.sleep(0.05)  # the venue's clock is the machine's: it moves on
        source = adapter(program, way)
        buy(program)
        (fill,) = await taken(source, 1)
        assert [fill.execution_id] == truth(program)[1:]


async def test_dropped_sockets_cost_nothing_and_only_refused_keys_end_the_stream() -> None:
    async with exchange() as program:
        source = adapter(program, "socket")
        program.striker.arm(Fault(venue="alpaca", fault="drop_socket", on="execution", count=3))
        for _ in range(6):
            buy(program)
        heard = await taken(source, 6)
        assert [fill.execution_id for fill in heard] == truth(program)
        wrong = AlpacaAdapter(api_key="K", api_secret="S", base_url=source.base_url)  # noqa: S106
        with pytest.raises(AlpacaRefused, match="not authorized"):
            await taken(wrong, 1)


async def test_one_adapter_streams_once_at_a_time() -> None:
    async with exchange() as program:
        source = adapter(program)
        buy(program)
        async with aclosing(source.stream_fills()) as fills:
            await anext(fills)
            assert source.health.state == "live"
            with pytest.raises(RuntimeError, match="already"):
                await anext(source.stream_fills())


def test_keys_travel_by_tls_or_on_this_machine_only() -> None:
    with pytest.raises(KeysRefused):
        AlpacaAdapter(api_key="K", api_secret="S", base_url="http://example.com")  # noqa: S106
    assert AlpacaAdapter("K", "S").base_url == "https://paper-api.alpaca.markets"
    assert AlpacaAdapter("K", "S", paper=False).base_url == "https://api.alpaca.markets"
