"""One policy on recordings under stated rules: what came of it, and everything it rests on."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path

import msgspec

from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.core.events import OrderFilled
from tradebot.engine.core.types import HAND
from tradebot.engine.live.clock import Clock
from tradebot.engine.research.measures import critique, measures
from tradebot.engine.research.trades import Trade, round_trips
from tradebot.engine.trial.report import write_report
from tradebot.engine.trial.rules import Rules
from tradebot.engine.trial.run import Ran, run_trial
from tradebot.engine.trial.trial import Trial


class NoData(Exception):  # noqa: N818  (says what is the matter)
    """Nothing of the recordings was in the span: a result would say nothing."""

    exit_code = 1


class PolicyFailed(Exception):  # noqa: N818
    """The policy raised, or was paused for its time, before the end."""

    exit_code = 1


class Backtest(msgspec.Struct, frozen=True, kw_only=True):
    """A finished backtest."""

    ran: Ran
    trades: tuple[Trade, ...]
    equity: tuple[tuple[int, Decimal], ...]
    """(ns UTC, the account's equity): at each bar's close, else once a minute; the first point is the cash it began
    with."""

    @property
    def equity_final(self) -> Decimal:
        """Return what the account was worth at the end."""
        return self.equity[-1][1]

    @property
    def cash_final(self) -> Decimal:
        """Return what of it was cash."""
        return self.ran.cash[-1][1] if self.ran.cash else self.equity_final


def backtest(
    trial: Trial,
    rules: Rules,
    runs: Path,
    *,
    store: Path,
    clock: Clock,
    progress: Callable[[int], None] | None = None,
) -> Backtest:
    """Run a policy and return what came of it; the run is kept in `runs`.

    Args:
        trial: What is run.
        rules: Under which assumptions.
        runs: Where runs are kept.
        store: The folder of the datasets.
        clock: The machine's; only to say how long it took.
        progress: Called now and then with the number of events so far.

    Raises:
        PolicyNotLoaded: If the policy cannot be loaded.
        CannotRun: If a dataset is not there, has not the symbols, or cannot be run on under the rules.
        NoData: If no event lies in the span.
        PolicyFailed: If the policy did not last to the end; names the reason and the instant.
    """
    trial = msgspec.structs.replace(trial, rules=rules)
    ran = run_trial(trial, runs, store=store, clock=clock, progress=progress)
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
    kind = ran.instruments[0].kind
    report = msgspec.structs.replace(
        ran.report,
        statistics=measures(equity, trades, kind),
        critique=tuple(critique(equity, trades, kind)),
    )
    write_report(runs / report.id, report)
    return Backtest(ran=msgspec.structs.replace(ran, report=report), trades=trades, equity=equity)


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
