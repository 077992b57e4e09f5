"""The exchange's own clock: it begins where it is told and runs with the machine's monotonic clock."""

from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """What time it is at the venue."""

    def now(self) -> int:
        """Return the venue's time, ns UTC; never goes back."""
        ...


class VenueClock:
    """A clock that began at an instant of its own.

    Args of the constructor:
        start: The venue's time now, ns UTC.
        monotonic: A clock that never goes back, ns.
    """

    def __init__(self, start: int, monotonic: Callable[[], int]) -> None:
        self._monotonic = monotonic
        self._offset = start - monotonic()

    def now(self) -> int:
        """Return the venue's time, ns UTC."""
        return self._offset + self._monotonic()


class SetClock:
    """A clock that stands until it is set: virtual time."""

    def __init__(self, start: int) -> None:
        self._now = start

    def now(self) -> int:
        """Return the venue's time, ns UTC."""
        return self._now

    def set(self, now: int) -> None:
        """Go on to an instant, ns UTC; one before the present is passed over."""
        self._now = max(self._now, now)
