"""What a period's price is under a model: lognormal, Student-t, jump diffusion, Markov regimes.

Sources: Merton 1976; Hamilton 1989; McNeil, Frey, Embrechts 2015, examples 2.14 and 2.15. Drifts are those of dS/S; the
log drift is mu - sigma^2 / 2.
"""

import math
from collections.abc import Callable, Sequence

import msgspec

from tradebot.engine.research.normal import normal_cdf, normal_pdf, normal_quantile
from tradebot.engine.sizing.beta import beta_quantile

_HALVINGS = 200
_SPREAD = 40.0


def positive(**figures: float) -> None:
    """Check figures.

    Raises:
        ValueError: If one is not > 0 and finite.
    """
    for name, value in figures.items():
        if not (value > 0.0 and math.isfinite(value)):
            raise ValueError(f"{name} must be > 0 and finite, was {value}")


class Lognormal(msgspec.Struct, frozen=True):
    """ln(S_T / S_0) is normal with mean m and deviation s > 0."""

    start: float
    m: float
    s: float

    @property
    def mean(self) -> float:
        """Return E S_T."""
        return self.start * math.exp(self.m + self.s**2 / 2.0)

    @property
    def deviation(self) -> float:
        """Return the standard deviation of S_T."""
        return self.mean * math.sqrt(math.expm1(self.s**2))

    def quantile(self, q: float) -> float:
        """Return the q-quantile of S_T; ValueError outside (0, 1)."""
        return self.start * math.exp(self.m + self.s * normal_quantile(q))

    def below(self, level: float) -> float:
        """Return P(S_T < level), level > 0."""
        return normal_cdf((math.log(level / self.start) - self.m) / self.s)

    def mean_of_worst(self, tail: float) -> float:
        """Return the mean of S_T over its worst share `tail`."""
        return self.mean * normal_cdf(normal_quantile(tail) - self.s) / tail


def gbm(start: float, mu: float, sigma: float, time: float) -> Lognormal:
    """Return the law of a geometric Brownian motion at a time.

    Raises:
        ValueError: If start, sigma or time is not > 0.
    """
    positive(start=start, sigma=sigma, time=time)
    return Lognormal(start, (mu - sigma * sigma / 2.0) * time, sigma * math.sqrt(time))


class ScaledStudent(msgspec.Struct, frozen=True):
    """Returns mu + scale t_nu of standard deviation sigma; nu > 2."""

    nu: float
    mu: float
    sigma: float

    @property
    def scale(self) -> float:
        """Return sigma sqrt((nu - 2) / nu).

        Raises:
            ValueError: If nu is not > 2.
        """
        if not self.nu > 2.0:  # noqa: PLR2004  (below it there is no variance)
            raise ValueError(f"nu must be > 2, was {self.nu}")
        return self.sigma * math.sqrt((self.nu - 2.0) / self.nu)

    @property
    def kurtosis(self) -> float | None:
        """Return 3 + 6 / (nu - 4); None for nu <= 4, where it is infinite."""
        return 3.0 + 6.0 / (self.nu - 4.0) if self.nu > 4.0 else None  # noqa: PLR2004

    def value_at_risk(self, tail: float) -> float:
        """Return minus the tail quantile."""
        return -(self.mu + self.scale * student_quantile(tail, self.nu))

    def shortfall(self, tail: float) -> float:
        """Return minus the mean of the worst share: -mu + scale f(t) / tail (nu + t^2) / (nu - 1)."""
        t, nu = student_quantile(tail, self.nu), self.nu
        log_density = (
            math.lgamma((nu + 1.0) / 2.0)
            - math.lgamma(nu / 2.0)
            - 0.5 * math.log(nu * math.pi)
            - (nu + 1.0) / 2.0 * math.log1p(t * t / nu)
        )
        return -self.mu + self.scale * math.exp(log_density) / tail * (nu + t * t) / (nu - 1.0)


def student_quantile(p: float, nu: float) -> float:
    """Return the p-quantile of t_nu, from that of Beta(nu/2, 1/2) at the nearer tail.

    Raises:
        ValueError: If p is outside (0, 1) or nu is not > 0.
    """
    if not 0.0 < p < 1.0:
        raise ValueError(f"p must be in (0, 1), was {p}")
    positive(nu=nu)
    if p == 0.5:  # noqa: PLR2004  (the middle)
        return 0.0
    if p > 0.5:  # noqa: PLR2004
        return -student_quantile(1.0 - p, nu)
    # x = nu / (nu + t^2) is Beta(nu/2, 1/2); the smaller of x and 1 - x is found, so that neither loses its digits.
    if p < 0.25:  # noqa: PLR2004
        x = beta_quantile(nu / 2.0, 0.5, 2.0 * p)
        return -math.sqrt(nu * (1.0 - x) / x)
    rest = beta_quantile(0.5, nu / 2.0, 1.0 - 2.0 * p)
    return -math.sqrt(nu * rest / (1.0 - rest))


class JumpDiffusion(msgspec.Struct, frozen=True):
    """A diffusion with Poisson jumps of log size N(mean, deviation^2), compensated: E S_T = S_0 e^(mu T)."""

    mu: float
    sigma: float
    intensity: float
    jump_mean: float
    jump_deviation: float
    time: float

    @property
    def compensator(self) -> float:
        """Return the mean relative jump, e^(m + s^2/2) - 1."""
        return math.expm1(self.jump_mean + self.jump_deviation**2 / 2.0)

    @property
    def _base(self) -> float:
        return (self.mu - self.sigma**2 / 2.0 - self.intensity * self.compensator) * self.time

    @property
    def log_mean(self) -> float:
        """Return the mean of the log return."""
        return self._base + self.intensity * self.time * self.jump_mean

    @property
    def log_variance(self) -> float:
        """Return its variance."""
        square = self.jump_mean**2 + self.jump_deviation**2
        return (self.sigma**2 + self.intensity * square) * self.time

    @property
    def skewness(self) -> float:
        """Return its skewness, from the third moment of a jump."""
        m, s = self.jump_mean, self.jump_deviation
        third = self.intensity * self.time * (m**3 + 3.0 * m * s * s)
        return third / self.log_variance**1.5

    @property
    def excess_kurtosis(self) -> float:
        """Return its kurtosis less 3."""
        m, s = self.jump_mean, self.jump_deviation
        fourth = self.intensity * self.time * (m**4 + 6.0 * m * m * s * s + 3.0 * s**4)
        return fourth / self.log_variance**2

    def below(self, log_return: float) -> float:
        """Return P(ln(S_T / S_0) < log_return), a Poisson mixture of normals."""
        rate = self.intensity * self.time
        last = math.ceil(rate + 12.0 * math.sqrt(rate) + 40.0)
        return math.fsum(
            _poisson(k, rate)
            * normal_cdf(
                (log_return - self._base - k * self.jump_mean)
                / math.sqrt(self.sigma**2 * self.time + k * self.jump_deviation**2)
            )
            for k in range(last + 1)
        )

    def quantile(self, q: float) -> float:
        """Return the q-quantile of the log return, by bisection.

        Raises:
            ValueError: If q is outside (0, 1).
        """
        reach = _SPREAD * math.sqrt(self.log_variance)
        return root(lambda x: self.below(x) - q, self.log_mean - reach, self.log_mean + reach, q)


def _poisson(k: int, rate: float) -> float:
    if rate == 0.0:
        return 1.0 if k == 0 else 0.0
    return math.exp(k * math.log(rate) - rate - math.lgamma(k + 1))


def root(rising: Callable[[float], float], low: float, high: float, q: float) -> float:
    """Return where a rising function is zero, by bisection; q, a probability, is checked.

    Raises:
        ValueError: If q is outside (0, 1).
    """
    if not 0.0 < q < 1.0:
        raise ValueError(f"a probability must be in (0, 1), was {q}")
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        if middle in {low, high}:
            break
        if rising(middle) < 0.0:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


class Regimes(msgspec.Struct, frozen=True):
    """Markov states of Gaussian log returns; step 1 is drawn from `start`."""

    transition: list[list[float]]
    """Rows add up to 1: chances of the next state."""
    means: list[float]
    deviations: list[float]
    start: list[float]

    @property
    def durations(self) -> list[float | None]:
        """Return the expected steps in each state, 1 / (1 - P_ii); None where it is never left."""
        return [
            None if row[i] >= 1.0 else 1.0 / (1.0 - row[i]) for i, row in enumerate(self.transition)
        ]

    def stationary(self) -> list[float]:
        """Return the stationary law of an irreducible chain (least squares on pi P = pi, sum 1)."""
        import numpy as np

        n = len(self.means)
        table = np.array(self.transition).T - np.eye(n)
        whole = np.vstack([table, np.ones(n)])
        found = np.linalg.lstsq(whole, np.array([0.0] * n + [1.0]), rcond=None)[0]
        return [float(x) for x in found]

    def _next(self, law: Sequence[float]) -> list[float]:
        states = range(len(law))
        return [math.fsum(law[i] * self.transition[i][j] for i in states) for j in states]

    def moments(self, n: int) -> tuple[float, float]:
        """Return mean and variance of the summed log return of n steps.

        Recursion on a_j = P(state j), b_j = E[S; j], c_j = E[S^2; j].
        """
        states = range(len(self.means))
        law, first, second = list(self.start), [0.0] * len(states), [0.0] * len(states)
        for step in range(n):
            if step:
                law, first, second = self._next(law), self._next(first), self._next(second)
            mu, sd = self.means, self.deviations
            second = [
                second[j] + 2.0 * mu[j] * first[j] + (mu[j] ** 2 + sd[j] ** 2) * law[j]
                for j in states
            ]
            first = [first[j] + mu[j] * law[j] for j in states]
        mean = math.fsum(first)
        return mean, math.fsum(second) - mean * mean

    def mean_growth(self, n: int) -> float:
        """Return E exp(sum of n log returns)."""
        law = list(self.start)
        for step in range(n):
            moved = self._next(law) if step else law
            law = [
                w * math.exp(m + s * s / 2.0)
                for w, m, s in zip(moved, self.means, self.deviations, strict=True)
            ]
        return math.fsum(law)

    def below(self, level: float, n: int) -> float:
        """Return P(sum of n log returns < level), by the occupation counts of the states."""
        counts: dict[tuple[int, ...], list[float]] = {}
        states = range(len(self.means))
        nothing = tuple(0 for _ in states)
        before: dict[tuple[int, ...], list[float]] = {nothing: list(self.start)}
        for step in range(n):
            counts = {}
            for spent, law in before.items():
                moved = self._next(law) if step else law
                for j in states:
                    place = (*spent[:j], spent[j] + 1, *spent[j + 1 :])
                    counts.setdefault(place, [0.0] * len(states))[j] += moved[j]
            before = counts
        return math.fsum(
            math.fsum(law) * self._below(level, spent) for spent, law in before.items()
        )

    def _below(self, level: float, spent: Sequence[int]) -> float:
        mean = math.fsum(k * m for k, m in zip(spent, self.means, strict=True))
        square = math.fsum(k * s * s for k, s in zip(spent, self.deviations, strict=True))
        if square == 0.0:
            return 1.0 if mean < level else 0.0
        return normal_cdf((level - mean) / math.sqrt(square))


def exponential_variance(s: float) -> tuple[float, float, float, float, float]:
    """Return what variance reduction gives for E e^(sZ) (Glasserman 2003, chapter 4).

    Returns:
        Variance of e^(sZ); correlation of antithetic partners; ratio of variances by them at equal cost; best control
        coefficient of Z; ratio of variances by it.
    """
    square = s * s
    variance = math.exp(square) * math.expm1(square)
    rho = -math.exp(-square)
    control = s * normal_pdf(0.0) / normal_pdf(s)
    return variance, rho, 1.0 + rho, control, 1.0 - square / math.expm1(square)
