"""When orders left for the venue: the one thing of an order's life that the journal, written before, cannot hold."""

from collections import OrderedDict

from tradebot.engine.core.execution import VenueEffect
from tradebot.engine.core.risk import RiskApproved
from tradebot.engine.core.types import ClientOrderId

KEPT = 4096
"""Orders remembered, the newest; forgotten with the process."""


class Departures:
    """An observer of settlings: which order left at which instant of the engine's time, ns UTC."""

    def __init__(self) -> None:
        self._left: OrderedDict[ClientOrderId, int] = OrderedDict()

    def __call__(self, now: int, durable_seq: int, effects: list[VenueEffect]) -> None:
        """Remember the orders among what left."""
        del durable_seq
        for effect in effects:
            if isinstance(effect, RiskApproved):
                self._left[effect.item.order.client_order_id] = now
        while len(self._left) > KEPT:
            self._left.popitem(last=False)

    def of(self, client_order_id: ClientOrderId) -> int | None:
        """Return when an order left, None where this process has not seen it leave."""
        return self._left.get(client_order_id)
