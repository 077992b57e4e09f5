"""How long a fill takes from the venue to `stream_fills()`: each source, and the floor of a bare socket.

Run from the project's folder with the exchange as a process of its own:

    python -m tests.benchmarks.alpaca_fills

The instant of an execution is the venue's own (its clock is the machine's), so a figure holds encoding, sockets,
decoding, de-duplication and the consumer's wake-up. The floor is a client that does nothing but take the frame.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from statistics import median
from typing import Any

import aiohttp
import websockets

from tradebot.engine import AlpacaAdapter

ORDERS = 45
"""Orders a way: four ways stay below the venue's 200 requests a minute."""

type Facts = dict[str, Any]


async def buy(http: aiohttp.ClientSession, facts: Facts) -> None:
    headers = {"APCA-API-KEY-ID": facts["key"], "APCA-API-SECRET-KEY": facts["secret"]}
    order = {
        "symbol": "BTC/USD",
        "qty": "0.001",
        "side": "buy",
        "type": "market",
        "time_in_force": "gtc",
    }
    async with http.post(f"{facts['url']}/v2/orders", json=order, headers=headers) as reply:
        assert reply.status == 200, await reply.text()


async def floor(facts: Facts) -> AsyncGenerator[int]:
    """Yield ns from execution to a bare socket's frame."""
    async with websockets.connect(facts["stream_url"]) as socket:
        keys = {"key_id": facts["key"], "secret_key": facts["secret"]}
        await socket.send(json.dumps({"action": "authenticate", "data": keys}))
        await socket.recv()
        await socket.send('{"action":"listen","data":{"streams":["trade_updates"]}}')
        await socket.recv()
        yield 0
        while True:
            frame = await socket.recv(decode=False)
            now = time.time_ns()  # noqa: TID251  (a benchmark reads the clock)
            data = json.loads(frame)["data"]
            if "price" in data:
                whole, _, rest = data["timestamp"].rstrip("Z").partition(".")
                parsed = time.strptime(whole + "UTC", "%Y-%m-%dT%H:%M:%S%Z")
                yield now - (int(time.mktime(parsed) - time.timezone) * 10**9 + int(rest))


async def adapter(facts: Facts, way: str) -> AsyncGenerator[int]:
    """Yield ns from execution to `stream_fills()` yielding."""
    streams = {
        "trade_updates": facts["stream_url"],
        "activity events": None,
        "broker events": facts["broker_url"],
    }
    source = AlpacaAdapter(
        facts["key"], facts["secret"], base_url=facts["url"], stream_url=streams[way]
    )
    async with aclosing(source.stream_fills()) as fills:
        task = asyncio.ensure_future(anext(fills))
        while source.health.state != "live":  # noqa: ASYNC110  (nothing tells)
            await asyncio.sleep(0.01)
        yield 0
        while True:
            fill = await task
            yield time.time_ns() - fill.timestamp_ns  # noqa: TID251  (as above)
            task = asyncio.ensure_future(anext(fills))


async def measured(facts: Facts, make: Callable[[], AsyncGenerator[int]]) -> list[int]:
    """Trade while a way listens; return its delays."""
    found: list[int] = []
    await asyncio.sleep(0.5)  # the way before has ended
    async with aiohttp.ClientSession() as http, aclosing(make()) as delays:
        await anext(delays)

        async def collect() -> None:
            # An order may trade in several pieces.
            async for delay in delays:
                found.append(delay)  # noqa: PERF401  (it never ends by itself)

        collecting = asyncio.create_task(collect())
        for _ in range(ORDERS):
            await buy(http, facts)
            await asyncio.sleep(0.1)
        collecting.cancel()
        await asyncio.gather(collecting, return_exceptions=True)
    return sorted(found)


async def main(facts: Facts) -> None:
    """Print a row a way."""
    ways: dict[str, Callable[[], AsyncGenerator[int]]] = {
        "bare socket (floor)": lambda: floor(facts)
    }
    for way in ("trade_updates", "activity events", "broker events"):
        ways[way] = lambda way=way: adapter(facts, way)
    print(  # noqa: T201
        "source                 median ms   p95 ms   max ms    n"
    )
    for name, make in ways.items():
        delays = [one / 1e6 for one in await measured(facts, make)]
        p95 = delays[int(len(delays) * 0.95)]
        row = f"{name:<22} {median(delays):>9.2f} {p95:>8.2f} {delays[-1]:>8.2f} {len(delays):>4}"
        print(row)  # noqa: T201


if __name__ == "__main__":
    command = [sys.executable, "-m", "tradebot.engine.cli", "exchange", "--speak", "alpaca"]
    with subprocess.Popen(
        [*command, "--port-alpaca", "0"], stdout=subprocess.PIPE, text=True
    ) as venue:
        assert venue.stdout is not None
        ready = json.loads(venue.stdout.readline())
        try:
            asyncio.run(main(ready["alpaca"]))
        finally:
            venue.terminate()
