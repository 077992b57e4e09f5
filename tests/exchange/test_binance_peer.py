"""A client that the product does not use, of its own making and in an environment of its own: ccxt."""

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from tests.exchange.conftest import Open

pytestmark = pytest.mark.slow

CCXT = "ccxt==4.5.90"
HOUSE = Path(__file__).parents[2]


def uv() -> str:
    """Return the program that makes environments; skip where there is none."""
    own = HOUSE / ".tools" / "uv" / "bin" / "uv"
    found = str(own) if own.exists() else shutil.which("uv")
    if found is None:
        pytest.skip("uv is not here: ccxt needs an environment of its own")
    return found


async def run(*words: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *words,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    )
    out, error = await asyncio.wait_for(process.communicate(), 120)
    return process.returncode or 0, out.decode(), error.decode()


async def test_ccxt_lives_a_day_by_request_and_by_web_socket(open_exchange: Open) -> None:
    environment = (
        uv(),
        "run",
        "--no-project",
        "--python",
        sys.executable,
        "--with",
        CCXT,
        "python",
    )
    code, _, error = await run(*environment, "-c", "")
    if code:
        pytest.skip(f"no environment for ccxt here: {error.strip().splitlines()[-1:]}")
    async with open_exchange("binance") as program:
        facts = program.faces[0].facts()
        words = [str(facts[name]) for name in ("url", "ws_url", "ws_api_url", "key", "secret")]
        script = str(Path(__file__).parent / "peers" / "binance_ccxt.py")
        code, out, error = await run(*environment, script, *words)
        assert (code, error) == (0, "")
        ledger = sum(one.quantity for one in program.exchange.executions("binance"))
    seen = json.loads(out)
    assert (seen["markets"], seen["bars"], seen["prints"] > 0) == (4, 20, True)
    assert seen["spread"] > 0
    assert (seen["bought"], seen["edited"], seen["gone"]) == (0.01, 0.02, "canceled")
    assert all(seen["told_orders"])
    assert all(seen["told_fills"])
    assert seen["open"] == [True]
    assert (seen["stop"], seen["refused"]) == (True, "InsufficientFunds")
    assert round(seen["fills"] * 10**5) == ledger == 1_000
    assert seen["orders"] == ["closed", "canceled", "canceled", "canceled"]
