"""Orders of one account never trade against each other: the later of two that would waits here until the other ended.

What only shrinks its owner's position does not wait. Where an order that adds stands in its way, that one is told to
end, and the exit goes out behind the cancel.
"""

from tradebot.engine.core.orders import Order
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.core.state import State
from tradebot.engine.core.types import opposite, sign

GIVES_WAY = "gives-way"
"""Reason of the cancel of an order that adds and stands in the way of an exit."""


def blocked_by(state: State, intent: OrderIntent) -> Order | None:
    """Return the order that a new one has to wait for; None where it may go."""
    crossed = crossed_by(state, intent)
    return crossed[0] if crossed and not shrinks(state, intent) else None


def in_the_way(state: State, intent: OrderIntent) -> list[Order]:
    """Return the orders that have to give way to an exit: those it would trade against and that add."""
    return [
        order
        for order in crossed_by(state, intent)
        if not order.intent.reduce_only
        and not order.intent.role
        and order.state not in {"pending_cancel", "unknown"}
        and _adds_for_its_owner(state, order)
    ]


def crossed_by(state: State, intent: OrderIntent) -> list[Order]:
    """Return the account's own working orders that an order would trade against if it were sent now, oldest first."""
    reach = _reach(state, intent)
    side = opposite(intent.side)
    found: list[Order] = []
    for order in state.blotter.open_in(intent.account, intent.instrument):
        other = order.intent
        rests = other.tif not in {"ioc", "fok"} and _at_its_limit(order) and not order.held
        price = other.limit_price
        if other.side != side or not rests or price is None:
            continue
        if reach is None or (reach - price) * sign(intent.side) >= 0:
            found.append(order)
    return found


def _at_its_limit(order: Order) -> bool:
    """Return whether an order trades at its limit, as a stop limit does once it is set off."""
    kind = order.intent.type
    return kind == "limit" or (kind == "stop_limit" and order.state == "triggered")


def _reach(state: State, intent: OrderIntent) -> int | None:
    """Return the farthest price an order may trade at, in price units; None: any.

    One that ends at once goes no farther than the displayed book fills it.
    """
    if intent.type in {"stop", "trailing_stop", "stop_limit"}:
        # It waits for its price at the venue: nothing to trade against now.
        return 0 if intent.side == "buy" else 1 << 62
    limit = intent.limit_price
    if intent.type == "limit" and intent.tif not in {"ioc", "fok"}:
        return limit
    worst = _worst_level(state, intent)
    if worst is None or limit is None:
        return limit if worst is None else worst
    return min(worst, limit) if intent.side == "buy" else max(worst, limit)


def _worst_level(state: State, intent: OrderIntent) -> int | None:
    """Return the worst displayed price that fills an order whole; None where the book does not."""
    market = state.market.get(intent.instrument)
    if market is None:
        return None
    book, left = market.book, intent.quantity
    levels = (
        book.asks(book.level_count(-1)) if intent.side == "buy" else book.bids(book.level_count(1))
    )
    for price, size in levels:
        left -= size
        if left <= 0:
            return price
    return None


def shrinks(state: State, intent: OrderIntent) -> bool:
    """Return whether an order can only shrink what its owner holds, or is meant for nothing else."""
    if intent.reduce_only or intent.role:
        return True
    where = (intent.account, intent.instrument)
    own = state.ledger.position(*where, intent.owner).quantity
    working = sum(
        order.leaves
        for order in state.blotter.open_in(*where)
        if order.intent.owner == intent.owner
        and order.intent.side == intent.side
        and not order.held
        and order.intent.client_order_id not in {intent.client_order_id, intent.replaces}
    )
    return intent.quantity <= -own * sign(intent.side) - working


def _adds_for_its_owner(state: State, order: Order) -> bool:
    intent = order.intent
    held = state.ledger.position(intent.account, intent.instrument, intent.owner).quantity
    return order.leaves > -held * sign(intent.side)
