"""What a lost connection leaves without protection, and stops that only this engine holds."""

from tradebot.engine.core.events import FeedChanged, StreamChanged
from tradebot.engine.core.orders import STOPS, Order
from tradebot.engine.core.outcomes import Alert, OrderHeld
from tradebot.engine.core.state import State
from tradebot.engine.core.step import Step
from tradebot.engine.core.waiting import waits


def engine_held_stops(state: State) -> list[Order]:
    """Return the stops that only this engine holds, oldest first, without those that wait for another order.

    They work while the engine and its connections do.
    """
    return [
        order
        for order in state.blotter.open()
        if order.held and order.intent.type in STOPS and not waits(state, order)
    ]


def stop_text(state: State, order: Order) -> str:
    """Return an engine-held stop as people say it: `sell 0.85 binance:BTCUSDT at 58800.00`."""
    intent = order.intent
    instrument = state.instruments[intent.instrument]
    trigger = intent.trigger_price
    price = "a trailing price" if trigger is None else str(instrument.price(trigger))
    quantity = instrument.quantity(order.leaves)
    return f"{intent.side} {quantity.normalize():f} {intent.instrument} at {price}"


def tell_stream(step: Step, event: StreamChanged) -> None:
    """Say that an account is not heard, and which engine-held stops may not reach it."""
    if event.state == "up":
        return
    held = [o for o in engine_held_stops(step.state) if o.intent.account == event.account]
    silent = "down" if event.state == "down" else "connected but silent"
    why_so = f" ({event.reason})" if event.reason else ""
    text = f"private stream of {event.account} is {silent}{why_so}: no new risk there"
    step.emit(Alert(level="error", text=text + _unable(step.state, held)))


def tell_feed(step: Step, event: FeedChanged) -> None:
    """Say which engine-held stops cannot see their price any more."""
    held = [o for o in engine_held_stops(step.state) if o.intent.instrument == event.instrument]
    if event.state == "up" or not held:
        return
    text = f"market data of {event.instrument} is {event.state}"
    step.emit(Alert(level="error", text=text + _unable(step.state, held)))


def _unable(state: State, held: list[Order]) -> str:
    if not held:
        return ""
    stops = "; ".join(stop_text(state, order) for order in held)
    return f"; held by this engine only, cannot work now: {stops}"


def warn_engine_held(step: Step) -> None:
    """Where protection belongs at the broker, say of each new stop that it lives in this engine only."""
    started = step.state.started
    if started is None or started.protect_at != "broker":
        return
    new = [one.order for one in step.outcomes if isinstance(one, OrderHeld)]
    for intent in new:
        order = step.state.blotter.get(intent.client_order_id)
        if order is not None and intent.type in STOPS:
            text = (
                f"stop {stop_text(step.state, order)} lives in this engine only: {intent.account}'s "
                "venue does not hold such an order; it protects nothing while the engine is down"
            )
            step.emit(Alert(level="warn", text=text))
