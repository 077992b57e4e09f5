"""The user stream of one account: subscribed on every connection, watched for silence, renewed before it is cut.

The venue's rules: no replay and no sequence numbers, a forced close after 24 h, `serverShutdown` before a restart. So a
new connection is subscribed before the old one is closed, and what both tell is told apart by its ids.
"""

import random
from collections.abc import Callable
from typing import Protocol

import msgspec
import structlog

from tradebot.engine.brokers.backoff import Backoff
from tradebot.engine.brokers.binance.calls import BAD_TIME
from tradebot.engine.brokers.binance.messages import (
    SocketFault,
    SocketFrame,
    read,
    socket_frame,
    stream_event,
    subscribed,
    subscriptions,
)
from tradebot.engine.brokers.binance.signing import Signer
from tradebot.engine.brokers.binance.venue_clock import VenueClock
from tradebot.engine.brokers.outside import Line, Outside
from tradebot.engine.core.types import SECOND

log = structlog.get_logger()

LOOK_EVERY = 20 * SECOND
"""Between two questions on the stream's own connection whether our subscription stands."""

ANSWER_WITHIN = 10 * SECOND
"""A connection that says nothing for this long after a question is dead though it is open."""

RENEW_AFTER = 23 * 3600 * SECOND
"""Before the venue's forced close at 24 h."""

OVERLAP = 5 * SECOND
"""How long the old connection stays beside the new one, for what is on its way."""


class Ears(Protocol):
    """Who is told what the stream is and says."""

    def subscribed(self) -> None:
        """Events flow from here on; what happened before must be asked for."""
        ...

    def event(self, kind: str, payload: bytes) -> None:
        """An event has come."""
        ...

    def quiet(self, reason: str) -> None:
        """Connected and dead; it is about to be dropped."""
        ...

    def down(self, reason: str) -> None:
        """Nothing is heard any more."""
        ...

    def malformed(self, reason: str) -> None:
        """A frame could not be read."""
        ...


class UserStream:
    """See the module.

    Args of the constructor:
        outside: The doors.
        url: Of the web-socket API.
        signer: Of the account.
        clock: The venue's.
        ears: Who is told.
        chance: Spreads the pauses between attempts.
    """

    def __init__(
        self,
        outside: Outside,
        url: str,
        signer: Signer,
        clock: VenueClock,
        ears: Ears,
        chance: random.Random,
    ) -> None:
        self._outside = outside
        self._url = url
        self._signer = signer
        self._clock = clock
        self._ears = ears
        self._backoff = Backoff(chance)
        self._running = False
        self._life: _Life | None = None
        """The connection that is subscribed, or on its way to be."""
        self._next: _Life | None = None
        """The one that is to take its place."""
        self._up = False
        self.connects = 0
        """Times a subscription has come up."""

    def start(self) -> None:
        """Connect and stay connected."""
        self._running = True
        self._dial()

    def stop(self) -> None:
        """Disconnect."""
        self._running = self._up = False
        for life in (self._life, self._next):
            if life is not None:
                life.end()
        self._life = self._next = None

    def renew(self) -> None:
        """Put a new connection in the place of this one, without a moment in which nobody listens."""
        if self._running and self._up and self._next is None:
            self._next = self._new_life()

    def _dial(self) -> None:
        if self._running and self._life is None:
            self._clock.measure(self._dial_now)

    def _dial_now(self) -> None:
        if self._running and self._life is None:
            self._life = self._new_life()

    def _new_life(self) -> "_Life":
        return _Life(self._outside, self._url, self)

    # ---------------------------------------------------------------------------- what a connection tells

    def request(self, method: str, number: str, *, signed: bool) -> str:
        """Return a request's frame."""
        params: dict[str, str | int] = {}
        if signed:
            params = self._signer.socket_params({"timestamp": self._clock.stamp_ms()})
        body = {"id": number, "method": method} | ({"params": params} if params else {})
        return msgspec.json.encode(body).decode()

    def came_up(self, life: "_Life") -> None:
        """A connection's subscription stands."""
        old = self._life if life is self._next else None
        if life is self._next:
            self._life, self._next = life, None
        if old is not None:
            self._outside.after(OVERLAP, old.end)
        if not self._running:
            return
        self._up = True
        self.connects += 1
        self._backoff.reset()
        self._ears.subscribed()

    def heard(self, life: "_Life", kind: str, payload: bytes) -> None:
        """A connection told an event; one that has been replaced may still tell."""
        if not self._running:
            return
        if kind == "serverShutdown":
            self.renew()
        elif kind == "eventStreamTerminated":
            if life is self._life:
                life.fail("the venue ended the subscription")
        else:
            self._ears.event(kind, payload)

    def malformed(self, reason: str) -> None:
        """A connection had a frame that cannot be read."""
        self._ears.malformed(reason)

    def quiet(self, life: "_Life", reason: str) -> None:
        """A connection is open and dead."""
        if life is self._life and self._up:
            self._ears.quiet(reason)

    def ended(self, life: "_Life", reason: str, *, wrong_time: bool) -> None:
        """A connection is over."""
        if life is self._next:
            self._next = None
            self._outside.after(self._backoff.next(), self.renew)
            return
        if life is not self._life:
            return
        self._life = None
        if self._next is not None:
            self._life, self._next = self._next, None
        if self._up:
            self._up = False
            self._ears.down(reason)
        if self._life is None and self._running:
            log.info("user stream down", reason=reason, wrong_time=wrong_time)
            self._outside.after(self._backoff.next(), self._dial)


class _Life:
    """One connection, from dialling to its end."""

    def __init__(self, outside: Outside, url: str, stream: UserStream) -> None:
        self._outside = outside
        self._stream = stream
        self._over = False
        self._subscription: int | None = None
        self._questions = 0
        self._heard_at = outside.now
        self._answers: dict[str, Callable[[SocketFrame], None]] = {}
        self._line = outside.dial(url, self)

    def end(self) -> None:
        """Close it without a word."""
        if not self._over:
            self._over = True
            self._line.close()

    def fail(self, reason: str, *, wrong_time: bool = False) -> None:
        """Give it up."""
        if not self._over:
            self.end()
            self._stream.ended(self, reason, wrong_time=wrong_time)

    def _ask(self, method: str, then: Callable[[SocketFrame], None], *, signed: bool) -> None:
        self._questions += 1
        number = f"q{self._questions}"
        self._answers[number] = then
        asked = self._outside.now
        self._line.send(self._stream.request(method, number, signed=signed))
        self._outside.after(ANSWER_WITHIN, lambda: self._missed(number, asked))

    def _missed(self, number: str, asked: int) -> None:
        if self._over or self._answers.pop(number, None) is None:
            return
        seconds = (self._outside.now - max(asked, self._heard_at)) // SECOND
        reason = f"no answer on the stream's connection for {seconds} s"
        self._stream.quiet(self, reason)
        self.fail(reason)

    # ---------------------------------------------------------------------------- listener

    def opened(self, line: Line) -> None:
        """Subscribe at once: what happens from here on is told."""
        _ = line
        if not self._over:
            self._ask("userDataStream.subscribe.signature", self._subscribed, signed=True)

    def heard(self, line: Line, frame: bytes) -> None:
        """Take a frame; one that cannot be read is counted and changes nothing."""
        _ = line
        if self._over:
            return
        self._heard_at = self._outside.now
        try:
            told = read(socket_frame, frame)
            kind = read(stream_event, told.event).kind if bytes(told.event) else ""
        except ValueError as error:
            self._stream.malformed(str(error))
            return
        if kind:
            self._stream.heard(self, kind, bytes(told.event))
            return
        then = None if told.id is None else self._answers.pop(str(told.id), None)
        if then is not None:
            then(told)
        elif told.id is None:
            self._stream.malformed("neither an event nor an answer")

    def closed(self, line: Line, reason: str) -> None:
        """The line has dropped."""
        _ = line
        self.fail(reason)

    # ---------------------------------------------------------------------------- answers

    def _subscribed(self, answer: SocketFrame) -> None:
        try:
            self._subscription = read(subscribed, answer.result).subscription_id
        except ValueError:
            fault = answer.error or SocketFault(0, "an answer that cannot be read")
            reason = f"not subscribed: {fault.code} {fault.msg}"
            self.fail(reason, wrong_time=fault.code == BAD_TIME)
            return
        self._outside.after(LOOK_EVERY, self._look)
        self._outside.after(RENEW_AFTER, self._stream.renew)
        self._stream.came_up(self)

    def _look(self) -> None:
        """Ask whether our subscription still stands; any answer shows that the connection lives."""
        if not self._over:
            self._ask("session.subscriptions", self._told_subscriptions, signed=False)
            self._outside.after(LOOK_EVERY, self._look)

    def _told_subscriptions(self, answer: SocketFrame) -> None:
        if answer.status != 200:  # noqa: PLR2004
            return  # it lives, and does not say
        try:
            known = {row.subscription_id for row in read(subscriptions, answer.result)}
        except ValueError as error:
            self._stream.malformed(str(error))
            return
        if self._subscription not in known:
            self.fail("the venue does not know our subscription any more")
