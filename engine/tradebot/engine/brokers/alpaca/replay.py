"""Busts and corrections told while nobody listened: the activity stream replays them, `trade_updates` does not.

Alpaca's REST lists no busts. After each subscribe of a stream that replays nothing the activity events since the
watermark are asked for, for a few seconds; of them only what takes back or changes an execution is of use here: fills
were asked for by REST. An account without activity events (HTTP 404 and the like) is not asked again.
"""

from collections.abc import Callable

from tradebot.engine.brokers.alpaca.executions import Execution
from tradebot.engine.brokers.alpaca.sources import ActivityEvents
from tradebot.engine.brokers.outside import HttpRequest, Line, Outside, Wake
from tradebot.engine.core.types import SECOND

FOR = 5 * SECOND
"""How long the past is listened to; what comes later the stream itself tells."""

OPEN_WITHIN = 10 * SECOND
AGAIN = 10 * SECOND
"""Before a replay that dropped is tried again."""

TRIES = 3
"""Replays of one subscribe; what none of them told shows as a position that differs."""

NOT_HERE = frozenset({"HTTP 401", "HTTP 403", "HTTP 404", "HTTP 405"})
"""How an account says that it has no such event stream."""


class Corrections:
    """See the module.

    Args of the constructor:
        outside: The doors.
        source: The account's activity events.
        tell: Takes each bust and correction; one that was told before is the taker's to pass over.
    """

    def __init__(
        self, outside: Outside, source: ActivityEvents, tell: Callable[[Execution], object]
    ) -> None:
        self._outside = outside
        self._source = source
        self._tell = tell
        self._line: Line | None = None
        self._wake: Wake | None = None
        self._since = 0
        self._left = 0
        self.available = True
        """Whether the account has activity events, as far as is known."""

    def ask(self, since: int) -> None:
        """Listen to the past from an instant of the venue's time on, ns UTC."""
        if self.available:
            self.stop()
            self._since, self._left = since, TRIES
            self._open()

    def stop(self) -> None:
        """Listen no more."""
        line, self._line = self._line, None
        if line is not None:
            line.close()
        if self._wake is not None:
            self._wake.cancel()
            self._wake = None

    def _open(self) -> None:
        self._left -= 1
        opening = self._source.open(self._since)
        request = HttpRequest(
            method="GET", url=opening.url, headers=opening.headers, timeout=OPEN_WITHIN
        )
        self._line = self._outside.pull(request, self)

    def opened(self, line: Line) -> None:
        """The past begins."""
        if line is self._line:
            self._wake = self._outside.after(FOR, self.stop)

    def heard(self, line: Line, frame: bytes) -> None:
        """Take a piece; what cannot be read here the stream's own reader counts."""
        if line is not self._line:
            return
        for word in self._source.heard(frame):
            if isinstance(word, Execution) and word.kind != "fill":
                self._tell(word)

    def closed(self, line: Line, reason: str) -> None:
        """It was refused, or has dropped."""
        if line is not self._line:
            return
        self.stop()
        if reason in NOT_HERE:
            self.available = False
        elif self._left > 0:
            self._wake = self._outside.after(AGAIN, self._open)
