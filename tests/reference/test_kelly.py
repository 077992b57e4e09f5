"""Kelly and sizing: one mapping per family of reference cases, through the public functions."""

import pytest

from tradebot.engine.sizing.beta import Beta
from tradebot.engine.sizing.drawdown import (
    bets_until,
    chance_below_by,
    chance_ever_below,
    chance_up_before_down,
    constrained_binary,
    flat_bet_ruin,
    flat_bet_ruin_ever,
    quadratic_fraction,
    risk_power,
    ruin_stake,
)
from tradebot.engine.sizing.jumps import GapRisk, OptionBet
from tradebot.engine.sizing.kelly import (
    BinaryBet,
    Drift,
    binary_stake,
    careful_stake,
    cost_band,
    drift_shrink,
    shrink_factor,
    shrunk_growth,
    shrunk_stake,
    sure_of_edge,
    with_commission,
    with_cost,
)
from tradebot.engine.sizing.log_optimal import from_gross, paper_example
from tradebot.engine.sizing.markets import (
    Allocation,
    Market,
    bounded_allocation,
    free_allocation,
)
from tradebot.engine.sizing.outcomes import Outcomes
from tradebot.engine.sizing.sample import bootstrap_kelly, sample_kelly
from tradebot.engine.sizing.wagers import exclusive_stakes, simultaneous_stakes

type Found = dict[str, object]


def binary(p: float, b: float, a: float = 1.0) -> Found:
    bet = BinaryBet(p, b, a)
    return {
        "f_star": bet.unclamped,
        "growth": bet.growth(bet.unclamped),
        "growth_half_kelly": bet.growth(bet.unclamped / 2),
        "curvature": bet.curvature(bet.unclamped),
        "edge": bet.edge,
    }


def binary_noedge(p: float, b: float, a: float = 1.0, *, long_only: bool = True) -> Found:
    bet = BinaryBet(p, b, a)
    stake = bet.stake if long_only else bet.unclamped
    return {"f_raw": bet.unclamped, "f_star": stake, "growth": bet.growth(stake)}


def binary_cost(p: float, b: float, c: float) -> Found:
    return {
        "f_commission_on_winnings": with_commission(p, b, c).stake,
        "f_cost_on_stake": with_cost(p, b, c).stake,
    }


def discrete(returns: list[float], probs: list[float], cap: float | None = None) -> Found:
    outcomes = Outcomes(tuple(returns), tuple(probs))
    stake = outcomes.stake(cap)
    growth = outcomes.growth(stake)
    mean = outcomes.mean
    return {"f_star": stake, "growth": growth, "f_upper": outcomes.upper, "expected_return": mean}


def exclusive(probs: list[float], decimal_odds: list[float]) -> Found:
    best = exclusive_stakes(probs, decimal_odds)
    return {"fractions": best.fractions, "growth": best.growth, "reserve": best.reserve}


def simultaneous(bets: list[dict[str, float]]) -> Found:
    each = [BinaryBet(bet["p"], bet["b"], bet.get("a", 1.0)) for bet in bets]
    best = simultaneous_stakes(each)
    alone = [bet.stake for bet in each]
    return {"fractions": best.fractions, "growth": best.growth, "standalone": alone}


def merton(mu: float, r: float, sigma: float, c: list[float]) -> Found:
    drift = Drift(mu, r, sigma)
    return {
        "f_star": drift.stake,
        "growth": drift.growth(drift.stake),
        "fractional_growth": [drift.growth(each * drift.stake) for each in c],
        "curvature": drift.curvature,
        "sharpe": drift.sharpe,
        "f_zero_excess_growth": drift.ruin,
    }


def market(mu: list[float], r: float, sd: list[float], corr: list[list[float]]) -> Market:
    return Market(tuple(mu), r, tuple(sd), tuple(map(tuple, corr)))


def told(found: Allocation) -> Found:
    return {
        "f_star": found.fractions,
        "growth": found.growth,
        "gross_leverage": found.gross,
        "sum_f": found.net,
    }


def multi(mu: list[float], r: float, sd: list[float], corr: list[list[float]]) -> Found:
    return told(free_allocation(market(mu, r, sd, corr)))


def multi_constrained(
    mu: list[float],
    r: float,
    sd: list[float],
    corr: list[list[float]],
    leverage_cap: float | None = None,
    asset_cap: float | None = None,
    *,
    long_only: bool = True,
) -> Found:
    bounds = {"leverage": leverage_cap, "cap": asset_cap}
    return told(bounded_allocation(market(mu, r, sd, corr), **bounds, long_only=long_only))


def band(mu: float, r: float, sigma: float, kappa: float, H: float, f0: float) -> Found:
    low, high = cost_band(Drift(mu, r, sigma), kappa, H)
    target = min(max(f0, low), high)
    return {"band_low": low, "band_high": high, "f_target": target, "trade": target - f0}


def drawdown(c: float, alpha: float, beta: float) -> Found:
    below = chance_ever_below(c, alpha)
    return {"p_ever_below": below, "p_up_before_down": chance_up_before_down(c, alpha, beta)}


def drawdown_finite(mu: float, r: float, sigma: float, c: float, alpha: float, T: float) -> Found:
    drift = Drift(mu, r, sigma)
    stake = c * drift.stake
    below = chance_below_by(drift, stake, alpha, T)
    return {"f": stake, "nu": drift.growth(stake), "vol": abs(stake) * sigma, "p": below}


def bayes(wins: int, losses: int, prior_a: float, prior_b: float, b: float, q: float) -> Found:
    belief = Beta(prior_a + wins, prior_b + losses)
    return {
        "post_mean": belief.mean,
        "post_var": belief.variance,
        "f_mean": binary_stake(belief, b),
        "p_quantile": belief.quantile(q),
        "f_quantile": careful_stake(belief, b, q),
        "p_edge_positive": sure_of_edge(belief, b),
        "shrink_factor": shrink_factor(belief, b),
        "f_shrunk": shrunk_stake(belief, b),
    }


def shrink(m: float, sigma: float, se: float) -> Found:
    k = drift_shrink(m, se)
    return {
        "k": k,
        "growth_at_k": shrunk_growth(m, se, sigma, k),
        "growth_plugin": shrunk_growth(m, se, sigma, 1.0),
        "growth_true": shrunk_growth(m, 0.0, sigma, 1.0),
    }


def empirical(returns: list[float], cap: float | None = None) -> Found:
    found = sample_kelly(returns, cap)
    return {
        "f_star": found.stake,
        "growth": found.growth,
        "se": found.error,
        "f_quadratic": found.quadratic,
        "f_meanvar": found.mean_variance,
        "f_upper": found.upper,
    }


def bootstrap(returns: list[float], cap: float, q: list[float]) -> Found:
    found = bootstrap_kelly(returns, cap, q)
    return {
        "total": found.total,
        "mean": found.mean,
        "p_zero": found.losing,
        "p_cap": found.at_cap,
        "quantiles": found.quantiles,
    }


def rck_binary(p: float, b: float, alpha: float, beta: float, a: float = 1.0) -> Found:
    bet, power = BinaryBet(p, b, a), risk_power(alpha, beta)
    stake = constrained_binary(bet, power)
    return {"lam": power, "f_rck": stake, "f_kelly": bet.stake, "growth": bet.growth(stake)}


def rck_multi(
    gross_returns: list[list[float]], probs: list[float], alpha: float, beta: float
) -> Found:
    power = risk_power(alpha, beta)
    kelly, held = from_gross(gross_returns, probs), from_gross(gross_returns, probs, power)
    return {
        "lam": power,
        "kelly_weights": kelly.weights,
        "kelly_growth": kelly.growth,
        "rck_weights": held.weights,
        "rck_growth": held.growth,
        "constraint_active": held.constrained,
    }


def rck_notebook(seed: int, n: int, K: int, lambdas: list[float]) -> Found:
    gross, chances = paper_example(seed, n, K)
    table, probs = gross.tolist(), chances.tolist()
    return {"growth": [from_gross(table, probs, power).growth for power in lambdas]}


def qrck(mu: float, second_moment: float, alpha: float, beta: float) -> Found:
    power = risk_power(alpha, beta)
    c = quadratic_fraction(power)
    check = chance_ever_below(c, alpha)
    return {"lam": power, "c": c, "f": c * mu / second_moment, "check_beta": check}


def lottery(p: float, b: float) -> Found:
    bet = BinaryBet(p, b)
    return {
        "f_star": bet.stake,
        "edge": bet.edge,
        "growth": bet.growth(bet.stake),
        "growth_if_5pct": bet.growth(0.05),
        "f_zero": ruin_stake(bet),
        "bets_to_half": bets_until(p, 0.5),
    }


def option(S0: float, K: float, T: float, sigma: float, mu: float, premium: float) -> Found:
    bet = OptionBet(S0, K, T, sigma, mu, premium)
    return {
        "p_total_loss": bet.total_loss,
        "expected_return": bet.mean,
        "f_star": bet.stake,
        "growth": bet.growth(bet.stake),
    }


def overbet(p: float, b: float, a: float = 1.0) -> Found:
    bet = BinaryBet(p, b, a)
    ruins = ruin_stake(bet)
    ratio = ruins / bet.stake if bet.stake else None
    return {"f_star": bet.stake, "f_crit": ruins, "f_max": bet.most, "ratio": ratio}


def jump(m: float, sigma: float, lam: float, J: float) -> Found:
    risk = GapRisk(m, sigma, lam, J)
    return {
        "f_star": risk.stake,
        "growth": risk.growth(risk.stake),
        "f_diffusion": risk.diffusion_stake,
        "f_ruin": risk.ruin,
    }


def flatbet_ruin(p: float, u: int, N: int) -> Found:
    return {"p_ruin_before_N": flat_bet_ruin(p, u, N), "p_ruin_ever": flat_bet_ruin_ever(p, u)}


FAMILIES: dict[str, object] = {
    "kelly-bayes": bayes,
    "kelly-binary": binary,
    "kelly-binary-cost": binary_cost,
    "kelly-binary-noedge": binary_noedge,
    "kelly-bootstrap": bootstrap,
    "kelly-cost-band": band,
    "kelly-discrete": discrete,
    "kelly-drawdown": drawdown,
    "kelly-drawdown-finite": drawdown_finite,
    "kelly-drift-shrink": shrink,
    "kelly-empirical": empirical,
    "kelly-exclusive": exclusive,
    "kelly-flatbet-ruin": flatbet_ruin,
    "kelly-jump": jump,
    "kelly-lottery": lottery,
    "kelly-merton": merton,
    "kelly-multi": multi,
    "kelly-multi-constrained": multi_constrained,
    "kelly-option": option,
    "kelly-overbet": overbet,
    "kelly-qrck": qrck,
    "kelly-rck-binary": rck_binary,
    "kelly-rck-multi": rck_multi,
    "kelly-rck-notebook": rck_notebook,
    "kelly-simultaneous": simultaneous,
}


@pytest.mark.usefixtures("case")
def test_a_reference_case(request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("hold").to(FAMILIES)
