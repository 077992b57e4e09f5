"""Orders that a venue is to hold as one: they leave the kernel one by one, and the venue by one request.

The kernel decides all orders of a group in one step, and what is decided in one step is handed over at once. Should one
of them stay behind nevertheless, the others are not sent without it: half a pair is no protection anybody decided.
"""

from collections.abc import Callable

from tradebot.engine.brokers.outside import Outside, Wake
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.core.types import SECOND, ClientOrderId

PATIENCE = SECOND
"""How long the first of a pair waits for the second."""

LEFT_ALONE = "the other order of its pair did not come: not sent"


class Together:
    """Puts the two orders of a pair together.

    Args of the constructor:
        outside: The doors.
        left_alone: Told an order whose pair is not coming.
    """

    def __init__(self, outside: Outside, left_alone: Callable[[OrderIntent], None]) -> None:
        self._outside = outside
        self._left_alone = left_alone
        self._first: dict[ClientOrderId, tuple[OrderIntent, Wake]] = {}

    def pair(self, order: OrderIntent, group: ClientOrderId) -> tuple[OrderIntent, ...]:
        """Take in an order of a group; return both, the stop first, once both are here, else nothing."""
        waiting = self._first.pop(group, None)
        if waiting is None:
            wake = self._outside.after(PATIENCE, lambda: self._give_up(group))
            self._first[group] = (order, wake)
            return ()
        first, wake = waiting
        wake.cancel()
        return (first, order) if first.role == "stop_loss" else (order, first)

    def _give_up(self, group: ClientOrderId) -> None:
        waiting = self._first.pop(group, None)
        if waiting is not None:
            self._left_alone(waiting[0])
