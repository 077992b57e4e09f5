"""Binance's clock: how far ours is from it, measured by the quickest of five questions.

Source: Binance spot API, "Timing security": a request counts when `timestamp` < server time + 1 s and is not older than
`recvWindow`.
"""

from collections.abc import Callable

import msgspec

from tradebot.engine.brokers.binance.messages import read, time_reply
from tradebot.engine.brokers.outside import Answer, HttpReply, HttpRequest, Outside
from tradebot.engine.core.types import MS, SECOND

SAMPLES = 5


class Measured(msgspec.Struct, frozen=True):
    """One look at the venue's clock."""

    offset: int
    """Ours minus the venue's, ns."""
    error: int
    """Half the round trip, ns."""


class VenueClock:
    """The venue's time, as far as it is known."""

    def __init__(self, outside: Outside, base_url: str) -> None:
        self._outside = outside
        self._url = f"{base_url}/api/v3/time"
        self.measured: Measured | None = None
        """The newest look; None: it could not be asked yet, and ours is taken for it."""
        self._waiting: list[Callable[[], None]] = []

    def stamp_ms(self) -> int:
        """Return the venue's time now, ms."""
        offset = 0 if self.measured is None else self.measured.offset
        return (self._outside.now - offset) // MS

    def measure(self, then: Callable[[], None]) -> None:
        """Ask the venue's time; `then` is called when that is over, whether it could be asked or not."""
        self._waiting.append(then)
        if len(self._waiting) == 1:
            self._sample([], SAMPLES)

    def _sample(self, found: list[Measured], left: int) -> None:
        if not left:
            if found:
                self.measured = min(found, key=lambda one: one.error)
            waiting, self._waiting = self._waiting, []
            for then in waiting:
                then()
            return
        asked = self._outside.now
        request = HttpRequest(method="GET", url=self._url, timeout=3 * SECOND)
        self._outside.ask(request, lambda answer: self._answered(answer, asked, found, left))

    def _answered(self, answer: Answer, asked: int, found: list[Measured], left: int) -> None:
        now = self._outside.now
        told = _time_of(answer)
        if told is None:
            self._sample(found, 0)  # not now: what is known stays
            return
        # The venue's time stands in whole ms: its true time is half of one later in the mean.
        offset = (asked + now) // 2 - (told * MS + MS // 2)
        found.append(Measured(offset, (now - asked) // 2))
        self._sample(found, left - 1)


def _time_of(answer: Answer) -> int | None:
    if not isinstance(answer, HttpReply) or answer.status != 200:  # noqa: PLR2004
        return None
    try:
        return read(time_reply, answer.body).server_time
    except ValueError:
        return None
