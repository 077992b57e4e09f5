"""The turn of the crank: market, venue, timers and operators meet the kernel in the engine's time.

One scheduler orders everything; speed only paces it. Each event gets the next seq, goes through the kernel, and leaves
its records; effects wait in the outbox until they are durable, and then go to the venue. Before time goes on, what was
decided at this instant is committed together.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

import structlog

from tradebot.data.events import AnyMarketEvent, MarketEvent
from tradebot.data.instruments import InstrumentId
from tradebot.engine.control.health import SessionFacts
from tradebot.engine.core.events import (
    ConnectionEvent,
    Event,
    FeedChanged,
    KillRequested,
    OperatorEvent,
    OrderFilled,
    OrderLane,
    SleeveFailed,
    TimerFired,
    VenueEvent,
)
from tradebot.engine.core.execution import ExecutionEngine, VenueEffect
from tradebot.engine.core.inbox import Inbox, OrderLaneFull
from tradebot.engine.core.kernel import Kernel
from tradebot.engine.core.outcomes import (
    Alert,
    AnyOutcome,
    Cancel,
    QueryAccount,
    QueryOrder,
    SetTimer,
)
from tradebot.engine.core.risk import RiskApproved
from tradebot.engine.core.step import StepOutcome, plain
from tradebot.engine.core.types import SECOND, ClientOrderId
from tradebot.engine.journal.errors import JournalUnavailable
from tradebot.engine.journal.reserve import Reserve
from tradebot.engine.journal.segments import SegmentWriter
from tradebot.engine.journal.store import Journal
from tradebot.engine.live.checkpoints import Checkpoints
from tradebot.engine.live.outbox import Outbox
from tradebot.engine.live.schedule import Happening, Item, Lane, Schedule, TimerDue
from tradebot.engine.live.standing import Standing, no_standing

log = structlog.get_logger()

RETRY = SECOND
"""Before an intent that could not be made durable is tried again."""


class Feed(Protocol):
    """A source of market events in the engine's time."""

    @property
    def description(self) -> str:
        """Return what feeds the engine, in words."""
        ...

    @property
    def over(self) -> bool:
        """Return whether there will be no more news; a feed that only pushes is never over."""
        ...

    def next_time(self) -> int | None:
        """Return when the next news is due, ns UTC; None when nothing is known to come."""
        ...

    def advance(self, now: int) -> list[AnyMarketEvent]:
        """Let the next news happen and return what the engine sees of it."""
        ...


class ConnectedVenue(ExecutionEngine, Protocol):
    """A venue as the runtime needs it: it takes effects, and answers through `Runtime.answer` or `Runtime.receive`."""

    @property
    def trouble(self) -> str | None:
        """Return why the venue cannot keep its own records now; None while it can."""
        ...

    def queue_ahead(self, client_order_id: ClientOrderId) -> int | None:
        """Return the quantity estimated to stand before a resting order, in units; None where not known."""
        ...


class Records:
    """The two records of one engine, written together, and the reserve for when they cannot be.

    Args of the constructor:
        journal: Of the order lane and what was decided.
        segments: Of the market.
        reserve: For when neither can be written.
        lasting: Whether they are for a start after a crash. Those of a run that can be made again are written when
            much has gathered, not at each instant.
    """

    def __init__(
        self,
        journal: Journal,
        segments: SegmentWriter,
        reserve: Reserve | None = None,
        *,
        lasting: bool = True,
    ) -> None:
        self.lasting = lasting
        self.journal = journal
        self.segments = segments
        self.reserve = reserve

    def market(self, seq: int, now: int, event: AnyMarketEvent) -> None:
        """Keep a market event as it was handed over."""
        self.segments.add(seq, now, event)
        if self.segments.due(now if self.lasting else 0):
            self.flush_market()

    def step(self, seq: int, now: int, event: OrderLane | None, outcomes: list[AnyOutcome]) -> None:
        """Keep an order-lane event and what a step led to."""
        self.journal.append_step(seq, now, event, outcomes, self.segments.chain)

    def flush_market(self) -> None:
        """Write buffered market events."""
        block = self.segments.flush()
        if block is not None:
            self.journal.add_segment(block)

    def commit(self) -> None:
        """Make everything durable; market events before the intents that rest on them."""
        self.flush_market()
        self.journal.commit()
        self.empty_reserve()

    def empty_reserve(self) -> None:
        """Empty the reserve where the journal holds what it held."""
        reserve = self.reserve
        if reserve is not None and 0 < reserve.last_seq <= self.journal.committed_seq:
            try:
                reserve.clear()
            except OSError as error:
                # Harmless: a start passes over what the journal holds. It is tried again at the next commit.
                log.warning("reserve not emptied", reason=str(error))

    def keep(self) -> None:
        """Write the steps that are not durable into the reserve, before what they decided leaves.

        Raises:
            OSError: If the reserve does not take them either.
        """
        if self.reserve is not None:
            self.reserve.append(self.journal.unwritten(self.reserve.last_seq))


def _nobody() -> None:
    """Nobody waits for news yet."""


class Runtime:
    """An engine, stepped by whoever paces it."""

    def __init__(self, kernel: Kernel, records: Records, failed: list[SleeveFailed]) -> None:
        self.kernel = kernel
        self.records = records
        self.checkpoints = Checkpoints(records.journal, by_age=records.lasting)
        self.schedule = Schedule()
        self.inbox = Inbox()
        self.outbox = Outbox()
        self.seq = 0
        self.now = 0
        self.observers: list[Callable[[int, int, Event, list[AnyOutcome]], None]] = []
        """Told of each step after it was kept: seq, now, event, outcomes."""
        self.settled: list[Callable[[int, int, list[VenueEffect]], None]] = []
        """Told of each settling: now, the highest durable seq, the effects that left."""
        self.journal_trouble: str | None = None
        self._failed = failed
        self._connected: tuple[ConnectedVenue, Feed] | None = None
        self._retry_at = 0
        self._over = False
        self._overflow: str | None = None
        self.sessions: Callable[[], tuple[SessionFacts, ...]] = tuple
        """Tells of the connections to brokers; whoever connects some sets it."""
        self.standing: Callable[[InstrumentId], Standing | None] = no_standing
        """Tells what a venue says of an instrument besides prices; whoever connects a market that does sets it."""
        self.on_news: Callable[[], None] = _nobody
        """Called when an event from outside waits for its turn."""

    @property
    def venue(self) -> ConnectedVenue:
        """Return the venue the engine trades at."""
        return self._both()[0]

    @property
    def feed(self) -> Feed:
        """Return the source of market events."""
        return self._both()[1]

    def _both(self) -> tuple[ConnectedVenue, Feed]:
        if self._connected is None:
            raise LookupError("connect venue and feed before the first step")
        return self._connected

    def connect(self, venue: ConnectedVenue, feed: Feed, *, seq: int, now: int) -> None:
        """Give the runtime its venue and feed, and how far the history had come."""
        self._connected = (venue, feed)
        self.seq = seq
        self.advance_to(now)

    # ---------------------------------------------------------------------------- venue's doors

    def after(self, delay: int, take_place: Callable[[], None]) -> None:
        """Let something take place outside the engine after a delay in ns."""
        self.schedule.add(self.now + delay, Lane.VENUE, Happening(take_place))

    def answer(self, event: VenueEvent | ConnectionEvent, delay: int) -> None:
        """Send a venue's event on its way to the engine; it is there after a delay in ns."""
        self.schedule.add(self.now + delay, Lane.VENUE, event)

    def receive(self, event: AnyMarketEvent | VenueEvent | ConnectionEvent) -> None:
        """Take in an event that is here already, from a venue in the world outside; its turn comes at once.

        Raises:
            OrderLaneFull: If the order lane is full: the engine halts, and whoever receives must disconnect and
                subscribe anew, for what does not fit is not kept.
        """
        if isinstance(event, MarketEvent):
            self.inbox.put_market(event)
        else:
            try:
                self.inbox.put_order(event)
            except OrderLaneFull as error:
                self._overflow = str(error)
                raise
        self.on_news()

    def operate(self, event: OperatorEvent, now: int) -> None:
        """Take an operator's word in now."""
        self.advance_to(now)
        self.hand_over(event)

    # ---------------------------------------------------------------------------- stepping

    def next_due(self) -> int | None:
        """Return when something happens next, ns UTC; None when nothing will."""
        if self.inbox:
            return self.now
        coming = self._coming()
        if not self.outbox:
            return coming
        settles = self.now if self.journal_trouble is None else max(self.now, self._retry_at)
        return settles if coming is None else min(coming, settles)

    def _coming(self) -> int | None:
        scheduled = self.schedule.next()
        market = self._market_due()
        if scheduled is None:
            return market
        return scheduled[0] if market is None else min(scheduled[0], market)

    def _market_due(self) -> int | None:
        due = self.feed.next_time()
        if due is None:
            # A recording that is over before it began (a start after its end) must still be said to be over.
            return self.now if self.feed.over and not self._over else None
        return max(due, self.now)

    def step(self) -> None:
        """Let the next thing happen; before time goes on, settle what was decided until now."""
        if self.inbox:
            self.drain()
            return
        if self.settles_next:
            # All of this instant is decided: one commit for it, then its effects leave.
            self.advance_to(self.next_due() or self.now)
            self.settle()
            return
        scheduled = self.schedule.next()
        due = self._market_due()
        if scheduled is not None and (due is None or scheduled[0] <= due):
            self.advance_to(scheduled[0])
            self._take(self.schedule.pop())
            return
        if due is None:
            return
        self.advance_to(due)
        for event in self.feed.advance(self.now):
            self.inbox.put_market(event)
        self.drain()
        if self.feed.over and not self._over:
            self._over = True
            for known in self.kernel.state.market.all():
                instrument = known.instrument.id
                self.inbox.put_order(
                    FeedChanged(instrument=instrument, state="ended", reason="recording over")
                )
            self.drain()

    @property
    def market_is_over(self) -> bool:
        """Return whether the recording has ended."""
        return self._over

    @property
    def quiet(self) -> bool:
        """Return whether nothing is on its way between engine and venue."""
        return self.schedule.only_timers() and not self.outbox

    def advance_to(self, now: int) -> None:
        """Move the engine's time forward; it never goes back."""
        self.now = max(self.now, now)

    def _take(self, item: Item) -> None:
        if isinstance(item, TimerDue):
            due = self.kernel.state.timers.get(item.timer_id)
            if due is not None and due <= self.now:
                self.inbox.put_order(TimerFired(timer_id=item.timer_id, due=due))
        elif isinstance(item, Happening):
            item.take_place()
        else:
            self.inbox.put_order(item)
        self.drain()

    @property
    def settles_next(self) -> bool:
        """Return whether the next step commits this instant and lets its effects go."""
        coming, due = self._coming(), self.next_due()
        return bool(self.outbox) and due is not None and (coming is None or coming > due)

    def settle(self) -> bool:
        """Commit what was decided, and let go what may leave; return whether all of it is durable.

        What adds risk leaves only when it is durable, what lowers it in any case.
        """
        durable = self.commit()
        self.release(durable=durable)
        return durable

    def release(self, *, durable: bool) -> None:
        """Let go what may leave after a commit was tried.

        Args:
            durable: Whether it could be done.
        """
        self._retry_at = self.now + RETRY
        committed = self.records.journal.committed_seq
        blotter = self.kernel.state.blotter
        released = self.outbox.release(committed, blotter, self.now, failed=not durable)
        undurable = self.records.journal.pending and not durable
        if undurable and any(map(_changes_the_venue, released.effects)):
            self._keep()
        for effect in released.effects:
            self.venue.perform(effect)
        for observer in self.settled:
            observer(self.now, committed, released.effects)
        for event in released.taken_back:
            self.inbox.put_order(event)
        self.drain()

    def commit(self) -> bool:
        """Make durable what was decided; where journal or venue cannot write, stop new risk."""
        pending, trouble = self.records.journal.pending > 0, None
        try:
            self.prepare_commit()
            if pending:
                self.records.journal.commit()
        except JournalUnavailable as error:
            trouble = str(error)
        return self.committed(trouble, tried=pending)

    def prepare_commit(self) -> None:
        """Write what a commit rests on: market events before the intents that rest on them, and a checkpoint if due.

        Raises:
            JournalUnavailable: If the market events cannot be written.
        """
        if self.records.journal.pending:
            self.checkpoints.look(self.kernel.state, self.now)
            if self.records.lasting:
                self.records.flush_market()

    def committed(self, trouble: str | None, *, tried: bool) -> bool:
        """Take in how a commit ended; return whether journal and venue can write.

        Args:
            trouble: Why it could not be done; None where it could.
            tried: Whether there was anything to commit.
        """
        trouble = trouble or self.venue.trouble
        if trouble is not None:
            self._journal_failed(trouble)
            return False
        if tried:
            self.journal_trouble = None
            self.records.empty_reserve()
        return True

    def _keep(self) -> None:
        """Write into the reserve what leaves though the journal did not take it; it leaves in any case."""
        try:
            self.records.keep()
        except OSError as error:
            self.journal_trouble = f"{self.journal_trouble}; reserve: {error}"
            log.warning("sent without a record", reason=str(error))

    def _journal_failed(self, reason: str) -> None:
        """Stop new risk while the journal cannot be written; cancels and exits still go out."""
        if self.journal_trouble is None:
            self.inbox.put_order(KillRequested(reason=f"journal: {reason}"))
        self.journal_trouble = reason

    def drain(self) -> None:
        """Hand over all that waits in the inbox."""
        while (event := self.inbox.take()) is not None:
            self.hand_over(event)
        if self._overflow is not None:
            reason, self._overflow = self._overflow, None
            self.hand_over(KillRequested(reason=reason))

    def hand_over(self, event: Event) -> list[AnyOutcome]:
        """Give one event the next seq, let the kernel decide, keep the records, start the effects.

        What was told and booked before has no seq and no record: each report tells the fills of many minutes again.
        """
        if isinstance(event, OrderFilled) and not self._is_news(event):
            return []
        seq, now = self.seq + 1, self.now
        decided = self.kernel.handle(seq, now, event)
        if self.kernel.state.told_again:
            return []
        self.seq = seq
        outcomes = [plain(outcome) for outcome in decided]
        if isinstance(event, MarketEvent):
            try:
                self.records.market(seq, now, event)
            except JournalUnavailable as error:
                self._journal_failed(str(error))
            if outcomes:
                self.records.step(seq, now, None, outcomes)
        else:
            self.records.step(seq, now, event, outcomes)
        self._perform(decided)
        for observer in self.observers:
            observer(seq, now, event, outcomes)
        self._report_failures()
        return outcomes

    def _is_news(self, event: OrderFilled) -> bool:
        """Return whether a fill may be told: one of an order no longer in memory may have been booked long ago."""
        blotter = self.kernel.state.blotter
        seen = blotter.executions.seen(event.account, event.execution_id)
        if seen or blotter.get(event.client_order_id) is not None:
            return True
        try:
            return not self.records.journal.has_execution(event.account, event.execution_id)
        except JournalUnavailable as error:
            # Neither lost nor booked twice: it is told again once the journal can say.
            log.warning("fill waits for the journal", fill=event.execution_id, reason=str(error))
            self.answer(event, RETRY)
            return False

    def _perform(self, decided: Iterable[StepOutcome]) -> None:
        for outcome in decided:
            if isinstance(outcome, RiskApproved | Cancel | QueryOrder | QueryAccount):
                self.outbox.put(self.seq, outcome)
            elif isinstance(outcome, SetTimer):
                self.schedule.add(outcome.due, Lane.TIMER, TimerDue(outcome.timer_id))

    def _report_failures(self) -> None:
        while self._failed:
            self.hand_over(self._failed.pop(0))


def _changes_the_venue(effect: VenueEffect) -> bool:
    return not isinstance(effect, QueryOrder | QueryAccount)


class AlertHistory:
    """The newest alerts, for screens and logs."""

    def __init__(self, kept: int = 200) -> None:
        self.lines: deque[tuple[int, int, Alert]] = deque(maxlen=kept)

    def __call__(self, seq: int, now: int, _: Event, outcomes: list[AnyOutcome]) -> None:
        """Keep the alerts of a step."""
        for outcome in outcomes:
            if isinstance(outcome, Alert):
                self.lines.append((seq, now, outcome))
