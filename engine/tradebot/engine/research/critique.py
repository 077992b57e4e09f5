"""What speaks against believing a backtest."""

from collections.abc import Sequence
from decimal import Decimal

from tradebot.data.instruments import InstrumentKind
from tradebot.engine.research.measures import daily_returns, periods_per_year
from tradebot.engine.research.statistics.sharpe import interval_annual
from tradebot.engine.research.trades import Trade

TRADES_MIN = 30
"""Fewer say little about a mean."""

ONE_TRADE_MAX = 0.5
"""Share of the profit that one trade may make before it is said."""

FLAT_MAX = 0.9
"""Share of days without any change of equity before it is said."""

TRADES_A_PARAMETER = 10
"""Fewer trades for each parameter are said."""


def critique(
    equity: Sequence[tuple[int, Decimal]],
    trades: Sequence[Trade],
    kind: InstrumentKind,
    parameters: int = 0,
) -> list[str]:
    """Return what speaks against believing a backtest, one line each; nothing found is no proof.

    Args:
        equity: (ns UTC, worth), the first point being what it began with.
        trades: Closed ones.
        kind: Of the market.
        parameters: How many the policy has: each is a way to have been fitted to the past.
    """
    told: list[str] = []
    if len(trades) < TRADES_MIN:
        told.append(f"{len(trades)} closed trades: fewer than {TRADES_MIN} say little")
    made = sum(float(trade.pnl) for trade in trades)
    best = max((float(trade.pnl) for trade in trades), default=0.0)
    if made > 0 and best / made > ONE_TRADE_MAX:
        told.append(f"one trade made {best / made:.0%} of the profit of all trades")
    fees = sum(float(trade.fees) for trade in trades)
    if 0 < made <= fees:
        told.append(
            f"with twice the fees the trades would have lost: {made:.2f} made, {fees:.2f} paid"
        )
    if 0 < len(trades) < TRADES_A_PARAMETER * parameters:
        told.append(
            f"{parameters} parameters for {len(trades)} trades: they may be fitted to the past"
        )
    returns = daily_returns(equity, kind)
    still = sum(value == 0 for value in returns)
    if returns and still / len(returns) > FLAT_MAX:
        told.append(f"equity stood still on {still / len(returns):.0%} of the days")
    interval = interval_annual(returns, periods_per_year(kind))
    if interval is not None and interval[0] < 0 < interval[1]:
        told.append(
            f"a Sharpe ratio of 0 lies inside its 95 % interval [{interval[0]:.2f}, {interval[1]:.2f}]"
        )
    return told
