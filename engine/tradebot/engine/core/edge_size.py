"""The edge that sizes use: what was stated, corrected by what such bets have come to, and the stake it supports.

A stated chance p counts as five bets beside those of the same owner and reason that stated one and have settled:
Beta(5p + won, 5(1 - p) + lost), of which the mean is used. A record taken as the edge is used as it is. The stake is
half of Kelly's (1956): (p - (1 - p) / b) / 2 of capital lost at the stop, b what a win pays for each unit lost, fees
in. Without a target nobody knows b, and without a chance nobody knows p: then no edge bounds a size.
"""

from decimal import Decimal

import msgspec

from tradebot.engine.core.rates import ROUNDING
from tradebot.engine.core.reasons import Edge
from tradebot.engine.core.records import Records, record_of
from tradebot.engine.sizing.beta import posterior

_PLACES = Decimal("0.0001")
_HALF = Decimal("0.5")
_ONE = Decimal(1)


class UsedEdge(msgspec.Struct, frozen=True, kw_only=True):
    """The chance to win that a size is measured by, and where it comes from."""

    said: Decimal | None
    """What was stated; None: the record itself is the edge."""
    won: int
    settled: int
    """Bets that it was held against."""
    win: Decimal
    """What is used, in (0, 1), to four digits."""

    def text(self) -> str:
        """Return it as people say it: `you said 0.40, 13 of 41 won = 0.32: sizes use 0.33`."""
        share = f" = {self.won / self.settled:.2f}" if self.settled else ""
        came = (
            f"{self.won} of {self.settled} won{share}" if self.settled else "none has settled yet"
        )
        said = "" if self.said is None else f"you said {self.said:.2f}, "
        return f"{said}{came}: sizes use {self.win:.2f}"


def used_edge(records: Records, owner: str, tag: str, edge: Edge | None) -> UsedEdge | None:
    """Return the chance that sizes use; None where none was stated, or the record is too short to be an edge.

    Args:
        records: What settled bets have come to.
        owner: Whose bet it will be.
        tag: What kind of bet, as `records.tag_of` says.
        edge: What was stated.
    """
    record = record_of(records, owner, tag)
    if edge is None:
        return None
    if edge.source == "record":
        found = record.edge()
        if found is None or found.win is None:
            return None
        return UsedEdge(said=None, won=record.won, settled=record.settled, win=found.win)
    if edge.win is None or not 0 < edge.win < 1:
        return None
    lost = record.stated - record.stated_won
    mean = posterior(record.stated_won, lost, stated=float(edge.win)).mean
    return UsedEdge(
        said=edge.win,
        won=record.stated_won,
        settled=record.stated,
        win=Decimal(str(mean)).quantize(_PLACES),
    )


def half_kelly(win: Decimal, pays: Decimal) -> Decimal:
    """Return the share of capital to lose at the stop; 0 where there is no edge.

    Args:
        win: Chance, in (0, 1).
        pays: What a win brings for each unit that is lost, fees in; 0 or less: a win costs.
    """
    if pays <= 0:
        return Decimal(0)
    full = ROUNDING.subtract(win, ROUNDING.divide(_ONE - win, pays))
    return max(ROUNDING.multiply(full, _HALF), Decimal(0))
