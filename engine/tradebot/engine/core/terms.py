"""What an order asks for, against what its venue and the engine can do: types, times in force, triggers, legs."""

from tradebot.data.instruments import Instrument
from tradebot.engine.core.capabilities import Capabilities
from tradebot.engine.core.gate_words import Check, DenialCode
from tradebot.engine.core.orders import STOPS
from tradebot.engine.core.outcomes import Legs, OrderIntent
from tradebot.engine.core.types import LivesAt, OrderType, TimeInForce, sign

ENDED_BY_THE_ENGINE: frozenset[TimeInForce] = frozenset({"day", "gtd"})
"""Times in force that the engine ends by a timer, whatever the venue does."""


def place_of(capabilities: Capabilities, kind: OrderType) -> LivesAt:
    """Return where an order of a type stands until it trades: stops the venue does not know stay here."""
    return "engine" if kind in STOPS and kind not in capabilities.order_types else "broker"


def tif_at(capabilities: Capabilities, order: OrderIntent) -> TimeInForce:
    """Return the time in force an order is sent with: what the engine ends itself may rest at the venue."""
    known = order.tif in capabilities.times_in_force
    return "gtc" if not known and order.tif in ENDED_BY_THE_ENGINE else order.tif


def check_terms(
    order: OrderIntent, capabilities: Capabilities, instrument: Instrument, now: int
) -> list[Check]:
    """Return the lines of the gate's answer that hold for any account: can it be done, is it said in full.

    Args:
        order: As decided.
        capabilities: Of its account's venue.
        instrument: What it trades.
        now: The engine's time, ns UTC.
    """
    return [
        *_can_be_done(order, capabilities),
        *_trigger(order, instrument, now),
        *_expiry(order, now),
        *_legs(order, instrument, now),
    ]


def _can_be_done(order: OrderIntent, capabilities: Capabilities) -> list[Check]:
    here = place_of(capabilities, order.type) == "engine"
    # What the engine holds goes out as a limit order when it is set off, or a market order where there is no book.
    sent: tuple[OrderType, ...] = (order.type,)
    if here:
        sent = ("limit",) if order.type == "stop_limit" else ("limit", "market")
    feasible = any(kind in capabilities.order_types for kind in sent)
    known = ", ".join(capabilities.order_types)
    times = {*capabilities.times_in_force}
    if "gtc" in times:
        times |= ENDED_BY_THE_ENGINE
    return [
        Check(
            "order_type_unsupported",
            feasible,
            f"the venue has no {order.type} orders and the engine cannot hold one: use {known}",
        ),
        Check(
            "tif_unsupported",
            here or order.tif in times,
            f"the venue has no {order.tif} and the engine cannot do it: use "
            + ", ".join(sorted(times)),
        ),
    ]


def _trigger(order: OrderIntent, instrument: Instrument, now: int) -> list[Check]:
    if order.type not in STOPS:
        return []  # one that was a stop until it was set off keeps its trigger
    tick = instrument.rules_at(now).tick
    lines: list[Check] = []
    if order.type == "trailing_stop":
        trail = order.trail
        lines.append(
            Check(
                "trail_missing",
                trail is not None and trail > 0 and trail % tick == 0,
                f"a trailing stop needs a trail, a positive multiple of {instrument.price(tick)}",
            )
        )
    if order.trigger_price is None:
        what = "no market to trail yet" if order.type == "trailing_stop" else "a stop needs a price"
        return [*lines, _no("trigger_price_missing", f"{what}: give --trigger P")]
    if order.trigger_price <= 0 or order.trigger_price % tick:
        price, step = instrument.price(order.trigger_price), instrument.price(tick)
        lines.append(_no("tick_size", f"trigger {price} must be a positive multiple of {step}"))
    if order.post_only:
        lines.append(_no("post_only_stop", "a stop takes when it is set off: leave post-only out"))
    return lines


def _expiry(order: OrderIntent, now: int) -> list[Check]:
    if order.tif != "gtd":
        return []
    if order.expires is None:
        return [_no("expires_missing", "gtd needs an end: give --expires T")]
    return [
        Check(
            "expires_past",
            order.expires > now,
            "the end of a gtd order must be in the future: give a later --expires",
        )
    ]


def _legs(order: OrderIntent, instrument: Instrument, now: int) -> list[Check]:
    legs = order.legs
    if legs is None:
        return []
    tick = instrument.rules_at(now).tick
    prices = [
        price for price in (legs.stop_loss, legs.take_profit, legs.trail) if price is not None
    ]
    lines: list[Check] = []
    if not prices or any(price <= 0 or price % tick for price in prices):
        step = instrument.price(tick)
        lines.append(_no("tick_size", f"prices of legs must be positive multiples of {step}"))
    if order.reduce_only:
        lines.append(
            _no(
                "legs_of_an_exit",
                "an order that only closes has nothing to protect: leave stop loss and take profit out",
            )
        )
    wrong = wrong_side(order, legs)
    if wrong:
        lines.append(_no("legs_wrong_side", wrong))
    return lines


def wrong_side(order: OrderIntent, legs: Legs) -> str:
    """Return what is wrong with the prices of legs; empty where they stand as they must."""
    entry = order.limit_price if order.limit_price is not None else order.trigger_price
    if order.tif in {"ioc", "fok"}:
        entry = None  # its limit says how far it may go, not where it will fill
    way = sign(order.side)
    below, above = ("below", "above") if way > 0 else ("above", "below")
    stop, target = legs.stop_loss, legs.take_profit
    if stop is not None and target is not None and (target - stop) * way <= 0:
        return f"the stop loss of a {order.side} must be {below} its take profit"
    if entry is not None and stop is not None and (entry - stop) * way <= 0:
        return f"the stop loss of a {order.side} must be {below} its entry"
    if entry is not None and target is not None and (target - entry) * way <= 0:
        return f"the take profit of a {order.side} must be {above} its entry"
    return ""


def _no(code: DenialCode, text: str) -> Check:
    return Check(code, ok=False, text=text)
