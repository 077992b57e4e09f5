"""What a step of the kernel means for single orders: the one reading that log, traces and metrics share."""

from collections.abc import Iterator
from typing import cast

import msgspec

from tradebot.data.events import MarketEvent
from tradebot.engine.core.events import Event, OrderFilled
from tradebot.engine.core.orders import Order
from tradebot.engine.core.outcomes import AnyOutcome, FillBooked, OrderIntent
from tradebot.engine.core.reasons import Because
from tradebot.engine.core.state import State
from tradebot.engine.core.types import ClientOrderId

SUBMIT = "submit"
DENIED = "order-denied"
FILLED = "order-filled"


class OrderStep(msgspec.Struct, frozen=True, kw_only=True):
    """Something happened to an order."""

    word: str
    """The journal's own word for it: `submit`, `order-accepted`, `order-filled`, `cancel` ..."""
    seq: int
    at: int
    """The engine's time, ns UTC, as journaled."""
    client_order_id: str
    order: Order | None
    """As it is after the whole step; None for one this engine does not know."""
    reason: str | None = None
    fill: OrderFilled | None = None

    @property
    def intent(self) -> OrderIntent | None:
        """Return what was decided; None for an order this engine does not know."""
        return None if self.order is None else self.order.intent

    @property
    def ended(self) -> bool:
        """Return whether the order can do nothing more."""
        return self.order is not None and not self.order.is_open


def order_steps(
    state: State, seq: int, now: int, event: Event, outcomes: list[AnyOutcome]
) -> list[OrderStep]:
    """Return what an event and its outcomes meant for orders, in order; a fill told twice counts once."""
    if isinstance(event, MarketEvent) and not outcomes:
        return []
    found: list[OrderStep] = []
    for word, client_order_id, told in _told(event, outcomes):
        found.append(
            OrderStep(
                word=word,
                seq=seq,
                at=now,
                client_order_id=client_order_id,
                order=state.blotter.get(client_order_id),
                reason=_reason(told),
                fill=told if isinstance(told, OrderFilled) else None,
            )
        )
    return found


def _told(
    event: Event, outcomes: list[AnyOutcome]
) -> Iterator[tuple[str, ClientOrderId, msgspec.Struct]]:
    if not isinstance(event, MarketEvent):
        booked = any(isinstance(outcome, FillBooked) for outcome in outcomes)
        known = _order_of(event)
        if known is not None and (booked or not isinstance(event, OrderFilled)):
            yield _word(event), known, event
    for outcome in outcomes:
        known = _order_of(outcome)
        if known is not None and not isinstance(outcome, FillBooked):
            yield _word(outcome), known, outcome


def _order_of(told: msgspec.Struct) -> ClientOrderId | None:
    """Return which order an event or outcome speaks of; new kinds are met by the names of their fields."""
    intent: object = getattr(told, "order", None)
    if isinstance(intent, OrderIntent):
        return intent.client_order_id
    found: object = getattr(told, "client_order_id", None)
    return cast("ClientOrderId", found) if isinstance(found, str) else None


def _reason(told: msgspec.Struct) -> str | None:
    for name in ("text", "reason", "because"):
        found: object = getattr(told, name, None)
        if isinstance(found, str) and found:
            return found
        if isinstance(found, Because):
            return found.text()
    return None


def _word(told: msgspec.Struct) -> str:
    return str(type(told).__struct_config__.tag)
