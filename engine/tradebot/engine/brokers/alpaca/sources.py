"""The three ways by which Alpaca tells what happens to orders, behind one interface; no I/O.

1. Broker events: SSE of the Broker API, with a cursor, for accounts with Broker credentials.
2. Activity events: SSE of the Trading API where the account has it (a 404 says that it has not).
3. `trade_updates`: the web socket everybody has; it replays nothing, so REST fills the gaps.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Literal, Protocol, override

import msgspec

from tradebot.data.venues.alpaca.times import text_from_ns
from tradebot.engine.brokers.alpaca.api import Keys
from tradebot.engine.brokers.alpaca.executions import (
    Execution,
    OrderNews,
    from_activity,
    from_update,
)
from tradebot.engine.brokers.alpaca.messages import WireActivity, WireUpdate
from tradebot.engine.brokers.alpaca.sse import Comment, SseLines
from tradebot.engine.brokers.outside import Line
from tradebot.engine.core.types import MS


class Ready(msgspec.Struct, frozen=True):
    """Subscribed: what happens from here on is told."""


class Lost(msgspec.Struct, frozen=True):
    """The venue dropped messages, or ends the stream: open it anew."""

    reason: str


class Refused(msgspec.Struct, frozen=True):
    """The venue does not let us in."""

    reason: str


class Alive(msgspec.Struct, frozen=True):
    """Something was said, and it means nothing else."""


class Unreadable(msgspec.Struct, frozen=True):
    """A message could not be read: counted, and the stream goes on."""

    reason: str


type Heard = Ready | Lost | Refused | Alive | Unreadable | Execution | OrderNews
"""What a piece of a stream means."""


class Opening(msgspec.Struct, frozen=True):
    """How to open a stream."""

    kind: Literal["socket", "events"]
    url: str
    headers: Mapping[str, str]


class Source(Protocol):
    """One way by which the venue tells."""

    @property
    def name(self) -> str:
        """Return what it is called."""
        ...

    @property
    def tells_orders(self) -> bool:
        """Return whether it tells what happens to orders besides trading."""
        ...

    @property
    def has_rest(self) -> bool:
        """Return whether its keys may list activities by REST."""
        ...

    @property
    def past(self) -> "ActivityEvents | None":
        """Return what replays the busts and corrections it told while nobody listened; None: it does so itself."""
        ...

    def open(self, since: int) -> Opening:
        """Begin a new stream.

        Args:
            since: Venue time from which on executions may be missing, ns UTC; for sources that replay.
        """
        ...

    def opened(self, line: Line) -> list[Heard]:
        """The stream is open: send what it wants first."""
        ...

    def heard(self, frame: bytes) -> list[Heard]:
        """Take in a frame or a piece of an event stream."""
        ...


class _Envelope(msgspec.Struct, frozen=True):
    stream: str
    data: msgspec.Raw = msgspec.Raw()


class _Status(msgspec.Struct, frozen=True):
    status: str = ""
    action: str = ""
    streams: list[str] = []
    message: str = ""
    error: str = ""


class TradeUpdates:
    """The web socket `trade_updates`; JSON as text or in binary frames, or MessagePack."""

    name = "trade_updates"
    tells_orders = True
    has_rest = True

    def __init__(self, url: str, keys: Keys, past: "ActivityEvents | None" = None) -> None:
        self._url = url
        self._keys = keys
        self.past = past
        self._line: Line | None = None

    def open(self, since: int) -> Opening:
        """Begin a new stream; it replays nothing."""
        del since
        self._line = None
        return Opening("socket", self._url, {})

    def opened(self, line: Line) -> list[Heard]:
        """Show the keys."""
        data = {"key_id": self._keys.key.reveal(), "secret_key": self._keys.secret.reveal()}
        line.send(msgspec.json.encode({"action": "authenticate", "data": data}).decode())
        self._line = line
        return []

    def heard(self, frame: bytes) -> list[Heard]:
        """Read one frame."""
        packed = frame[:1] not in (b"{", b" ", b"\n")
        decode = msgspec.msgpack.decode if packed else msgspec.json.decode
        try:
            envelope = decode(frame, type=_Envelope)
            if envelope.stream == "trade_updates":
                return [from_update(decode(envelope.data, type=WireUpdate), "stream")]
            status = decode(envelope.data, type=_Status)
        except (ValueError, RecursionError) as error:
            return [Unreadable(str(error)[:200])]
        return [self._answered(envelope.stream, status)]

    def _answered(self, stream: str, status: _Status) -> Heard:
        if stream == "authorization":
            if status.status != "authorized" or self._line is None:
                why = status.message or status.status or "failed"
                return Refused(f"authorization: {why}")
            self._line.send('{"action":"listen","data":{"streams":["trade_updates"]}}')
        if stream == "listening":
            listening = "trade_updates" in status.streams
            return Ready() if listening else Refused(status.error or "trade_updates not granted")
        return Alive()


class _EventStream(ABC):
    """What both event streams share: events of one type, comments that may mean loss."""

    past = None

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._url = url
        self._headers = headers
        self._lines = SseLines()

    def _begin(self, path: str, query: str) -> Opening:
        self._lines = SseLines()
        accept = {"Accept": "text/event-stream", **self._headers}
        return Opening("events", f"{self._url}{path}?{query}", accept)

    def opened(self, line: Line) -> list[Heard]:
        """Nothing has to be sent: the answer's headers are the acknowledgement."""
        del line
        return [Ready()]

    def heard(self, frame: bytes) -> list[Heard]:
        """Read a piece of the stream."""
        try:
            parts = self._lines.feed(frame)
        except ValueError as error:
            return [Unreadable(str(error)), Lost(str(error))]
        found: list[Heard] = []
        for part in parts:
            if isinstance(part, Comment):
                found.append(_comment(part.text))
                continue
            try:
                found.append(self._event(part.data))
            except (ValueError, RecursionError) as error:
                found.append(Unreadable(str(error)[:200]))
        return found

    @abstractmethod
    def _event(self, data: bytes) -> Heard: ...


def _comment(text: str) -> Heard:
    low = text.lower()
    # ": you are reading too slowly, dropped 12 messages" and ": internal server error" are the only warning there is.
    if "dropped" in low or "too slow" in low or "error" in low:
        return Lost(text[:120])
    return Alive()


class BrokerEvents(_EventStream):
    """SSE `/v2/events/trades` of the Broker API: replays from a time on."""

    name = "broker_events"
    tells_orders = True
    has_rest = False

    def __init__(self, url: str, keys: Keys) -> None:
        super().__init__(url, keys.basic)

    def open(self, since: int) -> Opening:
        """Begin a new stream; ULIDs of one millisecond have no order, so it begins by time."""
        return self._begin("/v2/events/trades", f"since={text_from_ns(since)}")

    @override
    def _event(self, data: bytes) -> Heard:
        return from_update(msgspec.json.decode(data, type=WireUpdate), "stream")


class ActivityEvents(_EventStream):
    """SSE `/v2beta1/events/activities` of the Trading API, where an account has it: replays from an id on."""

    name = "activity_events"
    tells_orders = False
    has_rest = True

    def __init__(self, url: str, keys: Keys) -> None:
        super().__init__(url, keys.headers)

    def open(self, since: int) -> Opening:
        """Begin a new stream; by time it would have to have an end, so it begins by the first id of an instant."""
        return self._begin("/v2beta1/events/activities", f"since_id={first_ulid(since)}")

    @override
    def _event(self, data: bytes) -> Heard:
        found = from_activity(msgspec.json.decode(data, type=WireActivity), "stream")
        return found if found is not None else Alive()


_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ULID_TIME, _ULID_CHANCE = 10, 16


def first_ulid(ns: int) -> str:
    """Return the smallest ULID of an instant, ns UTC: 48 bits of milliseconds, then no chance."""
    ms = max(0, ns // MS)
    letters = [_CROCKFORD[(ms >> (5 * place)) & 31] for place in reversed(range(_ULID_TIME))]
    return "".join(letters) + "0" * _ULID_CHANCE
