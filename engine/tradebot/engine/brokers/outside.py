"""What a broker's session may ask of the outside: the time, a wake-up, an HTTP request, a socket.

A session is plain synchronous code: it is called when something has happened and asks for the next thing by these
doors. On sockets `SocketsOutside` answers them, in tests and the fault simulator a twin in memory and virtual time.
"""

from collections.abc import Callable, Mapping
from typing import Literal, Protocol, override

import msgspec

type Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

NO_HEADERS: Mapping[str, str] = {}
"""Headers of a request that needs none."""


class HttpRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request, complete: the door adds nothing but the connection."""

    method: Method
    url: str
    """With its query, percent-encoded where it must be and nowhere else: what was signed is what is sent."""
    headers: Mapping[str, str] = NO_HEADERS
    body: bytes = b""
    timeout: int
    """Nanoseconds, > 0, from asking to the last byte of the reply."""

    @override
    def __repr__(self) -> str:
        """Return the method and the address without its query: keys travel in headers, signatures in queries."""
        return f"HttpRequest({self.method} {self.url.partition('?')[0]})"


class HttpReply(msgspec.Struct, frozen=True, kw_only=True):
    """What a server answered, whatever it means."""

    status: int
    headers: Mapping[str, str] = NO_HEADERS
    """Names in lower case."""
    body: bytes = b""


class Unanswered(msgspec.Struct, frozen=True, kw_only=True):
    """There is no reply: nobody there, too late, or the connection dropped."""

    reason: str
    """One line without secrets."""
    left: bool
    """Whether the request may have reached the server: if not, nothing can have come of it."""


type Answer = HttpReply | Unanswered
"""How a request ended."""


class Line(Protocol):
    """A socket of frames that is open or about to be."""

    def send(self, frame: str | bytes) -> None:
        """Send a frame, text or binary by its type; on a line that has closed nothing happens.

        The listener hears of a close, also of one that a full send queue led to.
        """
        ...

    def close(self) -> None:
        """Close it; the listener hears nothing of it any more."""
        ...


class Listener(Protocol):
    """Who is told what happens on a line."""

    def opened(self, line: Line) -> None:
        """The line is open: frames may be sent."""
        ...

    def heard(self, line: Line, frame: bytes) -> None:
        """A frame has come, text as UTF-8."""
        ...

    def closed(self, line: Line, reason: str) -> None:
        """The line could not be opened or has dropped; nothing comes any more."""
        ...


class Wake(Protocol):
    """A wake-up that has been asked for."""

    def cancel(self) -> None:
        """Do not wake; after it has woken nothing happens."""
        ...


class Outside(Protocol):
    """The doors of one session."""

    @property
    def now(self) -> int:
        """Return the time, ns UTC; it never goes back."""
        ...

    def after(self, delay: int, wake: Callable[[], None]) -> Wake:
        """Call back after a delay in ns, >= 0."""
        ...

    def ask(self, request: HttpRequest, answered: Callable[[Answer], None]) -> None:
        """Send a request; `answered` is called exactly once, never from within this call."""
        ...

    def dial(self, url: str, listener: Listener, headers: Mapping[str, str] = NO_HEADERS) -> Line:
        """Open a web socket; the listener is never called from within this call.

        With the scheme `tcp` it is a plain connection, whose frames are its bytes as they come, cut anywhere.
        """
        ...

    def pull(self, request: HttpRequest, listener: Listener) -> Line:
        """Send a request whose reply stays open, as server-sent events do; the listener is never called from within.

        A status of 200 opens the line; each piece of the body is a frame; any other status, the end of the body and a
        dropped connection close it. Nothing can be sent on it. The timeout is that of the reply's headers.
        """
        ...
