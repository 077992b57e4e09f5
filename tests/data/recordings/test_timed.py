"""Receive times and payloads of recorded web sockets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.data.recordings.lines import Line
from tradebot.data.recordings.timed import parse_cryptofeed_line, parse_nanoseconds_line


def line(content: bytes) -> Line:
    return Line("file", 7, content)


def test_nanoseconds_line_is_taken_apart() -> None:
    timed = parse_nanoseconds_line(line(b'1723161253937085768 {"a":1}'))
    assert timed is not None
    assert (timed.ts_recv, timed.payload, timed.number) == (
        1_723_161_253_937_085_768,
        b'{"a":1}',
        7,
    )


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"12a {}", b"-1 {}", b"1", b"9" * 20 + b" {}", b"\xff\x00 {}"]
)
def test_nanoseconds_line_without_a_time_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="line must be"):
        parse_nanoseconds_line(line(content))


def test_cryptofeed_time_keeps_every_digit() -> None:
    timed = parse_cryptofeed_line(line(b"1618678132.8258188: [1]"))
    assert timed is not None
    assert timed.ts_recv == 1_618_678_132_825_818_800
    whole = parse_cryptofeed_line(line(b"1618678132: [1]"))
    assert whole is not None
    assert whole.ts_recv == 1_618_678_132_000_000_000


def test_cryptofeed_rest_reply_keeps_its_url() -> None:
    timed = parse_cryptofeed_line(line(b"https://x/depth?symbol=A -> 1.5: {}"))
    assert timed is not None
    assert (timed.url, timed.ts_recv, timed.payload) == (
        "https://x/depth?symbol=A",
        1_500_000_000,
        b"{}",
    )


@pytest.mark.parametrize("content", [b"wss://a <-> 1", b"wss://a <- 1: {}", b"configuration: {}"])
def test_cryptofeed_lines_of_what_was_sent_carry_no_message(content: bytes) -> None:
    assert parse_cryptofeed_line(line(content)) is None


@given(content=st.binary(max_size=60))
def test_any_line_gives_a_message_nothing_or_a_value_error(content: bytes) -> None:
    for parse in (parse_cryptofeed_line, parse_nanoseconds_line):
        try:
            parse(line(content))
        except ValueError:
            continue
