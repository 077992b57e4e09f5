"""What a key typed on the screen Size costs: a page computed anew, below 50 ms. Run by `pytest tests/benchmarks`."""

import math
from collections.abc import Callable

import pytest

from tradebot.engine.research.desk.page import Money, Page
from tradebot.engine.research.desk.starts import (
    believed,
    from_returns,
    from_structure,
    from_target,
    from_trade,
)
from tradebot.engine.sizing.fraction import Aim
from tradebot.engine.sizing.kelly import Drift
from tradebot.engine.sizing.payoff import Spot
from tradebot.engine.sizing.trade import Trade

pytestmark = pytest.mark.benchmark

type Measure = Callable[[Callable[[], Page]], Page]
"""The fixture of pytest-benchmark, as far as used: calls a function many times, returns its last result."""

MONEY = Money(102_431.20, Trade(59998.5, 58800.0, 63600.0, 0.001))
RETURNS = [0.0005 + 0.014 * math.sin(7.1 * index * index) for index in range(2500)]
DRIFT = Drift(0.3, 0.0, 0.5)
AIM = Aim(100_000, 150_000, 2)
LEGS = (Spot(quantity=1.0, stop=58800.0, target=63600.0),)

PAGES: dict[str, Callable[[], Page]] = {
    "trade": lambda: from_trade(MONEY, believed(13, 28, None), 0.2),
    "returns": lambda: from_returns(MONEY, RETURNS, 20.0, 0.2),
    "target": lambda: from_target(MONEY, AIM, DRIFT, 0.5, 12.0, 0.2),
    "structure": lambda: from_structure(MONEY, LEGS, DRIFT, 0.25, 1.0),
}


@pytest.mark.parametrize("start", list(PAGES))
def test_a_page_computed_anew(benchmark: Measure, start: str) -> None:
    assert benchmark(PAGES[start]).stakes
