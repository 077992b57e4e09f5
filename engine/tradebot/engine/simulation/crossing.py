"""Orders of one account that would trade against each other: judged where an order is decided."""

from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.simulation.facts import Facts, Seen
from tradebot.engine.simulation.gate import Gate
from tradebot.engine.simulation.violation import Violation

AT_ONCE = frozenset({"ioc", "fok"})
"""Orders that never rest: nothing can trade against them later."""


def judge_crossing(facts: Facts, gate: Gate, intent: OrderIntent) -> None:
    """Judge that an order which does more than shrink its owner's holding meets no order of its own account.

    Raises:
        Violation: If it would trade against one that surely rests at the venue.
    """
    if intent.reduce_only or intent.role or not gate.leaves_own(intent):
        return
    for key, seen in facts.orders.items():
        if _rests(seen) and key != intent.replaces and _meets(facts, intent, seen.intent):
            text = f"{intent.client_order_id} of {intent.owner} would trade against {key} of {seen.intent.owner}"
            raise Violation("crossing", text)


def _rests(seen: Seen) -> bool:
    sure = seen.ended is None and seen.heard and not (seen.doubtful or seen.silent or seen.held)
    return sure and seen.intent.type == "limit" and seen.intent.tif not in AT_ONCE


def _meets(facts: Facts, intent: OrderIntent, other: OrderIntent) -> bool:
    """Return whether an order surely reaches another: one that ends at once at least what stands before the touch."""
    same = (intent.account, intent.instrument) == (other.account, other.instrument)
    book, price, limit = facts.books.get(intent.instrument), other.limit_price, intent.limit_price
    if not same or intent.side == other.side or price is None or book is None:
        return False
    way = 1 if intent.side == "buy" else -1
    reaches = limit is None or (limit - price) * way >= 0
    touch = book[1] if intent.side == "buy" else book[0]
    if intent.type == "market" or intent.tif in AT_ONCE:
        return reaches and (touch - price) * way > 0
    return intent.type == "limit" and reaches
