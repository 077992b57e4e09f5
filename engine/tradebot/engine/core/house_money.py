"""Adding to a winner with the market's money: one more unit only where all stops together cost no more than one.

If every stop were hit, the units held must come to a profit or nothing, fees in, and with the new one to no less than
minus one unit's risk. To get there the stops held may be moved to where the new one's is; they are never moved back.
"""

from decimal import Decimal
from typing import Literal

import msgspec

from tradebot.data.instruments import Instrument
from tradebot.engine.core.ledger import Position
from tradebot.engine.core.orders import Order

HOUSE_MONEY = "house-money"
"""Reason of a stop that is moved so that one more unit can be paid for."""


class House(msgspec.Struct, frozen=True, kw_only=True):
    """A position in one direction with the stops that protect it."""

    instrument: Instrument
    position: Position
    stops: tuple[Order, ...]
    """Standing, of type stop or trailing stop, of the position's owner."""
    fee: Decimal
    """Share of notional that each way costs."""

    @property
    def way(self) -> int:
        """Return +1 for a long, -1 for a short."""
        return 1 if self.position.quantity > 0 else -1

    def behind(self, trigger: int) -> tuple[Order, ...]:
        """Return the stops that would lose more than one at `trigger`, in price units."""
        return tuple(
            stop
            for stop in self.stops
            if stop.intent.trigger_price is not None
            and (trigger - stop.intent.trigger_price) * self.way > 0
        )

    def worst(self, lifted: int | None = None) -> Decimal | None:
        """Return what the position comes to when every stop is hit, in the quote currency; None where one is missing.

        Args:
            lifted: A trigger that stops behind it are taken to stand at, in price units.
        """
        covered, value = 0, Decimal(0)
        for stop in self.stops:
            trigger = stop.intent.trigger_price
            if trigger is None:
                return None
            if lifted is not None and (lifted - trigger) * self.way > 0:
                trigger = lifted
            covered += stop.leaves
            value += self.instrument.notional(trigger, stop.leaves)
        if covered < abs(self.position.quantity):
            return None
        paid = abs(self.position.cost)
        return (value - paid) * self.way - self.fee * (value + paid)


def may_add(
    house: House, trigger: int, new: Decimal, unit: Decimal
) -> Literal["add", "move", "no"]:
    """Return whether one more unit is paid for now, would be with the stops moved up, or not at all.

    Args:
        house: The position.
        trigger: Where the new unit's stop would stand, in price units.
        new: What the new unit loses at its stop, fees in, in the quote currency.
        unit: One unit's risk, in the quote currency.
    """
    now, then = house.worst(), house.worst(trigger)
    if now is None or then is None:
        return "no"
    if now >= 0 and now - new >= -unit:
        return "add"
    return "move" if then >= 0 and then - new >= -unit else "no"
