"""Kelly: the share of wealth that makes it grow fastest, for a bet that wins or loses and for a drifting price.

Sources: Kelly 1956 (BSTJ 35:917); Thorp 2006, Handbook of ALM, chapter 9; Merton 1969. Growth is in nats.
"""

import math

import msgspec

from tradebot.engine.sizing.beta import Beta

CAREFUL = 0.2
"""Quantile of the belief at which a careful bettor sizes."""


class BinaryBet(msgspec.Struct, frozen=True):
    """A bet of one unit that wins `pays` with chance `win`, and else loses `loses`."""

    win: float
    """In [0, 1]."""
    pays: float
    """Net odds b, fees in, > 0."""
    loses: float = 1.0
    """Share of the stake that is lost, a, > 0."""

    @property
    def edge(self) -> float:
        """Return what the bet brings on average per unit staked: pb - qa."""
        return self.win * self.pays - (1.0 - self.win) * self.loses

    @property
    def spread(self) -> float:
        """Return the standard deviation of what it brings: (a + b) sqrt(pq)."""
        return (self.pays + self.loses) * math.sqrt(self.win * (1.0 - self.win))

    @property
    def unclamped(self) -> float:
        """Return p/a - q/b, which is negative without an edge."""
        if self.pays <= 0.0:
            return -math.inf if self.win < 1.0 or self.pays < 0.0 else 0.0
        return self.win / self.loses - (1.0 - self.win) / self.pays

    @property
    def stake(self) -> float:
        """Return the share of wealth to stake; 0 without an edge, never negative. It may exceed 1 where a < 1."""
        return max(0.0, self.unclamped)

    @property
    def most(self) -> float:
        """Return the stake at which one loss takes everything: 1/a."""
        return 1.0 / self.loses

    def growth(self, stake: float) -> float:
        """Return log growth per bet at a stake: p ln(1 + bf) + q ln(1 - af); -inf where one outcome takes all.

        A negative stake is the other side of the bet.
        """
        if stake * self.loses >= 1.0 and self.win < 1.0:
            return -math.inf
        if stake * self.pays <= -1.0:
            return -math.inf
        lost = (1.0 - self.win) * math.log1p(-self.loses * stake) if self.win < 1.0 else 0.0
        return self.win * math.log1p(self.pays * stake) + lost

    def curvature(self, stake: float) -> float:
        """Return the second derivative of growth at a stake with `loses` x stake < 1."""
        up = self.win * self.pays**2 / (1.0 + self.pays * stake) ** 2
        down = (1.0 - self.win) * self.loses**2 / (1.0 - self.loses * stake) ** 2
        return -(up + down)


def break_even(pays: float, loses: float = 1.0) -> float:
    """Return how often a bet must win to cost nothing: a / (a + b)."""
    return loses / (pays + loses)


def with_commission(win: float, pays: float, commission: float) -> BinaryBet:
    """Return an even-stake bet whose winnings pay a commission, a share: b becomes b(1 - c)."""
    return BinaryBet(win, pays * (1.0 - commission))


def with_cost(win: float, pays: float, cost: float) -> BinaryBet:
    """Return a bet that costs a share of the stake whatever comes: win b - c, lose 1 + c."""
    return BinaryBet(win, pays - cost, 1.0 + cost)


def binary_stake(belief: Beta, pays: float) -> float:
    """Return the stake at the belief's mean: exact for one step (Browne, Whitt 1996, Adv. Appl. Prob. 28:1145)."""
    return BinaryBet(belief.mean, pays).stake


def careful_stake(belief: Beta, pays: float, quantile: float = CAREFUL) -> float:
    """Return the stake at a low quantile of the belief: 0 unless even that is above break-even."""
    return BinaryBet(belief.quantile(quantile), pays).stake


def sure_of_edge(belief: Beta, pays: float) -> float:
    """Return the chance that the bet has an edge: P(p > 1 / (1 + b))."""
    return 1.0 - belief.below(break_even(pays))


def shrunk_stake(belief: Beta, pays: float) -> float:
    """Return the stake at the mean times e^2 / (e^2 + (b + 1)^2 var), e = (b + 1) mean - 1 (Baker, McHale 2013)."""
    return shrink_factor(belief, pays) * binary_stake(belief, pays)


def shrink_factor(belief: Beta, pays: float) -> float:
    """Return Baker and McHale's factor, in [0, 1] (Decision Analysis 10:189)."""
    edge = (pays + 1.0) * belief.mean - 1.0
    noise = (pays + 1.0) ** 2 * belief.variance
    return edge * edge / (edge * edge + noise)


class Drift(msgspec.Struct, frozen=True):
    """A price dS/S = mu dt + sigma dW beside cash at r; all per year. mu is not the mean log return."""

    mu: float
    r: float
    sigma: float
    """> 0."""

    @property
    def stake(self) -> float:
        """Return (mu - r) / sigma^2: negative is short, above 1 is on credit."""
        return (self.mu - self.r) / self.sigma**2

    @property
    def sharpe(self) -> float:
        """Return (mu - r) / sigma."""
        return (self.mu - self.r) / self.sigma

    @property
    def curvature(self) -> float:
        """Return the second derivative of growth: -sigma^2."""
        return -(self.sigma**2)

    @property
    def ruin(self) -> float:
        """Return the stake at which growth is cash's again: twice the best."""
        return 2.0 * self.stake

    def growth(self, stake: float) -> float:
        """Return log growth per year at a stake: r + f(mu - r) - f^2 sigma^2 / 2."""
        return self.r + stake * (self.mu - self.r) - stake * stake * self.sigma**2 / 2.0


def cost_band(drift: Drift, cost: float, years: float) -> tuple[float, float]:
    """Return the band of shares inside which a proportional cost forbids to trade: (m -+ kappa/H) / sigma^2.

    Outside it trade to its nearer end. It needs a horizon over which the cost is spread; the exact dynamic problem
    (Davis, Norman 1990) has a band of width proportional to the cube root of the cost.

    Args:
        drift: The asset.
        cost: kappa, share of what is traded, >= 0.
        years: H, for which the position is held, > 0.

    Raises:
        ValueError: If the cost is negative or years not > 0.
    """
    if not (cost >= 0.0 and years > 0.0):
        raise ValueError(f"cost must be >= 0 and years > 0, were {cost} and {years}")
    excess, rate, square = drift.mu - drift.r, cost / years, drift.sigma**2
    return (excess - rate) / square, (excess + rate) / square


def crra_stake(drift: Drift, gamma: float) -> float:
    """Return Merton's share for a relative risk aversion gamma > 0: (mu - r) / (gamma sigma^2)."""
    if not gamma > 0.0:
        raise ValueError(f"gamma must be > 0, was {gamma}")
    return drift.stake / gamma


def crra_growth(drift: Drift, gamma: float) -> float:
    """Return the certainty-equivalent growth at that share: r + (mu - r)^2 / (2 gamma sigma^2)."""
    return drift.r + drift.sharpe**2 / (2.0 * gamma)


def shrunk_growth(mean: float, error: float, sigma: float, multiplier: float) -> float:
    """Return E growth above cash of a stake k m_hat / sigma^2, m_hat ~ N(m, se^2).

    (k m^2 - k^2 (m^2 + se^2) / 2) / sigma^2: at k = 1 (m^2 - se^2) / (2 sigma^2), below 0 when se > m.
    """
    square = mean * mean
    return (multiplier * square - multiplier**2 * (square + error * error) / 2.0) / sigma**2


def drift_shrink(mean: float, error: float) -> float:
    """Return the multiplier of a stake whose drift is estimated: m^2 / (m^2 + se^2) (cf. Kan, Zhou 2007).

    Args:
        mean: Excess drift as estimated; 0 gives 0.
        error: Its standard error, >= 0.
    """
    return mean * mean / (mean * mean + error * error) if mean else 0.0
