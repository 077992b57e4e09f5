"""Decided again, recovered, gone on: three ways to the same state, for any history."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.core.builders import ENGINE_ID, World, call_plainly, contents, encoded
from tests.engine.core.histories import History, remembered, restless_world

from tradebot.engine.core.kernel import Kernel
from tradebot.engine.core.outcomes import AnyOutcome
from tradebot.engine.core.sleeves import Sleeves
from tradebot.engine.core.step import plain

seeds = st.integers(0, 2**32)


def lived(seed: int, count: int = 150) -> tuple[World, History]:
    world = restless_world(rich=seed % 2 == 1)
    history = History(world, seed)
    history.events(count)
    return world, history


def decided_again(world: World) -> list[AnyOutcome]:
    """Return what a fresh kernel decides on the same history."""
    kernel = Kernel(ENGINE_ID, Sleeves(world.policies, call_plainly))
    outcomes: list[AnyOutcome] = []
    for seq, (now, event) in enumerate(world.history, 1):
        outcomes += [plain(outcome) for outcome in kernel.handle(seq, now, event)]
    assert contents(kernel.state) == contents(world.state)
    return outcomes


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_the_same_history_is_decided_the_same_to_the_byte(seed: int) -> None:
    world, _ = lived(seed)
    assert encoded(decided_again(world)) == encoded(world.outcomes)


@settings(max_examples=60, deadline=None)
@given(seeds, st.integers(1, 200))
def test_recovery_remembers_what_the_running_kernel_does(seed: int, count: int) -> None:
    world, _ = lived(seed, count)
    recovered = world.recovered()
    assert contents(remembered(recovered)) == contents(remembered(world))


@settings(max_examples=60, deadline=None)
@given(seeds, st.integers(1, 200))
def test_after_a_start_the_recovered_kernel_and_the_running_one_cannot_be_told_apart(
    seed: int, count: int
) -> None:
    world, history = lived(seed, count)
    recovered = world.recovered()
    for _ in range(2):
        again = recovered.send(world.start)
        assert encoded(again) == encoded(world.send(world.start))
        assert contents(recovered.state) == contents(world.state)
        for _ in range(60):
            event, after = history.next()
            expected = world.send(event, after=after)
            assert encoded(recovered.send(event, after=after)) == encoded(expected)
        assert contents(recovered.state) == contents(world.state)


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_money_and_positions_balance_whatever_is_told(seed: int) -> None:
    world, _ = lived(seed, 200)
    state = world.state
    assert not any(state.ledger.trial_balance().values())
    for account in state.accounts:
        for asset in state.ledger.assets(account):
            owned = [
                state.ledger.owned(account, asset, one) for one in state.ledger.owners(account)
            ]
            assert sum(owned) == state.ledger.balance(account, asset)
    ids = [order.intent.client_order_id for order in state.blotter]
    assert len(set(ids)) == len(ids) == state.counter
    assert len(state.blotter.open()) == sum(order.is_open for order in state.blotter)


def test_the_histories_reach_what_they_are_meant_to_try() -> None:
    seen: Counter[str] = Counter()
    for seed in range(60):
        world, _ = lived(seed, 200)
        seen.update(type(outcome).__name__ for outcome in world.outcomes)
        seen.update(f"order {order.state}" for order in world.state.blotter)
        seen.update(type(event).__name__ for _, event in world.history)
        seen.update(f"trading {world.state.trading_state}" for _ in range(1))
    expected = {
        *("Submit", "Cancel", "QueryOrder", "QueryAccount", "SetTimer", "Alert", "OrderDenied"),
        *("TradingStateChanged", "EquityMarked", "FlattenStarted", "FlattenEnded", "Decided"),
        *("SleeveStateSaved", "SleevePaused", "SleeveResumed", "EngineStarted", "TimerFired"),
        *("order filled", "order cancelled", "order rejected", "order expired", "order denied"),
        *("order accepted", "order unknown", "trading ACTIVE", "trading HALTED"),
    }
    assert expected - seen.keys() == set()
    assert seen["Submit"] > 300
    assert seen["OrderFilled"] > 200


@pytest.mark.slow
@settings(max_examples=600, deadline=None)
@given(seeds)
def test_long_histories_recover_too(seed: int) -> None:
    world, _ = lived(seed, 600)
    recovered = world.recovered()
    assert contents(remembered(recovered)) == contents(remembered(world))
    assert encoded(recovered.send(world.start)) == encoded(world.send(world.start))
    assert contents(recovered.state) == contents(world.state)
