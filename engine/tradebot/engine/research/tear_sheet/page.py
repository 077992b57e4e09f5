"""The page itself: figures of a kept backtest put into the template."""

from calendar import month_abbr
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import polars as pl
from jinja2 import Environment, StrictUndefined

from tradebot.engine.policy_source.load import short_version
from tradebot.engine.research.results import TABLES
from tradebot.engine.research.tear_sheet.chart import Line, chart
from tradebot.engine.trial.report import RunReport

TRADES_SHOWN = 200
"""Most trades the page lists; all of them are in `trades.parquet`."""

_TRADE_COLUMNS = (
    "instrument",
    "side",
    "quantity",
    "entry_time",
    "entry_price",
    "exit_time",
    "exit_price",
    "pnl",
)

type Points = tuple[tuple[int, float], ...]


class NoTables(Exception):  # noqa: N818  (says what is the matter)
    """The run kept no tables: it was no backtest, or an earlier program made it."""

    exit_code = 1


def tear_sheet(folder: Path, report: RunReport) -> str:
    """Return a backtest as one HTML page without any outside part.

    Args:
        folder: The run's, with its tables.
        report: The run's.

    Raises:
        NoTables: If the folder lacks them.
    """
    missing = [name for name in TABLES if not (folder / f"{name}.parquet").exists()]
    if missing:
        raise NoTables(
            f"run {report.id} kept no {missing[0]}: a page is made of backtests; run `tradebot backtest` anew"
        )
    tables = {name: pl.read_parquet(folder / f"{name}.parquet") for name in TABLES}
    own, other = _points(tables["equity"], "equity"), _points(tables["benchmark"], "worth")
    lines = [Line("this run", own, "own")]
    lines += [Line("benchmark", other, "other")] if other else []
    trades = tables["trades"]
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    template = environment.from_string(
        files("tradebot.engine.research.tear_sheet").joinpath("page.html.j2").read_text()
    )
    return template.render(
        title=f"{report.policy}@{short_version(report.version)}",
        about=(
            f"run {report.id}, {', '.join(report.symbols)} of {report.dataset}, "
            f"{_day(report.begin)} to {_day(report.end)}, seed {report.seed}"
        ),
        head=_head(report),
        doubts=report.critique,
        equity_chart=chart(lines, "Equity over time"),
        benchmark=f"holding {', '.join(report.symbols)}, without costs" if other else "",
        drawdown_chart=chart(
            [Line("drawdown", under_water(own), "fall", filled=True)], "Drawdown", percent=True
        ),
        months=by_month(own),
        month_names=list(month_abbr)[1:],
        figures=[
            (name.replace("_", " "), figure(value)) for name, value in report.statistics.items()
        ],
        assumptions=[
            *((name.replace("_", " "), value) for name, value in report.assumptions.items()),
            *((f"parameter {name}", str(value)) for name, value in report.params.items()),
            ("data sha256", report.sha256),
            ("policy version", report.version),
        ],
        trades_about=_trades_about(trades.height),
        trade_names=[name.replace("_", " ") for name in _TRADE_COLUMNS],
        trades=[
            _cells(row) for row in trades.select(_TRADE_COLUMNS).tail(TRADES_SHOWN).iter_rows()
        ],
    )


def under_water(points: Points) -> Points:
    """Return how far below its highest value so far a line is, as a fraction <= 0."""
    peak, told = 0.0, list[tuple[int, float]]()
    for ts, value in points:
        peak = max(peak, value)
        told.append((ts, value / peak - 1 if peak > 0 else 0.0))
    return tuple(told)


def by_month(points: Points) -> list[tuple[str, list[str], str]]:
    """Return each calendar month's return (UTC) in percent, and each year's; empty for less than two months.

    A point at midnight ends the day before.
    """
    ends: dict[tuple[int, int], float] = {}
    for ts, value in points[1:]:
        moment = datetime.fromtimestamp((ts - 1) // 10**9, UTC)
        ends[moment.year, moment.month] = value
    if len(ends) < 2:  # noqa: PLR2004  (one month is the whole)
        return []
    values = [points[0][1], *ends.values()]
    grown = {
        month: after / before
        for month, (before, after) in zip(ends, pairwise(values), strict=True)
        if before
    }
    rows: list[tuple[str, list[str], str]] = []
    for year in dict.fromkeys(year for year, _ in ends):
        whole = 1.0
        cells: list[str] = []
        for month in range(1, 13):
            factor = grown.get((year, month))
            cells.append("" if factor is None else _percent(factor))
            whole *= 1.0 if factor is None else factor
        rows.append((str(year), cells, _percent(whole)))
    return rows


def figure(value: float | tuple[float, float] | None) -> str:
    """Return a statistic as text; an interval in brackets, `-` where undefined."""
    if value is None:
        return "-"
    if isinstance(value, tuple):
        return f"[{value[0]:.3f}, {value[1]:.3f}]"
    return str(value) if isinstance(value, int) else f"{value:.4f}"


def _percent(factor: float) -> str:
    return f"{round((factor - 1) * 100, 1) + 0.0:.1f}"  # + 0.0: no minus before a zero


def _head(report: RunReport) -> list[tuple[str, str]]:
    found, ratio, interval = (
        report.statistics,
        report.statistics.get("sr_ann"),
        report.statistics.get("ci95_ann"),
    )
    between = "" if interval is None else f", 95 % {figure(interval)}"
    end = Decimal(report.capital) + Decimal(report.result)
    return [
        (f"equity, {report.currency}", f"{end:,.2f}"),
        ("result", f"{report.result_share:+.2%}"),
        ("growth a year", _share(found.get("cagr"))),
        ("deepest drawdown", _share(found.get("max_drawdown"))),
        (f"Sharpe, a year{between}", "-" if ratio is None else figure(ratio)),
        ("fees", f"{Decimal(report.fees):,.2f}"),
    ]


def _share(value: float | tuple[float, float] | None) -> str:
    return f"{value:.2%}" if isinstance(value, float) else figure(value)


def _trades_about(count: int) -> str:
    if not count:
        return "none was closed"
    return f"{count} closed" + (
        f", the last {TRADES_SHOWN} of them here" if count > TRADES_SHOWN else ""
    )


def _points(frame: pl.DataFrame, column: str) -> Points:
    times: Sequence[int] = frame["ts"].cast(pl.Int64).to_list()
    values: Iterable[float] = frame[column].cast(pl.Float64).to_list()
    return tuple(zip(times, values, strict=True))


def _cells(row: tuple[object, ...]) -> list[str]:
    return [
        cell.strftime("%Y-%m-%d %H:%M")
        if isinstance(cell, datetime)
        else f"{cell.normalize():f}"
        if isinstance(cell, Decimal)
        else str(cell)
        for cell in row
    ]


def _day(ts: int) -> str:
    return datetime.fromtimestamp(ts // 10**9, UTC).date().isoformat()
