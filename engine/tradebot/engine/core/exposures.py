"""Exposure as the gate counts it: of an account, of one instrument, of one sleeve."""

from decimal import Decimal

import msgspec

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.open_risk import Stop
from tradebot.engine.core.orders import STOPS
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.core.picture import Exposure, OwnPicture
from tradebot.engine.core.size_limits import own_stop
from tradebot.engine.core.sleeve_limits import own_limits
from tradebot.engine.core.sleeve_money import sizing_capital
from tradebot.engine.core.state import SleeveState, State
from tradebot.engine.core.types import AccountName, Owner, Side, opposite


def exposures(
    state: State,
    account: AccountName,
    also: InstrumentId | None = None,
    *,
    without: OrderIntent | None = None,
) -> tuple[Exposure, ...]:
    """Return every instrument with a position or an open order in an account, and `also`.

    Args:
        state: The kernel's memory.
        account: Which account.
        also: An instrument that is wanted in any case.
        without: An order to be judged: what it replaces or shares its quantity with is left out.
    """
    wanted = {order.intent.instrument for order in state.blotter.open()}
    wanted |= {symbol for (_, symbol, _), held in state.ledger.positions() if held.quantity}
    if also is not None:
        wanted.add(also)
    return tuple(exposure(state, account, symbol, without=without) for symbol in sorted(wanted))


def exposure(
    state: State, account: AccountName, symbol: InstrumentId, *, without: OrderIntent | None = None
) -> Exposure:
    """Return one instrument of an account as the gate counts it."""
    market = state.market.get(symbol)
    mark: Decimal | None = None if market is None else market.mark()
    rates = state.rates()
    currency = state.instruments[symbol].currency
    return Exposure(
        instrument=state.instruments[symbol],
        quantity=state.ledger.net(account, symbol),
        buy_leaves=state.blotter.leaves(account, symbol, "buy", without=without),
        sell_leaves=state.blotter.leaves(account, symbol, "sell", without=without),
        mark=mark,
        long_stops=stops_of(state, account, symbol, "sell"),
        short_stops=stops_of(state, account, symbol, "buy"),
        rate=None if rates is None else rates.rate(currency, state.currency),
    )


def stops_of(
    state: State,
    account: AccountName,
    symbol: InstrumentId,
    side: Side,
    owner: Owner | None = None,
) -> tuple[Stop, ...]:
    """Return stops of a side (of one owner) that only close, and those promised with what is still open of entries."""
    found: list[Stop] = []
    for order in state.blotter.open_in(account, symbol):
        intent = order.intent
        after = state.blotter.successor(intent.client_order_id)
        if not order.leaves or (after is not None and after.is_open):
            continue
        if owner not in {None, intent.owner}:
            continue
        closes = intent.type in STOPS and intent.reduce_only and intent.side == side
        promised = own_stop(intent) if intent.side == opposite(side) else None
        trigger = intent.trigger_price if closes else promised
        if trigger is not None:
            found.append(Stop(order.leaves, trigger))
    return tuple(found)


# ------------------------------------------------------------------------------------ a sleeve's own


def own_picture(state: State, intent: OrderIntent) -> OwnPicture | None:
    """Return what the gate sees of the sleeve an order belongs to; None where it has no limits of its own."""
    sleeve = state.sleeves.get(intent.owner)
    if sleeve is None or not sleeve.started.limits:
        return None
    symbols = dict.fromkeys([intent.instrument, *_of_sleeve(state, sleeve)])
    return OwnPicture(
        limits=own_limits(sleeve.started.limits),
        capital=sizing_capital(state, sleeve),
        exposures=tuple(_own_exposure(state, sleeve, symbol, intent) for symbol in symbols),
    )


def _of_sleeve(state: State, sleeve: SleeveState) -> list[InstrumentId]:
    """Return the instruments a sleeve has a position or an open order in."""
    account, name = sleeve.started.account, sleeve.started.name
    orders = [o.intent for o in state.blotter.open()]
    working = {o.instrument for o in orders if (o.account, o.owner) == (account, name)}
    held = {
        symbol
        for (held_at, symbol, owner), position in state.ledger.positions()
        if (held_at, owner) == (account, name) and position.quantity
    }
    return sorted(working | held if sleeve.shadow is None else sleeve.shadow.positions)


def _own_exposure(
    state: State, sleeve: SleeveState, symbol: InstrumentId, without: OrderIntent
) -> Exposure:
    """Return one instrument of a sleeve: what it holds, and what its orders that may add would make of it."""
    account, name = sleeve.started.account, sleeve.started.name
    whole = exposure(state, account, symbol)
    leaves: dict[Side, int] = {"buy": 0, "sell": 0}
    for order in state.blotter.open_in(account, symbol):
        intent = order.intent
        adds = not intent.reduce_only and not order.held
        if intent.owner == name and adds and intent.client_order_id != without.replaces:
            leaves[intent.side] += order.leaves
    shadow = sleeve.shadow
    if shadow is None:
        return msgspec.structs.replace(
            whole,
            quantity=state.ledger.position(account, symbol, name).quantity,
            buy_leaves=leaves["buy"],
            sell_leaves=leaves["sell"],
            long_stops=stops_of(state, account, symbol, "sell", name),
            short_stops=stops_of(state, account, symbol, "buy", name),
        )
    held = shadow.positions.get(symbol)
    units = 0 if held is None else held.position.quantity
    stops = () if held is None or held.stop is None else (Stop(abs(units), held.stop),)
    return msgspec.structs.replace(
        whole,
        quantity=units,
        buy_leaves=0,
        sell_leaves=0,
        long_stops=stops if units > 0 else (),
        short_stops=stops if units < 0 else (),
    )
