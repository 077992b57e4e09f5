"""How long a policy's order takes: from the trade at the venue's socket to the order's bytes at the venue's socket.

Run from the project's folder; the number is how many trades each way answers (default 200):

    python -m tests.benchmarks.tick_to_order 200

Exchange, client and the wire between them are three processes. The wire stamps: a trade when it is handed to the
client's socket, an order when its bytes come back, matched by price (each order's limit is its trade's price less
`BELOW`). Beside the engine stand two bare clients of the same transports, which decide nothing: one posts at once (the
floor), one first makes a row of the journal's size durable. Both stamps are taken outside the client, so nothing it
says of itself counts.
"""

import asyncio
import hashlib
import hmac
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp
import httpx
from tests.e2e.engine_process import running, short_home, wait_until
from tests.e2e.test_binance_exchange import configure, exchange, keep_keys, understood

type Facts = dict[str, Any]

BELOW = Decimal(300)
"""How far below its trade an order is: it never trades, and says which trade it answers."""

CENTS = Decimal("0.37")
"""What marks a trade to answer; the market's own have it once in a hundred."""

POLICY = '''
"""Answer each marked trade once with an order that cannot trade: what is measured is the way."""

from decimal import Decimal

import msgspec
from tradebot.engine.core.actions import OrderSeq, buy
from tradebot.engine.core.needs import Trades
from tradebot.engine.core.params import Params
from tradebot.engine.core.reasons import why


class Answered(msgspec.Struct):
    price: Decimal = Decimal(0)


class Echo:
    class params(Params, frozen=True):
        pass

    state = Answered
    needs = (Trades(),)

    def decide(self, portfolio, snapshot, context=None):
        price = snapshot.only.last
        answered = context.state.price if context.state else Decimal(0)
        if price is None or price % 1 != Decimal("0.37") or price == answered:
            return OrderSeq.none(because=why("not-marked"))
        order = buy(Decimal("0.001"), limit=price - 300, tif="ioc")
        return OrderSeq.of(order, because=why("marked"), state=Answered(price))
'''

CONFIGURATION = """
[accounts.b]
venue = "binance"
kind = "sandbox"
symbols = ["BTCUSDT"]
base_url = "{url}"

[sleeves.echo]
policy = "echo.py:Echo"
account = "b"
symbols = ["binance:BTCUSDT"]
capital = "5000 USDT"
run = "off"
"""

_TRADE = re.compile(rb'"e":"trade"[^}]*?"p":"([0-9.]+)"')
_ORDER = re.compile(rb"POST /api/v3/order\?[^ ]*?price=([0-9.]+)")


class Wire:
    """A TCP relay that stamps what passes."""

    def __init__(self, to: tuple[str, int]) -> None:
        self._to = to
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self.told: dict[Decimal, int] = {}
        self.ordered: dict[Decimal, int] = {}
        threading.Thread(target=self._accept, daemon=True).start()

    def delays(self) -> list[float]:
        """Return microseconds from trade to order, sorted."""
        answered = [one for one in self.ordered if one in self.told]
        return sorted((self.ordered[one] - self.told[one]) / 1e3 for one in answered)

    def _accept(self) -> None:
        while True:
            client, _ = self._listening.accept()
            venue = socket.create_connection(self._to)
            for one in (client, venue):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for pass_on, ends in (
                (self._from_venue, (venue, client)),
                (self._to_venue, (client, venue)),
            ):
                threading.Thread(target=pass_on, args=ends, daemon=True).start()

    def _from_venue(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                now = time.monotonic_ns()
                target.sendall(data)
                for found in _TRADE.finditer(data):
                    self.told.setdefault(Decimal(found[1].decode()), now)
            target.shutdown(socket.SHUT_WR)

    def _to_venue(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                now = time.monotonic_ns()
                for found in _ORDER.finditer(data):
                    self.ordered.setdefault(Decimal(found[1].decode()) + BELOW, now)
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


def trade(ready: Facts, wire: Wire, number: int) -> list[float]:
    """Let so many marked trades happen; return the delays."""
    wire.told.clear()
    wire.ordered.clear()
    with httpx.Client() as http:
        price = Decimal(
            http.get(f"{ready['binance']['url']}/api/v3/ticker/price?symbol=BTCUSDT").json()[
                "price"
            ]
        )
        for step in range(number):
            asked = {"venue": "binance", "symbol": "BTCUSDT", "quantity": "0.001"}
            asked["price"] = str(price // 1 + step + CENTS)
            http.post(f"{ready['control']}/_ctl/print", json=asked).raise_for_status()
            time.sleep(0.25)
    time.sleep(0.5)
    return wire.delays()


async def answer_bare(url: str, key: str, secret: str, row: Path | None) -> None:
    """Answer each marked trade with nothing between the two sockets; first a durable row, if asked for."""
    file = None if row is None else os.open(row, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    async with (
        aiohttp.ClientSession(headers={"X-MBX-APIKEY": key}) as http,
        http.ws_connect(url.replace("http", "ws") + "/stream?streams=btcusdt@trade") as stream,
    ):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            price = Decimal(json.loads((await stream.receive()).data)["data"]["p"])
            if price % 1 != CENTS:
                continue
            if file is not None:
                os.write(file, b"x" * 512)
                os.fdatasync(file)
            now = time.time_ns() // 1_000_000  # noqa: TID251  (as above)
            query = (
                "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=IOC&quantity=0.00100"
                f"&price={price - BELOW}&timestamp={now}"
            )
            signed = hmac.new(secret.encode(), query.encode(), hashlib.sha256).hexdigest()
            async with http.post(f"{url}/api/v3/order?{query}&signature={signed}") as reply:
                assert reply.status == 200, await reply.text()


@contextmanager
def bare(url: str, ready: Facts, row: Path | None) -> Generator[None]:
    """Run a bare client as a process of its own."""
    words = [
        url,
        ready["binance"]["key"],
        ready["binance"]["secret"],
        *([] if row is None else [str(row)]),
    ]
    command = [sys.executable, "-m", "tests.benchmarks.tick_to_order", "bare", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        client.stdout.readline()
        try:
            yield
        finally:
            client.terminate()


def show(name: str, delays: list[float]) -> None:
    """Write one line of the table."""
    if not delays:
        raise RuntimeError(f"{name} answered no trade")
    at = {share: delays[int(len(delays) * share)] for share in (0.95, 0.99)}
    figures = (median(delays), at[0.95], at[0.99], delays[-1])
    sys.stdout.write(
        f"{name:<34} {len(delays):>5}" + "".join(f"{one:>9.0f}" for one in figures) + "\n"
    )
    sys.stdout.flush()


def main(number: int) -> None:
    """Write the table."""
    sys.stdout.write(
        f"{'trade told -> order bytes, us':<34} {'n':>5}"
        + "".join(f"{one:>9}" for one in ("median", "p95", "p99", "most"))
        + "\n"
    )
    with short_home() as home, exchange(home) as ready:
        host, _, port = ready["binance"]["url"].removeprefix("http://").partition(":")
        wire = Wire((host, int(port)))
        url = f"http://127.0.0.1:{wire.port}"
        with bare(url, ready, None):
            show("bare client (floor)", trade(ready, wire, number))
        with (
            tempfile.TemporaryDirectory(dir=home.path) as folder,
            bare(url, ready, Path(folder) / "row"),
        ):
            show("bare client, a durable row first", trade(ready, wire, number))
        configure(home, CONFIGURATION.format(url=url))
        keep_keys(home, ready)
        policies = home.path / "policies"
        policies.mkdir(mode=0o700)
        (policies / "echo.py").write_text(POLICY)
        (policies / "echo.py").chmod(0o600)
        with running(home) as engine, engine.client() as client:
            wait_until(lambda: understood(client), "the account is understood", 30)
            started = home.run("policy", "start", "echo", "--live")
            assert started.returncode == 0, started.stderr
            show("tradebot run, its intent durable", trade(ready, wire, number))


if __name__ == "__main__":
    if sys.argv[1:2] == ["bare"]:
        asyncio.run(
            answer_bare(
                sys.argv[2], sys.argv[3], sys.argv[4], Path(sys.argv[5]) if sys.argv[5:] else None
            )
        )
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 200)
