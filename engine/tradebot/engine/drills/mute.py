"""`drill mute`: silence. First of the private stream, where an exit fills unheard; then of the market."""

from tradebot.engine.drills.ground import Ground
from tradebot.engine.drills.orders import Mute
from tradebot.engine.drills.result import DrillFailed

HELD, SOLD, LEFT = "0.050", "0.020", "0.030"
_STEADY_S = 1.0


def mute(ground: Ground) -> str:
    """Play it; return what was found, in one line.

    Raises:
        DrillFailed: If risk was added unheard, an exit was held back, or a stop went away.
    """
    ground.open_position(HELD, "0.98", covered=LEFT)

    ground.do(Mute(private=True))
    ground.say("the private stream is connected and says nothing more; the market goes on")
    why = ground.until("new risk is refused", lambda: ground.why_refused("0.010"))
    quiet_s = ground.seconds
    ground.say(f"BUY 0.010 BTC refused: {why}")
    answer = ground.sell(SOLD, wait_s=0)
    if answer.outcome == "denied" or answer.order is None:
        raise DrillFailed(f"an exit was held back: {answer.reason}")
    key = answer.order.client_order_id
    ground.until("the venue fills the exit", lambda: ground.truth().orders.get(key) == "filled")
    if ground.fill_of(key) is not None:
        raise DrillFailed("the engine heard of a fill on a stream that is mute")
    ground.hold_true("the stop stands at the venue", ground.has_stop, _STEADY_S)
    ground.say(f"SELL {SOLD} BTC, an exit, went out and filled unheard; the stop stands")

    ground.do(Mute())
    fill = ground.until("the fill is known", lambda: ground.fill_of(key))
    ground.say(
        f"heard again after {ground.seconds - quiet_s:.1f} s: it asked for what it had missed; the "
        f"exit at {fill.price} is booked; the stop covers the {LEFT} that are left"
    )
    ground.agree()

    ground.do(Mute(market=True))
    why = ground.until("new risk is refused", lambda: ground.why_refused("0.010"))
    ground.hold_true("the stop stands at the venue", ground.has_stop, _STEADY_S)
    ground.say(f"now the market is silent: BUY 0.010 BTC refused: {why}; the stop stands")
    ground.do(Mute())
    ground.until("the market is trusted again", lambda: not ground.why_refused("0.010"))
    ground.say("it speaks again, and new risk is let through, with nobody's help")

    truth = ground.agree()
    return (
        f"no risk added in two silences, 1 exit let out, the stop never left; {len(truth.fills)} "
        f"fills and {truth.position:f} BTC the same in both books"
    )
