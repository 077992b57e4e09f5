"""What is committed is there again, what cannot be committed is kept, and nothing foreign is touched."""

import os
import sqlite3
import struct
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tradebot.engine.core.events import HaltRequested
from tradebot.engine.core.outcomes import Alert, OrderDenied
from tradebot.engine.core.types import EngineId, RequestId
from tradebot.engine.journal import reader
from tradebot.engine.journal.errors import (
    JournalDamaged,
    JournalForeign,
    JournalMisuse,
    JournalTooNew,
    JournalUnavailable,
)
from tradebot.engine.journal.segments import SegmentWriter, read_market
from tradebot.engine.journal.store import Journal

HALT = HaltRequested(reason="test")
ALERT = Alert(level="info", text="x")
Make = Callable[..., Any]


def in_child(code: str, *args: object) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own, for what must not happen to this one."""
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_rows_come_back_in_order_after_reopening(recorder: Make) -> None:
    live = recorder()
    live.history()
    seq = live.lane(HALT)
    live.commit()
    written = [(row.seq, row.index, row.kind) for row in live.journal.rows()]
    live.close()
    with Journal.open(live.folder / "journal.db") as again:
        assert [(row.seq, row.index, row.kind) for row in again.rows()] == written
        assert again.committed_seq == again.last_seq == seq
        assert again.meta == {"engine_id": "abcde", "mode": "sandbox", "clock": "virtual"}
        assert written == sorted(written)


def test_market_step_has_rows_from_one_and_an_order_lane_step_from_zero(recorder: Make) -> None:
    live = recorder()
    market = live.quote(ALERT, live.submit(1))
    lane = live.lane(HALT, ALERT)
    live.commit()
    assert [(row.seq, row.index) for row in live.journal.rows()] == [
        (market, 1),
        (market, 2),
        (lane, 0),
        (lane, 1),
    ]
    live.close()


def test_market_step_without_outcomes_leaves_nothing(recorder: Make) -> None:
    live = recorder()
    live.quote()
    assert live.journal.pending == 0
    live.close()


def test_step_is_pending_until_committed_and_not_read_before(recorder: Make) -> None:
    live = recorder()
    seq = live.lane(HALT)
    assert (live.journal.pending, live.journal.committed_seq, list(live.journal.rows())) == (
        1,
        0,
        [],
    )
    live.commit()
    assert (live.journal.pending, live.journal.committed_seq) == (0, seq)
    assert live.journal.decode_event(next(live.journal.rows())) == HALT
    live.close()


def test_uncommitted_steps_are_gone_after_closing(recorder: Make) -> None:
    live = recorder()
    live.lane(HALT)
    live.commit()
    live.lane(HALT)
    live.close()
    with Journal.open(live.folder / "journal.db") as again:
        assert again.committed_seq == 1


@pytest.mark.parametrize("page", [1, 3, 500])
def test_rows_resume_after_any_row_whatever_the_page(
    recorder: Make, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(reader, "PAGE_ROWS", page)
    live = recorder()
    live.history(7)
    rows = list(live.journal.rows())
    for place, row in enumerate(rows):
        assert list(live.journal.rows((row.seq, row.index))) == rows[place + 1 :]
        assert list(live.journal.rows((row.seq, row.index), limit=2)) == rows[place + 1 : place + 3]
    assert list(live.journal.rows(limit=0)) == []
    assert [anchor.seq for anchor in live.journal.anchors()] == sorted({row.seq for row in rows})
    live.close()


def test_seq_that_does_not_grow_is_refused(recorder: Make) -> None:
    live = recorder()
    live.lane(HALT)
    with pytest.raises(JournalMisuse, match="seq must be higher than 1, was 1"):
        live.journal.append_step(1, 0, HALT, (), 0)
    live.close()


def test_request_leads_to_one_order_for_ever(recorder: Make) -> None:
    live = recorder()
    live.lane(HALT, live.submit(1, "mine"))
    assert live.journal.client_order_of(RequestId("mine")) == live.order_id(1)
    with pytest.raises(JournalMisuse, match="'mine' already led to order tbabcde00001"):
        live.lane(HALT, live.submit(2, "mine"))
    live.commit()
    denied = OrderDenied(order=live.submit(3, "denied").order, code="c", text="t")
    live.lane(HALT, live.submit(1, "mine"), denied)  # a resend of the same order is no second one
    live.commit()
    live.close()
    with Journal.open(live.folder / "journal.db") as again:
        assert again.client_order_of(RequestId("mine")) == live.order_id(1)
        assert again.client_order_of(RequestId("denied")) == live.order_id(3)
        assert again.client_order_of(RequestId("other")) is None


def test_source_of_a_policy_is_stored_once_per_version(recorder: Make) -> None:
    live = recorder()
    live.journal.add_source("v1", "first")
    live.journal.commit()
    live.journal.add_source("v1", "another")
    live.journal.commit()
    assert (live.journal.source("v1"), live.journal.source("v2")) == ("first", None)
    live.close()


def test_journal_of_another_engine_is_refused(recorder: Make) -> None:
    live = recorder()
    live.commit()
    live.close()
    with Journal.open(live.folder / "journal.db") as again:
        with pytest.raises(JournalForeign, match="engine_id 'abcde', this engine has 'zzzzz'"):
            again.bind(EngineId("zzzzz"), "sandbox", "virtual")
        with pytest.raises(JournalForeign, match="clock 'virtual'"):
            again.bind(EngineId("abcde"), "sandbox", "system")


def test_newer_schema_is_refused_and_not_one_byte_changed(recorder: Make) -> None:
    live = recorder()
    live.history(3)
    live.close()
    path = live.folder / "journal.db"
    data = bytearray(path.read_bytes())
    struct.pack_into(">I", data, 60, 99)
    path.write_bytes(data)
    before = {file: file.read_bytes() for file in live.folder.rglob("*") if file.is_file()}
    with pytest.raises(
        JournalTooNew, match="has schema 99, this program knows at most 2"
    ) as caught:
        Journal.open(path)
    assert "\n" not in str(caught.value)
    assert {file: file.read_bytes() for file in live.folder.rglob("*") if file.is_file()} == before


def test_newer_schema_still_in_the_write_ahead_log_is_refused(recorder: Make) -> None:
    live = recorder()
    live.commit()
    other = sqlite3.connect(live.folder / "journal.db", isolation_level=None)
    other.execute("PRAGMA user_version=99")
    with pytest.raises(JournalTooNew):
        Journal.open(live.folder / "journal.db")
    other.close()
    live.close()


@pytest.mark.parametrize("data", [b"x", b"not a database" * 50, b"SQLite format 3\x00" + bytes(84)])
def test_file_that_is_no_journal_is_refused_and_left_alone(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(data)
    with pytest.raises(JournalForeign, match="is not a journal"):
        Journal.open(path)
    assert path.read_bytes() == data


def test_missing_journal_is_not_made_by_a_reader(tmp_path: Path) -> None:
    with pytest.raises(JournalForeign, match="no engine has written here"):
        Journal.open(tmp_path / "journal.db", read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_journal_in_no_folder_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(JournalUnavailable, match="cannot be opened now"):
        Journal.open(tmp_path / "none" / "journal.db")


def test_reader_sees_what_another_process_commits_and_cannot_write(recorder: Make) -> None:
    live = recorder()
    live.commit()
    reader = Journal.open(live.folder / "journal.db", read_only=True)
    seq = live.lane(HALT)
    live.commit()
    assert reader.refresh() == seq
    assert [row.seq for row in reader.rows()] == [seq]
    reader.append_step(9, 0, HALT, (), 0)
    with pytest.raises(JournalMisuse, match="read-only"):
        reader.commit()
    reader.close()
    live.close()


def test_locked_journal_keeps_its_buffer_and_commits_later(recorder: Make) -> None:
    live = recorder()
    live.commit()
    thief = sqlite3.connect(live.folder / "journal.db", isolation_level=None)
    thief.execute("BEGIN IMMEDIATE")
    first = live.lane(HALT, live.submit(1, "mine"))
    with pytest.raises(JournalUnavailable, match="cannot be written now") as caught:
        live.commit()
    assert isinstance(caught.value.cause, sqlite3.OperationalError)
    second = live.lane(HALT)
    assert (live.journal.pending, live.journal.committed_seq) == (2, 0)
    assert live.journal.client_order_of(RequestId("mine")) == live.order_id(1)
    thief.execute("ROLLBACK")
    thief.close()
    live.commit()
    assert [row.seq for row in live.journal.rows()] == [first, first, second]
    live.close()


def test_full_disk_keeps_the_buffer_and_commits_when_there_is_room(recorder: Make) -> None:
    live = recorder()
    live.close()
    code = """
        import resource, sys
        from tradebot.engine.core.events import HaltRequested
        from tradebot.engine.journal.errors import JournalUnavailable
        from tradebot.engine.journal.store import Journal
        journal = Journal.open(__import__("pathlib").Path(sys.argv[1]))
        journal.append_step(1, 1, HaltRequested(reason="small"), (), 0)
        journal.commit()
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
        journal.append_step(2, 2, HaltRequested(reason="x" * 500_000), (), 0)
        for _ in range(2):
            try:
                journal.commit()
            except JournalUnavailable as error:
                print(journal.pending, journal.committed_seq, len([*journal.rows()]))
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        journal.commit()
        print(journal.pending, journal.committed_seq, len([*journal.rows()]))
        journal.close()
    """
    done = in_child(code, live.folder / "journal.db")
    assert done.stdout.splitlines() == ["1 1 1", "1 1 1", "0 2 2"], done.stderr


def test_commit_on_another_thread_never_loses_or_doubles_a_step(recorder: Make) -> None:
    live = recorder()
    stop = threading.Event()

    def commit() -> None:
        while not stop.is_set():
            live.journal.commit()

    committer = threading.Thread(target=commit)
    committer.start()
    for _ in range(2000):
        live.lane(HALT, ALERT)
    stop.set()
    committer.join()
    live.commit()
    assert [row.seq for row in live.journal.rows() if row.index == 0] == list(range(1, 2001))
    live.close()


def test_row_that_is_not_as_written_stops_the_reader_there(recorder: Make) -> None:
    live = recorder()
    live.history(3)
    bad = live.seq
    live.close()
    with sqlite3.connect(live.folder / "journal.db") as other:
        other.execute(
            "UPDATE rows SET body = replace(body, 'v0', 'v7') WHERE kind = 'order-accepted'"
        )
    other.close()
    with Journal.open(live.folder / "journal.db") as again:
        rows = again.rows()
        with pytest.raises(JournalDamaged, match="is not as written") as caught:
            list(rows)
        assert caught.value.seq is not None
        assert caught.value.seq < bad


@pytest.mark.slow
@pytest.mark.parametrize("round_number", range(5))
def test_kill_during_appends_loses_nothing_that_was_committed(
    tmp_path: Path, round_number: int
) -> None:
    code = """
        import pathlib, sys
        from tradebot.data.events import Quote
        from tradebot.engine.core.events import HaltRequested
        from tradebot.engine.core.outcomes import Alert
        from tradebot.engine.journal.segments import SegmentWriter
        from tradebot.engine.journal.store import Journal
        folder = pathlib.Path(sys.argv[1])
        journal, market, seq = Journal.open(folder / "journal.db"), SegmentWriter(folder / "market"), 0
        while True:
            for _ in range(7):
                seq += 1
                market.add(seq, seq, Quote(instrument="sandbox:A", ts_event=seq, ts_recv=seq, bid_price=1,
                                           bid_quantity=seq, ask_price=2, ask_quantity=1))
            seq += 1
            journal.append_step(seq, seq, HaltRequested(reason="r"), [Alert(level="info", text="t")], market.chain)
            journal.add_segment(market.flush())
            journal.commit()
            print(seq, flush=True)
    """
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    said = 0
    for _ in range(40 + 17 * round_number):
        said = int(child.stdout.readline())
    child.kill()
    rest = child.stdout.read().splitlines()
    child.stdout.close()
    child.wait()
    said = max([said, *(int(line) for line in rest[:-1])])
    with Journal.open(tmp_path / "journal.db") as journal:
        assert journal.committed_seq >= said
        assert [row.seq for row in journal.rows() if row.index == 0] == list(
            range(8, journal.committed_seq + 1, 8)
        )
        market = SegmentWriter(tmp_path / "market")
        assert market.last_seq >= journal.committed_seq - 1
        market.close()
        assert all(record.chain_ok for record in read_market(tmp_path / "market"))


def test_read_only_file_is_unavailable_at_commit_not_lost(recorder: Make) -> None:
    if os.geteuid() == 0:
        pytest.skip("root writes read-only files; the full disk and the lock are tested instead")
    live = recorder()
    live.close()
    (live.folder / "journal.db").chmod(0o400)
    with pytest.raises(JournalUnavailable):
        Journal.open(live.folder / "journal.db")


def test_rows_of_some_kinds_are_all_of_them_over_any_number_of_pages(
    recorder: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "NAMING_PAGE_ROWS", 3)
    live = recorder()
    live.history()
    for _ in range(7):
        live.lane(HALT, ALERT)
        live.quote(ALERT)
    live.commit()
    every = [
        (row.seq, row.index)
        for row in live.journal.rows()
        if row.kind in {"halt-requested", "alert"}
    ]
    found = live.journal.rows_of(("halt-requested", "alert"))
    assert [(row.seq, row.index) for row in found] == every
    assert len(every) >= 21
    assert list(live.journal.rows_of(("nothing-of-the-kind",))) == []
    live.close()


def test_a_note_is_there_after_reopening_and_the_newest_wins(recorder: Make) -> None:
    live = recorder()
    live.lane(HALT)
    live.journal.note("rolled-back:a", "77aa")
    live.journal.note("rolled-back:a", "3f9c")
    live.commit()
    live.close()
    with Journal.open(live.folder / "journal.db") as again:
        assert again.meta["rolled-back:a"] == "3f9c"
