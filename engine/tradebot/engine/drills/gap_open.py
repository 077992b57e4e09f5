"""`drill gap-open`: the market closes and opens beyond the stop, which fills where the market is."""

from decimal import Decimal

from tradebot.engine.drills.ground import Ground
from tradebot.engine.drills.orders import Jump, Mute
from tradebot.engine.drills.result import DrillFailed
from tradebot.engine.drills.truth import Truth
from tradebot.engine.venue.fees import Fees

HELD = "0.100"
GAP = -600
"""Parts per 10,000: 6 % down, three times the way to the stop."""
_CLOSED_S = 2.5


def gap_open(ground: Ground) -> str:
    """Play it; return what was found, in one line.

    Raises:
        DrillFailed: If the stop did not fill, or the books tell another price than the venue.
    """
    stop = ground.open_position(HELD, "0.98")
    before = ground.truth()
    (entry,) = before.fills.values()
    fee_at_stop = stop * entry.quantity * Fees().taker
    planned = (entry.price - stop) * entry.quantity + entry.fee + fee_at_stop
    share = 100 * planned / Decimal(ground.status().equity or "1")
    ground.say(
        f"planned loss at the stop, fees in: {planned:.2f} USDT = 1 R, {share:.2f} % of equity"
    )

    ground.do(Mute(market=True))
    ground.hold_true("the stop stands at the venue", ground.has_stop, _CLOSED_S)
    ground.do(Jump(parts=GAP, then_still=True))
    ground.say(f"the market is closed; news come, and it will open {-GAP / 100:g} % lower")
    ground.do(Mute())
    truth = ground.until("the stop fills", lambda: _flat(ground))
    exits = [fill for fill in truth.fills.values() if fill.side == "sell"]
    sold = sum((fill.quantity * fill.price for fill in exits), Decimal(0))
    average = sold / entry.quantity
    ground.say(
        f"open: the stop at {stop} fills at {average:.2f}, "
        f"{100 * (stop - average) / stop:.1f} % below it; flat"
    )

    truth = ground.agree()
    if ground.position() is not None:
        raise DrillFailed("the engine still shows a position")
    cost = before.cash + entry.price * entry.quantity + entry.fee - truth.cash
    if cost <= planned:
        raise DrillFailed(f"a gap through the stop must cost more than planned, cost {cost:.2f}")
    ground.figures |= {
        "planned": f"{planned:.2f}",
        "cost": f"{cost:.2f}",
        "r": f"{-cost / planned:.2f}",
        "stop": str(stop),
        "filled_at": f"{average:.2f}",
    }
    return (
        f"cost {cost:.2f} USDT where {planned:.2f} was planned: -{cost / planned:.1f} R; a stop bounds a "
        f"loss only where the market trades; both books say the same"
    )


def _flat(ground: Ground) -> Truth | None:
    truth = ground.truth()
    return truth if not truth.position else None
