"""What panic needs of a venue: each broker's adapter, and the native venue, answer these for one account."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.orders import STOPS
from tradebot.engine.core.types import ClientOrderId, OrderType, Side, sign


class OpenOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the venue holds it, whoever placed it."""

    client_order_id: ClientOrderId
    instrument: InstrumentId
    side: Side
    type: OrderType
    leaves: int
    """What may still fill, in units, > 0."""
    reduce_only: bool = False
    """Whether the venue itself keeps it from turning a position."""


class Closed(msgspec.Struct, frozen=True, kw_only=True):
    """A closing order that panic has sent."""

    client_order_id: ClientOrderId
    instrument: InstrumentId
    side: Side
    quantity: int
    """In units, > 0."""


class VenueRefused(Exception):  # noqa: N818  (what happened, not a kind of error)
    """The venue did not do it; the text says why."""


class AccountAtVenue(Protocol):
    """One account, reached without an engine."""

    @property
    def now(self) -> int:
        """Return the venue's time, ns UTC, in the terms of the engine's own: later than all orders made so far."""
        ...

    def open_orders(self) -> Sequence[OpenOrder]:
        """Return every open order of the account, oldest first."""
        ...

    def positions(self) -> Mapping[InstrumentId, int]:
        """Return the account's signed positions in units, none of them 0."""
        ...

    def cancel(self, client_order_id: ClientOrderId) -> None:
        """Take an order out.

        Raises:
            VenueRefused: If it stays.
        """
        ...

    def closing_order(self, instrument: InstrumentId) -> Closed:
        """Return the order that would close a position, not sent yet.

        Raises:
            VenueRefused: If it cannot be closed now.
        """
        ...

    def close(self, order: Closed) -> None:
        """Send a closing order.

        Raises:
            VenueRefused: If it was not taken.
        """
        ...


def adds_risk(
    orders: Sequence[OpenOrder], positions: Mapping[InstrumentId, int]
) -> list[ClientOrderId]:
    """Return the orders that could make a position larger or turn it, in their own order.

    Those that the venue keeps reduce-only never do. Of the others what opposes a position is counted against it, stops
    before limits, the oldest first: what still fits shrinks and stays. A bracket's target beside its stop does not fit:
    nobody is left who would cancel it when the stop fills.
    """
    left = dict(positions)
    shrinking: set[ClientOrderId] = set()
    for order in sorted(orders, key=lambda order: order.type not in STOPS):
        held = left.get(order.instrument, 0)
        signed = sign(order.side) * order.leaves
        if order.reduce_only:
            shrinking.add(order.client_order_id)
        elif held * signed < 0 and order.leaves <= abs(held):
            left[order.instrument] = held + signed
            shrinking.add(order.client_order_id)
    return [order.client_order_id for order in orders if order.client_order_id not in shrinking]
