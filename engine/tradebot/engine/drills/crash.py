"""`drill crash`: kill -9 between an order and its fill, and a second engine that has to find out."""

from tradebot.engine.drills.ground import Ground
from tradebot.engine.drills.judge import known_fills
from tradebot.engine.drills.orders import Hold
from tradebot.engine.drills.result import DrillFailed

FIRST, SECOND = "0.050", "0.030"
WHOLE = "0.080"


def crash(ground: Ground) -> str:
    """Play it; return what was found, in one line.

    Raises:
        DrillFailed: If something was lost, doubled, or left without protection.
    """
    ground.open_position(FIRST, "0.98")
    ground.do(Hold(fills=True))
    stop = ground.price() * 98 // 100
    request, answer = ground.buy(SECOND, stop)
    if answer.order is None:
        raise DrillFailed(f"the second buy was {answer.outcome}: {answer.reason}")
    key = answer.order.client_order_id
    ground.until("the venue fills", lambda: ground.truth().orders.get(key) == "filled")
    ground.say(f"BUY {SECOND} BTC sent; the venue fills it, and its word is on the way")

    dead = ground.engine.pid
    ground.engine.kill()
    died_s = ground.seconds
    truth = ground.truth()
    booked = known_fills(ground.engine.folder / "journal.db")
    if set(truth.fills) == booked:
        raise DrillFailed("the engine died too late: it had booked every fill already")
    ground.say(
        f"kill -9 {dead}: its journal has {len(booked)} of the venue's {len(truth.fills)} fills; "
        f"the stop for {FIRST} stands at the venue all the same"
    )

    ground.do(Hold())
    ground.start_engine()
    ground.until("the stop covers what was bought", lambda: ground.protects(WHOLE))
    bare_s = ground.seconds - died_s
    fill = ground.until("the fill is known", lambda: ground.fill_of(key))
    ground.say(
        f"process {ground.engine.pid} has read the journal and asked the venue: the fill at "
        f"{fill.price} is booked ({fill.source.replace('_', ' ')}), its stop sent"
    )

    _, again = ground.place(request)
    if again.order is None or again.order.client_order_id != key:
        raise DrillFailed(f"the same request made a second order: {again}")
    ground.say("the same request sent once more is the same order, not a second one")

    truth = ground.agree()
    ground.figures["unprotected_seconds"] = f"{bare_s:.1f}"
    return (
        f"{len(truth.fills)} fills, 0 lost, 0 doubled; {WHOLE} BTC, {truth.cash:.2f} USDT and every "
        f"order the same in both books; {SECOND} stood without a stop for {bare_s:.1f} s"
    )
