"""Quote one small order on each side of the touch and lean against what is held.

The house's simplest table: earn the spread from those who are in a hurry. It follows the touch, never crosses it, and
stops quoting the side that would carry it past its largest position.

It loses when the one who trades with it knows more (the price keeps going after each fill), and always where fees are
larger than the spread: on a spot market at 0.1 % a side it pays for its education.
"""

from decimal import Decimal

from tradebot.engine.core.actions import Action, OrderSeq, buy, cancel, sell
from tradebot.engine.core.needs import Book
from tradebot.engine.core.params import Params
from tradebot.engine.core.policy import ContextMap
from tradebot.engine.core.portfolio import PortfolioState
from tradebot.engine.core.reasons import why
from tradebot.engine.core.snapshot import MarketSnapshot
from tradebot.engine.core.types import MS, Side


class TouchParams(Params, frozen=True, kw_only=True):
    """What the quoter may be told."""

    size: Decimal = Decimal("0.01")
    """Quantity of each order, in the base asset, > 0."""
    most: Decimal = Decimal("0.05")
    """Largest position either way, in the base asset, >= size."""
    patience_ms: int = 200
    """How long an order stays behind the touch before it is moved, about, >= 0; see `_patience`."""


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
        params = TouchParams.of(context)
        market = snapshot.only
        bid, ask = market.bid, market.ask
        if bid is None or ask is None or bid >= ask:
            return OrderSeq.none(because=why("no-market"))
        patience = _patience(params, context)
        actions = [
            *_follow(portfolio, snapshot, "buy", bid, patience),
            *_follow(portfolio, snapshot, "sell", ask, patience),
            *_place(portfolio, snapshot, params, "buy", bid),
            *_place(portfolio, snapshot, params, "sell", ask),
        ]
        if not actions:
            return OrderSeq.none(because=why("quoting"))
        return OrderSeq.of(*actions, because=why("follow-touch", bid=bid, ask=ask))


def _patience(params: TouchParams, context: ContextMap | None) -> int:
    """Return how long an order may stay behind now, ns.

    Drawn anew at each decision, from half the parameter to one and a half of it: a quoter that moves by the clock is
    read by whoever watches it.
    """
    if context is None:
        return params.patience_ms * MS
    return params.patience_ms * context.rng.randint(500, 1500) * MS // 1000


def _follow(
    portfolio: PortfolioState, snapshot: MarketSnapshot, side: Side, price: Decimal, patience: int
) -> list[Action]:
    """Return the cancels of a side's orders that the touch has left behind for too long."""
    return [
        cancel(order.id)
        for order in portfolio.orders
        if order.side == side
        and order.limit != price
        and not order.cancelling
        and snapshot.now - order.created >= patience
    ]


def _place(
    portfolio: PortfolioState,
    snapshot: MarketSnapshot,
    params: TouchParams,
    side: Side,
    price: Decimal,
) -> list[Action]:
    """Return the order of a side where none stands and one more fits the largest position."""
    if any(order.side == side for order in portfolio.orders):
        return []
    held = portfolio.quantity(snapshot.only.instrument.id)
    after = held + params.size if side == "buy" else held - params.size
    if abs(after) > params.most and abs(after) > abs(held):
        return []
    place = buy if side == "buy" else sell
    return [place(params.size, limit=price, post_only=True)]
