"""`drill lost-ack`: an order whose answer is lost, and one that never arrived: unknown, until the venue is asked."""

from decimal import Decimal

from tradebot.engine.drills.ground import Ground
from tradebot.engine.drills.orders import Hold, Lose
from tradebot.engine.drills.result import DrillFailed


def lost_ack(ground: Ground) -> str:
    """Play it; return what was found, in one line.

    Raises:
        DrillFailed: If an unknown order was taken for none, or for a rejected one, or sent twice.
    """
    low = ground.round_down(ground.price() * 97 // 100)
    ground.do(Lose(answers=1))
    ground.do(Hold(reports=True))
    arrived = _unknown(ground, "0.020", low)
    if arrived not in ground.truth().orders:
        raise DrillFailed("the venue has no order whose answer could be lost")
    ground.say("the venue took it, its answer is lost; the engine calls it unknown, and asks")
    why = ground.until("new risk is refused", lambda: ground.why_refused("0.010"))
    ground.say(f"BUY 0.010 BTC refused meanwhile: {why}")
    ground.do(Hold())
    ground.until("it is found at the venue", lambda: ground.order_in(arrived, {"accepted"}))
    ground.say("the venue has answered: it works there; nothing is blocked any more")
    ground.until("new risk is let through", lambda: not ground.why_refused("0.010"))

    ground.do(Lose(requests=1))
    gone = _unknown(ground, "0.030", low)
    if gone in ground.truth().orders:
        raise DrillFailed("the order that was to be lost has arrived")
    began_s = ground.seconds
    ground.say(
        "a second order never arrives; nobody can tell the two cases apart, so it is asked for"
    )
    ended = ground.until("it is given up", lambda: ground.order_in(gone, {"rejected", "cancelled"}))
    took_s = ground.seconds - began_s
    ground.say(f"twice the venue did not know it, {took_s:.1f} s apart: {ended.state}")

    ground.cancel(arrived)
    ground.until("the first one is cancelled", lambda: ground.order_in(arrived, {"cancelled"}))
    truth = ground.agree()
    ground.figures["unknown_resolved"] = "2"
    return (
        f"2 unknown orders blocked new risk and were resolved by asking: one worked, one was never "
        f"there; none sent twice: {len(truth.orders)} at the venue"
    )


def _unknown(ground: Ground, quantity: str, price: Decimal) -> str:
    """Let a buy rest and return its id once the engine calls it unknown."""
    answer = ground.rest(quantity, price, wait_s=0)
    if answer.order is None:
        raise DrillFailed(f"a resting buy was {answer.outcome}: {answer.reason}")
    key = answer.order.client_order_id
    ground.until("it is called unknown", lambda: ground.order_in(key, {"unknown"}))
    return key
