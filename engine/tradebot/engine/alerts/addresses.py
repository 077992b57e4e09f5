"""Addresses that alerts go to: secrets, since who knows one can write there or read along."""

import re
from collections.abc import Sequence
from typing import TypeGuard
from urllib.parse import urlsplit

from tradebot.engine.credentials.hosts import is_loopback
from tradebot.engine.secret import Secret

ADDRESSES_MAX = 10
"""Most addresses; each has a thread."""

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,31})://\S{1,2000}")
_WEB = re.compile(r"(https?)://[^\s/@]+\S{0,480}")


def parse_addresses(value: object) -> tuple[Secret, ...]:
    """Return addresses from one text or a list of texts; what they are shown as is their scheme alone.

    Raises:
        ValueError: If one is not an address; the text never repeats it.
    """
    given = [value] if isinstance(value, str) else value
    if not _is_row(given):
        raise ValueError('must be a list of addresses such as ["ntfy://topic"]')
    found: list[Secret] = []
    for number, text in enumerate(given, start=1):
        match = _ADDRESS.fullmatch(text.strip()) if isinstance(text, str) else None
        if match is None:
            raise ValueError(
                f"address {number} must be SCHEME://..., as https://appriseit.com lists them"
            )
        found.append(Secret(match[0], f"{match[1].lower()}://***"))
    if len(found) > ADDRESSES_MAX:
        raise ValueError(f"must be at most {ADDRESSES_MAX} addresses, were {len(found)}")
    return tuple(found)


def _is_row(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, list | tuple)


def parse_heartbeat(value: object) -> Secret | None:
    """Return the address of a dead-man's switch: who knows it can silence it, so it is a secret.

    Raises:
        ValueError: If it is not https, or http to this machine; the text never repeats it.
    """
    if value is None or isinstance(value, Secret):
        return value
    text = value.strip() if isinstance(value, str) else ""
    match = _WEB.fullmatch(text)
    if match is None:
        raise ValueError("must be https://HOST/... (http only to this machine)")
    host = urlsplit(text).hostname or ""
    if match[1] == "http" and not is_loopback(host):
        raise ValueError(f"must be https, or http to this machine; was http to {host}")
    return Secret(text, f"{match[1]}://{host}/***")


def without_parts(text: str, address: Secret) -> str:
    """Return a text without any part of an address: libraries quote them in their messages."""
    parts = re.split(r"[/:@?&=#,]+", address.reveal().partition("://")[2])
    for part in sorted({part for part in parts if len(part) > 3}, key=len, reverse=True):  # noqa: PLR2004  (words like `a`)
        text = text.replace(part, "***")
    return text
