"""Proposals for the capital of sleeves; nothing moves by itself.

`equal` gives each live sleeve of an account the same. `risk` gives capital in proportion to 1 / s, where s is what a
sleeve's bets swing: the standard deviation of their results as a share of its capital (risk parity with all
correlations equal; Maillard, Roncalli, Teiletche 2010). A sleeve whose s is not known yet gets the mean share.
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_DOWN, Decimal

import msgspec

from tradebot.engine.control.engine import Refused
from tradebot.engine.control.sleeves import AllocateBy, AllocationFacts, AllocationLine
from tradebot.engine.core.types import Owner

CENT = Decimal("0.01")
ZERO = Decimal(0)
ONE = Decimal(1)
PERCENT = Decimal(100)


class Claim(msgspec.Struct, frozen=True):
    """A live sleeve that capital may be given to."""

    sleeve: Owner
    capital: Decimal
    """What it has, in the engine's currency."""
    swing: Decimal | None
    """Standard deviation of a bet's result as a share of capital, > 0; None: too few settled bets."""
    settled: int
    """Bets that `swing` is measured on."""


def propose(
    by: AllocateBy, pool: Decimal, claims: Sequence[Claim], currency: str
) -> AllocationFacts:
    """Return a proposal: every sleeve's capital, rounded down to cents so that it never exceeds the pool.

    Args:
        by: `equal` or `risk`.
        pool: Money to be shared, in the engine's currency, > 0.
        claims: The live sleeves.
        currency: The engine's.

    Raises:
        Refused: If there is nothing to share or nobody to share it, or `by` comes later.
    """
    if by == "growth":
        raise Refused(
            "usage",
            "not yet: --by growth (log-optimal over the sleeves' bets, edges shrunk by proof) comes with a later "
            "version; there is --by equal and --by risk",
        )
    if not claims:
        raise Refused("conflict", "no sleeve runs live: tradebot policy start NAME --live")
    if pool <= 0:
        raise Refused("conflict", f"there is nothing to share: the pool is {pool:f} {currency}")
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
