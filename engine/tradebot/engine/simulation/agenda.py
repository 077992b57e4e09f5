"""What the world outside the engine will do, and when; it goes on while the engine is dead."""

import heapq
from collections.abc import Callable


class Agenda:
    """A queue by (time, order of entry)."""

    def __init__(self, start: int) -> None:
        self.now = start
        """The world's time, ns UTC; it never goes back."""
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0
        self._standing = 0

    def __len__(self) -> int:
        """Return how much is on its way; what comes again and again, or is only waited for, does not count."""
        return len(self._heap) - self._standing

    def after(self, delay: int, act: Callable[[], None], *, standing: bool = False) -> None:
        """Let something happen after a delay in ns.

        Args:
            delay: ns, >= 0.
            act: What happens.
            standing: Whether it is a timer of somebody who keeps waiting, not something on its way.
        """
        if standing:
            self._standing += 1
            self.after(delay, lambda: self._woken(act))
            return
        self._count += 1
        heapq.heappush(self._heap, (self.now + delay, self._count, act))

    def _woken(self, act: Callable[[], None]) -> None:
        self._standing -= 1
        act()

    def next_due(self) -> int | None:
        """Return when the next thing happens, ns UTC; None when nothing will."""
        return self._heap[0][0] if self._heap else None

    def reach(self, now: int) -> None:
        """Let time go on."""
        self.now = max(self.now, now)

    def act(self) -> None:
        """Let the next thing happen."""
        due, _, act = heapq.heappop(self._heap)
        self.reach(due)
        act()
