"""Keep most in cash and let a cushion buy the upside: exposure grows with profit and dies before the floor.

A convex barbell. The floor is a share of the capital; what stands above it is the cushion, and a multiple of the
cushion is held in the asset (constant proportion portfolio insurance: Black, Jones 1987; Perold 1986). Gains raise the
exposure, losses lower it: the payoff bends upwards like an option's, and nobody has to sell one.

It pays for that where price goes nowhere: it buys what rose and sells what fell, and each swing costs. A jump of more
than 1/multiple between two looks goes through the floor. Once the cushion is spent it sits in cash and misses the rest.
"""

from decimal import Decimal

from tradebot.engine import (
    Bars,
    ContextMap,
    MarketSnapshot,
    OrderSeq,
    Params,
    PortfolioState,
    param,
    want,
    why,
)


class BarbellParams(Params, frozen=True):
    """What the barbell may be told."""

    floor: Decimal = param("0.9", ge=0, lt=1, doc="share of the capital that is not to be lost")
    multiple: Decimal = param("3", ge=1, le=10, doc="exposure for each unit of cushion")
    most: Decimal = param("1", gt=0, le=1, doc="largest share of equity in the asset")
    band: Decimal = param("0.02", gt=0, le="0.5", doc="drift of the share that is let be")


class Barbell:
    """A floor, a cushion, and a multiple of the cushion in one asset."""

    params = BarbellParams
    needs = (Bars("1m"),)

    def decide(
        self,
        portfolio: PortfolioState,
        snapshot: MarketSnapshot,
        context: ContextMap | None = None,
    ) -> OrderSeq:
        """Return the share of equity to hold, or nothing while it is near enough."""
        p = BarbellParams.of(context)
        market = snapshot.only
        equity, mark = portfolio.equity, market.mark
        if equity is None or mark is None or equity <= 0:
            return OrderSeq.none(because=why("no-market"))
        cushion = equity - p.floor * portfolio.capital
        if cushion <= 0:
            return want.flat(because=why("cushion-spent", equity=equity))
        wanted = min(p.multiple * cushion / equity, p.most)
        held = portfolio.quantity(market.instrument.id) * mark / equity
        if abs(wanted - held) <= p.band:
            return OrderSeq.none(because=why("in-band"))
        reason = why("cushion", wanted=round(wanted, 4), held=round(held, 4))
        return want.weight(wanted, because=reason)
