"""The doors of an adapter's session inside the simulator: requests, answers and frames travel in the world's time.

What leaves is on its way whatever becomes of the engine; what comes back is lost with the life it was meant for.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from tradebot.engine.brokers.outside import (
    NO_HEADERS,
    Answer,
    HttpReply,
    HttpRequest,
    Line,
    Listener,
    Unanswered,
    Wake,
)
from tradebot.engine.core.types import MS, SECOND
from tradebot.engine.exchange.face import Link, Receiver
from tradebot.engine.simulation.agenda import Agenda
from tradebot.engine.simulation.faults import Faults
from tradebot.engine.simulation.stream import LATENCY

GIVEN_UP_AFTER = 2 * SECOND
"""When an answer that is lost is given up; adapters allow more, and a simulated spell is short."""


class Server(Protocol):
    """The venue behind the doors."""

    def serve(self, request: HttpRequest) -> HttpReply:
        """Answer a request."""
        ...

    def connect(self, url: str, link: Link) -> Receiver | None:
        """Take a connection; None: it is refused."""
        ...

    @property
    def lost_frames(self) -> bool:
        """Return whether single frames may be dropped, doubled and overtaken; else only lines break."""
        ...

    @property
    def orders_by_line(self) -> bool:
        """Return whether orders travel on the line."""
        ...


class Woken:
    """A wake-up that can be taken back."""

    def __init__(self, call: Callable[[], None]) -> None:
        self.call: Callable[[], None] | None = call

    def cancel(self) -> None:
        """Do not wake."""
        self.call = None


class SimulatedDoors:
    """See `brokers.outside.Outside`.

    Args of the constructor:
        agenda: The world's time.
        faults: What of them strikes.
        server: The venue.
    """

    def __init__(self, agenda: Agenda, faults: Faults, server: Server) -> None:
        self.agenda = agenda
        self.faults = faults
        self.server = server
        self.closed = False
        self.said = 0
        """Frames told, heard or not."""
        self._lines: list[SimulatedLine] = []

    @property
    def now(self) -> int:
        """Return the world's time, ns UTC."""
        return self.agenda.now

    @property
    def sick(self) -> bool:
        """Return whether a line is open and mute."""
        return any(line.muted for line in self._lines)

    def close(self) -> None:
        """End this life: nobody listens any more, and the venue sees every line drop."""
        self.closed = True
        for line in tuple(self._lines):
            line.close()

    def mend(self) -> None:
        """Drop what is open and mute."""
        for line in tuple(self._lines):
            if line.muted:
                line.drop("mended")

    def ended(self, line: "SimulatedLine") -> None:
        """Forget a line."""
        if line in self._lines:
            self._lines.remove(line)

    def after(self, delay: int, wake: Callable[[], None]) -> Wake:
        """Call back after a delay in ns."""
        woken = Woken(wake)

        def fire() -> None:
            call, woken.call = woken.call, None
            if call is not None and not self.closed:
                call()

        self.agenda.after(delay, fire, standing=True)
        return woken

    def ask(self, request: HttpRequest, answered: Callable[[Answer], None]) -> None:
        """Bring a request to the venue and its answer back; one that does something may be lost on either way."""

        def told(answer: Answer) -> None:
            if not self.closed:
                answered(answer)

        acts, faults = request.method != "GET", self.faults
        delay = LATENCY + self._slowness()
        if acts and faults.strike("unknown"):
            if faults.between(0, 1):
                self.agenda.after(delay, lambda: _done(self.server.serve(request)))
            lost = Unanswered(reason="no answer", left=True)
            late = GIVEN_UP_AFTER + faults.between(0, 900) * MS
            self.agenda.after(late, lambda: told(lost))
            return

        def arrive() -> None:
            reply = self.server.serve(request)
            back = LATENCY + self._slowness()
            if not acts and faults.strike("snapshot_race"):
                back += faults.between(50, 500) * MS
            self.agenda.after(back, lambda: told(reply))

        self.agenda.after(delay, arrive)

    def _slowness(self) -> int:
        return self.faults.between(100, 1_500) * MS if self.faults.strike("slow") else 0

    def dial(self, url: str, listener: Listener, headers: Mapping[str, str] = NO_HEADERS) -> Line:
        """Bring a line to the venue."""
        _ = headers
        line = SimulatedLine(self, url, listener)
        self._lines.append(line)
        self.agenda.after(LATENCY, line.arrive)
        return line

    def pull(self, request: HttpRequest, listener: Listener) -> Line:
        """Refuse a reply that stays open: no account here has one."""
        line = SimulatedLine(self, request.url, listener)
        self._lines.append(line)
        self.agenda.after(LATENCY, lambda: line.drop("HTTP 404"))
        return line


def _done(reply: HttpReply) -> None:
    """Let go of an answer that nobody hears."""
    _ = reply


class SimulatedLine:
    """Both ends of a connection: the session's `Line` and the face's `Link`."""

    def __init__(self, doors: SimulatedDoors, url: str, listener: Listener) -> None:
        self._doors = doors
        self._url = url
        self._listener = listener
        self._receiver: Receiver | None = None
        self._gone = False
        self.muted = False
        self._not_before = 0

    # ---------------------------------------------------------------------------- the session's end

    def arrive(self) -> None:
        """Come to the venue."""
        if self._gone:
            return
        self._receiver = self._doors.server.connect(self._url, _Link(self))
        if self._receiver is None:
            self.drop("refused")
        elif not self._gone:
            self._listener.opened(self)

    def send(self, frame: str | bytes) -> None:
        """Send a frame to the venue; one that was sent arrives though the line drops right after."""
        receiver = self._receiver
        if self._gone or receiver is None:
            return

        def arrive() -> None:
            if not self.muted:
                receiver.receive(frame)

        doors, faults = self._doors, self._doors.faults
        if doors.server.orders_by_line and faults.strike("unknown"):
            if faults.between(0, 1):
                doors.agenda.after(LATENCY, arrive)
            doors.agenda.after(LATENCY + MS, lambda: self.drop("connection reset"))
            return
        doors.agenda.after(LATENCY, arrive)

    def close(self) -> None:
        """Close the session's end; the venue hears of it after what was sent."""
        if self._gone:
            return
        self._gone = True
        self._doors.ended(self)
        if self._receiver is not None:
            self._doors.agenda.after(LATENCY, self._receiver.closed)

    # ---------------------------------------------------------------------------- the venue's end

    def drop(self, reason: str) -> None:
        """Drop the line: what was on its way to the session is lost."""
        if self._gone:
            return
        self._gone = True
        self._doors.ended(self)
        if self._receiver is not None:
            self._receiver.closed()
        self._listener.closed(self, reason)

    def say(self, frame: str | bytes, delay: int) -> None:
        """Let a frame travel to the session, as far as no fault strikes."""
        if self._gone or self.muted:
            return
        doors, faults = self._doors, self._doors.faults
        doors.said += 1
        raw = frame.encode() if isinstance(frame, str) else frame
        if faults.strike("disconnect"):
            doors.agenda.after(LATENCY, lambda: self.drop("connection reset"))
            return
        if faults.strike("mute"):
            self.muted = True
            return
        times, travel = 1, LATENCY + delay
        if doors.server.lost_frames:
            if faults.strike("drop"):
                return
            if faults.strike("reorder"):
                travel += faults.between(5, 60) * MS
            times += faults.strike("duplicate")
        if faults.strike("delay"):
            travel += faults.between(200, 3_000) * MS
            if not doors.server.lost_frames:
                self._not_before = doors.now + travel
        travel = max(travel, self._not_before - doors.now)
        for number in range(times):
            later = faults.between(1, 1_500) * MS if number else 0
            doors.agenda.after(travel + later, lambda: self._heard(raw))

    def _heard(self, raw: bytes) -> None:
        if not self._gone:
            self._listener.heard(self, raw)

    def closes(self, reason: str) -> None:
        """Let the venue close it, after what it said before."""
        self._doors.agenda.after(LATENCY, lambda: self.drop(reason))


class _Link:
    """What a face holds of a line."""

    def __init__(self, line: SimulatedLine) -> None:
        self._line = line

    def send(self, frame: str | bytes, delay: int = 0) -> None:
        """Send a frame after a delay, ns."""
        self._line.say(frame, delay)

    def ping(self) -> None:
        """A ping is answered by the transport, which is not simulated."""

    def close(self, code: int = 1000, reason: str = "", *, abrupt: bool = False) -> None:
        """Close it."""
        _ = abrupt
        self._line.closes(reason or str(code))
