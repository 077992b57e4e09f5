"""What a policy is, and what it is told beside money and market.

A policy is any class with `decide(portfolio, snapshot, context) -> OrderSeq`. It has no clock, no I/O and no memory but
the state it hands back; asked twice with the same arguments it answers the same.
"""

import random
from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property
from typing import Protocol, runtime_checkable

import msgspec

from tradebot.engine.core.actions import OrderSeq
from tradebot.engine.core.features import Features
from tradebot.engine.core.needs import Need
from tradebot.engine.core.params import Params
from tradebot.engine.core.portfolio import PortfolioState
from tradebot.engine.core.snapshot import BarValue, MarketSnapshot
from tradebot.engine.core.types import ClientOrderId, OrderRole, Side

LOG_LINES_MAX = 8
"""Lines a policy may log in one decision."""

LOG_TEXT_MAX = 200
"""Longest line; the rest is cut off."""


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """One of the sleeve's own orders has traded: what `on` is told."""

    client_order_id: ClientOrderId
    symbol: str
    side: Side
    quantity: Decimal
    """Of this execution, > 0."""
    price: Decimal
    leaves: Decimal
    """What of the order is still open."""
    role: OrderRole
    """Whether it was a protective leg."""
    ts: int
    """The venue's time, ns UTC."""


class ContextMap:
    """Parameters, memory, figures and randomness of one decision; never I/O."""

    def __init__(
        self,
        *,
        params: Params | None,
        state: msgspec.Struct | None,
        now: int,
        seed: str,
        snapshot: MarketSnapshot | None = None,
        gap: tuple[int, int] | None = None,
    ) -> None:
        self.params = params
        """The sleeve's parameters, of the policy's own `params` type."""
        self.state = state
        """What the policy handed back with its last effective decision; None at first."""
        self.now = now
        """The engine's time, ns UTC: the policy's only clock."""
        self.gap = gap
        """What was not seen (from, until), ns UTC: at the first decision after a restart; None at any other."""
        self.lines: list[str] = []
        """What was logged in this decision."""
        self.dropped = 0
        """Lines that were one too many."""
        self._snapshot = snapshot or MarketSnapshot((), now)
        self._seed = seed

    @cached_property
    def features(self) -> Features:
        """Return the rolling figures of the bars needed, by name: `context.features["1h mean 50"]`."""
        return Features(self._snapshot)

    def history(self, span: str, symbol: str | None = None) -> tuple[BarValue, ...]:
        """Return the closed bars of a span that `needs` names, oldest first.

        Raises:
            ValueError: As `MarketSnapshot.bars`.
        """
        return tuple(self._snapshot.bars(span, symbol))

    def log(self, text: str) -> None:
        """Write a line down, for `policy log`: at most 8 a decision and 60 a minute, 200 characters each."""
        if len(self.lines) < LOG_LINES_MAX:
            self.lines.append(str(text)[:LOG_TEXT_MAX])
        else:
            self.dropped += 1

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


@runtime_checkable
class TakesFills(Protocol):
    """A policy that is told of its own fills at once, and may answer."""

    def on(
        self,
        event: Filled,
        portfolio: PortfolioState,
        snapshot: MarketSnapshot,
        context: ContextMap | None = None,
    ) -> OrderSeq:
        """Return what should be done now that one of its orders has traded."""
        ...


@runtime_checkable
class Migrates(Protocol):
    """A policy that can take over what an earlier version of itself remembered."""

    def migrate(self, old_state: object, old_version: str) -> msgspec.Struct:
        """Return the memory in this version's own `state` struct.

        Args:
            old_state: What the version before handed back, as plain values: dicts, lists, text, numbers.
            old_version: Which version that was, as `policy show` writes it.
        """
        ...
