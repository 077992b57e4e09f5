"""The engine's loop: turns the crank in short slices, commits, tells waiters, sleeps until something is due."""

import asyncio
import concurrent.futures
import contextlib
from collections.abc import Callable

import structlog

from tradebot.engine.journal.errors import JournalUnavailable
from tradebot.engine.live.clock import Clock
from tradebot.engine.live.errors import CannotRun
from tradebot.engine.live.pace import Pace
from tradebot.engine.live.runtime import Runtime
from tradebot.engine.live.service import EngineService

SLICE_NS = 4_000_000
"""Longest stretch without looking at clients."""

PATIENCE_S = 0.05
"""Longest a commit keeps clients waiting; one that takes longer goes on beside the loop."""

IDLE_S = 0.5
"""Longest sleep: waiters and consoles are looked at this often."""

GONE_S = 3.0
"""A sandbox made for consoles ends this long after its last one left."""

FIRST_CONSOLE_S = 60.0
"""And this long after its start if none ever came."""

log = structlog.get_logger()


class Loop:
    """Runs a sandbox engine until it is told to stop or its recording is over."""

    def __init__(
        self,
        runtime: Runtime,
        service: EngineService,
        *,
        clock: Clock,
        pace: Pace,
        stop_at_end: bool,
        until_consoles_leave: bool,
    ) -> None:
        self._runtime = runtime
        self._service = service
        self._clock = clock
        self._pace = pace
        self._stop_at_end = stop_at_end
        self._until_consoles_leave = until_consoles_leave
        self.turned: Callable[[], None] | None = None
        """Called after each turn: whoever is not called any more knows that the loop is stuck."""
        self._alone_since = clock.monotonic_ns()
        self._settling = False
        runtime.on_news = service.wake.set

    async def run(self) -> str:
        """Run; return why it ended."""
        with concurrent.futures.ThreadPoolExecutor(1, "journal") as disk:
            return await self._run(disk)

    async def _run(self, disk: concurrent.futures.Executor) -> str:
        service = self._service
        while True:
            due = self._turn()
            service.authority.look_at_terminals()
            service.sleeves.look()
            await self._commit(disk, release=self._settling)
            if self.turned is not None:
                self.turned()
            if service.stopping.is_set():
                return "stopped"
            refused = self._runtime.kernel.state.refused
            if refused is not None:
                raise CannotRun(refused, 5)
            if self._played_out():
                return "recording over"
            if self._nobody_left():
                return "last console left"
            await self._rest(due)

    async def say_goodbye(self) -> None:
        """Let those who wait for a commit see that there will be none."""
        self._service.stopping.set()
        async with self._service.committed:
            self._service.committed.notify_all()

    def _turn(self) -> int | None:
        """Let what is due happen for one slice; return when the next thing is due."""
        runtime, pace = self._runtime, self._pace
        started = self._clock.monotonic_ns()
        self._settling = False
        while True:
            if runtime.inbox:
                runtime.advance_to(pace.now(runtime.now))
            due = runtime.next_due()
            if due is None or (not pace.unbounded and due > pace.now(runtime.now)):
                break
            if self._played_out():
                break
            if runtime.settles_next:
                runtime.advance_to(due)
                self._settling = True
                break
            runtime.step()
            if runtime.market_is_over and not self._stop_at_end:
                pace.walk(runtime.now)
            if self._clock.monotonic_ns() - started > SLICE_NS:
                break
        self._service.lag_ms = (self._clock.monotonic_ns() - started) / 1e6
        return runtime.next_due()

    def _played_out(self) -> bool:
        """Return whether the run ends here: at any speed after the same step, so that runs can be compared."""
        runtime = self._runtime
        return self._stop_at_end and runtime.market_is_over and runtime.quiet

    async def _commit(self, disk: concurrent.futures.Executor, *, release: bool) -> None:
        """Make durable what was decided, and let its effects go if it is their turn."""
        runtime = self._runtime
        tried = runtime.records.journal.pending > 0
        trouble = await self._written(disk) if tried else None
        durable = runtime.committed(trouble, tried=tried)
        if release:
            runtime.release(durable=durable)
        if not durable:
            runtime.drain()
        async with self._service.committed:
            self._service.committed.notify_all()

    async def _written(self, disk: concurrent.futures.Executor) -> str | None:
        """Commit beside the loop, so that a slow disk keeps no client waiting; return why it could not be done."""
        runtime = self._runtime
        try:
            runtime.prepare_commit()
            writing = disk.submit(runtime.records.journal.commit)
            # A commit that takes its usual milliseconds is waited for on the spot: nothing comes between.
            concurrent.futures.wait([writing], PATIENCE_S)
            if writing.done():
                writing.result()
            else:
                await asyncio.wrap_future(writing)
        except JournalUnavailable as error:
            return str(error)
        return None

    async def _rest(self, due: int | None) -> None:
        """Sleep until the next thing is due or somebody calls; always let others run."""
        wait = IDLE_S if due is None else min(IDLE_S, self._pace.seconds_until(due))
        if wait <= 0 or self._service.wake.is_set():
            self._service.wake.clear()
            await asyncio.sleep(0)
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._service.wake.wait(), wait)
        self._service.wake.clear()

    def _nobody_left(self) -> bool:
        if not self._until_consoles_leave:
            return False
        now = self._clock.monotonic_ns()
        if self._service.consoles:
            self._alone_since = now
            return False
        patience = GONE_S if self._service.consoles_seen else FIRST_CONSOLE_S
        return now - self._alone_since > patience * 1e9
