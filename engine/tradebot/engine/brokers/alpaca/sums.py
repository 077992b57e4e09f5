"""Whether the executions told of an order add up to what the venue says is filled of it."""

from collections import OrderedDict
from decimal import Decimal

from tradebot.engine.brokers.alpaca.executions import Execution

ORDERS_KEPT = 20_000
"""Orders watched at once; the oldest are let go."""

EXECUTIONS_KEPT = 50_000
"""Executions whose size is remembered, for corrections."""


class FilledSums:
    """Sums by order, since this process first heard of each."""

    def __init__(self) -> None:
        self._sums: OrderedDict[str, Decimal] = OrderedDict()
        self._begins: dict[str, Decimal] = {}
        self._told: dict[str, Decimal] = {}
        self._sizes: OrderedDict[str, Decimal] = OrderedDict()

    def begins(self, order_id: str, filled: Decimal) -> None:
        """Hear of an order: the first time, what is filled of it is where its sum begins."""
        if order_id not in self._sums:
            self._keep(order_id, filled)

    def executed(self, execution: Execution) -> None:
        """Take in an execution that counts for the first time."""
        size, order = execution.quantity, execution.order_id
        # What was filled before it, as the venue has it; a REST row and a socket tell that alike.
        before = Decimal(0) if execution.filled is None else execution.filled - _change(execution)
        if order not in self._sums:
            self._keep(order, max(before, Decimal(0)))
        elif execution.filled is not None and 0 <= before < self._begins[order]:
            # An older one that came later: the sum began too high.
            self._sums[order] -= self._begins[order] - before
            self._begins[order] = before
        if execution.kind == "bust":
            self._sums[order] -= size
        elif execution.kind == "correction":
            self._sums[order] += size - self._sizes.get(execution.previous_id, size)
        else:
            self._sums[order] += size
        self._sizes[execution.execution_id] = size
        if len(self._sizes) > EXECUTIONS_KEPT:
            self._sizes.popitem(last=False)

    def says(self, order_id: str, filled: Decimal, *, lower: bool = False) -> None:
        """Take in what the venue says is filled of an order.

        Args:
            order_id: The venue's.
            filled: Cumulative quantity.
            lower: Whether it may have become less, as a bust does it; else a smaller number is an old word.
        """
        if order_id in self._sums:
            before = Decimal(0) if lower else self._told.get(order_id, Decimal(0))
            self._told[order_id] = max(filled, before)

    def missing(self) -> list[str]:
        """Return orders of which the venue says more is filled than was told, or less."""
        return [order for order, told in self._told.items() if told != self._sums.get(order, told)]

    def of(self, order_id: str) -> Decimal | None:
        """Return the sum of what was told of an order; None where nothing was."""
        return self._sums.get(order_id)

    def settle(self, order_id: str) -> None:
        """Believe the venue from here on: its fills were asked for, and there are no others."""
        if order_id in self._told:
            self._sums[order_id] = self._told[order_id]

    def _keep(self, order_id: str, filled: Decimal) -> None:
        self._sums[order_id] = self._begins[order_id] = filled
        if len(self._sums) > ORDERS_KEPT:
            gone, _ = self._sums.popitem(last=False)
            self._told.pop(gone, None)
            del self._begins[gone]


def _change(execution: Execution) -> Decimal:
    if execution.kind == "fill":
        return execution.quantity
    return -execution.quantity if execution.kind == "bust" else Decimal(0)
