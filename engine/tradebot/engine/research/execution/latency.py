"""Latency: replayed from recorded round trips, and what the price may do meanwhile."""

import math

import msgspec

from tradebot.engine.venue.latency import Recorded as VenueLatency


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
        self._venue()

    def _venue(self) -> VenueLatency:
        """Return the latencies as the venue has them."""
        return VenueLatency([(row.requested, row.exchange, row.answered) for row in self.rows])

    def entry(self, requested: int) -> int:
        """Return how long an order takes to the venue."""
        return self._venue().entry(requested)

    def response(self, requested: int) -> int:
        """Return how long the answer to an order requested then takes from the venue."""
        venue = self._venue()
        return venue.back(requested + venue.entry(requested))

    def round_trip(self, requested: int) -> int:
        """Return both."""
        return self.entry(requested) + self.response(requested)


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
