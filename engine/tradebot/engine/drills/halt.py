"""`drill halt`: a day's loss makes the engine REDUCING, a drawdown HALTED; what may still go out, goes out."""

from tradebot.engine.drills.ground import Ground
from tradebot.engine.drills.orders import Jump
from tradebot.engine.drills.result import DrillFailed

CONFIGURATION = '[risk]\nday_loss = "1%"\ndrawdown = "2%"\n'
"""Bounds that a drill of a minute can reach."""
HELD, SOLD, LEFT = "0.380", "0.100", "0.280"
FIRST_FALL, SECOND_FALL = -500, -700
"""Parts per 10,000: 5 % of 22.8 % of the equity is 1.1 %, and 7 % of the rest makes it 2.3 %."""


def halt(ground: Ground) -> str:
    """Play it; return what was found, in one line.

    Raises:
        DrillFailed: If risk could be added, an exit was held back, or protection went away.
    """
    ground.open_position(HELD, "0.85", covered=LEFT)
    resting = ground.resting("0.010", ground.round_down(ground.price() * 92 // 100))
    ground.say(f"a buy of 0.010 BTC rests at {resting.limit_price}; day loss 1 %, drawdown 2 %")

    ground.do(Jump(parts=FIRST_FALL, then_still=True))
    reason = ground.until("REDUCING", lambda: ground.state_reason("REDUCING"))
    ground.say(f"the market falls 5 %: REDUCING ({reason})")
    key = resting.client_order_id
    ground.until("what adds risk is cancelled", lambda: ground.order_in(key, {"cancelled"}))
    why = ground.refused(ground.buy("0.010")[1], "a buy while REDUCING")
    ground.say(f"the resting buy is cancelled, a new one refused: {why}")
    ground.filled(ground.sell(SOLD))
    ground.say(
        f"SELL {SOLD} BTC, which only shrinks the position, filled; the stop for {LEFT} stands"
    )

    ground.do(Jump(parts=SECOND_FALL, then_still=True))
    reason = ground.until("HALTED", lambda: ground.state_reason("HALTED"))
    ground.say(f"it falls further: HALTED ({reason})")
    why = ground.refused(ground.buy("0.010")[1], "a buy while HALTED")
    if not ground.protects(LEFT):
        raise DrillFailed("the stop is gone")
    ground.say(f"a buy is refused: {why}; the stop stands at the venue")
    lines = ground.flatten()
    ground.until("flat at the venue", lambda: not ground.truth().position)
    ground.say(f"flatten goes out all the same: {lines}")

    truth = ground.agree()
    if truth.standing_stops:
        raise DrillFailed("a stop stands where there is nothing to protect")
    if not ground.state_reason("HALTED"):
        raise DrillFailed("HALTED was lifted by nobody")
    return (
        f"2 new buys refused and 1 resting one cancelled; 1 exit, the stop and flatten went out; "
        f"HALTED until somebody resumes with a reason; {len(truth.fills)} fills the same in both books"
    )
