"""Who follows an engine now, and who was dropped and why."""

from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager

import structlog

from tradebot.engine.control.limits import ControlClock
from tradebot.engine.control.messages import Message

DROPS_KEPT = 100
"""Newest drops that are remembered."""

_log = structlog.stdlib.get_logger(__name__)


class StreamFacts(Message, frozen=True, kw_only=True):
    """A stream that is open."""

    client: str
    """`socket, process 4242` or `token laptop, 127.0.0.1:50122`."""
    stream: str
    """Its address."""
    since: int
    """ns UTC."""


class DropFacts(Message, frozen=True, kw_only=True):
    """A client the server has closed the door on."""

    client: str
    when: int
    """ns UTC."""
    reason: str


class ClientFacts(Message, frozen=True, kw_only=True):
    """`GET /v1/clients`: who follows this engine, and whom it dropped since its start."""

    streams: list[StreamFacts]
    """Oldest first."""
    dropped: list[DropFacts]
    """Oldest first, at most 100."""


class Clients:
    """All clients of one engine, over all its addresses.

    Args:
        clock: For when.
        dropped: Told of each drop, so that the operator hears of it.
    """

    def __init__(self, clock: ControlClock, dropped: Callable[[str], None]) -> None:
        self._clock = clock
        self._tell = dropped
        self._open: dict[int, StreamFacts] = {}
        self._count = 0
        self._dropped: deque[DropFacts] = deque(maxlen=DROPS_KEPT)

    def facts(self) -> ClientFacts:
        """Return who is here and who was dropped."""
        return ClientFacts(streams=list(self._open.values()), dropped=list(self._dropped))

    @contextmanager
    def following(self, client: str, stream: str) -> Generator[None]:
        """Count a stream while the context is open."""
        self._count += 1
        key = self._count
        self._open[key] = StreamFacts(client=client, stream=stream, since=self._clock.system_ns())
        try:
            yield
        finally:
            del self._open[key]

    def drop(self, client: str, reason: str) -> None:
        """Remember a drop, log it, and tell the engine."""
        _log.warning("client dropped", client=client, reason=reason)
        self._dropped.append(DropFacts(client=client, when=self._clock.system_ns(), reason=reason))
        self._tell(f"client dropped: {client}: {reason}")
