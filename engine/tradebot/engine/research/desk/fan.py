"""Fans of wealth from the native paths, with the error that their number leaves."""

from collections.abc import Sequence

from tradebot.engine.research.desk.page import FAN_STEPS, Fan
from tradebot.engine.research.montecarlo.simulate import Plan, Result, bootstrap, gbm
from tradebot.engine.sizing.kelly import Drift
from tradebot.engine.sizing.outcomes import Outcomes

PATHS = 1000
_PARTS = 400
"""Outcomes are laid out as so many equally likely results."""


def fan_of_bets(outcomes: Outcomes, share: float, *, seed: int = 1) -> tuple[Fan, ...]:
    """Return wealth after a number of bets, the same share staked each time."""
    # Wealth that an outcome takes below nothing stays there: a gap can cost more than what was at risk.
    values = [max(share * each, -1.0) for each in _laid_out(outcomes)]
    return tuple(_fan(n, bootstrap(_plan(n, 1.0, 1.0, seed), values, 1.0)) for n in FAN_STEPS)


def fan_of_drift(drift: Drift, share: float, years: float, *, seed: int = 1) -> tuple[Fan, ...]:
    """Return wealth on the way to a date, the same share held all the time."""
    step = years / 100.0
    return tuple(
        _fan(n, gbm(_plan(1, step * n, share, seed, drift.r), drift.mu, drift.sigma, bridge=False))
        for n in FAN_STEPS
    )


def _plan(steps: int, step: float, share: float, seed: int, rate: float = 0.0) -> Plan:
    return Plan(
        paths=PATHS, steps=steps, step=step, seed=seed, fraction=share, rate=rate, threads=1
    )


def _fan(steps: int, found: Result) -> Fan:
    low, middle, high = (found.quantiles[name] for name in ("0.05", "0.5", "0.95"))
    return Fan(
        steps,
        (low.value, low.low, low.high),
        (middle.value, middle.low, middle.high),
        (high.value, high.low, high.high),
    )


def _laid_out(outcomes: Outcomes) -> Sequence[float]:
    """Return results in proportion to their chances: the native bootstrap draws them alike."""
    total, values, at = 0.0, list[float](), 0
    for each, chance in zip(outcomes.returns, outcomes.chances, strict=True):
        total += chance * _PARTS
        values += [each] * (round(total) - at)
        at = round(total)
    return values
