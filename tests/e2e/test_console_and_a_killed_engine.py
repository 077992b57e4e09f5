"""The whole way of an order: keys in a terminal, an engine that dies by SIGKILL, and the venue's own ledger."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pexpect
import pytest
from tests.e2e.console_screen import (
    PATIENCE_S,
    TRADEBOT,
    Console,
    panel,
    send_by_ticket,
    wall,
)

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.recorded]

PRICE_SCALE, QUANTITY_SCALE = 2, 6

type Facts = dict[str, Any]


class Engine:
    """A headless engine as a process of its own."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._environment = os.environ | {"TRADEBOT_HOME": str(home)}
        self._process: subprocess.Popen[bytes] | None = None

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command line and return what it said."""
        return subprocess.run(
            [*TRADEBOT, *words],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def facts(self, word: str) -> list[Facts]:
        """Return the JSON of a command that prints a list of facts."""
        said = self.command(word, "--json")
        assert said.returncode == 0, said.stderr
        return json.loads(said.stdout)

    def start(self, *, speed: str) -> None:
        """Start the engine on the recording and wait until it answers."""
        self._process = subprocess.Popen(
            [*TRADEBOT, "run", "--market", "replay:spot/day", "--speed", speed, "--seed", "5"],
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = wall() + PATIENCE_S
        while self.command("status").returncode != 0:
            assert wall() < until, "the engine did not come up"

    def die(self) -> None:
        """Kill the engine without any warning."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)

    def stop(self) -> int:
        """End the engine as an operator does; return its exit code."""
        assert self._process is not None
        self.command("stop")
        return self._process.wait(15)

    def venue_log(self) -> list[Facts]:
        """Return the venue's own ledger, line by line."""
        lines = (self._home / "engines" / "main" / "venue.log").read_bytes().splitlines()
        return [json.loads(line) for line in lines]

    def end(self) -> None:
        """Leave no process behind, whatever the test did."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(10)


@pytest.fixture
def recorded_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = os.environ.get("TRADEBOT_RECORDED_DATA")
    if not folder:
        pytest.skip("TRADEBOT_RECORDED_DATA names no folder of recordings")
    home = tmp_path_factory.mktemp("h")
    recording = Path(folder) / "binance_raw" / "spot_btcusdt_20240808.gz"
    said = subprocess.run(
        [*TRADEBOT, "data", "import", "binance-raw", str(recording), "--name", "spot/day"],
        env=os.environ | {"TRADEBOT_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    return home


@pytest.fixture
def engine(recorded_home: Path) -> Iterator[Engine]:
    engine = Engine(recorded_home)
    try:
        yield engine
    finally:
        engine.end()


@pytest.fixture
def console(recorded_home: Path, engine: Engine) -> Iterator[Console]:
    engine.start(speed="1")
    console = Console(recorded_home)
    try:
        yield console
    finally:
        console.process.close(force=True)


def test_an_order_travels_from_the_keys_to_the_venue_and_survives_a_kill(
    engine: Engine, console: Console
) -> None:
    console.wait_for("a live book", lambda text: "spread" in text and "mid" in text)

    # A marketable order by the ticket: the price is above the ask and inside the collar.
    send_by_ticket(console, quantity="0.05", price="62500")
    shown = console.wait_for("the position", lambda text: "0.05" in panel(text, "Positions"))
    assert "62,500" not in panel(shown, "Fills"), "filled at the market's price, not at the limit"
    first = position_row(shown)
    console.wait_for("profit and loss to move", lambda text: position_row(text) not in {"", first})

    # One that rests where the recording comes a minute later; the engine dies between intent and fill.
    send_by_ticket(console, quantity="0.02", price="61800")
    console.wait_for("the resting order", lambda text: "0.02" in panel(text, "Working"))
    (resting,) = [order for order in engine.facts("orders") if order["state"] == "accepted"]
    engine.die()
    console.wait_for("the card of a lost engine", lambda text: "NOT RESPONDING" in text)

    engine.start(speed="20")
    console.wait_for("the engine again", lambda text: "NOT RESPONDING" not in text)
    again = {order["client_order_id"]: order["state"] for order in engine.facts("orders")}
    assert again[resting["client_order_id"]] in {"accepted", "partially_filled", "filled"}
    console.wait_for("the second fill", lambda text: "0.07" in panel(text, "Positions"))

    agree_with_the_venue(engine)
    assert engine.command("journal", "verify").returncode == 0
    decided_again = engine.command("journal", "check", "--redecide")
    assert decided_again.returncode == 0, decided_again.stdout

    console.press("q")
    console.process.expect(pexpect.EOF, timeout=10)
    console.process.close()
    assert console.process.exitstatus == 0
    assert engine.stop() == 0


def position_row(text: str) -> str:
    """Return the row of the positions panel that holds the symbol."""
    rows = panel(text, "Positions").splitlines()
    return next((row for row in rows if "BTCUSDT" in row), "")


def agree_with_the_venue(engine: Engine) -> None:
    """Compare with the venue's own ledger, folded here and nowhere else."""
    lines = engine.venue_log()
    accepted = [line["client_order_id"] for line in lines if line["kind"] == "accepted"]
    assert len(accepted) == len(set(accepted)), "an order was sent twice"
    assert {order["client_order_id"] for order in engine.facts("orders")} == set(accepted)

    cash = Decimal(next(line["cash"] for line in lines if line["kind"] == "opened"))
    held = Decimal(0)
    fills: dict[str, tuple[str, Decimal, Decimal]] = {}
    for line in lines:
        if line["kind"] == "filled":
            quantity = Decimal(line["quantity"]).scaleb(-QUANTITY_SCALE)
            price = Decimal(line["price"]).scaleb(-PRICE_SCALE)
            way = 1 if line["side"] == "buy" else -1
            cash -= way * quantity * price + Decimal(line["fee"])
            held += way * quantity
            fills[line["execution_id"]] = (line["client_order_id"], quantity, price)
    told = [
        (f["execution_id"], (f["client_order_id"], Decimal(f["quantity"]), Decimal(f["price"])))
        for f in engine.facts("fills")
    ]
    assert len(told) == len(fills), "a fill was doubled or lost"
    assert dict(told) == fills
    (position,) = engine.facts("positions")
    assert Decimal(position["quantity"]) == held
    status = json.loads(engine.command("status", "--json").stdout)
    assert Decimal(status["cash"]["USDT"]) == cash
    assert status["unresolved"] == 0
