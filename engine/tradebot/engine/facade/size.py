"""`size.*`: how much to bet, for scripts and notebooks; the words of `tradebot size`. Pure: nothing is sent.

Each returns the object that knows the answer, so that a curve, a stake or a chance can be asked of it:

    from tradebot.engine import size
    size.trade(59998.5, 58800, target=63600, fee=0.001, won=13, lost=28).sizes.half_kelly
"""

from collections.abc import Mapping, Sequence

import msgspec

from tradebot.engine.sizing.beta import posterior
from tradebot.engine.sizing.deadline import deadline_chance, deadline_stake
from tradebot.engine.sizing.drawdown import risk_power
from tradebot.engine.sizing.fraction import Aim, chance_at_end, likeliest_stake
from tradebot.engine.sizing.hybrid import STAKE_MAX, best_blend
from tradebot.engine.sizing.kelly import BinaryBet, Drift
from tradebot.engine.sizing.log_optimal import Weights, best_weights
from tradebot.engine.sizing.markets import Allocation, Market, bounded_allocation
from tradebot.engine.sizing.models import Model
from tradebot.engine.sizing.outcomes import Outcomes
from tradebot.engine.sizing.payoff import PayoffReport, Structure, design
from tradebot.engine.sizing.sample import SampleKelly, sample_kelly
from tradebot.engine.sizing.trade import Sizes, Trade, sizes
from tradebot.engine.sizing.utility import Best, Utility


class TradeSize(msgspec.Struct, frozen=True):
    """A trade, and what a record says of its size."""

    trade: Trade
    sizes: Sizes | None
    """Shares of equity lost at the stop; None without a target, or without a record or a stated chance."""


class TargetSize(msgspec.Struct, frozen=True):
    """A wealth by a date, and the plays for it."""

    best_chance: float
    """Of the best play of all, without a limit on credit: an upper bound where there is one."""
    share_now: float
    """What that play holds now."""
    constant_share: float
    """The likeliest share that is held constant."""
    chance_constant: float
    kelly: float
    chance_kelly: float


def trade(  # noqa: PLR0913  (a trade has that many parts)
    entry: float,
    stop: float,
    *,
    target: float | None = None,
    fee: float = 0.0,
    won: float | None = None,
    lost: float | None = None,
    stated: float | None = None,
) -> TradeSize:
    """Size a trade by its record.

    Args:
        entry: Price, > 0.
        stop: Below the entry: long; above: short.
        target: On the other side of the entry.
        fee: Share of what is traded, each way.
        won: Such bets won.
        lost: Such bets lost.
        stated: Chance you state, in (0, 1); it counts as five bets.

    Raises:
        ValueError: If a figure is outside its bound.
    """
    made = Trade(entry, stop, target, fee)
    if made.pays is None or (won is None and lost is None and stated is None):
        return TradeSize(made, None)
    return TradeSize(made, sizes(made.pays, posterior(won or 0.0, lost or 0.0, stated=stated)))


def record(won: float, lost: float, pays: float, *, stated: float | None = None) -> Sizes:
    """Size bets that pay `pays` for 1 by how many were won and lost; raises ValueError outside bounds."""
    return sizes(pays, posterior(won, lost, stated=stated))


def returns(values: Sequence[float], *, cap: float | None = None) -> SampleKelly:
    """Size by a series of simple returns, with its error; raises ValueError outside bounds."""
    return sample_kelly(values, cap)


def binary(win: float, pays: float, loses: float = 1.0) -> BinaryBet:
    """Return a bet that wins `pays` with chance `win` and else loses `loses`: `.stake`, `.growth(f)`."""
    return BinaryBet(win, pays, loses)


def discrete(returns: Sequence[float], chances: Sequence[float]) -> Outcomes:
    """Return a bet with several outcomes: `.stake(cap)`, `.growth(f)`; raises ValueError outside bounds."""
    return Outcomes(tuple(returns), tuple(chances))


def merton(mu: float, sigma: float, r: float = 0.0) -> Drift:
    """Return a drifting price beside cash: `.stake`, `.growth(f)`, `.sharpe`. mu is no mean log return."""
    return Drift(mu, r, sigma)


def portfolio(  # noqa: PLR0913  (a market and its bounds)
    mu: Sequence[float],
    sd: Sequence[float],
    corr: Sequence[Sequence[float]],
    *,
    r: float = 0.0,
    budget: float = 1.0,
    cap: float | None = None,
    long_only: bool = True,
) -> Allocation:
    """Size several drifting prices together, with the proof of the answer.

    Raises:
        ValueError: If shapes do not fit or a figure is outside its bound.
        ArithmeticError: If no optimum can be proved.
    """
    market = Market(tuple(mu), r, tuple(sd), tuple(map(tuple, corr)))
    return bounded_allocation(market, leverage=budget, cap=cap, long_only=long_only)


def risk_constrained(
    table: Sequence[Sequence[float]], *, alpha: float, beta: float, budget: float = 1.0
) -> Weights:
    """Size a table of returns (period by asset) so that wealth falls below `alpha` with a chance under `beta`.

    Raises:
        ValueError: If shapes do not fit or a figure is outside its bound.
        ArithmeticError: If no optimum can be proved.
    """
    return best_weights(table, budget=budget, power=risk_power(alpha, beta))


def target(
    wealth: float, goal: float, years: float, *, mu: float, sigma: float, r: float = 0.0
) -> TargetSize:
    """Size for a wealth to be reached by a deadline; raises ValueError outside bounds."""
    drift, aim = Drift(mu, r, sigma), Aim(wealth, goal, years)
    held = likeliest_stake(drift, aim)
    return TargetSize(
        best_chance=deadline_chance(wealth, goal, years, sharpe=drift.sharpe, r=r),
        share_now=deadline_stake(wealth, goal, years, sigma=sigma, r=r),
        constant_share=held,
        chance_constant=chance_at_end(drift, held, aim),
        kelly=drift.stake,
        chance_kelly=chance_at_end(drift, drift.stake, aim),
    )


def hybrid(  # noqa: PLR0913  (a price, a goal, a date and a weight)
    wealth: float,
    goal: float,
    years: float,
    *,
    mu: float,
    sigma: float,
    r: float = 0.0,
    weight: float = 0.5,
    cap: float = STAKE_MAX,
) -> Best:
    """Size for growth and a target together: `weight` 0 is Kelly, 1 the target; raises ValueError outside bounds."""
    return best_blend(Drift(mu, r, sigma), Aim(wealth, goal, years), weight, cap)


def payoff(
    structure: Structure,
    model: Model,
    years: float,
    utilities: Mapping[str, Utility],
    *,
    paths: int = 4000,
    seed: int = 1,
) -> PayoffReport:
    """Design a payoff: its distribution, and the stake each utility likes best; raises ValueError outside bounds."""
    return design(structure, model, years, utilities, paths=paths, seed=seed)
