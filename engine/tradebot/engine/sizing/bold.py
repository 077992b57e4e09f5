"""Reaching a target with even-money bets: bold play, timid play, and the best play before a deadline. Exact.

Sources: Dubins, Savage 1965, How to Gamble If You Must; Feller I, chapter 14. Chances are rationals: doubling a float
loses a bit a step.
"""

from fractions import Fraction

import msgspec

_ORBIT_MAX = 100_000
_CHIPS_MAX = 500


def exact_chance(win: Fraction | str | float) -> Fraction:
    """Return a chance as it was written: "18/38", ".6", 0.45 (which is 9/20, not the nearest float).

    Raises:
        ValueError: If it is no number in [0, 1].
    """
    chance = Fraction(win if isinstance(win, Fraction | str) else repr(win))
    if not 0 <= chance <= 1:
        raise ValueError(f"a chance must be in [0, 1], was {win}")
    return chance


def bold_play(win: Fraction, start: Fraction) -> Fraction:
    """Return P(reaching 1 from a share of it) by staking min(x, 1 - x) always; the best play for win <= 1/2.

    F(x) = p F(2x) up to 1/2, p + q F(2x - 1) above: along the doubling orbit of a rational, which ends or closes, this
    is one linear equation.

    Args:
        win: p, in [0, 1].
        start: In [0, 1]; its denominator bounds the orbit.

    Raises:
        ValueError: If start is outside [0, 1], or its orbit is longer than 100,000.
    """
    if not 0 <= start <= 1:
        raise ValueError(f"a start must be in [0, 1], was {start}")
    lose, half = 1 - win, Fraction(1, 2)
    constant, factor = Fraction(0), Fraction(1)
    seen: dict[Fraction, tuple[Fraction, Fraction]] = {}
    x = start
    while x not in {0, 1} and x not in seen:
        if len(seen) >= _ORBIT_MAX:
            raise ValueError(f"the orbit of {start} is longer than {_ORBIT_MAX}: round the start")
        seen[x] = (constant, factor)
        if x <= half:
            factor *= win
            x = 2 * x
        else:
            constant += factor * win
            factor *= lose
            x = 2 * x - 1
    if x in {0, 1}:
        return constant + factor * x
    # It is back at y, with value constant' + factor' F(y) from the start: F(y) = a + b F(y) round the loop.
    at, scale = seen[x]
    if factor == scale:
        return constant
    if scale == 0:
        return at
    here = (constant - at) / (scale - factor)
    return at + scale * here


class TimidPlay(msgspec.Struct, frozen=True):
    """What unit bets do."""

    target: float
    """P(target before ruin)."""
    bets: float
    """Expected number of bets until either."""


def timid_play(win: Fraction, start: int, goal: int) -> TimidPlay:
    """Return what even-money bets of one unit do: gambler's ruin.

    P = (1 - (q/p)^a) / (1 - (q/p)^n), expected bets a/(q - p) - n/(q - p) P; a/n and a(n - a) for p = 1/2.

    Args:
        win: p, in (0, 1).
        start: a, units held, in [0, goal].
        goal: n, > 0.
    """
    if not 0 < win < 1 or not 0 <= start <= goal or goal <= 0:
        raise ValueError(
            f"win must be in (0, 1), start in [0, goal], were {win}, {start} and {goal}"
        )
    if win == Fraction(1, 2):
        return TimidPlay(start / goal, float(start * (goal - start)))
    rate = (1 - win) / win
    chance = (1 - rate**start) / (1 - rate**goal)
    drift = 1 - 2 * win
    return TimidPlay(float(chance), float((start - goal * chance) / drift))


class DeadlinePlay(msgspec.Struct, frozen=True):
    """The best play of whole chips before a deadline."""

    chances: tuple[Fraction, ...]
    """P(target in time), for 0 up to the target."""
    stakes: tuple[int, ...]
    """What to stake first; of equally good stakes the smallest."""


def deadline_play(win: Fraction, goal: int, bets: int) -> DeadlinePlay:
    """Return the best chances of reaching a goal within a number of even-money bets of any whole stake.

    Backward induction over numerators of a common denominator, without rounding.

    Args:
        win: p, in [0, 1].
        goal: N chips, from 1 to 500.
        bets: T, >= 0.
    """
    if not 0 < goal <= _CHIPS_MAX or bets < 0:
        raise ValueError(
            f"the goal must be from 1 to {_CHIPS_MAX} chips and bets >= 0, were {goal} and {bets}"
        )
    won, whole = win.numerator, win.denominator
    lost = whole - won
    values, stakes, scale = [0] * goal + [1], [0] * (goal + 1), 1
    for _ in range(bets):
        scale *= whole
        ahead = [0] * goal + [scale]
        for x in range(1, goal):
            best, stake = -1, 0
            for s in range(min(x, goal - x) + 1):
                value = won * values[x + s] + lost * values[x - s]
                if value > best:
                    best, stake = value, s
            ahead[x], stakes[x] = best, stake
        values = ahead
    return DeadlinePlay(tuple(Fraction(value, scale) for value in values), tuple(stakes))
