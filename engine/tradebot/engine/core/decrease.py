"""Less of a position: what closes a part of it or all, so that no two orders at the venue close the same.

All of it goes through the stops that protect it. Of a part, first what no leg at the venue covers; the rest in pieces,
each a leg of its entry that goes out when the others have made room.
"""

import msgspec

from tradebot.engine.core.going import at_venue
from tradebot.engine.core.legs import going_legs
from tradebot.engine.core.orders import Order
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.core.state import State
from tradebot.engine.core.types import Side, sign
from tradebot.engine.core.want_plan import About, Plan, at_once_order, protects
from tradebot.engine.core.want_size import Size, on_the_lot, worst_price


def smaller(about: About, base: Plan, side: Side, rest: int, coming: int) -> Plan:
    """Return what closes so much of the position.

    Args:
        about: Whose, and of what.
        base: What is held and wanted, nearer to 0 than what is held.
        side: Of what closes.
        rest: How much is to be closed beside what is on its way, in units.
        coming: How much of that side is on its way, in units.
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
    draft = at_once_order(about, side, rest - rest % about.lot)
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
    draft = at_once_order(about, side, lots) if lots else None
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
        worst_price(about.market, draft),
        Size(draft.quantity),
    )
    return (
        msgspec.structs.replace(draft, reduce_only=reduce_only, edge=None) if size.units else None
    )
