"""The minutes a listing has lived before the exchange opened."""

import random

from tradebot.engine.exchange.bars import MINUTE, Bar, MinuteBars, invented
from tradebot.engine.exchange.market import Listing

_PAST_BARS = 3 * 1_440


def seeded(seed: int, key: str, purpose: str) -> random.Random:
    """Return the randomness of one purpose at one listing."""
    return random.Random(f"{seed}:{key}:{purpose}")  # noqa: S311  (a market, no secret)


def past(listing: Listing, rng: random.Random, start: int) -> MinuteBars:
    """Return bars with invented minutes up to `start`, ns UTC: the last three days, or the sessions of the last six."""
    return MinuteBars(lambda: _minutes(listing, rng, start))


def _minutes(listing: Listing, rng: random.Random, start: int) -> list[Bar]:
    newest = start - start % MINUTE - MINUTE
    starts = [
        instant
        for instant in range(newest - (_PAST_BARS * 2 - 1) * MINUTE, newest + 1, MINUTE)
        if listing.session is None or listing.session.phase(instant) == "open"
    ][-_PAST_BARS:]
    if not starts:
        return []
    return invented(
        rng,
        starts,
        last=listing.start_price,
        tick=listing.tick,
        volume=listing.size_lots * listing.lot * 40,
        amount_of_unit=listing.amount(1, 1),
    )
