"""Speed: how the engine's virtual time follows the wall."""

from decimal import Decimal
from typing import Literal

from tradebot.engine.live.clock import Clock

type Speed = Decimal | Literal["max"]
"""Engine seconds per second, > 0, or as fast as it goes."""


class Pace:
    """Says how far virtual time may have come.

    Args of the constructor:
        clock: The machine's clock.
        speed: Engine seconds per second.
        start: Virtual time now, ns UTC.
    """

    def __init__(self, clock: Clock, speed: Speed, start: int) -> None:
        self._clock = clock
        self._speed = speed
        self._start = start
        self._since = clock.monotonic_ns()

    def walk(self, reached: int) -> None:
        """Go on from an instant no faster than the wall: where a recording is over, only timers are left to hurry."""
        if isinstance(self._speed, str) or self._speed > 1:
            self._speed = Decimal(1)
            self._start = reached
            self._since = self._clock.monotonic_ns()

    @property
    def unbounded(self) -> bool:
        """Return whether nothing holds the engine back."""
        return isinstance(self._speed, str)

    def now(self, reached: int) -> int:
        """Return virtual time now, ns UTC; at full speed it is where the engine has come."""
        if isinstance(self._speed, str):
            return reached
        elapsed = self._clock.monotonic_ns() - self._since
        return max(reached, self._start + int(elapsed * self._speed))

    def seconds_until(self, due: int) -> float:
        """Return how long the wall must wait for an instant of virtual time; 0 where it has come."""
        if isinstance(self._speed, str):
            return 0.0
        elapsed = self._clock.monotonic_ns() - self._since
        ahead = due - self._start - int(elapsed * self._speed)
        return max(0.0, float(Decimal(ahead) / self._speed) / 1e9)
