"""Not too many messages, and none lost without being counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.engine.alerts.limit import BURST, REFILL, Limiter
from tradebot.engine.alerts.notices import Kind, Level, Notice
from tradebot.engine.core.types import MINUTE


def notice(kind: Kind = "fill", level: Level = "info", text: str = "x") -> Notice:
    return Notice(kind=kind, level=level, text=text)


def test_a_burst_goes_out_and_the_rest_comes_as_one_digest() -> None:
    limiter = Limiter("info")
    sent = [limiter.admit(notice(text=f"fill {number}"), 0) for number in range(BURST + 7)]
    assert sent == [True] * BURST + [False] * 7
    assert limiter.digests(0) == []
    (digest,) = limiter.digests(REFILL)
    assert digest.text == "7 more of kind 'fill', the newest: fill 9; fill 10; fill 11"
    assert limiter.digests(REFILL) == []
    assert limiter.digests(10 * REFILL) == []


def test_a_flood_of_one_kind_does_not_hold_back_another() -> None:
    limiter = Limiter("info")
    for _ in range(100):
        limiter.admit(notice("fill"), 0)
    assert limiter.admit(notice("halt", "error"), 0)


def test_a_digest_is_as_grave_as_the_gravest_it_stands_for() -> None:
    limiter = Limiter("info")
    for _ in range(BURST):
        limiter.admit(notice("engine"), 0)
    limiter.admit(notice("engine", "error"), 0)
    limiter.admit(notice("engine", "warn"), 0)
    assert [digest.level for digest in limiter.digests(REFILL)] == ["error"]


@pytest.mark.parametrize(("least", "sent"), [("info", 3), ("warn", 2), ("error", 1)])
def test_what_is_below_the_level_is_not_sent(least: Level, sent: int) -> None:
    limiter = Limiter(least)
    levels: tuple[Level, ...] = ("info", "warn", "error")
    assert sum(limiter.admit(notice(level=level), 0) for level in levels) == sent


def test_a_test_is_sent_whatever_the_level() -> None:
    assert Limiter("error").admit(notice("test"), 0)


@given(st.lists(st.integers(0, 20), max_size=60))
def test_every_notice_is_sent_or_counted_and_never_faster_than_the_bucket(gaps: list[int]) -> None:
    limiter = Limiter("info")
    now, sent, told = 0, 0, 0
    for gap in gaps:
        now += gap * MINUTE // 7
        sent += limiter.admit(notice(), now)
        for digest in limiter.digests(now):
            sent += 1
            told += int(digest.text.split()[0])
        assert sent <= BURST + now // REFILL
    for digest in limiter.digests(now + 100 * REFILL):
        sent += 1
        told += int(digest.text.split()[0])
    digests = len(gaps) - told
    assert sent >= digests  # each notice went out itself or inside a digest
