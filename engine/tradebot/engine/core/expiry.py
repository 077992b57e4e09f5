"""GTD and DAY: ended by the engine at their time, whatever the venue does; whoever is later finds them ended."""

from tradebot.engine.core.events import TimerFired
from tradebot.engine.core.orders import EXPIRED_HERE
from tradebot.engine.core.outcomes import HeldEnded
from tradebot.engine.core.reasons import why
from tradebot.engine.core.step import EXPIRE, Step
from tradebot.engine.core.types import SECOND, ClientOrderId

AGAIN = 5 * SECOND
"""Before an order that could not be ended is looked at again."""


def on_expiry_timer(step: Step, event: TimerFired) -> None:
    """End an order whose time is over."""
    order = step.state.blotter.get(ClientOrderId(event.timer_id.removeprefix(EXPIRE)))
    if order is None or not order.is_open or order.intent.expires is None:
        return
    intent = order.intent
    key = intent.client_order_id
    if order.held:
        over = f"{intent.tif} is over"
        step.emit(HeldEnded(client_order_id=key, state="expired", reason=over))
        return
    step.cancel(intent, why(EXPIRED_HERE, tif=intent.tif))
    step.timer(event.timer_id, step.state.now + AGAIN)


def set_expiries(step: Step) -> None:
    """Set the timers of open orders again after a start: those of before are gone."""
    for order in step.state.blotter.open():
        if order.intent.expires is not None:
            step.timer(f"{EXPIRE}{order.intent.client_order_id}", order.intent.expires)
