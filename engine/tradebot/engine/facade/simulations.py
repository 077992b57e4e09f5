"""`montecarlo(...)`: simulated wealth with its error bars, for scripts and notebooks."""

from collections.abc import Sequence
from typing import TypedDict, Unpack

import msgspec

from tradebot.engine.research.montecarlo.bootstrap import block_length
from tradebot.engine.research.montecarlo.simulate import (
    Chain,
    Jumps,
    Plan,
    Result,
    Watch,
    bootstrap,
    gbm,
    jump,
    regime,
    student,
)


class Gbm(msgspec.Struct, frozen=True):
    """Geometric Brownian motion, per unit of the plan's time."""

    mu: float
    sigma: float
    bridge: bool = True
    """Whether levels are watched between steps."""


class Student(msgspec.Struct, frozen=True):
    """Student-t simple returns, per step."""

    mean: float
    deviation: float
    nu: float
    """> 2."""


class JumpDiffusion(msgspec.Struct, frozen=True):
    """Merton's jump diffusion, compensated."""

    mu: float
    sigma: float
    jumps: Jumps


class Recorded(msgspec.Struct, frozen=True):
    """Blocks of recorded simple returns."""

    returns: Sequence[float]
    block: float | None = None
    """Mean length of a block in steps; None: Politis and White's."""
    circular: bool = False
    """Blocks of one whole length."""


type Source = Gbm | Student | JumpDiffusion | Chain | Recorded
"""Where returns come from; `Chain` switches regimes."""


class Asked(TypedDict, total=False):
    """What else a plan can say; see `Plan`."""

    fraction: float
    rate: float
    target: float | None
    ruin: float | None
    antithetic: bool
    threads: int


def montecarlo(
    source: Source,
    *,
    paths: int = 100_000,
    steps: int = 252,
    step: float = 1.0 / 252.0,
    seed: int = 1,
    watch: Watch | None = None,
    **asked: Unpack[Asked],
) -> Result:
    """Simulate wealth under a sizing rule; the same seed gives the same figures on any number of threads.

    Args:
        source: Where returns come from.
        paths: How many.
        steps: Of each.
        step: Length of one, in the unit of the rates (years).
        seed: Of the generator.
        watch: Called with paths done and paths in all; an exception it raises ends the simulation.
        **asked: `fraction`, `rate`, `target`, `ruin`, `antithetic`, `threads`.

    Raises:
        ValueError: If a figure is out of its bound.
    """
    plan = Plan(paths=paths, steps=steps, step=step, seed=seed, **asked)
    match source:
        case Gbm():
            return gbm(plan, source.mu, source.sigma, bridge=source.bridge, watch=watch)
        case Student():
            return student(plan, source.mean, source.deviation, source.nu, watch=watch)
        case JumpDiffusion():
            return jump(plan, source.mu, source.sigma, source.jumps, watch=watch)
        case Chain():
            return regime(plan, source, watch=watch)
        case Recorded():
            block = _block(source)
            return bootstrap(plan, source.returns, block, circular=source.circular, watch=watch)


def _block(source: Recorded) -> float:
    if source.block is not None:
        return source.block
    found = block_length(source.returns)
    if found is None:
        return 1.0
    return float(max(1, round(found.circular))) if source.circular else max(1.0, found.stationary)
