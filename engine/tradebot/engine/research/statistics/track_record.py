"""How much a Sharpe ratio proves: probabilistic and deflated Sharpe ratio, track record and backtest length needed.

Ratios are per period, never annual, unless said. Sources: Bailey, Lopez de Prado 2012 (J.Risk 15(2):3) and 2014
(J.Portf.Mgmt 40(5):94); Bailey, Borwein, Lopez de Prado, Zhu 2014 (Notices AMS 61:458).
"""

import math
from collections.abc import Sequence

import msgspec

from tradebot.engine.research.normal import (
    log_normal_cdf,
    normal_cdf,
    normal_pdf,
    normal_quantile,
)
from tradebot.engine.research.statistics.sample import variance

_EULER = 0.5772156649015329
_REACH, _STEP = 40.0, 1.0 / 64.0
TRIALS_MIN = 10
"""With fewer trials the variance among them says little, and the divisor decides everything."""


class Record(msgspec.Struct, frozen=True):
    """A Sharpe ratio per period and the sample it comes from."""

    sr: float
    n: int
    """Returns."""
    skew: float = 0.0
    """Population skewness."""
    kurtosis: float = 3.0
    """Pearson's, of the population; normal 3."""

    @property
    def inner(self) -> float | None:
        """Return 1 - g3 SR + (g4 - 1)/4 SR^2; None where it is not > 0, as moments of tiny samples can make it."""
        found = 1.0 - self.skew * self.sr + (self.kurtosis - 1.0) / 4.0 * self.sr**2
        return found if found > 0.0 else None


def psr_score(record: Record, benchmark: float = 0.0) -> float | None:
    """Return the z whose normal chance is the probabilistic Sharpe ratio."""
    inner = record.inner
    if inner is None or record.n < 2:  # noqa: PLR2004  (its divisor)
        return None
    return (record.sr - benchmark) * math.sqrt(record.n - 1) / math.sqrt(inner)


def probabilistic_sharpe(record: Record, benchmark: float = 0.0) -> float | None:
    """Return the chance that the true ratio exceeds a benchmark; None where it is undefined."""
    score = psr_score(record, benchmark)
    return None if score is None else normal_cdf(score)


def min_track_record(record: Record, benchmark: float = 0.0, alpha: float = 0.05) -> float | None:
    """Return the returns needed until the probabilistic ratio is 1 - alpha; None if sr <= benchmark.

    Raises:
        ValueError: If alpha is outside (0, 1).
    """
    z, inner = normal_quantile(1.0 - alpha), record.inner
    if inner is None or record.sr <= benchmark:
        return None
    return 1.0 + inner * (z / (record.sr - benchmark)) ** 2


def _at_least_one(trials: float) -> None:
    if not trials >= 1.0:
        raise ValueError(f"trials must be >= 1, was {trials}")


def expected_max(trials: float) -> float:
    """Return the expected largest of independent standard normals, as the deflated ratio has it; 0 for one trial.

    (1 - g) Z^-1(1 - 1/N) + g Z^-1(1 - 1/(N e)), g Euler's constant; 0.92 to 1.03 of the exact value.

    Raises:
        ValueError: If trials < 1.
    """
    _at_least_one(trials)
    if trials == 1.0:
        return 0.0
    return -(
        (1.0 - _EULER) * normal_quantile(1.0 / trials)
        + _EULER * normal_quantile(1.0 / (trials * math.e))
    )


def expected_max_exact(trials: float) -> float:
    """Return the integral of x N phi(x) Phi(x)^(N-1), by the trapezoid rule, which converges geometrically here.

    Raises:
        ValueError: If trials < 1.
    """
    _at_least_one(trials)
    if trials == 1.0:
        return 0.0
    points = (i * _STEP for i in range(int(-_REACH / _STEP), int(_REACH / _STEP) + 1))
    return _STEP * math.fsum(
        x * trials * normal_pdf(x) * math.exp((trials - 1.0) * log_normal_cdf(x)) for x in points
    )


def deflated_benchmark(trial_variance: float, trials: float) -> float:
    """Return SR0 = sqrt(V) E[max_N], what the best of skilless trials is expected to show.

    Args:
        trial_variance: Variance (n - 1) of the trials' ratios per period, >= 0.
        trials: Effective number of trials, >= 1.

    Raises:
        ValueError: If one is outside its bound.
    """
    if not trial_variance >= 0.0:
        raise ValueError(f"trial_variance must be >= 0, was {trial_variance}")
    return math.sqrt(trial_variance) * expected_max(trials)


def deflated_sharpe(record: Record, trial_variance: float, trials: float) -> float | None:
    """Return the probabilistic ratio against what luck alone would show."""
    return probabilistic_sharpe(record, deflated_benchmark(trial_variance, trials))


def trials_variance(ratios: Sequence[float], *, less: int = 1) -> float | None:
    """Return the variance of trials' ratios; divisor n - less, 1 is this project's convention."""
    return variance(ratios, less=less)


def min_backtest_years(trials: float, target: float = 1.0) -> float:
    """Return the years below which the best of skilless trials is expected to show an annual ratio of `target`.

    Raises:
        ValueError: If target is not > 0 or trials < 1.
    """
    if not target > 0.0:
        raise ValueError(f"target must be > 0, was {target}")
    return (expected_max(trials) / target) ** 2


def min_backtest_bound(trials: float, target: float = 1.0) -> float:
    """Return the upper bound 2 ln N / target^2 of it.

    Raises:
        ValueError: If target is not > 0 or trials < 1.
    """
    _at_least_one(trials)
    if not target > 0.0:
        raise ValueError(f"target must be > 0, was {target}")
    return 2.0 * math.log(trials) / target**2
