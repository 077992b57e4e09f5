"""How effects leave the kernel: one door for paper, broker, simulated and native venues."""

from typing import Protocol

from tradebot.engine.core.capabilities import Capabilities
from tradebot.engine.core.outcomes import Cancel, QueryAccount, QueryOrder, Replace, Submit
from tradebot.engine.core.risk import RiskApproved

type VenueEffect = RiskApproved[Submit] | RiskApproved[Replace] | Cancel | QueryOrder | QueryAccount
"""What a venue is asked to do."""


class ExecutionEngine(Protocol):
    """A venue an engine can trade at: native, paper, each broker."""

    @property
    def capabilities(self) -> Capabilities:
        """Return what the venue can do."""
        ...

    def perform(self, effect: VenueEffect) -> None:
        """Start an effect and return at once; every answer, also "unknown", comes back as an event."""
        ...
