"""The real engine and those who look after it: its log, the service that runs it, what it tells others."""

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import cast

import pytest
from tests.e2e.engine_process import Home, running, short_home
from tests.engine.alerts.receiver import receiving
from tests.engine.observability.collector import collecting

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

type Line = dict[str, object]


@pytest.fixture
def home() -> Iterator[Home]:
    with short_home() as made:
        yield made


def lines(text: str) -> list[Line]:
    """Return the JSON lines of a log."""
    return [cast("Line", json.loads(line)) for line in text.splitlines()]


def test_the_life_of_an_order_greps_out_of_the_log_by_its_id(home: Home) -> None:
    with running(home, "--log-format", "json") as engine:
        order = json.loads(
            home.run("buy", "0.01", "BTCUSDT", "--market", "--id", "req-1", "--json").stdout
        )
        assert engine.terminate() == 0
    log = (home.engine() / "engine.log").read_text()
    assert log == engine.log
    client_order_id = order["client_order_id"]
    life = [line for line in lines(log) if line.get("client_order_id") == client_order_id]
    assert [line["event"] for line in life] == ["submit", "order-accepted", "order-filled"]
    assert {line["request_id"] for line in life} == {"req-1"}
    assert {line["bet_id"] for line in life} == {order["bet_id"]}
    assert len({line["engine_id"] for line in lines(log)}) == 1
    assert life[-1]["state"] == "filled"


def test_what_is_not_configured_is_not_even_loaded() -> None:
    with short_home({"PYTHONPROFILEIMPORTTIME": "1"}) as home:
        with running(home) as engine:
            assert engine.terminate() == 0
        imported = {line.split("|")[-1].strip() for line in engine.log.splitlines()}
    assert "structlog" in imported
    loaded = {name.partition(".")[0] for name in imported}
    assert loaded & {"opentelemetry", "apprise", "keyring", "requests", "google"} == set()


def test_alerts_heartbeat_and_telemetry_of_a_real_engine(home: Home) -> None:
    with receiving() as receiver, collecting() as collector:
        (home.path / "tradebot.toml").write_text(
            f'[alerts]\nto = ["{receiver.alert_url}"]\n'
            f'[engine]\nheartbeat_url = "{receiver.url}/beat"\n'
            f'[telemetry]\nendpoint = "{collector.url}"\n'
        )
        with running(home) as engine:
            assert home.run("buy", "0.01", "BTCUSDT", "--market").returncode == 0
            assert home.run("kill").returncode == 0
            receiver.wait(lambda got: bool(got.asked) and len(got.messages) >= 2)
            assert engine.terminate() == 0
        log = engine.log + (home.engine() / "engine.log").read_text()
    assert receiver.texts[0] == "the engine started for the first time"
    assert receiver.texts[1].startswith("HALTED: ")
    assert receiver.texts[-1].startswith(
        "the engine ended: stopped; without a stop at a broker: 0.010 "
    )
    assert {span.name for span in collector.spans} >= {"order", "order.durable", "order.fill"}
    assert len({span.trace_id for span in collector.spans}) == 1
    assert collector.metrics["tradebot.orders"].sum.data_points[0].as_int == 1
    assert "hook-s3cr3t" not in log


STUCK = """
import os
from pathlib import Path

from tradebot.engine.core.actions import OrderSeq
from tradebot.engine.core.needs import Every
from tradebot.engine.core.reasons import why


class Stuck:
    needs = (Every(1_000_000_000),)

    def decide(self, portfolio, snapshot, context=None):
        while Path(os.environ["STUCK_FILE"]).exists():
            pass
        return OrderSeq.none(because=why("free"))
"""


def test_the_watchdog_starves_while_the_loop_is_stuck(tmp_path: Path) -> None:
    marker = tmp_path / "stuck"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(30)

        def until(word: str) -> None:
            while word not in systemd.recv(4096).decode().split("\n"):
                pass

        environment = {
            "NOTIFY_SOCKET": str(tmp_path / "notify"),
            "WATCHDOG_USEC": "400000",
            "STUCK_FILE": str(marker),
        }
        with short_home(environment) as home:
            (home.path / "policies").mkdir()
            (home.path / "policies" / "stuck.py").write_text(STUCK)
            (home.path / "tradebot.toml").write_text(
                '[sleeves.s]\npolicy = "stuck.py:Stuck"\nsymbols = ["sandbox:BTCUSDT"]\n'
                'capital = "100 USDT"\nrun = "live"\n'
            )
            with running(home) as engine:
                until("READY=1")
                until("WATCHDOG=1")
                marker.touch()
                systemd.settimeout(1)
                with suppress(TimeoutError):  # what was said before the loop was stuck
                    for _ in range(10):
                        systemd.recv(4096)
                with pytest.raises(TimeoutError):  # systemd would have ended it after 0.4 s
                    systemd.recv(4096)
                systemd.settimeout(30)
                marker.unlink()
                until("WATCHDOG=1")
                engine.process.terminate()
                until("STOPPING=1")


def test_the_log_file_alone_tells_a_run_and_why_the_next_could_not_be(home: Home) -> None:
    with running(home, "--log-format", "file") as engine:
        assert engine.terminate() == 0
    assert not engine.log
    said = [line["event"] for line in lines((home.engine() / "engine.log").read_text())]
    assert (said[0], said[-1]) == ("engine up", "engine down")
    (home.path / "tradebot.toml").write_text('[alerts]\nto = ["nosuch://t0pic"]\n')
    refused = home.run("run")
    assert refused.returncode == 3
    assert "alerts.to: nosuch://*** cannot be used" in refused.stderr
    log = (home.engine() / "engine.log").read_text()
    last = lines(log)[-1]
    assert last["event"] == "engine cannot run"
    assert "alerts.to" in str(last["why"])
    assert "t0pic" not in log + refused.stderr
