"""The table of docs/stops.md, cell by cell: each row is played, each column asked."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from tests.engine.core.builders import ACCOUNT, BTC_ID, SLEEVE, WIDE_OPEN, World, of_type, started
from tests.engine.core.test_stops import Desk, denial

from tradebot.engine.core.actions import buy, sell
from tradebot.engine.core.events import (
    ArmRequested,
    DisarmRequested,
    FeedChanged,
    FlattenRequested,
    HaltRequested,
    KillRequested,
    PanicNoted,
    SleevePauseRequested,
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


def pause(world: World) -> list[AnyOutcome]:
    return world.send(SleevePauseRequested(sleeve=SLEEVE, reason="lunch"))


def panic(world: World) -> list[AnyOutcome]:
    """Let a start find the note; what panic does at the venue before it is in `test_make_safe.py`."""
    return world.send(PanicNoted(account=ACCOUNT, at=world.now))


TABLE = (
    Row("disarm", disarm, "not_armed", "ok", "ok", "stay", "stay"),
    Row("stale data", stale, "feed_not_up", "ok", "ok", "stay", "stay"),
    Row("sick private stream", sick, "stream_not_up", "ok", "ok", "stay", "stay"),
    Row("REDUCING", halt, "reducing", "ok", "ok", "cancelled", "stay"),
    Row("HALTED", kill, "halted", "halted", "ok", "cancelled", "stay"),
    Row("flatten", flatten, "halted", "", "", "cancelled", "cancelled"),
    Row("`stop`", stop, "ok", "ok", "ok", "stay", "stay"),
    Row("panic", panic, "halted", "halted", "ok", "cancelled", "stay"),
)
"""Who lifts what is in its own tests."""

PAUSE = Row("pause SLEEVE", pause, "sleeve_paused", "ok", "ok", "cancelled", "stay")
"""Of the sleeve; nothing is stopped for the hand."""


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


def test_each_cell_of_the_row_of_a_paused_sleeve() -> None:
    desk = Desk()
    world = desk.world
    world.hold(2000, owner=SLEEVE)
    adding = desk.sleeve_order("buy", "0.001", "9900")
    protective = desk.sleeve_order("sell", "0.01", "10200")
    gone = {cancel.client_order_id for cancel in of_type(PAUSE.play(world), Cancel)}
    assert gone == {adding.intent.client_order_id}
    assert PAUSE.protective_orders == "stay"
    assert protective.state == "accepted"
    assert world.net() == 4000
    assert denial(world.request("buy", 100)) == "ok"
    price = Decimal(9990)
    wishes = (
        (buy(Decimal("0.001"), limit=price), PAUSE.new_risk),
        (sell(Decimal("0.001"), limit=price), PAUSE.exits),
        (sell(Decimal("0.001"), limit=price, reduce_only=True), PAUSE.protective),
    )
    for wish, wanted in wishes:
        assert denial(desk.sleeve_says(wish)) == wanted


def test_the_documentation_has_every_row_of_the_table() -> None:
    rows = [line for line in DOCS.read_text("utf-8").splitlines() if line.startswith("| ")]
    words = [line.split("|")[1] for line in rows]
    for row in (*TABLE, PAUSE):
        found = [line for line, word in zip(rows, words, strict=True) if row.word in word]
        assert len(found) == 1, row.word
        assert (row.adding_orders in found[0].split("|")[5]) or row.word == "`stop`"
