"""Policies, recordings, one run: the live kernel and the native venue in a folder, stepped to the end."""

import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import msgspec

from tradebot.data.instruments import Instrument
from tradebot.engine.core.events import OrderFilled
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.core.sleeves import LoadedPolicy
from tradebot.engine.core.types import MINUTE, Owner
from tradebot.engine.live.assembly import Assembled, Terms, assemble, begin
from tradebot.engine.live.clock import Clock
from tradebot.engine.live.folder_records import open_records
from tradebot.engine.live.objective_start import objective_terms
from tradebot.engine.live.version_difference import param_texts
from tradebot.engine.policy_source.load import VersionedPolicy
from tradebot.engine.state_folder import StateFolder
from tradebot.engine.trial.moments import Moment
from tradebot.engine.trial.recording import Recording, rates_of
from tradebot.engine.trial.report import DecideTime, RunReport, write_equity, write_report
from tradebot.engine.trial.rules import UNLIMITED, Fill
from tradebot.engine.trial.sleeves import TrialSleeve, sleeves_of
from tradebot.engine.trial.tally import Tally
from tradebot.engine.trial.told import report_of
from tradebot.engine.trial.trial import Trial, defaults, write_trial
from tradebot.engine.trial.watched import Seen, Watched, watch

RATE_STALE_BARS = 5
"""Spans of the longest bar after which a price is no rate any more: a currency's days are not a stock's."""

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
    """The equity of all sleeves, (ns UTC, money as text)."""
    begun: Decimal
    """What the account began with, money in other currencies in."""
    moments: tuple[Moment, ...]
    """The account at the same moments."""
    submitted: tuple[OrderIntent, ...]
    events: int
    """Of the recordings."""
    fill: Fill
    """How orders filled."""
    instruments: tuple[Instrument, ...]
    parameters: int
    """How many the policies have."""
    doubts: tuple[str, ...]
    """What about the fills is hard to believe, in words."""


def run_trial(
    trial: Trial,
    runs: Path,
    *,
    store: Path,
    clock: Clock,
    progress: Callable[[int], None] | None = None,
    found: Mapping[str, VersionedPolicy] | None = None,
) -> Ran:
    """Run a policy over a recording and keep the run.

    Args:
        trial: What is run.
        runs: Where runs are kept; this one gets a folder named by its id.
        store: The folder of the datasets.
        clock: The machine's.
        progress: Called now and then with the number of events so far.
        found: Policies that are loaded already, by the name of their sleeve: of a run that is made again.

    Raises:
        PolicyNotLoaded: If the policy cannot be loaded.
        CannotRun: If a dataset is not there, has not the symbols, or cannot be run on under the rules.
    """
    started = clock.monotonic_ns()
    market = Recording(trial, store)
    sleeves = sleeves_of(trial, market.traded, market.currency, found)
    run_id = _id_of(trial, sleeves, market)
    watched = {s.started.name: watch(s.found.loaded.policy, clock) for s in sleeves}
    with ExitStack() as stack:
        folder = stack.enter_context(_folder(runs / run_id, clock))
        records = open_records(folder, clock, stack, lasting=False)
        world = stack.enter_context(market.setting().open(folder))
        records.journal.bind(folder.id, folder.mode, world.clock)
        policies = {s.started.name: _watched(s.found, watched[s.started.name]) for s in sleeves}
        engine = assemble(
            folder.id, world, records, policies, currency=market.currency, clock=clock
        )
        tally = Tally(
            engine.runtime.kernel.state,
            trial.capital,
            tuple(watched),
            trial.besides,
            at_bars=trial.rules is not None and market.has_bars,
        )
        engine.runtime.observers.append(tally)
        begin(engine, _terms(trial, sleeves, market))
        began = engine.runtime.now
        _step_to_the_end(engine, progress)
        engine.runtime.commit()
        records.commit()
        tally.mark(engine.runtime.now)
        report = msgspec.structs.replace(
            report_of(trial, sleeves, market, engine.runtime.kernel.state, tally),
            id=run_id,
            begin=began,
            end=engine.runtime.now,
            decisions=sum(one.seen.calls for one in watched.values()),
            reasons=dict(_codes(watched).most_common()),
            decide=_times([took for one in watched.values() for took in one.seen.took]),
            seconds=round((clock.monotonic_ns() - started) / 1e9, 2),
        )
        write_equity(folder.path, tally.curve)
        write_trial(folder.path, trial)
        write_report(folder.path, report)
    return Ran(
        report=report,
        seen=next(iter(watched.values())).seen,
        decided=tuple(tally.decided),
        fills=tuple(tally.fill_events),
        curve=tuple(tally.curve),
        begun=tally.begun or trial.capital,
        moments=tuple(tally.moments),
        submitted=tuple(tally.submitted),
        events=market.events,
        fill=market.fill,
        instruments=market.instruments,
        parameters=sum(len(param_texts(s.found.loaded.params)) for s in sleeves),
        doubts=tally.doubts.told(),
    )


def _watched(found: VersionedPolicy, policy: Watched) -> VersionedPolicy:
    loaded = LoadedPolicy(policy, found.loaded.params, found.loaded.memory)
    return msgspec.structs.replace(found, loaded=loaded)


def _codes(watched: Mapping[Owner, Watched]) -> Counter[str]:
    total = Counter[str]()
    for one in watched.values():
        total += one.seen.codes
    return total


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


def _id_of(trial: Trial, sleeves: tuple[TrialSleeve, ...], market: Recording) -> str:
    told = (
        trial.name,
        [(sleeve.started, sleeve.found.reference) for sleeve in sleeves],
        [instrument.id for instrument in market.instruments],
        trial.dataset,
        market.sha256,
        trial.start,
        trial.until,
        trial.capital,
        trial.seed,
        trial.rules,
        None if trial.rules is None else trial.rules.shown(market.fill),
        market.currency,
        trial.besides,
        rates_of(trial),
        None if trial.config is None else trial.config.risk.limits().as_text(),
    )
    return sha256(msgspec.json.encode(told)).hexdigest()[:ID_DIGITS]


def _terms(trial: Trial, sleeves: tuple[TrialSleeve, ...], market: Recording) -> Terms:
    rules = trial.rules
    config = defaults() if trial.config is None else trial.config
    house = rules is None or rules.limits == "house"
    terms = Terms(
        mode="sandbox",
        currency=market.currency,
        sleeves=tuple(sleeve.started for sleeve in sleeves),
        limits=(config.risk.limits() if house else UNLIMITED).as_text(),
        seed=trial.seed,
        day_starts_minute=config.engine.day_starts.minute_of_day,
        pegs=config.engine.stablecoins,
        rates=rates_of(trial),
        rate_stale_after=max(RATE_STALE_BARS * market.longest_span, MINUTE),
        wall=0,
    )
    if trial.config is not None:
        objective = objective_terms(config.objective, market.currency)
        terms = msgspec.structs.replace(terms, objective=objective, lots=config.engine.lots)
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


def _times(took: Sequence[int]) -> DecideTime | None:
    if len(took) < 2:  # noqa: PLR2004  (quantiles need two)
        return None
    cuts = statistics.quantiles(took, n=100)
    return DecideTime(p50=cuts[49] / 1e3, p99=cuts[98] / 1e3, most=max(took) / 1e3)
