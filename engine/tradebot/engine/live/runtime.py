"""The sandbox's turn of the crank: market, venue, timers and operators meet the kernel in virtual time.

One scheduler orders everything; speed only paces it. Each event gets the next seq, goes through the kernel, and leaves
its records; effects reach the venue after the latency, and one that adds risk not before its intent is durable.
"""

from collections import deque
from collections.abc import Callable, Iterable

from tradebot.data.events import AnyMarketEvent, MarketEvent
from tradebot.engine.core.events import (
    Event,
    FeedChanged,
    KillRequested,
    OperatorEvent,
    OrderLane,
    SleeveFailed,
    TimerFired,
    VenueEvent,
)
from tradebot.engine.core.inbox import Inbox
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
from tradebot.engine.core.types import MS, SECOND
from tradebot.engine.journal.errors import JournalUnavailable
from tradebot.engine.journal.segments import SegmentWriter
from tradebot.engine.journal.store import Journal
from tradebot.engine.live.markets import Market
from tradebot.engine.live.schedule import Arrival, Item, Lane, Schedule, TimerDue
from tradebot.engine.venue.native import NativeVenue, VenueEffect

LATENCY = 5 * MS
"""From the engine to the native venue and back again, each way."""

MARKET_MARK = SECOND
"""How often the venue writes where its market stands."""

RETRY = SECOND
"""Before an intent that could not be made durable is tried again."""


class Records:
    """The two records of one engine, written together."""

    def __init__(self, journal: Journal, segments: SegmentWriter) -> None:
        self.journal = journal
        self.segments = segments

    def market(self, seq: int, now: int, event: AnyMarketEvent) -> None:
        """Keep a market event as it was handed over."""
        self.segments.add(seq, now, event)
        if self.segments.due(now):
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


class Runtime:
    """A sandbox engine, stepped by whoever paces it."""

    def __init__(self, kernel: Kernel, records: Records, failed: list[SleeveFailed]) -> None:
        self.kernel = kernel
        self.records = records
        self.schedule = Schedule()
        self.inbox = Inbox()
        self.seq = 0
        self.now = 0
        self.observers: list[Callable[[int, int, Event, list[AnyOutcome]], None]] = []
        """Told of each step after it was kept: seq, now, event, outcomes."""
        self.journal_trouble: str | None = None
        self._failed = failed
        self._connected: tuple[NativeVenue, Market] | None = None
        self._next_market_mark = 0
        self._over = False

    @property
    def venue(self) -> NativeVenue:
        """Return the venue the engine trades at."""
        return self._both()[0]

    @property
    def market(self) -> Market:
        """Return the source of market events."""
        return self._both()[1]

    def _both(self) -> tuple[NativeVenue, Market]:
        if self._connected is None:
            raise LookupError("connect venue and market before the first step")
        return self._connected

    def connect(self, venue: NativeVenue, market: Market, *, seq: int, now: int) -> None:
        """Give the runtime its venue and market, and how far the history had come."""
        self._connected = (venue, market)
        self.seq = seq
        self.advance_to(now)

    # ---------------------------------------------------------------------------- venue's doors

    def depart(self, effect: VenueEffect) -> None:
        """Send an effect on its way to the venue."""
        self.schedule.add(self.now + LATENCY, Lane.VENUE, Arrival(effect, self.seq))

    def answer(self, event: VenueEvent) -> None:
        """Send a venue's event on its way to the engine."""
        self.schedule.add(self.now + LATENCY, Lane.VENUE, event)

    def operate(self, event: OperatorEvent, now: int) -> None:
        """Take an operator's word in now."""
        self.advance_to(now)
        self.hand_over(event)

    # ---------------------------------------------------------------------------- stepping

    def next_due(self) -> int | None:
        """Return when something happens next, ns UTC; None when nothing will."""
        scheduled = self.schedule.next()
        market = self._market_due()
        if scheduled is None:
            return market
        return scheduled[0] if market is None else min(scheduled[0], market)

    def _market_due(self) -> int | None:
        due = self.market.next_time()
        if due is None:
            # A recording that is over before it began (a start after its end) must still be said to be over.
            return None if self._over else self.now
        return max(due, self.now)

    def step(self) -> None:
        """Let the next thing happen."""
        scheduled = self.schedule.next()
        due = self._market_due()
        if scheduled is not None and (due is None or scheduled[0] <= due):
            self.advance_to(scheduled[0])
            self._take(self.schedule.pop())
            return
        if due is None:
            return
        self.advance_to(due)
        for event in self.market.advance(self.venue):
            self.inbox.put_market(event)
        self.drain()
        if self.now >= self._next_market_mark:
            self._next_market_mark = self.now + MARKET_MARK
            self.venue.mark_market(self.market.last_prices(), self.now)
        if self.market.next_time() is None and not self._over:
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
        return self.schedule.only_timers()

    def advance_to(self, now: int) -> None:
        """Move the engine's time forward; it never goes back."""
        self.now = max(self.now, now)

    def _take(self, item: Item) -> None:
        if isinstance(item, TimerDue):
            due = self.kernel.state.timers.get(item.timer_id)
            if due is not None and due <= self.now:
                self.inbox.put_order(TimerFired(timer_id=item.timer_id, due=due))
        elif isinstance(item, Arrival):
            self._arrive(item)
        else:
            self.inbox.put_order(item)
        self.drain()

    def _arrive(self, arrival: Arrival) -> None:
        """Let an effect reach the venue; one that adds risk only after its intent is durable."""
        effect = arrival.effect
        if isinstance(effect, RiskApproved):
            order = effect.item.order
            durable = arrival.seq <= self.records.journal.committed_seq or self.commit()
            if not durable and not order.reduce_only:
                arrival.held = True
                self.schedule.add(self.now + RETRY, Lane.VENUE, arrival)
                return
            known = self.kernel.state.blotter.get(order.client_order_id)
            if arrival.held and (known is None or known.state != "created"):
                # Taken back while it was held: it never leaves, and the venue will say it never came.
                return
        self.venue.arrive(effect, self.now)

    def commit(self) -> bool:
        """Make durable what was decided; where journal or venue cannot write, stop new risk."""
        pending = self.records.journal.pending
        if pending:
            try:
                self.records.commit()
            except JournalUnavailable as error:
                self._journal_failed(str(error))
                return False
        trouble = self.venue.trouble
        if trouble is not None:
            self._journal_failed(trouble)
            return False
        if pending:
            self.journal_trouble = None
        return True

    def _journal_failed(self, reason: str) -> None:
        """Stop new risk while the journal cannot be written; cancels and exits still go out."""
        if self.journal_trouble is None:
            self.inbox.put_order(KillRequested(reason=f"journal: {reason}"))
        self.journal_trouble = reason

    def drain(self) -> None:
        """Hand over all that waits in the inbox."""
        while (event := self.inbox.take()) is not None:
            self.hand_over(event)

    def hand_over(self, event: Event) -> list[AnyOutcome]:
        """Give one event the next seq, let the kernel decide, keep the records, start the effects."""
        self.seq += 1
        seq, now = self.seq, self.now
        decided = self.kernel.handle(seq, now, event)
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

    def _perform(self, decided: Iterable[StepOutcome]) -> None:
        for outcome in decided:
            if isinstance(outcome, RiskApproved | Cancel | QueryOrder | QueryAccount):
                self.venue.perform(outcome)
            elif isinstance(outcome, SetTimer):
                self.schedule.add(outcome.due, Lane.TIMER, TimerDue(outcome.timer_id))

    def _report_failures(self) -> None:
        while self._failed:
            self.hand_over(self._failed.pop(0))


class AlertHistory:
    """The newest alerts, for screens and logs."""

    def __init__(self, kept: int = 200) -> None:
        self.lines: deque[tuple[int, int, Alert]] = deque(maxlen=kept)

    def __call__(self, seq: int, now: int, _: Event, outcomes: list[AnyOutcome]) -> None:
        """Keep the alerts of a step."""
        for outcome in outcomes:
            if isinstance(outcome, Alert):
                self.lines.append((seq, now, outcome))
