"""Doors of the exchange that keep what comes in, and its replay at a start; see `inputs`."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from tradebot.engine.exchange.face import (
    HttpReply,
    HttpRequest,
    HttpStream,
    Link,
    Receiver,
    WebFace,
)
from tradebot.engine.exchange.faults import Fault
from tradebot.engine.exchange.inputs import (
    Armed,
    Asked,
    Closed,
    Heard,
    Input,
    Inputs,
    Opened,
    StandingClock,
    Streamed,
    Ticked,
)

type Connect = Callable[[Link], Receiver]
"""Takes a connection of a protocol without requests."""


class Nowhere:
    """A connection's way out during a replay: who was told is gone."""

    def send(self, frame: str | bytes, delay: int = 0) -> None:
        """Nobody hears it."""

    def ping(self) -> None:
        """Nobody answers."""

    def close(self, code: int = 1000, reason: str = "", *, abrupt: bool = False) -> None:
        """It is closed."""


class Steps(Protocol):
    """What the program does by itself."""

    def step(self) -> None:
        """Do all that is due."""
        ...

    def arm(self, fault: Fault) -> None:
        """Arm a fault."""
        ...


class Kept:
    """The exchange's doors over a file of inputs.

    Args of the constructor:
        inputs: The file.
        clock: The exchange's.
    """

    def __init__(self, inputs: Inputs, clock: StandingClock) -> None:
        self._inputs = inputs
        self.clock = clock
        self._webs: dict[str, WebFace] = {}
        self._lines: dict[str, Connect] = {}
        self._open: dict[int, Receiver] = {}
        self._streams: dict[int, HttpStream] = {}
        self._number = 0

    def web(self, name: str, face: WebFace) -> WebFace:
        """Return a face that keeps what comes to it before it is done."""
        self._webs[name] = face
        return _KeptWeb(self, name, face)

    def line(self, name: str, connect: Connect) -> Connect:
        """Return a way to connect that keeps what comes by it."""
        self._lines[name] = connect

        def kept(link: Link) -> Receiver:
            number = self.number()
            self.put(Opened(self.clock.look(), name, number, None))
            return self.receiver(number, connect(link))

        return kept

    def number(self) -> int:
        """Return the number of a new connection."""
        self._number += 1
        return self._number

    def put(self, one: Input) -> None:
        """Keep an input."""
        self._inputs.put(one)

    def receiver(self, number: int, receiver: Receiver) -> Receiver:
        """Return the way in of a connection, each frame kept before it is taken."""
        self._open[number] = receiver
        return _KeptReceiver(self, number, receiver)

    def gone(self, number: int) -> None:
        """A connection is gone."""
        self._open.pop(number, None)

    def ticked(self) -> None:
        """Time is looked at."""
        self.put(Ticked(self.clock.look()))

    def armed(self, fault: Fault) -> None:
        """A fault is armed by whoever started the program."""
        self.put(Armed(self.clock.look(), fault))

    def replay(self, steps: Steps) -> int:
        """Do all again that was done, then end the connections that nobody is at the other end of.

        Returns:
            How many inputs there were.
        """
        count = 0
        for one in self._inputs.past():
            self.clock.set(one.now)
            self._again(one, steps)
            count += 1
        for number, receiver in list(self._open.items()):
            self.put(Closed(self.clock.look(), number))
            self.gone(number)
            receiver.closed()
        self._streams.clear()
        return count

    def _again(self, one: Input, steps: Steps) -> None:
        match one:
            case Ticked():
                steps.step()
            case Asked():
                self._number = one.number
                answer = self._webs[one.face].answer(one.request)
                if isinstance(answer, HttpStream):
                    self._streams[one.number] = answer
            case Streamed():
                self._open[one.number] = self._streams.pop(one.number).open(Nowhere())
            case Opened():
                self._number = one.number
                self._opened_again(one)
            case Heard():
                self._open[one.number].receive(one.frame.decode() if one.text else one.frame)
            case Closed():
                self._open.pop(one.number).closed()
            case Armed():
                steps.arm(one.fault)

    def _opened_again(self, one: Opened) -> None:
        if one.request is None:
            self._open[one.number] = self._lines[one.face](Nowhere())
            return
        receiver = self._webs[one.face].connect(one.request, Nowhere())
        if not isinstance(receiver, HttpReply):
            self._open[one.number] = receiver


class _KeptReceiver:
    def __init__(self, kept: Kept, number: int, receiver: Receiver) -> None:
        self._kept = kept
        self._number = number
        self._receiver = receiver

    def receive(self, frame: str | bytes) -> None:
        text = isinstance(frame, str)
        body = frame.encode() if isinstance(frame, str) else frame
        self._kept.put(Heard(self._kept.clock.look(), self._number, body, text))
        self._receiver.receive(frame)

    def closed(self) -> None:
        self._kept.put(Closed(self._kept.clock.look(), self._number))
        self._kept.gone(self._number)
        self._receiver.closed()


class _KeptWeb:
    def __init__(self, kept: Kept, name: str, face: WebFace) -> None:
        self._kept = kept
        self._name = name
        self._face = face

    def answer(self, request: HttpRequest) -> HttpReply | HttpStream:
        kept, number = self._kept, self._kept.number()
        kept.put(Asked(kept.clock.look(), self._name, number, request))
        answer = self._face.answer(request)
        if isinstance(answer, HttpReply):
            return answer
        stream = answer

        def opened(link: Link) -> Receiver:
            kept.put(Streamed(kept.clock.look(), number))
            return kept.receiver(number, stream.open(link))

        return msgspec.structs.replace(stream, open=opened)

    def connect(self, request: HttpRequest, link: Link) -> Receiver | HttpReply:
        kept, number = self._kept, self._kept.number()
        kept.put(Opened(kept.clock.look(), self._name, number, request))
        receiver = self._face.connect(request, link)
        if isinstance(receiver, HttpReply):
            return receiver
        return kept.receiver(number, receiver)
