"""What happens when, in virtual time: the one order in which timers, venue, operators and market meet the kernel."""

import heapq
from collections.abc import Callable
from enum import IntEnum

from tradebot.engine.core.events import OperatorEvent, OrderLane


class Lane(IntEnum):
    """Order at equal time: timer, venue, operator, market."""

    TIMER = 0
    VENUE = 1
    OPERATOR = 2
    MARKET = 3


class Happening:
    """Something that takes place outside the engine: an effect reaches a venue, a venue acts."""

    __slots__ = ("take_place",)

    def __init__(self, take_place: Callable[[], None]) -> None:
        self.take_place = take_place


class TimerDue:
    """A timer of the kernel; void where the kernel has meanwhile set it anew."""

    __slots__ = ("timer_id",)

    def __init__(self, timer_id: str) -> None:
        self.timer_id = timer_id


type Item = OrderLane | OperatorEvent | Happening | TimerDue
"""What may be scheduled."""


class Schedule:
    """A queue by (time, lane, order of arrival)."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, Lane, int, Item]] = []
        self._count = 0

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, due: int, lane: Lane, item: Item) -> None:
        """Schedule an item for an instant of the engine's time, ns UTC."""
        self._count += 1
        heapq.heappush(self._heap, (due, lane, self._count, item))

    def next(self) -> tuple[int, Lane] | None:
        """Return when the next item is due and on which lane, or None."""
        return self._heap[0][:2] if self._heap else None

    def only_timers(self) -> bool:
        """Return whether nothing but timers is scheduled."""
        return all(lane == Lane.TIMER for _, lane, _, _ in self._heap)

    def pop(self) -> Item:
        """Take the next item."""
        return heapq.heappop(self._heap)[3]
