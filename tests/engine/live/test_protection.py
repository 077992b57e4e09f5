"""Which positions no stop covers once the engine is away."""

import msgspec
from tests.engine.core.builders import SLEEVE, World, intent

from tradebot.engine.core.outcomes import OrderHeld, OrderIntent, Submit
from tradebot.engine.core.types import ClientOrderId, LivesAt
from tradebot.engine.live.facts import order_facts
from tradebot.engine.live.protection import left_bare


def stop(quantity: int, number: int, lives_at: LivesAt = "broker") -> OrderIntent:
    order = intent("sell", quantity, number=number, limit=None, order_type="stop", reduce_only=True)
    return msgspec.structs.replace(
        order,
        client_order_id=ClientOrderId(f"tbtest0stop{number}"),
        lives_at=lives_at,
        trigger_price=9_500_00,
    )


def test_a_position_is_named_unless_stops_at_the_broker_cover_all_of_it() -> None:
    world = World()
    world.market()
    world.hold(2000)
    bare = ["long 0.02 sandbox:BTCUSDT (hand)"]
    assert left_bare(world.state) == bare
    world.state.apply_outcome(OrderHeld(order=stop(2000, 1, "engine")))
    assert left_bare(world.state) == bare, "what this process holds ends with it"
    world.state.apply_outcome(Submit(order=stop(500, 2)))
    assert left_bare(world.state) == ["long 0.015 of 0.02 sandbox:BTCUSDT (hand)"]
    world.state.apply_outcome(Submit(order=stop(1500, 3)))
    assert left_bare(world.state) == []


def test_a_stop_protects_its_own_owner_alone() -> None:
    world = World()
    world.market()
    world.hold(2000)
    world.hold(-1000, owner=SLEEVE)
    world.state.apply_outcome(Submit(order=stop(2000, 1)))
    assert left_bare(world.state) == [f"short 0.01 sandbox:BTCUSDT ({SLEEVE})"]


def test_a_stop_that_waits_here_for_another_order_is_not_at_the_broker_yet() -> None:
    world = World()
    world.market()
    world.hold(2000)
    world.state.apply_outcome(
        OrderHeld(order=stop(2000, 1), waits_for=ClientOrderId("tbtest0other"))
    )
    assert left_bare(world.state) == ["long 0.02 sandbox:BTCUSDT (hand)"]
    (held,) = world.state.blotter.open()
    assert order_facts(world.state, held, None).lives_at == "engine"
    world.state.apply_outcome(Submit(order=stop(2000, 1)))
    (sent,) = world.state.blotter.open()
    assert (left_bare(world.state), sent.lives_at) == ([], "broker")
