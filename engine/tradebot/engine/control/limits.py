"""Bounds of the control API: sizes, numbers, times, rates; `docs/server.md` lists them."""

from typing import Literal, Protocol

import msgspec

BODY_BYTES_MAX = 64 * 1024
"""Largest request body."""

HEAD_BYTES_MAX = 16 * 1024
"""Largest request line and headers together."""

TARGET_BYTES_MAX = 4 * 1024
"""Longest path and query part together."""

HEADERS_MAX = 64
"""Most header lines."""

CONNECTIONS_MAX = 128
"""Most connections of one address that is listened on; the unix socket has its own."""

CONNECTIONS_PER_CLIENT_MAX = 32
"""Most connections of one process (unix socket) or one address (TCP)."""

HEAD_TIMEOUT_S = 5.0
"""From the first byte of a request (for the first one: from the connection) to its last header."""

BODY_TIMEOUT_S = 10.0
"""For a whole body."""

ANSWER_TIMEOUT_S = 45.0
"""For an answer of the engine, its waiting for a venue included."""

IDLE_TIMEOUT_S = 15
"""A connection between two requests is closed after this long."""

WAIT_S_MAX = 30.0
"""Longest time a request may wait for a venue's answer."""

READER_TIMEOUT_S = 10.0
"""A client that takes nothing of what is ready for it for this long is dropped."""

SEND_BUFFER_BYTES = 64 * 1024
"""What the system is asked to hold of frames for a client that does not read; Linux doubles it."""

REVOKED_AFTER_S = 1.0
"""A stream of a token that was removed, or has expired, ends within this time."""

type Lane = Literal["ask", "stop", "stranger"]
"""What a request counts as: `stop` words have a budget of their own, so that no flood holds them up."""


class Rate(msgspec.Struct, frozen=True):
    """A token bucket: `burst` at once, then `per_second`."""

    per_second: float
    burst: float


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds a test may narrow; an engine has these."""

    token: Rate = Rate(100.0, 200.0)
    """Requests of one token."""
    socket: Rate = Rate(1000.0, 2000.0)
    """Requests over the unix socket."""
    stop: Rate = Rate(50.0, 100.0)
    """Cancels, flatten, kill, halt and pause, of each caller."""
    stranger: Rate = Rate(20.0, 40.0)
    """Requests without a token that is known, all together."""
    connections: int = CONNECTIONS_MAX
    connections_per_client: int = CONNECTIONS_PER_CLIENT_MAX
    head_timeout_s: float = HEAD_TIMEOUT_S
    body_timeout_s: float = BODY_TIMEOUT_S
    answer_timeout_s: float = ANSWER_TIMEOUT_S
    reader_timeout_s: float = READER_TIMEOUT_S
    revoked_after_s: float = REVOKED_AFTER_S


class ControlClock(Protocol):
    """What time it is, for tokens and rates."""

    def system_ns(self) -> int:
        """Return the system clock, ns UTC."""
        ...

    def monotonic_ns(self) -> int:
        """Return a clock that never goes back, ns since an arbitrary instant."""
        ...


class Bucket:
    """How much of a rate is left.

    Args:
        rate: Its size and how fast it fills.
        now_ns: A clock that never goes back.
    """

    def __init__(self, rate: Rate, now_ns: int) -> None:
        self._rate = rate
        self._left = rate.burst
        self._at_ns = now_ns

    def take(self, now_ns: int) -> float:
        """Take one; return 0, or after how many seconds one can be had."""
        grown = (now_ns - self._at_ns) / 1e9 * self._rate.per_second
        self._left = min(self._rate.burst, self._left + grown)
        self._at_ns = now_ns
        if self._left >= 1:
            self._left -= 1
            return 0.0
        return (1 - self._left) / self._rate.per_second


class Buckets:
    """One bucket for each caller and lane; there are never more than tokens times lanes."""

    def __init__(self, limits: Limits, clock: ControlClock) -> None:
        self._limits = limits
        self._clock = clock
        self._kept: dict[tuple[str, Lane], Bucket] = {}

    def take(self, caller: str, lane: Lane, *, socket: bool) -> float:
        """Take one of a caller's lane; return 0, or after how many seconds one can be had."""
        now = self._clock.monotonic_ns()
        bucket = self._kept.get((caller, lane))
        if bucket is None:
            bucket = self._kept[caller, lane] = Bucket(self._rate(lane, socket=socket), now)
        return bucket.take(now)

    def _rate(self, lane: Lane, *, socket: bool) -> Rate:
        match lane:
            case "stop":
                return self._limits.stop
            case "stranger":
                return self._limits.stranger
            case "ask":
                return self._limits.socket if socket else self._limits.token
