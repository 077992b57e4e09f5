"""Asking the venue: for an account or an order, again with growing pauses until there is an answer.

Fills are asked for from the newest one known, minus an overlap: venues stamp fills with their own clocks and tell some
of them late, so one with an older time may follow. Executions are counted once by their id, which makes the overlap
harmless; five minutes is what vendors' own guides use after a gap, and far above the spread of any venue's clocks. A
difference that the overlap does not explain asks a whole day back.
"""

from tradebot.engine.core.events import TimerFired
from tradebot.engine.core.orders import ABSENT_AGAIN_AFTER, Order
from tradebot.engine.core.outcomes import Alert, Cancel, QueryAccount, QueryOrder
from tradebot.engine.core.risk import RiskApproved
from tradebot.engine.core.state import State
from tradebot.engine.core.step import Step
from tradebot.engine.core.types import MINUTE, SECOND, AccountName

FILL_OVERLAP = 5 * MINUTE
"""How far before the newest known fill others are asked for."""

SWEEP_OVERLAP = 5 * SECOND
"""The same in the looks between, while the stream is up: what comes later still shows as a difference."""

DEEP_OVERLAP = 24 * 60 * MINUTE
"""The same where a difference stands."""

ASK_AGAIN = 5 * SECOND
"""First pause before an unanswered question is asked again; it doubles."""

PAUSE_MAX = MINUTE
"""Longest pause between two questions."""

SILENT_AFTER = 3 * SECOND
"""An order or cancel the venue has not spoken of for this long is asked for."""

SILENT = frozenset({"created", "sent", "pending_cancel", "pending_replace"})
"""Order states that wait for the venue's word."""


def ask_account(step: Step, name: AccountName, *, overlap: int = FILL_OVERLAP) -> None:
    """Ask what an account holds, and for its fills since the newest one known, less the overlap in ns."""
    account = step.state.accounts[name]
    step.emit(QueryAccount(account=name, since=max(account.newest_fill - overlap, 0)))
    step.timer(f"unanswered:{name}", step.state.now + pause(account.asks))


def pause(times: int) -> int:
    """Return how long to wait after having asked so often, ns."""
    return min(ASK_AGAIN << min(max(times - 1, 0), 5), PAUSE_MAX)


def on_unanswered_timer(step: Step, event: TimerFired) -> None:
    """Ask an account again that has not answered; tell it once when nothing may rest on it any more."""
    name = AccountName(event.timer_id.partition(":")[2])
    account = step.state.accounts.get(name)
    if account is None or not account.asked_at:
        return
    due = account.asked_last + pause(account.asks)
    if step.state.now < due:
        step.timer(event.timer_id, due)
        return
    if account.asks == 2:  # noqa: PLR2004  (asked again once, and still nothing)
        seconds = (step.state.now - account.asked_at) // SECOND
        text = f"account {name} has not answered for {seconds} s: no new risk until it does"
        step.emit(Alert(level="warn", text=text))
    ask_account(step, name)


def on_report_timer(step: Step, event: TimerFired) -> None:
    """Look at an account again, as often as it wants to be looked at."""
    name = AccountName(event.timer_id.partition(":")[2])
    account = step.state.accounts.get(name)
    if account is None or not account.started.report_every:
        return
    if not account.asked_at:
        ask_account(step, name, overlap=SWEEP_OVERLAP)
    step.timer(event.timer_id, step.state.now + account.started.report_every)


def on_recheck_timer(step: Step, event: TimerFired) -> None:
    """Ask once more about an account that differed, a day back."""
    name = AccountName(event.timer_id.partition(":")[2])
    account = step.state.accounts.get(name)
    if account is not None and account.open_differences():
        ask_account(step, name, overlap=DEEP_OVERLAP)


# ------------------------------------------------------------------------------------ orders


def ask_order(step: Step, order: Order) -> None:
    """Ask the venue for an order; an unresolved one again and again until the venue has spoken."""
    intent = order.intent
    step.emit(QueryOrder(client_order_id=intent.client_order_id, account=intent.account))
    if order.absent or order.state == "unknown":
        step.timer(absent_timer(order), step.state.now + ABSENT_AGAIN_AFTER)


def absent_timer(order: Order) -> str:
    """Return the timer that asks for an order the venue did not know."""
    return f"absent:{order.intent.client_order_id}"


def is_silent(state: State, order: Order) -> bool:
    """Return whether an order has waited too long for a word of the venue."""
    return order.state in SILENT and state.now - order.updated >= SILENT_AFTER


def watch_silence(step: Step) -> None:
    """Wake up where something was sent that the venue must speak of."""
    for outcome in tuple(step.outcomes):
        if isinstance(outcome, RiskApproved):
            account = outcome.item.order.account
        elif isinstance(outcome, Cancel):
            account = outcome.account
        else:
            continue
        step.timer(f"silent:{account}", step.state.now + SILENT_AFTER)


def on_silent_timer(step: Step, event: TimerFired) -> None:
    """Ask for every order of an account whose venue owes a word; look again while one does."""
    state = step.state
    name = AccountName(event.timer_id.partition(":")[2])
    waiting = [
        order
        for order in state.blotter.open()
        if order.intent.account == name and order.state in SILENT
    ]
    for order in waiting:
        if is_silent(state, order):
            ask_order(step, order)
    if waiting:
        oldest = min(order.updated for order in waiting)
        step.timer(event.timer_id, max(oldest, state.now) + SILENT_AFTER)
