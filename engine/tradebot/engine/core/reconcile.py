"""After a start, and when asked: what does the venue hold, and is it what the ledger says?

An order nobody knows of is asked for; it is given up only when the venue has said "absent" twice, five seconds apart.
It is never sent again by itself: the market has moved on, and whoever wanted it can decide anew.
"""

from tradebot.engine.core.events import (
    AccountReported,
    CancelRejected,
    OrderReported,
    SubmitUnknown,
    TimerFired,
)
from tradebot.engine.core.flatten import timer_of
from tradebot.engine.core.orders import ABSENT_AGAIN_AFTER, Order
from tradebot.engine.core.outcomes import Alert, QueryAccount, QueryOrder
from tradebot.engine.core.reasons import why
from tradebot.engine.core.step import Step
from tradebot.engine.core.stops import change_state
from tradebot.engine.core.types import ClientOrderId


def on_started(step: Step) -> None:
    """Ask the venue for everything, and take up what a restart interrupted."""
    state = step.state
    for name, account in state.accounts.items():
        step.emit(QueryAccount(account=name, since=account.newest_fill))
    for order in state.blotter.open():
        if order.held:
            continue  # no venue has it
        if order.state == "pending_cancel":
            # The cancel may have died with the process; sent twice it does no harm.
            step.cancel(order.intent, why("restart"))
        _ask(step, order)
    for where in sorted(state.flattening):
        step.timer(timer_of(where), state.now + ABSENT_AGAIN_AFTER)


def on_silence(step: Step, event: SubmitUnknown | CancelRejected) -> None:
    """Ask the venue for an order of which nobody knows whether it arrived."""
    order = step.state.blotter.get(event.client_order_id)
    if order is not None and order.state == "unknown":
        _ask(step, order)


def on_order_reported(step: Step, event: OrderReported) -> None:
    """Ask again where the venue did not know an order that should be open, or tells of fills unseen."""
    order = step.state.blotter.get(event.client_order_id)
    if order is None:
        return
    if not event.found and order.is_open:
        step.timer(_absent_timer(order), step.state.now + ABSENT_AGAIN_AFTER)
    elif not event.found:
        text = f"order {event.client_order_id}: {order.state}, {order.reason}"
        step.emit(Alert(level="warn", text=text))
    elif order.is_open and (event.state == "filled" or event.filled > order.filled):
        account = order.intent.account
        since = step.state.accounts[account].newest_fill
        step.emit(QueryAccount(account=account, since=since))


def on_absent_timer(step: Step, event: TimerFired) -> None:
    """Ask once more for an order the venue did not know."""
    client_order_id = ClientOrderId(event.timer_id.partition(":")[2])
    order = step.state.blotter.get(client_order_id)
    if order is not None and order.is_open and (order.absent or order.state == "unknown"):
        _ask(step, order)


def _ask(step: Step, order: Order) -> None:
    """Ask the venue for an order; an unresolved one again and again until the venue has spoken."""
    intent = order.intent
    step.emit(QueryOrder(client_order_id=intent.client_order_id, account=intent.account))
    if order.absent or order.state == "unknown":
        step.timer(_absent_timer(order), step.state.now + ABSENT_AGAIN_AFTER)


def _absent_timer(order: Order) -> str:
    return f"absent:{order.intent.client_order_id}"


def on_account_reported(step: Step, event: AccountReported) -> None:
    """HALT where ledger and venue disagree: nobody may add risk to a position nobody understands."""
    state = step.state
    account = state.accounts.get(event.account)
    if account is None or not account.differences:
        return
    told = "; ".join(account.differences)
    step.emit(Alert(level="error", text=f"account {event.account} differs: {told}"))
    change_state(step, "HALTED", f"reconcile: {told}")
