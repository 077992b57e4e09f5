"""What a backtest's equity and trades say in figures."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from decimal import Decimal

from tradebot.data.instruments import InstrumentKind
from tradebot.engine.research.span import NEW_YORK
from tradebot.engine.research.statistics.benchmark import compare
from tradebot.engine.research.statistics.downside import sortino_annual
from tradebot.engine.research.statistics.drawdown import calmar, drawdowns
from tradebot.engine.research.statistics.exposure import exposure
from tradebot.engine.research.statistics.returns import (
    annual_log_growth,
    annual_volatility,
    cagr_periods,
    total_return,
)
from tradebot.engine.research.statistics.sample import kurtosis, skewness
from tradebot.engine.research.statistics.sharpe import (
    error_of,
    interval_annual,
    sharpe,
    sharpe_annual,
)
from tradebot.engine.research.statistics.track_record import (
    Record,
    min_track_record,
    probabilistic_sharpe,
)
from tradebot.engine.research.statistics.trades import trade_statistics
from tradebot.engine.research.trades import Trade

type Figure = float | int | tuple[float, float] | None


def periods_per_year(kind: InstrumentKind) -> int:
    """Return how many days a year a market of this kind trades: 252 for stocks, 365 where it never closes."""
    return 252 if kind == "equity" else 365


def daily_returns(equity: Sequence[tuple[int, Decimal]], kind: InstrumentKind) -> list[float]:
    """Return the simple return of each day on which equity was written down.

    Args:
        equity: (ns UTC, worth), oldest first, the first point being what it began with.
        kind: Of the market: a stock's day is New York's, any other is UTC's. A point at midnight ends a day.
    """
    zone = NEW_YORK if kind == "equity" and not _daily(equity) else UTC
    ends: dict[str, float] = {}
    for ts, worth in equity[1:]:
        ends[_day(ts, zone)] = float(worth)
    values = [float(equity[0][1]), *ends.values()]
    return [after / before - 1 for before, after in itertools.pairwise(values) if before]


def _daily(equity: Sequence[tuple[int, Decimal]]) -> bool:
    """Return whether all points are at midnight UTC: a day's bars are stamped by their date."""
    return all(ts % 86_400_000_000_000 == 0 for ts, _ in equity[1:])


def _day(ts: int, zone: tzinfo) -> str:
    return datetime.fromtimestamp((ts - 1) // 1_000_000_000, zone).date().isoformat()


def measures(
    equity: Sequence[tuple[int, Decimal]], trades: Sequence[Trade], kind: InstrumentKind
) -> dict[str, Figure]:
    """Return the statistics of a backtest by their names, on daily returns without a riskless rate.

    Fractions; None: undefined. See `docs/statistics.md` for each.
    """
    returns, year = daily_returns(equity, kind), periods_per_year(kind)
    fell = drawdowns(returns)
    won = trade_statistics([float(trade.pnl) for trade in trades])
    record = _record(returns)
    return {
        "periods": len(returns),
        "periods_per_year": year,
        "total_return": total_return(returns),
        "cagr": cagr_periods(returns, year),
        "ann_vol": annual_volatility(returns, year),
        "ann_log_growth": annual_log_growth(returns, year),
        "sr_ann": sharpe_annual(returns, year),
        "se_nonnormal": error_of(returns),
        "ci95_ann": interval_annual(returns, year),
        "sortino_ann": sortino_annual(returns, year),
        "max_drawdown": fell.max_drawdown,
        "longest_under_water": fell.longest_under_water,
        "ulcer_index": fell.ulcer_index,
        "calmar": calmar(returns, year),
        "psr": None if record is None else probabilistic_sharpe(record),
        "min_trl": None if record is None else min_track_record(record),
        "hit_rate": won.hit_rate,
        "payoff_ratio": won.payoff_ratio,
        "profit_factor": won.profit_factor,
        "expectancy": won.expectancy,
        "max_losing_streak": won.losing_streak,
    }


def _record(returns: Sequence[float]) -> Record | None:
    ratio, skew, kurt = sharpe(returns), skewness(returns), kurtosis(returns)
    if ratio is None or skew is None or kurt is None:
        return None
    return Record(ratio, len(returns), skew, kurt)


def measures_against(
    equity: Sequence[tuple[int, Decimal]],
    benchmark: Sequence[tuple[int, Decimal]],
    kind: InstrumentKind,
) -> dict[str, Figure]:
    """Return the statistics of a backtest beside a benchmark of the same moments, on daily returns."""
    own, other = daily_returns(equity, kind), daily_returns(benchmark, kind)
    found = compare(own, other, periods_per_year(kind))
    return {
        "benchmark_total_return": total_return(other),
        "benchmark_max_drawdown": drawdowns(other).max_drawdown,
        "beta": found.beta,
        "alpha_annual": found.alpha_annual,
        "correlation": found.correlation,
        "tracking_error_annual": found.tracking_error_annual,
        "information_ratio": found.information_ratio,
    }


def measures_in_market(weights: Sequence[Sequence[float]]) -> dict[str, Figure]:
    """Return how much of equity stood in the market at the moments of the curve, and how much was moved.

    Args:
        weights: At each moment, the signed share of equity in each instrument.
    """
    found = exposure(weights)
    return {
        "time_in_market": found.time_in_market,
        "mean_gross": found.mean_gross,
        "mean_net": found.mean_net,
        "turnover_two_way": found.turnover_two_way,
    }
