"""Latency: replayed from recorded round trips, and what the price may do meanwhile."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

import msgspec


class RoundTrip(msgspec.Struct, frozen=True):
    """One recorded order: times in ns."""

    requested: int
    exchange: int
    """When the venue had it."""
    answered: int


class Recorded(msgspec.Struct, frozen=True):
    """Latencies between recorded ones by straight lines, the first and last held outside; whole ns, towards zero."""

    rows: tuple[RoundTrip, ...]
    """At least one, each later than the one before."""

    def __post_init__(self) -> None:
        """Check the order of the rows.

        Raises:
            ValueError: If there are none or they are not in order.
        """
        if not self.rows:
            raise ValueError("recorded latencies must have at least one row, had 0")
        for a, b in pairwise(self.rows):
            if b.requested <= a.requested or b.exchange < a.exchange:
                raise ValueError(
                    f"recorded latencies must be in order, {b.requested} follows {a.requested}"
                )

    def entry(self, requested: int) -> int:
        """Return how long an order takes to the venue."""
        times = [row.requested for row in self.rows]
        return _between(times, [row.exchange - row.requested for row in self.rows], requested)

    def response(self, requested: int) -> int:
        """Return how long the answer to an order requested then takes from the venue."""
        times = [row.exchange for row in self.rows]
        at = requested + self.entry(requested)
        return _between(times, [row.answered - row.exchange for row in self.rows], at)

    def round_trip(self, requested: int) -> int:
        """Return both."""
        return self.entry(requested) + self.response(requested)


def _between(times: Sequence[int], latencies: Sequence[int], at: int) -> int:
    after = bisect_right(times, at)
    if after in {0, len(times)}:
        return latencies[0] if after == 0 else latencies[-1]
    left, right = times[after - 1], times[after]
    rise = (latencies[after] - latencies[after - 1]) * (at - left)
    part = abs(rise) // (right - left)
    return latencies[after - 1] + (part if rise >= 0 else -part)


class Slip(msgspec.Struct, frozen=True):
    """What a price may do over a latency."""

    sd_bps: float
    mean_abs_bps: float
    adverse_bps: float
    """Expected adverse move where only adverse moves count: sd / sqrt(2 pi)."""
    adverse_cash: float


def latency_slip(sigma: float, latency: float, price: float, year: float) -> Slip:
    """Return the uncertainty of a price over a latency.

    Args:
        sigma: Annual volatility, >= 0.
        latency: >= 0.
        price: Of one unit.
        year: In the unit of the latency: 365 days of 24 h, or 252 of 6.5 h.

    Raises:
        ValueError: If a figure is out of its bound.
    """
    if not (sigma >= 0.0 and latency >= 0.0 and year > 0.0):
        raise ValueError(
            f"sigma and latency must be >= 0 and year > 0, were {sigma}, {latency}, {year}"
        )
    sd = sigma * math.sqrt(latency / year)
    adverse = sd / math.sqrt(2.0 * math.pi)
    bps = 10_000.0
    return Slip(sd * bps, sd * math.sqrt(2.0 / math.pi) * bps, adverse * bps, adverse * price)
