"""Instants as Alpaca writes them: RFC 3339 with up to nine decimals, or a MessagePack timestamp.

msgspec's own datetime rounds to microseconds; fills and prints are told apart by nanoseconds, so both are read here.
"""

import re
from datetime import UTC, datetime

import msgspec

SECOND = 1_000_000_000
"""Nanoseconds in a second."""

_RFC3339 = re.compile(
    r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9})\d*)?(Z|[+-]\d{2}:\d{2})"
)
_TIMESTAMP = 0xFF
"""MessagePack's extension type -1."""
_FIXEXT4, _FIXEXT8, _EXT8 = 0xD6, 0xD7, 0xC7
_LENGTH_96 = 12
_SECONDS_MASK = (1 << 34) - 1


def ns_from_text(text: str) -> int:
    """Return an RFC 3339 instant as ns UTC; decimals beyond the ninth are cut off.

    Raises:
        ValueError: If the text is not one.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError(f"time must be RFC 3339 with a zone, was {text[:60]!r}")
    day, clock, fraction, zone = match.groups()
    whole = datetime.fromisoformat(f"{day}T{clock}{'+00:00' if zone == 'Z' else zone}")
    return int(whole.timestamp()) * SECOND + int((fraction or "").ljust(9, "0"))


def text_from_ns(ns: int) -> str:
    """Return an instant, ns UTC, as RFC 3339 with nine decimals and `Z`."""
    seconds, rest = divmod(ns, SECOND)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def ns_from_raw(raw: msgspec.Raw) -> int:
    """Return an instant out of an undecoded JSON text or MessagePack timestamp, ns UTC.

    Raises:
        ValueError: If it is neither.
    """
    encoded = bytes(raw)
    if encoded[:1] == b'"':
        return ns_from_text(encoded[1:-1].decode("ascii"))
    ns = _from_timestamp(encoded)
    if ns is None:
        raise ValueError(f"time must be text or a MessagePack timestamp, was {encoded[:20]!r}")
    return ns


def _from_timestamp(encoded: bytes) -> int | None:
    head = encoded[0] if encoded else 0
    if head == _FIXEXT4 and encoded[1] == _TIMESTAMP:
        return int.from_bytes(encoded[2:6]) * SECOND
    if head == _FIXEXT8 and encoded[1] == _TIMESTAMP:
        both = int.from_bytes(encoded[2:10])
        return (both & _SECONDS_MASK) * SECOND + (both >> 34)
    if head == _EXT8 and encoded[1] == _LENGTH_96 and encoded[2] == _TIMESTAMP:
        seconds = int.from_bytes(encoded[7:15], signed=True)
        return seconds * SECOND + int.from_bytes(encoded[3:7])
    return None
