"""How deep a fraction of Kelly falls, and when over-betting ruins.

Sources: Thorp 2006, section 7.3; Chin, Ingenoso 2006; Busseti, Ryu, Boyd 2016 (J. Investing 25:118). Continuous betting
is assumed where nothing else is said: full bets of even money fall less often than these formulas say.
"""

import math

from tradebot.engine.sizing.kelly import BinaryBet, Drift
from tradebot.engine.sizing.normal import chance_to_touch
from tradebot.engine.sizing.outcomes import Outcomes
from tradebot.engine.sizing.roots import falling_root, ratio_of_expm1, upper_bracket


def chance_ever_below(c: float, alpha: float) -> float:
    """Return P(wealth ever falls below alpha of its start) at a fraction c of Kelly: alpha^(2/c - 1); 1 from c = 2 on.

    Relative to the start, not to the last peak; cash earns nothing.

    Raises:
        ValueError: If c is not > 0 or alpha outside (0, 1).
    """
    _check(c, alpha)
    return math.exp(_power(c) * math.log(alpha)) if c < 2.0 else 1.0


def chance_up_before_down(c: float, alpha: float, beta: float) -> float:
    """Return P(wealth reaches beta of its start before alpha of it): (1 - alpha^k) / (1 - (alpha/beta)^k), k = 2/c - 1.

    Raises:
        ValueError: If c is not > 0, alpha outside (0, 1), or beta not above 1.
    """
    _check(c, alpha)
    if not beta > 1.0:
        raise ValueError(f"beta must be > 1, was {beta}")
    near, far = math.log(alpha), math.log(alpha) - math.log(beta)
    power = _power(c)
    return ratio_of_expm1(power * near, power * far) if power else near / far


def _power(c: float) -> float:
    return 2.0 / c - 1.0


def _check(c: float, alpha: float) -> None:
    if not c > 0.0:
        raise ValueError(f"the fraction of Kelly must be > 0, was {c}")
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha must be in (0, 1), was {alpha}")


def chance_below_by(drift: Drift, stake: float, alpha: float, years: float) -> float:
    """Return P(wealth at a constant stake falls below alpha of its start within a time), watched without a break.

    Args:
        drift: The asset.
        stake: Share of wealth in it.
        alpha: In (0, 1).
        years: >= 0.
    """
    _check(1.0, alpha)
    if years < 0.0:
        raise ValueError(f"years must be >= 0, was {years}")
    volatility = abs(stake) * drift.sigma
    return chance_to_touch(-math.log(alpha), -drift.growth(stake), volatility, years)


def ruin_stake(bet: BinaryBet) -> float:
    """Return the stake above Kelly's at which growth is zero again: above it wealth tends to 0 almost surely.

    It tends to twice Kelly's for a small edge only. 0 without an edge.

    Raises:
        ValueError: If the bet cannot lose: there is no such stake.
    """
    if bet.win >= 1.0:
        raise ValueError("a bet that always wins has no stake that ruins")
    if bet.stake == 0.0:
        return 0.0
    return falling_root(bet.growth, bet.stake, 1.0 / bet.loses)


def flat_bet_ruin(win: float, units: int, goal: int) -> float:
    """Return P(ruin before a goal) of flat even-money bets of one unit: (r^u - r^N) / (1 - r^N), r = q/p.

    Args:
        win: In (0, 1).
        units: Held at the start, in [0, goal].
        goal: > 0.
    """
    _check_flat(win, units)
    if not units <= goal or goal <= 0:
        raise ValueError(f"the goal must be > 0 and at least the {units} units held, was {goal}")
    rate = math.log(win) - math.log1p(-win)
    near, far = rate * (goal - units), rate * goal
    return ratio_of_expm1(near, far) if far else (goal - units) / goal


def flat_bet_ruin_ever(win: float, units: int) -> float:
    """Return P(ruin ever) of flat even-money bets of one unit: (q/p)^u; 1 without an edge."""
    _check_flat(win, units)
    return min(1.0, math.exp(units * (math.log1p(-win) - math.log(win))))


def _check_flat(win: float, units: int) -> None:
    if not 0.0 < win < 1.0 or units < 0:
        raise ValueError(f"win must be in (0, 1) and units >= 0, were {win} and {units}")


def bets_until(win: float, below: float) -> int:
    """Return after how many bets the chance not to have won once is below a bound: (1 - p)^n < bound.

    Args:
        win: In (0, 1).
        below: In (0, 1).
    """
    if not (0.0 < win < 1.0 and 0.0 < below < 1.0):
        raise ValueError(f"win and the bound must be in (0, 1), were {win} and {below}")
    return math.floor(math.log(below) / math.log1p(-win)) + 1


def risk_power(alpha: float, beta: float) -> float:
    """Return lambda = ln beta / ln alpha of P(wealth ever below alpha) < beta.

    Raises:
        ValueError: If alpha or beta is outside (0, 1).
    """
    if not (0.0 < alpha < 1.0 and 0.0 < beta < 1.0):
        raise ValueError(f"alpha and beta must be in (0, 1), were {alpha} and {beta}")
    return math.log(beta) / math.log(alpha)


def constrained_binary(bet: BinaryBet, power: float) -> float:
    """Return the largest stake up to Kelly's with E[wealth^-lambda] <= 1: P(min wealth < alpha) < alpha^lambda.

    Args:
        bet: Any bet that may lose.
        power: lambda, >= 0.
    """

    def room(stake: float) -> float:
        won = bet.win * math.expm1(-power * math.log1p(bet.pays * stake))
        lost = (1.0 - bet.win) * math.expm1(-power * math.log1p(-bet.loses * stake))
        return -(won + lost)

    best = bet.stake
    if best == 0.0 or power == 0.0 or (best * bet.loses < 1.0 and room(best) >= 0.0):
        return best
    return falling_root(room, 0.0, best)


def drawdown_bound(outcomes: Outcomes, stake: float, alpha: float) -> float:
    """Return a bound on P(wealth ever falls below alpha of its start) when a bet is repeated at one stake.

    alpha^lambda with E[W^-lambda] = 1: Lundberg's bound, as Busseti, Ryu and Boyd use it. At Kelly's stake lambda is 1.

    Args:
        outcomes: Of one unit staked.
        stake: Share of wealth, >= 0.
        alpha: In (0, 1).

    Returns:
        0 where nothing is staked or nothing loses, 1 where the stake does not grow.
    """
    _check(1.0, alpha)
    if stake == 0.0 or outcomes.worst >= 0.0:
        return 0.0
    if outcomes.growth(stake) <= 0.0:
        return 1.0
    pairs = zip(outcomes.chances, outcomes.returns, strict=True)
    logs = [(p, -math.log1p(stake * r)) for p, r in pairs if p > 0.0]
    steepest = max(each for _, each in logs)

    def room(power: float) -> float:
        top = power * steepest
        if top > 600.0:
            return -1.0
        return -math.fsum(p * math.expm1(power * each) for p, each in logs)

    power = falling_root(room, 0.0, upper_bracket(room))
    return math.exp(power * math.log(alpha))


def quadratic_fraction(power: float) -> float:
    """Return the fraction of Kelly that the quadratic approximation allows: min(1, 2 / (lambda + 1))."""
    return min(1.0, 2.0 / (power + 1.0))
