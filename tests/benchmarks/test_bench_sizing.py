"""What a log-optimal and a risk-constrained portfolio cost: 20 assets, 2,500 rows. Run by `pytest tests/benchmarks`."""

from collections.abc import Callable

import numpy as np
import pytest

from tradebot.engine.sizing.drawdown import risk_power
from tradebot.engine.sizing.interior import Matrix
from tradebot.engine.sizing.log_optimal import best_weights

pytestmark = pytest.mark.benchmark

type Measure = Callable[[Callable[[], object]], object]
"""The fixture of pytest-benchmark, as far as used: calls a function many times, returns its last result."""


def fat_tailed_returns() -> Matrix:
    """Return daily returns with common factors, of which many assets are worth holding."""
    dice = np.random.default_rng(5)
    factors = dice.normal(size=(20, 4)) * 0.006
    noise = dice.standard_t(5, (2500, 4)) @ factors.T + dice.standard_t(5, (2500, 20)) * 0.008
    return noise - noise.mean(0) + 0.00012 * dice.uniform(0.2, 1.8, 20)


@pytest.mark.parametrize("power", [0.0, risk_power(0.8, 0.05)], ids=["kelly", "constrained"])
def test_a_portfolio_with_its_proof(benchmark: Measure, power: float) -> None:
    returns = fat_tailed_returns()
    benchmark(lambda: best_weights(returns, power=power))
    found = best_weights(returns, power=power)
    assert found.certificate.gap <= 1e-9
    assert found.certificate.violation <= 1e-8
