"""Equity against the day's start and the peak: what a restart must not forget, and the limits that watch it."""

from decimal import Decimal

import msgspec

from tradebot.engine.core.gate_words import percent
from tradebot.engine.core.ledger import ZERO
from tradebot.engine.core.mandates import watch_mandates
from tradebot.engine.core.outcomes import EquityMarked, GameBegun, TradingStateChanged
from tradebot.engine.core.rates import ROUNDING
from tradebot.engine.core.returns import Figures, begun, below, flowed, risen
from tradebot.engine.core.sleeve_losses import watch_pools, watch_sleeves
from tradebot.engine.core.state import State
from tradebot.engine.core.step import Step
from tradebot.engine.core.stops import change_state
from tradebot.engine.core.types import SECOND

MARK_PERIOD = SECOND
"""Equity is looked at most this often for market events; after fills at once."""


def watch(step: Step, *, at_once: bool) -> None:
    """Mark equity, roll the day, and pull REDUCING or HALTED where a limit says so."""
    state = step.state
    if state.started is None or (not at_once and not state.flows and state.now < state.next_mark):
        return
    state.next_mark = state.now + MARK_PERIOD
    _rejections(step)
    watch_mandates(step)
    watch_sleeves(step)
    watch_pools(step)
    equity = state.equity()
    if equity is None:
        return
    day = state.day_of(state.now)
    figures = _after_flows(state, figures_of(state), equity)
    new_day = state.day is not None and day > state.day
    if figures is None or state.day is None:
        figures = begun(equity)
    elif new_day:
        figures = msgspec.structs.replace(
            figures, day_start=equity, opened=equity, flows=ZERO, loss_from=None
        )
    _mark(step, max(day, state.day or day), risen(figures, equity))
    _begin_game(step, equity)
    if new_day:
        _lift_day_loss(step)
    _limits(step, equity)


def _begin_game(step: Step, equity: Decimal) -> None:
    """Measure what the objective starts from, once its day has come."""
    state = step.state
    objective = state.objective()
    if (
        objective is None
        or equity <= 0
        or (state.game is not None and state.game.since == objective.since)
    ):
        return
    day = objective.since_day
    if day is None or state.day_of(state.now) >= day:
        step.emit(GameBegun(since=objective.since, base=f"{equity:f}"))


def _lift_day_loss(step: Step) -> None:
    """Let a new day lift what a day loss pulled, where the configuration says so; nothing else."""
    state = step.state
    by_itself = state.started is not None and state.started.resume == "next-day"
    if by_itself and state.trading_state == "REDUCING" and state.cause == "day-loss":
        step.emit(TradingStateChanged(state="ACTIVE", reason="next day"))


def lift(step: Step) -> None:
    """Measure from now what an operator's word has lifted, else the next look would pull it again."""
    state = step.state
    equity, figures = state.equity(), figures_of(state)
    if equity is None or state.day is None or figures is None:
        return
    drawdown, loss = _fallen(state, equity)
    cap = state.limits.drawdown
    if cap is not None and drawdown >= cap:
        figures = msgspec.structs.replace(figures, drawdown_from=equity)
    cap = state.limits.day_loss
    if cap is not None and loss >= cap:
        figures = msgspec.structs.replace(figures, loss_from=equity)
    _mark(step, state.day, figures)


def figures_of(state: State) -> Figures | None:
    """Return the figures as last marked; None before the first mark."""
    if state.day_start is None or state.peak is None or state.opened is None:
        return None
    return Figures(
        day_start=state.day_start,
        peak=state.peak,
        loss_from=state.loss_from,
        drawdown_from=state.drawdown_from,
        opened=state.opened,
        flows=state.day_flows,
        game=None if state.game is None else state.game.base,
    )


def _after_flows(state: State, figures: Figures | None, equity: Decimal) -> Figures | None:
    """Return the figures after flows that were not taken in yet; None where there is nothing to measure from."""
    rates = state.rates()
    if figures is None or rates is None or not state.flows:
        return figures
    net = ZERO
    for asset, amount in state.flows.items():
        worth = rates.value(amount, asset, state.currency)
        if worth is None:
            # The asset came and went while nobody could value it: what is left of it is nothing.
            continue
        net = ROUNDING.add(net, worth)
    return flowed(figures, net, equity)


def _mark(step: Step, day: int, figures: Figures) -> None:
    state = step.state
    if not state.flows and (day, figures) == (state.day, figures_of(state)):
        return
    step.emit(
        EquityMarked(
            day=day,
            day_start=f"{figures.day_start:f}",
            peak=f"{figures.peak:f}",
            loss_from="" if figures.loss_from is None else f"{figures.loss_from:f}",
            drawdown_from="" if figures.drawdown_from is None else f"{figures.drawdown_from:f}",
            opened=f"{figures.opened:f}",
            flows=f"{figures.flows:f}",
            game="" if figures.game is None else f"{figures.game:f}",
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
