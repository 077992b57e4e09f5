"""The venue's log on disk: torn ends are cut, damage is named, nobody else may read it."""

import errno
import os
import stat
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.venue.venue_bench import ACCOUNT, BTC, START

from tradebot.engine.venue.log import (
    WAITING_MAX,
    AnyRecord,
    MarketAt,
    Opened,
    VenueLog,
    VenueLogDamaged,
)

RECORDS: tuple[AnyRecord, ...] = (
    Opened(ts=START, account=ACCOUNT, currency="USDT", cash=Decimal("100000.50")),
    MarketAt(ts=START + 1, last={BTC.id: 950}),
    MarketAt(ts=START + 2, last={BTC.id: 951}),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    log = VenueLog(tmp_path / "venue.log")
    log.append(*RECORDS)
    log.close()
    return tmp_path / "venue.log"


def read(path: Path) -> list[AnyRecord]:
    log = VenueLog(path)
    try:
        return log.read()
    finally:
        log.close()


def test_what_was_appended_is_read_back_in_order(path: Path) -> None:
    assert read(path) == list(RECORDS)


def test_file_is_the_owners_alone(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_new_log_is_empty(tmp_path: Path) -> None:
    assert read(tmp_path / "venue.log") == []


@given(cut=st.integers(1, 60))
def test_torn_last_line_is_cut_off_and_the_next_line_begins_afresh(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    path = tmp_path_factory.mktemp("log") / "venue.log"
    log = VenueLog(path)
    log.append(*RECORDS)
    length = len(path.read_bytes().splitlines()[-1]) + 1
    os.truncate(path, path.stat().st_size - min(cut, length))
    assert log.read() == list(RECORDS[:2])
    log.append(RECORDS[2])
    assert log.read() == list(RECORDS)
    log.close()


def test_full_disk_keeps_records_in_memory_and_the_next_write_takes_them_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = VenueLog(tmp_path / "venue.log")
    with monkeypatch.context() as disk:
        disk.setattr(os, "write", no_space)
        for record in RECORDS:
            log.append(record)
        assert "No space left" in str(log.trouble)
    assert log.read() == []
    log.append(MarketAt(ts=START + 3, last={BTC.id: 952}))
    assert log.trouble is None
    # Of places of the market only the newest was worth keeping.
    assert log.read() == [RECORDS[0], MarketAt(ts=START + 3, last={BTC.id: 952})]
    log.close()


def test_record_written_in_part_is_taken_back_and_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = VenueLog(tmp_path / "venue.log")
    write = os.write

    def ten_bytes(file: int, data: bytes) -> int:
        return write(file, data[:10])

    with monkeypatch.context() as disk:
        disk.setattr(os, "write", ten_bytes)
        log.append(RECORDS[0])
    assert (tmp_path / "venue.log").read_bytes() == b""
    log.append(RECORDS[1])
    assert log.read() == list(RECORDS[:2])
    log.close()


def test_memory_for_a_full_disk_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = VenueLog(tmp_path / "venue.log")
    with monkeypatch.context() as disk:
        disk.setattr(os, "write", no_space)
        with pytest.raises(OSError, match="No space"):
            log.append(*[RECORDS[0]] * (WAITING_MAX + 1))
    log.close()


def no_space(_: int, __: bytes) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_line_that_is_whole_but_not_a_record_is_named_by_its_number(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    lines[1] = b'{"kind":"market-at","ts":"x"}\n'
    path.write_bytes(b"".join(lines))
    with pytest.raises(VenueLogDamaged, match=r"venue\.log:2 cannot be read .* --name") as raised:
        read(path)
    assert "\n" not in str(raised.value)
    assert path.read_bytes() == b"".join(lines)


def test_damage_before_a_torn_end_is_still_named(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(b"nonsense\n" + data[:-3])
    with pytest.raises(VenueLogDamaged, match=r"venue\.log:1 "):
        read(path)
