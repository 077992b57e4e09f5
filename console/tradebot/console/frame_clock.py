"""When to paint: thirty times a second, less where the terminal cannot keep up, never onto a full queue."""

from collections.abc import Callable

LADDER_OF_FPS = (30, 15, 10, 5)
BACKLOG_MAX = 4
"""Writes waiting for the terminal above which a frame is skipped: the queue holds 30, then `put` blocks the loop."""
SLOWER_AFTER_S = 2.0
SLOWER_SHARE = 0.3
FASTER_AFTER_S = 5.0


class FrameClock:
    """Decide for each beat of the timer whether it paints, and how fast the beats should come.

    Args:
        backlog: Returns how many writes wait for the terminal.
        now_s: Monotonic clock, s.
    """

    def __init__(self, backlog: Callable[[], int], now_s: Callable[[], float]) -> None:
        self._backlog = backlog
        self._now_s = now_s
        self._rung = 0
        self._window_from_s = now_s()
        self._clean_from_s = self._window_from_s
        self._painted = 0
        self._skipped = 0
        self._last_s = float("-inf")

    @property
    def fps(self) -> int:
        """Frames a second now."""
        return LADDER_OF_FPS[self._rung]

    @property
    def slow(self) -> bool:
        """Whether the terminal made the clock slow down."""
        return self._rung > 0

    def beat(self) -> bool:
        """Return whether this beat paints."""
        now_s = self._now_s()
        # Half a beat of tolerance: a timer that comes a little early must not lose its whole frame.
        if now_s - self._last_s < 1 / self.fps - 1 / (2 * LADDER_OF_FPS[0]):
            return False
        self._last_s = now_s
        clear = self._backlog() <= BACKLOG_MAX
        self._painted += clear
        self._skipped += not clear
        if not clear:
            self._clean_from_s = now_s
        self._adapt(now_s)
        return clear

    def _adapt(self, now_s: float) -> None:
        """Go down a rung when too many frames are skipped, up one after a clean while."""
        if now_s - self._window_from_s >= SLOWER_AFTER_S:
            beats = self._painted + self._skipped
            if beats and self._skipped / beats > SLOWER_SHARE:
                self._rung = min(self._rung + 1, len(LADDER_OF_FPS) - 1)
            self._window_from_s, self._painted, self._skipped = now_s, 0, 0
        if self._rung and now_s - self._clean_from_s >= FASTER_AFTER_S:
            self._rung -= 1
            self._clean_from_s = now_s
