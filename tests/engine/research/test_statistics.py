"""Statistics of results: laws that hold for any series, and other libraries where conventions agree."""

import math
from functools import partial
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.engine.research.statistics.benchmark import compare
from tradebot.engine.research.statistics.downside import omega, sortino
from tradebot.engine.research.statistics.drawdown import drawdowns, max_drawdown
from tradebot.engine.research.statistics.overfitting import overfitting
from tradebot.engine.research.statistics.returns import (
    annual_log_growth,
    cagr_calendar,
    cagr_periods,
    rate_per_period,
    total_return,
)
from tradebot.engine.research.statistics.sample import (
    quantile,
    skewness,
)
from tradebot.engine.research.statistics.sharpe import eta, sharpe
from tradebot.engine.research.statistics.splits import (
    combinatorial_folds,
    path_count,
    purged_folds,
    split_count,
    walk_forward,
)
from tradebot.engine.research.statistics.superiority import (
    every_resample,
    superiority,
)
from tradebot.engine.research.statistics.tails import expected_shortfall, historical_var
from tradebot.engine.research.statistics.track_record import (
    Record,
    expected_max,
    expected_max_exact,
    min_track_record,
    probabilistic_sharpe,
)
from tradebot.engine.research.statistics.trades import losing_streak, trade_statistics


def near(found: float | None, wanted: float, rel: float = 1e-9, absolute: float = 0.0) -> bool:
    """Return whether a figure is defined and near what is wanted."""
    return found is not None and math.isclose(found, wanted, rel_tol=rel, abs_tol=absolute)


RETURNS = st.lists(st.floats(-0.5, 0.5, width=32), min_size=2, max_size=60)


@given(RETURNS, st.floats(0.1, 10.0))
def test_the_sharpe_ratio_does_not_change_with_leverage(returns: list[float], scale: float) -> None:
    plain, scaled = sharpe(returns), sharpe([scale * r for r in returns])
    if plain is None or scaled is None or abs(plain) > 1e6:
        return
    assert near(scaled, plain, rel=1e-6, absolute=1e-9)


@pytest.mark.parametrize("value", [0.0, 0.1, -0.1, 0.01, 1e-9])
@pytest.mark.parametrize("n", [0, 1, 2, 50])
def test_returns_that_do_not_differ_have_no_sharpe_ratio_whatever_rounding_says(
    value: float, n: int
) -> None:
    assert sharpe([value] * n) is None
    assert skewness([value] * n) is None
    assert compare([value] * n, [value] * n, 252.0).beta is None


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_not_finite_is_refused_by_name(bad: float) -> None:
    with pytest.raises(ValueError, match=r"returns\[1\] must be finite"):
        sharpe([0.1, bad])
    with pytest.raises(ValueError, match=r"must be finite"):
        max_drawdown([bad])


def test_wealth_that_reached_zero_stays_there() -> None:
    returns = [0.5, -1.5, 3.0]
    assert total_return(returns) == -1.0
    assert cagr_periods(returns, 252.0) == -1.0
    assert annual_log_growth(returns, 252.0) is None
    assert max_drawdown(returns) == 1.0
    assert cagr_calendar(1.0, 0.0, 10.0) == -1.0


@given(RETURNS)
def test_drawdowns_agree_with_the_definition_point_by_point(returns: list[float]) -> None:
    curve = np.cumprod([1.0, *(1.0 + r for r in returns)])
    naive = max(
        (1.0 - curve[b] / curve[a] for a, b in combinations(range(len(curve)), 2)), default=0.0
    )
    found = drawdowns(returns)
    assert near(found.max_drawdown, max(naive, 0.0), absolute=1e-11)
    assert found.peak_index <= found.trough_index
    assert found.recovery_index is None or found.recovery_index >= found.trough_index
    assert 0 <= found.longest_under_water <= len(returns)


@given(RETURNS, st.floats(0.01, 0.5))
def test_a_shortfall_is_at_least_the_value_at_risk_below_it(
    returns: list[float], tail: float
) -> None:
    shortfall, floor = expected_shortfall(returns, tail), historical_var(returns, tail)
    assert shortfall is not None
    assert floor is not None
    assert shortfall >= floor - 1e-12
    assert near(quantile(returns, tail), float(np.quantile(returns, tail)), absolute=1e-12)


def test_ratios_of_gains_to_losses_are_undefined_without_a_loss() -> None:
    assert sortino([0.1, 0.2]) is None
    assert omega([0.1, 0.2]) is None
    assert near(sortino([0.2, -0.1]), 0.05 / math.sqrt(0.005))


def test_lo_scale_is_undefined_where_noise_leaves_nothing_under_the_root() -> None:
    assert eta([-0.9], 2) is not None
    assert eta([-1.0], 2) is None
    with pytest.raises(ValueError, match=r"q must be in \[1, 2\]"):
        eta([0.1], 3)


@given(st.floats(0.01, 1.0), st.integers(2, 5000), st.floats(-1.0, 1.0), st.floats(3.0, 12.0))
def test_a_track_record_of_the_least_length_proves_just_enough(
    sr: float, n: int, skew: float, kurt: float
) -> None:
    record = Record(sr, n, skew, kurt)
    assert probabilistic_sharpe(record, sr) in {0.5, None}
    need = min_track_record(record)
    if need is None:
        return
    z = sr * math.sqrt(need - 1.0) / math.sqrt(record.inner or 0.0)
    assert near(z, 1.6448536269514722, rel=1e-9)


def test_the_expected_maximum_is_that_of_order_statistics() -> None:
    assert expected_max(1) == expected_max_exact(1) == 0.0
    assert near(expected_max_exact(2), 1.0 / math.sqrt(math.pi), rel=1e-13)
    assert near(expected_max_exact(3), 1.5 / math.sqrt(math.pi), rel=1e-13)
    assert expected_max(1e12) > expected_max_exact(1e12) > 6.0
    with pytest.raises(ValueError, match=r"trials must be >= 1, was 0\.5"):
        expected_max(0.5)


def _naive_pbo(table: np.ndarray, blocks: int) -> list[float]:
    cut, found = np.array_split(table, blocks), list[float]()
    for chosen in combinations(range(blocks), blocks // 2):
        inside = np.concatenate([cut[i] for i in chosen])
        outside = np.concatenate([cut[i] for i in range(blocks) if i not in chosen])
        ratio = [half.mean(axis=0) / half.std(axis=0, ddof=1) for half in (inside, outside)]
        best = int(ratio[0].argmax())
        omega = (int((ratio[1] < ratio[1][best]).sum()) + 1) / (table.shape[1] + 1)
        found.append(math.log(omega / (1.0 - omega)))
    return found


def test_block_sums_give_the_overfitting_that_slicing_gives() -> None:
    table = np.random.Generator(np.random.PCG64(8)).normal(0.5, 1e-3, (48, 7))
    found = overfitting(table.tolist(), 8)
    assert all(map(partial(near, absolute=1e-9), found.logits, _naive_pbo(table, 8)))
    assert 0.0 <= found.probability <= 1.0
    turned = overfitting(table[:, ::-1].tolist(), 8)
    assert turned.probability == found.probability
    with pytest.raises(ValueError, match="blocks must be even, in"):
        overfitting(table.tolist(), 5)


def test_a_model_without_spread_leaves_the_studentised_test_undefined() -> None:
    found = superiority([[0.1, 1.0], [0.1, 2.0], [0.1, -1.0]], every_resample(3))
    assert found.spa is None
    assert found.p_spa_consistent is None
    assert 0.0 <= found.p_reality_check <= 1.0


@given(st.integers(6, 60), st.integers(2, 6), st.integers(0, 4), st.integers(0, 4))
def test_no_training_label_reaches_into_a_test_or_its_embargo(
    n: int, k: int, horizon: int, embargo: int
) -> None:
    tested: list[int] = []
    for fold in purged_folds(n, k, horizon, embargo):
        ((first, last),) = fold.test
        tested += range(first, last + 1)
        for i in fold.train:
            assert i + horizon < first or i > last + horizon + embargo
    assert tested == list(range(n))


def test_each_group_is_tested_once_in_every_path() -> None:
    folds = combinatorial_folds(30, 6, 2, horizon=1)
    assert len(folds) == split_count(6, 2) == 15
    for group in {part for fold in folds for part in fold.test}:
        assert sum(group in fold.test for fold in folds) == path_count(6, 2) == 5


def test_a_walk_forward_tests_only_what_comes_after_its_training() -> None:
    windows = walk_forward(103, 40, 10, 7, anchored=True)
    assert all(w.train[0] == 0 and w.test[0] == w.train[1] + 1 for w in windows)
    assert windows[-1].test[1] <= 102
    assert walk_forward(5, 4, 2) == []


def test_a_series_against_itself_is_its_benchmark() -> None:
    x = [0.01, -0.02, 0.03, 0.005]
    found = compare(x, x, 252.0, 0.001)
    assert near(found.beta, 1.0)
    assert near(found.alpha, 0.0, absolute=1e-15)
    assert found.information_ratio is None
    assert near(found.up_capture, 1.0)


def test_trades_that_came_to_nothing_break_a_losing_streak() -> None:
    assert losing_streak([-1.0, -1.0, 0.0, -1.0]) == 2
    assert trade_statistics([1.0, 2.0]).profit_factor is None
    assert trade_statistics([]).hit_rate is None
    with pytest.raises(ValueError, match=r"risk\[0\] must be > 0"):
        trade_statistics([1.0], [0.0])


def test_a_rate_per_period_compounds_to_the_annual_one() -> None:
    assert near((1.0 + rate_per_period(0.05, 252.0)) ** 252, 1.05)
    with pytest.raises(ValueError, match="annual must be > -1"):
        rate_per_period(-1.0, 252.0)
