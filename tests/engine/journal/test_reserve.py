"""What must go out while the journal cannot be written is on the disk before it leaves, and found again."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.disks import fill, small_disk

from tradebot.engine.journal import reserve as module
from tradebot.engine.journal.batch import RecordedStep, StepAnchor
from tradebot.engine.journal.codec import Row
from tradebot.engine.journal.errors import JournalDamaged, JournalTooNew
from tradebot.engine.journal.reserve import Reserve, read_reserve


def step(seq: int, size: int = 30) -> RecordedStep:
    rows = (
        Row(seq, 0, seq * 10, "halt-requested", b"{}"),
        Row(seq, 1, seq * 10, "cancel", b"x" * size),
    )
    return RecordedStep(StepAnchor(seq, b"hash", 7), rows)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "reserve.log"


def seqs(path: Path) -> list[int]:
    found = read_reserve(path)
    assert found is not None
    return [one.seq for one in found.steps]


def test_steps_come_back_after_reopening_in_order(path: Path) -> None:
    reserve = Reserve.open(path)
    assert reserve.last_seq == 0
    reserve.append([step(4), step(5)])
    reserve.append([])
    reserve.append([step(9)])
    reserve.close()
    again = Reserve.open(path)
    assert again.read() == (step(4), step(5), step(9))
    assert again.last_seq == 9
    again.append([step(10)])
    assert seqs(path) == [4, 5, 9, 10]
    again.close()


def test_its_room_is_taken_at_once_and_it_is_the_owners_alone(path: Path) -> None:
    Reserve.open(path).close()
    facts = path.stat()
    assert facts.st_size == module.SIZE
    assert facts.st_blocks * 512 >= module.SIZE
    assert facts.st_mode & 0o077 == 0


def test_an_emptied_reserve_holds_nothing_of_before_whatever_is_written_into_it(path: Path) -> None:
    reserve = Reserve.open(path)
    reserve.append([step(1)])
    reserve.append([step(2)])
    reserve.clear()
    assert reserve.last_seq == 0
    assert seqs(path) == []
    reserve.append(
        [step(7)]
    )  # as long as the first was: the old second frame stands right behind it
    assert seqs(path) == [7]
    reserve.close()


def test_a_full_reserve_says_so_and_keeps_what_it_holds(path: Path) -> None:
    reserve = Reserve.open(path, size=400)
    reserve.append([step(1)])
    with pytest.raises(OSError, match=r"is full: \d+ bytes more do not fit into 400"):
        reserve.append([step(2, size=400)])
    reserve.append([step(3)])
    assert seqs(path) == [1, 3]
    reserve.close()


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(1, 300), seed=st.integers(0, 2**16))
def test_a_torn_frame_was_never_sent_and_is_passed_over(
    tmp_path_factory: pytest.TempPathFactory, cut: int, seed: int
) -> None:
    path = tmp_path_factory.mktemp("torn") / "reserve.log"
    reserve = Reserve.open(path, size=4096)
    reserve.append([step(1)])
    before = path.read_bytes()
    reserve.append([step(2, size=seed % 200)])
    after = path.read_bytes()
    reserve.close()
    # A sector that did not reach the disk is as it was before.
    kept = min(len(after.rstrip(b"\0")), len(before.rstrip(b"\0")) + cut)
    path.write_bytes(after[:kept] + before[kept:])
    found = read_reserve(path)
    assert found is not None
    assert [one.seq for one in found.steps] in ([1], [1, 2])
    again = Reserve.open(path, size=4096)
    again.append([step(3)])
    assert seqs(path)[-1] == 3
    again.close()


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_a_flipped_bit_before_the_last_frame_is_damage(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("flip") / "reserve.log"
    reserve = Reserve.open(path, size=4096)
    reserve.append([step(1)])
    end = len(path.read_bytes().rstrip(b"\0"))
    reserve.append([step(2)])
    reserve.close()
    raw = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, end - 1))
    raw[place] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(raw)
    try:
        found = read_reserve(path)
    except (JournalDamaged, JournalTooNew):
        return
    assert found is not None
    # A length that lies hides what follows; it is never read as something else.
    assert [one.seq for one in found.steps] == []
    assert found.torn or place in range(20, 24)


def test_a_newer_reserve_is_refused_and_a_foreign_file_is_damage(path: Path) -> None:
    Reserve.open(path).close()
    data = bytearray(path.read_bytes())
    data[4] = 9
    path.write_bytes(data)
    with pytest.raises(JournalTooNew, match="has schema 9, this program knows at most 1"):
        Reserve.open(path)
    path.write_bytes(b"something else")
    with pytest.raises(JournalDamaged, match="no sound header"):
        read_reserve(path)


def test_a_folder_without_a_reserve_has_none_to_read(path: Path) -> None:
    assert read_reserve(path) is None


def test_a_full_disk_takes_what_goes_into_the_reserve(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=3) as disk:
        keep_when_full(disk)


def keep_when_full(small_disk: Path) -> None:
    reserve = Reserve.open(small_disk / "reserve.log")
    fill(small_disk)
    for seq in range(1, 100):
        reserve.append([step(seq, size=5000)])
    reserve.close()
    assert seqs(small_disk / "reserve.log") == list(range(1, 100))
