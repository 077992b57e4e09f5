"""`tradebot panic` on the real program: without an engine, and the start after it."""

import json
import stat
from collections.abc import Iterator

import pytest
from tests.e2e.engine_process import Home, is_reconciled, rows_of, running, short_home, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.e2e]


@pytest.fixture
def home() -> Iterator[Home]:
    with short_home() as made:
        yield made


def test_after_a_kill_panic_and_a_start_all_agrees_and_nothing_is_an_alarm(home: Home) -> None:
    killed_with_orders_resting(home)
    panicked_twice(home)
    note = home.engine() / "panic.json"
    assert stat.S_IMODE(note.stat().st_mode) == 0o600
    with running(home, "--speed", "20") as engine, engine.client() as client:
        wait_until(lambda: is_reconciled(home, client), "ledger and venue agree", 20)
        wait_until(lambda: not client.orders(working_only=True), "no order rests", 20)
        assert client.differences() == []
        assert not client.positions()
        assert not note.exists()
        status = client.status()
        assert status.trading_state == "HALTED"
        assert "panic on account sandbox" in (status.reason or "")
        resumed = home.run("resume", "--reason", "looked at it")
        assert resumed.returncode == 0, resumed.stderr
        wait_until(lambda: client.status().trading_state == "ACTIVE", "it goes on", 10)
        engine.terminate()
    alerts = [fields for _, _, kind, fields in rows_of(home) if kind == "alert"]
    texts = [str(alert["text"]) for alert in alerts]
    assert not [alert for alert in alerts if alert["level"] == "error"], texts
    assert any("cancelled by panic at" in text for text in texts)
    assert sum(kind == "panic-noted" for _, _, kind, _ in rows_of(home)) == 2
    checked = home.run("journal", "check", "--redecide", "--json")
    assert json.loads(checked.stdout)["agreed"], checked.stdout


def killed_with_orders_resting(home: Home) -> None:
    """Leave a position, its stop and an order that adds; a running engine refuses panic."""
    with running(home, "--speed", "20") as engine, engine.client() as client:
        for words in (
            ("buy", "0.05", "BTCUSDT"),
            ("buy", "0.01", "BTCUSDT", "--limit", "57500"),
            ("sell", "0.05", "BTCUSDT", "--trigger", "55000", "--reduce-only"),
        ):
            done = home.run(*words, "--json")
            assert done.returncode == 0, done.stderr
        wait_until(lambda: bool(client.positions()), "the position is there", 10)
        wait_until(lambda: len(client.orders(working_only=True)) == 2, "two orders rest", 10)
        refused = home.run("panic", "sandbox")
        assert refused.returncode == 1
        assert str(engine.pid) in refused.stderr
        assert "tradebot kill" in refused.stderr
        engine.kill()


def panicked_twice(home: Home) -> None:
    """Cancel what adds risk, then close; an account that is not there is named."""
    strange = home.run("panic", "nobody")
    assert (strange.returncode, "there is sandbox" in strange.stderr) == (2, True)
    first = home.run("panic", "sandbox", "--json")
    assert first.returncode == 0, first.stderr
    told = json.loads(first.stdout)
    assert (len(told["cancelled"]), len(told["kept"])) == (1, 1)
    second = home.run("panic", "sandbox", "--flatten", "--json")
    assert second.returncode == 0, second.stderr
    told = json.loads(second.stdout)
    assert (len(told["cancelled"]), len(told["closed"]), told["open_positions"]) == (1, 1, {})
