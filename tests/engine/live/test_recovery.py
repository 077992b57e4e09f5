"""A start reads the newest checkpoint and the rows behind it, and comes to where all rows would bring it."""

import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.engine.core.builders import contents
from tests.engine.live.live_bench import ACCOUNT, BTC, ENGINE, LiveBench, quiet_market

from tradebot.engine.core.events import HaltRequested, PlaceOrder
from tradebot.engine.core.kernel import Kernel
from tradebot.engine.core.sleeves import Sleeves
from tradebot.engine.core.types import RequestId
from tradebot.engine.journal.store import Journal
from tradebot.engine.live import checkpoints
from tradebot.engine.live.budget import call_plainly
from tradebot.engine.live.recovery import Recovered, recover
from tradebot.engine.live.tape import Tape


def order(number: int) -> PlaceOrder:
    return PlaceOrder(
        request_id=RequestId(f"r{number}"),
        account=ACCOUNT,
        instrument=BTC.id,
        side="buy" if number % 2 else "sell",
        type="limit",
        tif="ioc",
        quantity=2,
        limit_price=10_100_0 if number % 2 else 9_900_0,
    )


def lived(folder: Path, monkeypatch: pytest.MonkeyPatch, *, rows: int = 20) -> LiveBench:
    """Live a little, with a checkpoint every few rows."""
    monkeypatch.setattr(checkpoints, "ROWS", rows)
    bench = LiveBench(folder, quiet_market())
    for number in range(1, 13):
        bench.until(200 * number)
        bench.runtime.operate(order(number), bench.runtime.now)
        bench.runtime.commit()
    bench.until(4_000)
    bench.runtime.commit()
    return bench


def recovered(folder: Path, *, without: bool = False) -> tuple[Recovered, Kernel, Tape]:
    """Recover from what is on disk."""
    if without:
        change(folder, "DELETE FROM checkpoints")
    kernel = Kernel(ENGINE, Sleeves({}, call_plainly))
    tape = Tape({})
    with Journal.open(folder / "journal.db") as journal:
        return recover(kernel, journal, tape), kernel, tape


def change(folder: Path, sql: str) -> None:
    with closing(sqlite3.connect(folder / "journal.db", isolation_level=None)) as other:
        other.execute(sql)


def kept(kernel: Kernel) -> object:
    """Return what a recovered state holds; its time may be later than its newest row's."""
    held = {
        name: value for name, value in vars(kernel.state).items() if name not in {"now", "market"}
    }
    return contents(held)


def seqs(folder: Path) -> list[int]:
    with Journal.open(folder / "journal.db", read_only=True) as journal:
        return [checkpoint.seq for checkpoint in journal.checkpoints()]


def test_a_start_reads_only_what_came_after_the_newest_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lived(tmp_path, monkeypatch).close()
    found, kernel, tape = recovered(tmp_path)
    assert found.checkpoint == seqs(tmp_path)[0] > 0
    assert found.rows < 30
    every, whole, whole_tape = recovered(tmp_path, without=True)
    assert (every.checkpoint, every.last_seq) == (0, found.last_seq)
    assert every.rows > 4 * found.rows
    assert contents(kernel.state.ledger) == contents(whole.state.ledger)
    assert kernel.state.blotter.recent(99) == whole.state.blotter.recent(99)
    assert list(tape.fills) == list(whole_tape.fills)
    assert len(tape.fills) == 12


def test_only_the_newest_few_checkpoints_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lived(tmp_path, monkeypatch, rows=5).close()
    assert len(seqs(tmp_path)) == 3


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("body = substr(body, 1, length(body) - 1)", "not as written"),
        ("body = zeroblob(20)", "not as written"),
        ("crc = crc + 1", "not as written"),
        ("seq = seq + 1000000", "not as written"),
        ("schema = 7, crc = 0", "not as written"),
        ("body = NULL, crc = NULL", "not as written"),
    ],
)
def test_a_damaged_checkpoint_is_passed_over_to_the_one_before_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str, said: str
) -> None:
    lived(tmp_path, monkeypatch).close()
    newest, before, *_ = seqs(tmp_path)
    _, whole, _ = recovered(tmp_path)
    change(tmp_path, "CREATE TABLE free(seq, schema, body, crc)")
    change(tmp_path, "INSERT INTO free SELECT * FROM checkpoints")
    change(tmp_path, "DROP TABLE checkpoints")
    change(tmp_path, "ALTER TABLE free RENAME TO checkpoints")
    change(tmp_path, f"UPDATE checkpoints SET {damage} WHERE seq = {newest}")  # noqa: S608
    with capture_logs() as logs:
        found, kernel, _ = recovered(tmp_path)
    assert found.checkpoint == before
    assert kept(kernel) == kept(whole)
    assert [line["event"] for line in logs] == ["checkpoint passed over"]
    assert said in logs[0]["reason"]


def test_a_checkpoint_of_another_layout_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lived(tmp_path, monkeypatch).close()
    _, whole, _ = recovered(tmp_path)
    monkeypatch.setattr("tradebot.engine.journal.checkpoints.layout_number", lambda: 7)
    with capture_logs() as logs:
        found, kernel, _ = recovered(tmp_path)
    assert found.checkpoint == 0
    assert kept(kernel) == kept(whole)
    assert "another program wrote it" in logs[0]["reason"]


def test_a_checkpoint_is_durable_with_the_rows_it_rests_on_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = lived(tmp_path, monkeypatch)
    before = seqs(tmp_path)
    with bench.lock_journal():
        for number in range(20, 26):
            bench.runtime.operate(order(number), bench.runtime.now)
        bench.runtime.checkpoints.take(bench.kernel.state, bench.runtime.now)
        assert not bench.runtime.commit()
    assert seqs(tmp_path) == before
    assert bench.runtime.commit()
    assert seqs(tmp_path)[0] > before[0]
    bench.close()
    found, kernel, _ = recovered(tmp_path)
    assert found.checkpoint == seqs(tmp_path)[0]
    _, whole, _ = recovered(tmp_path, without=True)
    assert contents(kernel.state.ledger) == contents(whole.state.ledger)
    assert len(kernel.state.blotter) == len(whole.state.blotter)


def test_a_checkpoint_is_due_by_rows_or_by_age_and_at_a_clean_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "AGE", 1_000_000_000)
    bench = LiveBench(tmp_path, quiet_market())
    bench.until(500)
    bench.runtime.commit()
    assert seqs(tmp_path) == []
    bench.until(2_000)
    bench.runtime.operate(HaltRequested(reason="test"), bench.runtime.now)
    bench.runtime.commit()
    assert seqs(tmp_path) == [bench.journal.last_seq]
    bench.until(2_100)
    bench.runtime.checkpoints.take(bench.kernel.state, bench.runtime.now)
    bench.runtime.commit()
    assert len(seqs(tmp_path)) == 1, "nothing was written since: no second one"
    bench.close()


def test_the_next_life_goes_on_from_a_checkpoint_as_from_every_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = lived(tmp_path, monkeypatch)
    money = bench.kernel.state.ledger.balance(ACCOUNT, "USDT")
    newest = bench.kernel.state.next_order_id()
    bench.close()
    again = LiveBench(tmp_path, [])
    assert again.found.checkpoint
    assert again.kernel.state.next_order_id() == newest
    assert again.kernel.state.ledger.balance(ACCOUNT, "USDT") == money != Decimal(100_000)
    again.until(10_000)
    assert again.kernel.state.trading_state == "ACTIVE"
    assert again.kernel.state.reconciled
    again.close()
