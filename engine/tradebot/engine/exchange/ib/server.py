"""TCP on 127.0.0.1 for sessions without I/O."""

import asyncio
from collections.abc import Callable
from typing import cast, override

from tradebot.engine.exchange.face import Link, Receiver
from tradebot.engine.exchange.web import HOST

_NS = 1e-9
_WAITING = 16 * 2**20
"""Bytes a client may be behind before its connection is closed."""


class SocketLink:
    """A connection's way out; see `face.Link`."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()

    def send(self, frame: str | bytes, delay: int = 0) -> None:
        """Send bytes after a delay, ns."""
        data = frame.encode() if isinstance(frame, str) else frame
        if delay:
            self._loop.call_later(delay * _NS, self._write, data)
        else:
            self._write(data)

    def _write(self, data: bytes) -> None:
        if self._transport.is_closing():
            return
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > _WAITING:
            self._transport.abort()

    def ping(self) -> None:
        """The protocol has none."""

    def close(self, code: int = 1000, reason: str = "", *, abrupt: bool = False) -> None:
        """Close the connection after what waits, or at once."""
        del code, reason
        if abrupt:
            self._transport.abort()
        else:
            self._transport.close()


class _Connection(asyncio.Protocol):
    def __init__(self, connect: Callable[[Link], Receiver], living: set[asyncio.Transport]) -> None:
        self._connect = connect
        self._living = living
        self._transport: asyncio.Transport | None = None
        self._receiver: Receiver | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A TCP connection's is; uvloop's own is no subclass.
        self._transport = transport = cast(asyncio.Transport, transport)
        self._living.add(transport)
        self._receiver = self._connect(SocketLink(transport))

    @override
    def data_received(self, data: bytes) -> None:
        if self._receiver is not None:
            self._receiver.receive(data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._living.discard(self._transport)
        if self._receiver is not None:
            self._receiver.closed()


class Server:
    """A listening port.

    Args of the constructor:
        connect: Takes a new connection.
        port: 0 lets the system choose.
    """

    def __init__(self, connect: Callable[[Link], Receiver], port: int) -> None:
        self._connect = connect
        self.port = port
        """Where it listens, once started."""
        self._server: asyncio.Server | None = None
        self._living: set[asyncio.Transport] = set()

    async def start(self) -> None:
        """Listen. Raises OSError if the port is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Connection(self._connect, self._living), HOST, self.port
        )
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Close the port and its connections."""
        for transport in tuple(self._living):
            transport.abort()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
