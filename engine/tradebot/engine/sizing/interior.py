"""A primal-dual interior-point method for small smooth concave problems under linear bounds, with a certificate.

Minimise phi(f) subject to A f <= b and at most one smooth convex constraint h(f) <= 0. Mehrotra's predictor and
corrector (1992, SIAM J. Optim. 2:575; Nocedal, Wright, chapter 19) until the active constraints show; then Newton's
method on the KKT system with these as equations, which makes the answer exact to rounding. What is returned is judged
by its own certificate: residuals and duality gap, from the point and its multipliers alone.
"""

from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

type Vector = NDArray[np.float64]
type Matrix = NDArray[np.float64]

_STEPS_MAX = 200
_POLISH_MAX = 12
_BACK = 0.995
"""Share of the way to the nearest bound that a step may go."""


class Point(Protocol):
    """What is known of a problem at one f."""

    @property
    def slope(self) -> Vector:
        """Return the gradient of phi."""
        ...

    @property
    def h(self) -> float:
        """Return the constraint; 0 without one."""
        ...

    @property
    def h_slope(self) -> Vector:
        """Return the gradient of h; zeros without one."""
        ...

    def hessian(self, weight: float) -> Matrix:
        """Return the Hessian of phi + weight x h."""
        ...


class Problem(Protocol):
    """What is minimised."""

    curved: bool
    """Whether there is a constraint h(f) <= 0."""

    def at(self, f: Vector) -> Point | None:
        """Return what is known at f; None where phi or h is not defined there."""
        ...


class Certificate(msgspec.Struct, frozen=True):
    """How far from optimal a point can be, by its multipliers."""

    gap: float
    """The most by which the objective can be better anywhere: complementarity, plus what the residual leaves open."""
    stationarity: float
    """Largest component of the gradient of the Lagrangian."""
    violation: float
    """Largest excess over a constraint; 0 when all hold."""
    multiplier: float
    """Of h; > 0 where it binds."""
    steps: int
    """Newton steps taken."""


class Bounds(msgspec.Struct, frozen=True):
    """Linear constraints A f <= b."""

    rows: Matrix
    limits: Vector


def minimise(problem: Problem, bounds: Bounds, start: Vector) -> tuple[Vector, Certificate]:
    """Return the minimiser and its certificate.

    Args:
        problem: phi and h.
        bounds: Linear constraints.
        start: Strictly inside the bounds and the domain; h may be violated.

    Raises:
        ValueError: If the start is not inside the domain.
        ArithmeticError: If the best point found is not proved to within 1e-9: say, the optimum is at infinity.
    """
    return _Search(problem, bounds, start).run()


class _Search:
    def __init__(self, problem: Problem, bounds: Bounds, start: Vector) -> None:
        self.problem, self.bounds, self.f = problem, bounds, start
        self.rows = len(bounds.limits)
        self.steps = 0
        now = problem.at(start)
        if now is None:
            raise ValueError("the start must be inside the domain")
        self.now: Point = now
        self.scale = max(float(np.abs(now.slope).max(initial=0.0)), 1e-12)
        slack = bounds.limits - bounds.rows @ start
        if problem.curved:
            slack = np.append(slack, max(-now.h, 0.1))
        self.slack: Vector = slack
        self.dual: Vector = 0.1 * self.scale / np.maximum(slack, 1e-3)

    def run(self) -> tuple[Vector, Certificate]:
        best: tuple[Vector, Certificate] | None = None
        for _ in range(_STEPS_MAX):
            gap = float(self.slack @ self.dual)
            residual = self._residual()
            near = max(gap, residual) < 1e-3 * self.scale
            if near:
                exact = self._polish()
                if exact is not None:
                    return exact
                found = self._judge(self.f, self.now, self.dual)
                best = (self.f, found) if best is None or found.gap < best[1].gap else best
            if max(gap, residual) < 1e-14 * max(self.scale, 1.0) or not self._step():
                break
        if best is None or best[1].gap > 1e-9 or best[1].violation > 1e-9:
            raise ArithmeticError("no optimum could be proved: is the stake without bound?")
        return best

    def _stack(self, h_slope: Vector) -> Matrix:
        return np.vstack((self.bounds.rows, h_slope)) if self.problem.curved else self.bounds.rows

    def _off(self, f: Vector, h: float) -> Vector:
        linear = self.bounds.rows @ f - self.bounds.limits
        return np.append(linear, h) if self.problem.curved else linear

    def _residual(self) -> float:
        now = self.now
        lagrangian = now.slope + self._stack(now.h_slope).T @ self.dual
        off = self._off(self.f, now.h) + self.slack
        return float(max(np.abs(lagrangian).max(), np.abs(off).max(initial=0.0) * self.scale))

    def _step(self) -> bool:
        now = self.now
        rows, slack, dual = self._stack(now.h_slope), self.slack, self.dual
        weight = float(dual[-1]) if self.problem.curved else 0.0
        matrix = now.hessian(weight) + (rows.T * (dual / slack)) @ rows
        lagrangian = now.slope + rows.T @ dual
        off = self._off(self.f, now.h) + slack
        mean = float(slack @ dual) / len(slack)

        def direction(target: Vector) -> tuple[Vector, Vector, Vector]:
            right = -lagrangian - rows.T @ ((dual * off - target) / slack)
            df = np.linalg.solve(matrix, right)
            ds = -off - rows @ df
            return df, ds, -(target + dual * ds) / slack

        try:
            _, ds, dz = direction(slack * dual)
            ahead = (slack + _room(slack, ds) * ds) @ (dual + _room(dual, dz) * dz) / len(slack)
            centre = (float(ahead) / mean) ** 3 * mean
            df, ds, dz = direction(slack * dual + ds * dz - centre)
        except np.linalg.LinAlgError:
            return False
        return self._move(df, ds, dz)

    def _move(self, df: Vector, ds: Vector, dz: Vector) -> bool:
        if not np.isfinite(df).all():
            return False
        primal = min(1.0, _BACK * _room(self.slack, ds))
        while primal > 1e-12:
            f = self.f + primal * df
            now = self.problem.at(f)
            if now is not None:
                self.f, self.now = f, now
                self.slack = self.slack + primal * ds
                self.dual = self.dual + min(1.0, _BACK * _room(self.dual, dz)) * dz
                self.steps += 1
                return True
            primal /= 2.0
        return False

    def _polish(self) -> tuple[Vector, Certificate] | None:
        """Return the solution with the constraints that look active as equations; None where they prove wrong."""
        active = np.flatnonzero(self.slack * self.scale < self.dual)
        f, now, size = self.f, self.now, len(self.f)
        dual = np.zeros(len(self.slack))
        dual[active] = self.dual[active]
        for _ in range(_POLISH_MAX):
            rows = self._stack(now.h_slope)[active]
            # On the way the multiplier may fall below 0, where the Hessian need not be one of a convex function.
            weight = max(float(dual[-1]), 0.0) if self.problem.curved else 0.0
            matrix = np.zeros((size + len(active), size + len(active)))
            matrix[:size, :size] = now.hessian(weight)
            matrix[:size, size:], matrix[size:, :size] = rows.T, rows
            right = np.concatenate((-now.slope, -self._off(f, now.h)[active]))
            try:
                found = np.linalg.solve(matrix, right)
            except np.linalg.LinAlgError:
                return None
            moved = f + found[:size]
            there = self.problem.at(moved) if np.isfinite(found).all() else None
            if there is None:
                return None
            done = float(np.abs(found[:size]).max()) <= 1e-13 * (1.0 + float(np.abs(f).max()))
            f, now, dual[active] = moved, there, found[size:]
            self.steps += 1
            if done:
                break
        if dual.min(initial=0.0) < -1e-12 * self.scale:
            return None
        found = self._judge(f, now, np.maximum(dual, 0.0))
        proved = found.gap <= 1e-11 * (1.0 + self.scale) and found.violation <= 1e-11
        return (f, found) if proved else None

    def _judge(self, f: Vector, now: Point, dual: Vector) -> Certificate:
        off = self._off(f, now.h)
        lagrangian = float(np.abs(now.slope + self._stack(now.h_slope).T @ dual).max())
        reach = 1.0 + float(np.abs(f).sum())
        return Certificate(
            gap=float(np.maximum(-off, 0.0) @ dual) + lagrangian * reach,
            stationarity=lagrangian,
            violation=max(float(off.max(initial=0.0)), 0.0),
            multiplier=float(dual[-1]) if self.problem.curved else 0.0,
            steps=self.steps,
        )


def _room(values: Vector, change: Vector) -> float:
    """Return how far, up to 1 / _BACK, positive values may go along a change and stay at or above 0."""
    ratio = float((-change / values).max(initial=0.0))
    return 1.0 / max(ratio, _BACK)
