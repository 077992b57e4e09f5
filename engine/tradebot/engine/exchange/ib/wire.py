"""Frames of the TWS socket protocol: a length of four bytes, then fields that each end with a zero byte."""

from decimal import Decimal, InvalidOperation

SERVER_VERSION = 178
"""The last version without protobuf framing: a newer Gateway negotiates down to it too."""

NO_REQUEST = -1
"""In an error: it is about no request."""

FRAME_MAX = 1 << 20
"""Bytes of a client's frame; a longer one ends the connection."""

UNSET = "1.7976931348623157E308"
"""How the venue writes a number that has no value."""

_PREFIX = b"API\0"
_LENGTH = 4

type Value = str | int | bool | Decimal | None
"""What a field is written from; None and no value at all are empty text."""


class FrameRefused(ValueError):  # noqa: N818  (what happened, not a kind of error)
    """Bytes are no frame of the protocol; the text is one line."""


class Frames:
    """Takes a client's bytes, cut anywhere, and gives whole messages."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._greeted = False

    def take(self, data: bytes) -> list[list[str]]:
        """Return the messages that are complete now, each as its fields; the greeting's one field is its versions.

        Raises:
            FrameRefused: If the greeting is wrong or a frame longer than `FRAME_MAX`.
        """
        self._bytes += data
        if not self._greeted:
            head = bytes(self._bytes[: len(_PREFIX)])
            if not _PREFIX.startswith(head):
                raise FrameRefused(
                    f"a connection must begin with API and a zero byte, was {head!r}"
                )
            if len(head) < len(_PREFIX):
                return []
            del self._bytes[: len(_PREFIX)]
            self._greeted = True
        messages: list[list[str]] = []
        while len(self._bytes) >= _LENGTH:
            length = int.from_bytes(self._bytes[:_LENGTH], "big")
            if length > FRAME_MAX:
                raise FrameRefused(f"a frame must be at most {FRAME_MAX} bytes, was {length}")
            if len(self._bytes) < _LENGTH + length:
                break
            text = self._bytes[_LENGTH : _LENGTH + length].decode(errors="replace")
            del self._bytes[: _LENGTH + length]
            fields = text.split("\0")
            messages.append(fields[:-1] if fields[-1] == "" else fields)
        return messages


def frame(*fields: Value) -> bytes:
    """Return one message with its length."""
    body = "".join(f"{text(field)}\0" for field in fields).encode()
    return len(body).to_bytes(_LENGTH, "big") + body


def text(value: Value) -> str:
    """Return a field as text: truth as 1 or 0, a decimal without exponent and trailing zeros."""
    match value:
        case None:
            return ""
        case bool():
            return "1" if value else "0"
        case Decimal():
            plain = f"{value:f}"
            return (plain.rstrip("0").rstrip(".") if "." in plain else plain) or "0"
        case _:
            return str(value)


class FieldRefused(ValueError):  # noqa: N818  (what happened, not a kind of error)
    """A message has too few fields, or one that cannot be read; the text is one line."""


class Reader:
    """Reads a message field by field.

    Args of the constructor:
        fields: Of the message.
        at: The first to be read.
    """

    def __init__(self, fields: list[str], at: int = 1) -> None:
        self._fields = fields
        self._at = at

    def word(self) -> str:
        """Return the next field as it is."""
        if self._at >= len(self._fields):
            raise FieldRefused(f"message {self._fields[0]} ends before field {self._at}")
        self._at += 1
        return self._fields[self._at - 1]

    def skip(self, count: int = 1) -> None:
        """Pass over fields."""
        for _ in range(count):
            self.word()

    def whole(self) -> int:
        """Return the next field as a whole number; empty is 0."""
        word = self.word()
        try:
            return int(word or 0)
        except ValueError as error:
            raise FieldRefused(
                f"field {self._at - 1} must be a whole number, was {word[:40]!r}"
            ) from error

    def number(self) -> Decimal | None:
        """Return the next field as a number; None where it is empty or unset."""
        word = self.word()
        if word in ("", UNSET):
            return None
        try:
            value = Decimal(word)
        except ArithmeticError as error:
            raise FieldRefused(
                f"field {self._at - 1} must be a number, was {word[:40]!r}"
            ) from error
        if not value.is_finite():
            raise FieldRefused(f"field {self._at - 1} must be finite, was {word[:40]!r}")
        return None if value == Decimal(UNSET) else value

    def flag(self) -> bool:
        """Return the next field as truth; empty is no."""
        return self.word() not in ("", "0", "false")

    def peek(self, ahead: int = 0) -> str:
        """Return a coming field, or empty text past the end; nothing is taken."""
        at = self._at + ahead
        return self._fields[at] if at < len(self._fields) else ""


def request_of(fields: list[str]) -> int:
    """Return which request or order an error about a message is about; -1 where it has none."""
    if not fields:
        return NO_REQUEST
    at = {"1": 2, "3": 1, "4": 2, "7": 2, "9": 2, "10": 2, "62": 2, "76": 2}.get(fields[0], 1)
    try:
        return int(Decimal(fields[at])) if at < len(fields) else NO_REQUEST
    except (InvalidOperation, ValueError, OverflowError):
        return NO_REQUEST
