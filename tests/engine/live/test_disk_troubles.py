"""A disk that is full, read-only, locked or torn: no new risk leaves, what lowers it does, and nothing is lost."""

import errno
import os
import sqlite3
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest
from tests.engine.disks import fill, make_read_only, make_writable, small_disk
from tests.engine.live.live_bench import ACCOUNT, BTC, LiveBench, quiet_market

from tradebot.engine.core.events import (
    CancelRequested,
    FlattenRequested,
    OrderFilled,
    PlaceOrder,
    ResumeRequested,
)
from tradebot.engine.core.orders import Order
from tradebot.engine.core.types import UNCLAIMED, RequestId, Side
from tradebot.engine.journal.errors import JournalUnavailable
from tradebot.engine.journal.reserve import read_reserve
from tradebot.engine.journal.store import Journal
from tradebot.engine.journal.verify import verify
from tradebot.engine.live.redecide import redecide

type Trouble = Callable[[LiveBench, pytest.MonkeyPatch], AbstractContextManager[None]]


@contextmanager
def full(bench: LiveBench, _: pytest.MonkeyPatch) -> Generator[None]:
    """Fill the disk to its last byte; make room in the end."""
    hog = fill(bench.folder)
    yield
    hog.unlink()


@contextmanager
def read_only(bench: LiveBench, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Refuse every write where the system would: no disk with open files can be made read-only."""
    writer = bench.journal._writer  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    assert writer is not None
    writer.execute("PRAGMA query_only=ON")
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", _refused)
        yield
    writer.execute("PRAGMA query_only=OFF")


def _refused(file: int, data: bytes) -> int:
    raise OSError(errno.EROFS, f"Read-only file system ({len(data)} bytes for {file})")


@contextmanager
def locked(bench: LiveBench, _: pytest.MonkeyPatch) -> Generator[None]:
    """Let another process hold the database for itself."""
    other = sqlite3.connect(bench.folder / "journal.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    yield
    other.execute("ROLLBACK")
    other.close()


TROUBLES = pytest.mark.parametrize("trouble", [full, read_only, locked])


@pytest.fixture
def disk(tmp_path: Path) -> Generator[Path]:
    with small_disk(tmp_path / "disk", megabytes=4) as path:
        yield path


@pytest.fixture
def make(disk: Path) -> Generator[Callable[[], LiveBench]]:
    """Return what starts a process of the engine on a disk of its own."""
    with ExitStack() as running:

        def start() -> LiveBench:
            bench = LiveBench(disk, quiet_market(40))
            running.callback(_close, bench)
            return bench

        yield start


def _close(bench: LiveBench) -> None:
    try:
        bench.close()
    except OSError as error:
        assert error.errno == errno.EBADF  # noqa: PT017  (the test closed it itself: that process died)


def place(bench: LiveBench, name: str, side: Side = "buy", price: int = 10_001_0) -> Order:
    bench.runtime.operate(
        PlaceOrder(
            request_id=RequestId(name),
            account=ACCOUNT,
            instrument=BTC.id,
            side=side,
            type="limit",
            tif="gtc",
            quantity=10,
            limit_price=price,
        ),
        bench.runtime.now,
    )
    order = bench.kernel.state.blotter.by_request(RequestId(name))
    assert order is not None
    return order


def state_of(bench: LiveBench, order: Order) -> str:
    found = bench.kernel.state.blotter.get(order.intent.client_order_id)
    assert found is not None
    return found.state


def net(bench: LiveBench) -> int:
    return bench.kernel.state.ledger.net(ACCOUNT, BTC.id)


def holding(make: Callable[[], LiveBench]) -> tuple[LiveBench, Order]:
    """Return an engine that holds 10 units and has an order resting far from the market."""
    bench = make().until(1_050)
    place(bench, "held")
    resting = place(bench, "resting", price=9_900_0)
    bench.until(1_500)
    assert net(bench) == 10
    assert state_of(bench, resting) == "accepted"
    return bench, resting


@TROUBLES
def test_no_new_risk_leaves_and_the_engine_is_halted_with_the_reason(
    make: Callable[[], LiveBench], trouble: Trouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, _ = holding(make)
    with trouble(bench, monkeypatch):
        wanted = place(bench, "new")
        bench.until(4_000)
        assert state_of(bench, wanted) != "accepted"
        assert bench.kernel.state.trading_state == "HALTED"
        assert str(bench.kernel.state.reason).startswith("journal: ")
        assert net(bench) == 10
    bench.until(6_000)


@TROUBLES
def test_cancels_and_flatten_go_out_and_are_in_the_reserve_before_they_leave(
    make: Callable[[], LiveBench], trouble: Trouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, resting = holding(make)
    with trouble(bench, monkeypatch):
        bench.runtime.operate(CancelRequested(), bench.runtime.now)
        bench.until(1_700)
        assert state_of(bench, resting) == "cancelled"
        bench.runtime.operate(FlattenRequested(), bench.runtime.now)
        bench.until(6_000)
        assert net(bench) == 0
        found = read_reserve(bench.folder / "reserve.log")
        assert found is not None
        kinds = [row.kind for step in found.steps for row in step.rows]
        assert {"cancel", "submit", "flatten-requested"} <= set(kinds)
    bench.until(8_000)
    assert bench.runtime.commit()
    emptied = read_reserve(bench.folder / "reserve.log")
    assert emptied is not None
    assert emptied.steps == ()


@TROUBLES
def test_after_the_repair_everything_is_on_record_and_resume_lifts_the_halt(
    make: Callable[[], LiveBench], trouble: Trouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, _ = holding(make)
    with trouble(bench, monkeypatch):
        bench.runtime.operate(FlattenRequested(), bench.runtime.now)
        bench.until(6_000)
    bench.until(8_000)
    bench.runtime.operate(ResumeRequested(reason="disk is free"), bench.runtime.now)
    bench.until(9_000)
    assert bench.kernel.state.trading_state == "ACTIVE"
    assert state_of(bench, place(bench, "again")) == "created"
    bench.until(10_000)
    assert net(bench) == 10
    assert bench.runtime.commit()
    bench.close()
    found = verify(bench.folder)
    assert found.problems == ()
    assert redecide(bench.folder, []).first_difference is None


@pytest.mark.parametrize(
    "trouble", [full, locked]
)  # read-only, the venue in this process forgets with us
def test_an_exit_sent_by_a_process_that_died_is_known_to_the_next_and_its_id_never_used_again(
    make: Callable[[], LiveBench], trouble: Trouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, _ = holding(make)
    with trouble(bench, monkeypatch):
        bench.runtime.operate(FlattenRequested(), bench.runtime.now)
        bench.until(6_000)
        assert net(bench) == 0
        counter = bench.kernel.state.counter
        fills = [
            event.execution_id
            for event in bench.seen(OrderFilled)
            if isinstance(event, OrderFilled)
        ]
        if trouble is locked:
            bench.close()  # dies while it lasts; the others cannot close their files then
    if trouble is not locked:
        bench.close()
    again = make()
    assert again.kernel.state.counter == counter
    again.until(12_000)
    state = again.kernel.state
    assert net(again) == 0
    owners = {owner for (_, _, owner), held in state.ledger.positions() if held.quantity}
    assert UNCLAIMED not in owners
    assert all(state.executions.seen(ACCOUNT, execution) for execution in fills)
    assert [order.state for order in state.blotter].count("filled") == 2
    assert not state.accounts[ACCOUNT].differences
    assert again.runtime.commit()
    again.close()
    assert verify(again.folder).problems == ()
    assert redecide(again.folder, []).first_difference is None
    with Journal.open(again.folder / "journal.db", read_only=True) as journal:
        assert "reserve" in journal.meta


def test_a_start_on_a_read_only_disk_says_so_and_changes_nothing(disk: Path) -> None:
    bench = LiveBench(disk, quiet_market(2)).until(1_000)
    bench.runtime.commit()
    bench.close()
    make_read_only(disk)
    before = {path: path.read_bytes() for path in disk.rglob("*") if path.is_file()}
    with pytest.raises((JournalUnavailable, OSError)):
        LiveBench(disk, quiet_market(2))
    make_writable(disk)
    assert {path: path.read_bytes() for path in before} == before


def test_a_full_reserve_holds_nothing_back(
    make: Callable[[], LiveBench], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, _ = holding(make)
    with locked(bench, monkeypatch), monkeypatch.context() as patched:

        def no_room(*_: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        patched.setattr(os, "pwrite", no_room)
        bench.runtime.operate(FlattenRequested(), bench.runtime.now)
        bench.until(6_000)
        assert net(bench) == 0
        assert "reserve: " in str(bench.runtime.journal_trouble)
    bench.until(8_000)
    assert bench.runtime.commit()


@pytest.mark.parametrize("cut", [1, 24, 33, 4_000, 4_152, 9_000, 30_000])
def test_a_write_ahead_log_cut_anywhere_gives_whole_steps_and_the_venue_tells_the_rest(
    make: Callable[[], LiveBench], cut: int
) -> None:
    bench, _ = holding(make)
    bench.runtime.commit()
    database, log = bench.folder / "journal.db", bench.folder / "journal.db-wal"
    written, whole = database.read_bytes(), log.read_bytes()
    bench.close()  # which would tidy both up: a crash does not
    database.write_bytes(written)
    log.write_bytes(whole[: max(len(whole) - cut, 0)])
    again = make()
    again.until(12_000)
    assert again.runtime.commit()
    assert net(again) == 10
    again.close()
    assert not any(problem.code in {"row", "hash"} for problem in verify(again.folder).problems)
