"""Where an order stands in its level's queue when only the level's size and the trades are seen.

The rules are hftbacktest's (MIT): a fall of the level that no trade explains happened behind the order with chance p,
in front with 1 - p. Here the front is taken to zero where it would be below: a trade through would otherwise make the
chance of non-integer powers undefined, and the order would silently fall back.
"""

import math
from typing import Literal

import msgspec

type QueueModel = Literal["risk_averse", "power", "power2", "power3", "log", "log2"]


def chance_behind(model: QueueModel, front: float, back: float, power: float = 1.0) -> float:
    """Return the chance that a fall of the level happened behind the order.

    Args:
        model: "risk_averse": always behind.
        front: Quantity in front, >= 0; below, it counts as 0, as does `back`.
        back: Quantity behind.
        power: n of the power models, > 0.

    Raises:
        ValueError: If power is not > 0.
    """
    if not power > 0.0:
        raise ValueError(f"power must be > 0, was {power}")
    f, b = max(front, 0.0), max(back, 0.0)
    if model == "risk_averse" or f + b == 0.0:
        return 1.0
    match model:
        case "power":
            return b**power / (b**power + f**power)
        case "power2":
            return b**power / (b + f) ** power
        case "power3":
            return 1.0 - (f / (f + b)) ** power
        case "log":
            return math.log1p(b) / (math.log1p(b) + math.log1p(f))
        case "log2":
            return math.log1p(b) / math.log1p(b + f)


class QueuePlace(msgspec.Struct, frozen=True):
    """An order in a queue."""

    front: float
    """Quantity in front, >= 0."""
    filled: float = 0.0
    """Traded through the order so far."""
    traded: float = 0.0
    """Traded since the level's size was last seen."""

    def after_trade(self, quantity: float) -> "QueuePlace":
        """Return the place after a trade at the level; what exceeds the front fills the order.

        Raises:
            ValueError: If quantity is negative.
        """
        if not quantity >= 0.0:
            raise ValueError(f"quantity must be >= 0, was {quantity}")
        rest = self.front - quantity
        return QueuePlace(max(rest, 0.0), self.filled + max(-rest, 0.0), self.traded + quantity)

    def after_depth(
        self, before: float, now: float, model: QueueModel, power: float = 1.0
    ) -> "QueuePlace":
        """Return the place after the level's size changed from `before` to `now`.

        Raises:
            ValueError: If a size is negative or power is not > 0.
        """
        if not (before >= 0.0 and now >= 0.0):
            raise ValueError(f"sizes of a level must be >= 0, were {before} and {now}")
        change = before - now - self.traded
        if model == "risk_averse" or change < 0.0:
            front = min(self.front, now)
        else:
            back = before - self.front
            p = chance_behind(model, self.front, back, power)
            front = min(self.front - (1.0 - p) * change + min(back - p * change, 0.0), now)
        return QueuePlace(max(front, 0.0), self.filled, 0.0)
