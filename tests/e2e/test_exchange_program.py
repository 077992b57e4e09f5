"""`tradebot exchange` as a process: ready, asked, controlled, ended."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.e2e

type Json = Any  # what the program prints and answers


@contextmanager
def running(*words: str) -> Generator[tuple[subprocess.Popen[str], Json]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tradebot.engine.cli", "exchange", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )
    try:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def test_it_says_when_it_is_ready_answers_and_ends_cleanly_when_asked(tmp_path: Path) -> None:
    faults = tmp_path / "faults.json"
    faults.write_text('[{"venue":"binance","fault":"http_429","on":"request"}]')
    with running(
        "--seed", "7", "--time", "2024-01-08T15:00:00Z",
        "--faults", str(faults),
    ) as (process, ready):  # fmt: skip
        assert (ready["ready"], ready["seed"]) == (True, 7)
        assert 0 <= ready["time"] - 1_704_726_000_000_000_000 < 10**10
        assert set(ready["alpaca"]) == {
            "url", "data_url", "stream_url", "broker_url", "key", "secret",
        }  # fmt: skip
        assert set(ready["binance"]) == {"url", "ws_url", "ws_api_url", "key", "secret"}
        assert set(ready["ib"]) == {"host", "port", "account"}
        url, control = ready["binance"]["url"], ready["control"]
        assert url.startswith("http://127.0.0.1:")
        refused = httpx.get(f"{url}/api/v3/time")
        assert (refused.status_code, "retry-after" in refused.headers) == (429, True)
        assert httpx.get(f"{url}/api/v3/time").json()["serverTime"] // 10**9 == 1704
        printed = {"venue": "binance", "symbol": "BTCUSDT", "price": "61000", "quantity": "1"}
        assert httpx.post(f"{control}/_ctl/print", json=printed).status_code == 200
        last = httpx.get(f"{url}/api/v3/trades", params={"symbol": "BTCUSDT", "limit": 20}).json()
        assert "61000.00000000" in [trade["price"] for trade in last]
        wrong = httpx.post(f"{control}/_ctl/print", json={**printed, "price": "61000.001"})
        assert (wrong.status_code, "2 decimals" in wrong.json()["error"]) == (400, True)
        entry = {"venue": "binance", "fault": "ib_1100"}
        armed = httpx.post(f"{control}/_ctl/fault", json=entry)
        assert (armed.status_code, "of ib" in armed.json()["error"]) == (400, True)
        assert httpx.get(f"{control}/_ctl/ledger").json()["cash"]["binance"]["USDT"] == "100000"
        process.send_signal(signal.SIGTERM)
        _, error = process.communicate(timeout=10)
        assert (process.returncode, error) == (0, "")


def test_a_port_that_is_taken_is_answered_in_one_line() -> None:
    with running("--speak", "binance") as (_, ready):
        port = ready["binance"]["url"].rpartition(":")[2]
        ran = subprocess.run(
            [
                sys.executable, "-m", "tradebot.engine.cli",
                "exchange", "--speak", "binance", "--port-binance", port,
            ],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )  # fmt: skip
        assert (ran.returncode, ran.stdout) == (1, "")
        assert "a port cannot be opened" in ran.stderr
        assert ran.stderr.count("\n") == 1
