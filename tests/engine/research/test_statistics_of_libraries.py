"""Statistics of results against other libraries, where conventions agree."""
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

import math

import numpy as np
import pytest

from tradebot.engine.research.statistics.sample import (
    excess_kurtosis_unbiased,
    kurtosis,
    skewness,
    skewness_unbiased,
)
from tradebot.engine.research.statistics.superiority import stationary_resamples, superiority


@pytest.mark.slow
def test_moments_agree_with_scipy() -> None:
    from scipy import stats

    x = np.random.Generator(np.random.PCG64(3)).standard_t(5, 400).tolist()
    for found, wanted in (
        (skewness(x), stats.skew(x)),
        (kurtosis(x), stats.kurtosis(x, fisher=False)),
        (skewness_unbiased(x), stats.skew(x, bias=False)),
        (excess_kurtosis_unbiased(x), stats.kurtosis(x, bias=False)),
    ):
        assert found is not None
        assert math.isclose(found, float(wanted), rel_tol=1e-12)


@pytest.mark.slow
def test_superiority_agrees_with_arch_on_resamples_of_the_same_law() -> None:
    from arch.bootstrap import SPA

    generator = np.random.Generator(np.random.PCG64(5))
    table = generator.normal(0.05, 1.0, (60, 4))
    other = SPA(np.zeros(60), -table, block_size=4, reps=4000, seed=7)
    other.compute()
    found = superiority(table.tolist(), stationary_resamples(60, 4000, 4.0, 11), 4.0)
    values = (found.p_spa_lower, found.p_spa_consistent, found.p_spa_upper)
    assert list(values) == sorted(values, key=lambda p: p or 0.0)
    for value, wanted in zip(values, other.pvalues.to_list(), strict=True):
        assert value is not None
        assert abs(value - float(wanted)) < 0.04  # 4 standard errors of a difference of shares
