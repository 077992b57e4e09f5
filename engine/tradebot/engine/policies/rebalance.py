"""Hold a constant share of equity in one asset, and let its swings pay (Shannon's demon).

Each time the share has drifted past a band, trade back to the target. Swings around a level are harvested: sell what
rose, buy what fell.

It loses when price trends without coming back (it sells a riser all the way up and buys a faller all the way down,
ending behind buy-and-hold, or ahead of it on the way down), and to fees when the band is narrower than they cost.
"""

from decimal import Decimal

from tradebot.engine.core.actions import OrderSeq, buy, cancel, sell
from tradebot.engine.core.needs import Every
from tradebot.engine.core.params import Params
from tradebot.engine.core.policy import ContextMap
from tradebot.engine.core.portfolio import OpenOrder, PortfolioState
from tradebot.engine.core.reasons import why
from tradebot.engine.core.snapshot import MarketSnapshot
from tradebot.engine.core.types import SECOND, Side


class RebalanceParams(Params, frozen=True, kw_only=True):
    """What the rebalancer may be told."""

    weight: Decimal = Decimal("0.5")
    """Share of the sleeve's equity to hold, in (0, 1)."""
    band: Decimal = Decimal("0.0001")
    """Drift of the share that is let be, as a share of equity, > 0."""
    reach: Decimal = Decimal("0.00005")
    """How far behind the touch an order is left waiting, as a share of the price, >= 0."""


class Rebalance:
    """Constant-weight rebalancing of one instrument."""

    params = RebalanceParams
    needs = (Every(SECOND),)

    def decide(
        self,
        portfolio: PortfolioState,
        snapshot: MarketSnapshot,
        context: ContextMap | None = None,
    ) -> OrderSeq:
        """Return the order back to the target share, resting at the touch; the last one is taken out first."""
        params = RebalanceParams.of(context)
        market = snapshot.only
        equity, mark, bid, ask = portfolio.equity, market.mark, market.bid, market.ask
        if equity is None or mark is None or bid is None or ask is None:
            return OrderSeq.none(because=why("no-market"))
        waiting = [order for order in portfolio.orders if not order.cancelling]
        symbol = market.instrument.id
        held = portfolio.quantity(symbol)
        weight = held * mark / equity
        drift = params.weight - weight
        if abs(drift) <= params.band:
            return OrderSeq.of(*(cancel(order.id) for order in waiting), because=why("in-band"))
        side: Side = "buy" if drift > 0 else "sell"
        touch = bid if drift > 0 else ask
        left = [order for order in waiting if not _near(order, side, touch, params.reach)]
        if left:
            return OrderSeq.of(*(cancel(order.id) for order in left), because=why("touch-moved"))
        if portfolio.orders:
            return OrderSeq.none(because=why("waiting-near-touch"))
        quantity = market.round_quantity(abs(drift) * equity / mark)
        reason = why("off-target", weight=round(weight, 4), target=params.weight)
        if quantity == 0:
            return OrderSeq.none(because=why("below-one-lot"))
        place = buy if side == "buy" else sell
        return OrderSeq.of(place(quantity, limit=touch, post_only=True), because=reason)


def _near(order: OpenOrder, side: Side, touch: Decimal, reach: Decimal) -> bool:
    """Return whether an order is on the wanted side and not too far behind its touch."""
    return (
        order.side == side and order.limit is not None and abs(touch - order.limit) <= reach * touch
    )
