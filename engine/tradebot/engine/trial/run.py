"""One policy, one recording, one run: the live kernel and the native venue in a folder, stepped to the end."""

import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import msgspec

from tradebot.data.events import Bar
from tradebot.data.instruments import Instrument
from tradebot.engine.core.events import Event, OrderFilled
from tradebot.engine.core.outcomes import AnyOutcome, FillBooked, OrderDenied, OrderIntent, Submit
from tradebot.engine.core.sleeve_money import profit
from tradebot.engine.core.sleeve_terms import SleeveStarted
from tradebot.engine.core.sleeves import LoadedPolicy
from tradebot.engine.core.state import State
from tradebot.engine.core.types import MINUTE, Owner
from tradebot.engine.live.assembly import Assembled, Terms, assemble, begin
from tradebot.engine.live.clock import Clock
from tradebot.engine.live.folder_records import open_records
from tradebot.engine.policy_source.load import VersionedPolicy, load_policy
from tradebot.engine.state_folder import StateFolder
from tradebot.engine.trial.recording import Recording
from tradebot.engine.trial.report import DecideTime, RunReport, write_equity, write_report
from tradebot.engine.trial.rules import UNLIMITED, Fill
from tradebot.engine.trial.trial import Trial, defaults
from tradebot.engine.trial.watched import Seen, watch

ID_DIGITS = 8
"""Hex digits of a run's id."""

PROGRESS_EVERY = 5_000
"""Events between two words about how far a run is."""


class Ran(msgspec.Struct, frozen=True):
    """A finished run."""

    report: RunReport
    seen: Seen
    decided: tuple[tuple[int, bytes], ...]
    """What was decided by market events and timers: the engine's time and each step's outcomes, encoded."""
    fills: tuple[OrderFilled, ...]
    """In the order in which the engine heard of them."""
    curve: tuple[tuple[int, str], ...]
    """The sleeve's equity, (ns UTC, money as text)."""
    cash: tuple[tuple[int, Decimal], ...]
    """The account's cash at the same moments, in the engine's currency."""
    submitted: tuple[OrderIntent, ...]
    events: int
    """Of the recordings."""
    fill: Fill
    """How orders filled."""
    instruments: tuple[Instrument, ...]


class _Book:
    """Counts what happens in a run.

    Args of the constructor:
        state: The kernel's.
        trial: What is run.
        at_bars: Whether equity is written down when a bar closes; else once a minute.
    """

    def __init__(self, state: State, trial: Trial, *, at_bars: bool) -> None:
        self._state = state
        self._trial = trial
        self._at_bars = at_bars
        self._next_mark = 0
        self.curve: list[tuple[int, str]] = []
        """The sleeve's equity, (ns UTC, money as text); where a price was missing, nothing."""
        self.cash: list[tuple[int, Decimal]] = []
        """The account's cash at the same moments, in the engine's currency."""
        self.fill_events: list[OrderFilled] = []
        self.submitted: list[OrderIntent] = []
        self.steps = self.orders = self.fills = 0
        self.refused: Counter[str] = Counter()
        self.decided: list[tuple[int, bytes]] = []

    def __call__(self, seq: int, now: int, event: Event, outcomes: list[AnyOutcome]) -> None:
        """Take a step in."""
        self.steps = seq
        if isinstance(event, OrderFilled):
            self.fill_events.append(event)
        for outcome in outcomes:
            match outcome:
                case Submit():
                    self.orders += 1
                    self.submitted.append(outcome.order)
                case FillBooked():
                    self.fills += 1
                case OrderDenied():
                    self.refused[outcome.code] += 1
                case _:
                    pass
        if outcomes:
            self.decided.append((now, msgspec.msgpack.encode(outcomes)))
        if isinstance(event, Bar) if self._at_bars else now >= self._next_mark:
            self.mark(now)

    def mark(self, now: int) -> None:
        """Write the sleeve's equity down."""
        self._next_mark = now - now % MINUTE + MINUTE
        made = profit(self._state, Owner(self._trial.name))
        if made is None:
            return
        if self.curve and self.curve[-1][0] == now:
            self.curve.pop()
            self.cash.pop()
        self.curve.append((now, f"{self._trial.capital + made:f}"))
        self.cash.append((now, self._cash()))

    def _cash(self) -> Decimal:
        started = self._state.sleeves[Owner(self._trial.name)].started
        return self._state.ledger.balance(started.account, self._state.currency)


def run_trial(
    trial: Trial,
    runs: Path,
    *,
    store: Path,
    clock: Clock,
    progress: Callable[[int], None] | None = None,
) -> Ran:
    """Run a policy over a recording and keep the run.

    Args:
        trial: What is run.
        runs: Where runs are kept; this one gets a folder named by its id.
        store: The folder of the datasets.
        clock: The machine's.
        progress: Called now and then with the number of events so far.

    Raises:
        PolicyNotLoaded: If the policy cannot be loaded.
        CannotRun: If a dataset is not there, has not the symbols, or cannot be run on under the rules.
    """
    started = clock.monotonic_ns()
    found = load_policy(trial.policy, trial.params, trial.folders)
    market = Recording(trial, store)
    run_id = _id_of(trial, found, market)
    watched = watch(found.loaded.policy, clock)
    owner = Owner(trial.name)
    with ExitStack() as stack:
        folder = stack.enter_context(_folder(runs / run_id, clock))
        records = open_records(folder, clock, stack)
        world = stack.enter_context(market.setting().open(folder))
        records.journal.bind(folder.id, folder.mode, world.clock)
        loaded = LoadedPolicy(watched, found.loaded.params, found.loaded.memory)
        policies = {owner: msgspec.structs.replace(found, loaded=loaded)}
        currency = market.instruments[0].currency
        engine = assemble(folder.id, world, records, policies, currency=currency, clock=clock)
        book = _Book(
            engine.runtime.kernel.state, trial, at_bars=trial.rules is not None and market.has_bars
        )
        engine.runtime.observers.append(book)
        begin(engine, _terms(trial, found, engine, currency))
        began = engine.runtime.now
        _step_to_the_end(engine, progress)
        engine.runtime.commit()
        state = engine.runtime.kernel.state
        report = RunReport(
            id=run_id,
            name=trial.name,
            policy=found.reference,
            version=found.version,
            params=dict(trial.params),
            symbols=tuple(instrument.id for instrument in market.instruments),
            scales={i.id: (i.price_scale, i.quantity_scale) for i in market.instruments},
            dataset=trial.dataset,
            sha256=market.sha256,
            seed=trial.seed,
            capital=f"{trial.capital:f}",
            currency=currency,
            begin=began,
            end=engine.runtime.now,
            steps=book.steps,
            decisions=watched.seen.calls,
            reasons=dict(watched.seen.codes.most_common()),
            orders=book.orders,
            fills=book.fills,
            refused=dict(book.refused.most_common()),
            result=f"{profit(state, owner) or Decimal(0):f}",
            fees=f"{_fees(state, owner):f}",
            open=_open(state, owner),
            paused=state.sleeves[owner].paused,
            decide=_times(watched.seen.took),
            seconds=round((clock.monotonic_ns() - started) / 1e9, 2),
            assumptions={} if trial.rules is None else trial.rules.shown(market.fill),
        )
        book.mark(engine.runtime.now)
        write_equity(folder.path, book.curve)
        write_report(folder.path, report)
    return Ran(
        report=report,
        seen=watched.seen,
        decided=tuple(book.decided),
        fills=tuple(book.fill_events),
        curve=tuple(book.curve),
        cash=tuple(book.cash),
        submitted=tuple(book.submitted),
        events=market.events,
        fill=market.fill,
        instruments=market.instruments,
    )


def _folder(path: Path, clock: Clock) -> StateFolder:
    """Return a fresh folder for a run; what a run of the same id left is the same run, and made anew."""
    if path.exists():
        import shutil

        shutil.rmtree(path)
    return StateFolder.open(
        path,
        mode="sandbox",
        create=True,
        # All runs have one engine's id: the same decisions write the same order ids, and none ever meets a broker.
        entropy=lambda count: sha256(b"run").digest()[:count],
        now=clock.system_ns,
    )


def _id_of(trial: Trial, found: VersionedPolicy, market: Recording) -> str:
    told = (
        trial.name,
        found.reference,
        found.version,
        [instrument.id for instrument in market.instruments],
        trial.dataset,
        market.sha256,
        trial.start,
        trial.until,
        trial.capital,
        trial.seed,
        trial.rules,
    )
    return sha256(msgspec.json.encode(told)).hexdigest()[:ID_DIGITS]


def _terms(trial: Trial, found: VersionedPolicy, engine: Assembled, currency: str) -> Terms:
    sleeve = SleeveStarted(
        name=Owner(trial.name),
        policy=found.reference,
        version=found.version,
        account=engine.world.accounts[0].name,
        symbols=tuple(instrument.id for instrument in engine.world.instruments),
        capital=trial.capital,
        params=dict(trial.params),
    )
    rules = trial.rules
    limits = defaults().risk.limits() if rules is None or rules.limits == "house" else UNLIMITED
    terms = Terms(
        mode="sandbox",
        currency=currency,
        sleeves=(sleeve,),
        limits=limits.as_text(),
        seed=trial.seed,
        day_starts_minute=0,
        wall=0,
    )
    if rules is None:
        return terms
    return msgspec.structs.replace(
        terms, wants=rules.wants, marks=rules.mark, cash_buffer=rules.cash_buffer
    )


def _step_to_the_end(engine: Assembled, progress: Callable[[int], None] | None) -> None:
    runtime, told = engine.runtime, 0
    while not (runtime.market_is_over and runtime.quiet) and runtime.next_due() is not None:
        runtime.step()
        if progress is not None and runtime.seq - told >= PROGRESS_EVERY:
            told = runtime.seq
            progress(told)


def _fees(state: State, owner: Owner) -> Decimal:
    return sum(
        (held.fees for (_, _, whose), held in state.ledger.positions() if whose == owner),
        Decimal(0),
    )


def _open(state: State, owner: Owner) -> dict[str, str]:
    return {
        symbol: f"{state.instruments[symbol].quantity(held.quantity):f}"
        for (_, symbol, whose), held in state.ledger.positions()
        if whose == owner and held.quantity
    }


def _times(took: Sequence[int]) -> DecideTime | None:
    if len(took) < 2:  # noqa: PLR2004  (quantiles need two)
        return None
    cuts = statistics.quantiles(took, n=100)
    return DecideTime(p50=cuts[49] / 1e3, p99=cuts[98] / 1e3, most=max(took) / 1e3)
