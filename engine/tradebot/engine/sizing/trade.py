"""One trade as a bet: what it pays, what it risks, what it must win, and the size a record supports.

Break-even and what it pays follow from entry, stop, target and fees: no belief is needed for them.
"""

import msgspec

from tradebot.engine.sizing.beta import Beta
from tradebot.engine.sizing.kelly import (
    CAREFUL,
    BinaryBet,
    break_even,
    careful_stake,
    sure_of_edge,
)


class Trade(msgspec.Struct, frozen=True):
    """An entry with a stop, and maybe a target. Above the stop it is long, below it short."""

    entry: float
    """> 0."""
    stop: float
    """> 0, not the entry."""
    target: float | None = None
    """On the other side of the entry."""
    fee: float = 0.0
    """Share of what is traded, each way, >= 0."""

    def __post_init__(self) -> None:
        """Check prices.

        Raises:
            ValueError: If one is not > 0 or on the wrong side, or the fee negative.
        """
        if not (self.entry > 0.0 and self.stop > 0.0 and self.fee >= 0.0):
            raise ValueError(
                f"entry and stop must be > 0 and fee >= 0, were {self.entry}, {self.stop}, {self.fee}"
            )
        if self.stop == self.entry:
            raise ValueError(f"the stop must differ from the entry {self.entry}")
        if self.target is not None and not (self.target - self.entry) * self.side > 0.0:
            where = "above" if self.side > 0 else "below"
            raise ValueError(
                f"the target must be {where} the entry {self.entry} when the stop is {self.stop},"
                f" was {self.target}"
            )

    @property
    def side(self) -> int:
        """Return 1 for long, -1 for short."""
        return 1 if self.stop < self.entry else -1

    @property
    def risk(self) -> float:
        """Return what one unit loses at the stop, fees of both ways in."""
        return abs(self.entry - self.stop) + self.fee * (self.entry + self.stop)

    @property
    def pays(self) -> float | None:
        """Return what the target brings after fees per unit of risk; None without one. Fees may leave nothing."""
        if self.target is None:
            return None
        reward = abs(self.target - self.entry) - self.fee * (self.entry + self.target)
        return reward / self.risk

    def quantity(self, equity: float, share: float) -> float:
        """Return the units whose stop loses a share of equity."""
        return equity * share / self.risk

    def share(self, equity: float, quantity: float) -> float:
        """Return the share of equity that a quantity loses at the stop."""
        return quantity * self.risk / equity


class Sizes(msgspec.Struct, frozen=True):
    """Sizes of one trade, as shares of equity lost at the stop and as units."""

    break_even: float
    sure: float
    """P(there is an edge)."""
    used: float
    """Chance to win that is used: the belief's mean."""
    careful: float
    half_kelly: float
    kelly: float


def sizes(pays: float, belief: Beta, quantile: float = CAREFUL) -> Sizes:
    """Return shares of equity to risk on a bet that pays `pays` for 1.

    Args:
        pays: Net odds; at or below 0 nothing is bet.
        belief: About the chance to win.
        quantile: At which a careful bettor sizes.
    """
    if pays <= 0.0:
        return Sizes(1.0, 0.0, belief.mean, 0.0, 0.0, 0.0)
    kelly = BinaryBet(belief.mean, pays).stake
    return Sizes(
        break_even=break_even(pays),
        sure=sure_of_edge(belief, pays),
        used=belief.mean,
        careful=careful_stake(belief, pays, quantile),
        half_kelly=kelly / 2.0,
        kelly=kelly,
    )
