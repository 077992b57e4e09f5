"""Connections of the control API: counted, closed when they dawdle, dropped when they do not read."""

import asyncio
import logging
import socket
import struct
import sys
from typing import override

import h11
import msgspec
import uvicorn
from litestar.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.server import ServerState

from tradebot.engine.control.clients import Clients
from tradebot.engine.control.limits import (
    HEAD_BYTES_MAX,
    IDLE_TIMEOUT_S,
    SEND_BUFFER_BYTES,
    Limits,
)
from tradebot.engine.control.messages_orders import Problem
from tradebot.engine.control.problems import Rejected, send_rejection

_PEER = struct.Struct("3i")  # pid, uid, gid: `struct ucred` of Linux


_quiet = logging.getLogger(f"{__name__}.http")
_quiet.setLevel(
    logging.ERROR
)  # what is not HTTP is answered, not logged: a stranger must not fill a disk


class Place:
    """One address that is listened on: its connections and the bounds they have.

    Args:
        limits: The bounds.
        clients: Where drops are told.
    """

    def __init__(self, limits: Limits, clients: Clients) -> None:
        self.limits = limits
        self.clients = clients
        self._open: dict[str, int] = {}

    @property
    def count(self) -> int:
        """How many connections there are."""
        return sum(self._open.values())

    def enter(self, client: str) -> str | None:
        """Count a connection; return why it is one too many, or None."""
        self._open[client] = own = self._open.get(client, 0) + 1
        if self.count > self.limits.connections:
            return f"at most {self.limits.connections} connections at a time"
        if own > self.limits.connections_per_client:
            return (
                f"at most {self.limits.connections_per_client} connections of one client at a time"
            )
        return None

    def leave(self, client: str) -> None:
        """Count a connection no more."""
        self._open[client] -= 1
        if not self._open[client]:
            del self._open[client]


class PlaceConfig(uvicorn.Config):
    """What uvicorn is told, and the place its connections belong to."""

    def __init__(self, app: ASGIApp, place: Place) -> None:
        super().__init__(
            app,
            http=GuardedConnection,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,  # who a client is must not be its own word
            timeout_graceful_shutdown=2,
            timeout_keep_alive=IDLE_TIMEOUT_S,
            h11_max_incomplete_event_size=HEAD_BYTES_MAX,
        )
        self.place = place


class GuardedConnection(H11Protocol):
    """One connection. uvicorn speaks HTTP on it; here is what a bad or a stuck client gets."""

    def __init__(
        self,
        config: PlaceConfig,
        server_state: ServerState,
        app_state: dict[str, object],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, {**app_state, "connection": self}, _loop)
        self.place = config.place
        self.logger = _quiet
        self.caller = ""
        """Who spoke last, by name."""
        self.client_key = ""
        self.peer = ""
        self._head_timer: asyncio.TimerHandle | None = None
        self._reader_timer: asyncio.TimerHandle | None = None

    @property
    def label(self) -> str:
        """The client, for logs and lists."""
        who = self.caller if self.caller in {"", "socket"} else f"token {self.caller}"
        return ", ".join(part for part in (who, self.peer) if part)

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        # Whatever the system does not take at once counts as unread: the reader's timer starts there.
        transport.set_write_buffer_limits(high=0)
        self.client_key, self.peer = _peer(transport)
        too_many = self.place.enter(self.client_key)
        if too_many is not None:
            self.app = _busy(too_many)
            if self.place.count > 2 * self.place.limits.connections:
                transport.abort()
        self._expect_head()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_timers()
        self.place.leave(self.client_key)
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self._answering():
            self._head_done()
        elif self._head_timer is None and not self.transport.is_closing():
            self._expect_head()  # a request that began and is not whole, or a body nobody wants

    @override
    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._answering():
            self._head_done()  # the next request was here already

    @override
    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP with a Problem; uvicorn calls it while the error is handled."""
        error = sys.exception()
        hint = error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else 400
        status = 431 if hint == 431 else 400  # noqa: PLR2004  (its 501 would be a failure of ours)
        if self._answering():
            self.cycle.disconnected = True  # its answer has nowhere to go any more
        if self.transport.is_closing() or self.conn.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            self.transport.abort()
            return
        detail = f"not HTTP: {error}" if status != 431 else _HEAD_TOO_LARGE  # noqa: PLR2004
        self._say(status, Problem(code="usage", detail=" ".join(detail.split()), exit_code=2))

    @override
    def pause_writing(self) -> None:
        super().pause_writing()
        if self._reader_timer is None:
            self._reader_timer = self.loop.call_later(
                self.place.limits.reader_timeout_s, self._reader_silent
            )

    @override
    def resume_writing(self) -> None:
        super().resume_writing()
        if self._reader_timer is not None:
            self._reader_timer.cancel()
            self._reader_timer = None

    def narrow(self) -> None:
        """Let the system hold little of what this client has not read: what it gets next is new."""
        sock = self.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)

    def _answering(self) -> bool:
        """Return whether a request is being answered."""
        cycle: RequestResponseCycle | None = getattr(self, "cycle", None)  # none before the first
        return cycle is not None and not cycle.response_complete

    def _expect_head(self) -> None:
        self._head_timer = self.loop.call_later(self.place.limits.head_timeout_s, self._head_late)

    def _head_done(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_late(self) -> None:
        self._head_timer = None
        if self.transport.is_closing():
            return
        if self.conn.our_state is not h11.IDLE:
            self.transport.abort()
            return
        seconds = self.place.limits.head_timeout_s
        detail = f"the request line and headers must come within {seconds:g} s"
        self._say(408, Problem(code="timeout", detail=detail, exit_code=1))

    def _reader_silent(self) -> None:
        self._reader_timer = None
        seconds = self.place.limits.reader_timeout_s
        self.place.clients.drop(self.label, f"it has read nothing for {seconds:g} s")
        self.transport.abort()

    def _say(self, status: int, problem: Problem) -> None:
        """Write a whole answer and close."""
        body = msgspec.json.encode(problem)
        headers = [
            ("content-type", "application/json"),
            ("content-length", str(len(body))),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("connection", "close"),
        ]
        headless = self._answering() and self.scope["method"] == "HEAD"
        for event in (
            h11.Response(status_code=status, headers=headers),
            h11.Data(data=b"" if headless else body),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _cancel_timers(self) -> None:
        self._head_done()
        if self._reader_timer is not None:
            self._reader_timer.cancel()
            self._reader_timer = None


_HEAD_TOO_LARGE = f"request line and headers must have at most {HEAD_BYTES_MAX} bytes together"


def _busy(reason: str) -> ASGIApp:
    """Return an application that refuses each request: its connection is one too many."""

    async def busy(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        error = Rejected(
            503, "busy", reason, exit_code=1, headers={"Retry-After": "1", "Connection": "close"}
        )
        await send_rejection(send, error)

    return busy


def _peer(transport: asyncio.Transport) -> tuple[str, str]:
    """Return what connections of one client have in common, and what to call this one."""
    address: object = transport.get_extra_info("peername")
    if isinstance(address, tuple) and address:
        host, port = str(address[0]), str(address[1])  # pyright: ignore[reportUnknownArgumentType]  (host and port)
        return host, f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if sys.platform == "linux":
        sock = transport.get_extra_info("socket")
        pid, _, _ = _PEER.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
        return f"process {pid}", f"process {pid}"
    return "local", ""
