"""Reach a target by a deadline, or stop at a floor: hold what makes the target likeliest, within a cap.

The share comes from Browne's rule (1999): it depends on how far the target is, how long there is and how much the asset
moves, and not on where it is believed to go. Far behind with little time it wants more than there is: the cap is what
keeps it honest, and with a cap the chance is less than the rule states.

It loses the distance to the floor, often: a fair game reaches +2 % before -2 % half the time, less what trading costs.
Near the deadline it bets its largest size. It is for who needs an amount at a date, not for who wants to grow.
"""

import math
from decimal import Decimal
from itertools import pairwise

import msgspec

from tradebot.engine import (
    Bars,
    ContextMap,
    MarketSnapshot,
    OrderSeq,
    Params,
    PortfolioState,
    param,
    want,
    why,
)
from tradebot.engine.sizing.deadline import deadline_stake

HOUR = 3_600_000_000_000
YEAR = 365 * 24 * HOUR
"""Markets that never close."""

MINUTES_A_YEAR = 365 * 24 * 60


class TargetParams(Params, frozen=True):
    """What the seeker may be told."""

    target: Decimal = param("0.02", gt=0, le=1, doc="gain on the capital to be reached")
    floor: Decimal = param("0.02", gt=0, lt=1, doc="loss of the capital at which it stops")
    hours: int = param(24, ge=1, le=8760, doc="from its first decision to the deadline")
    most: Decimal = param("1", gt=0, le=1, doc="largest share of equity in the asset")
    band: Decimal = param("0.05", gt=0, le="0.5", doc="drift of the share that is let be")


class Begun(msgspec.Struct, frozen=True):
    """What it remembers."""

    at: int
    """Its first decision, ns UTC."""
    over: str = ""
    """Why it has stopped; empty while it has not."""


class Target:
    """One asset, one target, one deadline."""

    params = TargetParams
    state = Begun
    needs = (Bars("1m", history=30),)

    def decide(
        self,
        portfolio: PortfolioState,
        snapshot: MarketSnapshot,
        context: ContextMap | None = None,
    ) -> OrderSeq:
        """Return the share of equity to hold now."""
        p = TargetParams.of(context)
        known = context.state if context is not None else None
        begun = known if isinstance(known, Begun) else Begun(at=snapshot.now)
        market = snapshot.only
        equity, mark = portfolio.equity, market.mark
        if equity is None or mark is None or equity <= 0:
            return OrderSeq.none(because=why("no-market"), state=begun)
        left = begun.at + p.hours * HOUR - snapshot.now
        over = begun.over or ended(equity / portfolio.capital - 1, left, p)
        if over:
            return want.flat(because=why(over), state=msgspec.structs.replace(begun, over=over))
        goal = float(portfolio.capital * (1 + p.target))
        moves = volatility([float(bar.close) for bar in snapshot.bars("1m")])
        if moves == 0.0:
            return OrderSeq.none(because=why("market-stands-still"), state=begun)
        stake = deadline_stake(float(equity), goal, left / YEAR, sigma=moves)
        wanted = min(Decimal(str(round(stake, 4))), p.most)
        held = portfolio.quantity(market.instrument.id) * mark / equity
        if abs(wanted - held) <= p.band:
            return OrderSeq.none(because=why("in-band"), state=begun)
        reason = why("towards-target", wanted=wanted, held=round(held, 4), left=left // HOUR)
        return want.weight(wanted, because=reason, state=begun)


def ended(gained: Decimal, left: int, p: TargetParams) -> str:
    """Return why the game is over; empty while it is not."""
    if gained >= p.target:
        return "target-reached"
    if gained <= -p.floor:
        return "floor-reached"
    return "deadline-passed" if left <= 0 else ""


def volatility(closes: list[float]) -> float:
    """Return the yearly standard deviation of a minute's log returns; 0 with fewer than three closes."""
    moves = [math.log(after / before) for before, after in pairwise(closes)]
    if len(moves) < 2:  # noqa: PLR2004  (one move has no spread)
        return 0.0
    mean = sum(moves) / len(moves)
    spread = sum((move - mean) ** 2 for move in moves) / (len(moves) - 1)
    return math.sqrt(spread * MINUTES_A_YEAR)
