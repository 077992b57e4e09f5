"""Backtests for scripts and notebooks."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TypedDict, Unpack

from tradebot.data.errors import DataError
from tradebot.data.store import Store
from tradebot.engine.facade.runs import Run
from tradebot.engine.home import data_folder, home
from tradebot.engine.live.clock import SystemClock
from tradebot.engine.live.errors import CannotRun
from tradebot.engine.policy_source.files import policy_folders
from tradebot.engine.policy_source.load import ParameterValue
from tradebot.engine.recording.hour import ensure_hour
from tradebot.engine.recording.place import DATASET
from tradebot.engine.research.backtest import backtest as run_backtest
from tradebot.engine.research.span import instant
from tradebot.engine.trial.rules import Changes, changed, rules_named
from tradebot.engine.trial.trial import Trial


class Assumptions(TypedDict, total=False):
    """What differs from the named rules; as the options of `tradebot backtest`."""

    fill: str
    mark: str
    commission: str
    slippage: str
    latency: str
    queue: str
    limits: str


def backtest(  # noqa: PLR0913  (what a backtest is made of, by name)
    policy: str,
    *,
    data: str | Sequence[str],
    start: str | None = None,
    end: str | None = None,
    symbols: tuple[str, ...] = (),
    params: Mapping[str, ParameterValue] | None = None,
    cash: Decimal | str = "100000",
    rules: str = "default",
    currency: str | None = None,
    rates: Mapping[str, str] | None = None,
    seed: int = 1,
    **assumptions: Unpack[Assumptions],
) -> Run:
    """Run a policy on recordings under stated assumptions, and keep the run.

    Args:
        policy: `file.py:Class`, `package.module:Class`, or an installed name.
        data: The dataset, or several that are replayed together.
        start: First instant: ISO 8601 with a zone, a date in the dataset's own zone, or ns.
        end: First instant left out.
        symbols: Of the data; without them its first instrument.
        params: By name; without them the defaults.
        cash: What the account begins with, in the quote currency, in (0, 1e15].
        rules: `default`, `lean`, `backtrader` or `backtesting`.
        currency: The account's; without it that of the first symbol.
        rates: What other currencies are worth in it: a number as text, or the symbol whose price it is.
        seed: Of the policy's own chance, in [0, 2**63).
        **assumptions: What differs from the rules.

    Raises:
        PolicyNotLoaded: If the policy cannot be loaded.
        CannotRun: If a dataset is not there, has not the symbols, or cannot be run on under the rules.
        NoData: If no event lies in the span.
        PolicyFailed: If the policy did not last to the end.
        ValueError: If the cash, an instant or an assumption is none.
    """
    capital = Decimal(cash)
    if not capital.is_finite() or not 0 < capital <= Decimal("1e15"):
        raise ValueError(f"cash must be in (0, 1e15], was {cash}")
    datasets = (data,) if isinstance(data, str) else tuple(data)
    if DATASET in datasets:
        ensure_hour(data_folder())
    try:
        kind = Store(data_folder()).instruments(datasets[0])[0].kind
    except DataError as error:
        raise CannotRun(str(error), 3) from error
    result = run_backtest(
        Trial(
            name="backtest",
            policy=policy,
            folders=policy_folders(),
            params=params or {},
            symbols=symbols,
            datasets=datasets,
            start=None if start is None else instant(start, kind),
            until=None if end is None else instant(end, kind),
            capital=capital,
            currency=currency,
            rates=rates or {},
            seed=seed,
            rules=changed(rules_named(rules), Changes(**assumptions)),
        ),
        home() / "runs",
        store=data_folder(),
        clock=SystemClock(),
    )
    return Run(home() / "runs" / result.ran.report.id, result.ran.report)
