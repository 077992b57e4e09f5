"""Log-optimal portfolios over a table of scenarios, free or under a bound on the chance of a drawdown.

Maximise sum p ln(b + x'f); with a risk power lambda also E[W^-lambda] <= 1, which guarantees
P(wealth ever below alpha) < alpha^lambda for bets repeated under the same chances (Busseti, Ryu, Boyd 2016,
J. Investing 25:118). The bound is an inequality: the chance itself is lower.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from tradebot.engine.sizing.interior import Bounds, Certificate, Matrix, Vector, minimise


class Weights(msgspec.Struct, frozen=True):
    """A portfolio, and the proof that there is no better one."""

    weights: tuple[float, ...]
    growth: float
    """Nats per period."""
    constrained: bool
    """Whether the drawdown bound binds."""
    certificate: Certificate


_THREADED = 1 << 18
"""Multiplications from which the linear algebra below numpy shares one product among threads."""


class _LogGrowth:
    """phi = -sum p ln W and h = ln sum p W^-lambda, W = base + X f."""

    def __init__(self, table: Matrix, chances: Vector, base: Vector, power: float) -> None:
        self.table, self.turned = table, table.T
        self.chances, self.base, self.power = chances, base, power
        self.log_chances = np.log(chances)
        self.curved = power > 0.0
        self.pieces = _pieces(self.turned)
        self.scaled = np.empty_like(self.pieces)
        """Room for a table that is made and dropped at each step."""
        self.weights = np.zeros((len(self.pieces), 1, self.pieces.shape[2]))

    def wealth(self, f: Vector) -> Vector:
        return self.base + self.table @ f

    def at(self, f: Vector) -> "_There | None":
        wealth = self.wealth(f)
        return _There(self, wealth) if wealth.min() > 0.0 else None

    def squared(self, weights: Vector) -> Matrix:
        """Return X' diag(weights^2) X."""
        self.weights.reshape(-1)[: len(weights)] = weights
        np.multiply(self.pieces, self.weights, out=self.scaled)
        return (self.scaled @ self.scaled.transpose(0, 2, 1)).sum(axis=0)


class _There:
    """The problem at one f: wealth and what follows from it are computed once."""

    def __init__(self, problem: _LogGrowth, wealth: Vector) -> None:
        self.problem, self.wealth = problem, wealth
        self.slope = -(problem.turned @ (problem.chances / wealth))
        self.h, self.h_slope = 0.0, np.zeros_like(self.slope)
        self.share = problem.chances
        if problem.curved:
            exponent = problem.log_chances - problem.power * np.log(wealth)
            top = float(exponent.max())
            parts = np.exp(exponent - top)
            total = float(parts.sum())
            self.h, self.share = top + float(np.log(total)), parts / total
            self.h_slope = -problem.power * (problem.turned @ (self.share / wealth))

    def hessian(self, weight: float) -> Matrix:
        problem, power = self.problem, self.problem.power
        diagonal = problem.chances + weight * power * (power + 1.0) * self.share
        whole = problem.squared(np.sqrt(diagonal) / self.wealth)
        return whole - weight * np.outer(self.h_slope, self.h_slope) if problem.curved else whole


def _pieces(turned: Matrix) -> Matrix:
    """Return a table, asset by scenario, as (piece, asset, scenario): the last piece filled up with zeros.

    A piece's product with itself is small enough to stay on one thread. Threads that wait for each other make a product
    of a few microseconds last milliseconds on a machine that does something else too.
    """
    assets, scenarios = turned.shape
    columns = min(scenarios, max(_THREADED // (assets * assets), 64))
    pieces = -(-scenarios // columns)
    filled = np.zeros((pieces, assets, columns))
    for piece in range(pieces):
        part = turned[:, piece * columns : (piece + 1) * columns]
        filled[piece, :, : part.shape[1]] = part
    return filled


def best_weights(
    returns: ArrayLike,
    chances: Sequence[float] | None = None,
    *,
    cash: ArrayLike = 0.0,
    budget: float | None = 1.0,
    cap: float | None = None,
    power: float = 0.0,
) -> Weights:
    """Return the long-only weights that grow fastest; what they leave of wealth lies in cash.

    Args:
        returns: Scenario by asset: net simple returns.
        chances: One per scenario, > 0, sum 1; None: all equal.
        cash: Net return of cash, one for all scenarios or one each.
        budget: Bound on the sum of weights; None: none.
        cap: Bound on each weight; None: none.
        power: lambda of the drawdown bound; 0: no bound.

    Raises:
        ValueError: If shapes do not fit, or a figure is outside its bound.
        ArithmeticError: If no optimum can be proved: an asset that never loses, without budget or cap.
    """
    table = np.asarray(returns, dtype=np.float64)
    if table.ndim != 2 or 0 in table.shape or not np.isfinite(table).all():
        raise ValueError("returns must be a full table of finite figures, scenario by asset")
    scenarios, assets = table.shape
    weight = np.full(scenarios, 1.0 / scenarios) if chances is None else np.asarray(chances)
    if weight.shape != (scenarios,) or not (weight > 0.0).all() or abs(weight.sum() - 1.0) > 1e-9:
        raise ValueError(f"chances must be {scenarios} figures > 0 that sum to 1")
    for name, bound in (("budget", budget), ("cap", cap)):
        if bound is not None and not bound > 0.0:
            raise ValueError(f"{name} must be > 0, was {bound}")
    if not power >= 0.0:
        raise ValueError(f"the risk power must be >= 0, was {power}")
    base = 1.0 + np.broadcast_to(np.asarray(cash, dtype=np.float64), (scenarios,))
    if not base.min() > 0.0:
        raise ValueError(f"cash must keep something in each scenario, lowest was {base.min()}")
    problem = _LogGrowth(table - (base - 1.0)[:, None], weight, base, power)
    bounds = long_only(assets, budget, cap)
    start = _start(problem, assets, budget, cap)
    found, proof = minimise(problem, bounds, start)
    clean = np.where(found < 1e-14, 0.0, found)
    growth = float(weight @ np.log(problem.wealth(clean)))
    return Weights(tuple(clean.tolist()), growth, proof.multiplier > 1e-12, proof)


def long_only(assets: int, budget: float | None, cap: float | None) -> Bounds:
    """Return f >= 0, and where they are given each f <= cap and sum f <= budget."""
    one = np.eye(assets)
    rows: list[Matrix] = [-one]
    limits: list[Vector] = [np.zeros(assets)]
    if cap is not None:
        rows.append(one)
        limits.append(np.full(assets, cap))
    if budget is not None:
        rows.append(np.ones((1, assets)))
        limits.append(np.array([budget]))
    return Bounds(np.vstack(rows), np.concatenate(limits))


def _start(problem: _LogGrowth, assets: int, budget: float | None, cap: float | None) -> Vector:
    """Return a point inside bounds and domain: equal weights, as small as scenarios demand."""
    size = (1.0 if budget is None else budget) / (assets + 1.0)
    size = size if cap is None else min(size, cap / 2.0)
    start = np.full(assets, size)
    while float((problem.wealth(start) / problem.base).min()) < 0.2:
        start = start / 2.0
    return start


def from_gross(
    gross: Sequence[Sequence[float]], chances: Sequence[float], power: float = 0.0
) -> Weights:
    """Return weights >= 0 that sum to 1 over assets given by gross returns, the last of which is cash.

    Args:
        gross: Asset by scenario, each > 0 or 0 for what may be lost whole; the last one > 0.
        chances: One per scenario.
        power: lambda of the drawdown bound; 0: no bound. Cash must then keep its worth.

    Raises:
        ValueError: As `best_weights`.
    """
    table = np.asarray(gross, dtype=np.float64)
    risky, cash = table[:-1].T - 1.0, table[-1] - 1.0
    found = best_weights(risky, chances, cash=cash, power=power)
    rest = max(1.0 - float(np.sum(found.weights)), 0.0)
    left = rest if rest > 1e-14 else 0.0
    return msgspec.structs.replace(found, weights=(*found.weights, left))


def paper_example(seed: int, assets: int, scenarios: int) -> tuple[Matrix, Vector]:
    """Return gross returns (asset by scenario, cash last) and chances of the example of Busseti, Ryu and Boyd.

    30 times one figure becomes 0.1 and another 2.5, so that there are rare disasters and windfalls.

    Args:
        seed: Of numpy's RandomState, as in the paper's notebook.
        assets: With cash.
        scenarios: >= 1.
    """
    dice = np.random.RandomState(seed)
    chances = dice.uniform(size=scenarios)
    gross = dice.uniform(0.7, 1.3, (assets, scenarios))
    for _ in range(30):
        for odd in (0.1, 2.5):
            row = dice.choice(assets)
            gross[row, dice.choice(scenarios)] = odd
    gross[-1] = 1.0
    return gross, chances / chances.sum()
