"""Stops the engine keeps because the venue does not know them: looked at with the market, set off once.

Where they live is told wherever a position is shown. They see what the feed shows: a feed that is down, stale or being
rebuilt sets nothing off, and what lies beyond a trigger when it is back is set off at once (a gap).
"""

from decimal import Decimal

import msgspec

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.gate_words import Check
from tradebot.engine.core.going import lacks_room
from tradebot.engine.core.market import InstrumentMarket
from tradebot.engine.core.orders import STOPS, Order
from tradebot.engine.core.outcomes import Alert, HeldEnded, OrderIntent, StopMoved
from tradebot.engine.core.price_collar import collar_price
from tradebot.engine.core.state import State, Tries
from tradebot.engine.core.step import Step
from tradebot.engine.core.types import SECOND, Side, sign
from tradebot.engine.core.waiting import waits

TRIES_MAX = 20
"""How often a stop that was set off and may not go out is tried before the engine gives up until the next start."""

TRY_AGAIN = SECOND
"""Between two tries."""


def look(step: Step, symbol: InstrumentId) -> None:
    """Move trailing stops of an instrument and set off what the price has reached."""
    state = step.state
    held = state.blotter.held_in(symbol)
    market = state.market.get(symbol)
    if not held or market is None or market.health(state.now) != "up":
        return
    price = market.trigger_units()
    if price is None:
        return
    for order in held:
        closing = (order.intent.account, symbol) in state.flattening and order.intent.reduce_only
        if order.intent.type not in STOPS or waits(state, order) or closing:
            continue
        trigger = _moved(step, order, market, price)
        if trigger is not None and reached(order.intent.side, trigger, price):
            _set_off(step, order, market)


def look_everywhere(step: Step) -> None:
    """Look at every stop the engine keeps."""
    symbols = {order.intent.instrument for order in step.state.blotter.held_in()}
    for symbol in sorted(symbols):
        look(step, symbol)


def reached(side: Side, trigger: int, price: Decimal) -> bool:
    """Return whether a price sets a stop off: at or beyond its trigger, both in price units."""
    return price <= trigger if side == "sell" else price >= trigger


def follows(side: Side, trigger: int, trail: int, price: Decimal, tick: int) -> int:
    """Return where a trailing stop stands after a price, in price units.

    It follows in steps of a hundredth of its distance, at least a tick, and never goes back.
    """
    way = -sign(side)
    best = int((price * way - trail) // tick) * tick * way
    pace = max(tick, trail // 100)
    return best if (best - trigger) * way >= pace else trigger


def _moved(step: Step, order: Order, market: InstrumentMarket, price: Decimal) -> int | None:
    """Let a trailing stop follow; return where a stop stands."""
    intent = order.intent
    if intent.trail is None or intent.trigger_price is None:
        return intent.trigger_price
    tick = market.instrument.rules_at(step.state.now).tick
    trigger = follows(intent.side, intent.trigger_price, intent.trail, price, tick)
    if trigger != intent.trigger_price:
        # A fact, so that a restart finds it where it stood though the market is not recovered.
        step.emit(StopMoved(client_order_id=intent.client_order_id, trigger_price=trigger))
    return trigger


def _set_off(step: Step, order: Order, market: InstrumentMarket) -> None:
    state, intent = step.state, order.intent
    key = intent.client_order_id
    tries = state.tries.get(key)
    if tries is not None and (tries.count >= TRIES_MAX or state.now < tries.next):
        return
    quantity = min(intent.quantity, _closable(state, intent))
    if quantity <= 0:
        step.emit(HeldEnded(client_order_id=key, state="cancelled", reason="position-closed"))
        return
    going = set_off(state, intent, market, quantity)
    if lacks_room(state, going):
        step.hold(going)  # a target of its entry locks what it is to sell: that goes first
        return
    refused = step.submit(going, denial_is_news=not intent.reduce_only)
    if refused is not None and intent.reduce_only:
        _tell(step, intent, quantity, refused)


def _closable(state: State, intent: OrderIntent) -> int:
    """Return what a stop may close at most, in units: a protective one no more than its owner holds."""
    if not intent.reduce_only:
        return intent.quantity
    held = state.ledger.position(intent.account, intent.instrument, intent.owner).quantity
    closable = max(-sign(intent.side) * held, 0)
    entry = None if not intent.role or intent.parent is None else state.blotter.get(intent.parent)
    return closable if entry is None else min(closable, state.blotter.to_cover(entry))


def set_off(
    state: State, intent: OrderIntent, market: InstrumentMarket, quantity: int
) -> OrderIntent:
    """Return what goes out when a stop is set off, under its own id.

    A stop limit as its limit order; the others as a limit at the collar, at once or not at all, and as a market order
    where there is no two-sided market to measure a collar in.
    """
    if intent.type == "stop_limit":
        return msgspec.structs.replace(
            intent, type="limit", quantity=quantity, lives_at="broker", created=state.now
        )
    limit = _at_the_collar(state, intent, market)
    return msgspec.structs.replace(
        intent,
        type="market" if limit is None else "limit",
        tif="ioc",
        limit_price=limit,
        quantity=quantity,
        lives_at="broker",
        created=state.now,
        expires=None,
    )


def _at_the_collar(state: State, intent: OrderIntent, market: InstrumentMarket) -> int | None:
    bid, ask = market.best_bid(), market.best_ask()
    if bid is None or ask is None:
        return None
    tick = market.instrument.rules_at(state.now).tick
    return collar_price(state.limits, intent.side, bid, ask, tick)


def _tell(step: Step, intent: OrderIntent, quantity: int, refused: Check) -> None:
    """Say what stays unprotected, at the first try and at the last."""
    state = step.state
    tries = state.tries.setdefault(intent.client_order_id, Tries())
    tries.count += 1
    tries.next = state.now + TRY_AGAIN
    if tries.count not in {1, TRIES_MAX}:
        return
    amount = state.instruments[intent.instrument].quantity(quantity)
    then = "it is tried again" if tries.count == 1 else "no more tries before a restart: close it"
    text = (
        f"stop {intent.client_order_id} is set off and may not go out ({refused.text}): "
        f"{amount} {intent.instrument} of {intent.owner} stay unprotected; {then}"
    )
    step.emit(Alert(level="error", text=text))
