"""Where an engine listens: a unix socket or an HTTP address."""

from dataclasses import dataclass
from pathlib import Path
from typing import override
from urllib.parse import urlsplit

SOCKET_PATH_BYTES_MAX = 100
"""Longest path a unix socket may have here, bytes; the kernel's own bound is 108."""

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
"""This machine."""


@dataclass(frozen=True)
class EngineAddress:
    """An engine's address; exactly one of the two."""

    socket: Path | None
    url: str | None

    @override
    def __str__(self) -> str:
        return str(self.socket) if self.socket is not None else str(self.url)


def parse_address(text: str) -> EngineAddress:
    """Return the address written as `unix:///PATH`, a bare path, or `http[s]://HOST:PORT`.

    Raises:
        ValueError: If the text is neither, the socket's path is too long, or a token would be sent
            to another machine in the clear.
    """
    if text.startswith(("http://", "https://")):
        parts = urlsplit(text)
        if parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise ValueError(
                f"http would carry the token to another machine in the clear, was {text!r}:"
                " use https, or ssh -L PORT:127.0.0.1:PORT HOST and http://127.0.0.1:PORT"
            )
        return EngineAddress(None, text.rstrip("/"))
    path = text.removeprefix("unix://")
    if not path.startswith("/"):
        raise ValueError(f"an address must be unix:///PATH or http://HOST:PORT, was {text!r}")
    return socket_address(Path(path))


def socket_address(path: Path) -> EngineAddress:
    """Return the address of a unix socket.

    Raises:
        ValueError: If the path is longer than a socket's path may be.
    """
    length = len(bytes(path))
    if length > SOCKET_PATH_BYTES_MAX:
        raise ValueError(
            f"a socket path must be at most {SOCKET_PATH_BYTES_MAX} bytes, was {length}: {path};"
            " set TRADEBOT_HOME to a shorter folder"
        )
    return EngineAddress(path, None)
