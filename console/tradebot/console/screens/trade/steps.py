"""The price steps the ladder offers: 1, 2, 5 times a power of ten of the tick."""

from decimal import Decimal

from tradebot.engine.control.messages_frame import InstrumentView

STEPS_MAX = 16
"""Coarsest step: 200,000 ticks."""


def step_ladder(tick: str) -> list[Decimal]:
    """Return the steps from the tick up."""
    base = Decimal(tick)
    factors = [factor * 10**power for power in range(6) for factor in (1, 2, 5)]
    return [base * factor for factor in factors[:STEPS_MAX]]


def coarser_or_finer(instrument: InstrumentView, step: str, by: int) -> str:
    """Return the step `by` places along, with the instrument's decimals; the ends stay where they are."""
    steps = step_ladder(instrument.tick)
    now = Decimal(step)
    at = max((i for i, known in enumerate(steps) if known <= now), default=0)
    chosen = steps[min(len(steps) - 1, max(0, at + by))]
    return f"{chosen:.{instrument.price_decimals}f}"
