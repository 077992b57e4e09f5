"""Connections that dawdle, never read, or are too many; and what is not HTTP at all."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import msgspec
import pytest
from tests.engine.control.conftest import Serve
from tests.engine.control.doors import bearer
from tests.engine.control.scripted import ScriptedEngine
from tests.engine.control.test_streams import MovingEngine

from tradebot.engine.control.clients import ClientFacts
from tradebot.engine.control.limits import READER_TIMEOUT_S, SEND_BUFFER_BYTES, Limits
from tradebot.engine.control.messages_orders import Problem
from tradebot.engine.control.streams import Pace

QUICK = Limits(head_timeout_s=0.1, body_timeout_s=0.1, reader_timeout_s=0.3)
FRAME_BYTES = 15_000
"""What a real engine's frame has."""


class RawClient:
    """A client that writes what it likes and reads when it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def write(self, *parts: bytes) -> None:
        self.writer.write(b"".join(parts))

    async def rest_of_line(self) -> bytes:
        """Return the first line that comes; empty where the server has closed."""
        try:
            return await self.reader.readline()
        except ConnectionError:
            return b""

    async def rest(self) -> bytes:
        """Return all that comes until the server closes."""
        async with asyncio.timeout(10):
            try:
                return await self.reader.read()
            except ConnectionError:
                return b""

    async def problem(self) -> tuple[int, Problem]:
        head, _, body = (await self.rest()).partition(b"\r\n\r\n")
        return int(head.split()[1]), msgspec.json.decode(body, type=Problem)


@asynccontextmanager
async def raw(folder: Path) -> AsyncGenerator[RawClient]:
    reader, writer = await asyncio.open_unix_connection(str(folder / "control.sock"))
    try:
        yield RawClient(reader, writer)
    finally:
        writer.close()


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not done():  # noqa: ASYNC110  (what is waited for happens in the server)
            await asyncio.sleep(0.005)


async def test_headers_that_never_end_are_given_up(serve: Serve, folder: Path) -> None:
    async with serve(limits=QUICK), raw(folder) as silent, raw(folder) as slow:
        slow.write(b"GET /v1/hello HTTP/1.1\r\nHost: e\r\n")
        for client in (silent, slow):
            status, problem = await client.problem()
            assert (status, problem.code) == (408, "timeout")
            assert problem.detail == "the request line and headers must come within 0.1 s"


async def test_one_more_header_now_and_then_does_not_help(serve: Serve, folder: Path) -> None:
    async with serve(limits=QUICK), raw(folder) as client:
        client.write(b"GET /v1/hello HTTP/1.1\r\n")
        for number in range(40):
            if client.reader.at_eof():
                break
            client.write(f"x-{number}: y\r\n".encode())
            await asyncio.sleep(0.01)
        await client.rest()  # it ends; what it says may be lost where bytes were under way


async def test_the_second_request_of_a_connection_has_the_same_bound(
    serve: Serve, folder: Path
) -> None:
    async with serve(limits=QUICK), raw(folder) as client:
        client.write(b"GET /v1/hello HTTP/1.1\r\nHost: e\r\n\r\n")
        await client.reader.readuntil(b"}")
        client.write(b"GET /v1/hello HTTP/1.1\r\n")
        assert (await client.rest()).startswith(b"HTTP/1.1 408 ")


async def test_a_body_that_never_ends_is_given_up(
    serve: Serve, folder: Path, engine: ScriptedEngine
) -> None:
    async with serve(limits=QUICK), raw(folder) as client:
        client.write(
            b"POST /v1/halt HTTP/1.1\r\nHost: e\r\nContent-Type: application/json\r\n",
            b'Content-Length: 14\r\n\r\n{"reason":',
        )
        status, problem = await client.problem()
        assert (status, problem.code) == (408, "timeout")
    assert engine.told == []


async def test_a_body_nobody_wants_is_not_taken_for_ever(serve: Serve, folder: Path) -> None:
    async with serve(limits=QUICK), raw(folder) as client:
        client.write(b"POST /nowhere HTTP/1.1\r\nHost: e\r\nContent-Length: 99\r\n\r\n")
        await client.reader.readuntil(b"}")
        for _ in range(40):
            if client.reader.at_eof():
                break
            client.write(b"x")
            await asyncio.sleep(0.01)
        assert await client.rest() == b""


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x00\x01\x02\r\n\r\n", 400),
        (b"GET /v1/hello\r\n\r\n", 400),
        (b"GET /v1/hello HTTP/9.9\r\n\r\n", 400),
        (b"GET /v1/hello HTTP/1.1\r\n\r\n", 400),
        (b"GET /v1/hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"POST /v1/kill HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /v1/kill HTTP/1.1\r\nHost: a\r\nContent-Length: 1e9\r\n\r\n", 400),
        (b"POST /v1/kill HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x\r\n\r\n", 400),
        (b"GET /" + b"x" * 40_000, 431),
    ],
)
async def test_what_is_not_http_is_a_problem_and_the_connection_ends(
    serve: Serve, folder: Path, sent: bytes, status: int
) -> None:
    async with serve(), raw(folder) as client:
        client.write(sent)
        found, problem = await client.problem()
        assert (found, problem.code, problem.exit_code) == (status, "usage", 2)
        assert "\n" not in problem.detail


async def test_rubbish_in_a_body_ends_that_connection_alone(
    serve: Serve, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    head = b"POST /v1/halt HTTP/1.1\r\nHost: e\r\nContent-Type: application/json\r\n"
    async with serve() as good, raw(folder) as client:
        client.write(head, b"Transfer-Encoding: chunked\r\n\r\nzz\r\n")
        status, problem = await client.problem()
        assert (status, problem.code) == (400, "usage")
        assert (await good.get("/v1/hello")).status_code == 200
    assert caplog.messages == []  # a stranger must not fill the log


async def test_one_connection_too_many_is_told_so_and_the_others_go_on(
    serve: Serve, folder: Path
) -> None:
    async with serve(limits=Limits(connections_per_client=2)) as good:
        assert (await good.get("/v1/hello")).status_code == 200
        async with raw(folder), raw(folder) as third:
            third.write(b"GET /v1/hello HTTP/1.1\r\nHost: e\r\n\r\n")
            status, problem = await third.problem()
            assert (status, problem.code) == (503, "busy")
            assert problem.detail == "at most 2 connections of one client at a time"
            assert (await good.get("/v1/hello")).status_code == 200


async def test_all_clients_together_have_a_bound_and_far_beyond_it_nobody_is_spoken_to(
    serve: Serve, folder: Path
) -> None:
    async with serve(limits=Limits(connections=2)):
        async with raw(folder), raw(folder), raw(folder) as busy, raw(folder), raw(folder) as cut:
            busy.write(b"GET /v1/hello HTTP/1.1\r\nHost: e\r\n\r\n")
            assert (await busy.problem())[1].detail == "at most 2 connections at a time"
            assert await cut.rest() == b""
        assert await let_in_again(folder)


async def let_in_again(folder: Path) -> bool:
    """Return whether those that left are counted no more; the server hears of it when it looks."""
    async with asyncio.timeout(10):
        while True:
            async with raw(folder) as later:
                later.write(b"GET /v1/hello HTTP/1.1\r\nHost: e\r\n\r\n")
                if (await later.rest_of_line()).startswith(b"HTTP/1.1 200 "):
                    return True


class TestReaders:
    """An engine that moves all the time, and clients that do not look."""

    @pytest.fixture
    def engine(self) -> ScriptedEngine:
        moving = MovingEngine()
        moving.frame_padding = FRAME_BYTES
        return moving

    @pytest.mark.parametrize("door", ["socket", "tcp"])
    async def test_one_that_never_reads_is_dropped_with_the_reason_and_costs_the_others_nothing(
        self, serve: Serve, serve_tcp: Serve, folder: Path, engine: ScriptedEngine, door: str
    ) -> None:
        loop = asyncio.get_running_loop()
        headers = bearer(folder, "full", "watcher")
        pace = Pace(frame_interval_s=0.002)
        async with (serve if door == "socket" else serve_tcp)(pace, QUICK) as good:
            stuck = await self._follow(good, folder, headers, door)
            await until(lambda: engine.consoles == 1)
            waits: list[float] = []
            while not engine.dropped:
                begun = loop.time()
                assert (await good.get("/v1/hello", headers=headers)).status_code == 200
                waits.append(loop.time() - begun)
                await asyncio.sleep(0.01)
            await until(lambda: engine.consoles == 0)
            assert sorted(waits)[len(waits) // 2] < 0.1
            who = "socket, process " if door == "socket" else "token watcher, 127.0.0.1:"
            assert engine.dropped[0].startswith(f"client dropped: {who}")
            assert engine.dropped[0].endswith("it has read nothing for 0.3 s")
            listed = await good.get("/v1/clients", headers=headers)
            facts = msgspec.json.decode(listed.content, type=ClientFacts)
            assert ([drop.reason for drop in facts.dropped], facts.streams) == (
                ["it has read nothing for 0.3 s"],
                [],
            )
            assert held_bytes(engine) <= bound(door)
            stuck.close()

    async def _follow(
        self, good: httpx.AsyncClient, folder: Path, headers: dict[str, str], door: str
    ) -> asyncio.StreamWriter:
        """Ask for frames and read none: the transport is stopped before anything can come."""
        if door == "socket":
            reader, writer = await asyncio.open_unix_connection(str(folder / "control.sock"))
        else:
            reader, writer = await asyncio.open_connection("127.0.0.1", good.base_url.port)
        del reader
        transport = writer.transport
        assert isinstance(transport, asyncio.ReadTransport)
        transport.pause_reading()
        lines = ["GET /v1/state HTTP/1.1", f"host: 127.0.0.1:{good.base_url.port}"]
        lines += [f"{name}: {text}" for name, text in headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        return writer


def held_bytes(engine: ScriptedEngine) -> int:
    """Return what was made for a client that took nothing: it lay in the system and in the server."""
    return engine.frames_built * FRAME_BYTES


def bound(door: str) -> int:
    """Return how much may lie there: Linux doubles what it is asked for, TCP's receiver has its own part."""
    theirs = 0 if door == "socket" else 2 * 131_072
    return 2 * SEND_BUFFER_BYTES + theirs + 3 * FRAME_BYTES


async def test_a_large_answer_that_is_not_read_is_dropped_too(
    serve: Serve, folder: Path, engine: ScriptedEngine
) -> None:
    async with serve(limits=QUICK), raw(folder) as client:
        transport = client.writer.transport
        assert isinstance(transport, asyncio.ReadTransport)
        transport.pause_reading()
        for _ in range(20):
            client.write(b"GET /v1/openapi.json HTTP/1.1\r\nHost: e\r\n\r\n")
        await until(lambda: bool(engine.dropped))
    assert "it has read nothing for 0.3 s" in engine.dropped[0]


def test_a_client_stopped_for_four_seconds_is_not_dropped_yet() -> None:
    assert READER_TIMEOUT_S > 2 * 4
