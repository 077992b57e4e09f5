"""What the venue says of money and executions, taken into the books: totally, exactly once, and never by inventing.

What cannot be booked (more than 38 digits, a quantity below one, an instrument nobody knows, the same execution on
other terms) is kept beside the ledger as a difference of its own that stops new risk; no report makes it go away.
"""

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from tradebot.data.instruments import UNITS_MAX
from tradebot.engine.core.accounts import AccountState, Unbooked
from tradebot.engine.core.differences import Difference, difference_id
from tradebot.engine.core.events import (
    CashMoved,
    ExecutionBusted,
    ExecutionCorrected,
    FeeCharged,
    OrderFilled,
)
from tradebot.engine.core.executions import Execution, terms_of
from tradebot.engine.core.ledger import MONEY
from tradebot.engine.core.orders import Order
from tradebot.engine.core.types import (
    UNCLAIMED,
    AccountName,
    DifferenceKind,
    ExecutionId,
    Owner,
)

if TYPE_CHECKING:
    from tradebot.engine.core.state import State

DIGITS_MAX = 38
"""Most digits of an amount that the house works with."""

EXPONENT_MAX = 38
"""Largest distance of an amount's last digit from the point, both ways."""


def legal_amount(amount: Decimal) -> bool:
    """Return whether an amount is an ordinary number of at most 38 digits."""
    _, digits, exponent = amount.as_tuple()
    return (
        isinstance(exponent, int)
        and len(digits) <= DIGITS_MAX
        and -EXPONENT_MAX <= exponent <= EXPONENT_MAX
    )


def take_fill(state: "State", event: OrderFilled, *, anew: bool) -> bool:
    """Book an execution that is new, or told anew under its own id; return whether it was booked."""
    known = state.executions.get(event.account, event.execution_id)
    if known is not None and not (anew and known.state == "busted"):
        state.told_again = known.terms == terms_of(event)
        if known.terms is not None and not state.told_again:
            _contradiction(state, event)
        return False
    owner = state.owner_of(event)
    trouble = _fill_trouble(state, event)
    # A fee told before its fill is the fee of the fill: what the fill carries is the same once more.
    key = (event.account, event.execution_id)
    told = state.executions.charged(key, event.fee_currency)
    once = msgspec.structs.replace(event, fee=Decimal(0)) if told else event
    if trouble is None:
        trouble = _book(state, once, owner)
    execution = Execution(
        terms=terms_of(event),
        owner=owner,
        fee=once.fee if trouble is None else Decimal(0),
        fee_currency=once.fee_currency,
        state="booked" if trouble is None else "unbooked",
    )
    _remember(state, event.account, event.execution_id, execution)
    if trouble is not None:
        about = f"{event.execution_id}"
        _unbooked(state, event, (event.account, "fill", about), (_fill_text(event), trouble))
        return False
    account = state.accounts[event.account]
    account.newest_fill = max(account.newest_fill, min(event.ts_event, UNITS_MAX))
    instrument = state.instruments[event.instrument]
    for subject in (event.instrument, instrument.currency, event.fee_currency):
        account.hear(subject, state.now)
    return True


def _remember(
    state: "State", account: AccountName, execution_id: ExecutionId, known: Execution
) -> None:
    order = None if known.terms is None else state.blotter.get(known.terms.client_order_id)
    of = None if order is None else order.intent.client_order_id
    state.executions.put((account, execution_id), known, of)


def _fill_trouble(state: "State", event: OrderFilled) -> str | None:
    if event.instrument not in state.instruments:
        return f"{event.instrument} is not an instrument of this engine"
    if event.account not in state.accounts:
        return f"{event.account} is not an account of this engine"
    if not 0 < event.quantity <= UNITS_MAX:
        return f"quantity must be in 1..{UNITS_MAX} units, was {event.quantity}"
    if abs(event.price) > UNITS_MAX:
        return f"price must be at most {UNITS_MAX} units, was {event.price}"
    if not legal_amount(event.fee):
        return f"fee must have at most {DIGITS_MAX} digits, was {event.fee}"
    if event.fee and not event.fee_currency:
        return "a fee needs a currency, was empty"
    order = state.blotter.get(event.client_order_id)
    if order is not None and order.intent.instrument != event.instrument:
        return f"order {event.client_order_id} is in {order.intent.instrument}"
    return None


def _book(state: "State", event: OrderFilled, owner: Owner) -> str | None:
    """Book a fill; return why the ledger could not take it."""
    try:
        state.ledger.fill(event, state.instruments[event.instrument], owner)
    except ArithmeticError:
        return f"the sum has more than {DIGITS_MAX} digits"
    return None


def rebook(state: "State", event: OrderFilled) -> bool:
    """Book an execution on the terms told last, in place of those booked before; return whether it was booked."""
    _taken_back(state, event.account, event.execution_id)
    return state.fill(event, anew=True)


def take_bust(state: "State", event: ExecutionBusted) -> Order | None:
    """Take an execution back; return its order where it is known. Twice changes nothing."""
    return _taken_back(state, event.account, event.execution_id)


def take_correction(state: "State", event: ExecutionCorrected) -> bool:
    """Take an execution back and book what holds instead; return whether that is new and was booked."""
    corrected = event.corrected
    if corrected.execution_id != event.execution_id:
        _taken_back(state, corrected.account, event.execution_id)
        return state.fill(corrected)
    known = state.executions.get(corrected.account, event.execution_id)
    if known is not None and known.state == "booked" and known.terms == terms_of(corrected):
        return False
    # The venue keeps the id: what is told under it from now on is what holds.
    return rebook(state, corrected)


def _taken_back(
    state: "State", account_name: AccountName, execution_id: ExecutionId
) -> Order | None:
    known = state.executions.get(account_name, execution_id)
    if known is not None and known.state == "busted":
        return None
    terms = None if known is None else known.terms
    owner = UNCLAIMED if known is None else known.owner
    busted = Execution(terms=terms, owner=owner, state="busted")
    account = state.accounts.get(account_name)
    if known is None or terms is None or known.state == "unbooked" or account is None:
        _remember(state, account_name, execution_id, busted)
        if account is not None:
            _settled(account, execution_id)
        return None
    instrument = state.instruments[terms.instrument]
    trouble = _reverse(state, account_name, execution_id, known)
    if trouble is not None:
        _told(state, (account_name, "fill", execution_id), ("booked", "taken back"), trouble)
        return None
    _remember(state, account_name, execution_id, busted)
    _settled(account, execution_id)
    for subject in (terms.instrument, instrument.currency):
        account.hear(subject, state.now)
    state.fit_legs(account_name, terms.instrument, known.owner)
    return state.blotter.unfill(terms.client_order_id, terms.quantity, terms.price, state.now)


def _reverse(
    state: "State", account: AccountName, execution_id: ExecutionId, known: Execution
) -> str | None:
    """Take an execution out of the ledger; return why it could not be."""
    try:
        reversed_ = state.ledger.reverse(account, execution_id)
        told = state.executions.charged((account, execution_id), known.fee_currency)
        if reversed_ and told and known.fee:
            # Its fee had been told apart too, and less had been booked for what the fill carried.
            again = MONEY.minus(known.fee)
            state.ledger.pay(
                account, f"bust:{execution_id}", known.fee_currency, again, known.owner
            )
    except ArithmeticError:
        return f"the sum has more than {DIGITS_MAX} digits"
    return None if reversed_ else "older than the executions that can still be taken back"


def _settled(account: AccountState, execution_id: ExecutionId) -> None:
    """Drop the difference of an execution that the venue itself has taken back."""
    key = difference_id(account.started.name, "fill", execution_id)
    account.differences.pop(key, None)
    account.unbooked.pop(key, None)


def take_fee(state: "State", event: FeeCharged) -> None:
    """Book a fee told apart from its fill, once, against the execution or order it belongs to."""
    account = state.accounts.get(event.account)
    if account is None:
        return
    trouble = None
    if not legal_amount(event.amount) or not event.asset:
        trouble = f"a fee must be an amount of at most {DIGITS_MAX} digits in an asset"
    else:
        try:
            _book_fee(state, event)
        except ArithmeticError:
            trouble = f"the sum has more than {DIGITS_MAX} digits"
    if trouble is not None:
        text = f"{event.amount} {event.asset}"
        _unbooked(state, event, (event.account, "fill", f"fee {event.fee_id}"), (text, trouble))
        return
    account.hear(event.asset, state.now)


def _book_fee(state: "State", event: FeeCharged) -> None:
    execution = (
        None
        if event.execution_id is None
        else state.executions.get(event.account, event.execution_id)
    )
    booked = execution is not None and execution.state == "booked" and execution.terms is not None
    terms = execution.terms if booked and execution is not None else None
    order_id = event.client_order_id if terms is None else terms.client_order_id
    order = None if order_id is None else state.blotter.get(order_id)
    owner = UNCLAIMED if order is None else order.intent.owner
    amount = event.amount
    if event.execution_id is not None:
        key = (event.account, event.execution_id)
        if booked and execution is not None:
            owner = execution.owner
            told = state.executions.charged(key, event.asset)
            if not told and execution.fee_currency == event.asset:
                amount = MONEY.subtract(amount, execution.fee)
        state.executions.charge(key, event.asset)
    symbol = terms.instrument if terms is not None else event.instrument
    if symbol is None and order is not None:
        symbol = order.intent.instrument
    instrument = None if symbol is None else state.instruments.get(symbol)
    state.ledger.charge(msgspec.structs.replace(event, amount=amount), owner, instrument)


def take_cash(state: "State", event: CashMoved) -> bool:
    """Book a movement of cash that is new; return whether it was booked."""
    account = state.accounts.get(event.account)
    if account is None:
        return False
    trouble = None
    if not legal_amount(event.amount) or not event.asset:
        trouble = f"an amount must have at most {DIGITS_MAX} digits and an asset"
    elif event.asset in state.instruments:
        trouble = f"{event.asset} is an instrument, not cash"
    else:
        try:
            moved = state.ledger.move_cash(event)
        except ArithmeticError:
            trouble = f"the sum has more than {DIGITS_MAX} digits"
        else:
            if moved:
                account.hear(event.asset, state.now)
            state.told_again = not moved
            return moved
    _unbooked(
        state,
        event,
        (event.account, "cash", f"{event.asset} {event.movement_id}"),
        (f"{event.amount} {event.asset}", trouble),
    )
    return False


# -------------------------------------------------------------------------------- what cannot be booked


def _contradiction(state: "State", event: OrderFilled) -> None:
    about = event.execution_id
    known = state.executions.get(event.account, event.execution_id)
    if known is None or known.state != "booked" or known.terms is None:
        return
    terms = known.terms
    ours = f"{terms.side} {terms.quantity} @ {terms.price} units, order {terms.client_order_id}"
    account = state.accounts.get(event.account)
    if account is not None:
        account.unbooked[difference_id(event.account, "fill", about)] = event
    _told(
        state,
        (event.account, "fill", about),
        (ours, _fill_text(event)),
        "told twice on different terms",
    )


def _fill_text(event: OrderFilled) -> str:
    return f"{event.side} {event.quantity} @ {event.price} units, order {event.client_order_id}"


type _Subject = tuple[AccountName, DifferenceKind, str]


def _unbooked(state: "State", event: Unbooked, subject: _Subject, told: tuple[str, str]) -> None:
    account = state.accounts.get(subject[0])
    if account is None:
        # The books have no page for it; it is told on the default account, so that nobody misses it.
        default = state.accounts.get(state.account)
        if default is None:
            return
        name = default.started.name
        _unbooked(state, event, (name, subject[1], f"{subject[0]} {subject[2]}"), told)
        return
    account.unbooked[difference_id(*subject)] = event
    _told(state, subject, ("not booked", told[0]), told[1])


def _told(state: "State", subject: _Subject, sides: tuple[str, str], cause: str) -> None:
    """Write a difference that stands until somebody answers it."""
    account = state.accounts.get(subject[0])
    if account is None:
        return
    key = difference_id(*subject)
    before = account.differences.get(key)
    same = before is not None and (before.ours, before.theirs) == sides
    difference = Difference(
        id=key,
        account=subject[0],
        kind=subject[1],
        about=subject[2],
        ours=sides[0],
        theirs=sides[1],
        since=before.since if same and before is not None else state.now,
        cause=cause,
        confirmed=True,
    )
    account.differences[key] = difference
    if not same:
        account.alarms.append(difference)
