"""Closed trades: what they brought, in money and in units of what was risked, and how they went meanwhile."""

import math
from collections.abc import Sequence
from typing import Literal

import msgspec

from tradebot.engine.research.statistics.downside import hit_rate, profit_factor
from tradebot.engine.research.statistics.sample import checked, mean, ratio, same_length, spread

type Side = Literal["long", "short"]

SQN_TRADES_MAX = 100
"""More trades do not make a system's quality number larger (Tharp)."""


class TradeStatistics(msgspec.Struct, frozen=True):
    """Closed trades in figures; None: undefined."""

    count: int
    hit_rate: float | None
    """Won over all; what came to nothing counts among all."""
    loss_rate: float | None
    profit_factor: float | None
    average_win: float | None
    average_loss: float | None
    """Positive."""
    payoff_ratio: float | None
    expectancy: float | None
    """Mean result, money."""
    expectancy_r: float | None
    """Mean result in units of the risk taken; None where risks are not known."""
    sqn: float | None
    """sqrt(min(n, 100)) mean(R) / sd(R)."""
    losing_streak: int
    kelly_rough: float | None
    """p - (1 - p) / payoff: what others print, not the Kelly share of these trades."""


def trade_statistics(pnl: Sequence[float], risk: Sequence[float] | None = None) -> TradeStatistics:
    """Return the figures of closed trades.

    Args:
        pnl: Net result of each, money.
        risk: What each risked at first (1 R), > 0; None: not known.

    Raises:
        ValueError: If lengths differ, a risk is not > 0 or something is not finite.
    """
    wins = [x for x in checked(pnl, "pnl") if x > 0.0]
    losses = [-x for x in pnl if x < 0.0]
    hits, payoff = hit_rate(pnl), ratio(mean(wins), mean(losses))
    multiples = None if risk is None else _multiples(pnl, risk)
    return TradeStatistics(
        count=len(pnl),
        hit_rate=hits,
        loss_rate=len(losses) / len(pnl) if pnl else None,
        profit_factor=profit_factor(pnl),
        average_win=mean(wins),
        average_loss=mean(losses),
        payoff_ratio=payoff,
        expectancy=mean(pnl),
        expectancy_r=None if multiples is None else mean(multiples),
        sqn=None if multiples is None else system_quality(multiples),
        losing_streak=losing_streak(pnl),
        kelly_rough=None if hits is None or payoff is None else hits - (1.0 - hits) / payoff,
    )


def _multiples(pnl: Sequence[float], risk: Sequence[float]) -> list[float]:
    same_length(pnl, checked(risk, "risk"), ("pnl", "risk"))
    for index, value in enumerate(risk):
        if value <= 0.0:
            raise ValueError(f"risk[{index}] must be > 0, was {value}")
    return [a / b for a, b in zip(pnl, risk, strict=True)]


def system_quality(multiples: Sequence[float]) -> float | None:
    """Return Tharp's system quality number, n capped at 100; None without spread."""
    found = ratio(mean(multiples), spread(multiples))
    return None if found is None else math.sqrt(min(len(multiples), SQN_TRADES_MAX)) * found


def losing_streak(pnl: Sequence[float]) -> int:
    """Return the most losses in a row."""
    longest = streak = 0
    for value in pnl:
        streak = streak + 1 if value < 0.0 else 0
        longest = max(longest, streak)
    return longest


class Excursion(msgspec.Struct, frozen=True):
    """How far a trade went against and for itself, positive shares of the entry price."""

    mae: float
    mfe: float
    ret: float
    """What it brought."""

    @property
    def edge_ratio(self) -> float | None:
        """Return mfe / mae; None if it never went against itself."""
        return ratio(self.mfe, self.mae)

    @property
    def exit_efficiency(self) -> float | None:
        """Return ret / mfe; None if it never went for itself."""
        return ratio(self.ret, self.mfe)


def excursion(
    side: Side,
    entry: float,
    exit_price: float,
    bars: Sequence[tuple[float, float]],
) -> Excursion:
    """Return a trade's excursions.

    Args:
        side: Its side.
        entry: Price, > 0.
        exit_price: Price.
        bars: (high, low) of each bar after the entry bar, the exit's included.

    Raises:
        ValueError: If entry is not > 0.
    """
    if not entry > 0.0:
        raise ValueError(f"entry must be > 0, was {entry}")
    sign = 1.0 if side == "long" else -1.0
    moves = [sign * (price - entry) / entry for bar in bars for price in bar]
    return Excursion(
        mae=max(0.0, -min(moves, default=0.0)),
        mfe=max(0.0, max(moves, default=0.0)),
        ret=sign * (exit_price - entry) / entry,
    )
