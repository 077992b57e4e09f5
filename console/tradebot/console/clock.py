"""The console's two clocks: one that only moves forward, and the wall."""

import time
from typing import Protocol


class Clock(Protocol):
    """What the console asks for the time."""

    def monotonic_s(self) -> float:
        """Return seconds on a clock that never goes back; only differences mean something."""
        ...

    def wall_ns(self) -> int:
        """Return the system clock, ns UTC."""
        ...


class SystemClock:
    """The one implementation on the machine's own clocks."""

    def monotonic_s(self) -> float:
        """Return the machine's monotonic clock, s."""
        return time.monotonic()  # noqa: TID251  (this class is the injected clock)

    def wall_ns(self) -> int:
        """Return the machine's wall clock, ns UTC."""
        return time.time_ns()  # noqa: TID251  (this class is the injected clock)
