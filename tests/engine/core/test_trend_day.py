"""The example of the contract, from its file through the kernel: warming, entering, adding, leaving."""

from pathlib import Path

from tests.engine.core.builders import SLEEVE, World, of_type
from tests.engine.core.policy_days import Day

from tradebot.engine.core.events import KillRequested
from tradebot.engine.core.outcomes import Decided, OrderIntent, Submit
from tradebot.engine.core.waking import warm_share
from tradebot.engine.policy_source.load import load_policy

SOURCE = '''
"""Hold what is above its mean; small risk, open upside."""

from decimal import Decimal

from tradebot.engine import (
    Bars, ContextMap, Edge, MarketSnapshot, OrderSeq, Params, PortfolioState, param, want, why,
)


class Trend:
    class params(Params, frozen=True):
        window: int = param(5, ge=2, le=400, doc="bars in the mean")
        risk: Decimal = param("0.0025", gt=0, le="0.02", doc="of the sleeve's capital, lost at the stop")

    needs = (Bars("1m", history=15),)

    def decide(
        self, portfolio: PortfolioState, snapshot: MarketSnapshot, context: ContextMap | None = None
    ) -> OrderSeq:
        p, bars = context.params, snapshot.bars("1m")
        mean = bars.mean(p.window)
        if bars.last.close <= mean:
            return want.flat(because=why("below-mean", close=bars.last.close, mean=mean))
        return want.long(
            risk=p.risk, stop=bars.atr(14) * 3, pyramid="house-money",
            edge=Edge.from_record(),
            because=why("above-mean", close=bars.last.close, mean=mean),
        )
'''


def day_of(folder: Path) -> Day:
    file = folder / "trend.py"
    file.write_text(SOURCE)
    file.chmod(0o600)
    found = load_policy("trend.py:Trend", {"window": 4}, [folder]).loaded
    return Day(found.policy, params=found.params)


def entries(world: World) -> list[OrderIntent]:
    return [s.order for s in of_type(world.outcomes, Submit) if not s.order.role]


def test_trend_warms_enters_with_its_stop_adds_with_house_money_and_leaves(tmp_path: Path) -> None:
    day = day_of(tmp_path)
    state = day.world.state
    started = state.sleeves[SLEEVE].started
    needs = state.sleeves[SLEEVE].bars
    assert warm_share(state, started, needs) == 0
    day.minutes([10_000_00, 10_010_00])
    assert of_type(day.world.outcomes, Decided) == []
    day.warm([10_000_00] * 13 + [9_990_00])
    day.minutes([10_000_00, 10_000_00])
    assert warm_share(state, started, needs) == 1
    day.minutes([10_020_00])
    (first,) = entries(day.world)
    assert first.side == "buy"
    assert first.legs is not None
    assert first.legs.stop_loss is not None
    assert first.edge is not None
    assert day.held > 0
    (decided,) = of_type(day.world.outcomes, Decided)
    assert decided.bound_by == "risk"
    assert decided.did == (f"BUY {day.held} BTCUSDT",)
    rising = [10_020_00 + 40_00 * step for step in range(1, 30)]
    day.minutes(rising)
    assert len(entries(day.world)) > 1
    assert any("stop to" in word for d in of_type(day.world.outcomes, Decided) for word in d.did)
    day.minutes([rising[-1] - 150_00] * 4)
    assert day.held == 0
    assert not state.blotter.open()
    assert not state.sleeves[SLEEVE].unmet
    day.world.send(KillRequested())
    asked = len(of_type(day.world.outcomes, Decided))
    day.minutes(rising[:3])
    assert len(of_type(day.world.outcomes, Decided)) == asked
