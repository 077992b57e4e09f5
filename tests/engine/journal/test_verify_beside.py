"""What was altered or cut beside the two records is named too: checkpoints, reserve, the venue's ledger, lost rows."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import zstandard
from tests.engine.live.live_bench import ACCOUNT, BTC, LiveBench, quiet_market

from tradebot.engine.core.checkpoint import freeze, thaw
from tradebot.engine.core.events import CancelRequested, FlattenRequested, PlaceOrder
from tradebot.engine.core.types import RequestId
from tradebot.engine.journal.batch import Checkpoint
from tradebot.engine.journal.store import Journal
from tradebot.engine.journal.verify import JournalVerification, verify


def lived(folder: Path) -> LiveBench:
    bench = LiveBench(folder, quiet_market(20)).until(1_000)
    for number in range(4):
        bench.runtime.operate(
            PlaceOrder(
                request_id=RequestId(f"r{number}"),
                account=ACCOUNT,
                instrument=BTC.id,
                side="buy",
                type="limit",
                tif="gtc",
                quantity=10,
                limit_price=10_001_0 if number % 2 else 9_900_0,
            ),
            bench.runtime.now,
        )
        bench.until(1_500 + 500 * number)
        bench.runtime.checkpoints.take(bench.kernel.state, bench.runtime.now)
        bench.runtime.commit()
    return bench


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an engine that was killed: its write-ahead log stands beside the database."""
    folder = tmp_path_factory.mktemp("sound")
    bench = lived(folder)
    copy = folder / "copy"
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("copy", "*-shm"))
    bench.close()
    return copy


@pytest.fixture
def folder(sound: Path, tmp_path: Path) -> Path:
    path = tmp_path / "engine"
    shutil.copytree(sound, path)
    return path


def codes(result: JournalVerification) -> set[str]:
    return {problem.code for problem in result.problems}


def change(folder: Path, sql: str, *values: object) -> None:
    with closing(sqlite3.connect(folder / "journal.db", isolation_level=None)) as other:
        other.execute(sql, values)


def test_a_sound_folder_has_no_findings_however_deep(folder: Path) -> None:
    for deep in (False, True):
        result = verify(folder, deep=deep)
        assert (result.problems, result.notes) == ((), ())


def test_a_folder_is_verified_beside_its_running_engine(tmp_path: Path) -> None:
    bench = lived(tmp_path)
    assert verify(tmp_path, deep=True).problems == ()
    bench.close()


@pytest.mark.parametrize("damage", ["body = zeroblob(9)", "crc = crc + 1", "schema = schema + 1"])
def test_an_altered_checkpoint_is_named(folder: Path, damage: str) -> None:
    newest = "(SELECT max(seq) FROM checkpoints)"
    change(folder, f"UPDATE checkpoints SET {damage} WHERE seq = {newest}")  # noqa: S608
    result = verify(folder)
    assert codes(result) == {"checkpoint"}
    assert "cannot be used: it is not as written" in result.problems[0].text


def test_a_checkpoint_of_an_older_program_is_a_note(folder: Path) -> None:
    with Journal.open(folder / "journal.db", read_only=True) as journal:
        newest = journal.checkpoints()[0]
    other = Checkpoint.of(newest.seq, 7, newest.body)
    change(folder, "UPDATE checkpoints SET schema = 7, crc = ? WHERE seq = ?", other.crc, other.seq)
    result = verify(folder)
    assert result.ok
    assert [note.code for note in result.notes] == ["checkpoint"]


def test_a_forged_checkpoint_is_found_by_the_deep_look_alone(folder: Path) -> None:
    with Journal.open(folder / "journal.db", read_only=True) as journal:
        newest = journal.checkpoints()[0]
    state = thaw(zstandard.ZstdDecompressor().decompress(newest.body))
    state.peak = None
    state.counter += 1
    body = zstandard.ZstdCompressor().compress(freeze(state))
    forged = Checkpoint.of(newest.seq, newest.schema, body)
    change(
        folder,
        "UPDATE checkpoints SET body = ?, crc = ? WHERE seq = ?",
        forged.body,
        forged.crc,
        forged.seq,
    )
    assert verify(folder).ok
    result = verify(folder, deep=True)
    assert codes(result) == {"checkpoint"}
    assert result.problems[0].text.endswith("does not hold what the rows lead to: peak, counter")


def test_a_checkpoint_ahead_of_the_rows_is_named(folder: Path) -> None:
    with Journal.open(folder / "journal.db", read_only=True) as journal:
        newest = journal.checkpoints()[0]
    change(folder, "DELETE FROM rows WHERE seq > ?", newest.seq - 3)
    change(folder, "DELETE FROM steps WHERE seq > ?", newest.seq - 3)
    assert "checkpoint" in codes(verify(folder))


@pytest.mark.parametrize("place", [0.1, 0.3, 0.5, 0.7, 0.9])
@pytest.mark.parametrize("bit", [0, 3, 6])
def test_a_flipped_bit_in_the_venues_ledger_is_named(folder: Path, place: float, bit: int) -> None:
    path = folder / "venue.log"
    data = bytearray(path.read_bytes())
    data[int(len(data) * place)] ^= 1 << bit
    path.write_bytes(data)
    result = verify(folder)
    assert codes(result) == {"venue"}
    assert result.problems[0].file == "venue.log"


@pytest.mark.parametrize("line", [0, 2, 4])
def test_a_line_taken_out_of_the_venues_ledger_is_missed(folder: Path, line: int) -> None:
    path = folder / "venue.log"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:line] + lines[line + 1 :]))
    result = verify(folder)
    assert codes(result) == {"venue"}
    assert "is not as written, or one before it is gone" in result.problems[0].text


def test_two_lines_of_the_venues_ledger_that_changed_places_are_named(folder: Path) -> None:
    path = folder / "venue.log"
    first, second, *rest = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([second, first, *rest]))
    assert codes(verify(folder)) == {"venue"}


def test_a_venues_ledger_cut_short_lacks_what_we_were_told(folder: Path) -> None:
    path = folder / "venue.log"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[: len(lines) // 2]))
    result = verify(folder)
    assert codes(result) == {"venue"}
    assert "lines at its end are gone" in result.problems[0].text


def test_a_torn_last_line_of_the_venues_ledger_is_a_note(folder: Path) -> None:
    path = folder / "venue.log"
    path.write_bytes(path.read_bytes() + b'{"kind":"market-a')
    result = verify(folder)
    assert result.problems == ()
    assert [note.code for note in result.notes] == ["venue"]


def test_a_removed_write_ahead_log_is_noticed_by_the_orders_the_venue_holds(folder: Path) -> None:
    log = folder / "journal.db-wal"
    assert log.stat().st_size > 0
    log.unlink()
    with closing(sqlite3.connect(folder / "journal.db")) as database:
        (rows,) = database.execute("SELECT count(*) FROM rows").fetchone()
    assert rows == 0
    result = verify(folder)
    assert "missing" in codes(result)
    assert any("which is in no record" in problem.text for problem in result.problems)


def reserved(folder: Path) -> Path:
    """Let an engine use its reserve and die; return the file."""
    bench = lived(folder)
    with bench.lock_journal():
        bench.runtime.operate(CancelRequested(), bench.runtime.now)
        bench.until(4_000)
        bench.runtime.operate(FlattenRequested(), bench.runtime.now)
        bench.until(6_000)
    bench.close()
    return folder / "reserve.log"


def test_what_stands_in_the_reserve_alone_is_no_order_without_a_record(tmp_path: Path) -> None:
    reserved(tmp_path)
    assert verify(tmp_path).problems == ()


def test_damage_to_the_reserve_is_named_and_its_orders_are_missed(tmp_path: Path) -> None:
    path = reserved(tmp_path)
    data = bytearray(path.read_bytes())
    data[60] ^= 4
    path.write_bytes(data)
    result = verify(tmp_path)
    assert {"reserve", "missing"} & codes(result)
    assert not result.ok
    path.unlink()
    assert "missing" in codes(verify(tmp_path))


def test_a_torn_frame_of_the_reserve_is_a_note(tmp_path: Path) -> None:
    path = reserved(tmp_path)
    data = bytearray(path.read_bytes())
    end = len(bytes(data).rstrip(b"\0"))
    data[end : end + 12] = (400).to_bytes(4, "little") + b"\1\2\3\4" + b"\7\7\7\7"
    path.write_bytes(data)
    result = verify(tmp_path)
    assert result.problems == ()
    assert "reserve" in {note.code for note in result.notes}
