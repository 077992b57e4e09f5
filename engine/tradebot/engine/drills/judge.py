"""Compares what the engine says and has written with the venue's own ledger: orders, fills, position and cash."""

from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Protocol

import msgspec

from tradebot.engine.control.messages_facts import FillFacts, OrderFacts, PositionFacts, Status
from tradebot.engine.drills.market import INSTRUMENT
from tradebot.engine.drills.truth import Truth
from tradebot.engine.journal.store import Journal

_WORKING = frozenset({"accepted", "partially_filled", "triggered"})
_NEVER_THERE = frozenset({"denied", "rejected", "cancelled", "created"})
"""States of an order of ours that the venue need not know."""


FILLS_MAX = 1_000
"""More than any drill has."""


class _Told(msgspec.Struct):
    """What counts of a fill's row."""

    execution_id: str


def known_fills(journal: Path) -> set[str]:
    """Return every execution that an engine's journal tells of, whether that engine lives or not.

    Raises:
        JournalError: If it cannot be read.
    """
    with Journal.open(journal, read_only=True) as records:
        return {
            msgspec.json.decode(row.body, type=_Told).execution_id
            for row in records.rows()
            if row.kind == "order-filled"
        }


class Engine(Protocol):
    """What is asked of an engine; `ControlClient` has it."""

    def status(self) -> Status:
        """Return its state."""
        ...

    def positions(self) -> list[PositionFacts]:
        """Return what it holds."""
        ...

    def orders(self, *, working_only: bool) -> list[OrderFacts]:
        """Return its orders."""
        ...

    def fills(self, limit: int) -> list[FillFacts]:
        """Return its newest fills."""
        ...


def differences(engine: Engine, truth: Truth, journal: Path) -> list[str]:
    """Return what the engine has otherwise than the venue, one line each; nothing where both have the same."""
    found: list[str] = []
    booked = Counter(fill.execution_id for fill in engine.fills(FILLS_MAX))
    known = known_fills(journal)
    lost = [key for key in truth.fills if key not in booked or key not in known]
    doubled = [key for key, count in booked.items() if count > 1]
    invented = [key for key in booked if key not in truth.fills]
    for what, keys in (("lost", lost), ("doubled", doubled), ("invented", invented)):
        found += [f"fill {key} {what}" for key in keys]
    held = sum((Decimal(position.quantity) for position in engine.positions()), Decimal(0))
    if held != truth.position:
        found.append(f"position {held}, the venue has {truth.position}")
    cash = Decimal(engine.status().cash.get(INSTRUMENT.currency, "0"))
    if cash != truth.cash:
        found.append(f"cash {cash}, the venue has {truth.cash}")
    return found + _order_differences(engine.orders(working_only=False), truth)


def _order_differences(ours: list[OrderFacts], truth: Truth) -> list[str]:
    found: list[str] = []
    for order in ours:
        theirs = truth.orders.get(order.client_order_id)
        state = "working" if order.state in _WORKING else order.state
        if theirs is None and order.state in _NEVER_THERE | {"expired"} | _held(order):
            continue
        if state != theirs:
            found.append(f"order {order.client_order_id} {order.state}, the venue has {theirs}")
    known = {order.client_order_id for order in ours}
    found += [
        f"order {key} {state} at the venue, unknown here"
        for key, state in truth.orders.items()
        if key not in known
    ]
    return found


def _held(order: OrderFacts) -> frozenset[str]:
    """Return the state of an order that only the engine holds: the venue need not know it."""
    return frozenset({order.state}) if order.lives_at == "engine" else frozenset()
