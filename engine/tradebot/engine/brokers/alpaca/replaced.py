"""Which execution a new row of Alpaca's REST stands for, where the stream's word of the correction was lost.

REST lists a correction as an execution like any other, and what it replaced no more. Taken for one more fill it would
count twice. It is none where its order's cumulative quantity has no room for it and a list that must hold one told
before does not.
"""

from collections import OrderedDict
from collections.abc import Iterable
from decimal import Decimal

import msgspec

from tradebot.engine.brokers.alpaca.executions import Execution

KEPT = 20_000
"""Executions remembered: far more than the overlap of two questions holds."""


class Listing(msgspec.Struct, frozen=True):
    """What REST told in answer to one question."""

    executions: tuple[Execution, ...]
    since: int
    """From which venue time on it is complete, ns UTC."""
    asked: int
    """When it was asked for, ns UTC."""


class Replaced:
    """The executions that were told and stand, with when they were told."""

    def __init__(self) -> None:
        self._told: OrderedDict[str, tuple[Execution, int]] = OrderedDict()

    def told(self, execution: Execution, now: int) -> None:
        """Take in an execution that was told, at an instant, ns UTC."""
        self._told.pop(execution.previous_id, None)
        if execution.kind != "bust":
            self._told[execution.execution_id] = (execution, now)
            if len(self._told) > KEPT:
                self._told.popitem(last=False)

    def knows(self, execution_id: str) -> bool:
        """Return whether an execution was told and stands."""
        return execution_id in self._told

    def meant(self, row: Execution, told: Decimal | None, listing: Listing) -> Execution:
        """Return what a listed execution that was never told is: itself, or a correction of one that is gone.

        Args:
            row: It.
            told: Sum of the executions told of its order; None where nothing is known of it.
            listing: What it came with.
        """
        fits = told is None or (row.filled is not None and row.filled >= told + row.quantity)
        if row.kind != "fill" or fits:
            return row
        gone = self._gone(row, {one.execution_id for one in listing.executions}, listing)
        if gone is None:
            return row
        return msgspec.structs.replace(row, kind="correction", previous_id=gone.execution_id)

    def _gone(self, row: Execution, listed: Iterable[str], listing: Listing) -> Execution | None:
        """Return what was told of a row's order and is missing in the list: of several the one most like it."""
        missing = [
            one
            for key, (one, at) in self._told.items()
            if key not in listed
            and (one.order_id, one.symbol, one.side) == (row.order_id, row.symbol, row.side)
            and one.ts > listing.since
            and at < listing.asked
        ]
        alike = sorted(missing, key=lambda one: (one.quantity != row.quantity, one.ts))
        return alike[0] if alike else None
