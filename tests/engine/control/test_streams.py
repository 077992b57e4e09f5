"""Frames: newest wins, and nobody waits for a slow reader. Events: each once, in order, resumable."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast, override

import httpx
import msgspec
import pytest
from httpx_sse import ServerSentEvent, aconnect_sse
from tests.engine.control.conftest import Serve
from tests.engine.control.doors import HandClock
from tests.engine.control.scripted import BTC, ETH, ScriptedEngine

from tradebot.engine.control.engine import FrameQuery
from tradebot.engine.control.listeners import bind_unix
from tradebot.engine.control.messages_frame import Frame
from tradebot.engine.control.messages_orders import EventLine, Problem
from tradebot.engine.control.server import serving
from tradebot.engine.control.streams import Pace, write_frames
from tradebot.engine.control.tokens import TokenStore

QUICK = Pace(frame_interval_s=0.002, frame_heartbeat_s=0.05, events_alive_s=0.02)


class MovingEngine(ScriptedEngine):
    """An engine in which something happens whenever one looks."""

    @property
    @override
    def version(self) -> int:
        self.moves += 1
        return self.moves


async def read(
    client: httpx.AsyncClient, path: str, count: int, headers: dict[str, str] | None = None
) -> list[ServerSentEvent]:
    async with aconnect_sse(client, "GET", path, headers=headers or {}) as source:
        events: list[ServerSentEvent] = []
        async for event in source.aiter_sse():
            events.append(event)
            if len(events) == count:
                break
        return events


def frame_of(event: ServerSentEvent) -> Frame:
    assert event.event == "frame"
    return msgspec.json.decode(event.data, type=Frame)


async def until(condition: AsyncIterator[bool]) -> None:
    async with asyncio.timeout(10):
        async for done in condition:
            if done:
                return


async def polled(engine: ScriptedEngine, consoles: int) -> AsyncIterator[bool]:
    while True:
        yield engine.consoles == consoles
        await asyncio.sleep(0)


async def test_frames_show_the_window_asked_for(client: httpx.AsyncClient) -> None:
    (event,) = await read(client, f"/v1/state?instrument={ETH}&span=5m&rows=20&candles=10", 1)
    assert frame_of(event).candle_span == "5m"


class TestMoving:
    """An engine that moves all the time."""

    @pytest.fixture
    def engine(self) -> ScriptedEngine:
        return MovingEngine()

    async def test_frames_come_at_most_thirty_times_a_second(
        self, client: httpx.AsyncClient
    ) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        events = await read(client, "/v1/state", 16)
        assert loop.time() - begun >= 15 / 30
        versions = [frame_of(event).version for event in events]
        assert versions == sorted(set(versions))

    async def test_a_reader_that_does_not_read_costs_the_others_nothing(
        self, serve: Serve, engine: ScriptedEngine, folder: Path
    ) -> None:
        engine.frame_padding = 400_000  # more than a socket buffers
        async with serve(QUICK) as client:
            reader, writer = await asyncio.open_unix_connection(str(folder / "control.sock"))
            writer.write(b"GET /v1/state HTTP/1.1\r\nhost: engine\r\n\r\n")
            await writer.drain()
            await until(polled(engine, consoles=1))
            events = await read(client, "/v1/state", 30)
            assert len(events) == 30
            assert engine.frames_built <= 30 + 6  # buffers hold at most a few of the stuck one's
            assert not reader.at_eof()
            writer.close()


async def test_a_quiet_engine_sends_heartbeats_only(serve: Serve, engine: ScriptedEngine) -> None:
    async with serve(QUICK) as client:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        events = await read(client, "/v1/state", 4)
        assert loop.time() - begun >= 3 * QUICK.frame_heartbeat_s
        assert [frame_of(event).version for event in events] == [1, 1, 1, 1]
    assert engine.frames_built <= 6  # one more before the stream, one under way


async def test_a_frame_is_built_only_after_the_last_one_was_taken(engine: ScriptedEngine) -> None:
    taken: asyncio.Queue[bytes] = asyncio.Queue()
    room, closing = asyncio.Semaphore(0), asyncio.Event()

    async def write(chunk: bytes) -> None:
        if chunk:
            taken.put_nowait(chunk)
        else:
            await room.acquire()

    task = asyncio.ensure_future(write_frames(engine, FrameQuery(), QUICK, closing, write))
    for _ in range(20):  # the reader takes nothing, the engine moves on
        engine.moves += 1
        await asyncio.sleep(0.001)
    assert engine.frames_built == 0
    room.release()
    frame = (await taken.get()).partition(b"data: ")[2]
    assert msgspec.json.decode(frame, type=Frame).version == engine.moves
    closing.set()
    room.release()
    await task


async def test_an_open_stream_counts_as_a_console_until_its_reader_goes(
    serve: Serve, engine: ScriptedEngine
) -> None:
    async with serve(QUICK) as client:
        async with aconnect_sse(client, "GET", "/v1/state") as source:
            await anext(source.aiter_sse())
            assert engine.consoles == 1
        await until(polled(engine, consoles=0))


async def test_an_instrument_that_goes_ends_the_stream_with_a_problem(
    serve: Serve, engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        serve(QUICK) as client,
        aconnect_sse(client, "GET", f"/v1/state?instrument={BTC}") as source,
    ):
        events = source.aiter_sse()
        assert frame_of(await anext(events)).version == 1
        monkeypatch.setattr("tests.engine.control.scripted.BTC", "gone")
        engine.moves += 1
        rest = [event async for event in events]
    assert rest[-1].event == "problem"
    assert msgspec.json.decode(rest[-1].data, type=Problem).code == "unknown"


async def test_events_come_each_once_in_order_across_reconnections(
    client: httpx.AsyncClient, engine: ScriptedEngine
) -> None:
    engine.write("order-filled", 1000)
    seen: list[int] = []
    last = "0.2"
    for count in (1, 2, 400, 250, 347):
        events = await read(client, "/v1/events", count, {"last-event-id": last})
        lines = [msgspec.json.decode(event.data, type=EventLine) for event in events]
        assert [event.id for event in events] == [line.id for line in lines]
        seen += [cast("dict[str, int]", json.loads(bytes(line.body)))["n"] for line in lines]
        last = lines[-1].id
    assert seen == list(range(1000))


async def test_the_header_wins_over_the_address_a_client_began_with(
    client: httpx.AsyncClient, engine: ScriptedEngine
) -> None:
    engine.write("timer-fired", 9)
    (event,) = await read(client, "/v1/events?after=1.0", 1, {"last-event-id": "2.1"})
    assert event.id == "2.2"


async def test_without_an_id_events_begin_now_and_silence_is_alive(
    serve: Serve, engine: ScriptedEngine
) -> None:
    engine.write("past", 5)
    async with serve(QUICK) as client, client.stream("GET", "/v1/events") as response:
        lines = response.aiter_lines()
        comments = [await anext(lines) for _ in range(5)]
        assert comments == [": events", "", ": alive", "", ": alive"]
        engine.write("now")
        data = await anext(line async for line in lines if line.startswith("data: "))
    event = msgspec.json.decode(data.removeprefix("data: "), type=EventLine)
    assert (event.id, event.kind) == ("2.2", "now")


async def test_an_id_of_the_future_is_a_problem_in_the_stream(client: httpx.AsyncClient) -> None:
    (event,) = await read(client, "/v1/events?after=900.0", 1)
    assert event.event == "problem"
    assert "has not happened yet" in msgspec.json.decode(event.data, type=Problem).detail


async def test_streams_end_by_themselves_when_the_server_stops(
    engine: ScriptedEngine, folder: Path
) -> None:
    path = folder / "control.sock"
    transport = httpx.AsyncHTTPTransport(uds=str(path))
    async with httpx.AsyncClient(transport=transport, base_url="http://engine") as client:
        async with serving(
            engine, [bind_unix(path)], clock=HandClock(), tokens=TokenStore(folder), pace=QUICK
        ):
            begun = [asyncio.Event(), asyncio.Event()]
            tasks = [
                asyncio.ensure_future(follow(client, address, event))
                for address, event in zip(("/v1/events", "/v1/state"), begun, strict=True)
            ]
            for event in begun:
                await event.wait()
        await asyncio.gather(*tasks)  # a stream cut off in the middle would raise
    assert engine.consoles == 0


async def follow(client: httpx.AsyncClient, path: str, begun: asyncio.Event) -> None:
    async with client.stream("GET", path) as response:
        async for _ in response.aiter_lines():
            begun.set()
