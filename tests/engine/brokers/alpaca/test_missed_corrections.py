"""A bust or correction told while nobody listened to `trade_updates`: found after the next subscribe, told once."""

import pytest
from tests.engine.brokers.alpaca.desk import Desk, intent

from tradebot.engine.core.events import ExecutionBusted, ExecutionCorrected
from tradebot.engine.core.types import SECOND
from tradebot.engine.exchange.faults import Fault, FaultName


def traded() -> Desk:
    desk = Desk()
    for number in range(3):
        desk.submit(intent(f"tb{number}"))
        desk.run(1)
    return desk


def told(desk: Desk) -> list[str]:
    """Return what was taken back, fees aside."""
    words = [*desk.about(ExecutionBusted), *desk.about(ExecutionCorrected)]
    return [one.reason for one in words if "at Alpaca" in one.reason]


@pytest.mark.parametrize(
    ("fault", "word"), [("bust", "busted at Alpaca"), ("correction", "corrected at Alpaca")]
)
def test_what_was_taken_back_while_nobody_listened_is_told_once_after_the_next_subscribe(
    fault: FaultName, word: str
) -> None:
    desk = traded()
    desk.session.stop()
    desk.venue.run(5 * SECOND)
    desk.venue.striker.arm(Fault(venue="alpaca", fault=fault))
    desk.venue.run(10 * SECOND)
    desk.session.start()
    desk.run(10)
    assert told(desk) == [word]
    desk.look()
    desk.run(2)
    desk.agrees()
    # The next gap asks again and tells nothing again.
    desk.venue.striker.arm(Fault(venue="alpaca", fault="close_24h"))
    desk.run(10)
    assert told(desk) == [word]


def test_a_correction_that_is_heard_keeps_the_fee_that_was_told_before_it() -> None:
    desk = traded()
    desk.run(5)
    desk.venue.striker.arm(Fault(venue="alpaca", fault="correction"))
    desk.run(2)
    assert told(desk) == ["corrected at Alpaca"]
    desk.look()
    desk.run(2)
    desk.agrees()


def test_an_account_without_activity_events_is_asked_once() -> None:
    desk = traded()
    asked = [one.url for one in desk.venue.doors.requests if "/events/" in one.url]
    assert len(asked) == 1
    desk.venue.doors.stream = lambda _, line: line.drop("HTTP 404")
    for _ in range(3):
        desk.venue.striker.arm(Fault(venue="alpaca", fault="close_24h"))
        desk.run(5)
    asked = [one.url for one in desk.venue.doors.requests if "/events/" in one.url]
    assert len(asked) == 2
    desk.agrees()
