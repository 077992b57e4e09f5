"""The engine as a process: how it starts, what signals do to it, who may reach it."""

import json
import os
import signal
import stat
from collections.abc import Iterator

import pytest
from tests.e2e.engine_process import Home, rows_of, running, short_home, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.e2e]


@pytest.fixture
def home() -> Iterator[Home]:
    with short_home() as made:
        yield made


def test_sigterm_ends_the_engine_cleanly_and_leaves_no_process(home: Home) -> None:
    with running(home) as engine:
        assert engine.terminate() == 0
        with pytest.raises(ProcessLookupError):
            os.killpg(engine.pid, 0)
    note = json.loads((home.engine() / "exit.json").read_bytes())
    assert (note["code"], note["reason"]) == (0, "stopped")


def test_start_that_cannot_be_leaves_no_folder_and_a_known_engine_keeps_why(home: Home) -> None:
    refused = home.run("run", "--market", "replay:nope")
    assert refused.returncode == 3
    assert not home.engine().exists()
    with running(home) as engine:
        assert engine.terminate() == 0
    assert home.run("run", "--market", "replay:nope").returncode == 3
    note = json.loads((home.engine() / "exit.json").read_bytes())
    assert note["code"] == 3
    assert "nope" in note["reason"]


def test_sighup_changes_nothing_an_engine_is_not_its_screen(home: Home) -> None:
    with running(home) as engine, engine.client() as client:
        engine.process.send_signal(signal.SIGHUP)
        before = client.status().engine.seq
        wait_until(lambda: client.status().engine.seq > before, "the market goes on", 10)
        assert client.hello().pid == engine.pid


def test_socket_and_folder_are_for_the_owner_alone(home: Home) -> None:
    with running(home):
        assert stat.S_IMODE(home.engine().stat().st_mode) == 0o700
        assert stat.S_IMODE((home.engine() / "control.sock").stat().st_mode) & 0o077 == 0


def test_second_engine_of_the_same_name_exits_1_and_names_the_pid(home: Home) -> None:
    with running(home) as engine, engine.client() as client:
        second = home.run("run")
        assert second.returncode == 1
        assert str(engine.pid) in second.stderr
        assert len(second.stderr.splitlines()) == 1
        assert client.hello().pid == engine.pid


def test_stop_ends_the_engine_and_its_orders_stay(home: Home) -> None:
    with running(home) as engine:
        placed = home.run("buy", "0.01", "BTCUSDT", "--limit", "57500", "--json")
        assert placed.returncode == 0, placed.stderr
        assert home.run("stop").returncode == 0
        assert engine.process.wait(timeout=10) == 0
    with running(home), engine.client() as client:
        wait_until(
            lambda: [order.state for order in client.orders(working_only=True)] == ["accepted"],
            "the order is known again",
            10,
        )


def test_engine_that_was_killed_leaves_no_note_and_starts_again(home: Home) -> None:
    with running(home) as engine:
        engine.kill()
    assert not (home.engine() / "exit.json").exists()
    with running(home) as engine:
        assert engine.terminate() == 0
    starts = [seq for seq, _, kind, _ in rows_of(home) if kind == "engine-started"]
    assert len(starts) == 2


def test_flatten_closes_what_was_bought_and_resume_lifts_it(home: Home) -> None:
    with running(home, "--speed", "20") as engine, engine.client() as client:
        bought = home.run("buy", "0.05", "BTCUSDT", "--id", "one", "--json")
        assert bought.returncode == 0, bought.stderr
        wait_until(lambda: bool(client.positions()), "the position is there", 10)
        assert home.run("flatten", "--all").returncode == 0
        wait_until(lambda: not client.positions(), "the position is closed", 10)
        assert client.status().trading_state == "HALTED"
        refused = home.run("buy", "0.05", "BTCUSDT", "--json")
        assert refused.returncode == 5
        assert home.run("resume", "--reason", "test").returncode == 0
        again = home.run("buy", "0.05", "BTCUSDT", "--id", "one", "--json")
        ids = [json.loads(done.stdout)["client_order_id"] for done in (bought, again)]
        assert ids[0] == ids[1]
    checked = home.run("journal", "check", "--redecide", "--json")
    assert json.loads(checked.stdout)["agreed"], checked.stdout
