"""Simulated wealth against closed forms, within 4 standard errors, and its error bars."""

import math

import numpy as np
import pytest

from tradebot.engine.research.montecarlo.laws import JumpDiffusion, Regimes
from tradebot.engine.research.montecarlo.laws import gbm as lognormal
from tradebot.engine.research.montecarlo.passage import chance_by, chance_of_drawdown
from tradebot.engine.research.montecarlo.simulate import (
    Chain,
    Figure,
    Jumps,
    Plan,
    bootstrap,
    gbm,
    jump,
    regime,
    student,
)
from tradebot.native.montecarlo import MonteCarlo


def plan(paths: int = 100_000, steps: int = 12, *, antithetic: bool = False) -> Plan:
    return Plan(
        paths=paths, steps=steps, step=1.0 / steps, seed=5, target=1.25, ruin=0.8,
        antithetic=antithetic,
    )  # fmt: skip


def holds(figure: Figure | None, wanted: float) -> bool:
    """Return whether a figure is within 4 standard errors, its 95 % interval being 1.96 to either side."""
    assert figure is not None
    assert figure.low is not None
    assert figure.high is not None
    half = (figure.high - figure.low) / 2.0
    return abs(figure.value - wanted) <= 4.0 / 1.96 * half


@pytest.mark.parametrize("antithetic", [False, True])
def test_a_diffusion_agrees_with_its_law(antithetic: bool) -> None:  # noqa: FBT001
    found = gbm(plan(antithetic=antithetic), 0.08, 0.2)
    law = lognormal(1.0, 0.08, 0.2, 1.0)
    assert holds(found.mean, law.mean)
    assert antithetic or holds(found.mean_log, law.m)
    for q in ("0.05", "0.5", "0.95"):
        assert holds(found.quantiles[q], law.quantile(float(q)))
    assert holds(found.target, chance_by(law.m, 0.2, math.log(1.25), 1.0))
    assert holds(found.ruin, chance_by(law.m, 0.2, math.log(0.8), 1.0))


def test_half_the_stake_is_half_the_volatility() -> None:
    one = Plan(paths=50_000, steps=4, step=0.25, seed=5, fraction=0.5, rate=0.02)
    law = lognormal(1.0, 0.05, 0.1, 1.0)
    found = gbm(one, 0.08, 0.2)
    assert holds(found.mean, law.mean)
    assert holds(found.quantiles["0.05"], law.quantile(0.05))


def test_drawdowns_on_steps_come_near_those_seen_all_the_time_from_below() -> None:
    chance = chance_of_drawdown(0.08, 0.2, -math.log(0.8), 1.0)
    native = MonteCarlo(40_000, 1000, 3)
    _, drawdown, _, _ = native.diffusion(0.08 / 1000, 0.2 / math.sqrt(1000))
    share = float(np.mean(drawdown >= 0.2))
    assert chance - 0.05 < share < chance


def test_student_returns_have_their_mean() -> None:
    found = student(Plan(paths=200_000, steps=1, step=1.0, seed=2), 0.01, 0.05, 5.0)
    assert holds(found.mean, 1.01)


def test_jumps_agree_with_their_law() -> None:
    law = JumpDiffusion(0.1, 0.2, 1.0, -0.1, 0.15, 1.0)
    found = jump(plan(), 0.1, 0.2, Jumps(1.0, -0.1, 0.15))
    assert holds(found.mean, math.exp(0.1))
    assert holds(found.mean_log, law.log_mean)
    assert holds(found.quantiles["0.05"], math.exp(law.quantile(0.05)))


def test_regimes_agree_with_their_law() -> None:
    chain = Chain([[0.95, 0.05], [0.2, 0.8]], [(0.001, 0.008), (-0.002, 0.025)], [1.0, 0.0])
    law = Regimes([[0.95, 0.05], [0.2, 0.8]], [0.001, -0.002], [0.008, 0.025], [1.0, 0.0])
    found = regime(plan(steps=10), chain)
    assert holds(found.mean, law.mean_growth(10))
    assert holds(found.mean_log, law.moments(10)[0])


def test_resamples_of_one_return_are_certain() -> None:
    found = bootstrap(Plan(paths=100, steps=3, step=1.0, seed=1), [0.1], 1.0)
    assert math.isclose(found.mean.value, 1.1**3)
    with pytest.raises(ValueError, match="no mirror image"):
        bootstrap(Plan(paths=2, steps=1, step=1.0, seed=1, antithetic=True), [0.1], 1.0)


def test_a_result_does_not_depend_on_the_number_of_threads() -> None:
    one, three = (
        MonteCarlo(1000, 20, 9, threads=threads, target=1.1, ruin=0.9).jump(
            (0.0, 0.02), 0.5, (-0.01, 0.02), fraction=0.7
        )
        for threads in (1, 3)
    )
    assert all(np.array_equal(a, b) for a, b in zip(one, three, strict=True))


def test_what_a_watcher_raises_ends_the_run() -> None:
    def stop(done: int, paths: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        MonteCarlo(1 << 20, 10_000, 1).diffusion(0.0, 0.1, watch=stop)


def test_refusals_name_value_and_bound() -> None:
    with pytest.raises(ValueError, match=r"target must be > 1, a multiple of the start, was 0\.5"):
        gbm(Plan(paths=10, steps=1, step=1.0, seed=1, target=0.5), 0.1, 0.2)
    with pytest.raises(ValueError, match=r"degrees must be > 2 and finite, was 2"):
        student(plan(10), 0.0, 0.1, 2.0)
    with pytest.raises(ValueError, match=r"fraction must be in \[0, 1000\], was -1"):
        gbm(Plan(paths=10, steps=1, step=1.0, seed=1, fraction=-1.0), 0.1, 0.2)


@pytest.mark.slow
def test_a_95_percent_interval_covers_the_truth_in_93_to_97_percent() -> None:
    law = lognormal(1.0, 0.08, 0.2, 1.0)
    truth = {"mean": law.mean, "0.05": law.quantile(0.05), "target": 1.0 - law.below(1.25)}
    hits = dict.fromkeys(truth, 0)
    for seed in range(2000):
        one = Plan(paths=2000, steps=1, step=1.0, seed=seed, target=1.25, threads=1)
        found = gbm(one, 0.08, 0.2, bridge=False)
        figures = {"mean": found.mean, "0.05": found.quantiles["0.05"], "target": found.target}
        for name, figure in figures.items():
            assert figure is not None
            assert figure.low is not None
            assert figure.high is not None
            hits[name] += figure.low <= truth[name] <= figure.high
    assert all(0.93 <= hit / 2000 <= 0.97 for hit in hits.values()), hits
