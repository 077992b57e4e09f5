"""The golden policy: it remembers, states an edge, and goes in and out, so that bets are made and settled."""

from decimal import Decimal

import msgspec

from tradebot.engine.core.actions import OrderSeq
from tradebot.engine.core.needs import Every
from tradebot.engine.core.policy import ContextMap
from tradebot.engine.core.portfolio import PortfolioState
from tradebot.engine.core.reasons import Edge, why
from tradebot.engine.core.snapshot import MarketSnapshot
from tradebot.engine.core.types import SECOND
from tradebot.engine.core.wants import want

HELD = 4
"""Calls that it stays in, and as many that it stays out."""


class Counted(msgspec.Struct):
    """What it remembers."""

    calls: int = 0


class Counting:
    """Goes long for some calls at a small risk, then flat, by its count."""

    state = Counted
    needs = (Every(SECOND),)

    def decide(
        self,
        portfolio: PortfolioState,
        snapshot: MarketSnapshot,
        context: ContextMap | None = None,
    ) -> OrderSeq:
        """Return the want of the count."""
        before = None if context is None else context.state
        calls = (before.calls if isinstance(before, Counted) else 0) + 1
        state = Counted(calls)
        if calls // HELD % 2:
            return want.flat(because=why("out", calls=calls), state=state)
        return want.long(
            risk=Decimal("0.001"),
            stop=Decimal(600),
            take_profit=Decimal(1_800),
            edge=Edge(source="stated", win=Decimal("0.40")),
            because=why("in", calls=calls),
            state=state,
        )
