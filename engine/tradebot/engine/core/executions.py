"""Every execution a venue told, by account and the venue's id: what was booked, whose it was, what was taken back.

The key is the pair: two venues may give the same id. An execution that was taken back before it was heard of stays
known, so that it is not booked when it comes late. What an order brought with it is remembered as long as the order is.
"""

from decimal import Decimal
from typing import Literal

import msgspec

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.events import OrderFilled
from tradebot.engine.core.types import AccountName, ClientOrderId, ExecutionId, Owner, Side

STRANGE_FILLS_KEPT = 10_000
"""Executions of orders that are not in memory, remembered against a second telling."""

CHARGED_KEPT = 10_000
"""Executions of which a fee was told apart, remembered against the fill's own word of it."""

type ExecutionKey = tuple[AccountName, ExecutionId]


class Terms(msgspec.Struct, frozen=True):
    """What makes an execution that execution: told again with other terms it contradicts itself."""

    client_order_id: ClientOrderId
    instrument: InstrumentId
    side: Side
    quantity: int
    price: int


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """One execution as the ledger took it."""

    terms: Terms | None
    """None where it was taken back before it was told."""
    owner: Owner
    fee: Decimal = Decimal(0)
    """Booked with it, paid when positive."""
    fee_currency: str = ""
    state: Literal["booked", "unbooked", "busted"]
    """Unbooked: the ledger could not take it, a difference stands for it."""


def terms_of(event: OrderFilled) -> Terms:
    """Return what makes an execution that execution; fee, source and times may be told differently later."""
    return Terms(event.client_order_id, event.instrument, event.side, event.quantity, event.price)


class Executions:
    """The executions of the orders in memory, and the newest of those whose order is not."""

    def __init__(self) -> None:
        self._known: dict[ExecutionKey, Execution] = {}
        self._executed: dict[ClientOrderId, list[ExecutionKey]] = {}
        self._charged: dict[tuple[AccountName, ExecutionId, str], None] = {}
        self._strange: dict[
            ExecutionKey, None
        ] = {}  # those whose order is not in memory, oldest first

    def charge(self, key: ExecutionKey, asset: str) -> None:
        """Remember that a fee in an asset was told apart from its fill."""
        self._charged[*key, asset] = None
        if len(self._charged) > CHARGED_KEPT:
            del self._charged[next(iter(self._charged))]

    def charged(self, key: ExecutionKey, asset: str) -> bool:
        """Return whether a fee in an asset was told apart from its fill."""
        return (*key, asset) in self._charged

    def get(self, account: AccountName, execution_id: ExecutionId) -> Execution | None:
        """Return an execution as it stands, or None where it was never told."""
        return self._known.get((account, execution_id))

    def seen(self, account: AccountName, execution_id: ExecutionId) -> bool:
        """Return whether an execution was told before, booked or not."""
        return (account, execution_id) in self._known

    def put(self, key: ExecutionKey, known: Execution, order: ClientOrderId | None) -> None:
        """Remember an execution, as long as its order; None: its order is not in memory."""
        if key not in self._known:
            if order is None:
                self._strange[key] = None
            else:
                self._executed.setdefault(order, []).append(key)
        self._known[key] = known
        while len(self._strange) > STRANGE_FILLS_KEPT:
            oldest = next(iter(self._strange))
            del self._strange[oldest], self._known[oldest]

    def forget_order(self, client_order_id: ClientOrderId) -> None:
        """Drop what an order brought with it."""
        for key in self._executed.pop(client_order_id, ()):
            self._known.pop(key, None)

    def claim(self, account: AccountName, client_order_id: ClientOrderId) -> list[Terms]:
        """Return what is booked of an order that comes into memory only now, and keep it as long as the order."""
        found = [
            (key, known.terms)
            for key in self._strange
            if key[0] == account
            and (known := self._known[key]).state == "booked"
            and known.terms is not None
            and known.terms.client_order_id == client_order_id
        ]
        for key, _ in found:
            del self._strange[key]
            self._executed.setdefault(client_order_id, []).append(key)
        return [terms for _, terms in found]
