"""What looks after a running engine: alerts, the watchdog, and nothing that is not configured."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.engine.alerts.receiver import Receiver, receiving
from tests.engine.live.live_bench import START, LiveBench, Served, quiet_market
from tests.engine.observability.collector import collecting

from tradebot.engine.config.load import load
from tradebot.engine.config.models import Config
from tradebot.engine.core.events import HaltRequested, ResumeRequested
from tradebot.engine.core.types import MINUTE, MS, SECOND, EngineId
from tradebot.engine.live.errors import CannotRun
from tradebot.engine.live.operations import Operations, since_when, spoken
from tradebot.engine.observability.logs import LogSink, logging_to
from tradebot.engine.state_folder import ExitNote, FolderFacts
from tradebot.engine.systemd.notify import Notifier


@pytest.fixture
def logs() -> Iterator[LogSink]:
    with logging_to("file") as sink:
        yield sink


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


def configured(folder: Path, text: str) -> Config:
    (folder / "tradebot.toml").write_text(text)
    return load({}, folder).config


def before(note: ExitNote | None, written: int | None = None) -> FolderFacts:
    return FolderFacts(
        id=EngineId("abcde"),
        mode="sandbox",
        created="",
        running=False,
        pid=None,
        last_exit=note,
        last_written=written,
    )


def of(
    bench: LiveBench, config: Config, logs: LogSink, notifier: Notifier | None = None
) -> Operations:
    return Operations(
        bench.runtime,
        config,
        logs,
        name="main",
        clock=bench.clock,
        notifier=notifier or Notifier({}, 1),
    )


def test_a_run_tells_its_start_halt_resume_and_end(
    tmp_path: Path, logs: LogSink, receiver: Receiver
) -> None:
    config = configured(tmp_path, f'[alerts]\nto = ["{receiver.alert_url}"]\n')
    bench = LiveBench(tmp_path, quiet_market())
    with of(bench, config, logs) as operations:
        ended = ExitNote(when=bench.clock.wall - 90 * MINUTE, code=0, reason="stopped")
        operations.started(before(ended))
        bench.until(500)
        bench.runtime.operate(HaltRequested(reason="lunch"), START + 500 * MS)
        bench.runtime.operate(ResumeRequested(reason="back"), START + 600 * MS)
        operations.turned()
        operations.stopping("stopped")
    bench.close()
    assert receiver.texts == [
        "the engine started after 1 h 30 min down; it had ended: stopped",
        "REDUCING: lunch",
        "ACTIVE again: back",
        "the engine ended: stopped",
    ]
    assert {message["title"] for message in receiver.messages} == {"tradebot main (sandbox)"}


def test_an_engine_that_fails_tells_so(tmp_path: Path, logs: LogSink, receiver: Receiver) -> None:
    config = configured(tmp_path, f'[alerts]\nto = ["{receiver.alert_url}"]\nlevel = "error"\n')
    bench = LiveBench(tmp_path, [])
    with pytest.raises(ZeroDivisionError), of(bench, config, logs):
        _ = 1 // 0
    bench.close()
    assert receiver.texts == [
        "the engine ended: ZeroDivisionError: integer division or modulo by zero"
    ]
    assert receiver.messages[0]["type"] == "failure"


def test_the_heartbeat_follows_the_loop(tmp_path: Path, logs: LogSink, receiver: Receiver) -> None:
    config = configured(tmp_path, f'[engine]\nheartbeat_url = "{receiver.url}/ping"\n')
    bench = LiveBench(tmp_path, [])
    with of(bench, config, logs):
        receiver.wait(lambda got: bool(got.asked))
    bench.close()
    assert receiver.asked[0].startswith("/ping?state=")


def test_telemetry_follows_orders_and_lines(tmp_path: Path, logs: LogSink) -> None:
    from tests.engine.observability.test_spans import place

    with collecting() as collector:
        config = configured(tmp_path, f'[telemetry]\nendpoint = "{collector.url}"\n')
        bench = LiveBench(tmp_path, quiet_market())
        with of(bench, config, logs) as operations:
            place(bench, 500, limit=None)
            bench.until(1_000)
            operations.turned()
            with collector.arrived:
                collector.arrived.wait_for(lambda: len(collector.lines) >= 3, 10)
        bench.close()
    assert {span.name for span in collector.spans} == {
        "order",
        "order.durable",
        "order.sent",
        "order.accepted",
        "order.fill",
    }
    assert [line.body.string_value for line in collector.lines] == [
        "submit",
        "order-accepted",
        "order-filled",
    ]
    assert "tradebot.equity" in collector.metrics


def test_an_address_that_cannot_be_used_refuses_the_start(tmp_path: Path, logs: LogSink) -> None:
    config = configured(tmp_path, '[alerts]\nto = ["nosuch://t0pic"]\n')
    bench = LiveBench(tmp_path, [])
    with pytest.raises(CannotRun, match=r"alerts\.to: nosuch://\*\*\*") as refused:
        of(bench, config, logs)
    bench.close()
    assert refused.value.exit_code == 3
    assert "t0pic" not in str(refused.value)


class Systemd:
    """The other end of NOTIFY_SOCKET."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address.replace("@", "\0", 1))
        self._socket.setblocking(False)  # noqa: FBT003  (the socket's own API)

    def heard(self) -> list[str]:
        words: list[str] = []
        while True:
            try:
                words += self._socket.recv(4096).decode().split("\n")
            except BlockingIOError:
                return words

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Systemd]:
    where = str(tmp_path / "notify") if request.param == "path" else f"@tb-{tmp_path.name}"
    made = Systemd(where)
    yield made
    made.close()


def environ(systemd: Systemd, seconds: int = 10) -> dict[str, str]:
    return {"NOTIFY_SOCKET": systemd.address, "WATCHDOG_USEC": str(seconds * 1_000_000)}


async def test_the_watchdog_is_fed_by_the_loop_and_starves_when_the_loop_is_stuck(
    tmp_path: Path, logs: LogSink, systemd: Systemd
) -> None:
    bench = LiveBench(tmp_path, quiet_market())
    notifier = Notifier(environ(systemd), 1)
    with of(bench, configured(tmp_path, ""), logs, notifier) as operations:
        served: Served = bench.service()
        operations.ready(served.service, "sandbox")
        assert systemd.heard() == ["READY=1", "STATUS=sandbox"]
        served.loop.turned = operations.turned
        fed = asyncio.Event()
        asyncio.get_running_loop().call_soon(fed.set)
        await served.go(asyncio.ensure_future(asyncio.sleep(0)), ms_each=1)
        turning = systemd.heard()
        assert "WATCHDOG=1" in turning
        bench.clock.run += 60 * SECOND  # a minute in which no turn happens
        assert systemd.heard() == []
        operations.turned()
        assert systemd.heard()[0] == "WATCHDOG=1"
        operations.stopping("stopped")
        assert systemd.heard() == ["STOPPING=1", "STATUS=stopping: stopped"]
    bench.close()


def test_without_systemd_nothing_is_said() -> None:
    notifier = Notifier({}, 1)
    assert not notifier.say("READY=1")
    assert notifier.watchdog_ns is None
    notifier.close()


@pytest.mark.parametrize(
    ("extra", "watched"),
    [({}, 10 * SECOND), ({"WATCHDOG_PID": "1"}, 10 * SECOND), ({"WATCHDOG_PID": "2"}, None)],
)
def test_the_watchdog_of_another_process_is_not_ours(
    systemd: Systemd, extra: dict[str, str], watched: int | None
) -> None:
    notifier = Notifier(environ(systemd) | extra, 1)
    assert notifier.watchdog_ns == watched
    notifier.close()


def test_a_systemd_that_is_gone_harms_nobody(tmp_path: Path) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}, 1)
    assert not notifier.say("READY=1")
    notifier.close()


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (42 * SECOND, "42 s"),
        (3 * MINUTE, "3 min"),
        (312 * MINUTE, "5 h 12 min"),
        (51 * 60 * MINUTE, "2 d 3 h"),
    ],
)
def test_a_span_is_spoken_as_a_person_would(ns: int, text: str) -> None:
    assert spoken(ns) == text


def test_a_start_says_how_the_last_run_ended() -> None:
    assert since_when(None, 0) == "the engine started for the first time"
    killed = since_when(before(None, written=START), START + 5 * SECOND)
    assert (
        killed == "the engine started after 5 s down; it had been killed, or the machine went down"
    )
