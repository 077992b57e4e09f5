"""What was decided about strangers and differences, taken into the state: in a run and in recovery alike."""

from decimal import Decimal
from typing import TYPE_CHECKING

from tradebot.engine.core.accounts import AccountState, Answer
from tradebot.engine.core.booking import rebook
from tradebot.engine.core.events import CashMoved, FeeCharged, OrderFilled
from tradebot.engine.core.outcomes import (
    CashAdopted,
    DifferenceAnswered,
    OrderAdopted,
    OrderFound,
    PositionAdopted,
    QueryAccount,
    StartRefused,
)
from tradebot.engine.core.types import HAND, AccountName

if TYPE_CHECKING:
    from tradebot.engine.core.state import State

type Settlement = (
    OrderFound
    | OrderAdopted
    | PositionAdopted
    | CashAdopted
    | DifferenceAnswered
    | StartRefused
    | QueryAccount
)
"""Outcomes that come of comparing the ledger with the venue."""


def settle(state: "State", outcome: Settlement) -> None:
    """Remember what the kernel decided about what a venue told."""
    match outcome:
        case QueryAccount():
            account = state.accounts.get(outcome.account)
            if account is not None:
                account.asked(state.now)
        case OrderFound():
            intent = outcome.order
            fills = [
                (terms.quantity, terms.price)
                for terms in state.executions.claim(intent.account, intent.client_order_id)
            ]
            state.blotter.find(intent, outcome.venue_order_id, fills, state.now)
        case OrderAdopted():
            state.blotter.adopt(outcome.client_order_id, outcome.owner, state.now)
        case PositionAdopted():
            _adopted(state, outcome)
        case CashAdopted():
            name, amount = f"adopted:{state.adoptions}", Decimal(outcome.amount)
            state.adoptions += 1
            if state.ledger.pay(outcome.account, name, outcome.asset, amount, HAND):
                # Found, not earned: what is adopted is a flow.
                state.flowed(outcome.asset, amount)
        case DifferenceAnswered():
            _answered(state, outcome)
        case StartRefused():
            state.refused = outcome.reason


def _adopted(state: "State", outcome: PositionAdopted) -> None:
    instrument = state.instruments[outcome.instrument]
    cost = Decimal(outcome.cost)
    name = f"adopted:{state.adoptions}"
    state.adoptions += 1
    if outcome.origin is None:
        to = (outcome.account, outcome.instrument, outcome.owner)
        state.ledger.adopt(name, to, instrument, outcome.quantity, cost)
        state.flowed(outcome.instrument, instrument.quantity(outcome.quantity))
        sleeve = state.sleeves.get(outcome.owner)
        if sleeve is not None:
            sleeve.mark = None  # found, not earned
    else:
        origin = (outcome.account, outcome.instrument, outcome.origin)
        state.ledger.hand_to(name, origin, instrument, outcome.owner, outcome.quantity, cost)
        state.fit_legs(*origin)
    state.fit_legs(outcome.account, outcome.instrument, outcome.owner)


def _answered(state: "State", outcome: DifferenceAnswered) -> None:
    account = account_of(state, outcome)
    if account is None:
        return
    key = outcome.difference_id
    if outcome.answer == "ignore":
        account.answers[key] = Answer(
            ours=outcome.ours, theirs=outcome.theirs, reason=outcome.reason
        )
    else:
        account.differences.pop(key, None)
        account.standing.pop(key, None)
        told = account.unbooked.pop(key, None)
        if outcome.answer == "adopt" and told is not None:
            _book_anew(state, told)
    account.settle(state.now)


def _book_anew(state: "State", told: OrderFilled | CashMoved | FeeCharged) -> None:
    """Book what an operator took in: an execution told on other terms replaces the one that was booked."""
    if isinstance(told, OrderFilled):
        rebook(state, told)


def account_of(state: "State", outcome: DifferenceAnswered) -> AccountState | None:
    """Return the account a difference is in: its id begins with the account's name."""
    name = outcome.difference_id.partition("/")[0]
    return state.accounts.get(AccountName(name))
