"""A sandbox engine of real parts, without a network: the market is scripted, the clock is the test's."""

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Literal, Self

from tradebot.data.events import AnyMarketEvent, BookSnapshot, Trade
from tradebot.data.instruments import Instrument, InstrumentId, Rules
from tradebot.engine.core.events import (
    EngineStarted,
    Event,
    FeedChanged,
    SleeveFailed,
)
from tradebot.engine.core.kernel import Kernel
from tradebot.engine.core.limits import Limits, default_limits
from tradebot.engine.core.outcomes import AnyOutcome
from tradebot.engine.core.sleeve_terms import SleeveStarted
from tradebot.engine.core.sleeves import LoadedPolicy, Sleeves
from tradebot.engine.core.types import MS, SECOND, AccountName, EngineId, Mode, Owner
from tradebot.engine.journal.reserve import Reserve
from tradebot.engine.journal.segments import SegmentWriter
from tradebot.engine.journal.store import Journal
from tradebot.engine.live.budget import BudgetedCaller
from tradebot.engine.live.configured_sleeves import FileSleeves
from tradebot.engine.live.loaded_sleeves import LoadedSleeves
from tradebot.engine.live.loop import Loop
from tradebot.engine.live.markets import NativeFeed, ReplayMarket
from tradebot.engine.live.pace import Pace
from tradebot.engine.live.recovery import recover
from tradebot.engine.live.runtime import AlertHistory, Records, Runtime
from tradebot.engine.live.service import EngineService
from tradebot.engine.live.service_core import Identity
from tradebot.engine.live.sleeve_place import SleeveParts
from tradebot.engine.live.tape import Tape
from tradebot.engine.policy_source.load import VersionedPolicy
from tradebot.engine.policy_source.sources import Sources
from tradebot.engine.venue.fees import Fees
from tradebot.engine.venue.log import VenueLog
from tradebot.engine.venue.native import NativeVenue
from tradebot.native import Venue

ACCOUNT = AccountName("sandbox")
ENGINE = EngineId("abcde")
CASH = Decimal(100_000)
START = 1_700_000_000 * SECOND
BTC = Instrument(
    id=InstrumentId("binance:BTCUSDT"),
    kind="spot",
    base="BTC",
    currency="USDT",
    price_scale=2,
    quantity_scale=3,
    rules=(Rules(tick=10, lot=1, notional_min=Decimal(1)),),
)
"""Price units of 0.01, ticks of 0.10; quantity units and lots of 0.001."""


class ManualClock:
    """A machine whose clocks a test moves."""

    def __init__(self) -> None:
        self.wall = START
        self.run = 0
        self.cpu = 0

    def system_ns(self) -> int:
        return self.wall

    def monotonic_ns(self) -> int:
        return self.run

    def cpu_ns(self) -> int:
        return self.cpu


def book(
    after_ms: int,
    bid: int = 9_999_0,
    ask: int = 10_001_0,
    *,
    size: int = 5_000,
    instrument: InstrumentId = BTC.id,
) -> BookSnapshot:
    """Return a book of three levels a side, a tick apart, some time after the start."""
    ts = START + after_ms * MS
    return BookSnapshot(
        instrument=instrument,
        ts_event=ts,
        ts_recv=ts,
        bids=tuple((bid - 10 * step, size) for step in range(3)),
        asks=tuple((ask + 10 * step, size) for step in range(3)),
    )


def printed(after_ms: int, price: int, quantity: int, aggressor: Literal[1, -1, 0] = -1) -> Trade:
    """Return a public trade some time after the start."""
    ts = START + after_ms * MS
    return Trade(
        instrument=BTC.id,
        ts_event=ts,
        ts_recv=ts,
        price=price,
        quantity=quantity,
        aggressor=aggressor,
    )


def quiet_market(seconds: int = 60) -> list[AnyMarketEvent]:
    """Return the same book ten times a second."""
    return [book(100 * step) for step in range(seconds * 10)]


def versioned(policy: LoadedPolicy) -> VersionedPolicy:
    """Return a policy as if it had been loaded from a file."""
    sources = Sources("test", {"test.py": "the source"})
    return VersionedPolicy(policy, "0123456789ab", sources, "test.py:Policy")


class LiveBench:
    """One process of an engine; `again` is the next one in the same folder."""

    def __init__(
        self,
        folder: Path,
        events: Sequence[AnyMarketEvent],
        *,
        sleeves: Mapping[Owner, LoadedPolicy] | None = None,
        limits: Limits | None = None,
        mode: Mode = "sandbox",
    ) -> None:
        self.folder = folder
        self.clock = ManualClock()
        self.sleeves = dict(sleeves or {})
        self.mode: Mode = mode
        self.limits = limits or default_limits("sandbox")
        self.failed: list[SleeveFailed] = []
        self.journal = Journal.open(folder / "journal.db")
        self.journal.bind(ENGINE, mode, "virtual")
        self.segments = SegmentWriter(folder / "market")
        self.reserve = Reserve.open(folder / "reserve.log")
        self.log = VenueLog(folder / "venue.log")
        self.measured = BudgetedCaller(self.clock, self.failed)
        self.loaded = LoadedSleeves(
            {name: versioned(policy) for name, policy in self.sleeves.items()}
        )
        self.kernel = Kernel(ENGINE, Sleeves(self.loaded.policies, self.measured))
        self.runtime = Runtime(
            self.kernel, Records(self.journal, self.segments, self.reserve), self.failed
        )
        native = Venue()
        native.add_recorded(0)
        self.venue = NativeVenue(
            native,
            (BTC,),
            self.log,
            fees=Fees(),
            engine=self.runtime,
        )
        market = ReplayMarket(iter(events), "spot/day")
        self.tape = Tape({})
        self.alerts = AlertHistory()
        found = self.found = recover(self.kernel, self.journal, self.tape, self.reserve)
        self.runtime.connect(
            self.venue,
            NativeFeed(market, self.venue),
            seq=max(found.last_seq, self.segments.last_seq),
            now=max(found.last_now, market.next_time() or 0),
        )
        self.steps: list[tuple[int, int, Event, list[AnyOutcome]]] = []
        self.runtime.observers += [self.tape, self.alerts, self._observe]
        self._start()

    def _observe(self, seq: int, now: int, event: Event, outcomes: list[AnyOutcome]) -> None:
        self.steps.append((seq, now, event, outcomes))

    def _start(self) -> None:
        runtime = self.runtime
        self.venue.open(ACCOUNT, "USDT", CASH, runtime.now)
        runtime.hand_over(
            EngineStarted(
                schema=2,
                version="0",
                mode=self.mode,
                market="replay spot/day",
                currency="USDT",
                account=ACCOUNT,
                instruments=(BTC,),
                sleeves=tuple(
                    SleeveStarted(
                        name=name,
                        policy="test:Policy",
                        version="0123456789ab",
                        account=ACCOUNT,
                        symbols=(BTC.id,),
                        capital=Decimal(20_000),
                        params={},
                    )
                    for name in self.sleeves
                ),
                limits=self.limits.as_text(),
                seed=7,
            )
        )
        runtime.hand_over(FeedChanged(instrument=BTC.id, state="up"))
        self.venue.restore(runtime.now)

    def until(self, after_ms: int) -> "LiveBench":
        """Let everything happen that is due by some time after the start."""
        due = self.runtime.next_due()
        while due is not None and due <= START + after_ms * MS:
            self.runtime.step()
            due = self.runtime.next_due()
        return self

    def seen(self, kind: type[Event]) -> list[Event]:
        """Return the events of a kind that were handed over."""
        return [event for _, _, event, _ in self.steps if isinstance(event, kind)]

    def decided[T](self, kind: type[T]) -> list[T]:
        """Return the outcomes of a kind."""
        return [
            one for _, _, _, outcomes in self.steps for one in outcomes if isinstance(one, kind)
        ]

    def lock_journal(self) -> "JournalLock":
        """Keep the journal from being written while the context is open."""
        return JournalLock(self.folder / "journal.db")

    def close(self) -> None:
        """Drop the process: what is not committed is gone."""
        self.journal.close()
        self.segments.close()
        self.reserve.close()
        self.log.close()

    # ------------------------------------------------------------------------ with clients

    def service(self, speed: Decimal | Literal["max"] = Decimal(1)) -> "Served":
        """Return the engine as clients see it, its loop not yet running."""
        return Served(self, speed)


class JournalLock:
    """Another process's transaction that never ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        self._connection = sqlite3.connect(self._path, isolation_level=None)
        self._connection.execute("BEGIN IMMEDIATE")
        return self

    def __exit__(self, *_: object) -> None:
        assert self._connection is not None
        with closing(self._connection) as connection:
            connection.execute("ROLLBACK")


class Served:
    """A service and its loop over a bench; time goes on with the test's clock."""

    def __init__(self, bench: LiveBench, speed: Decimal | Literal["max"]) -> None:
        self.bench = bench
        self.pace = Pace(bench.clock, speed, bench.runtime.now)
        self.service = EngineService(
            bench.runtime,
            Identity(
                mode="sandbox",
                name="main",
                id=ENGINE,
                version="0",
                api=1,
                pid=1,
                market="replay spot/day",
                started=START,
            ),
            clock=bench.clock,
            fees=Fees(),
            tape=bench.tape,
            alerts=bench.alerts,
            virtual_now=lambda: self.pace.now(bench.runtime.now),
            sleeves=SleeveParts(
                bench.loaded,
                bench.measured,
                FileSleeves((BTC,), {}, bench.folder / "home"),
                bench.tape,
            ),
            environ={},
        )
        self.loop = Loop(
            bench.runtime,
            self.service,
            clock=bench.clock,
            pace=self.pace,
            stop_at_end=False,
            until_consoles_leave=False,
        )

    async def go[T](self, asked: "asyncio.Task[T] | asyncio.Future[T]", ms_each: int = 1) -> T:
        """Run the loop, a little time at each turn, until an answer is there."""
        running = asyncio.ensure_future(self.loop.run())
        try:
            return await self.wait(asked, ms_each=ms_each, running=running)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def wait[T](
        self,
        asked: "asyncio.Task[T] | asyncio.Future[T]",
        *,
        ms_each: int,
        running: "asyncio.Future[str] | None" = None,
    ) -> T:
        """Let time go on, a little at each turn, until an answer is there or the loop has ended.

        A turn takes real time too: a machine that loads code slowly must not see a minute of the
        market pass meanwhile.
        """
        while not asked.done():
            self.bench.clock.run += ms_each * MS
            self.service.wake.set()
            await asyncio.sleep(0.0005)
            if running is not None and running.done():
                await asyncio.sleep(0)
                break
        return await asked
