"""Server-sent events, line by line, with the comments kept: Alpaca says by comment that it dropped messages.

Source: WHATWG HTML, "Server-sent events", "Interpreting an event stream". Libraries throw comments away.
"""

from typing import NamedTuple

LINE_MAX = 1 << 20
"""Longest line and event, in bytes; a stream that sends a longer one is not believed any more."""


class Event(NamedTuple):
    """The data of one event, its lines joined by newlines."""

    data: bytes


class Comment(NamedTuple):
    """A line that began with a colon, without it."""

    text: str


class SseLines:
    """Cuts a byte stream, in pieces of any size, into events and comments."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        self._size = 0
        self._after_return = False

    def feed(self, chunk: bytes) -> list[Event | Comment]:
        """Return what a chunk completed.

        Raises:
            ValueError: If a line or an event grows beyond LINE_MAX bytes.
        """
        if self._after_return and chunk:
            # A line may end in \r\n, and the chunk before have ended between the two.
            self._after_return, chunk = False, chunk.removeprefix(b"\n")
        self._after_return = chunk.endswith(b"\r")
        *lines, self._rest = _split(self._rest + chunk)
        if len(self._rest) > LINE_MAX:
            raise ValueError(f"a line must be at most {LINE_MAX} bytes")
        return [part for line in lines if (part := self._line(line)) is not None]

    def _line(self, line: bytes) -> Event | Comment | None:
        if not line:
            data, self._data, self._size = self._data, [], 0
            return Event(b"\n".join(data)) if data else None
        if line.startswith(b":"):
            return Comment(line[1:].decode("utf-8", "replace").strip())
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
            self._size += len(value)
            if self._size > LINE_MAX:
                raise ValueError(f"an event must be at most {LINE_MAX} bytes")
        return None


def _split(text: bytes) -> list[bytes]:
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return text.split(b"\n")
