"""Equity against the day's start and the peak: what a restart must not forget, and the limits that watch it."""

from decimal import Decimal

from tradebot.engine.core.mandates import watch_mandates
from tradebot.engine.core.outcomes import EquityMarked, TradingStateChanged
from tradebot.engine.core.risk import percent
from tradebot.engine.core.state import State
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
    _rejections(step)
    watch_mandates(step)
    equity = state.equity()
    if equity is None:
        return
    day = state.day_of(state.now)
    day_start, peak = state.day_start, state.peak
    loss_from, drawdown_from = state.loss_from, state.drawdown_from
    if day_start is None or state.day is None or day > state.day:
        day_start, loss_from = equity, None
    if peak is None or equity > peak:
        peak, drawdown_from = equity, None
    elif drawdown_from is not None:
        drawdown_from = max(drawdown_from, equity)
    new_day = state.day is not None and day > state.day
    _mark(step, day, (day_start, peak, loss_from, drawdown_from))
    if new_day:
        _lift_day_loss(step)
    _limits(step, equity)


def _lift_day_loss(step: Step) -> None:
    """Let a new day lift what a day loss pulled, where the configuration says so; nothing else."""
    state = step.state
    by_itself = state.started is not None and state.started.resume == "next-day"
    if by_itself and state.trading_state == "REDUCING" and state.cause == "day-loss":
        step.emit(TradingStateChanged(state="ACTIVE", reason="next day"))


def lift(step: Step) -> None:
    """Measure from now what an operator's word has lifted, else the next look would pull it again."""
    state = step.state
    equity = state.equity()
    if equity is None or state.day is None or state.day_start is None or state.peak is None:
        return
    drawdown, loss = _fallen(state, equity)
    cap = state.limits.drawdown
    drawdown_from = equity if cap is not None and drawdown >= cap else state.drawdown_from
    cap = state.limits.day_loss
    loss_from = equity if cap is not None and loss >= cap else state.loss_from
    _mark(step, state.day, (state.day_start, state.peak, loss_from, drawdown_from))


type _Figures = tuple[Decimal, Decimal, Decimal | None, Decimal | None]
"""Day's start, peak, and what day loss and drawdown are measured from where lifted."""


def _mark(step: Step, day: int, figures: _Figures) -> None:
    state = step.state
    known = (state.day_start, state.peak, state.loss_from, state.drawdown_from)
    if (day, figures) == (state.day, known):
        return
    day_start, peak, loss_from, drawdown_from = figures
    step.emit(
        EquityMarked(
            day=day,
            day_start=str(day_start),
            peak=str(peak),
            loss_from="" if loss_from is None else str(loss_from),
            drawdown_from="" if drawdown_from is None else str(drawdown_from),
        )
    )


def _fallen(state: State, equity: Decimal) -> tuple[Decimal, Decimal]:
    """Return drawdown and day loss, as fractions of what they are measured from."""
    peak = state.peak if state.drawdown_from is None else state.drawdown_from
    start = state.day_start if state.loss_from is None else state.loss_from
    return below(equity, peak or Decimal(0)), below(equity, start or Decimal(0))


def _limits(step: Step, equity: Decimal) -> None:
    state = step.state
    drawdown, loss = _fallen(state, equity)
    cap = state.limits.drawdown
    if cap is not None and drawdown >= cap and state.trading_state != "HALTED":
        change_state(
            step, "HALTED", f"drawdown {percent(drawdown)} from peak, at most {percent(cap)}"
        )
    cap = state.limits.day_loss
    if cap is not None and loss >= cap and state.trading_state == "ACTIVE":
        text = f"day loss {percent(loss)}, at most {percent(cap)}"
        change_state(step, "REDUCING", text, cause="day-loss")


def _rejections(step: Step) -> None:
    state = step.state
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
