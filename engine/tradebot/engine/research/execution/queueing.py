"""Where an order stands in its level's queue when only the level's size and the trades are seen: the venue's own.

The rules are hftbacktest's (MIT): a fall of the level that no trade explains happened behind the order with chance p,
in front with 1 - p. Here the front is taken to zero where it would be below: a trade through would otherwise make the
chance of non-integer powers undefined, and the order would silently fall back.
"""

from typing import Literal

import msgspec

from tradebot.native import QueuePlace as NativePlace

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
    return NativePlace.chance_behind(model, front, back, power)


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
        place = self._native()
        through = place.trade(quantity)
        return QueuePlace(place.front, self.filled + through, self.traded + quantity)

    def after_depth(
        self, before: float, now: float, model: QueueModel, power: float = 1.0
    ) -> "QueuePlace":
        """Return the place after the level's size changed from `before` to `now`.

        Raises:
            ValueError: If a size is negative or power is not > 0.
        """
        place = self._native()
        place.depth(before, now, model, power)
        return QueuePlace(place.front, self.filled, 0.0)

    def _native(self) -> NativePlace:
        """Return the place as the venue keeps it."""
        place = NativePlace(self.front)
        if self.traded:
            # What was traded since the size was last seen: the front is already behind it.
            place = NativePlace(self.front + self.traded)
            place.trade(self.traded)
        return place
