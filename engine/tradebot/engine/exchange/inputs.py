"""What came to the exchange from outside, in order and with its time: replayed, it makes the same exchange again.

Nothing in the exchange is left to chance but by its seed, and its clock stands still while it does one thing. So a file
of all requests, frames, connections and looks at the clock is its whole state: orders, fills, cash, ids, books. Each
entry is written before it is done: what a client was answered is kept, however the process ended.
"""

import fcntl
import os
from collections.abc import Generator
from pathlib import Path

import msgspec

from tradebot.engine.exchange.clock import Clock, SetClock
from tradebot.engine.exchange.face import HttpRequest
from tradebot.engine.exchange.faults import Fault

_LENGTH = 4
_LARGEST = 1 << 26
"""Bytes of an entry; a longer one is no entry."""


class Ticked(msgspec.Struct, frozen=True, array_like=True, tag=0):
    """Time was looked at, and what was due done."""

    now: int


class Asked(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """A request came."""

    now: int
    face: str
    number: int
    """Of the connection that its answer may become."""
    request: HttpRequest


class Streamed(msgspec.Struct, frozen=True, array_like=True, tag=2):
    """The answer to a request began to go on."""

    now: int
    number: int


class Opened(msgspec.Struct, frozen=True, array_like=True, tag=3):
    """A connection was opened."""

    now: int
    face: str
    number: int
    request: HttpRequest | None
    """None where the protocol has no request."""


class Heard(msgspec.Struct, frozen=True, array_like=True, tag=4):
    """A frame came on a connection."""

    now: int
    number: int
    frame: bytes
    text: bool


class Closed(msgspec.Struct, frozen=True, array_like=True, tag=5):
    """A connection was gone."""

    now: int
    number: int


class Armed(msgspec.Struct, frozen=True, array_like=True, tag=6):
    """A fault was armed by the command that started the program."""

    now: int
    fault: Fault


type Input = Ticked | Asked | Streamed | Opened | Heard | Closed | Armed
"""Everything by which the outside reaches the exchange."""

_decode = msgspec.msgpack.Decoder(Input).decode
_encode = msgspec.msgpack.Encoder().encode


class InputsRefused(ValueError):  # noqa: N818  (what happened, not a kind of error)
    """The file cannot be used; the text is one line."""


class Inputs:
    """The file, open for one process.

    Args of the constructor:
        path: The file; made where it is not there. What a kill left half written at its end is cut off.

    Raises:
        InputsRefused: If another process has it, or it holds what is no entry.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._file)
            raise InputsRefused(f"{path} is in use by another exchange") from error
        self.last = 0
        """Venue time of the newest entry, ns UTC; 0: there is none."""
        self.entries = end = 0
        try:
            for one, size in self._read():
                self.last, end = one.now, end + size
                self.entries += 1
        except InputsRefused:
            os.close(self._file)
            raise
        os.truncate(path, end)

    def past(self) -> Generator[Input]:
        """Give all entries, oldest first."""
        for one, _ in self._read():
            yield one

    def _read(self) -> Generator[tuple[Input, int]]:
        with self._path.open("rb") as file:
            while len(head := file.read(_LENGTH)) == _LENGTH:
                length = int.from_bytes(head, "big")
                body = file.read(min(length, _LARGEST + 1))
                if len(body) < length <= _LARGEST:
                    return  # half written
                try:
                    yield _decode(body), _LENGTH + length
                except (ValueError, RecursionError) as error:
                    at = file.tell() - len(body)
                    raise InputsRefused(f"{self._path} holds no entry at byte {at}") from error

    def put(self, one: Input) -> None:
        """Keep an entry; it outlives this process when this returns."""
        body = _encode(one)
        entry = len(body).to_bytes(_LENGTH, "big") + body
        if os.write(self._file, entry) != len(entry):
            raise OSError(f"{self._path} takes no more: free the disk")
        self.last = one.now

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


class StandingClock:
    """The venue's clock of an exchange whose inputs are kept: it stands while one of them is done.

    Args of the constructor:
        start: The exchange's first instant, ns UTC.
        running: The time as it goes on.
    """

    def __init__(self, start: int, running: Clock) -> None:
        self._standing = SetClock(start)
        self._running = running

    def now(self) -> int:
        """Return the instant of the newest input, ns UTC."""
        return self._standing.now()

    def look(self) -> int:
        """Go on to the present and return it, ns UTC."""
        self._standing.set(self._running.now())
        return self.now()

    def set(self, now: int) -> None:
        """Go on to an instant of the past that is replayed, ns UTC."""
        self._standing.set(now)
