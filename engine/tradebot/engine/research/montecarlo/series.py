"""Known series to hold resamplers to, and points that fill a cube evenly."""

from collections.abc import Sequence


def autoregressive(seed: int, n: int, phi: float, dropped: int = 100) -> list[float]:
    """Return n values of y_i = phi y_(i-1) + e_i, e of numpy's legacy RandomState, the first `dropped` left out.

    The legacy generator is the one whose normals never change between versions.
    """
    import numpy as np

    y = np.random.RandomState(seed).standard_normal(n + dropped)
    for i in range(1, len(y)):
        y[i] += phi * y[i - 1]
    return y[dropped:].tolist()


def sobol(
    dimensions: int, n: int, *, scramble: bool = True, seed: int = 0
) -> Sequence[Sequence[float]]:
    """Return n points of the Sobol sequence (Joe, Kuo 2008), Owen-scrambled unless said otherwise.

    Unscrambled, the first point is the origin, which the normal quantile sends to minus infinity. Scrambled points have
    no independent error: take 16 to 32 scramblings.

    Raises:
        ValueError: If n is not a power of 2.
        ImportError: If scipy, of the extra `research`, is not installed.
    """
    if n < 1 or n & (n - 1):
        raise ValueError(f"n must be a power of 2, was {n}")
    from scipy.stats import qmc  # pyright: ignore[reportMissingTypeStubs]

    engine = qmc.Sobol(dimensions, scramble=scramble, rng=seed)
    points: list[list[float]] = engine.random(n).tolist()
    return points
