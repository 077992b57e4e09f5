"""The Beta distribution: what a count of won and lost bets says of the chance to win the next."""

import math

import msgspec

STATED_WEIGHT = 5.0
"""As how many settled bets a stated chance counts."""

_TINY = 1e-300
_STEPS_MAX = 10_000
_HALVINGS = 200
_CLOSE = 1e-15


class Beta(msgspec.Struct, frozen=True):
    """A belief about a chance: Beta(a, b)."""

    a: float
    """> 0."""
    b: float
    """> 0."""

    @property
    def mean(self) -> float:
        """Return a / (a + b)."""
        return self.a / (self.a + self.b)

    @property
    def variance(self) -> float:
        """Return ab / ((a + b)^2 (a + b + 1))."""
        whole = self.a + self.b
        return self.a * self.b / (whole * whole * (whole + 1.0))

    def below(self, x: float) -> float:
        """Return the chance that what is believed in is at most `x`, in [0, 1]."""
        return incomplete_beta(self.a, self.b, x)

    def quantile(self, q: float) -> float:
        """Return the value that is not exceeded with chance `q`.

        Raises:
            ValueError: If q is outside [0, 1].
        """
        return beta_quantile(self.a, self.b, q)


def posterior(won: float, lost: float, *, stated: float | None = None) -> Beta:
    """Return the belief after settled bets.

    Without a stated chance Beta(1 + won, 1 + lost) (Laplace's rule of succession); a stated p counts as five bets:
    Beta(5p + won, 5(1 - p) + lost) (PRODUCT, "Feedback").

    Args:
        won: Bets won, >= 0.
        lost: Bets lost, >= 0.
        stated: What was said to be the chance, in (0, 1); None: nothing. 0 and 1 are said by nobody who bets.

    Raises:
        ValueError: If a count is negative or a stated chance is outside (0, 1).
    """
    if not (won >= 0 and lost >= 0):
        raise ValueError(f"won and lost must be >= 0, were {won} and {lost}")
    if stated is None:
        return Beta(1.0 + won, 1.0 + lost)
    if not 0.0 < stated < 1.0:
        raise ValueError(f"a stated chance must be in (0, 1), was {stated}")
    return Beta(STATED_WEIGHT * stated + won, STATED_WEIGHT * (1.0 - stated) + lost)


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b), in [0, 1].

    Continued fraction DLMF 8.17.22 by the modified Lentz method (Thompson, Barnett 1986), on the side of the mean
    where it converges fast, by I_x(a, b) = 1 - I_(1-x)(b, a).

    Args:
        a: > 0.
        b: > 0.
        x: Outside [0, 1] it is taken to the nearer end.

    Raises:
        ValueError: If a or b is not > 0, or anything is not a number.
    """
    if not (a > 0 and b > 0) or math.isnan(x):
        raise ValueError(f"a and b must be > 0 and x a number, were {a}, {b}, {x}")
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - _lower(b, a, 1.0 - x)
    return _lower(a, b, x)


def _lower(a: float, b: float, x: float) -> float:
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    return min(front * _fraction(a, b, x) / a, 1.0)


def _fraction(a: float, b: float, x: float) -> float:
    d = 1.0 / _away(1.0 - (a + b) * x / (a + 1.0))
    c, value = 1.0, d
    for m in range(1, _STEPS_MAX):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        change = 1.0
        for term in (even, odd):
            d = 1.0 / _away(1.0 + term * d)
            c = _away(1.0 + term / c)
            change = c * d
            value *= change
        if abs(change - 1.0) < _CLOSE:
            break
    return value


def _away(value: float) -> float:
    """Return a value, kept away from 0, which nothing may be divided by."""
    return value if abs(value) > _TINY else _TINY


def beta_quantile(a: float, b: float, q: float) -> float:
    """Return x with I_x(a, b) = q, by bisection: I is monotone, so that nothing can go astray.

    Raises:
        ValueError: If q is outside [0, 1], or a or b is not > 0.
    """
    if not 0.0 <= q <= 1.0:
        raise ValueError(f"a quantile must be in [0, 1], was {q}")
    if q in {0.0, 1.0}:
        return q
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        if middle in {low, high}:
            break
        if incomplete_beta(a, b, middle) < q:
            low = middle
        else:
            high = middle
    return high


def wilson(won: int, settled: int, z: float = 1.959963984540054) -> tuple[float, float] | None:
    """Return the interval of a share of won bets (Wilson 1927, JASA 22:209); None without a bet.

    Args:
        won: In [0, settled].
        settled: Bets settled.
        z: Standard deviations; 95 % by default.
    """
    if settled <= 0:
        return None
    share, z2 = won / settled, z * z
    middle = (share + z2 / (2 * settled)) / (1 + z2 / settled)
    half = z * math.sqrt(share * (1 - share) / settled + z2 / (4 * settled**2)) / (1 + z2 / settled)
    return max(0.0, middle - half), min(1.0, middle + half)
