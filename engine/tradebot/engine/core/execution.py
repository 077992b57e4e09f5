"""How effects leave the kernel: one door for paper, broker, simulated and native venues."""

from typing import Protocol

import msgspec

from tradebot.engine.core.outcomes import Cancel, QueryAccount, QueryOrder, Submit
from tradebot.engine.core.risk import RiskApproved
from tradebot.engine.core.types import OrderType, TimeInForce


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue can do natively; the rest the kernel keeps or refuses."""

    order_types: frozenset[OrderType]
    times_in_force: frozenset[TimeInForce]
    post_only: bool
    reduce_only: bool
    """Whether the venue itself enforces reduce-only; else the kernel does."""


class ExecutionEngine(Protocol):
    """A venue an engine can trade at: native, paper, each broker."""

    @property
    def capabilities(self) -> Capabilities:
        """Return what the venue can do."""
        ...

    def perform(self, effect: RiskApproved[Submit] | Cancel | QueryOrder | QueryAccount) -> None:
        """Start an effect and return at once; every answer, also "unknown", comes back as an event."""
        ...
