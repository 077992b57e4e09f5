"""Wants into orders by difference: what is wanted, less what is held and already on its way.

Nothing is remembered: asked twice, the second time finds the first one's orders and adds none. What closes goes first
and what opens when that is done, so that no order is asked to turn a position. An exit takes the place of the stop that
protects the position, where there is one: the venue is never asked to sell the same thing twice.
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import msgspec

from tradebot.engine.core.actions import Want, WantFlat, WantQuantity, WantRisk, WantWeight
from tradebot.engine.core.decrease import smaller
from tradebot.engine.core.edge_size import UsedEdge, half_kelly, used_edge
from tradebot.engine.core.house_money import House, may_add
from tradebot.engine.core.orders import Order
from tradebot.engine.core.outcomes import Legs, OrderIntent
from tradebot.engine.core.records import tag_of
from tradebot.engine.core.shadow import held_by
from tradebot.engine.core.sleeve_money import equity_of, sizing_capital
from tradebot.engine.core.types import Side, sign
from tradebot.engine.core.want_plan import About, Plan, at_once_order, protects
from tradebot.engine.core.want_size import (
    Size,
    bounded,
    money_per_unit,
    taker_fee,
    whole,
)

WEIGHT_BAND = Decimal("0.001")
"""Drift of a weight that is let be, as a share of equity: what it costs to get there moves it by about as much."""


def plan(about: About, want: Want) -> Plan:
    """Return what brings a sleeve's position to what its policy wants."""
    if isinstance(want, WantRisk):
        return _risk(about, want)
    target = _target(about, want)
    if target is None:
        return Plan(held=about.held, wanted=about.held, bound_by="no-mark")
    return _toward(about, target)


def _target(about: About, want: WantQuantity | WantWeight | WantFlat) -> int | None:
    """Return the signed quantity wanted, on the lot towards zero; None where it cannot be said."""
    instrument = about.market.instrument
    if isinstance(want, WantFlat):
        return 0
    if isinstance(want, WantQuantity):
        units = want.quantity.scaleb(instrument.quantity_scale)
    else:
        mark, equity = about.market.mark(), equity_of(about.state, about.sleeve)
        unit = None if mark is None else money_per_unit(about.state, instrument, mark)
        if unit is None or unit <= 0 or equity is None:
            return 0 if not want.weight else None
        units = want.weight * max(equity, Decimal(0)) / unit
        if want.weight and abs(units - about.held) * unit <= WEIGHT_BAND * equity:
            return about.held
    size = whole(abs(units))
    size -= size % about.lot
    return size if units > 0 else -size


# ------------------------------------------------------------------------------------ a quantity


def _toward(about: About, target: int) -> Plan:
    """Return what brings the position to a signed quantity: first what closes, then what opens."""
    held = about.held
    if held * target < 0:
        return msgspec.structs.replace(_toward(about, 0), wanted=target, waits=True)
    need = target - held
    side: Side = "buy" if need > 0 else "sell"
    cancels, coming, soon = _in_the_way(about, side, abs(need))
    base = Plan(held=held, wanted=target, cancels=cancels, waits=soon)
    rest = abs(need) - coming
    if rest < about.lot:
        return base
    if abs(target) < abs(held):
        return smaller(about, base, side, rest, coming)
    draft = at_once_order(about, side, rest)
    if draft is None:
        return msgspec.structs.replace(base, bound_by="no-mark")
    size = bounded(about.state, about.sleeve, draft, Size(rest))
    if not size.units:
        return msgspec.structs.replace(base, bound_by=size.bound_by)
    order = msgspec.structs.replace(draft, quantity=size.units)
    return msgspec.structs.replace(base, order=order, bound_by=size.bound_by)


def _in_the_way(about: About, side: Side, most: int) -> tuple[tuple[Order, ...], int, bool]:
    """Return the working orders to be cancelled, how much of a side is on its way, and whether one ends by itself."""
    cancels: list[Order] = []
    coming, soon = 0, False
    for order in about.mine():
        if protects(order):
            continue
        leaving = order.state == "pending_cancel"
        fits = order.intent.side == side and coming + order.leaves <= most
        # One that waits here for room has not gone anywhere: it may be taken back.
        at_once = order.intent.tif in {"ioc", "fok"} and not order.held
        if not fits and not leaving and not at_once:
            cancels.append(order)
        soon = soon or leaving or at_once or not fits
        # What is told to end may still trade: until it has ended it counts.
        coming += order.leaves if order.intent.side == side else 0
    return tuple(cancels), coming, soon


# ------------------------------------------------------------------------------------ a risk


def _risk(about: About, want: WantRisk) -> Plan:
    """Return what enters with a stop, what adds with house money, or nothing while the position is held."""
    held, way = about.held, sign(want.side)
    if held * way <= -about.lot:
        return msgspec.structs.replace(_toward(about, 0), waits=True)
    coming = [order for order in about.mine() if not protects(order)]
    cancels = tuple(
        order
        for order in coming
        if order.intent.side != want.side
        and order.state != "pending_cancel"
        and order.intent.tif not in {"ioc", "fok"}
    )
    soon = any(o.intent.tif in {"ioc", "fok"} or o.state == "pending_cancel" for o in coming)
    base = Plan(held=held, wanted=held, cancels=cancels, waits=soon or bool(cancels))
    if coming:
        return base
    if abs(held) >= about.lot and want.pyramid is None:
        return base
    used = used_edge(
        about.state.bet_book.records, about.sleeve.started.name, tag_of(about.because), want.edge
    )
    base = base if used is None else msgspec.structs.replace(base, edge=used.text())
    draft = _unit(about, want, used)
    if isinstance(draft, str):
        return msgspec.structs.replace(base, bound_by=draft)
    order, size = draft
    if abs(held) >= about.lot:
        return _pyramid(about, want, base, order, size)
    return msgspec.structs.replace(
        base, order=order, wanted=held + way * size.units, bound_by=size.bound_by
    )


def _unit(about: About, want: WantRisk, used: UsedEdge | None) -> tuple[OrderIntent, Size] | str:
    """Return the order for one unit of risk with its stop, and its size; what binds where there is none."""
    draft, market, way = at_once_order(about, want.side, about.lot), about.market, sign(want.side)
    touch = market.best_ask() if want.side == "buy" else market.best_bid()
    capital = sizing_capital(about.state, about.sleeve)
    if draft is None or touch is None:
        return "no-mark"
    if capital is None or capital <= 0:
        return "capital"
    instrument = market.instrument
    tick = instrument.rules_at(about.state.now).tick
    trigger = _level(instrument.price(touch), -way * want.stop, instrument.price(tick), tick, way)
    trigger = min(trigger, touch - tick) if way > 0 else max(trigger, touch + tick)
    if trigger <= 0:
        return "stop"
    target = None
    if want.take_profit is not None:
        distance = way * want.take_profit
        target = _level(instrument.price(touch), distance, instrument.price(tick), tick, way)
        target = max(target, touch + tick) if way > 0 else min(target, touch - tick)
    lost = lost_per_unit(about, touch, trigger)
    if lost is None or lost <= 0:
        return "no-mark"
    first = Size(whole(want.risk * capital / lost), "risk")
    if used is not None and target is not None:
        supported = half_kelly(used.win, _won_per_unit(about, touch, target, want.side) / lost)
        first = min(first, Size(whole(supported * capital / lost), "edge"), key=lambda s: s.units)
    if not first.units and first.bound_by == "edge":
        return "edge"
    legs = Legs(stop_loss=trigger, take_profit=target if target is None or target > 0 else None)
    draft = msgspec.structs.replace(draft, quantity=max(first.units, 1), legs=legs)
    size = bounded(about.state, about.sleeve, draft, first)
    if not size.units:
        return size.bound_by
    return msgspec.structs.replace(draft, quantity=size.units), size


def _level(price: Decimal, distance: Decimal, step: Decimal, tick: int, way: int) -> int:
    """Return the price so far from another, on the tick, in units: rounded up for a long, down for a short.

    A stop is then no farther from its entry than asked, and a target no nearer.
    """
    rounding = ROUND_CEILING if way > 0 else ROUND_FLOOR
    return int(((price + distance) / step).to_integral_value(rounding)) * tick


def lost_per_unit(about: About, entry: int, trigger: int) -> Decimal | None:
    """Return what one unit loses from an entry to its stop, fees in, in the engine's currency; None without a rate."""
    instrument, fee = about.market.instrument, taker_fee(about.state, about.sleeve)
    first, last = instrument.price(entry), instrument.price(trigger)
    return money_per_unit(about.state, instrument, abs(first - last) + fee * (first + last))


def _won_per_unit(about: About, entry: int, target: int, side: Side) -> Decimal:
    """Return what one unit wins from an entry to its target, fees in, in the engine's currency; it may be negative."""
    instrument, fee = about.market.instrument, taker_fee(about.state, about.sleeve)
    first, last = instrument.price(entry), instrument.price(target)
    gain = (last - first) * sign(side) - fee * (first + last)
    worth = money_per_unit(about.state, instrument, abs(gain))
    return Decimal(0) if worth is None else worth.copy_sign(gain)


def _pyramid(about: About, want: WantRisk, base: Plan, order: OrderIntent, size: Size) -> Plan:
    """Return one more unit where the market has paid for it, or the stops that must be moved up first."""
    stops = [
        order for order in about.mine() if order.intent.role == "stop_loss" and protects(order)
    ]
    position = held_by(about.state, about.sleeve, about.symbol)
    capital = sizing_capital(about.state, about.sleeve)
    trigger = None if order.legs is None else order.legs.stop_loss
    if capital is None or trigger is None or about.sleeve.shadow is not None:
        return base
    if size.bound_by != "risk":
        # Less than one unit would be added again and again up to the bound.
        return msgspec.structs.replace(base, bound_by=size.bound_by)
    house = House(
        instrument=about.market.instrument,
        position=position,
        stops=tuple(stops),
        fee=taker_fee(about.state, about.sleeve),
    )
    touch = about.market.best_ask() if want.side == "buy" else about.market.best_bid()
    lost = None if touch is None else lost_per_unit(about, touch, trigger)
    one = money_per_unit(about.state, about.market.instrument, Decimal(1))
    if lost is None or not one:
        return base
    # In the instrument's own currency, as the position's cost is.
    rate = one / (about.market.instrument.quantity(1) * about.market.instrument.multiplier)
    unit, new = want.risk * capital / rate, lost * size.units / rate
    verdict = may_add(house, trigger, new, unit)
    wanted = base.held + sign(want.side) * size.units
    if verdict == "add":
        return msgspec.structs.replace(base, order=order, wanted=wanted, bound_by=size.bound_by)
    if verdict == "move":
        moves = tuple((stop, trigger) for stop in house.behind(trigger))
        return msgspec.structs.replace(base, moves=moves, wanted=wanted, waits=True)
    return base
