"""What a reader of the documentation may write, and which types come out; checked by pyright, never run."""

from collections.abc import Sequence
from decimal import Decimal
from typing import assert_type

from tradebot.data.instruments import Instrument, InstrumentId, Rules
from tradebot.engine.core.actions import OrderSeq, buy, cancel
from tradebot.engine.core.capabilities import Capabilities
from tradebot.engine.core.execution import ExecutionEngine, VenueEffect
from tradebot.engine.core.needs import Book, Every, Need
from tradebot.engine.core.outcomes import Submit
from tradebot.engine.core.policy import ContextMap, Policy
from tradebot.engine.core.portfolio import PortfolioState
from tradebot.engine.core.reasons import Because
from tradebot.engine.core.risk import RiskApproved
from tradebot.engine.core.snapshot import InstrumentSnapshot, MarketSnapshot


class Patient:
    """A policy by its shape alone: it inherits from nothing."""

    needs: Sequence[Need] = (Book(), Every(span_ns=1_000_000_000))

    def decide(
        self,
        portfolio: PortfolioState,
        snapshot: MarketSnapshot,
        context: ContextMap | None = None,
    ) -> OrderSeq:
        """Buy once at the bid, and take the order out when the market has gone."""
        market = assert_type(snapshot.only, InstrumentSnapshot)
        bid = assert_type(market.bid, Decimal | None)
        assert_type(market.mid, float | None)
        assert_type(portfolio.equity, Decimal | None)
        assert_type(portfolio.quantity("sandbox:BTCUSDT"), Decimal)
        because = Because("patient")
        if bid is None or context is None:
            return OrderSeq.none(because=because)
        if stale := [cancel(order.id) for order in portfolio.orders if order.limit != bid]:
            return OrderSeq.of(*stale, because=because)
        quantity = market.round_quantity(Decimal("0.5"))
        return OrderSeq.of(buy(quantity, limit=bid, post_only=True), because=because)


class Nowhere:
    """An execution engine by its shape alone."""

    @property
    def capabilities(self) -> Capabilities:
        """Return what it can do: resting limit orders."""
        return Capabilities(
            order_types=("limit",),
            times_in_force=("gtc",),
            post_only=True,
            reduce_only=False,
        )

    def perform(self, effect: VenueEffect) -> None:
        """Take an effect and never answer."""


policy: Policy = Patient()
engine: ExecutionEngine = Nowhere()


def an_unchecked_order_cannot_be_sent(unchecked: Submit, checked: RiskApproved[Submit]) -> None:
    """The risk gate is in the type."""
    engine.perform(checked)
    engine.perform(unchecked)  # pyright: ignore[reportArgumentType]


def numbers_are_exact_at_the_edges(instrument: Instrument) -> None:
    """Decimals outside, integer units inside, never a float between."""
    assert_type(instrument.id, InstrumentId)
    assert_type(instrument.price_units(Decimal("60000.01")), int)
    assert_type(instrument.price(6_000_001), Decimal)
    assert_type(instrument.rules_at(0), Rules)
    instrument.price_units(60000.01)  # pyright: ignore[reportArgumentType]
