"""Quote one small order on each side of the touch and lean against what is held.

The house's simplest table: earn the spread from those who are in a hurry. It follows the touch, never crosses it, and
stops quoting the side that would carry it past its largest position.

It loses when the one who trades with it knows more (the price keeps going after each fill), and always where fees are
larger than the spread: on a spot market at 0.1 % a side it pays for its education.
"""

from decimal import Decimal

from tradebot.engine.core.policy import (
    Action,
    Book,
    ContextMap,
    MarketSnapshot,
    OrderSeq,
    Params,
    PortfolioState,
    buy,
    cancel,
    sell,
)
from tradebot.engine.core.reasons import why
from tradebot.engine.core.types import MS, Side


class TouchParams(Params, frozen=True, kw_only=True):
    """What the quoter may be told."""

    size: Decimal = Decimal("0.01")
    """Quantity of each order, in the base asset, > 0."""
    most: Decimal = Decimal("0.05")
    """Largest position either way, in the base asset, >= size."""
    patience_ms: int = 500
    """How long an order stays behind the touch before it is moved, >= 0."""


class Touch:
    """Two-sided quoting at the touch of one instrument."""

    params = TouchParams
    needs = (Book(),)

    def decide(
        self,
        portfolio: PortfolioState,
        snapshot: MarketSnapshot,
        context: ContextMap | None = None,
    ) -> OrderSeq:
        """Return cancels of orders left behind, and one order a side where none stands."""
        wanted = context.params if context is not None else None
        params = wanted if isinstance(wanted, TouchParams) else TouchParams()
        market = snapshot.only
        bid, ask = market.bid, market.ask
        if bid is None or ask is None or bid >= ask:
            return OrderSeq.none(because=why("no-market"))
        actions = [
            *_quote(portfolio, snapshot, params, "buy", bid),
            *_quote(portfolio, snapshot, params, "sell", ask),
        ]
        if not actions:
            return OrderSeq.none(because=why("quoting"))
        return OrderSeq.of(*actions, because=why("follow-touch", bid=bid, ask=ask))


def _quote(
    portfolio: PortfolioState,
    snapshot: MarketSnapshot,
    params: TouchParams,
    side: Side,
    price: Decimal,
) -> list[Action]:
    """Return what one side needs: a cancel, a new order, or nothing."""
    mine = [order for order in portfolio.orders if order.side == side]
    if mine:
        order = mine[0]
        late = snapshot.now - order.created >= params.patience_ms * MS
        moved = order.limit != price
        return [cancel(order.id)] if moved and late and not order.cancelling else []
    held = portfolio.quantity(snapshot.only.instrument.id)
    after = held + params.size if side == "buy" else held - params.size
    if abs(after) > params.most and abs(after) > abs(held):
        return []
    place = buy if side == "buy" else sell
    return [place(params.size, limit=price, post_only=True)]
