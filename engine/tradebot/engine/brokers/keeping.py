"""Keep a session alive: one whose own code fails, or that the engine has no room for, is made anew.

What it told so far is in the journal, what it missed is asked for after its next subscribe: nothing is lost by it.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import structlog

from tradebot.data.events import AnyMarketEvent
from tradebot.engine.brokers.outside import Outside
from tradebot.engine.brokers.session import SessionHealth
from tradebot.engine.core.events import ConnectionEvent, VenueEvent
from tradebot.engine.core.inbox import OrderLaneFull
from tradebot.engine.core.types import SECOND

log = structlog.get_logger()

AGAIN_AFTER = SECOND
"""Before a session that failed is made anew; it doubles up to `AGAIN_MOST` while it keeps failing."""

AGAIN_MOST = 60 * SECOND

QUIET_FOR = 10 * 60 * SECOND
"""After this long without failing the pause is short again."""

type Word = AnyMarketEvent | VenueEvent | ConnectionEvent


class Session(Protocol):
    """What is kept."""

    @property
    def health(self) -> SessionHealth:
        """Return how it is."""
        ...

    def start(self) -> None:
        """Connect."""
        ...

    def stop(self) -> None:
        """Disconnect."""
        ...


class Doors(Outside, Protocol):
    """The outside of one life of a session."""

    def close(self) -> None:
        """End all that is under way."""
        ...


class KeptSession[S: Session]:
    """One session through its lives.

    Args of the constructor:
        name: Whose it is, for logs.
        doors: Opens the outside of a new life; handed what to call when the session's code fails.
        make: Makes a session, not started.
        tell: Takes its words; may raise `OrderLaneFull`.
        down: What is told where the session has failed, with the reason.
    """

    def __init__(
        self,
        name: str,
        doors: Callable[[Callable[[Exception], None]], Doors],
        make: Callable[[Outside, Callable[[Word], None]], S],
        *,
        tell: Callable[[Word], None],
        down: Callable[[str], Sequence[ConnectionEvent]],
    ) -> None:
        self.name = name
        self._doors = doors
        self._make = make
        self._tell = tell
        self._down = down
        self._pause = AGAIN_AFTER
        self._failed_at = 0
        self._outside: Doors | None = None
        self._keeper: Doors | None = None
        self.session: S | None = None
        """The session of now; None while it is down after a failure."""
        self._health = SessionHealth(state="disconnected")

    @property
    def health(self) -> SessionHealth:
        """Return how it is, or was when it failed."""
        return self._health if self.session is None else self.session.health

    def start(self) -> None:
        """Begin its first life."""
        self._keeper = self._doors(self._lost)
        self._live()

    def stop(self) -> None:
        """End it for good."""
        self._end()
        if self._keeper is not None:
            self._keeper.close()
            self._keeper = None

    def _live(self) -> None:
        outside = self._doors(self._lost)
        self._outside = outside
        self.session = self._make(outside, self._heard)
        self.session.start()

    def _end(self) -> None:
        if self.session is not None:
            self._health = self.session.health
            self.session.stop()
        if self._outside is not None:
            self._outside.close()
        self.session = self._outside = None

    def _heard(self, word: Word) -> None:
        try:
            self._tell(word)
        except OrderLaneFull as error:
            # What did not fit is not kept: disconnect, and ask for it when there is room again.
            self._fail(str(error))

    def _lost(self, error: Exception) -> None:
        self._fail(f"{type(error).__name__}: {error}")

    def _fail(self, reason: str) -> None:
        if self._keeper is None or self.session is None:
            return
        now = self._keeper.now
        self._pause = AGAIN_AFTER if now - self._failed_at > QUIET_FOR else self._pause
        self._failed_at = now
        self._end()
        log.error("session made anew", session=self.name, reason=reason)
        self._tell_down(self._down(reason))
        self._keeper.after(self._pause, self._live)
        self._pause = min(2 * self._pause, AGAIN_MOST)

    def _tell_down(self, words: Iterable[ConnectionEvent]) -> None:
        for word in words:
            try:
                self._tell(word)
            except OrderLaneFull:
                # The engine is being halted for it; its stop blocks new risk more than this word would.
                log.warning("order lane full", session=self.name)
                return
