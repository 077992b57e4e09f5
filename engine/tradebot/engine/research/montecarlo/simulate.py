"""Simulated wealth with its error bars: quantiles, drawdown, chances of target and ruin."""

import math
from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from tradebot.engine.research.montecarlo.error_bars import quantile_ranks
from tradebot.engine.research.normal import normal_quantile
from tradebot.engine.sizing.beta import wilson
from tradebot.native.montecarlo import MonteCarlo

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_Z95 = normal_quantile(0.975)

type Column = NDArray[np.float64]
type Columns = tuple[Column, Column, Column, Column]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to simulate, whatever the model; bounds are the native room's, which names them."""

    paths: int
    """In [1, 2^30]."""
    steps: int
    """>= 1."""
    step: float
    """Length of a step, in the unit of the rates (years), > 0."""
    seed: int
    fraction: float = 1.0
    """Share of wealth staked, in [0, 1000]."""
    rate: float = 0.0
    """What the rest earns: a log rate."""
    target: float | None = None
    """A multiple of the start, > 1."""
    ruin: float | None = None
    """A share of the start, in (0, 1)."""
    antithetic: bool = False
    threads: int = 0

    @property
    def cash(self) -> float:
        """Return what cash grows by in a step."""
        return math.expm1(self.rate * self.step)

    def native(self) -> MonteCarlo:
        """Return the native plan.

        Raises:
            ValueError: If a figure is out of its bound.
        """
        if not (self.step > 0.0 and math.isfinite(self.step)):
            raise ValueError(f"step must be > 0 and finite, was {self.step}")
        if not 0.0 <= self.fraction <= 1000.0:  # noqa: PLR2004  (the native bound)
            raise ValueError(f"fraction must be in [0, 1000], was {self.fraction}")
        if not math.isfinite(self.rate):
            raise ValueError(f"rate must be finite, was {self.rate}")
        return MonteCarlo(
            self.paths,
            self.steps,
            self.seed,
            threads=self.threads,
            antithetic=self.antithetic,
            target=self.target,
            ruin=self.ruin,
        )


class Figure(msgspec.Struct, frozen=True):
    """A figure and its 95 % interval; a side that the sample cannot bound is None."""

    value: float
    low: float | None
    high: float | None


class Result(msgspec.Struct, frozen=True):
    """What came of a simulation; wealth in multiples of its start."""

    model: str
    plan: Plan
    monitored: str
    """Where target and ruin are looked at; drawdowns are always seen on steps, which makes them shallower."""
    mean: Figure
    mean_log: Figure
    quantiles: dict[str, Figure]
    """Of terminal wealth."""
    drawdown: dict[str, Figure]
    """Quantiles of the deepest share lost from a peak."""
    mean_drawdown: Figure
    target: Figure | None
    ruin: Figure | None


type Watch = Callable[[int, int], None]


def gbm(
    plan: Plan, mu: float, sigma: float, *, bridge: bool = True, watch: Watch | None = None
) -> Result:
    """Simulate a share of wealth kept all the time in dS/S = mu dt + sigma dW: exact at each step.

    Raises:
        ValueError: If a figure is out of its bound; as of all models here.
    """
    native, f = plan.native(), plan.fraction
    vol = f * sigma
    drift = (plan.rate + f * (mu - plan.rate) - vol * vol / 2.0) * plan.step
    columns = native.diffusion(drift, vol * math.sqrt(plan.step), bridge=bridge, watch=watch)
    return _result("gbm", plan, columns, between=bridge)


def student(
    plan: Plan, mean: float, deviation: float, nu: float, watch: Watch | None = None
) -> Result:
    """Simulate simple Student-t returns of mean and deviation per step."""
    columns = plan.native().student(
        mean, deviation, nu, fraction=plan.fraction, cash=plan.cash, watch=watch
    )
    return _result("student", plan, columns)


class Jumps(msgspec.Struct, frozen=True):
    """Poisson jumps: how many a unit of time, and the normal law of their log size."""

    intensity: float
    mean: float
    deviation: float


def jump(plan: Plan, mu: float, sigma: float, jumps: Jumps, watch: Watch | None = None) -> Result:
    """Simulate Merton's jump diffusion, compensated: the asset's mean grows by e^(mu t)."""
    mean_jump = math.expm1(jumps.mean + jumps.deviation**2 / 2.0)
    drift = (mu - sigma * sigma / 2.0 - jumps.intensity * mean_jump) * plan.step
    columns = plan.native().jump(
        (drift, sigma * math.sqrt(plan.step)),
        jumps.intensity * plan.step,
        (jumps.mean, jumps.deviation),
        fraction=plan.fraction,
        cash=plan.cash,
        watch=watch,
    )
    return _result("jump", plan, columns)


class Chain(msgspec.Struct, frozen=True):
    """Markov states of log returns per step."""

    transition: Sequence[Sequence[float]]
    laws: Sequence[tuple[float, float]]
    """(mean, deviation) of each."""
    start: Sequence[float]


def regime(plan: Plan, chain: Chain, watch: Watch | None = None) -> Result:
    """Simulate Markov regimes."""
    columns = plan.native().regime(
        chain.start,
        chain.transition,
        chain.laws,
        fraction=plan.fraction,
        cash=plan.cash,
        watch=watch,
    )
    return _result("regime", plan, columns)


def bootstrap(
    plan: Plan,
    returns: Sequence[float],
    block: float,
    *,
    circular: bool = False,
    watch: Watch | None = None,
) -> Result:
    """Simulate by blocks of recorded simple returns: mean length `block`, or exactly that where circular."""
    if plan.antithetic:
        raise ValueError("antithetic must be false: resampled returns have no mirror image")
    columns = plan.native().bootstrap(
        np.asarray(returns, dtype=np.float64),
        block,
        circular=circular,
        fraction=plan.fraction,
        cash=plan.cash,
        watch=watch,
    )
    return _result("bootstrap", plan, columns)


def _result(model: str, plan: Plan, columns: Columns, *, between: bool = False) -> Result:
    logs, drawdown, target, ruin = columns
    paired = plan.antithetic
    wealth: Column = np.exp(logs)
    return Result(
        model=model,
        plan=plan,
        monitored="all the time" if between else "on steps",
        mean=_mean(wealth, paired=paired),
        mean_log=_mean(logs, paired=paired),
        quantiles=_quantiles(wealth, paired=paired),
        drawdown=_quantiles(drawdown, paired=paired),
        mean_drawdown=_mean(drawdown, paired=paired),
        target=None if plan.target is None else _chance(target, paired=paired),
        ruin=None if plan.ruin is None else _chance(ruin, paired=paired),
    )


def _error(values: Column, *, paired: bool) -> float | None:
    """Return the standard error of a mean, that of the partners' means where paths are paired."""
    one: Column = values.reshape(-1, 2).mean(axis=1) if paired else values
    return None if one.size < 2 else float(one.std(ddof=1)) / math.sqrt(one.size)  # noqa: PLR2004


def _mean(values: Column, *, paired: bool) -> Figure:
    value, error = float(values.mean()), _error(values, paired=paired)
    if error is None:
        return Figure(value, None, None)
    return Figure(value, value - _Z95 * error, value + _Z95 * error)


def _chance(chances: Column, *, paired: bool) -> Figure:
    """Return a chance with Wilson's interval where paths hit or miss, else by the spread of their own chances."""
    certain = bool(((chances == 0.0) | (chances == 1.0)).all())
    plain = _mean(chances, paired=paired)
    if not certain:
        return plain
    # Partners are one observation of their mean: at most twice as good as the number of pairs, which is taken.
    n = chances.size // 2 if paired else chances.size
    bounds = wilson(round(plain.value * n), n)
    if bounds is None:
        return plain
    return Figure(plain.value, min(bounds[0], plain.value), max(bounds[1], plain.value))


def _quantiles(values: Column, *, paired: bool) -> dict[str, Figure]:
    ordered = np.sort(values)
    return {f"{q:g}": _quantile(values, ordered, q, paired=paired) for q in QUANTILES}


def _quantile(values: Column, ordered: Column, q: float, *, paired: bool) -> Figure:
    """Return a quantile between order statistics: ranks by the binomial law, or by the error of pairs."""
    n = ordered.size
    value = float(np.quantile(ordered, q))
    if paired:
        below: Column = (values <= value).astype(np.float64)
        error = _error(below, paired=True)
        half = _Z95 * (1.0 if error is None else error) * n
        low, high = math.floor(n * q - half), math.ceil(n * q + half) + 1
    else:
        low, high = quantile_ranks(n, q)
    return Figure(
        value,
        float(ordered[low - 1]) if low >= 1 else None,
        float(ordered[high - 1]) if high <= n else None,
    )
