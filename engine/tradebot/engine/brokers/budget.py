"""How much a venue lets us ask for in a window of time, with a part kept for what lowers risk.

The venue's own count is believed where it tells one: other programs may share the address or the account.
"""

from collections import deque
from typing import Literal

import msgspec

type Urgency = Literal["ordinary", "cancel"]
"""`cancel`: may use the reserve."""


class Allowance(msgspec.Struct, frozen=True, kw_only=True):
    """One limit of a venue."""

    name: str
    most: int
    """Weight a window may hold, > 0."""
    window: int
    """Length of the window, ns, > 0; windows begin at multiples of it, as the venues count them."""
    reserve: int
    """Weight that only cancels may use, in [0, most)."""


class RateBudget:
    """One limit as it is used.

    Args of the constructor:
        allowance: The limit.
    """

    def __init__(self, allowance: Allowance) -> None:
        if not 0 <= allowance.reserve < allowance.most:
            raise ValueError(
                f"reserve must be in [0, most = {allowance.most}), was {allowance.reserve}"
            )
        self.allowance = allowance
        self._window = 0
        self._used = 0
        self._closed_until = 0

    def take(self, weight: int, now: int, urgency: Urgency = "ordinary") -> int:
        """Use up weight now, or say how long to wait for it.

        Args:
            weight: What the request costs, >= 0.
            now: ns UTC.
            urgency: A cancel may use the reserve.

        Returns:
            0 where it was taken; else ns until it may be tried again, and nothing was taken.
        """
        self._turn(now)
        if now < self._closed_until:
            return self._closed_until - now
        if weight > self.room(now, urgency):
            return (self._window + 1) * self.allowance.window - now
        self._used += weight
        return 0

    def room(self, now: int, urgency: Urgency = "ordinary") -> int:
        """Return how much weight is left in this window; 0 while the venue has shut us out."""
        self._turn(now)
        if now < self._closed_until:
            return 0
        kept = 0 if urgency == "cancel" else self.allowance.reserve
        return max(self.allowance.most - kept - self._used, 0)

    def told(self, used: int, now: int) -> None:
        """Take the venue's own count of this window; what is on its way may not be in it, so the larger one holds."""
        self._turn(now)
        self._used = max(self._used, used)

    def shut(self, until: int) -> None:
        """The venue wants no request before an instant, ns UTC (429, 418): not even a cancel would be taken."""
        self._closed_until = max(self._closed_until, until)

    def _turn(self, now: int) -> None:
        window = now // self.allowance.window
        if window > self._window:
            self._window, self._used = window, 0


class RollingBudget:
    """A limit that holds for every span as long as its window, as it is used.

    A budget of windows that begin at fixed instants would take the venue's count of the newest span for that of a
    window that has just begun, and keep still for the whole of it.

    Args of the constructor:
        allowance: The limit; its windows begin at every instant.
        late: How long after it left a request may still count at the venue, ns, >= 0.
    """

    def __init__(self, allowance: Allowance, late: int) -> None:
        self.allowance = allowance
        self._kept = allowance.window + late
        self._own: deque[tuple[int, int]] = deque()
        """Instant and weight of what was taken, oldest first."""
        self._used = 0
        self._others = 0
        """Weight that the venue counts and we did not send."""
        self._others_until = 0
        self._closed_until = 0

    def take(self, weight: int, now: int, urgency: Urgency = "ordinary") -> int:
        """Use up weight now, or say how long to wait for it; see `RateBudget.take`."""
        self._let_go(now)
        if now < self._closed_until:
            return self._closed_until - now
        if weight > self.room(now, urgency):
            return self._next_room(now) - now
        self._own.append((now, weight))
        self._used += weight
        return 0

    def room(self, now: int, urgency: Urgency = "ordinary") -> int:
        """Return how much weight is left now; 0 while the venue has shut us out."""
        self._let_go(now)
        if now < self._closed_until:
            return 0
        kept = 0 if urgency == "cancel" else self.allowance.reserve
        return max(self.allowance.most - kept - self._used - self._others, 0)

    def told(self, used: int, now: int) -> None:
        """Take the venue's own count of the span up to now: what is more than ours is other programs'."""
        self._let_go(now)
        self._others = max(used - self._used, 0)
        self._others_until = now + self.allowance.window

    def shut(self, until: int) -> None:
        """The venue wants no request before an instant, ns UTC: not even a cancel would be taken."""
        self._closed_until = max(self._closed_until, until)

    def _let_go(self, now: int) -> None:
        while self._own and self._own[0][0] <= now - self._kept:
            self._used -= self._own.popleft()[1]
        if now >= self._others_until:
            self._others = 0

    def _next_room(self, now: int) -> int:
        """Return when something that counts now counts no more, ns UTC."""
        ends = [self._own[0][0] + self._kept] if self._own else []
        if self._others:
            ends.append(self._others_until)
        return min(ends, default=now + 1)
