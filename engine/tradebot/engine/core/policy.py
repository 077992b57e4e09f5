"""What a policy is, and what it is told beside money and market.

A policy is any class with `decide(portfolio, snapshot, context) -> OrderSeq`. It has no clock, no I/O and no memory but
the state it hands back; asked twice with the same arguments it answers the same.
"""

import random
from collections.abc import Sequence
from functools import cached_property
from typing import Protocol, runtime_checkable

import msgspec

from tradebot.engine.core.actions import OrderSeq
from tradebot.engine.core.needs import Need
from tradebot.engine.core.params import Params
from tradebot.engine.core.portfolio import PortfolioState
from tradebot.engine.core.snapshot import MarketSnapshot


class ContextMap:
    """Parameters, memory and randomness of one decision; never I/O."""

    def __init__(
        self, *, params: Params | None, state: msgspec.Struct | None, now: int, seed: str
    ) -> None:
        self.params = params
        """The sleeve's parameters, of the policy's own `params` type."""
        self.state = state
        """What the policy handed back with its last effective decision; None at first."""
        self.now = now
        """The engine's time, ns UTC."""
        self._seed = seed

    @cached_property
    def rng(self) -> random.Random:
        """Return the decision's generator, seeded by engine seed, sleeve and event: the same when decided again."""
        return random.Random(self._seed)  # noqa: S311  (reproducible on purpose, not for secrets)


@runtime_checkable
class Policy(Protocol):
    """The owner's signature, kept exactly; any class with these is a policy."""

    @property
    def needs(self) -> Sequence[Need]:
        """Return what wakes it; a plain class attribute does."""
        ...

    def decide(
        self,
        portfolio: PortfolioState,
        snapshot: MarketSnapshot,
        context: ContextMap | None = None,
    ) -> OrderSeq:
        """Return what should be done now, and why."""
        ...
