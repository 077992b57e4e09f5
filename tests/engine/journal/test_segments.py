"""Market events come back as handed over; what is torn is cut, what is damaged is named."""

import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradebot.data.events import BookDelta, FeedGap, Quote, Trade
from tradebot.data.instruments import InstrumentId
from tradebot.engine.journal.blocks import (
    HEADER_BYTES,
    Block,
    Tail,
    chain_after,
    encode_record,
    pack_block,
    read_blocks,
    read_header,
    segment_files,
    unpack_records,
)
from tradebot.engine.journal.errors import (
    JournalDamaged,
    JournalMisuse,
    JournalTooNew,
    JournalUnavailable,
)
from tradebot.engine.journal.findings import Findings
from tradebot.engine.journal.segments import (
    FLUSH_BYTES,
    FLUSH_NS,
    SegmentLimits,
    SegmentWriter,
    read_market,
)
from tradebot.engine.journal.verify_market import MarketCheck

BTC = InstrumentId("sandbox:BTCUSDT")
type Market = Quote | Trade | BookDelta | FeedGap
Filled = tuple[Path, list[Market]]


def quote(number: int) -> Quote:
    return Quote(
        instrument=BTC,
        ts_event=number,
        ts_recv=number,
        bid_price=number * 7 % 13,
        bid_quantity=1,
        ask_price=14,
        ask_quantity=2,
    )


def fill(
    folder: Path, count: int, per_block: int = 10, limits: SegmentLimits | None = None
) -> None:
    writer = SegmentWriter(folder, limits=limits)
    for seq in range(writer.last_seq + 1, writer.last_seq + 1 + count):
        writer.add(seq, seq * 1000, quote(seq))
        if seq % per_block == 0:
            writer.flush()
    writer.flush()
    writer.close()


def only_file(folder: Path) -> Path:
    (path,) = segment_files(folder)
    return path


def flip(path: Path, offset: int) -> None:
    data = bytearray(path.read_bytes())
    data[offset] ^= 0x10
    path.write_bytes(data)


def blocks(path: Path) -> list[Block]:
    return [part for part in read_blocks(path) if isinstance(part, Block)]


@given(
    st.lists(
        st.tuples(
            st.integers(1, 5), st.sampled_from(["quote", "trade", "delta", "gap"]), st.booleans()
        ),
        max_size=30,
    )
)
@settings(max_examples=40)
def test_market_is_read_as_it_was_handed_over(
    tmp_path_factory: pytest.TempPathFactory, plan: list[tuple[int, str, bool]]
) -> None:
    folder = tmp_path_factory.mktemp("market")
    writer = SegmentWriter(folder)
    added: list[tuple[int, int, Market]] = []
    seq, chain = 0, 0
    for step, kind, flush in plan:
        seq += step
        event: Market = {
            "quote": quote(seq),
            "trade": Trade(
                instrument=BTC, ts_event=seq, ts_recv=seq, price=seq, quantity=1, trade_id="é"
            ),
            "delta": BookDelta(
                instrument=BTC, ts_event=seq, ts_recv=seq, bids=((1, 0),), asks=((2, seq), (3, 4))
            ),
            "gap": FeedGap(instrument=BTC, ts_event=seq, ts_recv=seq, expected_id=1, got_id=5),
        }[kind]
        writer.add(seq, seq * 10, event)
        added.append((seq, seq * 10, event))
        chain = chain_after(chain, encode_record(seq, seq * 10, event))
        assert writer.chain == chain
        if flush:
            writer.flush()
    writer.flush()
    writer.close()
    read = list(read_market(folder))
    assert [(record.seq, record.now, record.event) for record in read] == added
    assert all(record.chain_ok for record in read)
    again = SegmentWriter(folder)
    assert (again.chain, again.last_seq, again.repairs) == (chain, seq, [])
    again.close()


def test_reader_passes_over_what_it_already_knows(tmp_path: Path) -> None:
    fill(tmp_path, 100, limits=SegmentLimits(file_bytes_max=300))
    assert len(segment_files(tmp_path)) > 2
    for after in (0, 1, 55, 99, 100, 200):
        assert [record.seq for record in read_market(tmp_path, after)] == list(
            range(after + 1, 101)
        )


def test_writer_continues_chain_and_file_after_reopening(tmp_path: Path) -> None:
    for _ in range(3):
        fill(tmp_path, 15)
    assert [record.seq for record in read_market(tmp_path) if record.chain_ok] == list(range(1, 46))
    assert only_file(tmp_path).name == "0000000001.seg"


def test_empty_folder_begins_with_the_chain_it_is_told(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path / "market", first_chain=77)
    assert writer.chain == 77
    assert writer.flush() is None
    assert segment_files(tmp_path / "market") == []
    writer.add(1, 1, quote(1))
    writer.flush()
    writer.close()
    assert next(read_market(tmp_path / "market")).chain_ok
    assert read_header(only_file(tmp_path / "market")).chain == 77


def test_flush_is_due_by_size_or_by_age(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path)
    assert not writer.due(FLUSH_NS * 10)
    writer.add(1, 1000, quote(1))
    assert not writer.due(1000 + FLUSH_NS - 1)
    assert writer.due(1000 + FLUSH_NS)
    while writer.buffered_bytes < FLUSH_BYTES:
        assert not writer.due(1000)
        writer.add(writer.last_seq + 1, 1000, quote(1))
    assert writer.due(1000)
    assert (writer.flushed_seq, writer.last_seq > 1) == (0, True)
    writer.flush()
    assert not writer.due(FLUSH_NS * 10)
    assert writer.flushed_seq == writer.last_seq
    writer.close()


def test_seq_that_does_not_grow_is_refused(tmp_path: Path) -> None:
    fill(tmp_path, 3)
    writer = SegmentWriter(tmp_path)
    with pytest.raises(JournalMisuse, match="seq must be higher than 3, was 3"):
        writer.add(3, 1, quote(1))
    writer.close()


@pytest.mark.parametrize("cut", [1, 5, 8, 9, 30])
def test_block_cut_short_is_cut_off_at_reopening_and_reported(tmp_path: Path, cut: int) -> None:
    fill(tmp_path, 30)
    path = only_file(tmp_path)
    last = blocks(path)[-1]
    keep = last.offset + min(cut, last.length - 1)
    path.write_bytes(path.read_bytes()[:keep])
    assert [record.seq for record in read_market(tmp_path)] == list(range(1, 21))
    writer = SegmentWriter(tmp_path)
    assert writer.repairs == [Tail(path, last.offset, keep - last.offset, torn=True)]
    assert (writer.last_seq, path.stat().st_size) == (20, last.offset)
    writer.close()
    fill(tmp_path, 5)
    assert [record.seq for record in read_market(tmp_path) if record.chain_ok] == list(range(1, 26))


def test_zeros_at_the_end_are_cut_off_as_torn(tmp_path: Path) -> None:
    fill(tmp_path, 20)
    path = only_file(tmp_path)
    size = path.stat().st_size
    with path.open("ab") as file:
        file.write(bytes(5000))
    writer = SegmentWriter(tmp_path)
    assert writer.repairs == [Tail(path, size, 5000, torn=True)]
    assert (writer.last_seq, path.stat().st_size) == (20, size)
    writer.close()


@pytest.mark.parametrize("size", [0, 1, HEADER_BYTES - 1])
def test_file_that_was_only_begun_is_removed_at_reopening(tmp_path: Path, size: int) -> None:
    fill(tmp_path, 20)
    begun = tmp_path / "0000000002.seg"
    begun.write_bytes(only_file(tmp_path).read_bytes()[:size])
    writer = SegmentWriter(tmp_path)
    assert writer.repairs == [Tail(begun, 0, size, torn=True)]
    assert writer.last_seq == 20
    writer.add(21, 1, quote(1))
    writer.flush()
    writer.close()
    assert [record.seq for record in read_market(tmp_path) if record.chain_ok] == list(range(1, 22))


def test_damaged_block_is_left_as_evidence_and_a_new_file_begun(tmp_path: Path) -> None:
    fill(tmp_path, 30)
    path = only_file(tmp_path)
    middle = blocks(path)[1]
    flip(path, middle.offset + 12)
    before = path.read_bytes()
    writer = SegmentWriter(tmp_path)
    assert [isinstance(part, Block) and not part.sound for part in writer.repairs] == [True]
    writer.add(31, 31, quote(31))
    writer.flush()
    writer.close()
    assert path.read_bytes() == before
    assert [file.name for file in segment_files(tmp_path)] == ["0000000001.seg", "0000000002.seg"]
    reader = read_market(tmp_path)
    assert [next(reader).seq for _ in range(10)] == list(range(1, 11))
    with pytest.raises(
        JournalDamaged, match=rf"block at byte {middle.offset}: its checksum"
    ) as caught:
        next(reader)
    assert (caught.value.file, caught.value.offset) == (path, middle.offset)


def test_altered_event_is_the_one_event_whose_chain_fails(tmp_path: Path) -> None:
    fill(tmp_path, 30)
    path = only_file(tmp_path)
    target = blocks(path)[1]
    records = unpack_records(target)
    bodies = [record.body for record in records]
    seq, now, event = records[4].decode()
    assert isinstance(event, Quote)
    bodies[4] = encode_record(seq, now, quote(seq + 1))
    packed, _ = pack_block([record.chain for record in records], b"".join(bodies), _compressor())
    data = path.read_bytes()
    path.write_bytes(data[: target.offset] + packed + data[target.offset + target.length :])
    assert [record.seq for record in read_market(tmp_path) if not record.chain_ok] == [seq]


def _compressor() -> Any:
    import zstandard

    return zstandard.ZstdCompressor()


def test_file_that_is_full_is_followed_and_the_oldest_deleted_beyond_the_limit(
    tmp_path: Path,
) -> None:
    limits = SegmentLimits(file_bytes_max=400, total_bytes_max=1500)
    fill(tmp_path, 400, limits=limits)
    files = segment_files(tmp_path)
    assert files[0].name > "0000000001.seg"
    assert (
        sum(file.stat().st_size for file in files) <= 1500 + 800
    )  # the newest two may be growing beyond
    writer = SegmentWriter(tmp_path)
    kept = [record for record in read_market(tmp_path) if record.chain_ok]
    assert [record.seq for record in kept] == list(range(writer.decidable_from, 401))
    assert writer.decidable_from > 1
    writer.close()


def test_files_older_than_the_age_limit_are_deleted(tmp_path: Path) -> None:
    limits = SegmentLimits(file_bytes_max=1, age_ns_max=25_000)
    fill(tmp_path, 100, limits=limits)  # one file for ten events, 10 000 ns each
    assert next(read_market(tmp_path)).seq == 61
    assert len(segment_files(tmp_path)) == 4


def test_newer_format_is_refused_by_writer_and_reader(tmp_path: Path) -> None:
    fill(tmp_path, 10)
    path = only_file(tmp_path)
    data = bytearray(path.read_bytes())
    data[4] = 9
    path.write_bytes(data)
    with pytest.raises(JournalTooNew, match="has schema 9, this program knows at most 1"):
        SegmentWriter(tmp_path)
    with pytest.raises(JournalTooNew):
        list(read_market(tmp_path))
    assert path.read_bytes() == data


def test_full_disk_keeps_the_events_and_writes_them_when_there_is_room(tmp_path: Path) -> None:
    fill(tmp_path, 10)
    path = only_file(tmp_path)
    size = path.stat().st_size
    writer = SegmentWriter(tmp_path)
    for seq in range(11, 200):
        writer.add(seq, seq, quote(seq))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, hard))
    try:
        for _ in range(2):
            with pytest.raises(JournalUnavailable, match="events are kept in memory"):
                writer.flush()
            assert path.stat().st_size == size
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    block = writer.flush()
    assert block is not None
    assert (block.first_seq, block.last_seq, block.offset) == (11, 199, size)
    writer.close()
    assert [record.seq for record in read_market(tmp_path) if record.chain_ok] == list(
        range(1, 200)
    )


def test_disk_that_takes_nothing_for_too_long_costs_counted_events_and_the_rest_stays_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradebot.engine.journal.segments.BUFFER_BYTES_MAX", 2000)
    fill(tmp_path, 10)
    writer = SegmentWriter(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (only_file(tmp_path).stat().st_size, hard))
    try:
        for seq in range(11, 200):
            writer.add(seq, seq, quote(seq))
            if seq == 20:
                with pytest.raises(JournalUnavailable):
                    writer.flush()
                assert not writer.due(seq + 10 * FLUSH_NS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    writer.flush()
    writer.close()
    read = list(read_market(tmp_path))
    assert all(record.chain_ok for record in read)
    first = read[10].seq
    assert [record.seq for record in read] == [*range(1, 11), *range(first, 200)]
    assert writer.lost_events == first - 11 > 0
    findings = Findings()
    assert len(list(MarketCheck(tmp_path, [], findings).places())) == len(read)
    (gone,) = findings.chosen(grave=True)
    assert f"from seq 11 to {first - 1} are gone" in gone.text


def test_missing_folder_holds_no_market(tmp_path: Path) -> None:
    assert list(read_market(tmp_path / "none")) == []


def test_block_is_where_the_writer_said(recorder: Callable[..., Any]) -> None:
    live = recorder()
    live.history()
    known = live.journal.segments()
    found = [
        (part.file.name, part.offset, part.length, part.crc)
        for path in segment_files(live.folder / "market")
        for part in blocks(path)
    ]
    assert [(block.file, block.offset, block.length, block.crc) for block in known] == found
    assert [block.first_seq for block in known[1:]] > [block.last_seq for block in known[:-1]]
    live.close()
