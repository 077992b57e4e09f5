"""Kelly over several drifting prices: f = Sigma^-1 (mu - r), free or under bounds.

Source: MacLean, Thorp, Ziemba 2010. All figures per year, growth in nats.
"""

import msgspec
import numpy as np

from tradebot.engine.sizing.interior import Bounds, Certificate, Matrix, Vector, minimise


class Market(msgspec.Struct, frozen=True):
    """Several prices dS/S = mu dt + sigma dW, correlated, beside cash at r."""

    mu: tuple[float, ...]
    r: float
    deviations: tuple[float, ...]
    """Volatilities, > 0."""
    correlations: tuple[tuple[float, ...], ...]
    """Symmetric within 1e-9, ones on the diagonal, positive definite."""

    def covariance(self) -> Matrix:
        """Return diag(sd) corr diag(sd), symmetric to the last bit.

        Raises:
            ValueError: If shapes do not fit, a volatility is not > 0, or it is not positive definite.
        """
        spread = np.asarray(self.deviations, dtype=np.float64)
        table = np.asarray(self.correlations, dtype=np.float64)
        size = len(self.mu)
        if spread.shape != (size,) or table.shape != (size, size):
            raise ValueError(f"{size} drifts need {size} volatilities and {size} x {size} figures")
        if not (spread > 0.0).all():
            raise ValueError(f"volatilities must be > 0, were {list(self.deviations)}")
        if np.abs(table - table.T).max() > 1e-9:
            raise ValueError("correlations must be symmetric")
        whole = spread[:, None] * ((table + table.T) / 2.0) * spread
        try:
            np.linalg.cholesky(whole)
        except np.linalg.LinAlgError as error:
            raise ValueError("correlations must be positive definite: two are the same") from error
        return whole


class Allocation(msgspec.Struct, frozen=True):
    """Shares of wealth per asset and what they do."""

    fractions: tuple[float, ...]
    growth: float
    """Log growth per year."""
    gross: float
    """Sum of absolute fractions."""
    net: float
    """Sum of fractions."""
    condition: float
    """Condition number of the covariance: above about 1e4 small errors of the drifts turn the answer over."""
    certificate: Certificate | None = None
    """Where bounds had to be kept."""


class _Quadratic:
    """phi = f'Sigma f / 2 - m'f."""

    curved = False

    def __init__(self, excess: Vector, covariance: Matrix) -> None:
        self.excess, self.covariance = excess, covariance

    def at(self, f: Vector) -> "_OnQuadratic | None":
        return _OnQuadratic(self, f) if np.isfinite(f).all() else None


class _OnQuadratic:
    """The problem at one f."""

    h = 0.0

    def __init__(self, problem: _Quadratic, f: Vector) -> None:
        self._covariance = problem.covariance
        self.slope = problem.covariance @ f - problem.excess
        self.h_slope = np.zeros_like(f)

    def hessian(self, weight: float) -> Matrix:
        del weight
        return self._covariance


def _told(market: Market, covariance: Matrix, f: Vector, proof: Certificate | None) -> Allocation:
    excess = np.asarray(market.mu) - market.r
    return Allocation(
        fractions=tuple(f.tolist()),
        growth=market.r + float(f @ excess - f @ covariance @ f / 2.0),
        gross=float(np.abs(f).sum()),
        net=float(f.sum()),
        condition=float(np.linalg.cond(covariance)),
        certificate=proof,
    )


def free_allocation(market: Market) -> Allocation:
    """Return Sigma^-1 (mu - r): short and levered as it comes.

    Raises:
        ValueError: If the covariance is not positive definite.
    """
    covariance = market.covariance()
    found = np.linalg.solve(covariance, np.asarray(market.mu) - market.r)
    return _told(market, covariance, found, None)


def bounded_allocation(
    market: Market,
    *,
    leverage: float | None = None,
    cap: float | None = None,
    long_only: bool = True,
) -> Allocation:
    """Return the best fractions under bounds: 0 (or -cap) <= f <= cap each, sum f <= leverage.

    Args:
        market: Of the assets.
        leverage: Bound on the sum, > 0; None: none.
        cap: Bound on each, > 0; None: none.
        long_only: Whether short positions are out.

    Raises:
        ValueError: If a bound is not > 0, or the covariance not positive definite.
    """
    for name, bound in (("leverage", leverage), ("cap", cap)):
        if bound is not None and not bound > 0.0:
            raise ValueError(f"{name} must be > 0, was {bound}")
    covariance, size = market.covariance(), len(market.mu)
    one = np.eye(size)
    rows: list[Matrix] = [np.zeros((0, size))]
    limits: list[Vector] = [np.zeros(0)]
    if long_only or cap is not None:
        rows.append(-one)
        limits.append(np.full(size, 0.0 if long_only else cap))
    if cap is not None:
        rows.append(one)
        limits.append(np.full(size, cap))
    if leverage is not None:
        rows.append(np.ones((1, size)))
        limits.append(np.array([leverage]))
    bounds = Bounds(np.vstack(rows), np.concatenate(limits))
    if not len(bounds.limits):
        return free_allocation(market)
    least = min(each for each in (leverage, cap, 1.0) if each is not None)
    start = np.full(size, least / (size + 1.0))
    excess = np.asarray(market.mu) - market.r
    found, proof = minimise(_Quadratic(excess, covariance), bounds, start)
    if long_only:
        found = np.where(found < 1e-14, 0.0, found)
    return _told(market, covariance, found, proof)
