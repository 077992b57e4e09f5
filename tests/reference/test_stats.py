"""Statistics of results: one mapping per family of reference cases, through the public functions."""

import pytest

from tradebot.engine.research.statistics import (
    benchmark as relative,
)
from tradebot.engine.research.statistics import (
    downside,
    drawdown,
    exposure,
    overfitting,
    sample,
    sharpe,
    splits,
    superiority,
    tails,
    track_record,
    trades,
)
from tradebot.engine.research.statistics import (
    returns as earned,
)

Figures = dict[str, object]


def performance(returns: list[float], periods_per_year: float, rf_per_period: float) -> Figures:
    """Map stats-return."""
    del rf_per_period
    return {
        "total_return": earned.total_return(returns),
        "cagr": earned.cagr_periods(returns, periods_per_year),
        "ann_mean_arith": earned.annual_mean(returns, periods_per_year),
        "ann_vol": earned.annual_volatility(returns, periods_per_year),
        "ann_log_growth": earned.annual_log_growth(returns, periods_per_year),
        "geometric_mean": earned.geometric_mean(returns),
        "ann_vol_compounded": earned.annual_volatility_compounded(returns, periods_per_year),
    }


def moments(returns: list[float]) -> Figures:
    return {
        "mean": sample.mean(returns),
        "var_ddof1": sample.variance(returns),
        "var_ddof0": sample.variance(returns, less=0),
        "skew_pop": sample.skewness(returns),
        "kurt_pop": sample.kurtosis(returns),
        "skew_unbiased": sample.skewness_unbiased(returns),
        "excess_kurt_unbiased": sample.excess_kurtosis_unbiased(returns),
    }


def sharpe_ratio(returns: list[float], periods_per_year: float, rf_per_period: float) -> Figures:
    ratio = sharpe.sharpe(returns, rf_per_period)
    return {
        "sr": ratio,
        "sr_ann": sharpe.sharpe_annual(returns, periods_per_year, rf_per_period),
        "se_iid": None if ratio is None else sharpe.error_iid(ratio, len(returns)),
        "se_nonnormal": sharpe.error_of(returns, rf_per_period),
        "ci95_ann": sharpe.interval_annual(returns, periods_per_year, rf_per_period),
    }


def sharpe_lo(
    returns: list[float], periods_per_year: float, rf_per_period: float, q: int
) -> Figures:
    correlations = sharpe.autocorrelations(returns, q - 1)
    return {
        "autocorr": correlations,
        "eta": None if correlations is None else sharpe.eta(correlations, q),
        "sr_q": sharpe.sharpe_over(returns, q, rf_per_period),
        "sqrt_q_rule": sharpe.sharpe_annual(returns, q, rf_per_period),
    }


def lo_ar1(rho: float, q: list[int]) -> Figures:
    return {"eta": [sharpe.eta_ar1(rho, each) for each in q]}


def sortino(returns: list[float], periods_per_year: float, rf_per_period: float) -> Figures:
    wrong = sample.deviation([r - rf_per_period for r in returns if r < rf_per_period])
    over = None if wrong is None else sharpe.sharpe(returns, rf_per_period)
    return {
        "downside_dev": downside.downside_deviation(returns, rf_per_period),
        "sortino": downside.sortino(returns, rf_per_period),
        "sortino_ann": downside.sortino_annual(returns, periods_per_year, rf_per_period),
        "wrong_variant_ann": mistaken(returns, periods_per_year, rf_per_period, wrong, over),
    }


def mistaken(
    returns: list[float], periods: float, rate: float, wrong: float | None, over: float | None
) -> float | None:
    """Return the ratio by the spread of the losses alone, which the library does not offer."""
    spread = sample.deviation(returns)
    if wrong is None or over is None or spread is None:
        return None
    return over * spread / wrong * periods**0.5


def fall(returns: list[float], periods_per_year: float, rf_per_period: float) -> Figures:
    del rf_per_period
    found = drawdown.drawdowns(returns)
    return figures(found) | {
        "calmar": drawdown.calmar(returns, periods_per_year),
        "upi": drawdown.ulcer_performance(returns, periods_per_year),
        "recovery_factor": drawdown.recovery_factor(returns),
    }


def figures(found: drawdown.Drawdowns) -> Figures:
    names = (
        *("max_drawdown", "peak_index", "trough_index", "recovery_index", "peak_to_trough"),
        *("peak_to_recovery", "longest_under_water", "n_episodes", "mean_episode_depth"),
        *("final_drawdown", "pain_index", "ulcer_index"),
    )
    return {name: getattr(found, name) for name in names}


def episodes(returns: list[float]) -> Figures:
    late = drawdown.depths(earned.curve(returns)[1:])
    return figures(drawdown.drawdowns(returns)) | {"mdd_without_start": max(late)}


def omega_tail(returns: list[float]) -> Figures:
    return {
        "omega0": downside.omega(returns),
        "omega_001": downside.omega(returns, 0.001),
        "tail_ratio": downside.tail_ratio(returns),
        "gain_to_pain": downside.gain_to_pain(returns),
        "hit_rate": downside.hit_rate(returns),
    }


def value_at_risk(returns: list[float], tail: float) -> Figures:
    corrected = tails.cornish_fisher(returns, tail)
    return {
        "var_hist": tails.historical_var(returns, tail),
        "es_hist": tails.expected_shortfall(returns, tail),
        "var_gauss": tails.gaussian_var(returns, tail),
        "es_gauss": tails.gaussian_shortfall(returns, tail),
        "cf_z": None if corrected is None else corrected.z,
        "var_cf": None if corrected is None else corrected.value_at_risk,
    }


def against(
    returns: list[float], benchmark: list[float], periods_per_year: float, rf_per_period: float
) -> Figures:
    found = relative.compare(returns, benchmark, periods_per_year, rf_per_period)
    captured: Figures = {"up_capture": found.up_capture, "down_capture": found.down_capture}
    return captured | {
        "beta": found.beta,
        "alpha": found.alpha,
        "alpha_ann": found.alpha_annual,
        "geom_alpha": found.alpha_compounded,
        "corr": found.correlation,
        "r2": found.r_squared,
        "tracking_error_ann": found.tracking_error_annual,
        "information_ratio": found.information_ratio,
    }


def closed_trades(pnl: list[float], risk: list[float]) -> Figures:
    found = trades.trade_statistics(pnl, risk)
    same = ("hit_rate", "loss_rate", "profit_factor", "payoff_ratio", "expectancy", "sqn")
    return Figures({name: getattr(found, name) for name in same}) | {
        "avg_win": found.average_win,
        "avg_loss": found.average_loss,
        "expectancy_R": found.expectancy_r,
        "max_losing_streak": found.losing_streak,
        "kelly_rough": found.kelly_rough,
    }


def mae_mfe(
    side: trades.Side, entry: float, bars: list[dict[str, float]], **given: float
) -> Figures:
    edges = [(bar["high"], bar["low"]) for bar in bars]
    found = trades.excursion(side, entry, given["exit"], edges)
    names = ("mae", "mfe", "ret", "edge_ratio", "exit_efficiency")
    return {name: getattr(found, name) for name in names}


def weights_(weights: list[list[float]]) -> Figures:
    found = exposure.exposure(weights)
    names = ("time_in_market", "mean_gross", "mean_net", "turnover_two_way", "turnover_one_way")
    return {name: getattr(found, name) for name in names}


def record_of(given: dict[str, float]) -> track_record.Record:
    return track_record.Record(
        float(given["sr"]), int(given["n"]), float(given["skew"]), float(given["kurtosis"])
    )


def psr(sr_benchmark: float, alpha: float, **given: float) -> Figures:
    found = record_of(given)
    return {
        "psr": track_record.probabilistic_sharpe(found, float(sr_benchmark)),
        "min_trl": track_record.min_track_record(found, float(sr_benchmark), float(alpha)),
        "z": track_record.psr_score(found, float(sr_benchmark)),
    }


def expected_max(N: list[float]) -> Figures:
    return {
        "approx": [track_record.expected_max(n) for n in N],
        "exact": [track_record.expected_max_exact(n) for n in N],
    }


def dsr(**given: float) -> Figures:
    periods, trials = given["ppy"], given["trials"]
    spread = float(given["var_ann"]) / periods
    record = record_of(given | {"sr": float(given["sr_ann"]) / periods**0.5})
    return {
        "sr": record.sr,
        "sr0": track_record.deflated_benchmark(spread, trials),
        "dsr": track_record.deflated_sharpe(record, spread, trials),
    }


def dsr_trials(trial_sr: list[float], **given: float) -> Figures:
    record, found = record_of(given), Figures()
    for less in (0, 1):
        spread = track_record.trials_variance(trial_sr, less=less)
        assert spread is not None
        found[f"sr0_ddof{less}"] = track_record.deflated_benchmark(spread, len(trial_sr))
        found[f"dsr_ddof{less}"] = track_record.deflated_sharpe(record, spread, len(trial_sr))
    return found


def minbtl(N: float, target: float) -> Figures:
    return {
        "min_btl": track_record.min_backtest_years(float(N), float(target)),
        "upper": track_record.min_backtest_bound(float(N), float(target)),
    }


def invented(rows: int, seed: int, drift: list[float]) -> list[list[float]]:
    """Return the rows that the case's linear congruential generator makes."""
    table: list[list[float]] = []
    for _ in range(rows):
        table.append([])
        for each in drift:
            seed = (1_664_525 * seed + 1_013_904_223) % 2**32
            table[-1].append(round((seed / 2**32 - 0.5) * 0.04 + each, 6))
    return table


def pbo(T: int, S: int, lcg_seed: int, drift: list[float], **given: object) -> Figures:
    table = invented(T, lcg_seed, drift)
    assert table[0] == given["first_row"]
    found = overfitting.overfitting(table, S)
    return {
        "pbo": found.probability,
        "n_splits": found.n_splits,
        "mean_logit": found.mean_logit,
        "logits_first6": found.logits[:6],
    }


def spa(d: list[list[float]]) -> Figures:
    found = superiority.superiority(d, superiority.every_resample(len(d)))
    return {
        "V": found.reality_check,
        "T_spa": found.spa,
        "p_rc": found.p_reality_check,
        "p_spa_lower": found.p_spa_lower,
        "p_spa_consistent": found.p_spa_consistent,
        "p_spa_upper": found.p_spa_upper,
        "total": found.resamples,
    }


def purged(n: int, k: int, h: int, embargo: int) -> Figures:
    found = splits.purged_folds(n, k, h, embargo)
    return {"folds": [{"test": fold.test[0], "train": fold.train} for fold in found]}


def cpcv(N: int, k: int) -> Figures:
    return {"splits": splits.split_count(N, k), "paths": splits.path_count(N, k)}


def walk_forward(n: int, train: int, test: int, step: int, *, anchored: bool) -> Figures:
    found = splits.walk_forward(n, train, test, step, anchored=anchored)
    return {"windows": [{"train": one.train, "test": one.test} for one in found]}


def degenerate(returns: list[float], periods_per_year: float) -> Figures:
    return {
        "sharpe": sharpe.sharpe_annual(returns, periods_per_year),
        "sortino": downside.sortino_annual(returns, periods_per_year),
        "max_drawdown": drawdown.max_drawdown(returns),
        "calmar": drawdown.calmar(returns, periods_per_year),
        "profit_factor": downside.profit_factor(returns),
        "omega0": downside.omega(returns),
    }


FAMILIES: dict[str, object] = {
    "stats-benchmark": against,
    "stats-cpcv": cpcv,
    "stats-degenerate": degenerate,
    "stats-drawdown": fall,
    "stats-drawdown-episodes": episodes,
    "stats-dsr": dsr,
    "stats-dsr-trials": dsr_trials,
    "stats-expected-max": expected_max,
    "stats-exposure": weights_,
    "stats-lo-ar1": lo_ar1,
    "stats-mae-mfe": mae_mfe,
    "stats-minbtl": minbtl,
    "stats-moments": moments,
    "stats-omega-tail": omega_tail,
    "stats-pbo": pbo,
    "stats-psr": psr,
    "stats-purged-kfold": purged,
    "stats-return": performance,
    "stats-sharpe": sharpe_ratio,
    "stats-sharpe-lo": sharpe_lo,
    "stats-sortino": sortino,
    "stats-spa": spa,
    "stats-trades": closed_trades,
    "stats-var": value_at_risk,
    "stats-walkforward": walk_forward,
}


@pytest.mark.usefixtures("case")
def test_a_reference_case(request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("hold").to(FAMILIES)
