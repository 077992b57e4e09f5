"""The exchange's server: connections that end, a process that comes back, clients that say nonsense."""

import asyncio

import aiohttp
import pytest
from tests.exchange.conftest import Open

from tradebot.engine.exchange.faults import Fault


async def test_after_a_restart_nobody_is_taken_for_a_while_and_the_books_are_as_they_were(
    open_exchange: Open,
) -> None:
    async with open_exchange("binance") as program, aiohttp.ClientSession() as client:
        url = str(program.faces[0].facts()["url"])
        before = dict(program.exchange.accounts["binance"].holdings)
        socket = await client.ws_connect(f"{url}/ws/btcusdt@trade")
        entry = Fault(venue="binance", fault="restart", args={"seconds": 0.3})
        program.striker.arm(entry)
        async with asyncio.timeout(3):
            while not socket.closed:
                await socket.receive()
        with pytest.raises(aiohttp.ClientError):
            await client.get(f"{url}/api/v3/ping")
        async with asyncio.timeout(3):
            while True:
                try:
                    reply = await client.get(f"{url}/api/v3/ping")
                except aiohttp.ClientError:
                    await asyncio.sleep(0.02)
                else:
                    break
        assert reply.status == 200
        assert dict(program.exchange.accounts["binance"].holdings) == before


async def test_a_late_answer_is_late_and_a_cut_one_never_comes(open_exchange: Open) -> None:
    async with open_exchange("binance") as program, aiohttp.ClientSession() as client:
        url = str(program.faces[0].facts()["url"])
        late = Fault(venue="binance", fault="late", on="request", args={"seconds": 0.2})
        program.striker.arm(late)
        loop = asyncio.get_running_loop()
        asked = loop.time()
        assert (await client.get(f"{url}/api/v3/ping")).status == 200
        assert loop.time() - asked >= 0.2
        program.striker.arm(Fault(venue="binance", fault="drop_socket", on="request"))
        # A GET is asked again by the client itself on a connection that was used before: a POST is not.
        with pytest.raises(aiohttp.ClientError):
            await client.post(f"{url}/api/v3/order")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/api/v3/nothing", 404),
        ("PATCH", "/api/v3/order", 405),
        ("GET", "/api/v3/depth?symbol=%FF%FE", 400),
        ("GET", "/api/v3/depth?symbol=BTCUSDT&limit=-1", 400),
        ("POST", "/api/v3/order", 401),
        ("GET", "/ws/btcusdt@trade", 404),
    ],
)
async def test_a_request_of_no_use_is_answered(
    open_exchange: Open, method: str, path: str, status: int
) -> None:
    async with open_exchange("binance") as program, aiohttp.ClientSession() as client:
        url = str(program.faces[0].facts()["url"])
        assert (await client.request(method, f"{url}{path}")).status == status
