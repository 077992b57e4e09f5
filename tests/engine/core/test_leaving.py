"""The end of the process: engine-held stops move to the broker, or the word is refused."""

import msgspec
import pytest
from tests.engine.core.builders import ACCOUNT, World, contents, intent, of_type, started

from tradebot.engine.core.capabilities import Capabilities
from tradebot.engine.core.events import AccountStarted, EngineStarted, StopRequested
from tradebot.engine.core.leaving import immovable, moving, protecting, unprotected_text
from tradebot.engine.core.outcomes import Alert, AnyOutcome, OrderHeld, OrderIntent, Submit
from tradebot.engine.core.types import OrderType


def start(*known: OrderType) -> EngineStarted:
    can = Capabilities(
        order_types=("limit", "market", *known),
        times_in_force=("gtc", "ioc", "fok"),
        post_only=True,
        reduce_only=True,
    )
    account = AccountStarted(name=ACCOUNT, venue="model", capabilities=can)
    return msgspec.structs.replace(started(), accounts=(account,))


def world_with(kind: OrderType, *known: OrderType, held: int = 2000) -> tuple[World, OrderIntent]:
    """Return a world that holds a position and, itself, a stop for it."""
    world = World(start=start(*known))
    world.market()
    world.hold(held)
    order = msgspec.structs.replace(
        intent(
            "sell",
            2000,
            number=world.state.counter + 1,
            limit=None,
            order_type=kind,
            reduce_only=True,
        ),
        lives_at="engine",
        trigger_price=9_500_00,
        trail=500_00 if kind == "trailing_stop" else None,
    )
    world.state.apply_outcome(OrderHeld(order=order))
    world.rows.append((world.now, OrderHeld(order=order)))
    return world, order


def stop(
    world: World, *, leave_unprotected: bool = False, insist: bool = False
) -> list[AnyOutcome]:
    return world.send(StopRequested(leave_unprotected=leave_unprotected, insist=insist))


def texts(outcomes: list[AnyOutcome]) -> list[str]:
    return [alert.text for alert in of_type(outcomes, Alert)]


STOP = "sell 0.02 sandbox:BTCUSDT at 9500.00"


@pytest.mark.parametrize(
    ("kind", "known", "at_broker"),
    [
        ("stop", ("stop",), "stop"),
        ("trailing_stop", ("stop", "trailing_stop"), "trailing_stop"),
        ("trailing_stop", ("stop",), "stop"),
    ],
)
def test_a_stop_the_venue_can_hold_moves_there_under_its_own_id(
    kind: OrderType, known: tuple[OrderType, ...], at_broker: OrderType
) -> None:
    world, order = world_with(kind, *known)
    assert immovable(world.state) == []
    (submit,) = of_type(stop(world), Submit)
    moved = submit.order
    assert (moved.client_order_id, moved.type, moved.lives_at, moved.trigger_price) == (
        order.client_order_id,
        at_broker,
        "broker",
        9_500_00,
    )
    assert moved.quantity == 2000
    assert [o.intent.client_order_id for o in moving(world.state)] == [order.client_order_id]
    assert unprotected_text(world.state) == STOP
    world.accept(moved)
    assert moving(world.state) == protecting(world.state) == []
    assert unprotected_text(world.state) == ""


def test_a_stop_no_venue_can_hold_refuses_the_word_and_changes_nothing() -> None:
    world, _ = world_with("stop")
    before = contents(world.state.blotter)
    outcomes = stop(world)
    assert texts(outcomes) == [
        f"stop refused: no venue can hold {STOP}; --leave-unprotected ends all the same"
    ]
    assert contents(world.state.blotter) == before


@pytest.mark.parametrize("words", [{"leave_unprotected": True}, {"insist": True}])
def test_told_so_it_ends_all_the_same(words: dict[str, bool]) -> None:
    world, _ = world_with("stop")
    assert of_type(stop(world, **words), Submit) == []
    assert len(protecting(world.state)) == 1
    last = stop(world, leave_unprotected=True, insist=True)
    assert texts(last) == [f"the engine ends; without protection until it is back: {STOP}"]


def test_nothing_is_told_where_nothing_stays_unprotected() -> None:
    world = World(start=start())
    world.market()
    world.hold(2000)
    assert stop(world) == stop(world, insist=True) == []
    assert stop(world, leave_unprotected=True, insist=True) == []


def test_a_stop_that_protects_nothing_now_holds_nobody_up() -> None:
    world, _ = world_with("stop", held=-2000)
    assert protecting(world.state) == []
    assert stop(world) == []


def test_what_the_broker_refuses_is_held_here_again_as_it_was() -> None:
    world, order = world_with("trailing_stop", "stop")
    (submit,) = of_type(stop(world), Submit)
    outcomes = world.reject(submit.order)
    assert texts(outcomes)[0] == f"the venue refused {STOP}: held by this engine again"
    (again,) = protecting(world.state)
    assert (again.intent.client_order_id, again.intent.type, again.intent.trail) == (
        order.client_order_id,
        "trailing_stop",
        500_00,
    )
    assert contents(world.recovered().state.blotter) == contents(world.state.blotter)
