"""How long an event stream may be silent: short at first, longer only for a venue that is known to be quiet."""

from tradebot.engine.brokers.alpaca.silence import LEAST, MOST, SLACK, Silence
from tradebot.engine.core.types import SECOND


def beats(silence: Silence, start: int, every: int, count: int) -> int:
    """Let heartbeats be heard; return when the last one was."""
    silence.opened(start)
    for number in range(count):
        silence.heard(start + number * every)
    return start + (count - 1) * every


def test_a_stream_with_heartbeats_is_dead_soon_after_one_is_missing() -> None:
    silence = Silence()
    last = beats(silence, 0, 10 * SECOND, 5)
    assert silence.patience == LEAST
    assert silence.left(last + LEAST - 1) == 1
    assert silence.left(last + LEAST) == 0


def test_three_streams_that_die_at_once_are_found_dead_within_forty_seconds() -> None:
    silence, now = Silence(), 0
    for _ in range(3):
        silence.opened(now)
        silence.heard(now)
        now += silence.left(now)
        silence.died()
    assert now <= 40 * SECOND


def test_a_venue_that_is_quieter_is_given_the_time_it_takes_and_no_more_than_the_most() -> None:
    silence, now = Silence(), 0
    for _ in range(6):
        silence.opened(now)
        now += silence.left(now)
        silence.died()
    assert silence.patience == MOST
    beats(silence, now, 30 * SECOND, 2)
    assert silence.patience == 30 * SECOND + SLACK, "its heartbeats are known from here on"
    beats(silence, now, 90 * SECOND, 2)
    assert silence.patience == MOST


def test_the_past_that_is_told_at_the_opening_is_no_heartbeat() -> None:
    silence = Silence()
    for _ in range(4):
        beats(silence, 0, SECOND // 10, 5)
        silence.died()
    assert silence.patience > LEAST
