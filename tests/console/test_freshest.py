"""The newest frame: what was missed is skipped, what is always slow is shown."""

import asyncio

import pytest

from tradebot.console.link.freshest import HELD_S, REMEMBERED, Freshest

SECOND = 1_000_000_000
FRAME = SECOND // 30


async def soon(freshest: Freshest) -> str | None:
    """Take what is to be had at once."""
    async with asyncio.timeout(HELD_S / 2):
        return await freshest.take()


async def test_who_comes_late_gets_the_newest_alone() -> None:
    freshest = Freshest()
    for number in range(5):
        freshest.put(str(number), number * FRAME, number * FRAME)
    assert await soon(freshest) == "4"


async def test_frames_that_lay_in_a_buffer_are_skipped_for_the_fresh_one_behind_them() -> None:
    freshest = Freshest()
    freshest.put("before", 0, 5 * SECOND)  # another machine's clock may be off by anything
    assert await soon(freshest) == "before"
    now = 4 * SECOND
    for number in range(1, 9):
        freshest.put(f"old {number}", number * FRAME, now + 5 * SECOND)
    taking = asyncio.create_task(soon(freshest))
    await asyncio.sleep(0)
    freshest.put("fresh", now, now + 5 * SECOND)
    assert await taking == "fresh"


async def test_a_late_frame_with_nothing_behind_it_is_shown_after_a_moment() -> None:
    freshest = Freshest()
    freshest.put("quick", 0, 0)
    assert await soon(freshest) == "quick"
    freshest.put("late", FRAME, FRAME + SECOND)
    loop = asyncio.get_running_loop()
    begun = loop.time()
    assert await freshest.take() == "late"
    assert loop.time() - begun >= HELD_S * 0.9


async def test_a_link_that_is_slow_from_now_on_is_late_no_more_after_a_while() -> None:
    freshest = Freshest()
    freshest.put("quick", 0, 0)
    for number in range(REMEMBERED + 1):
        freshest.put(str(number), number * FRAME, number * FRAME + SECOND)
    assert await soon(freshest) == str(REMEMBERED)


async def test_frames_without_a_time_are_taken_as_they_come() -> None:
    freshest = Freshest()
    for number in range(3):
        freshest.put(str(number), None, number * SECOND)
        assert await soon(freshest) == str(number)


async def test_the_last_frame_is_given_before_the_end() -> None:
    freshest = Freshest()
    freshest.put("last", 0, 0)
    freshest.end()
    assert [await soon(freshest), await soon(freshest), await soon(freshest)] == [
        "last",
        None,
        None,
    ]


async def test_why_it_ended_reaches_whoever_takes() -> None:
    freshest = Freshest()
    freshest.put("last", 0, 0)
    freshest.end(ConnectionError("gone"))
    assert await soon(freshest) == "last"
    with pytest.raises(ConnectionError, match="gone"):
        await soon(freshest)
