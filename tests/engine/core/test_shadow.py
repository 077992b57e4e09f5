"""Shadows decide and send nothing; what they would hold is pretended."""

from collections.abc import Callable
from decimal import Decimal
from typing import override

import msgspec
import pytest
from tests.engine.core.builders import (
    ACCOUNT,
    BTC_ID,
    SLEEVE,
    START,
    World,
    loaded,
    of_type,
    sleeve_started,
    started,
)
from tests.engine.core.test_sleeve_words import changed, frozen
from tests.engine.core.test_stops import Scripted, pause

from tradebot.engine.core.actions import NewOrder, OrderSeq, buy, sell
from tradebot.engine.core.outcomes import AnyOutcome, Decided, OrderDenied, ShadowFilled, Submit
from tradebot.engine.core.policy import ContextMap
from tradebot.engine.core.portfolio import PortfolioState
from tradebot.engine.core.reasons import why
from tradebot.engine.core.shadow import sends
from tradebot.engine.core.sleeve_money import equity_of
from tradebot.engine.core.snapshot import MarketSnapshot


class Watching(Scripted):
    """Keeps what it saw of its money."""

    @override
    def decide(
        self,
        portfolio: PortfolioState,
        snapshot: MarketSnapshot,
        context: ContextMap | None = None,
    ) -> OrderSeq:
        self.seen = (portfolio.quantity(BTC_ID), portfolio.cash, len(portfolio.orders))
        return super().decide(portfolio, snapshot, context)


def shadow() -> tuple[World, Watching]:
    policy = Watching()
    terms = msgspec.structs.replace(sleeve_started(), run="shadow")
    world = World(policies={SLEEVE: loaded(policy)}, start=started(sleeves=(terms,)))
    world.market()
    return world, policy


def says(world: World, policy: Scripted, order: NewOrder) -> list[AnyOutcome]:
    policy.answers.append(OrderSeq.of(order, because=why(f"step-{world.seq}")))
    return world.market(bid=9_990_00 + 10 * (world.seq % 7))


def did(outcomes: list[AnyOutcome]) -> tuple[str, ...]:
    (decided,) = of_type(outcomes, Decided)
    return decided.did


def test_what_a_shadow_would_do_is_told_and_nothing_is_sent() -> None:
    world, policy = shadow()
    outcomes = says(world, policy, buy(Decimal("0.01")))
    assert did(outcomes) == ("would BUY 0.01000 BTCUSDT",)
    assert not of_type(outcomes, Submit)
    assert world.net() == 0
    assert not world.state.blotter.open()


def test_a_shadow_sees_what_it_would_hold_and_what_it_would_have_paid() -> None:
    world, policy = shadow()
    says(world, policy, buy(Decimal("0.01"), limit=Decimal(10_100)))
    world.market(bid=9_980_00)
    assert policy.seen == (Decimal("0.01"), Decimal(50_000) - Decimal("100.01"), 0)
    says(world, policy, sell(Decimal("0.004")))
    world.market(bid=9_980_00)
    assert policy.seen[0] == Decimal("0.006")


@pytest.mark.parametrize("again", [World.recovered, frozen])
def test_what_a_shadow_would_hold_outlives_a_restart(again: Callable[[World], World]) -> None:
    world, policy = shadow()
    says(world, policy, buy(Decimal("0.01"), stop_loss=Decimal(9000)))
    before = world.state.sleeves[SLEEVE].shadow
    after = again(world)
    after.send(world.start)
    assert before is not None
    assert before.positions[BTC_ID].stop == 9_000_00
    assert after.state.sleeves[SLEEVE].shadow == before


def test_what_would_rest_is_told_and_not_followed() -> None:
    world, policy = shadow()
    outcomes = says(world, policy, buy(Decimal("0.01"), limit=Decimal(9_000)))
    assert did(outcomes) == ("would BUY 0.01000 BTCUSDT",)
    assert not of_type(outcomes, ShadowFilled)


@pytest.mark.parametrize(
    ("bid", "at"),
    [(9_500_00, None), (8_999_90, 8_999_90), (11_000_00, 11_000_00), (11_500_00, 11_000_00)],
)
def test_its_stop_and_its_target_end_what_it_would_hold(bid: int, at: int | None) -> None:
    world, policy = shadow()
    order = buy(Decimal("0.01"), stop_loss=Decimal(9000), take_profit=Decimal(11_000))
    says(world, policy, order)
    filled = of_type(world.market(bid=bid, ask=bid + 10), ShadowFilled)
    assert [(fill.side, fill.price) for fill in filled] == ([] if at is None else [("sell", at)])


def test_refusals_of_what_it_would_do_name_the_gate() -> None:
    world, policy = shadow()
    pause(world)
    (word,) = did(says(world, policy, buy(Decimal("0.01"))))
    assert word.startswith("would BUY 0.01000 BTCUSDT, refused: sleeve trend is paused (odd)")
    assert not of_type(world.outcomes, OrderDenied)


def test_a_sleeve_that_turns_shadow_goes_on_from_what_it_holds_and_drops_it_when_live_again() -> (
    None
):
    policy = Watching()
    world = World(policies={SLEEVE: loaded(policy)})
    world.market()
    world.hold(1000, owner=SLEEVE)
    changed(world, "start", {"run": "shadow"})
    assert not sends(world.state, SLEEVE)
    says(world, policy, sell(Decimal("0.004")))
    world.market(bid=9_980_00)
    assert policy.seen[0] == Decimal("0.006")
    assert world.state.ledger.position(ACCOUNT, BTC_ID, SLEEVE).quantity == 1000
    changed(world, "start", {"run": "live"})
    world.market(bid=9_970_00)
    assert policy.seen[0] == Decimal("0.01")
    assert sends(world.state, SLEEVE)


def test_a_shadows_equity_is_what_it_would_have() -> None:
    world, policy = shadow()
    says(world, policy, buy(Decimal("0.01")))
    world.market(bid=10_100_00, ask=10_102_00)
    # Bought at 10,001, marked at 10,101.
    assert equity_of(world.state, world.state.sleeves[SLEEVE]) == Decimal(50_001)
    assert world.now > START


def test_without_a_mandate_a_live_sleeve_says_would_and_is_refused() -> None:
    policy = Scripted()
    start = msgspec.structs.replace(started(sleeves=(sleeve_started(),)), mode="live")
    world = World(policies={SLEEVE: loaded(policy)}, start=start)
    world.market()
    outcomes = says(world, policy, buy(Decimal("0.01")))
    assert did(outcomes) == ("would BUY 0.01000 BTCUSDT refused",)
    assert [denied.code for denied in of_type(outcomes, OrderDenied)] == ["no_mandate"]
    assert not sends(world.state, SLEEVE)
