"""A plain TCP connection as a line: what comes is handed on as it comes, cut anywhere."""

import asyncio
from collections.abc import Callable
from typing import cast, override
from urllib.parse import urlsplit

from tradebot.engine.brokers.outside import Listener

OPEN_S = 10.0
"""Seconds to connect."""

WAITING_MAX = 8 * 2**20
"""Bytes that may wait to be sent before the connection counts as dead."""


class TcpLine(asyncio.Protocol):
    """One connection.

    Args of the constructor:
        guarded: Calls the session; what that raises goes to whoever keeps it.
        listener: Told what happens.
    """

    def __init__(self, guarded: Callable[[Callable[[], None]], None], listener: Listener) -> None:
        self._guarded = guarded
        self._listener = listener
        self._transport: asyncio.Transport | None = None
        self._silent = False
        self._reason = "closed by the other side"
        self._ended = asyncio.Event()

    def send(self, frame: str | bytes) -> None:
        """Send bytes; a connection that takes none any more is dropped."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        transport.write(frame.encode() if isinstance(frame, str) else frame)
        if transport.get_write_buffer_size() > WAITING_MAX:
            self._reason = f"more than {WAITING_MAX} bytes waited to be sent"
            transport.abort()

    def close(self) -> None:
        """Close it; the listener hears nothing any more."""
        self._silent = True
        if self._transport is not None:
            self._transport.abort()

    async def run(self, url: str) -> None:
        """Be open until it drops; tell the listener."""
        at = urlsplit(url)
        try:
            async with asyncio.timeout(OPEN_S):
                await asyncio.get_running_loop().create_connection(
                    lambda: self, at.hostname or "", at.port or 0
                )
            await self._ended.wait()
        except (OSError, TimeoutError, ValueError) as error:
            self._reason = f"{type(error).__name__}: {error}"
        finally:
            if self._transport is not None:
                self._transport.abort()
        self._tell(lambda: self._listener.closed(self, self._reason))

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A TCP connection's is; uvloop's own is no subclass.
        self._transport = transport = cast(asyncio.Transport, transport)
        if self._silent:
            transport.abort()
        self._tell(lambda: self._listener.opened(self))

    @override
    def data_received(self, data: bytes) -> None:
        self._tell(lambda: self._listener.heard(self, data))

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:
            self._reason = f"{type(exc).__name__}: {exc}"
        self._ended.set()

    def _tell(self, call: Callable[[], None]) -> None:
        if not self._silent:
            self._guarded(call)
