"""What the accounts gain if every price moves 10 % now, working orders and stops included.

A price is taken to walk straight from its mark M to M' = M (1 +- 10 %). What stands on the way is filled there, the
nearest first: stops at their trigger (or 5 % worse, where they slip), limit orders at their limit, legs of an entry
after it. Reduce-only orders close no more than their owner holds. With s the signed quantity filled at price p,

    P&L = q (M' - M) + sum of s (M' - p),

q what is held now. Fees are left out; all prices move at once and by the same share, which no market does: the figure
says what the positions are, not what will be.
"""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.control.messages_house import MovesView
from tradebot.engine.core.ledger import ZERO
from tradebot.engine.core.orders import STOPS, Order
from tradebot.engine.core.state import State
from tradebot.engine.core.types import AccountName, Owner, Side, opposite, sign
from tradebot.engine.core.waiting import waits
from tradebot.engine.live.facts import money, optional
from tradebot.engine.live.protection import protections

MOVE = Decimal("0.10")
"""How far every price goes."""

SLIP = Decimal("0.05")
"""How far beyond their trigger stops fill where they slip."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """An order as a walking price meets it; prices in units."""

    side: Side
    quantity: int
    price: Decimal
    """Where it is met."""
    is_stop: bool
    reduces: bool
    legs: tuple["Standing", ...] = ()
    """What stands once it has filled."""


def moves_view(state: State) -> MovesView:
    """Return the panel: profit after -10 % and +10 %, how lopsided they are, and where stops live."""
    down, slipped, up = (
        moved(state, -MOVE, ZERO),
        moved(state, -MOVE, SLIP),
        moved(state, MOVE, ZERO),
    )
    places = {key: place for key, _, place in protections(state)}
    return MovesView(
        down=optional(money, down),
        down_percent=_percent(state, down),
        down_slipped=optional(money, slipped),
        down_slipped_percent=_percent(state, slipped),
        up=optional(money, up),
        up_percent=_percent(state, up),
        asymmetry=asymmetry(up, down),
        asymmetry_slipped=asymmetry(up, slipped),
        positions=len(places),
        protected=sum(1 for place in places.values() if place == "broker"),
        engine_only=_symbols(key[1] for key, place in places.items() if place == "engine"),
        unprotected=_symbols(key[1] for key, place in places.items() if place is None),
        why_not="" if down is not None else "a mark or a rate is unknown",
    )


def asymmetry(up: Decimal | None, down: Decimal | None) -> float | None:
    """Return what the move up gains for each unit that the move down loses; None where that loses nothing."""
    if up is None or down is None or down >= 0:
        return None
    return float(up / -down)


def moved(state: State, move: Decimal, slip: Decimal) -> Decimal | None:
    """Return what all accounts gain from a move of every price, in the engine's currency.

    Args:
        state: The kernel's memory.
        move: Signed share of the price, e.g. -0.1.
        slip: Share of its trigger by which a stop fills worse.

    Returns:
        None while a mark or rate of something held or working is unknown.
    """
    rates = state.rates()
    if rates is None:
        return None
    total = ZERO
    for account, symbol, owner in _interests(state):
        instrument = state.instruments[symbol]
        market = state.market.get(symbol)
        mark = None if market is None else market.mark_units()
        if mark is None:
            return None
        held = state.ledger.position(account, symbol, owner).quantity
        orders = [
            order
            for order in state.blotter.open_in(account, symbol)
            if order.intent.owner == owner and order.leaves and not waits(state, order)
        ]
        gained = walked(held, [standing(order) for order in orders], Decimal(mark), move, slip)
        worth = rates.value(_paid(instrument, gained), instrument.currency, state.currency)
        if worth is None:
            return None
        total += worth
    return total


def _interests(state: State) -> list[tuple[AccountName, InstrumentId, Owner]]:
    """Return whose positions and working orders a move concerns, sorted."""
    found = {key for key, position in state.ledger.positions() if position.quantity}
    for order in state.blotter.open():
        if order.leaves and order.intent.instrument in state.instruments:
            found.add((order.intent.account, order.intent.instrument, order.intent.owner))
    return sorted(found)


def walked(
    held: int, orders: list[Standing], mark: Decimal, move: Decimal, slip: Decimal
) -> Decimal:
    """Return the gain of one position when its price walks, in price units x quantity units.

    Args:
        held: Signed quantity now.
        orders: What works for it.
        mark: Price now, in units.
        move: Signed share it walks.
        slip: Share of its trigger by which a stop fills worse.
    """
    end = mark * (1 + move)
    gained = held * (end - mark)
    at, waiting = mark, list(orders)
    while True:
        near = [one for one in waiting if _met(one, at, end)]
        if not near:
            return gained
        one = min(near, key=lambda other: abs(other.price - at))
        waiting.remove(one)
        signed = sign(one.side) * one.quantity
        if one.reduces:
            closable = max(-sign(one.side) * held, 0)
            signed = sign(one.side) * min(one.quantity, closable)
        at = _further(at, one.price, end)
        price = at * (1 + sign(one.side) * slip) if one.is_stop else at
        gained += signed * (end - price)
        held += signed
        waiting += one.legs


def _met(one: Standing, at: Decimal, end: Decimal) -> bool:
    """Return whether a price that walks from `at` to `end` meets an order: stops beyond, limits before it."""
    up = end > at
    rises = one.is_stop == (one.side == "buy")
    if rises != up:
        # It stands on the other side; one that the price is already at is met where it is.
        return False
    return one.price <= end if up else one.price >= end


def _further(at: Decimal, price: Decimal, end: Decimal) -> Decimal:
    return max(at, price) if end > at else min(at, price)


def standing(order: Order) -> Standing:
    """Return an open order as a walking price meets it; a stop limit is taken to fill at its trigger."""
    intent = order.intent
    stop = intent.type in STOPS
    price = intent.trigger_price if stop else intent.limit_price
    legs: tuple[Standing, ...] = ()
    entry = Decimal(price or 0)
    if intent.legs is not None and not intent.reduce_only:
        out, way = opposite(intent.side), sign(intent.side)
        trigger = intent.legs.stop_loss
        if trigger is None and intent.legs.trail is not None:
            trigger = int(entry) - way * intent.legs.trail
        if trigger is not None:
            legs += (_leg(out, order.leaves, trigger, is_stop=True),)
        if intent.legs.take_profit is not None:
            legs += (_leg(out, order.leaves, intent.legs.take_profit, is_stop=False),)
    return Standing(
        side=intent.side,
        quantity=order.leaves,
        price=entry,
        is_stop=stop,
        reduces=intent.reduce_only,
        legs=legs,
    )


def _leg(side: Side, quantity: int, price: int, *, is_stop: bool) -> Standing:
    return Standing(
        side=side, quantity=quantity, price=Decimal(price), is_stop=is_stop, reduces=True
    )


def _paid(instrument: Instrument, units: Decimal) -> Decimal:
    """Return price units x quantity units as money of the instrument's currency."""
    scale = instrument.price_scale + instrument.quantity_scale
    return units.scaleb(-scale) * instrument.multiplier


def _percent(state: State, gained: Decimal | None) -> str | None:
    equity = state.equity()
    if gained is None or not equity:
        return None
    return f"{gained / equity * 100:+.1f}"


def _symbols(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(found)))
