"""What bets brought by day, and what growth says of a sleeve; without numpy, which a running engine never loads."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from tradebot.engine.core.outcomes import BetSettled
from tradebot.engine.core.types import SECOND, Owner

DAY = 86_400 * SECOND
DAYS_MIN = 20
"""Days between the first and the last settled bet, below which nothing is said."""

type Daily = dict[Owner, dict[int, Decimal]]
"""What bets settled on a day brought in the engine's currency, by owner and by day since 1970 UTC."""


class Growth(msgspec.Struct, frozen=True):
    """What growth says of one sleeve."""

    weight: float
    """Share of the money that is split, in [0, 1]."""
    mean: float
    """A day's mean result as a share of the sleeve's capital."""
    believed: float
    """k: how much of it is believed, in [0, 1]."""


def daily(bets: Iterable[BetSettled]) -> Daily:
    """Return what bets brought by day; one told again replaces what was told, one without a rate is left out."""
    newest = {(bet.owner, bet.bet_id): bet for bet in bets}
    found: Daily = {}
    for bet in newest.values():
        if bet.rate and bet.elsewhere is not None:
            days = found.setdefault(bet.owner, {})
            net = (Decimal(bet.result) - Decimal(bet.elsewhere)) * Decimal(bet.rate)
            days[bet.closed // DAY] = days.get(bet.closed // DAY, Decimal(0)) + net
    return found
