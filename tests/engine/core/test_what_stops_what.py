"""The table of docs/stops.md, cell by cell: each row is played, each column asked."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from tests.engine.core.builders import ACCOUNT, BTC_ID, WIDE_OPEN, World, of_type, started
from tests.engine.core.test_stops import denial

from tradebot.engine.core.events import (
    ArmRequested,
    DisarmRequested,
    FeedChanged,
    FlattenRequested,
    HaltRequested,
    KillRequested,
    StopRequested,
    StreamChanged,
)
from tradebot.engine.core.orders import Order
from tradebot.engine.core.outcomes import AnyOutcome, Cancel, Submit
from tradebot.engine.core.types import MINUTE, TerminalId

DOCS = Path(__file__).parents[3] / "docs" / "stops.md"


class Row(NamedTuple):
    """One row: how it comes about, and what each column says."""

    word: str
    play: Callable[[World], list[AnyOutcome]]
    new_risk: str
    exits: str
    protective: str
    adding_orders: str
    protective_orders: str


def disarm(world: World) -> list[AnyOutcome]:
    return world.send(DisarmRequested(reason="lunch"))


def stale(world: World) -> list[AnyOutcome]:
    return world.send(FeedChanged(instrument=BTC_ID, state="down"))


def sick(world: World) -> list[AnyOutcome]:
    return world.send(StreamChanged(account=ACCOUNT, state="down"))


def halt(world: World) -> list[AnyOutcome]:
    return world.send(HaltRequested(reason="lunch"))


def kill(world: World) -> list[AnyOutcome]:
    return world.send(KillRequested())


def flatten(world: World) -> list[AnyOutcome]:
    return world.send(FlattenRequested(instrument=BTC_ID))


def stop(world: World) -> list[AnyOutcome]:
    return world.send(StopRequested())


TABLE = (
    Row("disarm", disarm, "not_armed", "ok", "ok", "stay", "stay"),
    Row("stale data", stale, "feed_not_up", "ok", "ok", "stay", "stay"),
    Row("sick private stream", sick, "stream_not_up", "ok", "ok", "stay", "stay"),
    Row("REDUCING", halt, "reducing", "ok", "ok", "cancelled", "stay"),
    Row("HALTED", kill, "halted", "halted", "ok", "cancelled", "stay"),
    Row("flatten", flatten, "halted", "", "", "cancelled", "cancelled"),
    Row("stop", stop, "ok", "ok", "ok", "stay", "stay"),
)
"""`pause`, `panic` and who lifts what are in their own tests."""


def live_world() -> tuple[World, Order, Order]:
    """Return an armed engine with a position, an order that adds to it and one that protects half of it."""
    world = World(start=msgspec.structs.replace(started(limits=WIDE_OPEN), mode="live"))
    world.send(ArmRequested(terminal=TerminalId("t"), ttl=15 * MINUTE, idle=15 * MINUTE))
    world.send(StreamChanged(account=ACCOUNT, state="up"))
    world.market()
    world.hold(2000)
    adding = world.place("buy", 100, limit=9_900_00)
    protective = world.place("sell", 1000, limit=10_200_00, reduce_only=True)
    return world, adding, protective


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.word)
def test_each_cell_of_the_table(row: Row) -> None:
    world, adding, protective = live_world()
    outcomes = row.play(world)
    gone = {cancel.client_order_id for cancel in of_type(outcomes, Cancel)}
    told = (
        "cancelled" if order.intent.client_order_id in gone else "stay"
        for order in (adding, protective)
    )
    assert tuple(told) == (row.adding_orders, row.protective_orders)
    assert world.net() == 2000
    closing = [s.order.quantity for s in of_type(outcomes, Submit)]
    assert closing == ([1000] if row.word == "flatten" else [])
    assert denial(world.request("buy", 100)) == row.new_risk
    for wanted, reduce_only in ((row.exits, False), (row.protective, True)):
        if wanted:
            asked = world.request("sell", 100, limit=9_990_00, reduce_only=reduce_only)
            assert denial(asked) == wanted


def test_the_documentation_has_every_row_of_the_table() -> None:
    rows = [line for line in DOCS.read_text("utf-8").splitlines() if line.startswith("| ")]
    words = [line.split("|")[1] for line in rows]
    for row in TABLE:
        found = [line for line, word in zip(rows, words, strict=True) if row.word in word]
        assert len(found) == 1, row.word
        assert (row.adding_orders in found[0].split("|")[5]) or row.word == "stop"
