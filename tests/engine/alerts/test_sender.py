"""Alerts reach their addresses, are tried again, and hold nobody up."""

import json
import threading
import time
from pathlib import Path

import pytest
from tests.engine.alerts.receiver import receiving
from tests.engine.observability.test_logs import stderr_in

from tradebot.engine.alerts.addresses import parse_addresses
from tradebot.engine.alerts.heartbeat import Heartbeat, Pulse
from tradebot.engine.alerts.notices import Notice
from tradebot.engine.alerts.sender import AlertSender, UnknownAddress
from tradebot.engine.core.types import MINUTE
from tradebot.engine.observability.logs import logging_to
from tradebot.engine.secret import Secret

PATH = "s3cr3t-token"
FILL = Notice(kind="fill", level="info", text="trend bought 0.1 BTC")


def test_a_notice_reaches_its_address() -> None:
    with receiving() as receiver:
        sender = AlertSender(parse_addresses([receiver.alert_url]), "tradebot main (sandbox)")
        sender.start()
        sender.send(FILL)
        sender.close()
    (message,) = receiver.messages
    assert message["message"] == "trend bought 0.1 BTC"
    assert message["title"] == "tradebot main (sandbox)"
    assert message["type"] == "info"


def test_a_server_that_fails_is_tried_again_and_the_log_never_names_the_address(
    tmp_path: Path,
) -> None:
    with receiving() as receiver, stderr_in(tmp_path / "err"), logging_to("json"):
        receiver.refuse = 2
        sender = AlertSender(parse_addresses([receiver.alert_url]), "t", retry_s=(0.01, 0.01, 0.01))
        sender.start()
        sender.send(FILL)
        receiver.wait(lambda got: len(got.messages) == 1)
        sender.close()
    log = (tmp_path / "err").read_text()
    lines = [json.loads(line) for line in log.splitlines()]
    assert [line["event"] for line in lines] == ["alert not sent", "alert not sent"]
    assert "503" in lines[0]["why"]
    assert lines[0]["to"] == "json://***"
    assert PATH not in log
    assert "hook-" not in log


def test_a_notice_is_given_up_in_the_log_after_the_last_try(tmp_path: Path) -> None:
    with stderr_in(tmp_path / "err"), logging_to("json"):
        sender = AlertSender(parse_addresses(["json://127.0.0.1:9/x"]), "t", retry_s=(0.01,))
        sender.start()
        sender.send(FILL)
        sender.close()
    events = [json.loads(line)["event"] for line in (tmp_path / "err").read_text().splitlines()]
    assert events == ["alert not sent", "alert given up"]


def test_one_dead_address_holds_up_neither_the_others_nor_the_sender() -> None:
    with receiving() as receiver:
        dead = "json://127.0.0.1:9/x"
        addresses = parse_addresses([dead, receiver.alert_url])
        sender = AlertSender(addresses, "t", retry_s=(60.0,))
        sender.start()
        begun = time.monotonic()  # noqa: TID251  (the wall a caller would wait by)
        for _ in range(3):
            sender.send(FILL)
        receiver.wait(lambda got: len(got.messages) == 3)
        sender.close()
        assert time.monotonic() - begun < 10  # noqa: TID251  (as above)


def test_an_address_apprise_does_not_know_is_refused_by_its_scheme_alone() -> None:
    with pytest.raises(UnknownAddress, match="nosuch://") as refused:
        AlertSender(parse_addresses([f"nosuch://{PATH}"]), "t")
    assert PATH not in str(refused.value)


class Hand:
    """A clock a test moves."""

    def __init__(self) -> None:
        self.now = 0

    def read(self) -> int:
        return self.now


def test_a_heartbeat_says_how_the_engine_is() -> None:
    with receiving() as receiver:
        url = Secret(f"{receiver.url}/ping/{PATH}?a=1")
        beating = Heartbeat(url, lambda: Pulse(0, "REDUCING", 7), Hand().read, every_s=0.01)
        beating.start()
        receiver.wait(lambda got: len(got.asked) >= 2)
        beating.close()
    assert receiver.asked[0] == f"/ping/{PATH}?a=1&state=REDUCING&seq=7"


def test_a_stuck_loop_gets_no_heartbeat_and_the_log_says_so_once(tmp_path: Path) -> None:
    clock = Hand()
    clock.now = 2 * MINUTE
    looked = threading.Semaphore(0)

    def pulse() -> Pulse:
        looked.release()
        return Pulse(0, "ACTIVE", 7)

    with receiving() as receiver, stderr_in(tmp_path / "err"), logging_to("json"):
        beating = Heartbeat(Secret(receiver.url), pulse, clock.read, every_s=0.001)
        beating.start()
        for _ in range(5):
            assert looked.acquire(timeout=5)
        beating.close()
    assert receiver.asked == []
    (line,) = (tmp_path / "err").read_text().splitlines()
    assert "has not turned for 120 s" in json.loads(line)["why"]


def test_a_heartbeat_that_fails_is_told_without_its_address(tmp_path: Path) -> None:
    with receiving() as receiver, stderr_in(tmp_path / "err"), logging_to("json"):
        receiver.refuse = 3
        url = Secret(f"{receiver.url}/{PATH}")
        beating = Heartbeat(url, lambda: Pulse(0, "ACTIVE", 1), Hand().read, every_s=0.01)
        beating.start()
        receiver.wait(lambda got: len(got.asked) >= 1)
        beating.close()
    log = (tmp_path / "err").read_text()
    assert json.loads(log.splitlines()[0])["why"] == "HTTP 503"
    assert PATH not in log
