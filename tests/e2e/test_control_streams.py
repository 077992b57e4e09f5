"""The two streams of a real engine: a client that was stopped, and one that outlives the engine."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from httpx_sse import connect_sse
from tests.e2e.engine_process import Home, rows_of, running, short_home

from tradebot.engine.control.messages_orders import OrderRequest

pytestmark = pytest.mark.e2e

STOPPED_S = 4.0
FRESH_MS = 100.0
BEFORE = 20
"""Frames a client handles before it is stopped: it knows by then how quick its link is."""


class Follower:
    """A process that follows frames; what it handled comes as lines."""

    def __init__(self, address: str, home: Home, token: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).parent / "following_client.py"), address],
            env={**home.environment, "TRADEBOT_TOKEN": token},
            stdout=subprocess.PIPE,
            text=True,
        )

    def handled(self, count: int) -> list[float]:
        """Return the ages of the next frames it handled, ms."""
        out = self.process.stdout
        assert out is not None
        lines = [out.readline() for _ in range(count)]
        return [float(line.split()[0]) for line in lines]

    def stop(self) -> None:
        """Stop it, and take what it handled before; it holds nothing back."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WNOWAIT)
        out = self.process.stdout
        assert out is not None
        os.set_blocking(out.fileno(), False)
        while out.readline():
            pass
        os.set_blocking(out.fileno(), True)


@contextmanager
def following(address: str, home: Home, token: str) -> Generator[Follower]:
    follower = Follower(address, home, token)
    try:
        yield follower
    finally:
        follower.process.kill()
        follower.process.communicate()


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_client_stopped_for_four_seconds_handles_a_frame_younger_than_100_ms_first() -> None:
    with short_home() as home:
        token = home.run("token", "add", "screen", "--kind", "read-only").stdout.strip()
        tcp = f"http://127.0.0.1:{free_port()}"
        unix = f"unix://{home.engine() / 'control.sock'}"
        with (
            running(home, "--listen", tcp, "--speed", "20"),
            following(unix, home, token) as near,
            following(tcp, home, token) as far,
        ):
            for client in (near, far):
                client.handled(BEFORE)
            for client in (near, far):
                client.stop()
            time.sleep(STOPPED_S)  # the engine publishes meanwhile: that it lasts is the test
            for client in (near, far):
                client.process.send_signal(signal.SIGCONT)
            first = {
                address: client.handled(1)[0] for address, client in ((unix, near), (tcp, far))
            }
    for address, age_ms in first.items():
        assert age_ms < FRESH_MS, address


def test_events_go_on_after_the_last_one_seen_across_a_killed_engine() -> None:
    with short_home() as home:
        seen: list[str] = []
        after = "0.0"
        for round_ in range(3):
            with running(home) as engine, engine.client() as client:
                for number in range(4):
                    client.place(order(f"r{round_}-{number}"), 5.0)
                seen += read_events(home, after, rows_of(home)[-1][:2])
                after = seen[-1]
                engine.kill()
        written = [f"{seq}.{index}" for seq, index, _, _ in rows_of(home)]
    assert seen == written[: len(seen)]
    assert len(seen) > 3 * 4


def read_events(home: Home, after: str, last: tuple[int, int]) -> list[str]:
    """Return the ids of the events after one, up to a last one, given as seq and index."""
    found: list[str] = []
    transport = httpx.HTTPTransport(uds=str(home.engine() / "control.sock"))
    with (
        httpx.Client(transport=transport, base_url="http://engine", timeout=20) as client,
        connect_sse(client, "GET", "/v1/events", headers={"last-event-id": after}) as source,
    ):
        for event in source.iter_sse():
            found.append(event.id)
            if event.id == f"{last[0]}.{last[1]}":
                return found
    raise AssertionError(f"the stream ended after {found[-1:]}, before {last}")


def order(request_id: str) -> OrderRequest:
    return OrderRequest(
        request_id=request_id,
        instrument="sandbox:BTCUSDT",
        side="buy",
        quantity=Decimal("0.001"),
        type="marketable",
    )
