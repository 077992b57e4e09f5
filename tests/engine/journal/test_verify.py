"""What was altered, cut or lost is named with its file and seq, and what a crash explains is only a note."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from tradebot.data.events import Quote
from tradebot.engine.core.events import HaltRequested
from tradebot.engine.core.outcomes import Alert
from tradebot.engine.journal.blocks import (
    Block,
    chain_after,
    encode_record,
    pack_block,
    read_blocks,
    segment_files,
    unpack_records,
)
from tradebot.engine.journal.codec import Row, row_of
from tradebot.engine.journal.errors import JournalError, JournalForeign
from tradebot.engine.journal.segments import ZSTD_LEVEL, SegmentLimits
from tradebot.engine.journal.store import Journal
from tradebot.engine.journal.verify import JournalVerification, verify

Make = Callable[..., Any]
HALT = HaltRequested(reason="test")


def told(result: JournalVerification) -> list[tuple[str, int | None]]:
    return [(problem.code, problem.seq) for problem in result.problems]


def recorded(recorder: Make, *, lives: int = 1, **options: Any) -> Path:
    """Record some lives of one engine and return its folder; every life ends with an order-lane step."""
    for _ in range(lives):
        live = recorder(**options)
        live.history()
        live.lane(HALT)
        live.commit()
        live.close()
    return live.folder  # pyright: ignore[reportPossiblyUnboundVariable]


def change(folder: Path, sql: str, *values: str | bytes | int) -> None:
    other = sqlite3.connect(folder / "journal.db", isolation_level=None)
    other.execute(sql, values)
    other.close()


def flip(path: Path, offset: int) -> None:
    data = bytearray(path.read_bytes())
    data[offset] ^= 0x04
    path.write_bytes(data)


def blocks(path: Path) -> list[Block]:
    return [part for part in read_blocks(path) if isinstance(part, Block)]


def rewrite(path: Path, place: int, *, follow: bool) -> int:
    """Alter one event in a block, with sound checksums; `follow`: and every chain from there on."""
    compressor = zstandard.ZstdCompressor(level=ZSTD_LEVEL)
    data = path.read_bytes()
    parts = blocks(path)
    out = data[: parts[0].offset]
    altered, chain = 0, 0
    for number, part in enumerate(parts):
        records = unpack_records(part)
        bodies = [record.body for record in records]
        if number == place:
            altered, now, event = records[2].decode()
            assert isinstance(event, Quote)
            bodies[2] = encode_record(
                altered,
                now,
                Quote(
                    instrument=event.instrument,
                    ts_event=event.ts_event,
                    ts_recv=event.ts_recv,
                    bid_price=event.bid_price,
                    bid_quantity=999,
                    ask_price=event.ask_price,
                    ask_quantity=event.ask_quantity,
                ),
            )
        chains = [record.chain for record in records]
        if follow:
            for index, body in enumerate(bodies):
                chain = chain_after(chain, body)
                chains[index] = chain
        out += pack_block(chains, b"".join(bodies), compressor)[0]
    path.write_bytes(out)
    return altered


def test_sound_folder_has_no_findings(recorder: Make) -> None:
    folder = recorded(recorder, lives=3)
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    result = verify(folder)
    assert (result.problems, result.notes, result.more, result.ok) == ((), (), 0, True)
    assert result.market_events == 3 * 107
    assert result.last_seq == 3 * (1 + 107 + 7 + 1)
    assert result.decidable_from == 1
    assert not result.unknown.kinds
    assert {file: file.read_bytes() for file in before} == before


def test_folder_can_be_verified_beside_its_running_engine(recorder: Make) -> None:
    live = recorder()
    live.history()
    live.quote()
    live.lane(HALT)
    result = verify(live.folder)
    assert (result.ok, result.notes) == (True, ())
    live.close()


def test_folder_without_a_journal_is_refused(tmp_path: Path) -> None:
    with pytest.raises(JournalForeign, match="no engine has written here"):
        verify(tmp_path)


def test_altered_row_is_named(recorder: Make) -> None:
    folder = recorded(recorder)
    change(folder, "UPDATE rows SET body = CAST(replace(body, '10%', '99%') AS BLOB) WHERE seq = 1")
    result = verify(folder)
    assert told(result) == [("row", 1)]
    assert result.problems[0].file == "journal.db"
    assert "row 1.0 (engine-started) is not as written" in result.problems[0].text


@pytest.mark.parametrize("word", [b"tbabcde00003", b"engine-started", b"sent tbabcde00009"])
def test_flipped_byte_in_the_database_is_named(recorder: Make, word: bytes) -> None:
    folder = recorded(recorder)
    path = folder / "journal.db"
    flip(path, path.read_bytes().index(word) + 3)
    result = verify(folder)
    assert result.problems
    assert result.problems[0].file == "journal.db"


@pytest.mark.slow
def test_every_flipped_byte_in_a_small_database_is_noticed_or_means_nothing(recorder: Make) -> None:
    live = recorder()
    live.start()
    live.quote()
    live.quote(live.submit(1), Alert(level="info", text="sent"))
    live.lane(live.accepted(1))
    live.commit()
    live.close()
    path = live.folder / "journal.db"
    sound = path.read_bytes()
    rows = rows_of(path)
    noticed = 0
    for offset in range(0, len(sound), 7):
        data = bytearray(sound)
        data[offset] ^= 0x10
        path.write_bytes(data)
        try:
            ok = verify(live.folder).ok
        except JournalError:
            ok = False
        assert not ok or rows_of(path) == rows, f"byte {offset}"
        noticed += not ok
    assert noticed > 50


def rows_of(path: Path) -> list[Row]:
    with Journal.open(path, read_only=True) as journal:
        return list(journal.rows())


def test_outcome_that_was_replaced_with_its_checksum_is_named_by_the_hash(recorder: Make) -> None:
    folder = recorded(recorder)
    seq = 7
    row = row_of(seq, 2, 1_700_000_007_000_000_000, Alert(level="info", text="never said"))
    change(
        folder,
        "UPDATE rows SET body = ?, crc = ? WHERE seq = 7 AND idx = 2",
        row.body,
        row.checksum(),
    )
    assert told(verify(folder)) == [("hash", seq)]


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("DELETE FROM rows WHERE seq = 7 AND idx = 1", "order"),
        ("DELETE FROM rows WHERE seq = 8", "hash"),
        ("DELETE FROM steps WHERE seq = 8", "hash"),
    ],
)
def test_deleted_row_or_hash_is_named(recorder: Make, sql: str, code: str) -> None:
    folder = recorded(recorder)
    change(folder, sql)
    result = verify(folder)
    assert (code, 7 if "7" in sql else 8) in told(result)


def test_step_deleted_with_its_hash_is_missed_where_a_later_order_rests_on_it(
    recorder: Make,
) -> None:
    folder = recorded(recorder)
    for sql in ("DELETE FROM rows WHERE seq = 8", "DELETE FROM steps WHERE seq = 8"):
        change(folder, sql)
    assert ("missing", 8) in told(verify(folder))


def test_flipped_byte_in_a_segment_is_named_with_its_seqs(recorder: Make) -> None:
    folder = recorded(recorder)
    (path,) = segment_files(folder / "market")
    target = blocks(path)[1]
    flip(path, target.offset + target.length // 2)
    result = verify(folder)
    assert result.problems
    assert all(problem.file == "market/0000000001.seg" for problem in result.problems)
    first = result.problems[0].seq
    assert first is not None
    assert 9 <= first <= 26


@pytest.mark.parametrize("part", ["length", "crc", "payload"])
def test_flipped_byte_anywhere_in_a_block_is_a_problem(recorder: Make, part: str) -> None:
    folder = recorded(recorder)
    (path,) = segment_files(folder / "market")
    target = blocks(path)[2]
    flip(path, target.offset + {"length": 0, "crc": 5, "payload": 12}[part])
    assert not verify(folder).ok


def test_altered_market_event_is_named_exactly(recorder: Make) -> None:
    folder = recorded(recorder)
    (path,) = segment_files(folder / "market")
    seq = rewrite(path, 2, follow=False)
    result = verify(folder)
    assert ("market-event", seq) in told(result)
    assert {problem.code for problem in result.problems} <= {"market-event", "segment"}


def test_altered_market_event_with_a_forged_chain_is_caught_by_the_next_anchor(
    recorder: Make,
) -> None:
    folder = recorded(recorder)
    (path,) = segment_files(folder / "market")
    seq = rewrite(path, 2, follow=True)
    anchors = [problem.seq for problem in verify(folder).problems if problem.code == "anchor"]
    assert len(anchors) == 1
    assert anchors[0] is not None
    assert seq < anchors[0] <= seq + 18


def test_blocks_cut_off_the_end_are_missed_because_the_journal_lists_them(recorder: Make) -> None:
    folder = recorded(recorder)
    (path,) = segment_files(folder / "market")
    last = blocks(path)[-1]
    path.write_bytes(path.read_bytes()[: last.offset])
    result = verify(folder)
    assert told(result)[0][0] == "segment"
    assert "are gone" in result.problems[0].text


def test_torn_tail_that_no_order_rests_on_is_a_note(recorder: Make) -> None:
    live = recorder()
    live.history()
    live.quote()
    live.market.flush()  # and killed before the journal heard of it
    live.close()
    path = segment_files(live.folder / "market")[-1]
    path.write_bytes(path.read_bytes()[:-3])
    result = verify(live.folder)
    assert result.ok
    assert [note.code for note in result.notes] == ["torn"]


def test_market_events_lost_by_a_kill_are_a_note_and_the_next_life_is_sound(recorder: Make) -> None:
    live = recorder()
    live.history()
    live.quote()
    live.quote()
    live.lane(HALT)
    live.journal.commit()  # without the market's flush: no intent was in it
    live.close()
    again = recorder()
    again.history()
    again.commit()
    again.close()
    result = verify(live.folder)
    assert told(result) == []
    assert [(note.code, note.seq) for note in result.notes] == [("missing", live.seq - 2)]


def test_market_events_missing_below_an_order_are_a_problem(recorder: Make) -> None:
    live = recorder()
    live.history(1)
    live.quote()
    live.quote(live.submit(9))
    live.journal.commit()  # the rule broken: the intent before its market
    live.close()
    assert told(verify(live.folder)) == [("missing", live.seq - 1)]


def test_missing_file_between_others_is_named(recorder: Make) -> None:
    folder = recorded(recorder, limits=SegmentLimits(file_bytes_max=600))
    files = segment_files(folder / "market")
    assert len(files) > 3
    files[1].unlink()
    result = verify(folder)
    assert told(result)[0][0] == "segment"
    assert result.problems[0].file == f"market/{files[2].name}"


def test_files_deleted_by_the_limits_are_no_problem_and_tell_from_where_it_can_decide(
    recorder: Make,
) -> None:
    limits = SegmentLimits(file_bytes_max=600, total_bytes_max=2000)
    folder = recorded(recorder, lives=3, limits=limits)
    result = verify(folder)
    assert told(result) == []
    assert result.notes == ()
    assert result.decidable_from > 1


def test_lost_market_folder_is_told_block_by_block(recorder: Make) -> None:
    folder = recorded(recorder)
    for path in segment_files(folder / "market"):
        path.unlink()
    result = verify(folder)
    assert {problem.code for problem in result.problems} == {"segment"}
    assert result.problems[0].seq == 2


def test_unknown_kind_in_the_journal_is_counted_and_not_ok(recorder: Make) -> None:
    folder = recorded(recorder)
    row = Row(8, 0, 1, "teleport", b'{"kind":"teleport"}')
    sql = "UPDATE rows SET kind = 'teleport', now = 1, body = ?, crc = ? WHERE seq = 8"
    change(folder, sql, row.body, row.checksum())
    result = verify(folder)
    assert result.unknown.kinds == {"teleport": 1}
    assert not result.ok


def test_findings_beyond_the_limit_are_counted(
    recorder: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradebot.engine.journal.findings.FINDINGS_MAX", 3)
    folder = recorded(recorder)
    change(folder, "UPDATE rows SET crc = crc + 1")
    result = verify(folder)
    assert len(result.problems) == 3
    assert result.more == result.rows - 3
