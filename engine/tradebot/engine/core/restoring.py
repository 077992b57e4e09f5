"""Protective orders that a flatten cancelled are put back while its next piece is waited out, and where it failed."""

import msgspec

from tradebot.engine.core.orders import STOPS, Order
from tradebot.engine.core.reasons import why
from tradebot.engine.core.state import FlattenKey, State
from tradebot.engine.core.step import Step, owner_holdings
from tradebot.engine.core.types import Owner, TimeInForce, sign

RESTORED = "flatten-restored"
"""Reason of a protective order that was put back."""

AT_ONCE: frozenset[TimeInForce] = frozenset({"ioc", "fok"})
"""Orders that never rest: they protect nothing, and put back they would end and be put back again for ever."""


def at_the_venue(state: State, where: FlattenKey) -> list[Order]:
    """Return the open orders of an account in an instrument that the venue may hold, oldest first."""
    return [order for order in state.blotter.open_in(*where) if not order.held]


def restore(step: Step, where: FlattenKey, uncovered: int, piece: Order | None = None) -> None:
    """Put protective orders back that were cancelled for the closing order, as far as their owners need them.

    Those of the owner whose piece ended with a rest come first, and stops before others. Nobody's order protects what
    another holds: filled, it would open a position of its owner's.
    """
    state = step.state
    lot = state.instruments[where[1]].rules_at(state.now).lot
    net = state.ledger.net(*where)
    removed = state.flattening[where].removed
    known = [state.blotter.get(client_order_id) for client_order_id in removed]
    ended = [order for order in known if order is not None and not order.is_open]
    left, bare = uncovered, _bare_holdings(state, where)
    owner = None if piece is None else piece.intent.owner
    for order in sorted(ended, key=lambda o: (o.intent.owner != owner, o.intent.type not in STOPS)):
        intent = order.intent
        quantity = min(left, bare.get(intent.owner, 0), intent.quantity - order.filled)
        if quantity < lot or sign(intent.side) * net >= 0 or intent.tif in AT_ONCE:
            continue
        again = msgspec.structs.replace(
            intent,
            client_order_id=state.next_order_id(),
            request_id=None,
            quantity=quantity - quantity % lot,
            because=why(RESTORED),
            created=state.now,
            replaces=None,
            parent=intent.parent if intent.role else None,
            oco=None,
            legs=None,
        )
        if step.submit(again) is None:
            left -= again.quantity
            bare[intent.owner] -= again.quantity


def _bare_holdings(state: State, where: FlattenKey) -> dict[Owner, int]:
    """Return what each owner on the net's side holds less what its own open orders will close of it, in units."""
    net = state.ledger.net(*where)
    bare = {owner: abs(held) for owner, held in owner_holdings(state, *where) if held * net > 0}
    for order in at_the_venue(state, where):
        if sign(order.intent.side) * net < 0 and order.intent.owner in bare:
            bare[order.intent.owner] -= order.leaves
    return bare
