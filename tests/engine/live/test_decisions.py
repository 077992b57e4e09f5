"""Decisions as they are told: with what the gate refused, how often they came again, and after a restart too."""

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from tests.engine.core.builders import SLEEVE, intent
from tests.engine.live.live_bench import LiveBench, Served, quiet_market

from tradebot.engine.control.engine import Refused
from tradebot.engine.control.messages_house import DecisionView
from tradebot.engine.core.actions import OrderSeq, buy
from tradebot.engine.core.needs import Every, Need
from tradebot.engine.core.outcomes import Decided, OrderDenied
from tradebot.engine.core.policy import ContextMap
from tradebot.engine.core.portfolio import PortfolioState
from tradebot.engine.core.reasons import why
from tradebot.engine.core.sleeves import LoadedPolicy
from tradebot.engine.core.snapshot import MarketSnapshot
from tradebot.engine.core.types import SECOND, Owner
from tradebot.engine.live.decisions import changes, counted, joined

TREND = Owner("trend")


class Hungry:
    """Waits, then wants more than any gate lets pass, then waits again."""

    needs: tuple[Need, ...] = (Every(SECOND),)

    def __init__(self) -> None:
        self.asked = 0

    def decide(
        self,
        portfolio: PortfolioState,
        snapshot: MarketSnapshot,
        context: ContextMap | None = None,
    ) -> OrderSeq:
        del portfolio, context
        self.asked += 1
        if self.asked == 4:
            ask = snapshot.only.ask
            assert ask is not None
            return OrderSeq.of(buy(Decimal(9_000), limit=ask), because=why("hungry", ask=ask))
        return OrderSeq.none(because=why("idle", asked=self.asked))


def bench_at(path: Path) -> LiveBench:
    return LiveBench(path, quiet_market(), sleeves={TREND: LoadedPolicy(Hungry(), None, None)})


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    bench = bench_at(tmp_path)
    served = bench.service()
    bench.until(6_050)
    yield served
    bench.close()


async def told(
    served: Served, *, changes_only: bool = False, limit: int = 10
) -> list[DecisionView]:
    asked = served.service.decisions(TREND, limit, only_changes=changes_only)
    return (await served.go(asyncio.ensure_future(asked))).decisions


async def test_the_newest_comes_first_with_its_refusal(served: Served) -> None:
    found = await told(served)
    assert [one.text.partition(":")[0] for one in found] == ["idle", "hungry", "idle"]
    hungry = found[1]
    assert hungry.refused is not None
    assert "max_order" in hungry.refused or "cash" in hungry.refused
    assert hungry.did[0].startswith("BUY 9000")
    assert found[2].repeated == 2
    assert found[2].did == ("hold",)
    assert [one.seq for one in found] == sorted((one.seq for one in found), reverse=True)


async def test_after_a_restart_the_journal_tells_them(tmp_path: Path) -> None:
    before = bench_at(tmp_path)
    served = before.service()
    before.until(6_050)
    known = await told(served)
    before.close()
    after = bench_at(tmp_path)
    again = await told(after.service())
    after.close()
    assert [one.text for one in again] == [one.text for one in known]
    assert [one.refused for one in again] == [one.refused for one in known]


async def test_only_changes_leaves_the_waiting_out(served: Served) -> None:
    (only,) = await told(served, changes_only=True)
    assert only.text.startswith("hungry")
    assert len(await told(served, limit=1)) == 1


async def test_a_sleeve_that_never_ran_is_unknown(served: Served) -> None:
    asked = served.service.decisions("nobody", 10, only_changes=False)
    with pytest.raises(Refused, match="no sleeve 'nobody' decided here; there is trend"):
        await served.go(asyncio.ensure_future(asked))


def decided(**more: object) -> Decided:
    values: dict[str, object] = {"sleeve": SLEEVE, "version": "1", "because": why("idle")}
    return Decided(**(values | {"actions": 0} | more))  # pyright: ignore[reportArgumentType]


def test_a_refusal_without_a_decision_is_told_too() -> None:
    denied = OrderDenied(order=intent("sell", owner=SLEEVE), code="halted", text="HALTED")
    (view,) = joined([(5, 9, denied)])
    assert (view.did, view.refused, view.seq, view.ts) == (
        ("SELL refused",),
        "halted: HALTED",
        5,
        9,
    )
    assert changes(view)


def test_the_next_decision_tells_how_often_the_one_before_came_again() -> None:
    views = joined([(1, 1, decided()), (2, 2, decided(because=why("other"), repeated=7))])
    assert [view.repeated for view in counted(views)] == [7, 0]
