"""What an owner's settled bets of one kind have come to, and the edge that such a record supports.

A record counts by owner and tag (the code of the reason at entry, of a hand's order its note). R is a bet's result
divided by its risk, kept in millionths, so that sums are exact and a bet that changes later is taken out to the digit.
"""

import math
from decimal import Decimal

import msgspec

from tradebot.engine.core.outcomes import BetSettled
from tradebot.engine.core.reasons import Because, Edge
from tradebot.engine.sizing.beta import posterior
from tradebot.engine.sizing.target import BETS_MIN, Spread, spread_of

MILLION = 1_000_000
"""Parts of an R, and of a chance, that records are kept in."""

R_MAX = 1_000_000
"""Largest R that is recorded, both ways: beyond it the risk at entry said nothing."""

TAG_MAX = 40
"""Longest tag, in characters."""

TAGS_MAX = 200
"""Most tags of one owner; bets of further ones are counted under `OTHER`."""

OTHER = "(other)"
"""The tag of bets whose own tag was one too many."""

_PLACES = Decimal("0.0001")


class Record(msgspec.Struct, frozen=True):
    """Settled bets of one owner and tag, summed."""

    settled: int = 0
    won: int = 0
    """Of them, those that brought something, fees in."""
    risked: int = 0
    """Of them, those of known risk."""
    r: int = 0
    """Sum of their R, in millionths."""
    squares: int = 0
    """Sum of their R squared, in millionths of millionths."""
    stated: int = 0
    """Of the settled, those at whose entry a chance to win was stated."""
    stated_won: int = 0
    stated_chance: int = 0
    """Sum of these chances, in millionths."""

    @property
    def lost(self) -> int:
        """Return how many brought nothing or less."""
        return self.settled - self.won

    def spread(self) -> Spread:
        """Return mean and standard deviation of a bet's R."""
        return spread_of(self.risked, self.r / MILLION, self.squares / MILLION**2)

    def edge(self) -> Edge | None:
        """Return the belief that the future is as this record; None under 30 bets.

        The chance is the mean of Beta(1 + won, 1 + lost); the mean R with its standard error is given where risks are
        known.
        """
        if self.settled < BETS_MIN:
            return None
        win = _rounded(posterior(self.won, self.lost).mean)
        shown = self.spread()
        error = shown.error
        if shown.count < BETS_MIN or error is None:
            return Edge(source="record", win=win)
        mean_r, spread = _rounded(shown.mean), _rounded(error)
        return Edge(source="record", win=win, mean_r=mean_r, error=spread)

    def said(self) -> float | None:
        """Return the mean chance that was stated at entry; None where none was."""
        return self.stated_chance / (MILLION * self.stated) if self.stated else None

    def calibrated(self) -> float | None:
        """Return the chance that sizes use where one is stated: Beta(5p + won, 5(1 - p) + lost); None without one."""
        said = self.said()
        if said is None or not 0.0 < said < 1.0:
            return None
        return posterior(self.stated_won, self.stated - self.stated_won, stated=said).mean

    def changed(self, bet: BetSettled, way: int) -> "Record":
        """Return the record with a bet taken in (`way` 1) or out (-1)."""
        won = way if is_won(bet) else 0
        r = micro_r(bet)
        said = stated_chance(bet)
        return Record(
            settled=self.settled + way,
            won=self.won + won,
            risked=self.risked + (0 if r is None else way),
            r=self.r + way * (r or 0),
            squares=self.squares + way * (r or 0) ** 2,
            stated=self.stated + (0 if said is None else way),
            stated_won=self.stated_won + (0 if said is None else won),
            stated_chance=self.stated_chance + way * (said or 0),
        )


type Records = dict[str, dict[str, Record]]
"""By owner, then by tag."""


def tag_of(because: Because | None) -> str:
    """Return what kind of bet a reason makes: its code, of a hand's order the note."""
    if because is None:
        return ""
    note = next((value for name, value in because.values if name == "note"), "")
    return (note if because.code == "hand" and note else because.code)[:TAG_MAX]


def record_of(records: Records, owner: str, tag: str) -> Record:
    """Return a record; an empty one where nothing has settled."""
    return records.get(owner, {}).get(tag) or Record()


def take_in(records: Records, bet: BetSettled, way: int) -> None:
    """Take a settled bet into its record (`way` 1), or out again (-1)."""
    kept = records.setdefault(bet.owner, {})
    tag = bet.tag if bet.tag in kept or len(kept) < TAGS_MAX else OTHER
    kept[tag] = kept.get(tag, Record()).changed(bet, way)


def believed(records: Records, owner: str, tag: str, edge: Edge | None) -> Edge | None:
    """Return a stated edge as it is, and `Edge.from_record()` as what the record supports; None where it does not."""
    if edge is None or edge.source != "record":
        return edge
    return record_of(records, owner, tag).edge()


def net_of(bet: BetSettled) -> Decimal:
    """Return what a bet brought with all its fees, those in other assets too where they could be valued."""
    return Decimal(bet.result) - Decimal(bet.elsewhere or "0")


def is_won(bet: BetSettled) -> bool:
    """Return whether a bet brought something, fees in."""
    return net_of(bet) > 0


def micro_r(bet: BetSettled) -> int | None:
    """Return a bet's R in millionths, None where its risk is not known."""
    return None if bet.r is None else int(Decimal(bet.r) * MILLION)


def stated_chance(bet: BetSettled) -> int | None:
    """Return the chance stated at entry in millionths; None where none was, or only the record's was taken over."""
    if bet.edge is None or bet.edge.win is None or bet.edge.source == "record":
        return None
    return int(bet.edge.win * MILLION)


def _rounded(value: float) -> Decimal:
    return Decimal(str(value)).quantize(_PLACES) if math.isfinite(value) else Decimal(0)
