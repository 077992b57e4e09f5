"""`tradebot run` as a process, addressed by the other commands: the way a script uses it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

pytestmark = pytest.mark.e2e

type Json = dict[str, object]
COMMAND = [sys.executable, "-m", "tradebot.engine.cli"]


class Shell:
    """A shell with a TRADEBOT_HOME of its own."""

    def __init__(self, home: Path) -> None:
        self.environ = os.environ | {"TRADEBOT_HOME": str(home)}

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *words],
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def json(self, *words: str) -> object:
        ran = self.run(*words, "--json")
        assert ran.returncode == 0, ran.stderr
        return cast("object", json.loads(ran.stdout))

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start an engine and return once it has said that it is up."""
        process = subprocess.Popen(
            [*COMMAND, "run", *words],
            env=self.environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        for line in process.stderr:
            if "engine up" in line:
                break
        return process


@pytest.fixture
def shell() -> Iterator[Shell]:
    home = tempfile.mkdtemp(prefix="tb")
    yield Shell(Path(home))
    shutil.rmtree(home)


@pytest.fixture
def engine(shell: Shell) -> Iterator[subprocess.Popen[str]]:
    process = shell.start("--seed", "3")
    yield process
    process.kill()
    process.communicate(timeout=30)


def test_an_order_travels_and_everything_shows_it(
    shell: Shell, engine: subprocess.Popen[str]
) -> None:
    bought = cast("Json", shell.json("buy", "0.1", "BTCUSDT", "--id", "mine"))
    again = cast("Json", shell.json("buy", "0.1", "BTCUSDT", "--id", "mine"))
    assert (bought["outcome"], bought["instrument"]) == ("accepted", "sandbox:BTCUSDT")
    assert bought["client_order_id"] == again["client_order_id"]
    (order,) = cast("list[Json]", shell.json("orders"))
    (position,) = cast("list[Json]", shell.json("positions"))
    fills = cast("list[Json]", shell.json("fills"))
    assert order["state"] == "filled"
    assert position["quantity"] == "0.100"
    assert {fill["client_order_id"] for fill in fills} == {order["client_order_id"]}
    engine.send_signal(signal.SIGHUP)
    assert cast("Json", shell.json("status"))["trading_state"] == "ACTIVE"


def test_a_second_engine_of_the_name_is_refused_and_names_the_process(
    shell: Shell, engine: subprocess.Popen[str]
) -> None:
    ran = shell.run("run")
    assert ran.returncode == 1
    assert f"process {engine.pid}" in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_sigterm_ends_the_engine_well_and_the_record_stays_readable(
    shell: Shell, engine: subprocess.Popen[str]
) -> None:
    shell.json("buy", "0.1", "BTCUSDT")
    engine.terminate()
    assert engine.wait(30) == 0
    gone = shell.run("status")
    assert (gone.returncode, gone.stdout) == (4, "")
    assert "it ended with exit code 0" in gone.stderr
    assert cast("Json", shell.json("journal", "verify"))["ok"] is True
    early = shell.run("report", "day", "--day", "2020-01-01")
    assert (early.returncode, early.stdout) == (2, "")
    assert "on 2020-01-01 the engine had not begun yet" in early.stderr
    assert cast("Json", shell.json("journal", "check", "--redecide"))["agreed"] is True
    lines = shell.run("journal", "export", "--canonical").stdout.splitlines()
    kinds = [cast("Json", json.loads(line))["kind"] for line in lines]
    assert kinds[0] == "engine-started"
    assert "order-filled" in kinds


def test_stop_ends_the_engine_and_events_can_be_followed_to_the_end(
    shell: Shell, engine: subprocess.Popen[str]
) -> None:
    shell.json("buy", "0.1", "BTCUSDT")
    follower = subprocess.Popen(
        [*COMMAND, "watch", "--after", "0.0", "--json"],
        env=shell.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert follower.stdout is not None
    assert follower.stderr is not None
    first = cast("Json", json.loads(follower.stdout.readline()))
    assert (first["id"], first["kind"]) == ("1.0", "engine-started")
    assert shell.run("stop").returncode == 0
    assert engine.wait(30) == 0
    # Read on where readline stopped: `communicate` would pass over what it had read ahead.
    out, err = follower.stdout.read(), follower.stderr.read()
    follower.wait(30)
    follower.stdout.close()
    follower.stderr.close()
    ids = [cast("str", cast("Json", json.loads(line))["id"]) for line in out.splitlines()]
    assert follower.returncode == 4
    assert f"go on with tradebot watch --after {ids[-1]}" in err
