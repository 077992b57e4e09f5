"""The IB face's frames and messages without a socket: cut anywhere, hostile, too fast."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.exchange.exchange_made import Made

from tradebot.engine.exchange.face import Floor
from tradebot.engine.exchange.faults import Faults
from tradebot.engine.exchange.ib.face import IbFace
from tradebot.engine.exchange.ib.session import Session
from tradebot.engine.exchange.ib.wire import FRAME_MAX, FrameRefused, Frames, frame

GREETING = b"API\0" + (9).to_bytes(4, "big") + b"v157..178"


class Heard:
    """The client's end of a connection in memory."""

    def __init__(self) -> None:
        self.messages: list[list[str]] = []
        self.open = True

    def send(self, frame: str | bytes, delay: int = 0) -> None:
        assert isinstance(frame, bytes)
        assert len(frame) == 4 + int.from_bytes(frame[:4], "big")
        self.messages.append(frame[4:].decode().split("\0")[:-1])

    def ping(self) -> None:
        """It has none."""

    def close(self, code: int = 1000, reason: str = "", *, abrupt: bool = False) -> None:
        self.open = False

    def errors(self) -> list[str]:
        return [message[3] for message in self.messages if message[0] == "4"]


def connected() -> tuple[Session, Heard]:
    face = IbFace(Floor(Made(("ib",)).exchange, Faults()))
    heard = Heard()
    session = face.connect(heard)
    session.receive(GREETING + frame(71, 2, 7, ""))
    assert [message[0] for message in heard.messages[1:3]] == ["15", "9"]
    return session, heard


@given(
    st.lists(st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8")), min_size=1)),
    st.data(),
)
def test_messages_cut_anywhere_come_out_whole(told: list[list[str]], data: st.DataObject) -> None:
    stream = GREETING + b"".join(frame(*fields) for fields in told)
    frames, got = Frames(), list[list[str]]()
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        got += frames.take(stream[:cut])
        stream = stream[cut:]
    assert got == [["v157..178"], *told]


def test_a_frame_too_long_and_a_wrong_greeting_are_refused() -> None:
    with pytest.raises(FrameRefused, match="at most"):
        Frames().take(b"API\0" + (FRAME_MAX + 1).to_bytes(4, "big"))
    with pytest.raises(FrameRefused, match="begin with API"):
        Frames().take(b"GET / HTTP/1.1")


@given(
    st.lists(
        st.sampled_from(
            ["1", "3", "7", "9", "10", "20", "97", "", "nan", "1e999", "x" * 300, "-5"]
        ),
        max_size=80,
    )
)
def test_no_message_ends_a_session_or_the_exchange(fields: list[str]) -> None:
    session, heard = connected()
    session.receive(frame(*fields))
    session.receive(frame(49, 1))
    assert heard.open
    assert heard.messages[-1][0] == "49"


def test_more_than_a_hundred_messages_a_second_are_refused_and_then_end_the_connection() -> None:
    session, heard = connected()
    for _ in range(99):
        session.receive(frame(49, 1))
    assert "100" not in heard.errors()
    session.receive(frame(49, 1))
    assert heard.errors()[-1] == "100"
    for _ in range(3):
        session.receive(frame(49, 1))
    assert not heard.open


def test_nothing_is_answered_before_the_client_has_said_its_id() -> None:
    face = IbFace(Floor(Made(("ib",)).exchange, Faults()))
    heard = Heard()
    face.connect(heard).receive(GREETING + frame(61, 1))
    assert heard.errors() == ["321"]
