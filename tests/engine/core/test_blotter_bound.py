"""Ended orders leave memory, and still no fill and no request counts twice."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.engine.core.builders import ACCOUNT, contents
from tests.engine.core.histories import History, remembered, restless_world

from tradebot.engine.core import blotter as module
from tradebot.engine.core import executions
from tradebot.engine.core.events import ExecutionBusted, ExecutionCorrected, OrderFilled
from tradebot.engine.core.outcomes import FillBooked, PositionAdopted
from tradebot.engine.core.types import ExecutionId

KEPT = 5


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ENDED_KEPT", KEPT)
    monkeypatch.setattr(executions, "STRANGE_FILLS_KEPT", KEPT)


@pytest.mark.usefixtures("small")
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
@example(seed=19)  # a late fill of the very order that was next to be forgotten
def test_no_fill_counts_twice_whatever_has_left_memory(seed: int) -> None:
    """The journal's own table stands for by a set of all that was ever booked, as the runtime asks it."""
    world = restless_world()
    history = History(world, seed)
    only_fills = True  # busts, corrections and adopted positions move a position too
    booked: dict[ExecutionId, OrderFilled] = {}
    most = 0
    for _ in range(250):
        event, after = history.next()
        blotter = world.state.blotter
        if isinstance(event, OrderFilled):
            told = booked.get(event.execution_id)
            if told is not None and told.client_order_id != event.client_order_id:
                continue  # no venue gives two orders' fills the same id
            known = blotter.get(event.client_order_id) is not None
            if (
                not known
                and not blotter.executions.seen(ACCOUNT, event.execution_id)
                and event.execution_id in booked
            ):
                continue
        only_fills &= not isinstance(event, ExecutionBusted | ExecutionCorrected)
        for outcome in world.send(event, after=after):
            only_fills &= not isinstance(outcome, PositionAdopted)
            if isinstance(outcome, FillBooked):
                assert isinstance(event, OrderFilled)
                assert outcome.execution_id not in booked
                booked[outcome.execution_id] = event
        ended = [order for order in blotter if not order.is_open]
        referred = {
            one
            for order in blotter.open()
            for one in (order.intent.parent, order.intent.oco, order.intent.replaces)
        }
        needed = [order for order in ended if blotter.links.needs(order.intent)]
        # Those that something refers to leave a while after it has gone.
        most = max(most, len(referred) + len(needed))
        assert len(ended) <= KEPT + most
    for symbol in world.state.instruments:
        held = sum(
            event.quantity if event.side == "buy" else -event.quantity
            for event in booked.values()
            if event.instrument == symbol
        )
        assert world.net(symbol) == held or not only_fills


@pytest.mark.usefixtures("small")
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_recovery_forgets_the_same_orders_as_the_running_kernel(seed: int) -> None:
    world = restless_world()
    History(world, seed).events(250)
    assert contents(remembered(world.recovered())) == contents(remembered(world))


@pytest.mark.usefixtures("small")
def test_what_an_order_brought_with_it_leaves_memory_with_it() -> None:
    world = restless_world()
    History(world, 7).events(2_000)
    blotter = world.state.blotter
    held = vars(blotter)
    bound = KEPT + len(blotter.open())
    assert world.state.counter > 20 * KEPT
    assert len(blotter) <= bound
    assert len(held["_requests"]) <= bound
    told = vars(blotter.executions)
    assert len(told["_executed"]) <= bound
    assert len(told["_strange"]) <= KEPT
    remembered_ids = {one for ids in told["_executed"].values() for one in ids}
    assert set(told["_known"]) == remembered_ids | set(told["_strange"])
