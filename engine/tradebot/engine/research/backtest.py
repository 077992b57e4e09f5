"""One policy on recordings under stated rules: what came of it, and everything it rests on."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path

import msgspec

from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.core.events import OrderFilled
from tradebot.engine.core.types import HAND
from tradebot.engine.live.clock import Clock
from tradebot.engine.policy_source.load import VersionedPolicy
from tradebot.engine.research.benchmark import held
from tradebot.engine.research.critique import critique
from tradebot.engine.research.measures import measures, measures_against, measures_in_market
from tradebot.engine.research.results import Backtest, write_tables
from tradebot.engine.research.trades import Trade, round_trips
from tradebot.engine.trial.report import write_report
from tradebot.engine.trial.run import Ran, run_trial
from tradebot.engine.trial.trial import Trial


class NoData(Exception):  # noqa: N818  (says what is the matter)
    """Nothing of the recordings was in the span: a result would say nothing."""

    exit_code = 1


class PolicyFailed(Exception):  # noqa: N818
    """The policy raised, or was paused for its time, before the end."""

    exit_code = 1


def backtest(
    trial: Trial,
    runs: Path,
    *,
    store: Path,
    clock: Clock,
    progress: Callable[[int], None] | None = None,
    found: Mapping[str, VersionedPolicy] | None = None,
) -> Backtest:
    """Run a policy and return what came of it; the run is kept in `runs`.

    Args:
        trial: What is run, and under which rules.
        runs: Where runs are kept.
        store: The folder of the datasets.
        clock: The machine's; only to say how long it took.
        progress: Called now and then with the number of events so far.
        found: Policies that are loaded already, by the name of their sleeve: of a run that is made again.

    Raises:
        PolicyNotLoaded: If the policy cannot be loaded.
        CannotRun: If a dataset is not there, has not the symbols, or cannot be run on under the rules.
        NoData: If no event lies in the span.
        PolicyFailed: If the policy did not last to the end; names the reason and the instant.
    """
    ran = run_trial(trial, runs, store=store, clock=clock, progress=progress, found=found)
    if not ran.events:
        raise NoData(
            f"{trial.dataset} has no event of {', '.join(ran.report.symbols)} in the span; "
            f"tradebot data show {trial.datasets[0]} tells what it holds"
        )
    if ran.report.paused is not None:
        raise PolicyFailed(f"{trial.policy} did not last to the end: {ran.report.paused}")
    instruments = {instrument.id: instrument for instrument in ran.instruments}
    begun = (ran.report.begin, ran.begun)
    trades = _trades(ran, instruments)
    equity = (begun, *((ts, Decimal(worth)) for ts, worth in ran.curve))
    benchmark = held(ran.begun, ran.moments)
    line = None if benchmark is None else (begun, *benchmark)
    kind = ran.instruments[0].kind
    statistics = measures(equity, trades, kind)
    statistics |= measures_in_market(tuple(moment.weights for moment in ran.moments))
    if line is not None:
        statistics |= measures_against(equity, line, kind)
    told = critique(equity, trades, kind, parameters=ran.parameters)
    report = msgspec.structs.replace(
        ran.report, statistics=statistics, critique=(*told, *ran.doubts)
    )
    result = Backtest(
        ran=msgspec.structs.replace(ran, report=report),
        trades=trades,
        equity=equity,
        benchmark=benchmark,
    )
    write_tables(result, runs / report.id)
    write_report(runs / report.id, report)
    return result


def _trades(ran: Ran, instruments: Mapping[InstrumentId, Instrument]) -> tuple[Trade, ...]:
    """Return every owner's round trips, in the order in which they were left."""
    owners = {order.client_order_id: order.owner for order in ran.submitted}
    by_owner: dict[str, list[OrderFilled]] = {}
    for fill in ran.fills:
        by_owner.setdefault(owners.get(fill.client_order_id, HAND), []).append(fill)
    made = [
        trade
        for owner, fills in by_owner.items()
        for trade in round_trips(fills, instruments, owner)
    ]
    return tuple(sorted(made, key=lambda trade: trade.exit_time))
