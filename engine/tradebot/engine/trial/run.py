"""One policy, one recording, one run: the live kernel and the native venue in a folder, stepped to the end."""

import statistics
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from tradebot.data.errors import DataError
from tradebot.data.events import AnyMarketEvent
from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.data.replay import replay
from tradebot.data.store import Store
from tradebot.engine.config.load import load
from tradebot.engine.config.models import Config
from tradebot.engine.core.events import Event
from tradebot.engine.core.outcomes import AnyOutcome, FillBooked, OrderDenied, Submit
from tradebot.engine.core.sleeve_money import profit
from tradebot.engine.core.sleeve_terms import SleeveStarted
from tradebot.engine.core.sleeves import LoadedPolicy
from tradebot.engine.core.state import State
from tradebot.engine.core.types import MINUTE, Owner
from tradebot.engine.live.assembly import Assembled, Terms, assemble, begin
from tradebot.engine.live.clock import Clock
from tradebot.engine.live.errors import CannotRun
from tradebot.engine.live.folder_records import open_records
from tradebot.engine.live.markets import Market, ReplayMarket
from tradebot.engine.live.options import RunOptions
from tradebot.engine.live.sandbox import Setting
from tradebot.engine.policy_source.load import ParameterValue, VersionedPolicy, load_policy
from tradebot.engine.state_folder import StateFolder
from tradebot.engine.trial.report import DecideTime, RunReport, write_equity, write_report
from tradebot.engine.trial.watched import Seen, watch
from tradebot.native import Venue

ID_DIGITS = 8
"""Hex digits of a run's id."""

PROGRESS_EVERY = 5_000
"""Events between two words about how far a run is."""


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be run."""

    name: str = "trial"
    """Of the sleeve."""
    policy: str
    """`file.py:Class`, `package.module:Class`, or an installed name."""
    folders: tuple[Path, ...]
    """Where files are looked for."""
    params: Mapping[str, ParameterValue] = {}
    symbols: tuple[str, ...] = ()
    """Empty: the recording's first instrument."""
    dataset: str = "sandbox/hour"
    until: int | None = None
    """The recording is left here, ns UTC; None: at its end."""
    capital: Decimal = Decimal(10_000)
    seed: int = 1


class Ran(msgspec.Struct, frozen=True):
    """A finished run."""

    report: RunReport
    seen: Seen
    decided: tuple[tuple[int, bytes], ...]
    """What was decided by market events and timers: the engine's time and each step's outcomes, encoded."""


class _Book:
    """Counts what happens in a run."""

    def __init__(self, state: State, trial: Trial) -> None:
        self._state = state
        self._trial = trial
        self._next_mark = 0
        self.curve: list[tuple[int, str]] = []
        """The sleeve's equity once a minute, (ns UTC, money as text); where a price was missing, nothing."""
        self.steps = self.orders = self.fills = 0
        self.refused: Counter[str] = Counter()
        self.decided: list[tuple[int, bytes]] = []

    def __call__(self, seq: int, now: int, _: Event, outcomes: list[AnyOutcome]) -> None:
        """Take a step in."""
        self.steps = seq
        for outcome in outcomes:
            match outcome:
                case Submit():
                    self.orders += 1
                case FillBooked():
                    self.fills += 1
                case OrderDenied():
                    self.refused[outcome.code] += 1
                case _:
                    pass
        if outcomes:
            self.decided.append((now, msgspec.msgpack.encode(outcomes)))
        if now >= self._next_mark:
            self.mark(now)

    def mark(self, now: int) -> None:
        """Write the sleeve's equity down."""
        self._next_mark = now - now % MINUTE + MINUTE
        made = profit(self._state, Owner(self._trial.name))
        if made is not None:
            self.curve.append((now, f"{self._trial.capital + made:f}"))


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
        CannotRun: If the dataset is not there, or has not the symbols.
    """
    started = clock.monotonic_ns()
    found = load_policy(trial.policy, trial.params, trial.folders)
    market = _Recording(trial, store)
    run_id = _id_of(trial, found, market)
    watched = watch(found.loaded.policy, clock)
    owner = Owner(trial.name)
    with ExitStack() as stack:
        folder = stack.enter_context(_folder(runs / run_id, clock))
        records = open_records(folder, clock, stack)
        world = stack.enter_context(market.setting(trial).open(folder))
        records.journal.bind(folder.id, folder.mode, world.clock)
        loaded = LoadedPolicy(watched, found.loaded.params, found.loaded.memory)
        policies = {owner: msgspec.structs.replace(found, loaded=loaded)}
        currency = market.instruments[0].currency
        engine = assemble(folder.id, world, records, policies, currency=currency, clock=clock)
        book = _Book(engine.runtime.kernel.state, trial)
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
        )
        book.mark(engine.runtime.now)
        write_equity(folder.path, book.curve)
        write_report(folder.path, report)
    return Ran(report, watched.seen, tuple(book.decided))


class _Recording:
    """The part of a dataset that a trial sees.

    Raises:
        CannotRun: If it is not there, or has not the symbols.
    """

    def __init__(self, trial: Trial, store: Path) -> None:
        self._store = Store(store)
        try:
            known = self._store.instruments(trial.dataset)
            manifest = self._store.show(trial.dataset)
        except DataError as error:
            raise CannotRun(str(error), 3) from error
        wanted = trial.symbols or (known[0].id,)
        missing = [symbol for symbol in wanted if symbol not in {one.id for one in known}]
        if missing:
            names = ", ".join(instrument.id for instrument in known)
            raise CannotRun(f"dataset {trial.dataset} has no {missing[0]}; it has {names}", 2)
        self.instruments: tuple[Instrument, ...] = tuple(i for i in known if i.id in wanted)
        self.sha256 = sha256(msgspec.json.encode(manifest, order="deterministic")).hexdigest()
        self._dataset = trial.dataset
        self._until = trial.until
        self.first = self.last = 0

    def setting(self, trial: Trial) -> Setting:
        """Return the native venue with the recording as its market."""
        native = Venue()
        for index in range(len(self.instruments)):
            native.add_recorded(index)
        options = RunOptions(
            name=trial.name,
            market=f"replay:{trial.dataset}",
            speed="max",
            seed=trial.seed,
            listen=None,
            until_consoles_leave=False,
            at_end="stop",
            config=defaults(),
        )
        return Setting(options, self.instruments, native, self._open)

    def _open(self, stood: int, _: dict[InstrumentId, int]) -> Market:
        events = replay(self._store, self._dataset, start=stood + 1 if stood else None)
        return ReplayMarket(self._seen(events), self._dataset)

    def _seen(self, events: Iterator[AnyMarketEvent]) -> Iterator[AnyMarketEvent]:
        wanted = {instrument.id for instrument in self.instruments}
        for event in events:
            if self._until is not None and event.ts_recv >= self._until:
                return
            if event.instrument in wanted:
                self.first = self.first or event.ts_recv
                self.last = event.ts_recv
                yield event


def defaults() -> Config:
    """Return the configuration of a sandbox nobody has configured: a run does not depend on the machine."""
    with TemporaryDirectory(prefix="tb") as nowhere:
        return load({}, Path(nowhere)).config


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


def _id_of(trial: Trial, found: VersionedPolicy, market: _Recording) -> str:
    told = (
        trial.name,
        found.reference,
        found.version,
        [instrument.id for instrument in market.instruments],
        trial.dataset,
        market.sha256,
        trial.until,
        trial.capital,
        trial.seed,
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
    return Terms(
        mode="sandbox",
        currency=currency,
        sleeves=(sleeve,),
        limits=defaults().risk.limits().as_text(),
        seed=trial.seed,
        day_starts_minute=0,
        wall=0,
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
