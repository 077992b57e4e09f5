"""What `tradebot panic` did while no engine ran, taken in at the next start.

The engine stays HALTED until a person resumes it: who panicked must not find the position again after a restart that
nobody asked for. Orders that panic ended are explained as such (`reconcile`), and what its closing orders filled is
taken from the owners who held it, so that nobody's books keep a position the account no longer has.
"""

import msgspec

from tradebot.engine.core.closing_shares import closing_shares
from tradebot.engine.core.events import OrderFilled, PanicClosing, PanicNoted, ReportedOrder
from tradebot.engine.core.ledger import MONEY
from tradebot.engine.core.netting import net_owners
from tradebot.engine.core.outcomes import Alert, OrderFound, PositionAdopted
from tradebot.engine.core.reasons import why
from tradebot.engine.core.step import Step
from tradebot.engine.core.stops import change_state
from tradebot.engine.core.types import UNCLAIMED, AccountName, Owner, sign
from tradebot.engine.core.unclaimed import found_intent

PANIC = "panic"
"""Reason of the orders by which panic closed positions."""


def on_panic(step: Step, event: PanicNoted) -> None:
    """Tell what was done, know its orders, and stay HALTED until resumed; told twice it does no more."""
    state = step.state
    if event.account not in state.accounts:
        text = f"panic acted on account {event.account}, which is not one of this engine's"
        step.emit(Alert(level="error", text=text))
        return
    for order in event.closed:
        known = state.blotter.get(order.client_order_id) is not None
        if not known and order.quantity > 0 and order.instrument in state.instruments:
            _found(step, event.account, order)
    ended = "" if event.done else " before it was interrupted (what it had set out to do)"
    step.emit(
        Alert(
            level="warn",
            text=f"panic on account {event.account} at {event.when or event.at}: cancelled {len(event.cancelled)}, "
            f"closed {len(event.closed)}{ended}",
        )
    )
    for text in event.failed:
        step.emit(Alert(level="error", text=f"panic: {text}"))
    change_state(step, "HALTED", f"panic on account {event.account} at {event.when or event.at}")


def _found(step: Step, account: AccountName, order: PanicClosing) -> None:
    told = ReportedOrder(
        client_order_id=order.client_order_id,
        instrument=order.instrument,
        side=order.side,
        type="market",
        tif="ioc",
        quantity=order.quantity,
    )
    intent = msgspec.structs.replace(found_intent(step.state, account, told), because=why(PANIC))
    step.emit(OrderFound(order=intent, venue_order_id=None, filled=0))


def share_closing(step: Step, fill: OrderFilled) -> None:
    """Take what a closing order of panic filled from those who held it, in proportion to what they held."""
    state = step.state
    order = state.blotter.get(fill.client_order_id)
    if order is None or order.intent.because is None or order.intent.because.code != PANIC:
        return
    instrument, way = state.instruments[fill.instrument], sign(fill.side)
    before: list[tuple[Owner, int]] = []
    for owner in state.ledger.owners(fill.account):
        held = state.ledger.position(fill.account, fill.instrument, owner).quantity
        # The fill itself is booked to nobody: its share of what nobody owned stays there.
        held -= way * fill.quantity if owner == UNCLAIMED else 0
        if held * way < 0:
            before.append((owner, held))
    for owner, share in closing_shares(before, 1, fill.quantity):
        if owner == UNCLAIMED:
            continue
        step.emit(
            PositionAdopted(
                account=fill.account,
                instrument=fill.instrument,
                owner=owner,
                origin=UNCLAIMED,
                quantity=-share,
                cost=str(MONEY.plus(instrument.notional(fill.price, -share))),
            )
        )
    price = instrument.price(fill.price)
    net_owners(step, (fill.account, fill.instrument), price)
