"""At the start, after every (re)subscribe and all the time: what does the venue hold, and is it what the ledger says?

An order nobody knows of is asked for; it is given up only when the venue has said "absent" twice, five seconds apart.
It is never sent again by itself: the market has moved on, and whoever wanted it can decide anew. Nothing is invented to
close what the venue still reports: a difference is taken in, ignored or closed by an operator's word. Only what cannot
be known any more, a position older than the fills the venue tells of, is taken in by itself.
"""

from tradebot.engine.core.accounts import AccountState
from tradebot.engine.core.answers import adopt_cash, adopt_position
from tradebot.engine.core.asking import (
    DEEP_OVERLAP,
    SILENT,
    absent_timer,
    ask_account,
    ask_order,
    is_silent,
)
from tradebot.engine.core.comparison import CONFIRM_AFTER, lost_before, reported_orders
from tradebot.engine.core.differences import Difference
from tradebot.engine.core.events import (
    AccountReported,
    CancelRejected,
    FeedChanged,
    OrderFilled,
    OrderReported,
    ReconcileRequested,
    StreamChanged,
    SubmitUnknown,
    TimerFired,
)
from tradebot.engine.core.flatten import timer_of
from tradebot.engine.core.orders import ABSENT_AGAIN_AFTER, Order
from tradebot.engine.core.outcomes import Alert, DifferenceAnswered, OrderAdopted
from tradebot.engine.core.reasons import why
from tradebot.engine.core.step import Step
from tradebot.engine.core.stops import change_state
from tradebot.engine.core.types import MINUTE, SECOND, UNCLAIMED, AccountName, ClientOrderId
from tradebot.engine.core.unclaimed import find_orders, refuse_foreign

RECHECK_MAX = MINUTE
"""Longest pause before an account that differs is asked again."""

STREAM_ASKS_APART = SECOND
"""Between two looks at an account whose private stream keeps coming back."""


# ------------------------------------------------------------------------------------ when to ask


def on_started(step: Step) -> None:
    """Ask the venue for everything, and take up what a restart interrupted."""
    state = step.state
    for name, account in state.accounts.items():
        ask_account(step, name)
        if account.started.report_every:
            step.timer(f"report:{name}", state.now + account.started.report_every)
    for order in state.blotter.open():
        if order.held:
            continue  # no venue has it
        if order.state == "pending_cancel":
            # The cancel may have died with the process; sent twice it does no harm.
            step.cancel(order.intent, why("restart"))
        ask_order(step, order)
    for where in sorted(state.flattening):
        step.timer(timer_of(where), state.now + ABSENT_AGAIN_AFTER)


def on_stream(step: Step, event: StreamChanged) -> None:
    """Ask for what a private stream may have missed: when it is back, and when it is connected but dead."""
    account = step.state.accounts.get(event.account)
    if account is None or event.state == "down":
        return
    timer = f"stream:{event.account}"
    if event.state == "up" and timer in step.state.timers:
        # A stream that comes and goes must not storm its venue: what this gap hid is asked for when the timer fires.
        return
    step.timer(timer, step.state.now + STREAM_ASKS_APART)
    _ask_after_gap(step, event.account)


def on_stream_timer(step: Step, event: TimerFired) -> None:
    """Ask once more for what a stream may have missed that came back, and perhaps went again, since the last look."""
    name = AccountName(event.timer_id.partition(":")[2])
    if name in step.state.accounts:
        _ask_after_gap(step, name)


def _ask_after_gap(step: Step, name: AccountName) -> None:
    ask_account(step, name)
    for order in step.state.blotter.open():
        if order.intent.account == name and order.state in SILENT | {"unknown"}:
            ask_order(step, order)


def on_feed(step: Step, event: FeedChanged) -> None:
    """Ask where a market feed came back in which something is held or open: its venue was out of reach."""
    state = step.state
    if event.state != "up":
        return
    for name, account in state.accounts.items():
        held = state.ledger.net(name, event.instrument) or state.blotter.open_in(
            name, event.instrument
        )
        if held and account.reconciled and not account.asked_at:
            ask_account(step, name)


def on_reconcile(step: Step, event: ReconcileRequested) -> None:
    """Ask because an operator wants to know."""
    known = step.state.accounts
    if event.account is not None and event.account not in known:
        text = f"reconcile: no account {event.account} here; there is {', '.join(known)}"
        step.emit(Alert(level="error", text=text))
    for name in known:
        if event.account in {None, name}:
            ask_account(step, name, overlap=DEEP_OVERLAP)


# ------------------------------------------------------------------------------------ orders


def on_silence(step: Step, event: SubmitUnknown | CancelRejected) -> None:
    """Ask the venue for an order of which nobody knows whether it arrived."""
    order = step.state.blotter.get(event.client_order_id)
    if order is not None and order.state == "unknown":
        ask_order(step, order)


def on_order_reported(step: Step, event: OrderReported) -> None:
    """Ask again where the venue did not know an order that should be open, or tells of fills unseen."""
    order = step.state.blotter.get(event.client_order_id)
    if order is None:
        return
    if not event.found and order.is_open:
        step.timer(absent_timer(order), step.state.now + ABSENT_AGAIN_AFTER)
    elif not event.found or (not order.is_open and _panicked(step, order)):
        level = "info" if _panicked(step, order) else "warn"
        text = (
            f"order {event.client_order_id}: {order.state}, {order.reason}{_panicked(step, order)}"
        )
        step.emit(Alert(level=level, text=text))
    elif order.is_open and (event.state == "filled" or event.filled > order.filled):
        ask_account(step, order.intent.account)
    elif (
        order.state == "pending_cancel"
        and event.state == "working"
        and is_silent(step.state, order)
    ):
        # The venue works on as if nobody had said anything: the cancel was lost.
        step.cancel(order.intent, why("cancel-lost"))


def _panicked(step: Step, order: Order) -> str:
    """Return the words that explain an order `tradebot panic` may have ended; empty where it did not act."""
    account = step.state.accounts.get(order.intent.account)
    at = 0 if account is None or order.state == "filled" else account.panicked_at
    return f": cancelled by panic at {at}" if at > order.intent.created else ""


def on_absent_timer(step: Step, event: TimerFired) -> None:
    """Ask once more for an order the venue did not know."""
    client_order_id = ClientOrderId(event.timer_id.partition(":")[2])
    order = step.state.blotter.get(client_order_id)
    if (
        order is not None
        and order.is_open
        and (order.absent or order.state in SILENT | {"unknown"})
    ):
        ask_order(step, order)


def on_late_fill(step: Step, event: OrderFilled) -> None:
    """Tell where an order filled that was over, or more than it asked for."""
    state = step.state
    order = state.blotter.get(event.client_order_id)
    if order is None:
        return
    quantity = state.instruments[order.intent.instrument].quantity
    if order.filled > order.intent.quantity:
        text = (
            f"order {event.client_order_id} overfilled: "
            f"{quantity(order.filled)} of {quantity(order.intent.quantity)}"
        )
        step.emit(Alert(level="error", text=text))
    elif order.state in {"rejected", "cancelled", "expired"}:
        text = f"order {event.client_order_id} filled {quantity(event.quantity)} after it was {order.state}"
        step.emit(Alert(level="warn", text=text))


# ------------------------------------------------------------------------------------ account


def on_account_reported(step: Step, event: AccountReported) -> None:
    """Hold what strangers have open, take in what can no longer be known, ask about the rest."""
    account = step.state.accounts.get(event.account)
    if account is None or refuse_foreign(step, account):
        return
    find_orders(step, event)
    _adopt_lost(step, account, event)
    _reopen(step, account)
    _ask_for_missing(step, event)
    if account.open_differences():
        pause = min(CONFIRM_AFTER << min(max(account.rechecks - 1, 0), 5), RECHECK_MAX)
        step.timer(f"recheck:{event.account}", step.state.now + pause)


def stop_on_alarms(step: Step) -> None:
    """HALT where a difference is certain: nobody may add risk to a position nobody understands; tell what has gone."""
    state = step.state
    for name, account in state.accounts.items():
        alarms = [known for known in account.alarms if known.id in account.differences]
        if alarms:
            lines = "; ".join(_aged(known, state.now) for known in alarms)
            step.emit(Alert(level="error", text=f"account {name} differs: {lines}"))
            told = "; ".join(known.text() for known in alarms)
            change_state(step, "HALTED", f"reconcile: {told}")
        for known in account.gone:
            if known.confirmed:
                text = f"account {name} agrees again: {known.text()} has gone by itself"
                held = "; still HALTED until resumed" if state.trading_state == "HALTED" else ""
                step.emit(Alert(level="info", text=text + held))


def _aged(known: Difference, now: int) -> str:
    return f"{known.text()} (for {(now - known.since) // SECOND} s; {known.cause})"


def _adopt_lost(step: Step, account: AccountState, event: AccountReported) -> None:
    """Take in what fills the venue no longer tells of have led to, once it is certain."""
    lost = lost_before(account, event)
    if not lost:
        return
    for known in account.confirmed():
        if known.kind == "position":
            taken = adopt_position(step, known, UNCLAIMED)
        elif known.kind == "cash" and known.id not in account.unbooked:
            taken = adopt_cash(step, known, known.cause)
        else:
            continue
        if taken:
            step.emit(Alert(level="warn", text=f"adopted: {known.text()} ({known.cause})"))
            _taken_in(step, known, known.cause)


def _reopen(step: Step, account: AccountState) -> None:
    """The venue is the truth for what is open: an order that had ended here is open again."""
    for known in account.confirmed():
        order = step.state.blotter.get(ClientOrderId(known.about))
        if known.kind != "order" or order is None or order.filled >= order.intent.quantity:
            continue
        if order.state == "denied":
            continue
        owner = order.intent.owner
        step.emit(OrderAdopted(client_order_id=order.intent.client_order_id, owner=owner))
        step.emit(Alert(level="warn", text=f"open again: {known.text()} ({known.cause})"))
        _taken_in(step, known, "open at the venue")


def _taken_in(step: Step, known: Difference, reason: str) -> None:
    step.emit(
        DifferenceAnswered(
            difference_id=known.id,
            answer="adopt",
            reason=reason,
            ours=known.ours,
            theirs=known.theirs,
        )
    )


def on_missing_timer(step: Step, event: TimerFired) -> None:
    """Ask for an order that a report lacked so soon after a word of it that the report may have been older."""
    order = step.state.blotter.get(ClientOrderId(event.timer_id.partition(":")[2]))
    if order is not None and order.is_open and not order.held:
        ask_order(step, order)


def _ask_for_missing(step: Step, event: AccountReported) -> None:
    """Ask for each order that should be open and is not in the report, once the venue must have known it."""
    state = step.state
    listed = reported_orders(event)
    for order in state.blotter.open():
        intent = order.intent
        missing = intent.account == event.account and intent.client_order_id not in listed
        heard = order.state in {"accepted", "partially_filled", "triggered", "pending_cancel"}
        asked = absent_timer(order) in state.timers
        # What the engine holds itself no venue can list: asked about it, it would say "absent".
        if not missing or not heard or asked or order.held:
            continue
        if state.now - order.updated >= CONFIRM_AFTER:
            ask_order(step, order)
        else:
            # The report may be older than the newest word of the order: only one that is not can be believed.
            step.timer(f"missing:{intent.client_order_id}", order.updated + CONFIRM_AFTER)
