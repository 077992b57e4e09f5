"""The order in which diffs and snapshots make a book."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.data.venues.binance.depth import (
    Apply,
    DepthSync,
    Diff,
    Gap,
    Replace,
    Snapshot,
    Stale,
    Step,
)


def diff(first_id: int, last_id: int, previous_id: int | None = None) -> Diff:
    return Diff("f", first_id, 0, 0, first_id, last_id, previous_id, [], [])


def snapshot(last_id: int) -> Snapshot:
    return Snapshot("f", 0, 0, 0, last_id, [], [])


def play(sync: DepthSync, items: Iterable[Diff | Snapshot]) -> list[Step]:
    steps: list[Step] = []
    for item in items:
        steps.extend(sync.diff(item) if isinstance(item, Diff) else sync.snapshot(item))
    return steps


def told(steps: Iterable[Step]) -> list[str]:
    """Return steps as short words: R10, A11-12, G, S11-12."""
    words: list[str] = []
    for step in steps:
        match step:
            case Replace(whole):
                words.append(f"R{whole.last_id}")
            case Apply(each, again, after_gap):
                mark = "again" if again else "!" if after_gap else ""
                words.append(f"A{each.first_id}-{each.last_id}{mark}")
            case Gap(_, expected, got):
                words.append(f"G{expected}/{got}")
            case Stale(item):
                words.append(f"S{item.last_id}")
    return words


def test_diffs_before_the_snapshot_are_kept_and_the_bridging_one_applied() -> None:
    items = [diff(1, 4), diff(5, 9), diff(10, 14), snapshot(11), diff(15, 16)]
    steps = play(DepthSync(awaits_snapshot=True), items)
    assert told(steps) == ["S4", "S9", "R11", "A10-14", "A15-16"]


def test_futures_bridge_by_the_previous_id() -> None:
    items = [diff(1, 4, 0), diff(8, 9, 4), snapshot(9), diff(12, 14, 9), diff(20, 22, 14)]
    steps = play(DepthSync(awaits_snapshot=True), items)
    assert told(steps) == ["S4", "R9", "A8-9", "A12-14", "A20-22"]


def test_without_a_snapshot_the_book_starts_empty() -> None:
    steps = play(DepthSync(awaits_snapshot=False), [diff(5, 9), diff(10, 14)])
    assert told(steps) == ["A5-9", "A10-14"]


def test_missing_diff_is_a_gap_and_the_book_goes_on() -> None:
    items = [snapshot(4), diff(5, 9), diff(15, 16), diff(17, 18)]
    steps = play(DepthSync(awaits_snapshot=True), items)
    assert told(steps) == ["R4", "A5-9", "G9/14", "A15-16!", "A17-18"]


def test_futures_gap_is_a_previous_id_that_is_not_the_last() -> None:
    items = [diff(1, 4, 0), diff(9, 12, 4), diff(20, 21, 15)]
    assert told(play(DepthSync(awaits_snapshot=False), items))[2:] == ["G12/15", "A20-21!"]


def test_gap_while_waiting_is_told_and_what_was_before_forgotten() -> None:
    items = [diff(1, 4), diff(9, 12), diff(9, 12), snapshot(10), diff(13, 14)]
    steps = play(DepthSync(awaits_snapshot=True), items)
    assert told(steps) == ["G4/8", "S12", "R10", "A9-12", "A13-14"]


def test_snapshot_too_old_for_the_kept_diffs_leaves_a_gap() -> None:
    steps = play(DepthSync(awaits_snapshot=True), [diff(9, 12), snapshot(5)])
    assert told(steps) == ["R5", "G5/8", "A9-12!"]


def test_repeated_diff_is_stale_and_changes_nothing() -> None:
    items = [diff(5, 9), diff(5, 9), diff(10, 12), diff(5, 9), diff(10, 12), diff(13, 14)]
    steps = play(DepthSync(awaits_snapshot=False), items)
    assert told(steps) == ["A5-9", "S9", "A10-12", "S9", "S12", "A13-14"]


def test_late_snapshot_is_brought_up_to_date_by_the_diffs_since() -> None:
    items = [diff(1, 4), diff(5, 9), diff(10, 12), snapshot(9), diff(13, 14)]
    steps = play(DepthSync(awaits_snapshot=False), items)
    assert told(steps) == ["A1-4", "A5-9", "A10-12", "R9", "A10-12again", "A13-14"]


def test_snapshot_ahead_of_the_stream_leaves_out_what_it_has() -> None:
    items = [diff(1, 4), snapshot(9), diff(5, 9), diff(10, 12)]
    steps = play(DepthSync(awaits_snapshot=False), items)
    assert told(steps) == ["A1-4", "R9", "S9", "A10-12"]


def test_snapshot_older_than_the_last_gap_is_left_out() -> None:
    items = [diff(1, 4), diff(9, 12), snapshot(3), diff(13, 14)]
    steps = play(DepthSync(awaits_snapshot=False), items)
    assert told(steps) == ["A1-4", "G4/8", "A9-12!", "S3", "A13-14"]


@pytest.mark.parametrize("bad", [diff(900, 999), diff(5, 999)])
def test_one_diff_with_a_damaged_id_does_not_end_the_book(bad: Diff) -> None:
    items = [diff(1, 4), bad, diff(10, 12), diff(13, 14), diff(15, 16)]
    words = told(play(DepthSync(awaits_snapshot=False), items))
    assert words[-4:] == ["G4/9", "A10-12again", "A13-14", "A15-16"]


def test_exchanged_diffs_are_a_gap_and_a_stale_one() -> None:
    items = [diff(1, 4), diff(10, 12), diff(5, 9), diff(13, 14)]
    steps = play(DepthSync(awaits_snapshot=False), items)
    assert told(steps) == ["A1-4", "G4/9", "A10-12!", "S9", "A13-14"]


@given(
    sizes=st.lists(st.integers(1, 9), min_size=3, max_size=30),
    at=st.integers(0, 40),
    futures=st.booleans(),
    data=st.data(),
)
def test_snapshot_at_any_moment_and_id_leaves_an_unbroken_book(
    sizes: list[int], at: int, *, futures: bool, data: st.DataObject
) -> None:
    diffs: list[Diff] = []
    last = 100
    for size in sizes:
        diffs.append(diff(last + 1, last + size, last if futures else None))
        last += size
    at = min(at, len(diffs))
    held = data.draw(st.sampled_from([100, *(each.last_id for each in diffs)]))
    items: list[Diff | Snapshot] = [*diffs[:at], snapshot(held), *diffs[at:]]
    steps = play(DepthSync(awaits_snapshot=True), items)
    assert not [step for step in steps if isinstance(step, Gap)]
    applied = [step.diff for step in steps if isinstance(step, Apply)]
    newer = [each for each in diffs if each.last_id > held]
    assert applied[-len(newer) :] == newer if newer else True
    assert len(applied) - len(newer) <= int(futures)  # a diff that ends at the id may be repeated
