"""Portfolios against a convex solver of other people's make."""

from typing import Any

import numpy as np
import pytest

from tradebot.engine.sizing.drawdown import risk_power
from tradebot.engine.sizing.interior import Matrix
from tradebot.engine.sizing.log_optimal import best_weights

cp: Any = pytest.importorskip("cvxpy")  # it has no types


def oracle(returns: Matrix, power: float) -> float:
    count, assets = returns.shape
    weights = cp.Variable(assets, nonneg=True)
    log = cp.log(1 + returns @ weights)
    bounds = [cp.sum(weights) <= 1]
    if power:
        bounds.append(cp.log_sum_exp(-power * log - np.log(count)) <= 0)
    problem = cp.Problem(cp.Maximize(cp.sum(log) / count), bounds)
    problem.solve(solver=cp.CLARABEL)
    return float(problem.value)


@pytest.mark.slow
@pytest.mark.parametrize("power", [0.0, risk_power(0.8, 0.1), 2.5])
@pytest.mark.parametrize("seed", range(3))
def test_growth_is_the_oracles_or_better(seed: int, power: float) -> None:
    dice = np.random.default_rng(seed)
    returns = dice.uniform(-0.4, 0.45, (60, 4))
    found = best_weights(returns, power=power)
    wanted = oracle(returns, power)
    assert found.growth >= wanted - 1e-7
    assert found.growth <= wanted + 1e-5
    wealth = 1.0 + returns @ np.array(found.weights)
    assert wealth.min() > 0.0
    if power:
        assert float(np.mean(wealth**-power)) <= 1.0 + 1e-8
