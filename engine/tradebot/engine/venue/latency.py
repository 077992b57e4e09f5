"""How long orders, answers and news are on their way between engine and native venue."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from tradebot.engine.core.types import MS
from tradebot.native import RecordedLatency

ONE_WAY = 5 * MS
"""Each way where nothing else is said."""


class Latency(Protocol):
    """How long things are on their way, ns >= 0."""

    def entry(self, now: int) -> int:
        """Return how long an order sent now takes to the venue."""
        ...

    def back(self, now: int) -> int:
        """Return how long an answer sent now takes from the venue."""
        ...


class Constant(msgspec.Struct, frozen=True, kw_only=True):
    """Always the same."""

    order: int = ONE_WAY
    answer: int = ONE_WAY

    def entry(self, now: int) -> int:
        """Return how long an order takes."""
        del now
        return self.order

    def back(self, now: int) -> int:
        """Return how long an answer takes."""
        del now
        return self.answer


USUAL = Constant()
"""Where nothing else is said."""


class Recorded:
    """As recorded orders had it: between two of them by a straight line, the first and last held outside.

    Args of the constructor:
        rows: (requested, at the venue, answered), ns, at least one, each later than the one before.

    Raises:
        ValueError: If there are none, or they are not in order.
    """

    def __init__(self, rows: Sequence[tuple[int, int, int]]) -> None:
        self._native = RecordedLatency(rows)

    def entry(self, now: int) -> int:
        """Return how long an order sent now takes."""
        return self._native.entry(now)

    def back(self, now: int) -> int:
        """Return how long an answer sent now takes."""
        return self._native.back(now)
