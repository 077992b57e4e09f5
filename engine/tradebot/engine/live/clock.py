"""The one place where the machine's clocks are read; everything else is handed a `Clock`."""

import time
from typing import Protocol


class Clock(Protocol):
    """What time it is, for the edge of the engine; the kernel is told `now` with each event."""

    def system_ns(self) -> int:
        """Return the system clock, ns UTC; may jump."""
        ...

    def monotonic_ns(self) -> int:
        """Return a clock that never goes back, ns since an arbitrary instant."""
        ...

    def cpu_ns(self) -> int:
        """Return processor time of this thread, ns: what a policy's budget is measured in."""
        ...


class SystemClock:
    """The machine's clocks."""

    def system_ns(self) -> int:
        """Return the system clock, ns UTC."""
        return time.time_ns()  # noqa: TID251  (the one implementation of the injected clock)

    def monotonic_ns(self) -> int:
        """Return the monotonic clock, ns."""
        return time.monotonic_ns()

    def cpu_ns(self) -> int:
        """Return processor time of this thread, ns."""
        return time.thread_time_ns()
