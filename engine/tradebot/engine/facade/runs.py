"""Finished runs of policies: made, listed, and read again from their own records."""

import html
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Literal, override

from tradebot.engine.core.events import OrderFilled
from tradebot.engine.core.outcomes import BetSettled, FillBooked, OrderIntent, Submit
from tradebot.engine.home import data_folder, home
from tradebot.engine.journal.store import Journal
from tradebot.engine.live.clock import SystemClock
from tradebot.engine.policy_source.files import policy_folders
from tradebot.engine.policy_source.load import ParameterValue
from tradebot.engine.trial.report import RunReport, read_equity, reports
from tradebot.engine.trial.run import run_trial
from tradebot.engine.trial.trial import Trial, defaults
from tradebot.engine.venue.fees import Fees
from tradebot.engine.venue.latency import ONE_WAY

if TYPE_CHECKING:
    import polars as pl

type Cell = str | int | None

_FILLS = (
    *("ts", "instrument", "side", "quantity", "price", "fee", "fee_currency", "liquidity"),
    *("client_order_id", "execution_id", "because"),
)
_BETS = ("bet_id", "instrument", "side", "tag", "opened", "closed", "risk", "result", "r")


class Run:
    """One finished run, with its records."""

    def __init__(self, folder: Path, report: RunReport) -> None:
        self.folder = folder
        """Where it is kept."""
        self.report = report
        """Everything the run came to, as one struct."""

    @property
    def id(self) -> str:
        """Return its id."""
        return self.report.id

    @property
    def stats(self) -> dict[str, str | int | float | tuple[float, float] | None]:
        """Return what came of it; money as exact text."""
        report = self.report
        return {
            "decisions": report.decisions,
            "orders": report.orders,
            "fills": report.fills,
            "refused": sum(report.refused.values()),
            "result": report.result,
            "fees": report.fees,
            "result_share": str(report.result_share),
            "decide_p50_us": None if report.decide is None else report.decide.p50,
            "decide_p99_us": None if report.decide is None else report.decide.p99,
            "seconds": report.seconds,
            **report.statistics,
        }

    @property
    def assumptions(self) -> dict[str, str]:
        """Return what was taken for granted: market, fees, ways, limits."""
        report, fees = self.report, Fees()
        if report.assumptions:
            told = {"dataset": report.dataset, "sha256": report.sha256, "seed": str(report.seed)}
            return {**told, **report.assumptions}
        return {
            "dataset": report.dataset,
            "sha256": report.sha256,
            "seed": str(report.seed),
            "maker fee": str(fees.maker),
            "taker fee": str(fees.taker),
            "latency each way": f"{ONE_WAY // 1_000_000} ms",
            "queue": "behind the size shown when the order arrives; filled from recorded trades",
            **{f"limit {name}": text for name, text in defaults().risk.limits().as_text().items()},
        }

    def frame(self, what: Literal["fills", "equity", "bets"]) -> "pl.DataFrame":
        """Return fills, equity (once a minute) or settled bets as a Polars frame.

        Money, prices and quantities are exact, as text; times are ns UTC.
        """
        import polars as pl

        match what:
            case "fills":
                return pl.DataFrame(list(self._fills()), schema=_schema(_FILLS), orient="row")
            case "bets":
                return pl.DataFrame(list(self._bets()), schema=_schema(_BETS), orient="row")
            case "equity":
                rows = [(ts, equity) for ts, equity in read_equity(self.folder)]
                schema = {"ts": pl.Int64(), "equity": pl.String()}
                return pl.DataFrame(rows, schema=schema, orient="row")

    def why(self, client_order_id: str) -> str:
        """Return why an order was placed.

        Raises:
            KeyError: If the run placed no such order.
        """
        with self._journal() as journal:
            for intent in _intents(journal):
                if intent.client_order_id == client_order_id:
                    return "no reason" if intent.because is None else intent.because.text()
        raise KeyError(f"run {self.id} placed no order {client_order_id}")

    def html(self) -> str:
        """Return it as a table for a page."""
        rows = "".join(
            f"<tr><th>{html.escape(name)}</th><td>{html.escape(str(value))}</td></tr>"
            for name, value in {**self.stats, **self.assumptions}.items()
        )
        title = html.escape(f"run {self.id}: {self.report.policy} on {self.report.dataset}")
        return f"<table><caption>{title}</caption>{rows}</table>"

    def _repr_html_(self) -> str:
        return self.html()

    @override
    def __repr__(self) -> str:
        report = self.report
        return f"<run {report.id}: {report.policy} on {report.dataset}, {report.result} {report.currency}>"

    def _journal(self) -> Journal:
        return Journal.open(self.folder / "journal.db", read_only=True)

    def _fills(self) -> Iterator[tuple[Cell, ...]]:
        with self._journal() as journal:
            for first, *rest in journal.fills(self.report.fills + 1):
                event = journal.decode_event(first)
                booked = next(
                    (o for o in map(journal.decode_outcome, rest) if isinstance(o, FillBooked)),
                    None,
                )
                if isinstance(event, OrderFilled):
                    yield self._fill(event, booked)

    def _fill(self, event: OrderFilled, booked: FillBooked | None) -> tuple[Cell, ...]:
        price_scale, quantity_scale = self.report.scales[event.instrument]
        because = None if booked is None or booked.because is None else booked.because.text()
        return (
            event.ts_event,
            event.instrument,
            event.side,
            f"{Decimal(event.quantity).scaleb(-quantity_scale):f}",
            f"{Decimal(event.price).scaleb(-price_scale):f}",
            f"{event.fee:f}",
            event.fee_currency,
            event.liquidity,
            event.client_order_id,
            event.execution_id,
            because,
        )

    def _bets(self) -> Iterator[tuple[Cell, ...]]:
        newest: dict[str, BetSettled] = {}
        with self._journal() as journal:
            for row in journal.rows():
                if row.index and row.kind == "bet-settled":
                    bet = journal.decode_outcome(row)
                    if isinstance(bet, BetSettled):
                        newest[bet.bet_id] = bet
        for bet in newest.values():
            yield tuple(getattr(bet, name) for name in _BETS)


def run(  # noqa: PLR0913  (what a run is made of, by name)
    policy: str,
    *,
    data: str = "sandbox/hour",
    symbols: tuple[str, ...] = (),
    params: Mapping[str, ParameterValue] | None = None,
    capital: Decimal | str = "10000",
    seed: int = 1,
    name: str = "trial",
) -> Run:
    """Run a policy over a recording with the live kernel, gate and venue, and keep the run.

    Args:
        policy: `file.py:Class`, `package.module:Class`, or an installed name.
        data: The dataset.
        symbols: Of the dataset; without them its first instrument.
        params: By name; without them the defaults.
        capital: Of the sleeve, in the quote currency, > 0.
        seed: Of the policy's own chance, in [0, 2**63).
        name: Of the sleeve.

    Raises:
        PolicyNotLoaded: If the policy cannot be loaded.
        CannotRun: If the dataset is not there, or has not the symbols.
        ValueError: If the capital is not > 0.
    """
    from tradebot.engine.recording.hour import ensure_hour
    from tradebot.engine.recording.place import DATASET

    amount = Decimal(capital)
    if not amount.is_finite() or amount <= 0:
        raise ValueError(f"capital must be > 0, was {capital}")
    if data == DATASET:
        ensure_hour(data_folder())
    ran = run_trial(
        Trial(
            name=name,
            policy=policy,
            folders=policy_folders(),
            params=params or {},
            symbols=symbols,
            datasets=(data,),
            capital=amount,
            seed=seed,
        ),
        home() / "runs",
        store=data_folder(),
        clock=SystemClock(),
    )
    return Run(home() / "runs" / ran.report.id, ran.report)


def runs() -> list[Run]:
    """Return the finished runs that were kept, the newest first."""
    folder = home() / "runs"
    return [Run(folder / report.id, report) for report in reports(folder)]


def _schema(names: tuple[str, ...]) -> "dict[str, pl.DataType]":
    import polars as pl

    whole = {"ts", "opened", "closed"}
    return {name: pl.Int64() if name in whole else pl.String() for name in names}


def _intents(journal: Journal) -> Iterator[OrderIntent]:
    for row in journal.rows():
        if row.index and row.kind == "submit":
            outcome = journal.decode_outcome(row)
            if isinstance(outcome, Submit):
                yield outcome.order
