"""What a face is to the exchange, and what a connection is to a face; nothing here opens a socket."""

from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from tradebot.engine.exchange.exchange import Exchange
from tradebot.engine.exchange.faults import EventName, Fault, Faults
from tradebot.engine.exchange.words import FaceName


class Face(Protocol):
    """A broker's protocol over the exchange. Its module `exchange/NAME/face.py` has `open_face(floor, port)`."""

    @property
    def name(self) -> FaceName:
        """Return which broker it speaks as."""
        ...

    def advance(self, now: int) -> None:
        """Do what is due by the venue's time, ns UTC: batched streams, pings, closings."""
        ...

    def strike(self, fault: Fault) -> None:
        """Let a fault of its venue happen that waits for no event."""
        ...

    async def start(self) -> None:
        """Open its ports on 127.0.0.1. Raises OSError if one is taken."""
        ...

    async def close(self) -> None:
        """Close its ports and connections."""
        ...

    def facts(self) -> dict[str, str | int]:
        """Return its part of the ready line; once started."""
        ...


class Doors(Protocol):
    """What stands between a face and its port."""

    def web(self, name: str, face: "WebFace") -> "WebFace":
        """Return what is served in the place of a face of requests and web sockets."""
        ...

    def line(
        self, name: str, connect: "Callable[[Link], Receiver]"
    ) -> "Callable[[Link], Receiver]":
        """Return what takes connections in the place of a face of plain sockets."""
        ...


class OpenDoors:
    """Nothing stands between."""

    def web(self, name: str, face: "WebFace") -> "WebFace":
        """Return the face."""
        del name
        return face

    def line(
        self, name: str, connect: "Callable[[Link], Receiver]"
    ) -> "Callable[[Link], Receiver]":
        """Return the way to connect."""
        del name
        return connect


class Floor:
    """What every face stands on: the exchange, the armed faults, and the time as each face shows it.

    Args of the constructor:
        exchange: Which.
        faults: The armed ones.
        doors: Between faces and ports; none where nothing is kept.
    """

    def __init__(self, exchange: Exchange, faults: Faults, doors: Doors | None = None) -> None:
        self.exchange = exchange
        self.faults = faults
        self.doors: Doors = OpenDoors() if doors is None else doors
        self.skew: dict[FaceName, int] = {}
        """How far a face's clock is off, ns; the fault `clock` sets it."""

    def now(self, face: FaceName) -> int:
        """Return the time that a face shows, ns UTC."""
        return self.exchange.clock.now() + self.skew.get(face, 0)


class HttpRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it came."""

    method: str
    path: str
    query: str = ""
    """Raw, without `?`."""
    headers: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    """Names in lower case."""
    body: bytes = b""


class HttpReply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)
    delay: int = 0
    """How long the answer takes, ns."""
    cut: bool = False
    """Close the connection in place of an answer."""


class Link(Protocol):
    """A connection's way out: a web socket, a stream of text, a TCP socket."""

    def send(self, frame: str | bytes, delay: int = 0) -> None:
        """Send a frame after a delay, ns; frames of equal delay keep their order."""
        ...

    def ping(self) -> None:
        """Send a ping, where the protocol has one."""
        ...

    def close(self, code: int = 1000, reason: str = "", *, abrupt: bool = False) -> None:
        """Close it; `abrupt` without a goodbye."""
        ...


class Receiver(Protocol):
    """A connection's way in, on the face's side."""

    def receive(self, frame: str | bytes) -> None:
        """Take a frame that the client sent."""
        ...

    def closed(self) -> None:
        """Learn that the connection is gone."""
        ...


class HttpStream(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that goes on: server-sent events."""

    open: Callable[[Link], Receiver]
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "text/event-stream"),)


class WebFace(Protocol):
    """A face that speaks HTTP and web sockets, without I/O: `exchange/web.py` serves it."""

    def answer(self, request: HttpRequest) -> HttpReply | HttpStream:
        """Answer a request."""
        ...

    def connect(self, request: HttpRequest, link: Link) -> Receiver | HttpReply:
        """Take a web socket, or answer in its place. `link` may be used from now on."""
        ...


_S = 1_000_000_000


class Line:
    """A connection's way out through the armed faults: every frame of a face goes here."""

    def __init__(self, link: Link, floor: Floor, face: FaceName) -> None:
        self._link = link
        self._floor = floor
        self._face: FaceName = face
        self._not_before = 0
        self.muted = False
        """It stays open and says nothing more."""
        self.is_open = True

    def send(self, frame: str | bytes, *events: EventName) -> None:
        """Send a frame that goes by these names."""
        if not self.is_open or self.muted:
            return
        now = self._floor.exchange.clock.now()
        delay, times = max(0, self._not_before - now), 1
        for fault in self._floor.faults.at(self._face, *events) if events else ():
            match fault.fault:
                case "drop" | "gap":
                    times = 0
                case "duplicate":
                    times = 2
                case "delay":
                    delay += fault.seconds(1.0)
                    self._not_before = now + delay
                case "reorder":
                    delay += fault.seconds(0.25)
                case "mute":
                    self.muted = True
                    return
                case "drop_socket":
                    self.close(abrupt=True)
                    return
                case _:
                    pass
        for _ in range(times):
            self._link.send(frame, delay)

    def send_late(self, frame: str | bytes, delay: int) -> None:
        """Send a frame that no fault of frames strikes after a delay, ns: the answer to a request."""
        if self.is_open and not self.muted:
            self._link.send(frame, delay)

    def ping(self) -> None:
        """Send a ping."""
        if self.is_open and not self.muted:
            self._link.ping()

    def close(self, code: int = 1000, reason: str = "", *, abrupt: bool = False) -> None:
        """Close it; `abrupt` without a goodbye."""
        if self.is_open:
            self.is_open = False
            self._link.close(code, reason, abrupt=abrupt)


class Struck(msgspec.Struct, frozen=True, kw_only=True):
    """What the armed faults make of a request."""

    status: int = 0
    """The answer's status in the place of its own; 0 = its own."""
    done: bool = True
    """Whether what it asks for is done all the same."""
    delay: int = 0
    """How late the answer is, ns."""
    cut: bool = False
    """The connection is closed in the place of an answer."""


def struck(floor: Floor, face: FaceName, events: tuple[EventName, ...]) -> Struck:
    """Return what the armed faults make of a request that goes by these names; each is used up once."""
    delay, cut, status, done = 0, False, 0, True
    for fault in floor.faults.at(face, *events):
        match fault.fault:
            case "http_429" | "http_418":
                status, done = int(fault.fault[5:]), False
            case "http_5xx":
                status, done = int(fault.args.get("status", 503)), False
            case "accepted_504":
                status = 504
            case "late" | "delay":
                delay += fault.seconds(12.0)
            case "drop_socket" | "drop":
                cut = True
            case _:
                pass
    return Struck(status=status, done=done, delay=delay, cut=cut)


def through_faults(
    floor: Floor,
    face: FaceName,
    events: tuple[EventName, ...],
    answer: Callable[[], HttpReply],
    refuse: Callable[[int], HttpReply],
) -> HttpReply:
    """Answer a request that goes by these names as the armed faults have it.

    Args:
        floor: Where faults are armed.
        face: Whose request it is.
        events: Its names.
        answer: Does what is asked.
        refuse: Makes the face's own answer of status 418, 429, 503 or 504.
    """
    hit = struck(floor, face, events)
    reply = answer() if hit.done else refuse(hit.status)
    if hit.done and hit.status:
        reply = refuse(hit.status)
    return msgspec.structs.replace(reply, delay=reply.delay + hit.delay, cut=reply.cut or hit.cut)
