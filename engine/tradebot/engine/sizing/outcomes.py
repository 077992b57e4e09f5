"""Kelly for a bet with any finite number of outcomes: maximise sum p_i ln(1 + f r_i).

Sources: Kelly 1956; Breiman 1961 (4th Berkeley Symposium 1:65). Growth in nats per bet.
"""

import math

import msgspec

from tradebot.engine.sizing.roots import falling_root


class Outcomes(msgspec.Struct, frozen=True):
    """What one unit staked may bring: net simple returns and their chances."""

    returns: tuple[float, ...]
    """Net, -1 is the whole stake lost; at least one."""
    chances: tuple[float, ...]
    """One per return, each >= 0, sum 1 within 1e-9."""

    def __post_init__(self) -> None:
        """Check lengths, signs and sum.

        Raises:
            ValueError: If the lists differ in length, a chance is negative, or they do not sum to 1.
        """
        if not self.returns or len(self.returns) != len(self.chances):
            raise ValueError(
                f"one chance per return is needed, were {len(self.chances)} for {len(self.returns)}"
            )
        if not all(chance >= 0.0 for chance in self.chances):
            raise ValueError(f"chances must be >= 0, were {list(self.chances)}")
        if not all(math.isfinite(each) for each in self.returns):
            raise ValueError(f"returns must be finite, were {list(self.returns)}")
        total = math.fsum(self.chances)
        if abs(total - 1.0) > 1e-9:
            raise ValueError(f"chances must sum to 1, sum to {total:.12g}")

    @property
    def mean(self) -> float:
        """Return the expected return of one unit staked."""
        return math.fsum(p * r for p, r in zip(self.chances, self.returns, strict=True))

    @property
    def worst(self) -> float:
        """Return the lowest return that has any chance."""
        return min(r for p, r in zip(self.chances, self.returns, strict=True) if p > 0.0)

    @property
    def upper(self) -> float | None:
        """Return the stake at which the worst outcome takes everything: 1 / |worst|; None where nothing loses."""
        return 1.0 / -self.worst if self.worst < 0.0 else None

    def growth(self, stake: float) -> float:
        """Return sum p ln(1 + f r); -inf where an outcome takes everything. A negative stake is the other side."""
        total = 0.0
        for chance, each in zip(self.chances, self.returns, strict=True):
            if chance == 0.0:
                continue
            if stake * each <= -1.0:
                return -math.inf
            total += chance * math.log1p(stake * each)
        return total

    def slope(self, stake: float) -> float:
        """Return the derivative of growth at a stake: sum p r / (1 + f r)."""
        pairs = zip(self.chances, self.returns, strict=True)
        return math.fsum(p * r / (1.0 + stake * r) for p, r in pairs if p > 0.0)

    def stake(self, cap: float | None = None) -> float:
        """Return the stake that grows fastest, in [0, cap].

        Args:
            cap: The largest stake allowed, >= 0; None: none. It is needed where no outcome loses.

        Raises:
            ValueError: If the cap is negative, or missing where nothing loses and something wins.
        """
        if cap is not None and not cap >= 0.0:
            raise ValueError(f"a cap must be >= 0, was {cap}")
        # Sums of decimals like 0.1 - 0.08 - 0.02 differ from 0 by rounding only, and are no edge.
        if self.mean <= 1e-13 * max(abs(each) for each in self.returns):
            return 0.0
        upper = self.upper
        if upper is None and cap is None:
            raise ValueError(
                "no outcome loses, so that the best stake is without bound: state a cap"
            )
        if cap is not None and (upper is None or cap < upper) and self.slope(cap) >= 0.0:
            return cap
        bounds = [bound for bound in (upper, cap) if bound is not None]
        return falling_root(self.slope, 0.0, min(bounds))
