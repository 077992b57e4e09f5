"""The end of the process: engine-held stops are moved first, and whatever stays unprotected is told."""

import asyncio
from collections.abc import Callable

from tradebot.engine.control.engine import Refused
from tradebot.engine.core.connections import stop_text
from tradebot.engine.core.events import OperatorEvent, StopRequested
from tradebot.engine.core.leaving import exiting, immovable, moving, unprotected_text
from tradebot.engine.core.orders import Order
from tradebot.engine.core.outcomes import AnyOutcome
from tradebot.engine.core.state import State
from tradebot.engine.live.clock import Clock
from tradebot.engine.live.protection import left_bare

MOVE_WITHIN_S = 10.0
"""How long the venue has to take stops over, and to close what sleeves that leave with the process hold."""


class Ending:
    """Moves what protects to the broker before the process ends.

    Args of the constructor:
        state: The kernel's.
        operate: Hands an operator's word to the kernel and returns what it led to.
        committed: Notified after each commit.
        clock: For how long the venue takes.
    """

    def __init__(
        self,
        state: State,
        operate: Callable[[OperatorEvent], list[AnyOutcome]],
        committed: asyncio.Condition,
        clock: Clock,
    ) -> None:
        self._state = state
        self._operate = operate
        self._committed = committed
        self._clock = clock

    async def asked(self, *, leave_unprotected: bool) -> str:
        """Prepare for an end that somebody asked for; return what stays unprotected, empty where nothing does.

        Raises:
            Refused: Where a position would be left without its stop and nobody said that it may.
        """
        stuck = immovable(self._state)
        self._operate(StopRequested(leave_unprotected=leave_unprotected))
        if stuck and not leave_unprotected:
            raise Refused("refused", self._refusal("; ".join(self._text(o) for o in stuck)))
        await self._moved()
        left = unprotected_text(self._state)
        if left and not leave_unprotected:
            raise Refused("refused", self._refusal(left))
        return left

    def _text(self, order: Order) -> str:
        return stop_text(self._state, order)

    def _refusal(self, left: str) -> str:
        bare = ", ".join(left_bare(self._state))
        return (
            f"the engine goes on: only it holds {left}; its end leaves without any stop: {bare}; close "
            "the position, or end all the same with tradebot stop --leave-unprotected"
        )

    async def insisted(self) -> None:
        """Prepare for an end that cannot be refused, as by SIGTERM."""
        self._operate(StopRequested(insist=True))
        await self._moved()
        if unprotected_text(self._state):
            # What the venue did not take is told by name, as the last word.
            self._operate(StopRequested(insist=True, leave_unprotected=True))

    async def _moved(self) -> None:
        deadline = self._clock.monotonic_ns() + int(MOVE_WITHIN_S * 1e9)
        while moving(self._state) or exiting(self._state):
            left = (deadline - self._clock.monotonic_ns()) / 1e9
            if left <= 0:
                return
            async with self._committed:
                try:
                    await asyncio.wait_for(self._committed.wait(), left)
                except TimeoutError:
                    return
