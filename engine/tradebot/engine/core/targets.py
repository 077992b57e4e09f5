"""Wants into orders by difference: what is wanted, less what is held and already on its way.

Nothing is remembered: asked twice, the second time finds the first one's orders and adds none. What closes goes first
and what opens when that is done, so that no order is asked to turn a position. An exit takes the place of the stop that
protects the position, where there is one: the venue is never asked to sell the same thing twice.
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import msgspec

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.actions import Want, WantFlat, WantQuantity, WantRisk, WantWeight
from tradebot.engine.core.going import at_venue
from tradebot.engine.core.house_money import House, may_add
from tradebot.engine.core.legs import going_legs
from tradebot.engine.core.market import InstrumentMarket
from tradebot.engine.core.orders import STOPS, Order
from tradebot.engine.core.outcomes import Legs, OrderIntent
from tradebot.engine.core.price_collar import collar_price
from tradebot.engine.core.reasons import Because, Edge
from tradebot.engine.core.shadow import held_by
from tradebot.engine.core.sleeve_money import equity_of, sizing_capital
from tradebot.engine.core.state import SleeveState, State
from tradebot.engine.core.types import Side, sign
from tradebot.engine.core.want_size import (
    Size,
    bounded,
    money_per_unit,
    on_the_lot,
    taker_fee,
    whole,
)

WEIGHT_BAND = Decimal("0.001")
"""Drift of a weight that is let be, as a share of equity: what it costs to get there moves it by about as much."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done for one want, in this order, and what it rests on."""

    held: int
    """Signed, in units."""
    wanted: int
    """Signed, in units."""
    bound_by: str = ""
    cancels: tuple[Order, ...] = ()
    closes: tuple[Order, ...] = ()
    """Protective stops that are set off now."""
    pieces: tuple[OrderIntent, ...] = ()
    """Exits of what legs at the venue cover; each goes out when they have made room for it."""
    moves: tuple[tuple[Order, int], ...] = ()
    """Protective stops and the trigger they are moved to, in price units."""
    order: OrderIntent | None = None
    """Made with the id that the next order has: to be sent before any other is made."""
    waits: bool = False
    """Whether something must end before the rest of the want can be done."""


class About(msgspec.Struct, frozen=True):
    """What a want is about."""

    state: State
    sleeve: SleeveState
    symbol: InstrumentId
    because: Because
    edge: Edge | None

    @property
    def market(self) -> InstrumentMarket:
        """Return the instrument's market."""
        return self.state.market[self.symbol]

    @property
    def held(self) -> int:
        """Return what the sleeve holds, signed, in units."""
        return held_by(self.state, self.sleeve, self.symbol).quantity

    @property
    def lot(self) -> int:
        """Return the quantity step, in units."""
        return self.market.instrument.rules_at(self.state.now).lot

    def mine(self) -> list[Order]:
        """Return the sleeve's open orders here that no other is about to take the place of, oldest first."""
        blotter, started = self.state.blotter, self.sleeve.started
        if self.sleeve.shadow is not None:
            return []
        found: list[Order] = []
        for order in blotter.open_in(started.account, self.symbol):
            after = blotter.successor(order.intent.client_order_id)
            if order.intent.owner == started.name and (after is None or not after.is_open):
                found.append(order)
        return found


def protects(order: Order) -> bool:
    """Return whether an order waits for its price to protect a position: a leg that nobody has set off."""
    intent = order.intent
    return bool(intent.role) and (intent.type in STOPS or intent.role == "take_profit")


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
        return _smaller(about, base, side, rest, coming)
    draft = _order(about, side, rest)
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


def _smaller(about: About, base: Plan, side: Side, rest: int, coming: int) -> Plan:
    """Return what closes so much of the position, so that no two orders at the venue close the same.

    All of it goes through the stops that protect it. Of a part, first what no leg at the venue covers; the rest in
    pieces, each a leg of its entry that goes out when the others have made room.
    """
    state, closes, pieces = about.state, list[Order](), list[OrderIntent]()
    entries = _entries(about)
    if base.wanted == 0:
        for entry in entries:
            stops = [stop for stop in _stops(about, entry) if stop.leaves <= rest]
            if _in_the_way_of_all(about, entry):
                units = min(_covered(state, entry), rest)
                pieces += _piece(about, entry, side, units)
                rest -= units
            else:
                closes += stops
                rest -= sum(stop.leaves for stop in stops)
    else:
        bound = {
            e.intent.client_order_id: _covered(state, e) for e in entries if at_venue(state, e)
        }
        alone = min(max(abs(base.held) - coming - sum(bound.values()), 0), rest)
        beyond, rest = rest - alone, alone
        for entry in reversed(entries):
            units = min(bound.get(entry.intent.client_order_id, 0), beyond)
            pieces += _piece(about, entry, side, units)
            beyond -= units
    base = msgspec.structs.replace(base, closes=tuple(closes), pieces=tuple(pieces))
    if rest < about.lot:
        return base
    draft = _order(about, side, rest - rest % about.lot)
    if draft is None:
        return msgspec.structs.replace(base, bound_by="no-mark")
    order = _exit(about, draft)
    return msgspec.structs.replace(base, order=order, bound_by="lot" if order is None else "")


def _entries(about: About) -> list[Order]:
    """Return the sleeve's entries that open legs protect here, oldest first."""
    parents = (order.intent.parent for order in about.mine() if protects(order))
    found = [about.state.blotter.get(key) for key in dict.fromkeys(parents) if key is not None]
    return [entry for entry in found if entry is not None]


def _stops(about: About, entry: Order) -> list[Order]:
    key = entry.intent.client_order_id
    return [
        order
        for order in about.mine()
        if order.intent.parent == key and order.intent.role == "stop_loss" and protects(order)
    ]


def _covered(state: State, entry: Order) -> int:
    """Return what the legs of an entry cover and no exit is on its way to close, in units."""
    going = sum(leg.leaves for leg in going_legs(state, entry))
    return max(state.blotter.to_cover(entry) - going, 0)


def _in_the_way_of_all(about: About, entry: Order) -> bool:
    """Return whether no stop of an entry can be set off in its place: there is none, or a target locks the balance."""
    state = about.state
    resting = at_venue(state, entry)
    locks = state.accounts[entry.intent.account].started.capabilities.locks_balance
    targets = any(leg.intent.role == "take_profit" for leg in resting)
    return bool(resting) and ((locks and targets) or not _stops(about, entry))


def _piece(about: About, entry: Order, side: Side, units: int) -> list[OrderIntent]:
    """Return the exit of a part of what an entry's legs cover; none where it is too small to be sent."""
    lots = units - units % about.lot
    draft = _order(about, side, lots) if lots else None
    order = None if draft is None else _exit(about, draft)
    if order is None:
        return []
    intent = entry.intent
    return [
        msgspec.structs.replace(
            order, bet_id=intent.bet_id, parent=intent.client_order_id, role="stop_loss"
        )
    ]


def _exit(about: About, draft: OrderIntent) -> OrderIntent | None:
    """Return an order as one that only closes; None where it is less than the venue takes."""
    net = about.state.ledger.net(draft.account, about.symbol) * -sign(draft.side)
    reduce_only = about.sleeve.shadow is not None or net >= draft.quantity
    size = on_the_lot(
        about.state,
        about.market.instrument,
        about.market.instrument.price(draft.limit_price or 0),
        Size(draft.quantity),
    )
    return (
        msgspec.structs.replace(draft, reduce_only=reduce_only, edge=None) if size.units else None
    )


def _order(about: About, side: Side, quantity: int) -> OrderIntent | None:
    """Return a limit at the collar, at once or not at all; None without a two-sided market."""
    state, started, market = about.state, about.sleeve.started, about.market
    bid, ask = market.best_bid(), market.best_ask()
    if bid is None or ask is None:
        return None
    tick = market.instrument.rules_at(state.now).tick
    return OrderIntent(
        client_order_id=state.next_order_id(),
        request_id=None,
        bet_id=state.bet_for(started.account, about.symbol, started.name),
        account=started.account,
        instrument=about.symbol,
        owner=started.name,
        policy_version=started.version,
        side=side,
        type="limit",
        tif="ioc",
        quantity=quantity,
        limit_price=collar_price(state.limits, side, bid, ask, tick),
        post_only=False,
        reduce_only=False,
        because=about.because,
        edge=about.edge,
        lives_at="broker",
        created=state.now,
        engine_id=state.engine_id,
    )


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
    draft = _unit(about, want)
    if isinstance(draft, str):
        return msgspec.structs.replace(base, bound_by=draft)
    order, size = draft
    if abs(held) >= about.lot:
        return _pyramid(about, want, base, order, size)
    return msgspec.structs.replace(
        base, order=order, wanted=held + way * size.units, bound_by=size.bound_by
    )


def _unit(about: About, want: WantRisk) -> tuple[OrderIntent, Size] | str:
    """Return the order for one unit of risk with its stop, and its size; what binds where there is none."""
    draft, market, way = _order(about, want.side, about.lot), about.market, sign(want.side)
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
    units = whole(want.risk * capital / lost)
    legs = Legs(stop_loss=trigger, take_profit=target if target is None or target > 0 else None)
    draft = msgspec.structs.replace(draft, quantity=max(units, 1), legs=legs)
    size = bounded(about.state, about.sleeve, draft, Size(units, "risk"))
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
