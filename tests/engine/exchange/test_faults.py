"""Faults: what a file may say, what strikes when, what a frame and a request go through."""

import msgspec
import pytest
from tests.engine.exchange.exchange_made import Made

from tradebot.engine.exchange.face import Floor, HttpReply, Line, through_faults
from tradebot.engine.exchange.faults import (
    Fault,
    FaultName,
    FaultRefused,
    Faults,
    drawn,
    read_fault,
    read_faults,
)
from tradebot.engine.exchange.words import FACES, FaceName

S = 1_000_000_000


class Sent:
    """A link that keeps what it was given."""

    def __init__(self) -> None:
        self.frames: list[tuple[int, str | bytes]] = []
        self.ended = ""

    def send(self, frame: str | bytes, delay: int = 0) -> None:
        self.frames.append((delay, frame))

    def ping(self) -> None:
        self.frames.append((0, "ping"))

    def close(self, code: int = 1000, reason: str = "", *, abrupt: bool = False) -> None:
        self.ended = "abrupt" if abrupt else f"{code} {reason}"


def line(made: Made, *faults: Fault) -> tuple[Line, Sent]:
    floor = Floor(made.exchange, Faults())
    for fault in faults:
        floor.faults.arm(fault, made.clock.now())
    sent = Sent()
    return Line(sent, floor, "binance"), sent


def fault(name: FaultName, seconds: float = 1.0, count: int = 1) -> Fault:
    return Fault(
        venue="binance", fault=name, on="execution", args={"seconds": seconds}, count=count
    )


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (b"{", "JSON"),
        (b'{"venue":"nyse","fault":"drop"}', "nyse"),
        (b'{"venue":"binance","fault":"explode"}', "explode"),
        (b'{"venue":"binance","fault":"drop","on":"lunch"}', "lunch"),
        (b'{"venue":"binance","fault":"drop","on":"report","count":0}', "count"),
        (b'{"venue":"binance","fault":"mute","after_s":-1}', "after_s"),
        (b'{"venue":"binance","fault":"mute","on":"report","after_s":1}', "both"),
        (b'{"venue":"binance","fault":"ib_1100"}', "of ib"),
        (b'{"venue":"binance","fault":"late","args":{"seconds":"x"}}', "seconds"),
        (b'{"venue":"binance","fault":"drop","onn":"report"}', "onn"),
    ],
)
def test_a_fault_that_is_none_is_refused_in_one_line(text: bytes, word: str) -> None:
    with pytest.raises(FaultRefused, match=word) as refused:
        read_fault(text)
    assert "\n" not in str(refused.value)


def test_a_file_of_faults_is_a_list() -> None:
    assert read_faults(b'[{"venue":"ib","fault":"ib_1100","after_s":2}]')[0].after_s == 2
    with pytest.raises(FaultRefused, match="list"):
        read_faults(b"{}")


def test_a_fault_strikes_its_event_as_often_as_it_says() -> None:
    faults = Faults()
    faults.arm(fault("drop", count=2), 0)
    assert faults.at("alpaca", "execution") == faults.at("binance", "depth") == []
    hits = [len(faults.at("binance", "report", "execution")) for _ in range(3)]
    assert hits == [1, 1, 0]


def test_a_timed_fault_strikes_once_its_time_has_come() -> None:
    faults = Faults()
    faults.arm(Fault(venue="binance", fault="mute", after_s=2.0), 10 * S)
    assert faults.due(12 * S - 1) == []
    assert [one.fault for one in faults.due(12 * S)] == ["mute"]
    assert faults.due(13 * S) == []


def test_a_fault_of_the_whole_venue_on_an_event_strikes_after_it() -> None:
    faults = Faults()
    faults.arm(Fault(venue="binance", fault="bust", on="execution"), 0)
    assert faults.at("binance", "execution") == []
    assert [one.fault for one in faults.due(1)] == ["bust"]


def test_a_fault_of_an_event_that_names_none_strikes_the_next_of_its_kind() -> None:
    faults = Faults()
    faults.arm(Fault(venue="binance", fault="drop"), 0)
    assert faults.due(0) == []
    assert [one.fault for one in faults.at("binance", "report")] == ["drop"]


def test_frames_are_dropped_doubled_delayed_and_overtaken() -> None:
    made = Made()
    one, sent = line(made, fault("drop"))
    one.send("a", "execution")
    one.send("b", "execution")
    assert sent.frames == [(0, "b")]
    one, sent = line(made, fault("duplicate"))
    one.send("a", "execution")
    assert sent.frames == [(0, "a"), (0, "a")]
    one, sent = line(made, fault("reorder"))
    one.send("a", "execution")
    one.send("b", "execution")
    assert sent.frames == [(S, "a"), (0, "b")]
    one, sent = line(made, fault("delay"))
    one.send("a", "execution")
    made.pass_time(S // 4)
    one.send("b", "execution")
    assert sent.frames == [(S, "a"), (3 * S // 4, "b")]


def test_a_muted_line_stays_open_and_a_dropped_one_does_not() -> None:
    made = Made()
    one, sent = line(made, fault("mute"))
    one.send("a", "execution")
    one.send("b")
    assert (sent.frames, sent.ended, one.is_open) == ([], "", True)
    one, sent = line(made, fault("drop_socket"))
    one.send("a", "execution")
    assert (sent.frames, sent.ended, one.is_open) == ([], "abrupt", False)


def test_a_request_is_refused_before_it_counts_or_after() -> None:
    made = Made()
    done: list[int] = []

    def answer() -> HttpReply:
        done.append(1)
        return HttpReply()

    def asked(name: FaultName) -> HttpReply:
        floor = Floor(made.exchange, Faults())
        floor.faults.arm(Fault(venue="binance", fault=name, on="order", args={"seconds": 2.0}), 0)
        return through_faults(
            floor, "binance", ("request", "order"), answer, lambda status: HttpReply(status=status)
        )

    assert (asked("http_429").status, len(done)) == (429, 0)
    assert (asked("http_418").status, len(done)) == (418, 0)
    assert (asked("http_5xx").status, len(done)) == (503, 0)
    assert (asked("accepted_504").status, len(done)) == (504, 1)
    assert (asked("late").delay, len(done)) == (2 * S, 2)
    assert (asked("drop_socket").cut, len(done)) == (True, 3)


@pytest.mark.parametrize("venue", FACES)
def test_what_a_seed_draws_is_the_same_each_time_and_can_be_armed(venue: FaceName) -> None:
    assert drawn(3, venue, 20) == drawn(3, venue, 20)
    assert drawn(3, venue, 20) != drawn(4, venue, 20)
    assert read_faults(msgspec.json.encode(drawn(3, venue, 20))) == drawn(3, venue, 20)
