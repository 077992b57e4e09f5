"""Utilities and targets: one mapping per family of reference cases, through the public functions."""

import pytest

from tradebot.engine.sizing.bold import bold_play, deadline_play, exact_chance, timid_play
from tradebot.engine.sizing.deadline import deadline_chance, deadline_stake
from tradebot.engine.sizing.fraction import (
    Aim,
    chance_at_end,
    chance_to_hit,
    likeliest_stake,
    time_to_hit,
    until_target_or_floor,
)
from tradebot.engine.sizing.hybrid import best_blend
from tradebot.engine.sizing.kelly import Drift, crra_growth, crra_stake
from tradebot.engine.sizing.utility import binary_crra, certainty_equivalent

type Found = dict[str, object]
type Written = str | float


def bold(p: Written, x: list[Written]) -> Found:
    found = [bold_play(exact_chance(p), exact_chance(start)) for start in x]
    return {"F": [float(each) for each in found], "F_exact": [str(each) for each in found]}


def timid(p: Written, a: int, n: int) -> Found:
    win = exact_chance(p)
    found = timid_play(win, a, n)
    boldly = float(bold_play(win, exact_chance(f"{a}/{n}")))
    return {"p_target": found.target, "expected_bets": found.bets, "bold_same_start": boldly}


def deadline_dp(p: Written, N: int, T: int) -> Found:
    values = deadline_play(exact_chance(p), N, T).chances
    return {"V": [float(value) for value in values], "V_exact": [str(value) for value in values]}


def browne(x: float, b: float, r: float, mu: float, sigma: float, T: float) -> Found:
    drift = Drift(mu, r, sigma)
    share = deadline_stake(x, b, T, sigma=sigma, r=r)
    return {
        "theta": drift.sharpe,
        "p_max": deadline_chance(x, b, T, sharpe=drift.sharpe, r=r),
        "amount": share * x,
        "fraction": share,
        "kelly_fraction": drift.stake,
    }


def const_fraction(
    x: float, b: float, r: float, mu: float, sigma: float, T: float, f: float
) -> Found:
    drift, aim = Drift(mu, r, sigma), Aim(x, b, T)
    best = likeliest_stake(drift, aim)
    return {
        "p_hit_by_T": chance_to_hit(drift, f, aim),
        "p_terminal": chance_at_end(drift, f, aim),
        "expected_hit_time": time_to_hit(drift, f, aim),
        "f_best_terminal": best,
        "p_best_terminal": chance_at_end(drift, best, aim),
    }


def crra_merton(mu: float, r: float, sigma: float, gamma: list[float]) -> Found:
    drift = Drift(mu, r, sigma)
    growth = [crra_growth(drift, each) for each in gamma]
    return {"f": [crra_stake(drift, each) for each in gamma], "ce_growth": growth}


def crra_binary(p: float, b: float, gamma: float) -> Found:
    stake = binary_crra(p, b, gamma)
    sure = certainty_equivalent([1 + b * stake, 1 - stake], [p, 1 - p], gamma)
    return {"f": stake, "ce": sure}


def equivalent(wealth: list[float], probs: list[float], gamma: list[float]) -> Found:
    return {"ce": [certainty_equivalent(wealth, probs, each) for each in gamma]}


def hybrid(
    x: float, b: float, r: float, mu: float, sigma: float, T: float, w: list[float]
) -> Found:
    best = [best_blend(Drift(mu, r, sigma), Aim(x, b, T), weight) for weight in w]
    return {"f": [each.stake for each in best], "J": [each.value for each in best]}


def stop(x: float, lo: float, hi: float, nu: float, vol: float) -> Found:
    found = until_target_or_floor(x, lo, hi, growth=nu, volatility=vol)
    years, end = found.years, found.log_wealth
    return {"p_target": found.target, "expected_exit_time": years, "e_log_exit": end}


FAMILIES: dict[str, object] = {
    "utility-bold": bold,
    "utility-browne": browne,
    "utility-ce": equivalent,
    "utility-const-fraction": const_fraction,
    "utility-crra-binary": crra_binary,
    "utility-crra-merton": crra_merton,
    "utility-deadline-dp": deadline_dp,
    "utility-hybrid": hybrid,
    "utility-stop": stop,
    "utility-timid": timid,
}


@pytest.mark.usefixtures("case")
def test_a_reference_case(request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("hold").to(FAMILIES)
