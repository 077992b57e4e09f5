"""Proposals for the capital of sleeves; nothing moves by itself.

`equal` gives each live sleeve of an account the same. `risk` gives capital in proportion to 1 / s, where s is what a
sleeve's bets swing: the standard deviation of their results as a share of its capital (risk parity with all
correlations equal; Maillard, Roncalli, Teiletche 2010). A sleeve whose s is not known yet gets the mean share.
`growth` is in growth_allocation.py; a sleeve of fewer than 10 settled bets keeps what it has.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_DOWN, Decimal
from statistics import stdev

import msgspec

from tradebot.engine.control.engine import Refused
from tradebot.engine.control.sleeves import AllocateBy, AllocationFacts, AllocationLine
from tradebot.engine.core.outcomes import BetSettled
from tradebot.engine.core.types import Owner
from tradebot.engine.live.daily_results import DAYS_MIN, Daily, Growth

CENT = Decimal("0.01")
ZERO = Decimal(0)
ONE = Decimal(1)
PERCENT = Decimal(100)


BETS_MIN = 10
"""Settled bets from which on a sleeve's swing counts as known."""


class Claim(msgspec.Struct, frozen=True):
    """A live sleeve that capital may be given to."""

    sleeve: Owner
    capital: Decimal
    """What it has, in the engine's currency."""
    swing: Decimal | None
    """Standard deviation of a bet's result as a share of capital, > 0; None: too few settled bets."""
    settled: int
    """Bets that `swing` is measured on."""


def claim_of(sleeve: Owner, capital: Decimal, settled: int, swing: Decimal | None) -> Claim:
    """Return a sleeve's claim; a swing in money becomes a share of its capital.

    Args:
        sleeve: Which.
        capital: What it has, > 0.
        settled: Bets measured.
        swing: Standard deviation of their results in the engine's currency; None or 0: not known.
    """
    return Claim(sleeve, capital, swing / capital if swing else None, settled)


def propose(
    by: AllocateBy,
    pool: Decimal,
    claims: Sequence[Claim],
    currency: str,
    results: Daily | None = None,
) -> AllocationFacts:
    """Return a proposal: every sleeve's capital, rounded down to cents so that it never exceeds the pool.

    Args:
        by: `equal`, `risk` or `growth`.
        pool: Money to be shared, in the engine's currency, > 0.
        claims: The live sleeves.
        currency: The engine's.
        results: What the sleeves' bets brought by day; needed by `growth` alone.

    Raises:
        Refused: If there is nothing to share or nobody to share it, or no record to grow by.
    """
    if not claims:
        raise Refused("conflict", "no sleeve runs live: tradebot policy start NAME --live")
    if pool <= 0:
        raise Refused("conflict", f"there is nothing to share: the pool is {pool:f} {currency}")
    if by == "growth":
        lines = _by_growth(pool, claims, results or {})
    else:
        weights = equal_weights(claims) if by == "equal" else risk_weights(claims)
        lines = tuple(_line(claim, weights[claim.sleeve], pool, by) for claim in claims)
    return AllocationFacts(
        by=by,
        pool=f"{pool:f}",
        currency=currency,
        lines=lines,
        commands=tuple(
            f"tradebot policy capital {line.sleeve} {line.proposed}"
            for line in lines
            if line.proposed != line.capital
        ),
    )


def swings(bets: Iterable[BetSettled]) -> dict[Owner, tuple[int, Decimal | None]]:
    """Return how many bets each owner has settled, and the standard deviation of what they brought.

    A bet told again takes the place of what was told before. Results are in the engine's currency; a bet that had no
    rate is counted and not measured.

    Args:
        bets: In order.
    """
    newest = {(bet.owner, bet.bet_id): bet for bet in bets}
    results: dict[Owner, list[Decimal]] = {}
    for bet in newest.values():
        results.setdefault(bet.owner, [])
        if bet.rate and bet.elsewhere is not None:
            net = Decimal(bet.result) - Decimal(bet.elsewhere)
            results[bet.owner].append(net * Decimal(bet.rate))
    return {
        owner: (len(known), stdev(known) if len(known) >= BETS_MIN else None)
        for owner, known in results.items()
    }


def equal_weights(claims: Sequence[Claim]) -> Mapping[Owner, Decimal]:
    """Return the same share for each."""
    return {claim.sleeve: ONE / len(claims) for claim in claims}


def risk_weights(claims: Sequence[Claim]) -> Mapping[Owner, Decimal]:
    """Return shares in proportion to 1 / swing; who has no known swing gets the mean of the others."""
    known = {claim.sleeve: ONE / claim.swing for claim in claims if claim.swing is not None}
    if not known:
        return equal_weights(claims)
    mean = sum(known.values(), ZERO) / len(known)
    raw = {claim.sleeve: known.get(claim.sleeve, mean) for claim in claims}
    total = sum(raw.values(), ZERO)
    return {name: weight / total for name, weight in raw.items()}


def _by_growth(
    pool: Decimal, claims: Sequence[Claim], results: Daily
) -> tuple[AllocationLine, ...]:
    """Return the proposal of growth: who has no record keeps its capital, the others share what is left of the pool."""
    from tradebot.engine.live.growth_allocation import growth_weights

    known = {c.sleeve: c.capital for c in claims if c.settled >= BETS_MIN and c.capital > 0}
    rest = pool - sum((c.capital for c in claims if c.sleeve not in known), ZERO)
    found = growth_weights(results, known, float(rest / pool)) if rest > 0 and known else None
    if found is None:
        raise Refused(
            "conflict",
            f"no record to grow by: a sleeve needs {BETS_MIN} settled bets, and all of them {DAYS_MIN} days, and room "
            "in the pool; there is --by equal and --by risk",
        )
    return tuple(_grown(claim, found.get(claim.sleeve), pool) for claim in claims)


def _grown(claim: Claim, growth: Growth | None, pool: Decimal) -> AllocationLine:
    if growth is None:
        share = claim.capital / pool
        why = f"{claim.settled} of {BETS_MIN} bets: keeps what it has"
    else:
        share = Decimal(str(growth.weight))
        why = (
            f"{growth.mean * 100:+.3f} % of capital a day, {growth.believed * 100:.0f} % of it believed, "
            f"{claim.settled} settled"
        )
    return AllocationLine(
        sleeve=claim.sleeve,
        capital=f"{claim.capital:f}",
        proposed=f"{(pool * share).quantize(CENT, ROUND_DOWN):f}",
        share=f"{share * PERCENT:.1f}",
        why=why,
    )


def _line(claim: Claim, weight: Decimal, pool: Decimal, by: AllocateBy) -> AllocationLine:
    if by == "equal":
        why = "equal share"
    elif claim.swing is None:
        why = f"swing unknown, {claim.settled} settled bets: mean share"
    else:
        why = f"a bet swings {claim.swing * PERCENT:.2f} % of capital, {claim.settled} settled"
    return AllocationLine(
        sleeve=claim.sleeve,
        capital=f"{claim.capital:f}",
        proposed=f"{(pool * weight).quantize(CENT, ROUND_DOWN):f}",
        share=f"{weight * PERCENT:.1f}",
        why=why,
    )
