"""Results that flows do not move: day's profit, day's return, drawdown.

The return is time-weighted (as the Global Investment Performance Standards ask; Bacon, *Practical Portfolio
Performance Measurement and Attribution*, 2nd ed. 2008, chapter 2): between two flows it is V_end / V_begin - 1, and a
period's is the product of these sub-periods,

    1 + r = (V1 / V0) x (V2 / (V1 + F1)) x ... x (Vn / (Vn-1 + Fn-1)),

V1 being the value just before the flow F1. The same comes out when, at each flow, every reference value (the day's
start, the peak, what a lifted limit is measured from) is multiplied by (V + F) / V: return = value / day_start - 1,
drawdown = 1 - value / peak. So neither a large withdrawal near the peak nor a deposit at a loss moves a limit.
Profit in money is what is left when flows are taken off: value - opened - flows.
"""

from decimal import Decimal

import msgspec

from tradebot.engine.core.ledger import ZERO
from tradebot.engine.core.rates import ROUNDING, VALUE_QUANTUM


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What results are measured from, in the engine's currency."""

    day_start: Decimal
    """Equity at the day's start, scaled by each flow since."""
    peak: Decimal
    """Highest equity, scaled likewise."""
    loss_from: Decimal | None = None
    """What the day's loss is measured from since an operator lifted it; None: the day's start."""
    drawdown_from: Decimal | None = None
    """What drawdown is measured from since an operator lifted it; None: the peak."""
    opened: Decimal
    """Equity at the day's start, as it was."""
    flows: Decimal = ZERO
    """What came in and went out since the day's start."""
    game: Decimal | None = None
    """The capital the objective is measured from, scaled likewise; None: no game has begun."""


def begun(equity: Decimal) -> Figures:
    """Return the figures of an account that begins with an equity."""
    return Figures(day_start=equity, peak=equity, opened=equity)


def risen(figures: Figures, equity: Decimal) -> Figures:
    """Return the figures after a look at equity: the peak follows it up."""
    if equity > figures.peak:
        return msgspec.structs.replace(figures, peak=equity, drawdown_from=None)
    if figures.drawdown_from is None or equity <= figures.drawdown_from:
        return figures
    return msgspec.structs.replace(figures, drawdown_from=equity)


def flowed(figures: Figures, net: Decimal, equity: Decimal) -> Figures:
    """Return the figures after a flow; where nothing was there before it or after it, ratios begin anew.

    Args:
        figures: Before the flow.
        net: What came in, negative for what went out.
        equity: After the flow.
    """
    before = ROUNDING.subtract(equity, net)
    flows = ROUNDING.add(figures.flows, net)
    if before <= 0 or equity <= 0:
        game = None if figures.game is None else equity
        return Figures(day_start=equity, peak=equity, opened=figures.opened, flows=flows, game=game)

    def scaled(reference: Decimal | None) -> Decimal | None:
        if reference is None:
            return None
        whole = ROUNDING.divide(ROUNDING.multiply(reference, equity), before)
        return whole.quantize(VALUE_QUANTUM, context=ROUNDING).normalize(ROUNDING)

    return Figures(
        day_start=scaled(figures.day_start) or ZERO,
        peak=scaled(figures.peak) or ZERO,
        loss_from=scaled(figures.loss_from),
        drawdown_from=scaled(figures.drawdown_from),
        opened=figures.opened,
        flows=flows,
        game=scaled(figures.game),
    )


def profit(equity: Decimal, figures: Figures) -> Decimal:
    """Return the day's profit in money: what equity gained beyond flows."""
    return ROUNDING.subtract(ROUNDING.subtract(equity, figures.opened), figures.flows)


def day_return(equity: Decimal, figures: Figures) -> Decimal | None:
    """Return the day's time-weighted return as a fraction; None where nothing was there to earn with."""
    if figures.day_start <= 0:
        return None
    return ROUNDING.divide(equity, figures.day_start) - 1


def below(equity: Decimal, reference: Decimal) -> Decimal:
    """Return how far equity is below a reference, as a fraction of it; 0 where it is not below."""
    if reference <= 0 or equity >= reference:
        return Decimal(0)
    return (reference - equity) / reference
