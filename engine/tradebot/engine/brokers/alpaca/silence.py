"""How long an event stream may say nothing before it is taken for dead: learned from its own heartbeats.

Alpaca sends comment lines (`: heartbeat`) while nothing happens, and does not document how often. A stream that replays
loses nothing by being opened anew, so a short silence is enough to do that; where a venue turns out to be quieter than
that, the patience grows until a heartbeat was heard.
"""

from tradebot.engine.core.types import SECOND

LEAST = 12 * SECOND
"""Patience with a venue of which no longer silence is known; the local exchange's heartbeats come every 10 s."""

MOST = 40 * SECOND
"""Longest patience."""

SLACK = 2 * SECOND
"""How much later than usual a heartbeat may be."""

IN_A_ROW = 3
"""Streams that fall silent right after they were opened, before the patience grows."""

BURST = SECOND
"""What is heard so soon after the opening says nothing of the heartbeats: it is the past, told again."""


class Silence:
    """What is known of one source's silences."""

    def __init__(self) -> None:
        self._longest = 0
        self._dead = 0
        """Streams in a row that said nothing after their opening burst."""
        self._opened = 0
        self._heard = 0

    @property
    def patience(self) -> int:
        """Return after how long without a word, ns, a stream is dead."""
        grown = LEAST << max(0, self._dead - IN_A_ROW + 1)
        return min(max(grown, self._longest + SLACK), MOST)

    def opened(self, now: int) -> None:
        """A stream is open, at an instant in ns."""
        self._opened = self._heard = now

    def heard(self, now: int) -> None:
        """Something was heard, were it only a heartbeat."""
        if now - self._opened > BURST:
            self._longest = max(self._longest, now - self._heard)
            self._dead = 0
        self._heard = now

    def left(self, now: int) -> int:
        """Return how long it may still be silent, ns; 0 or less: it is dead."""
        return self._heard + self.patience - now

    def died(self) -> None:
        """It was taken for dead."""
        self._dead += 1
