"""An exchange whose inputs are kept: killed at any instant, it comes back with orders, fills, cash and ids."""

import asyncio
import shutil
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from tradebot.engine.exchange.clock import VenueClock
from tradebot.engine.exchange.inputs import Inputs, InputsRefused, Ticked
from tradebot.engine.exchange.ledger import ledger
from tradebot.engine.exchange.program import Plan, Program
from tradebot.engine.exchange.state_folder import INPUTS, Begun, ExchangeState, StateRefused
from tradebot.engine.exchange.words import FaceName

type Json = dict[str, Any]

START = 1_704_733_200_000_000_000
SPEAK: tuple[FaceName, ...] = ("alpaca", "binance", "ib")


def begun(**changes: object) -> Begun:
    fields: Json = {
        "speak": SPEAK,
        "seed": 3,
        "always_open": True,
        "market": "synthetic",
        "start": START,
        "told": True,
    }
    return msgspec.convert(fields | changes, Begun)


@asynccontextmanager
async def opened(path: Path) -> AsyncGenerator[Program]:
    state = ExchangeState(path, begun())
    kept = state.kept(VenueClock(state.now(0), time.monotonic_ns))
    plan = Plan(ports=dict.fromkeys(SPEAK, 0), seed=3, always_open=True)
    program = Program(plan, kept.clock, kept=kept)
    await program.start()
    try:
        yield program
    finally:
        await program.close()
        state.close()


def told_by(program: Program) -> tuple[object, Json]:
    """Return the whole ledger, and how the exchange counts its orders."""
    return ledger(program.exchange), {
        "orders": [(one.number, one.state, one.filled) for one in program.exchange.store.all()]
    }


async def trade(program: Program, first: int, number: int) -> None:
    """Place, fill and cancel orders by Alpaca's REST; let the market move meanwhile."""
    facts = program.faces[0].facts()
    keys = {"APCA-API-KEY-ID": str(facts["key"]), "APCA-API-SECRET-KEY": str(facts["secret"])}
    async with httpx.AsyncClient(base_url=str(facts["url"]), headers=keys) as client:
        for each in range(first, first + number):
            body = {
                "symbol": "BTC/USD",
                "side": "buy",
                "qty": "0.01",
                "type": "market" if each % 2 else "limit",
                "time_in_force": "gtc",
                "client_order_id": f"c{each}",
            }
            if not each % 2:
                body["limit_price"] = "30000"
            placed = (await client.post("/v2/orders", json=body)).raise_for_status()
            if each % 4 == 2:
                await client.delete(f"/v2/orders/{placed.json()['id']}")
            await asyncio.sleep(0.03)


async def rows(program: Program) -> list[Json]:
    """Return orders and fills as Alpaca's face tells them, ids and times among them."""
    facts = program.faces[0].facts()
    keys = {"APCA-API-KEY-ID": str(facts["key"]), "APCA-API-SECRET-KEY": str(facts["secret"])}
    async with httpx.AsyncClient(base_url=str(facts["url"]), headers=keys) as client:
        orders = await client.get("/v2/orders", params={"status": "all", "limit": "500"})
        fills = await client.get("/v2/account/activities/FILL")
        return [*orders.raise_for_status().json(), *fills.raise_for_status().json()]


def test_killed_and_started_again_it_is_the_same_exchange_and_goes_on(tmp_path: Path) -> None:
    async def life() -> None:
        async with opened(tmp_path / "a") as program:
            await trade(program, 0, 8)
            seen = await rows(program)
            before = told_by(program)
            # What a kill at this instant leaves.
            shutil.copytree(tmp_path / "a", tmp_path / "b")
        assert before[0] != {}
        async with opened(tmp_path / "b") as program:
            assert told_by(program) == before
            assert await rows(program) == seen
            await trade(program, 8, 4)
            seen, before = await rows(program), told_by(program)
            shutil.copytree(tmp_path / "b", tmp_path / "c")
        # A second restart goes through the first one.
        async with opened(tmp_path / "c") as program:
            assert told_by(program) == before
            assert await rows(program) == seen
            assert len(program.exchange.store.all()) == 12

    asyncio.run(life())


def test_what_a_kill_left_half_written_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / INPUTS
    inputs = Inputs(path)
    for now in (5, 6):
        inputs.put(Ticked(now))
    inputs.close()
    whole = path.read_bytes()
    for cut in range(1, len(whole) // 2):
        path.write_bytes(whole[:-cut])
        again = Inputs(path)
        assert (again.entries, again.last) == (1, 5)
        again.put(Ticked(7))
        assert [one.now for one in again.past()] == [5, 7]
        again.close()


def test_what_is_no_entry_is_refused_by_its_place(tmp_path: Path) -> None:
    path = tmp_path / INPUTS
    path.write_bytes(b"\0\0\0\2\xc1\xc1")
    with pytest.raises(InputsRefused, match="no entry at byte 4"):
        Inputs(path)


def test_a_folder_has_one_exchange_and_one_process(tmp_path: Path) -> None:
    state = ExchangeState(tmp_path, begun())
    with pytest.raises(InputsRefused, match="in use"):
        ExchangeState(tmp_path, begun())
    state.inputs.put(Ticked(START + 9))
    assert state.now(START + 100) == START + 9
    state.close()
    with pytest.raises(StateRefused, match="has seed 3, was 4"):
        ExchangeState(tmp_path, begun(seed=4))
    with pytest.raises(StateRefused, match="leave --time out"):
        ExchangeState(tmp_path, begun(start=START + 1))
    again = ExchangeState(tmp_path, begun(start=START + 5, told=False))
    assert again.begun.start == START
    again.close()


def test_without_a_time_asked_for_the_venues_time_is_the_machines(tmp_path: Path) -> None:
    state = ExchangeState(tmp_path, begun(told=False))
    state.inputs.put(Ticked(START + 9))
    assert state.now(START + 100) == START + 100
    state.close()
