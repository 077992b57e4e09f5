"""One client's connection to a Gateway, kept up: dialled again with growing pauses, watched for silence; no I/O."""

import random
from typing import Protocol

from tradebot.engine.brokers.backoff import Backoff
from tradebot.engine.brokers.ib.calendar import with_calendar
from tradebot.engine.brokers.ib.wire import NotTws, Requests, Wire
from tradebot.engine.brokers.ib.words import ErrorSaid, Ready, Said, TimeSaid
from tradebot.engine.brokers.outside import Line, Outside
from tradebot.engine.core.types import SECOND

GREETING = 10 * SECOND
"""Longest greeting: a Gateway that waits for its login takes connections and says nothing."""

ASK_TIME_EVERY = 15 * SECOND
SILENT_AFTER = 40 * SECOND
"""A connection that says nothing for this long though it is asked the time is dead."""

CLIENT_ID_IN_USE = 326


class Owner(Protocol):
    """Whose connection it is."""

    def ready(self, word: Ready) -> None:
        """The session is open; requests may be made."""
        ...

    def said(self, word: Said) -> None:
        """The Gateway said something."""
        ...

    def lost(self, reason: str) -> None:
        """The connection is gone, or there was none."""
        ...

    def malformed(self, reason: str) -> None:
        """A message could not be read; the stream goes on."""
        ...


class Connection:
    """See the module.

    Args of the constructor:
        url: `tcp://host:port`.
        client_id: Ours; no other connection may use it.
        outside: The doors.
        owner: Told what happens.
        seed: Of the spread of pauses.
    """

    def __init__(
        self, url: str, client_id: int, outside: Outside, owner: Owner, *, seed: int = 1
    ) -> None:
        self._url = url
        self._client_id = client_id
        self._outside = outside
        self._owner = owner
        chance = random.Random(seed)  # noqa: S311  (spreads pauses)
        self._backoff = Backoff(chance, first=SECOND, most=30 * SECOND)
        self._line: Line | None = None
        self._wire: Wire | None = None
        self._running = False
        self._heard_at = 0
        self._request = 0
        self._why = ""
        self.connects = 0
        self.reached = False
        """Whether anything ever listened there."""

    @property
    def is_ready(self) -> bool:
        """Return whether requests may be made."""
        return self._wire is not None and self._wire.is_ready

    @property
    def ask(self) -> Requests:
        """Return ib_async's encoders of the open connection.

        Raises:
            LookupError: If there is none.
        """
        if self._wire is None or not self._wire.is_ready:
            raise LookupError("the connection must be ready")
        return self._wire.ask

    def number(self) -> int:
        """Return a new request id: negative ones and orders' ids are never it."""
        self._request += 1
        return 1_000_000_000 + self._request

    def start(self) -> None:
        """Connect, and stay connected until `stop`."""
        if not self._running:
            self._running = True
            self._dial()

    def stop(self) -> None:
        """Disconnect; nothing is told any more."""
        self._running = False
        self._hang_up()

    def drop(self, reason: str) -> None:
        """Give the connection up and make a new one."""
        line = self._line
        if line is not None:
            line.close()
            self.closed(line, reason)

    def _hang_up(self) -> None:
        if self._wire is not None:
            self._wire.close()
        if self._line is not None:
            self._line.close()
        self._line = self._wire = None

    def _dial(self) -> None:
        if not self._running or self._line is not None:
            return
        self._why = ""
        self._line = self._outside.dial(self._url, self)

    # ---------------------------------------------------------------------------- the line

    def opened(self, line: Line) -> None:
        """Greet."""
        if line is not self._line:
            return
        self._heard_at = self._outside.now
        self.reached = True
        self._wire = Wire(
            self._client_id,
            self,
            malformed=self._owner.malformed,
            send=line.send,
            now=lambda: self._outside.now,
            after=self._outside.after,
        )
        self._wire.greet()
        self._outside.after(GREETING, lambda: self._check_greeting(line))

    def heard(self, line: Line, frame: bytes) -> None:
        """Take bytes."""
        wire = self._wire
        if line is not self._line or wire is None:
            return
        self._heard_at = self._outside.now
        try:
            wire.heard(frame)
        except NotTws as error:
            self.drop(str(error))

    def closed(self, line: Line, reason: str) -> None:
        """The line has dropped."""
        if line is not self._line:
            return
        self._hang_up()
        self._owner.lost(with_calendar(self._why or reason, self._outside.now))
        if self._running:
            self._outside.after(self._backoff.next(), self._dial)

    def _check_greeting(self, line: Line) -> None:
        if line is self._line and not self.is_ready:
            self.drop(f"no session within {GREETING // SECOND} s of connecting")

    def _watch(self, line: Line) -> None:
        if line is not self._line or self._wire is None:
            return
        silent = self._outside.now - self._heard_at
        if silent >= SILENT_AFTER:
            self.drop(f"silent for {silent // SECOND} s")
            return
        self._wire.ask.reqCurrentTime()
        self._outside.after(ASK_TIME_EVERY, lambda: self._watch(line))

    # ---------------------------------------------------------------------------- the protocol

    def ready(self, word: Ready) -> None:
        """The session is open."""
        line = self._line
        if line is None:
            return
        self.connects += 1
        self._backoff.reset()
        self._owner.ready(word)
        self._watch(line)

    def said(self, word: Said) -> None:
        """Hand on what is said."""
        if isinstance(word, ErrorSaid) and word.code == CLIENT_ID_IN_USE:
            self._why = f"client id {self._client_id} is in use: set another client_id"
        if not isinstance(word, TimeSaid):
            self._owner.said(word)
