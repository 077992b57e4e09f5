"""An outside in memory and virtual time: what a session asks goes to functions of the test, in a settled order."""

import heapq
from collections.abc import Callable, Mapping
from itertools import count

from tradebot.engine.brokers.outside import (
    NO_HEADERS,
    Answer,
    HttpRequest,
    Line,
    Listener,
    Unanswered,
    Wake,
)
from tradebot.engine.core.types import MS


class Woken:
    """A wake-up that can be taken back."""

    def __init__(self, call: Callable[[], None]) -> None:
        self.call: Callable[[], None] | None = call

    def cancel(self) -> None:
        """Do not wake."""
        self.call = None


class MemoryLine:
    """The session's end of a socket; the test hears what is sent and says what comes."""

    def __init__(self, outside: "MemoryOutside", url: str, listener: Listener) -> None:
        self.url = url
        self.open = False
        self.sent: list[bytes] = []
        self.on_send: Callable[[bytes], None] = lambda _: None
        """The server's end; called after the latency."""
        self.on_close: Callable[[], None] = lambda: None
        self._outside = outside
        self._listener = listener
        self._gone = False

    def send(self, frame: str | bytes) -> None:
        """Send a frame to the server, there after the latency."""
        if not self.open or self._gone:
            return
        raw = frame.encode() if isinstance(frame, str) else frame
        self.sent.append(raw)
        self._outside.after(self._outside.latency, lambda: self.on_send(raw))

    def close(self) -> None:
        """Close the session's end."""
        if not self._gone:
            self._gone = True
            self.on_close()

    def accept(self) -> None:
        """Let the server take the connection."""
        self.open = True
        if not self._gone:
            self._listener.opened(self)

    def say(self, frame: bytes, delay: int | None = None) -> None:
        """Let a frame come from the server after a delay in ns; none: the latency."""

        def arrive() -> None:
            if not self._gone:
                self._listener.heard(self, frame)

        self._outside.after(self._outside.latency if delay is None else delay, arrive)

    def drop(self, reason: str = "dropped") -> None:
        """Drop the line: what was on its way is lost."""
        if not self._gone:
            self._gone = True
            self._listener.closed(self, reason)


class MemoryOutside:
    """See `brokers.outside.Outside`.

    Args of the constructor:
        start: First instant, ns UTC.
        latency: One way between session and server, ns.
    """

    def __init__(self, start: int, latency: int = MS) -> None:
        self.now = start
        self.latency = latency
        self.lines: list[MemoryLine] = []
        self.requests: list[HttpRequest] = []
        self.serve: Callable[[HttpRequest, Callable[[Answer], None]], None] = self._nobody
        """The HTTP server: takes a request and may answer it, once, at any later time."""
        self.connect: Callable[[MemoryLine], None] = lambda line: line.accept()
        """The socket server: accepts a line or drops it."""
        self.stream: Callable[[HttpRequest, MemoryLine], None] = lambda _, line: line.drop(
            "HTTP 404"
        )
        """The server of replies that stay open: accepts a line or drops it."""
        self._waiting: list[tuple[int, int, Woken]] = []
        self._numbers = count()

    def after(self, delay: int, wake: Callable[[], None]) -> Wake:
        """Call back after a delay in ns."""
        woken = Woken(wake)
        heapq.heappush(self._waiting, (self.now + delay, next(self._numbers), woken))
        return woken

    def ask(self, request: HttpRequest, answered: Callable[[Answer], None]) -> None:
        """Bring a request to the server; where it does not answer in time, say so."""
        self.requests.append(request)
        over: list[bool] = []

        def once(answer: Answer) -> None:
            if not over:
                over.append(True)
                answered(answer)

        late = Unanswered(reason=f"no answer within {request.timeout / 1e9:g} s", left=True)
        self.after(request.timeout, lambda: once(late))

        def reply(answer: Answer) -> None:
            self.after(self.latency, lambda: once(answer))

        self.after(self.latency, lambda: self.serve(request, reply))

    def dial(self, url: str, listener: Listener, headers: Mapping[str, str] = NO_HEADERS) -> Line:
        """Bring a line to the server."""
        _ = headers
        line = MemoryLine(self, url, listener)
        self.lines.append(line)
        self.after(self.latency, lambda: self.connect(line))
        return line

    def pull(self, request: HttpRequest, listener: Listener) -> Line:
        """Bring a request whose reply stays open to the server."""
        line = MemoryLine(self, request.url, listener)
        self.requests.append(request)
        self.lines.append(line)
        self.after(self.latency, lambda: self.stream(request, line))
        return line

    def close(self) -> None:
        """Forget all that waits."""
        self._waiting.clear()

    def run(self, span: int) -> None:
        """Let so many ns pass."""
        end = self.now + span
        while self._waiting and self._waiting[0][0] <= end:
            due, _, woken = heapq.heappop(self._waiting)
            self.now = max(self.now, due)
            if woken.call is not None:
                call, woken.call = woken.call, None
                call()
        self.now = end

    @staticmethod
    def _nobody(request: HttpRequest, answered: Callable[[Answer], None]) -> None:
        answered(Unanswered(reason=f"nobody at {request.url}", left=False))
