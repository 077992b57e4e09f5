"""A small engine for tests: speaks the control API over HTTP on a unix socket; no engine behind it.

Run as a program it serves until it is told to stop: `python console_server.py SOCKET [stall]`.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import parse_qsl

import msgspec
from console_fakes import FakeMarket, order, preview_of

from tradebot.console.link.protocol import StateQuery
from tradebot.engine.control.messages import API_NUMBER, Hello
from tradebot.engine.control.messages_orders import (
    CommandAnswer,
    OrderAnswer,
    OrderRequest,
    Problem,
)

type Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Request(msgspec.Struct):
    """A parsed HTTP request."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


class SmallServer:
    """The API on one socket; everything that was asked is kept in `asked`."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self.market = FakeMarket()
        self.asked: list[Request] = []
        self.orders: list[OrderRequest] = []
        self.api = API_NUMBER
        self.event_lines: list[bytes] = []
        self.frames_max = 10**9
        self.stranger = False
        """Whether every request is refused for want of a token."""
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_unix_server(self._serve, str(self.socket))

    async def stop(self) -> None:
        """End, with every open stream."""
        if self._server is not None:
            self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        self.socket.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        try:
            while (request := await _read(reader)) is not None:
                self.asked.append(request)
                if not await self._answer(request, writer):
                    break
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        """Answer; return whether the connection goes on."""
        if self.stranger:
            problem = Problem(code="unauthorized", detail="a token is needed", exit_code=3)
            _write(writer, 401, msgspec.json.encode(problem))
            await writer.drain()
            return True
        match request.path:
            case "/v1/state":
                await self._frames(request, writer)
                return False
            case "/v1/events":
                await self._events(writer)
                return False
            case "/v1/hello":
                hello = Hello(api=self.api, name="small", version="0", mode="sandbox", pid=1)
                _write(writer, 200, msgspec.json.encode(hello))
            case "/v1/preview":
                asked = msgspec.json.decode(request.body, type=OrderRequest)
                _write(writer, 200, msgspec.json.encode(preview_of(asked)))
            case "/v1/orders":
                self.orders.append(msgspec.json.decode(request.body, type=OrderRequest))
                answer = OrderAnswer(outcome="accepted", order=order(), reason=None)
                _write(writer, 200, msgspec.json.encode(answer))
            case "/v1/resume":
                problem = Problem(code="refused", detail="not while reconciling", exit_code=5)
                _write(writer, 403, msgspec.json.encode(problem))
            case "/v1/halt":
                _write(writer, 502, b"<html>bad gateway</html>")
            case _:
                _write(
                    writer, 200, msgspec.json.encode(CommandAnswer(ok=True, lines=[request.path]))
                )
        await writer.drain()
        return True

    async def _frames(self, request: Request, writer: asyncio.StreamWriter) -> None:
        _stream_head(writer)
        query = StateQuery(
            instrument=request.query.get("instrument"),
            step=request.query.get("step"),
            rows=int(request.query.get("rows", "60")),
            span=request.query.get("span", "1m"),
        )
        for _ in range(self.frames_max):
            self.market.step()
            frame = msgspec.json.encode(self.market.frame(query, trades=self.market.trades[:50]))
            writer.write(b"event: frame\ndata: " + frame + b"\n\n")
            await writer.drain()
            await asyncio.sleep(1 / 30)

    async def _events(self, writer: asyncio.StreamWriter) -> None:
        _stream_head(writer)
        for line in self.event_lines:
            writer.write(line)
        await writer.drain()
        await asyncio.Event().wait()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    line = (await reader.readline()).decode()
    if not line.strip():
        return None
    method, target, _ = line.split()
    headers: dict[str, str] = {}
    while header := (await reader.readline()).decode().strip():
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    path, _, text = target.partition("?")
    query = dict(parse_qsl(text))
    return Request(method, path, query, headers, body)


def _write(writer: asyncio.StreamWriter, status: int, body: bytes) -> None:
    head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)


def _stream_head(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n\r\n")


async def serve_for_ever(socket: Path) -> None:
    """Serve until the process is ended."""
    server = SmallServer(socket)
    await server.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve_for_ever(Path(sys.argv[1])))
