"""When the engine's loop ends by itself, and what it does at full speed."""

import asyncio
import errno
import os
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from tests.engine.live.live_bench import BTC, START, LiveBench, Served, quiet_market

from tradebot.data.events import MarketEvent
from tradebot.engine.control.messages_orders import OrderRequest
from tradebot.engine.core.events import CancelRequested, FeedChanged, TimerFired
from tradebot.engine.core.types import SECOND
from tradebot.engine.live.loop import FIRST_CONSOLE_S, GONE_S, Loop
from tradebot.engine.live.pace import Speed
from tradebot.engine.live.schedule import Lane, TimerDue


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    bench = LiveBench(tmp_path, quiet_market(3))
    yield bench.service("max")
    bench.close()


def loop_of(served: Served, *, stop_at_end: bool = False, until_leave: bool = False) -> Loop:
    return Loop(
        served.bench.runtime,
        served.service,
        clock=served.bench.clock,
        pace=served.pace,
        stop_at_end=stop_at_end,
        until_consoles_leave=until_leave,
    )


def market_events(bench: LiveBench) -> int:
    return sum(isinstance(event, MarketEvent) for _, _, event, _ in bench.steps)


async def test_full_speed_runs_to_the_end_of_the_recording_and_commits_it(served: Served) -> None:
    assert await loop_of(served, stop_at_end=True).run() == "recording over"
    bench = served.bench
    assert bench.runtime.market_is_over
    assert market_events(bench) == 30
    assert bench.journal.committed_seq == bench.journal.last_seq
    assert bench.kernel.state.equity() == 100_000


@pytest.mark.parametrize("speed", ["max", Decimal(200), Decimal("0.5")])
async def test_runs_of_a_recording_end_after_the_same_step_at_any_speed(
    tmp_path: Path, speed: Speed
) -> None:
    bench = LiveBench(tmp_path, quiet_market(3))
    served = bench.service(speed)
    bench.runtime.schedule.add(START + 2 * SECOND, Lane.TIMER, TimerDue("every"))
    bench.kernel.state.timers["every"] = START + 2 * SECOND
    bench.runtime.schedule.add(START + 4 * SECOND, Lane.TIMER, TimerDue("every"))
    ended = asyncio.ensure_future(loop_of(served, stop_at_end=True).run())
    assert await served.wait(ended, ms_each=100) == "recording over"
    assert len(bench.seen(TimerFired)) == 1
    assert bench.runtime.now < START + 3 * SECOND
    bench.close()


async def test_recording_that_is_over_before_it_begins_ends_the_run(tmp_path: Path) -> None:
    bench = LiveBench(tmp_path, [])
    assert await loop_of(bench.service("max"), stop_at_end=True).run() == "recording over"
    assert bench.kernel.state.market[BTC.id].health(bench.runtime.now) == "ended"
    bench.close()


@pytest.mark.parametrize("speed", ["max", Decimal(1_000_000)])
async def test_time_after_a_recording_goes_at_the_walls_pace(tmp_path: Path, speed: Speed) -> None:
    bench = LiveBench(tmp_path, quiet_market(1))
    served = bench.service(speed)
    over = asyncio.Event()
    bench.runtime.observers.append(
        lambda _seq, _now, event, _: over.set() if isinstance(event, FeedChanged) else None
    )
    await served.go(asyncio.ensure_future(over.wait()))
    assert bench.runtime.market_is_over
    reached = served.pace.now(bench.runtime.now)
    bench.clock.run += 2 * SECOND
    assert served.pace.now(bench.runtime.now) == reached + 2 * SECOND
    bench.close()


async def test_stop_ends_it_at_once(served: Served) -> None:
    served.service.stopping.set()
    assert await loop_of(served).run() == "stopped"


class Consoles:
    """Comes and goes while the loop turns, by the test's clock."""

    def __init__(self, served: Served, script: list[tuple[float, int]]) -> None:
        self._served = served
        self._script = script
        served.bench.runtime.observers.append(self._turn)
        self._turns = 0

    def _turn(self, *_: object) -> None:
        if self._turns < len(self._script):
            seconds, consoles = self._script[self._turns]
            self._served.bench.clock.run += int(seconds * 1e9)
            self._served.service.consoles = consoles
            self._served.service.consoles_seen |= consoles > 0
            self._turns += 1


async def test_sandbox_of_consoles_ends_soon_after_the_last_one_left(served: Served) -> None:
    loop = loop_of(served, stop_at_end=True, until_leave=True)
    Consoles(served, [(50, 1), (500, 1), (GONE_S / 2, 0), (GONE_S, 0)])
    assert await loop.run() == "last console left"
    assert market_events(served.bench) < 30


async def test_sandbox_nobody_ever_looked_at_ends_after_a_minute(served: Served) -> None:
    loop = loop_of(served, stop_at_end=True, until_leave=True)
    Consoles(served, [(FIRST_CONSOLE_S - 1, 0), (0.5, 0), (1, 0)])
    assert await loop.run() == "last console left"


async def test_engine_that_is_not_for_consoles_does_not_mind_being_alone(served: Served) -> None:
    loop = loop_of(served, stop_at_end=True)
    Consoles(served, [(FIRST_CONSOLE_S * 10, 0)])
    assert await loop.run() == "recording over"


async def test_console_is_counted_while_it_is_attached(served: Served) -> None:
    with served.service.console_attached():
        assert served.service.consoles == 1
    assert (served.service.consoles, served.service.consoles_seen) == (0, True)


async def test_dead_journal_halts_though_nothing_else_is_due(tmp_path: Path) -> None:
    bench = LiveBench(tmp_path, quiet_market(1)).until(5000)
    served = bench.service()
    assert bench.runtime.next_due() is None
    with bench.lock_journal():
        bench.runtime.hand_over(CancelRequested())
        served.service.stopping.set()
        assert await loop_of(served).run() == "stopped"
    assert bench.kernel.state.trading_state == "HALTED"
    bench.close()


async def test_venue_that_cannot_write_its_ledger_halts_the_engine_and_does_not_end_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = LiveBench(tmp_path, quiet_market(3))
    write = os.write

    def full(file: int, data: bytes) -> int:
        if b"market-at" in data:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, data)

    monkeypatch.setattr(os, "write", full)
    assert await loop_of(bench.service("max"), stop_at_end=True).run() == "recording over"
    state = bench.kernel.state
    assert state.trading_state == "HALTED"
    assert "free the disk" in str(state.reason)
    bench.close()


async def test_slow_disk_keeps_no_client_waiting_and_no_order_leaves_before_its_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = LiveBench(tmp_path, quiet_market(60)).until(1_000)
    served = bench.service()
    commit = bench.journal.commit
    slow = threading.Event()

    def slowly() -> None:
        assert slow.wait(10)
        commit()

    monkeypatch.setattr(bench.journal, "commit", slowly)
    asked = OrderRequest(
        request_id="r1",
        instrument=BTC.id,
        side="buy",
        quantity=Decimal("0.1"),
        type="limit",
        limit_price=Decimal(990),
    )
    placed = asyncio.ensure_future(served.service.place(asked, 60))
    running = asyncio.ensure_future(served.loop.run())
    longest = 0.0
    for _ in range(40):  # what a disk of two seconds gives clients: the loop turns all the while
        began = time.perf_counter()
        await asyncio.sleep(0.005)
        longest = max(longest, time.perf_counter() - began)
        assert served.service.status().working == 1
        (order,) = bench.kernel.state.blotter.open()
        assert order.state == "created"
        assert not bench.venue.books.working
    assert longest < 1
    slow.set()
    answer = await served.wait(placed, ms_each=1, running=running)
    assert answer.outcome == "accepted"
    served.service.stopping.set()
    assert await running == "stopped"
    assert bench.kernel.state.trading_state == "ACTIVE"
    bench.close()
