"""Equity against the day's start and the peak: what a restart must not forget, and the limits that watch it."""

from decimal import Decimal

from tradebot.engine.core.outcomes import EquityMarked
from tradebot.engine.core.risk import percent
from tradebot.engine.core.step import Step
from tradebot.engine.core.stops import change_state
from tradebot.engine.core.types import SECOND

MARK_PERIOD = SECOND
"""Equity is looked at most this often for market events; after fills at once."""


def watch(step: Step, *, at_once: bool) -> None:
    """Mark equity, roll the day, and pull REDUCING or HALTED where a limit says so."""
    state = step.state
    if state.started is None or (not at_once and state.now < state.next_mark):
        return
    state.next_mark = state.now + MARK_PERIOD
    equity = state.equity()
    if equity is None:
        return
    day = state.day_of(state.now)
    day_start, peak = state.day_start, state.peak
    if day_start is None or peak is None or state.day is None or day > state.day:
        day_start = equity
    if peak is None or equity > peak:
        peak = equity
    if (day, day_start, peak) != (state.day, state.day_start, state.peak):
        step.emit(EquityMarked(day=day, day_start=str(day_start), peak=str(peak)))
    _limits(step, equity, day_start, peak)


def _limits(step: Step, equity: Decimal, day_start: Decimal, peak: Decimal) -> None:
    state = step.state
    drawdown = below(equity, peak)
    cap = state.limits.drawdown
    if cap is not None and drawdown >= cap and state.trading_state != "HALTED":
        change_state(
            step, "HALTED", f"drawdown {percent(drawdown)} from peak, at most {percent(cap)}"
        )
    loss = below(equity, day_start)
    cap = state.limits.day_loss
    if cap is not None and loss >= cap and state.trading_state == "ACTIVE":
        change_state(step, "REDUCING", f"day loss {percent(loss)}, at most {percent(cap)}")
    rejects = state.limits.rejects_in_row
    if state.rejects_in_row >= rejects and state.trading_state == "ACTIVE":
        change_state(
            step, "REDUCING", f"{state.rejects_in_row} rejections in a row, at most {rejects}"
        )


def below(equity: Decimal, reference: Decimal) -> Decimal:
    """Return how far equity is below a reference, as a fraction of it; 0 where it is not below."""
    if reference <= 0 or equity >= reference:
        return Decimal(0)
    return (reference - equity) / reference
