"""Be long above the mean, risk what the record supports, add only with the house's money.

Each entry risks a share of the capital at a stop of some average true ranges. How much is half of what Kelly would
stake on the sleeve's own settled bets (mean R over mean squared R), never more than a bound; while the record is too
short to say anything it is a small probe. Another unit is bought only once open profit pays for its risk.

It loses where price crosses its mean back and forth: many small stops, each with a spread and two fees. A record that
supports no bet ends the betting; it is not tried again until the sleeve is given another version. Thirty bets prove
little: the stake they support is as uncertain as they are.
"""

from decimal import Decimal

from tradebot.engine import (
    Bars,
    ContextMap,
    Edge,
    MarketSnapshot,
    OrderSeq,
    Params,
    PortfolioState,
    param,
    want,
    why,
)

ENTRY = "above-mean"
"""The reason of entries, under which their bets are recorded."""

PROVEN = 30
"""Settled bets from which a record is heard."""


class TrendParams(Params, frozen=True):
    """What the trend follower may be told."""

    window: int = param(30, ge=2, le=60, doc="minutes in the mean")
    reach: Decimal = param("4", gt=0, le=20, doc="of the stop, in average true ranges")
    probe: Decimal = param("0.001", gt=0, le="0.01", doc="of the capital, risked while unproven")
    most: Decimal = param("0.01", gt=0, le="0.02", doc="of the capital, risked at most")


class Trend:
    """One asset, long or flat."""

    params = TrendParams
    needs = (Bars("1m", history=30),)

    def decide(
        self,
        portfolio: PortfolioState,
        snapshot: MarketSnapshot,
        context: ContextMap | None = None,
    ) -> OrderSeq:
        """Return what to hold after this minute."""
        p = TrendParams.of(context)
        bars = snapshot.bars("1m")
        window = min(p.window, len(bars))
        close, mean = bars.last.close, bars.mean(window)
        if close <= mean:
            return want.flat(because=why("below-mean", close=close, mean=mean))
        stop = bars.atr(min(14, window)) * p.reach
        if stop <= 0:
            return OrderSeq.none(because=why("market-stands-still"))
        risk = supported(portfolio, p)
        if risk <= 0:
            return want.flat(because=why("record-supports-no-bet"))
        return want.long(
            risk=risk,
            stop=stop,
            pyramid="house-money",
            edge=Edge.from_record(),
            because=why(ENTRY, close=close, mean=mean, risk=risk),
        )


def supported(portfolio: PortfolioState, p: TrendParams) -> Decimal:
    """Return the share of the capital to risk: half of mean R / mean squared R, within its bounds.

    To second order that is half the growth-optimal stake (Thorp 2006, section 7).
    """
    shown = portfolio.record(ENTRY).spread()
    if shown.count < PROVEN:
        return p.probe
    square = shown.mean**2 + shown.deviation**2
    half = Decimal(str(shown.mean / square / 2)) if square else Decimal(0)
    return min(max(half, Decimal(0)), p.most).quantize(Decimal("0.0001"))
