"""`size` and `montecarlo` from one place: the figures of the command line, by name."""

import math

import pytest

from tradebot.engine import montecarlo, size
from tradebot.engine.facade.simulations import Gbm, JumpDiffusion, Recorded, Source, Student
from tradebot.engine.research.montecarlo.simulate import Chain, Jumps
from tradebot.engine.sizing.models import Lognormal
from tradebot.engine.sizing.payoff import Spot, Structure
from tradebot.engine.sizing.utility import Log

CHAIN = Chain([[0.9, 0.1], [0.2, 0.8]], [(0.001, 0.01), (-0.001, 0.02)], [1.0, 0.0])
SOURCES: tuple[Source, ...] = (
    Gbm(0.1, 0.2),
    Student(0.0004, 0.01, 4.0),
    JumpDiffusion(0.1, 0.2, Jumps(1.0, -0.1, 0.05)),
    CHAIN,
    Recorded((0.01, -0.02, 0.03, 0.0, -0.01, 0.02, 0.01, -0.03, 0.02)),
)


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_gives_figures_with_error_bars_whatever_the_threads(source: Source) -> None:
    one = montecarlo(source, paths=2000, steps=20, threads=1, target=1.1)
    two = montecarlo(source, paths=2000, steps=20, threads=2, target=1.1)
    assert (one.mean, one.quantiles, one.target) == (two.mean, two.quantiles, two.target)
    assert one.target is not None
    assert one.target.low is not None
    assert one.target.high is not None
    assert one.target.low <= one.target.value <= one.target.high


def test_an_exception_of_the_watch_ends_the_simulation() -> None:
    def stop(_done: int, _whole: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        montecarlo(Gbm(0.1, 0.2), paths=400_000, steps=50, watch=stop)


def test_the_trade_of_the_handbook() -> None:
    found = size.trade(59998.5, 58800, target=63600, fee=0.001, won=13, lost=28)
    assert found.sizes is not None
    assert found.trade.pays is not None
    assert round(found.trade.pays, 2) == 2.64
    assert round(found.trade.quantity(102_431.20, found.sizes.half_kelly), 3) == 2.727
    assert found.sizes.careful == 0.0
    assert size.trade(100, 95, target=115).sizes is None, "no size without a source of the edge"


def test_every_word_of_size_answers() -> None:
    assert math.isclose(size.binary(0.6, 1.0).stake, 0.2)
    assert math.isclose(size.discrete([1.0, -1.0], [0.6, 0.4]).stake(None), 0.2)
    assert math.isclose(size.merton(0.1, 0.2, 0.03).stake, 1.75)
    assert size.record(13, 28, 2.64).half_kelly > 0.0
    assert size.returns([0.02, -0.01, 0.03, -0.02, 0.01]).stake > 0.0
    assert size.portfolio([0.1, 0.08], [0.2, 0.3], [[1, 0.2], [0.2, 1]]).growth > 0.0
    table = [[0.1, -0.05], [-0.08, 0.1], [0.05, 0.02], [-0.02, -0.01]]
    held = size.risk_constrained(table, alpha=0.8, beta=0.1)
    assert sum(held.weights) <= 1.0 + 1e-12
    aim = size.target(100, 150, 2, mu=0.08, sigma=0.2, r=0.03)
    assert aim.chance_kelly < aim.chance_constant < aim.best_chance
    kelly = size.hybrid(100, 150, 2, mu=0.08, sigma=0.2, r=0.03, weight=0.0)
    assert math.isclose(kelly.stake, 1.25, rel_tol=1e-6)
    structure = Structure(100.0, (Spot(quantity=1.0, stop=95.0, target=115.0),), 0.001)
    report = size.payoff(structure, Lognormal(0.2, 0.3), 0.5, {"log": Log()}, paths=500)
    assert report.at_risk > 5.0
