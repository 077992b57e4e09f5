"""The pages of the screen Size: this trade, my record, a return series, a target by a date, a structure."""

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from tradebot.engine.research.desk.fan import fan_of_bets, fan_of_drift
from tradebot.engine.research.desk.page import Money, Page, Stake, curve, top_of
from tradebot.engine.sizing.beta import Beta, posterior
from tradebot.engine.sizing.deadline import deadline_chance, deadline_stake
from tradebot.engine.sizing.fraction import Aim, chance_at_end, likeliest_stake
from tradebot.engine.sizing.hybrid import best_blend
from tradebot.engine.sizing.kelly import Drift
from tradebot.engine.sizing.models import Lognormal
from tradebot.engine.sizing.outcomes import Outcomes
from tradebot.engine.sizing.payoff import Leg, Structure
from tradebot.engine.sizing.sample import SampleKelly, equal_weights, sample_kelly
from tradebot.engine.sizing.trade import Sizes, sizes
from tradebot.engine.sizing.utility import Blend, Distribution, Target, Utility, binary_crra
from tradebot.engine.sizing.utility import best_on_grid as _best_on_grid

GAMMA = 2.0
"""Of the risk-averse utility shown beside the others."""

GOAL = 1.1
"""Wealth that the target utility of a single bet wants, as a multiple of wealth now."""

_CELLS = 60
_PARTS = 200
"""A long series is drawn as the means of so many equal parts of its sorted returns."""
STRUCTURE_PATHS = 600


def from_trade(money: Money, belief: Beta | None, quantity: float | None) -> Page:
    """Return the page of a trade, sized by a record or a stated chance; without either there is no Kelly figure.

    Raises:
        ValueError: If a figure is outside its bound.
    """
    pays = money.trade.pays
    you = None if quantity is None else money.trade.share(money.equity, quantity)
    figures = [("risk per unit", f"{money.trade.risk:,.2f}")]
    if pays is None:
        figures.append(("pays", "no target: nothing says it"))
        return _without_belief(figures, money, you)
    figures += [("pays", f"{pays:.2f} : 1 after fees"), ("break-even", f"{100 / (1 + pays):.1f} %")]
    if belief is None or pays <= 0.0:
        figures.append(("your edge", "not stated: Kelly says 0"))
        return _without_belief(figures, money, you)
    return from_record(money, belief, pays, you, figures)


def from_record(
    money: Money,
    belief: Beta,
    pays: float,
    you: float | None,
    figures: Sequence[tuple[str, str]] = (),
) -> Page:
    """Return the page of bets that pay `pays` for 1 and of which a belief says how often they win.

    Raises:
        ValueError: If the odds are not > 0.
    """
    if not pays > 0.0:
        raise ValueError(f"what a win pays must be > 0, was {pays}")
    found = sizes(pays, belief)
    outcomes = Outcomes((pays, -1.0), (found.used, 1.0 - found.used))
    named = _yours(you) + _binary_stakes(found, pays, outcomes)
    stakes = [money.at_risk(name, share, outcomes.growth(share)) for name, share in named]
    staked = found.half_kelly if you is None else you
    return Page(
        figures=(
            *figures,
            ("edge used", f"{found.used:.3f}"),
            ("sure of edge", f"{found.sure * 100:.0f} %"),
        ),
        stakes=tuple(stakes),
        curve=curve(outcomes.growth, top_of(outcomes, found.kelly, you)),
        best=found.kelly,
        you=you,
        across="share of equity lost at the stop",
        fan=fan_of_bets(outcomes, staked),
        fan_of=f"{'half Kelly' if you is None else 'you'}, bet after bet",
        warnings=(
            "a stop is a price, not a promise: a gap loses more",
            "the chance that is used is an estimate; careful sizes at its 20 % quantile",
        ),
    )


def from_returns(
    money: Money, returns: Sequence[float], cap: float, quantity: float | None
) -> Page:
    """Return the page of a series of simple returns; shares are held.

    Raises:
        ValueError: If the series is empty, or the cap not > 0.
    """
    sample, outcomes = _measured(tuple(returns), cap)
    you = None if quantity is None else quantity * money.trade.entry / money.equity
    names = [*_yours(you), ("Kelly", sample.stake), ("half Kelly", sample.stake / 2.0)]
    names += [("one error less", max(sample.stake - sample.error, 0.0))]
    staked = sample.stake / 2.0 if you is None else you
    return Page(
        figures=(
            ("returns", f"{len(returns)}"),
            ("mean", f"{sum(returns) / len(returns) * 100:.3f} %"),
            ("Kelly", f"{sample.stake:.2f} ± {sample.error:.2f}"),
        ),
        stakes=tuple(money.held(name, share, outcomes.growth(share)) for name, share in names),
        curve=curve(outcomes.growth, top_of(outcomes, sample.stake, you)),
        best=sample.stake,
        you=you,
        across="share of equity held",
        fan=fan_of_bets(outcomes, staked),
        fan_of=f"{'half Kelly' if you is None else 'you'}, period after period",
        warnings=(
            f"sample Kelly is noise: its error is {sample.error:.2f}, and growth on the sample flatters",
            "returns are taken as independent of each other",
        ),
    )


def from_target(
    money: Money, aim: Aim, drift: Drift, weight: float, cap: float, quantity: float | None
) -> Page:
    """Return the page of a wealth to be reached by a date; shares are held.

    Raises:
        ValueError: If a figure is outside its bound.
    """
    best = deadline_stake(aim.wealth, aim.goal, aim.years, sigma=drift.sigma, r=drift.r)
    top_chance = deadline_chance(aim.wealth, aim.goal, aim.years, sharpe=drift.sharpe, r=drift.r)
    you = None if quantity is None else quantity * money.trade.entry / money.equity
    named = [
        ("Kelly", min(drift.stake, cap)),
        ("half Kelly", min(drift.stake / 2.0, cap)),
        ("target", min(likeliest_stake(drift, aim), cap)),
        (f"hybrid {weight:g}", best_blend(drift, aim, weight, cap).stake),
    ]
    stakes = [
        money.held(name, share, drift.growth(share), chance_at_end(drift, share, aim))
        for name, share in _yours(you) + named
        if share > 0.0
    ]
    capped = best > cap
    staked = named[3][1] if you is None else you
    return Page(
        figures=(
            ("best play of all", f"{'at most ' if capped else ''}{top_chance:.2f}"),
            ("it holds now", f"{best:.2f} of equity"),
            ("Kelly", f"{drift.stake:.2f}"),
        ),
        stakes=tuple(stakes),
        curve=curve(drift.growth, max(2.4 * max(drift.stake, 0.1), 1.2 * (you or 0.0))),
        best=drift.stake,
        you=you,
        across="share of equity held",
        fan=fan_of_drift(drift, staked, aim.years),
        fan_of=f"{named[3][0] if you is None else 'you'}, hundredths of {aim.years:g} years",
        warnings=(
            "continuous: no jumps, watched without a break; looked at on closes, barriers are touched less often",
            "the best play has no limit on credit and may lose everything"
            + ("; with the cap its chance is an upper bound" if capped else ""),
        ),
    )


def from_structure(
    money: Money, legs: Sequence[Leg], drift: Drift, years: float, units: float | None
) -> Page:
    """Return the page of a structure; shares are of equity at risk, a unit is the structure once.

    Raises:
        ValueError: If a figure is outside its bound, or there is no leg.
    """
    structure = Structure(money.trade.entry, tuple(legs), money.trade.fee)
    risk = structure.planned_risk()
    model = Lognormal(drift.mu, drift.sigma)
    results = _simulated(structure, model, years)
    outcomes = _parts(results)
    kelly = outcomes.stake(1.0)
    you = None if units is None else units * risk / money.equity

    def stake(name: str, share: float) -> Stake:
        lost = share * money.equity
        return Stake(name, share, lost, lost / risk, outcomes.growth(share))

    named = [*_yours(you), ("Kelly", kelly), ("half Kelly", kelly / 2.0)]
    barred = sorted(
        {f"{type(leg).__name__.lower()}: {why}" for leg in legs if (why := leg.untradable())}
    )
    return Page(
        figures=(
            ("at risk", f"{risk:,.2f} a unit"),
            ("mean", f"{outcomes.mean:+.3f} per unit at risk"),
            ("worst path", f"{min(results):+.2f}"),
            ("losing", f"{sum(each < 0.0 for each in results) / len(results) * 100:.0f} %"),
        ),
        stakes=tuple(stake(name, share) for name, share in named),
        curve=curve(outcomes.growth, top_of(outcomes, kelly, you)),
        best=kelly,
        you=you,
        across="share of equity at risk",
        fan=fan_of_bets(outcomes, kelly / 2.0 if you is None else you),
        fan_of=f"{'half Kelly' if you is None else 'you'}, structure after structure",
        warnings=(
            *(f"cannot be traded here: {each}" for each in barred),
            f"{STRUCTURE_PATHS} simulated paths, looked at 60 times: between looks nothing is seen",
        ),
    )


@lru_cache(maxsize=8)
def _measured(returns: tuple[float, ...], cap: float) -> tuple[SampleKelly, Outcomes]:
    """Return what a series says, and its equal parts for curve and fan: a typed quantity changes neither."""
    return sample_kelly(returns, cap), _parts(returns)


@lru_cache(maxsize=8)
def _simulated(structure: Structure, model: Lognormal, years: float) -> tuple[float, ...]:
    """Return the results of simulated paths per unit at risk; a typed quantity does not change them."""
    found = structure.results(model, years, paths=STRUCTURE_PATHS, seed=1)
    return tuple((found / structure.planned_risk()).tolist())


def _parts(returns: Sequence[float]) -> Outcomes:
    """Return the means of equal parts of sorted returns, each as likely."""
    ordered = sorted(returns)
    count = min(_PARTS, len(ordered))
    cuts = [len(ordered) * index // count for index in range(count + 1)]
    return equal_weights([math.fsum(ordered[a:b]) / (b - a) for a, b in pairwise(cuts)])


def believed(won: float | None, lost: float | None, stated: float | None) -> Beta | None:
    """Return a belief from a record and a stated chance; None where there is neither.

    Raises:
        ValueError: If a count is negative or the chance outside (0, 1).
    """
    if won is None and lost is None and stated is None:
        return None
    return posterior(won or 0.0, lost or 0.0, stated=stated)


def _binary_stakes(found: Sizes, pays: float, outcomes: Outcomes) -> list[tuple[str, float]]:
    def best(utility: Utility) -> float:
        def value(share: float) -> float:
            wealth = tuple(max(1.0 + share * each, 0.0) for each in outcomes.returns)
            return utility.evaluate(Distribution(wealth, outcomes.chances))

        return _best_on_grid(value, 0.999, _CELLS).stake

    return [
        ("careful", found.careful),
        ("half Kelly", found.half_kelly),
        ("Kelly", found.kelly),
        (f"CRRA {GAMMA:g}", max(binary_crra(found.used, pays, GAMMA), 0.0)),
        ("target +10 %", best(Target(GOAL))),
        ("hybrid 0.5", best(Blend(GOAL, 0.5))),
    ]


def _yours(you: float | None) -> list[tuple[str, float]]:
    return [] if you is None else [("you", you)]


def _without_belief(figures: Sequence[tuple[str, str]], money: Money, you: float | None) -> Page:
    stakes = () if you is None else (money.at_risk("you", you, 0.0),)
    return Page(
        figures=tuple(figures),
        stakes=stakes,
        curve=(),
        best=0.0,
        you=you,
        across="share of equity lost at the stop",
        fan=(),
        fan_of="",
        warnings=(
            "no size has a source: state won and lost, or a chance, or trade on limits alone",
        ),
    )
