"""Several bets at once: outcomes that exclude each other, and independent bets settled together.

Sources: Kelly 1956, section 3; Smoczynski, Tomkins 2010 (Math. Methods Oper. Res.); Whitrow 2007 (JRSS C 56).
"""

import itertools
import math
from collections.abc import Sequence

import msgspec

from tradebot.engine.sizing.kelly import BinaryBet
from tradebot.engine.sizing.log_optimal import best_weights

BETS_MAX = 12
"""Simultaneous bets: their joint outcomes are 2^k."""


class Stakes(msgspec.Struct, frozen=True):
    """Shares of wealth to stake, one per bet, and what they do."""

    fractions: tuple[float, ...]
    growth: float
    """Nats per round."""
    reserve: float
    """Share of wealth kept back."""


def exclusive_stakes(chances: Sequence[float], odds: Sequence[float]) -> Stakes:
    """Return the best stakes on outcomes of which exactly one happens.

    Outcomes are taken by p o, highest first, while p o exceeds the reserve R = (1 - sum p) / (1 - sum 1/o) of those
    taken; each gets p - R/o. One with p o < 1 may be among them: it insures the others.

    Args:
        chances: One per outcome, >= 0, sum <= 1; what is missing belongs to outcomes nobody quotes.
        odds: Decimal, stake included, > 1.

    Raises:
        ValueError: If a list is of the wrong length or a figure outside its bound.
    """
    if len(chances) != len(odds) or not chances:
        raise ValueError(f"one chance per odds is needed, were {len(chances)} for {len(odds)}")
    if not all(chance >= 0.0 for chance in chances) or math.fsum(chances) > 1.0 + 1e-9:
        raise ValueError(f"chances must be >= 0 and sum to at most 1, were {list(chances)}")
    if not all(each > 1.0 for each in odds):
        raise ValueError(f"decimal odds must be > 1, were {list(odds)}")
    order = sorted(range(len(odds)), key=lambda index: -chances[index] * odds[index])
    taken: list[int] = []
    reserve = 1.0
    for index in order:
        if chances[index] * odds[index] <= reserve:
            break
        taken.append(index)
        left = 1.0 - math.fsum(chances[each] for each in taken)
        reserve = max(left, 0.0) / (1.0 - math.fsum(1.0 / odds[each] for each in taken))
    fractions = [0.0] * len(odds)
    for index in taken:
        fractions[index] = chances[index] - reserve / odds[index]
    kept = 1.0 - math.fsum(fractions)
    growth = _exclusive_growth(chances, odds, fractions, kept)
    return Stakes(tuple(fractions), growth, reserve)


def _exclusive_growth(
    chances: Sequence[float], odds: Sequence[float], fractions: Sequence[float], kept: float
) -> float:
    wealth = [kept + each * stake for each, stake in zip(odds, fractions, strict=True)]
    terms = [p * math.log(w) for p, w in zip(chances, wealth, strict=True) if p > 0.0]
    unquoted = 1.0 - math.fsum(chances)
    if unquoted > 1e-12:
        terms.append(unquoted * math.log(kept))
    return math.fsum(terms)


def simultaneous_stakes(bets: Sequence[BinaryBet]) -> Stakes:
    """Return the best stakes on independent bets that are settled together: the joint optimum over all outcomes.

    Raises:
        ValueError: If there are none, or more than 12: beyond that outcomes must be sampled.
    """
    if not 0 < len(bets) <= BETS_MAX:
        raise ValueError(f"from 1 to {BETS_MAX} simultaneous bets, were {len(bets)}")
    returns: list[list[float]] = []
    chances: list[float] = []
    for wins in itertools.product((True, False), repeat=len(bets)):
        pairs = list(zip(wins, bets, strict=True))
        returns.append([bet.pays if won else -bet.loses for won, bet in pairs])
        chances.append(math.prod(bet.win if won else 1.0 - bet.win for won, bet in pairs))
    kept = [index for index, chance in enumerate(chances) if chance > 0.0]
    best = best_weights([returns[k] for k in kept], [chances[k] for k in kept], budget=None)
    return Stakes(best.weights, best.growth, 1.0 - math.fsum(best.weights))
