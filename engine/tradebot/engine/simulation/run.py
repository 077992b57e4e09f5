"""One seed from beginning to end: spells of trading under faults, deaths, restarts, and quiet points between them."""

import shutil
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

from tradebot.data.events import MarketEvent
from tradebot.engine.core.events import (
    CancelRequested,
    Event,
    OperatorEvent,
    OrderFilled,
    ReconcileRequested,
    ResumeRequested,
    TimerFired,
)
from tradebot.engine.core.execution import VenueEffect
from tradebot.engine.core.outcomes import AnyOutcome, Submit
from tradebot.engine.core.risk import RiskApproved
from tradebot.engine.core.types import MS, SECOND, ClientOrderId, EngineId
from tradebot.engine.simulation.aim import Marksman
from tradebot.engine.simulation.disk import EngineDied, as_left_behind
from tradebot.engine.simulation.hand import Hand
from tradebot.engine.simulation.instruments import INSTRUMENTS
from tradebot.engine.simulation.judge import Judge
from tradebot.engine.simulation.market import FAR
from tradebot.engine.simulation.memory import LOOKED, difference, remembered
from tradebot.engine.simulation.plan import Plan, generator
from tradebot.engine.simulation.process import Process, read_again
from tradebot.engine.simulation.quiet import check_quiet, unsettled
from tradebot.engine.simulation.result import Failure, SeedResult
from tradebot.engine.simulation.violation import Violation
from tradebot.engine.simulation.world import SimulatedWorld

SPELL = 3_600 * MS
"""How long a spell of trading lasts."""

SLEEPS = (*[SECOND] * 5, *[20 * SECOND] * 2, 310 * SECOND)
"""How long nothing but timers may happen between two spells; the longest lets a checkpoint come due."""

RIVAL = EngineId("riva1")
"""Another engine that trades the same account."""

PATIENCE = 90 * SECOND
"""How long a healed engine may take to be of one mind with the venue."""

BROKERS_PATIENCE = 180 * SECOND
"""The same where a broker tells: fees come half a minute after their fills, the engine asks again once a minute."""

STEPS_MAX = 60_000
"""More steps than any seed needs: a run that gets there goes in circles."""

A_MOMENT = 800 * MS
"""How long before an aimed instant the clock is set forward to it: books come anew in between."""


class Simulation:
    """A world, a judge, and one engine after the other.

    Args of the constructor:
        plan: What the seed stands for.
        folder: An empty folder of its own.
        explain: Called with a line for each thing that happens; None: silent.
    """

    def __init__(
        self, plan: Plan, folder: Path, explain: Callable[[str], None] | None = None
    ) -> None:
        self.plan = plan
        self.world = SimulatedWorld(plan)
        self.judge = Judge()
        self._explain = explain
        self._folder = folder
        self._chance = generator(plan.seed, "run")
        self.hand = Hand(plan, self.judge.facts)
        self.marksman = Marksman(plan, self.judge, self.world)
        self._hand_due = FAR
        self._end = 0
        """When what goes on now is over, ns UTC."""
        self._lives = 0
        self._take_over: tuple[EngineId, ...] = ()
        self.crashes = 0
        self.steps = 0
        self._decided = 0
        self._trace = blake2b(digest_size=16)
        self.process = self._start(self._place())
        self.world.venue.on_departure = self._leaves

    # ---------------------------------------------------------------------------- lives

    def _place(self) -> Path:
        self._lives += 1
        return self._folder / f"life-{self._lives}"

    def _start(self, place: Path, before: bytes | None = None) -> Process:
        """Open an engine on a folder; `before` is what it must remember, None where that cannot be said."""
        process = Process(place, self.world)
        found = None if before is None else difference(before, remembered(process.state))
        if found is not None:
            process.close()
            raise Violation("recovery", found)
        self.judge.state = process.state
        self.judge.written = process.written
        process.runtime.observers.append(self._saw)
        if self._lives > 1:
            self.judge.facts.forget_after(process.journal.last_seq)
            self.judge.after_recovery()
        process.begin(self._take_over)
        return process

    def _saw(self, seq: int, now: int, event: Event, outcomes: list[AnyOutcome]) -> None:
        self.steps += 1
        self._decided += isinstance(event, TimerFired) and event.timer_id.startswith("every:")
        if self._explain is not None and not isinstance(event, MarketEvent):
            self._explain(f"{seq} {now / 1e9:.3f} {event}")
            for outcome in outcomes:
                self._explain(f"    {outcome}")
        elif self._explain is not None and outcomes:
            self._explain(f"{seq} {now / 1e9:.3f} {type(event).__name__}")
            for outcome in outcomes:
                self._explain(f"    {outcome}")
        self.judge(seq, now, event, outcomes)

    def _leaves(self, effect: VenueEffect) -> None:
        if isinstance(effect, RiskApproved):
            self.judge.leaves(effect.item)
        journal = self.process.journal
        if journal.dies_soon or self.world.faults.strike("crash"):
            journal.dies_soon = False
            raise EngineDied

    def _restart(self, died: EngineDied) -> None:
        """Begin anew on what the dead process left behind."""
        self.crashes += 1
        if self._explain is not None:
            self._explain(f"-- killed (torn {died.torn}), at {self.world.agenda.now / 1e9:.3f}")
        process, place = self.process, self._place()
        whole = not died.torn and process.durable_seq >= process.journal.last_seq
        before = remembered(process.state) if whole else None
        as_left_behind(process.folder, died, place)
        self.world.engine_died()
        process.close()
        shutil.rmtree(process.folder)
        self._sleep(self._chance.choice([50 * MS, SECOND, 10 * SECOND]))
        self.process = self._start(place, before)

    def _sleep(self, span: int) -> None:
        """Let the world go on without the engine."""
        agenda = self.world.agenda
        until = agenda.now + span
        while (due := agenda.next_due()) is not None and due <= until:
            agenda.act()
        agenda.reach(until)

    # ---------------------------------------------------------------------------- time

    def _tick(self, engine: int, outside: int) -> None:
        """Let the next thing happen, whose ever it is.

        Args:
            engine: When something is due in the engine, ns UTC.
            outside: The same of the world around it.
        """
        if self.steps > STEPS_MAX:
            raise Violation("timer", f"{STEPS_MAX} steps and no end: something goes in circles")
        agenda, runtime = self.world.agenda, self.process.runtime
        if engine <= outside and engine <= self._hand_due:
            runtime.step()
            agenda.reach(runtime.now)
        elif outside <= self._hand_due:
            agenda.act()
        else:
            agenda.reach(self._hand_due)
            self._hand_acts()
        self._disk_took_time()
        if self.steps % 48 == 0 and not runtime.commit():
            runtime.drain()

    def _disk_took_time(self) -> None:
        journal = self.process.journal
        if journal.slowed:
            runtime = self.process.runtime
            runtime.advance_to(runtime.now + journal.slowed)
            self.world.agenda.reach(runtime.now)
            journal.slowed = 0

    def _until(self, done: Callable[[], bool], span: int) -> None:
        """Let things happen until something is so, or for a span of the world's time."""
        agenda = self.world.agenda
        self._end = agenda.now + span
        while not done() and agenda.now < self._end:
            try:
                engine, outside = self.process.runtime.next_due(), agenda.next_due()
                engine = FAR if engine is None else engine
                outside = FAR if outside is None else outside
                if min(engine, outside, self._hand_due) >= self._end:
                    agenda.reach(self._end)
                    break
                self._tick(engine, outside)
            except EngineDied as died:
                self._restart(died)

    # ---------------------------------------------------------------------------- actors

    def _hand_acts(self) -> None:
        now = self.world.agenda.now
        self._hand_due = now + self.hand.pause()
        self._mischief()
        self.marksman.put_back()
        again_at = self.marksman.again_at
        if again_at is not None and now == again_at:
            words = self.marksman.once_more()
        elif again_at is not None and now < again_at - A_MOMENT:
            self._jump(again_at - A_MOMENT)
            self._hand_due = again_at
            return
        else:
            words = self.marksman.words() if self._chance.random() < 0.2 else [self.hand.word(now)]
        if self.world.faults.strike("full_disk"):
            self._fill_the_disk()
        for word in words:
            if word is not None:
                self._operate(word)

    def _fill_the_disk(self) -> None:
        """Let the disk be full from the very next step on, with all before it durable."""
        self._operate(CancelRequested(client_order_id=ClientOrderId("none")))
        self.process.runtime.commit()
        self.process.journal.fill_up(self._chance.randint(1, 3))

    def _jump(self, to: int) -> None:
        """Set the clock forward; the spell is none the shorter for it."""
        runtime = self.process.runtime
        self._end += max(to - self.world.agenda.now, 0)
        runtime.advance_to(to)
        self.world.agenda.reach(runtime.now)

    def _operate(self, word: OperatorEvent) -> None:
        self.process.runtime.operate(word, self.world.agenda.now)

    def _mischief(self) -> None:
        """Let happen what nobody in the engine asked for."""
        faults, venue = self.world.faults, self.world.venue
        runtime = self.process.runtime
        if faults.strike("bust") and not venue.bust():
            faults.struck["bust"] -= 1
        if faults.strike("correction") and not venue.correct():
            faults.struck["correction"] -= 1
        if faults.strike("foreign"):
            account = self._chance.choice(self.plan.accounts)
            if not venue.place_elsewhere(account, self._chance.choice(INSTRUMENTS)):
                faults.struck["foreign"] -= 1
        if faults.strike("clock_jump"):
            self._jump(runtime.now + faults.between(-5, 20) * SECOND)

    # ---------------------------------------------------------------------------- the plot

    def run(self) -> None:
        """Live through all spells.

        Raises:
            Violation: At the first rule that is broken.
        """
        for left in reversed(range(self.plan.rounds)):
            self._spell()
            self._come_to_rest()
            if left and self.plan.rival:
                self._meet_rival()
            if left:
                self._sleep_awake(self._chance.choice(SLEEPS))
        self._read_back()

    def _meet_rival(self) -> None:
        """Start while another engine has an order open: refused, and begun only with the word that takes it over."""
        account = self._chance.choice(self.plan.accounts)
        if not self.world.venue.place_elsewhere(account, self._chance.choice(INSTRUMENTS), RIVAL):
            return
        self.process.runtime.commit()
        self._restart(EngineDied())
        self._until(lambda: self.judge.facts.refused is not None, PATIENCE)
        reason = self.judge.facts.refused or "nothing"
        if f"--take-over {RIVAL}" not in reason:
            raise Violation("rival", f"{RIVAL} has an order open; the start said: {reason}")
        # Nobody ends the program here: whoever goes on asking for new risk must not get it.
        self.world.feed.speak()
        self._hand_due = self.world.agenda.now
        self._until(lambda: False, SECOND)
        self.process.runtime.commit()
        self._take_over = (RIVAL,)
        self._restart(EngineDied())
        self._take_over = ()
        self._come_to_rest()

    def _spell(self) -> None:
        world = self.world
        world.faults.armed = True
        world.feed.speak()
        self._hand_due = world.agenda.now + 200 * MS
        self._until(lambda: False, SPELL)

    def _sleep_awake(self, span: int) -> None:
        self._until(lambda: False, span)

    def _come_to_rest(self) -> None:
        """Heal the world, wait until engine and venue are of one mind, and compare."""
        world = self.world
        self._hand_due = FAR
        world.feed.fall_silent()
        world.heal()
        self.process.journal.heal()
        self._until(lambda: False, 6 * SECOND)
        self._operate(ReconcileRequested())
        patience = PATIENCE if self.plan.speaks is None else BROKERS_PATIENCE
        self._until(self._at_rest, patience)
        if not self._at_rest():
            raise Violation("unresolved", f"after {patience // SECOND} s: {self._what_is_open()}")
        check_quiet(self.judge, world.venue.exchange)
        self._reconcile_twice()
        if self.judge.facts.state != "ACTIVE":
            self._operate(ResumeRequested(reason="quiet, all compared"))
            self._until(lambda: self.process.runtime.quiet, SECOND)

    def _at_rest(self) -> bool:
        runtime, state = self.process.runtime, self.process.state
        return (
            len(self.world.agenda) == 0
            and runtime.quiet
            and self.world.venue.settled
            and (self.plan.speaks is None or self._agreed())
            and not state.flattening
            and unsettled(state, self.world.venue.exchange) is None
        )

    def _agreed(self) -> bool:
        """Return whether the newest reports found nothing: a broker tells some things later than it does them."""
        accounts = self.process.state.accounts
        return all(one.reconciled and not one.differences for one in accounts.values())

    def _what_is_open(self) -> str:
        state = self.process.state
        return unsettled(state, self.world.venue.exchange) or (
            f"flattening {sorted(state.flattening)}, agenda {len(self.world.agenda)}, "
            f"quiet {self.process.runtime.quiet}, agreed {self._agreed()}"
        )

    def _reconcile_twice(self) -> None:
        before, said = remembered(self.process.state), self._said()
        self._reconcile()
        found = difference(before, remembered(self.process.state), LOOKED)
        if found is not None and said == self._said():
            raise Violation("reconcile-twice", found)

    def _said(self) -> tuple[int, int | None]:
        """Return how much has come by itself: words of the venue and sleeves' hours; and which day it is."""
        words = sum(stream.said for stream in self.world.venue.streams.values())
        return self._decided + words, self.process.state.day

    def _reconcile(self) -> None:
        self._operate(ReconcileRequested())
        for account in self.plan.accounts:
            self.world.venue.look_again(account)
        self._until(lambda: len(self.world.agenda) == 0 and self.process.runtime.quiet, SECOND)

    def _read_back(self) -> None:
        """Recover the records once more, beside the living engine, and compare."""
        self.process.runtime.commit()
        before = remembered(self.process.state)
        found = difference(before, remembered(read_again(self.process.folder)))
        if found is not None:
            raise Violation("recovery", found)

    def result(self, failure: Failure | None, *, trace: bool) -> SeedResult:
        """Return what it came to, with the hash of all that happened or without."""
        exchange = self.world.venue.exchange
        return SeedResult(
            seed=self.plan.seed,
            steps=self.steps,
            events=self.world.venue.words,
            orders=sum(1 for order in exchange.orders.values() if not order.foreign),
            fills=len(exchange.books.executions),
            crashes=self.crashes,
            unknown_resolved=self.judge.unknown_resolved,
            faults=dict(self.world.faults.struck),
            trace=self._trace_of() if trace else "",
            failure=failure,
        )

    def _trace_of(self) -> str:
        trace = blake2b(digest_size=16)
        for step in self.judge.facts.steps:
            if not isinstance(step.event, MarketEvent):
                trace.update(f"{step.seq} {step.now} {type(step.event).__name__}".encode())
            for outcome in step.outcomes:
                trace.update(type(outcome).__name__.encode())
                if isinstance(outcome, Submit):
                    trace.update(repr(outcome.order).encode())
            if isinstance(step.event, OrderFilled):
                trace.update(repr(step.event).encode())
        return trace.hexdigest()
