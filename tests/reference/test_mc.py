"""Monte Carlo: one mapping per family of reference cases, through the public functions."""

import pytest

from tradebot.engine.research.montecarlo import bootstrap, error_bars, laws, passage, series
from tradebot.engine.sizing.beta import wilson

Figures = dict[str, object]


def gbm(S0: float, mu: float, sigma: float, T: float, q: list[float]) -> Figures:
    law = laws.gbm(S0, mu, sigma, T)
    return {
        "quantiles": [law.quantile(each) for each in q],
        "mean": law.mean,
        "median": law.quantile(0.5),
        "sd": law.deviation,
        "p_loss": law.below(S0),
        "es_5pct_wealth": law.mean_of_worst(0.05),
    }


def driftless(sigma: float, T: float, h: float) -> Figures:
    return {
        "p_le": passage.drawdown_within(sigma, T, h),
        "depth": passage.share_of(h),
        "expected_mdd": passage.expected_drawdown(sigma, T),
    }


def drawdown(mu: float, sigma: float, f: float, T: float, D: float) -> Figures:
    nu, vol = f * mu - (f * sigma) ** 2 / 2.0, f * sigma
    depth = passage.depth_of(D)
    chance = passage.chance_of_drawdown(nu, vol, depth, T)
    return {"p": chance, "nu": nu, "vol": vol, "h": depth}


def first_passage(nu: float, vol: float, a: float, T: float) -> Figures:
    return {
        "p_by_T": passage.chance_by(nu, vol, a, T),
        "p_ever": passage.chance_ever(nu, vol, a),
        "mean_time": passage.mean_time(nu, vol, a),
        "median_time": passage.median_time(nu, vol, a),
    }


def discrete_barrier(nu: float, vol: float, a: float, T: float, n: int) -> Figures:
    return {
        "p_discrete": passage.chance_on_dates(nu, vol, a, T, n),
        "p_continuous": passage.chance_by(nu, vol, a, T),
        "p_bgk": passage.chance_bgk(nu, vol, a, T, n),
    }


def student(nu: float, mu: float, sigma: float, tail: list[float]) -> Figures:
    law = laws.ScaledStudent(nu, mu, sigma)
    return {
        "scale": law.scale,
        "var": [law.value_at_risk(each) for each in tail],
        "es": [law.shortfall(each) for each in tail],
        "kurtosis": law.kurtosis,
    }


def bootstrap_variance(x: list[float], p: float, b: int) -> Figures:
    return {
        "var_stationary": bootstrap.variance_stationary(x, p),
        "var_circular": bootstrap.variance_circular(x, b),
        "var_iid": bootstrap.variance_independent(x),
        "mean": sum(x) / len(x),
    }


def congruential(seed: int, n: int, phi: float) -> list[float]:
    """Return the series that the case's linear congruential generator makes."""
    values, last = list[float](), 0.0
    for _ in range(n):
        seed = (1_664_525 * seed + 1_013_904_223) % 2**32
        last = phi * last + seed / 2**32 - 0.5
        values.append(last)
    return values


def politis_white(n: int, phi: float, **seeds: int) -> Figures:
    values = (
        congruential(seeds["lcg_seed"], n, phi)
        if "lcg_seed" in seeds
        else series.autoregressive(seeds["seed"], n, phi)
    )
    found = bootstrap.block_length(values)
    assert found is not None
    return {
        "stationary": found.stationary,
        "circular": found.circular,
        "m": found.m,
        "z_last": values[-1],
    }


def jump(mu: float, sigma: float, lam: float, **size: float) -> Figures:
    law = laws.JumpDiffusion(mu, sigma, lam, size["mJ"], size["sJ"], size["T"])
    return {
        "kbar": law.compensator,
        "log_mean": law.log_mean,
        "log_var": law.log_variance,
        "skew": law.skewness,
        "excess_kurt": law.excess_kurtosis,
        "p_below_0_8": law.below(-passage.depth_of(0.2)),
        "q05": 1.0 - passage.share_of(-law.quantile(0.05)),
    }


def regime(
    P: list[list[float]], mu: list[float], sigma: list[float], n: int, pi0: list[float]
) -> Figures:
    law = laws.Regimes(P, mu, sigma, pi0)
    mean, variance = law.moments(n)
    return {
        "stationary": law.stationary(),
        "duration": law.durations,
        "mean": mean,
        "var": variance,
        "e_exp": law.mean_growth(n),
        "p_below": law.below(-0.05, n),
    }


def variance_reduction(sigma: float) -> Figures:
    names = ("variance", "rho", "antithetic_ratio", "cv_beta", "cv_ratio")
    return dict(zip(names, laws.exponential_variance(sigma), strict=True))


def errorbar(n: int, k: int, q: float) -> Figures:
    share = float(q)
    return {
        "p_hat": k / n,
        "se": error_bars.share_error(k, n),
        "wilson": wilson(k, n),
        "clopper_pearson": error_bars.clopper_pearson(k, n),
        "zero_hit_upper": error_bars.zero_hit_bound(n),
        "quantile_ranks": error_bars.quantile_ranks(n, share),
        "quantile_se_normal": error_bars.quantile_error_normal(n, share),
    }


def sobol(dim: int, n: int) -> Figures:
    return {"points": series.sobol(dim, n, scramble=False)}


FAMILIES: dict[str, object] = {
    "mc-bootstrap-variance": bootstrap_variance,
    "mc-discrete-barrier": discrete_barrier,
    "mc-errorbar-prob": errorbar,
    "mc-first-passage": first_passage,
    "mc-gbm-terminal": gbm,
    "mc-jump": jump,
    "mc-mdd-drift": drawdown,
    "mc-mdd-driftless": driftless,
    "mc-politis-white": politis_white,
    "mc-regime": regime,
    "mc-sobol": sobol,
    "mc-student": student,
    "mc-variance-reduction": variance_reduction,
}


@pytest.mark.usefixtures("case")
def test_a_reference_case(request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("hold").to(FAMILIES)
