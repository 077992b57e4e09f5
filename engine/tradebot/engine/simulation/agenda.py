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

    def __len__(self) -> int:
        return len(self._heap)

    def after(self, delay: int, act: Callable[[], None]) -> None:
        """Let something happen after a delay in ns."""
        self._count += 1
        heapq.heappush(self._heap, (self.now + delay, self._count, act))

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
