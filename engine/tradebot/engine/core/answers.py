"""The three answers to a difference: take it in, leave it be for a reason, or close it. Each twice is once.

What nobody owns has answers too: an unclaimed order, and an unclaimed position under `SYMBOL@unclaimed`.
"""

from collections.abc import Callable
from decimal import Decimal

from tradebot.data.errors import ScaleError
from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.core.booking import legal_amount
from tradebot.engine.core.differences import Difference, difference_id
from tradebot.engine.core.events import DifferenceAnswerRequested, OrderFilled
from tradebot.engine.core.flatten import flatten_step
from tradebot.engine.core.ledger import MONEY
from tradebot.engine.core.outcomes import (
    Alert,
    CashAdopted,
    DifferenceAnswered,
    FlattenStarted,
    OrderAdopted,
    PositionAdopted,
)
from tradebot.engine.core.reasons import why
from tradebot.engine.core.state import FLATTEN, State
from tradebot.engine.core.step import Step
from tradebot.engine.core.stops import change_state
from tradebot.engine.core.types import (
    HAND,
    UNCLAIMED,
    ClientOrderId,
    DifferenceAnswer,
    DifferenceId,
    DifferenceKind,
    Owner,
)

UNCLAIMED_SUFFIX = "@unclaimed"
"""Marks an unclaimed position among what may be adopted."""


def matters(state: State) -> list[Difference]:
    """Return all that waits for somebody: differences, then unclaimed orders, then unclaimed positions."""
    found = [known for account in state.accounts.values() for known in account.differences.values()]
    known_ids = {matter.id for matter in found}
    owned = [*_unclaimed_orders(state), *_unclaimed_positions(state)]
    return [*found, *(matter for matter in owned if matter.id not in known_ids)]


def _unclaimed_orders(state: State) -> list[Difference]:
    return [
        Difference(
            id=difference_id(order.intent.account, "order", order.intent.client_order_id),
            account=order.intent.account,
            kind="order",
            about=order.intent.client_order_id,
            ours="unclaimed",
            theirs="open",
            since=order.intent.created,
            cause="placed elsewhere: nobody owns it",
        )
        for order in state.blotter.open()
        if order.intent.owner == UNCLAIMED
    ]


def _unclaimed_positions(state: State) -> list[Difference]:
    found: list[Difference] = []
    for (account, symbol, owner), held in state.ledger.positions():
        if owner != UNCLAIMED or not held.quantity or symbol not in state.instruments:
            continue
        quantity = str(state.instruments[symbol].quantity(held.quantity))
        about = f"{symbol}{UNCLAIMED_SUFFIX}"
        found.append(
            Difference(
                id=difference_id(account, "position", about),
                account=account,
                kind="position",
                about=about,
                ours=quantity,
                theirs=quantity,
                since=state.now,
                cause="filled elsewhere: nobody owns it",
            )
        )
    return found


def find_matter(state: State, key: DifferenceId) -> Difference | None:
    """Return what an id stands for, or None."""
    return next((matter for matter in matters(state) if matter.id == key), None)


def refusal(state: State, event: DifferenceAnswerRequested) -> str | None:
    """Return why an answer cannot be given, in one line; None where it can."""
    matter = find_matter(state, event.difference_id)
    if matter is None:
        return f"no difference {event.difference_id}: see `tradebot reconcile`"
    account = state.accounts[matter.account]
    told = event.answer
    if told == "ignore":
        known = matter.id in account.differences
        return None if known else f"{matter.id} is no difference: adopt, cancel or close it"
    if event.owner is not None and event.owner not in {HAND, UNCLAIMED, *state.sleeves}:
        known_owners = ", ".join([HAND, UNCLAIMED, *state.sleeves])
        return f"no owner {event.owner}: there is {known_owners}"
    return _REFUSALS[matter.kind](state, matter, told)


def _order_refusal(state: State, matter: Difference, _: DifferenceAnswer) -> str | None:
    order = state.blotter.get(ClientOrderId(matter.about))
    held = order is not None and order.state != "denied"
    return None if held else f"{matter.about} was not told in full: cancel it at the venue"


def _cash_refusal(state: State, matter: Difference, answer: DifferenceAnswer) -> str | None:
    if answer == "flatten":
        return "cash is not flattened: adopt it as a correction, or ignore it"
    unbooked = matter.id in state.accounts[matter.account].unbooked
    legal = _cash_gap(matter) is not None and not unbooked
    return None if legal else f"{matter.theirs} cannot be booked: ignore it with a reason"


def _fill_refusal(state: State, matter: Difference, answer: DifferenceAnswer) -> str | None:
    if answer == "flatten":
        return "a fill is not flattened: adopt or ignore it, then flatten its instrument"
    told = state.accounts[matter.account].unbooked.get(matter.id)
    if isinstance(told, OrderFilled) and matter.ours != "not booked":
        return None
    return f"{matter.theirs} cannot be booked: ignore it with a reason"


def _position_refusal(state: State, matter: Difference, _: DifferenceAnswer) -> str | None:
    symbol = InstrumentId(matter.about.removesuffix(UNCLAIMED_SUFFIX))
    instrument = state.instruments.get(symbol)
    if instrument is None or state.market.get(symbol) is None:
        return f"{symbol} is not traded by this engine: ignore it, or close it at the venue"
    if matter.about.endswith(UNCLAIMED_SUFFIX):
        return None
    if _gap_units(instrument, matter) is None:
        return f"{matter.theirs} of {symbol} cannot be booked: ignore it with a reason"
    if _cost(state, instrument, matter, 1) is None:
        return f"no price of {symbol} is known: wait for its market, or ignore it"
    return None


_REFUSALS: dict[DifferenceKind, Callable[[State, Difference, DifferenceAnswer], str | None]] = {
    "order": _order_refusal,
    "position": _position_refusal,
    "cash": _cash_refusal,
    "fill": _fill_refusal,
}


def on_answer(step: Step, event: DifferenceAnswerRequested) -> None:
    """Do what an operator says of a difference."""
    state = step.state
    trouble = refusal(state, event)
    matter = find_matter(state, event.difference_id)
    if trouble is not None or matter is None:
        step.emit(Alert(level="error", text=f"reconcile: {trouble}"))
        return
    owner = event.owner or HAND
    match event.answer:
        case "ignore":
            _answered(step, matter, event)
        case "adopt":
            adopt(step, matter, owner, event)
        case "flatten":
            _flatten(step, matter, event)


def adopt(step: Step, matter: Difference, owner: Owner, event: DifferenceAnswerRequested) -> None:
    """Take a matter into the books of an owner; `refusal` has found nothing against it."""
    state = step.state
    if matter.kind == "order":
        step.emit(OrderAdopted(client_order_id=ClientOrderId(matter.about), owner=owner))
    elif matter.about.endswith(UNCLAIMED_SUFFIX):
        _claim(step, matter, owner)
    elif matter.kind == "position":
        adopt_position(step, matter, owner)
    elif matter.kind == "cash":
        adopt_cash(step, matter, event.reason)
    if matter.id in state.accounts[matter.account].differences:
        _answered(step, matter, event)


def adopt_position(step: Step, matter: Difference, owner: Owner) -> bool:
    """Take what the venue holds more (or less) than the ledger into an owner's books; return whether it could be."""
    state = step.state
    instrument = state.instruments.get(InstrumentId(matter.about))
    gap = None if instrument is None else _gap_units(instrument, matter)
    cost = None if instrument is None or gap is None else _cost(state, instrument, matter, gap)
    if instrument is None or gap is None or cost is None:
        return False
    step.emit(
        PositionAdopted(
            account=matter.account,
            instrument=instrument.id,
            owner=owner,
            origin=None,
            quantity=gap,
            cost=str(cost),
        )
    )
    return True


def adopt_cash(step: Step, matter: Difference, reason: str) -> bool:
    """Book what the venue has more (or less) than the ledger as a correction; return whether it could be."""
    gap = _cash_gap(matter)
    if gap is None:
        return False
    step.emit(
        CashAdopted(account=matter.account, asset=matter.about, amount=str(gap), reason=reason)
    )
    return True


def _claim(step: Step, matter: Difference, owner: Owner) -> None:
    """Move an unclaimed position, at what it cost, into an owner's books."""
    symbol = InstrumentId(matter.about.removesuffix(UNCLAIMED_SUFFIX))
    held = step.state.ledger.position(matter.account, symbol, UNCLAIMED)
    if owner == UNCLAIMED or not held.quantity:
        return
    step.emit(
        PositionAdopted(
            account=matter.account,
            instrument=symbol,
            owner=owner,
            origin=UNCLAIMED,
            quantity=held.quantity,
            cost=str(held.cost),
        )
    )


def _flatten(step: Step, matter: Difference, event: DifferenceAnswerRequested) -> None:
    """Close what a difference is about: cancel an order, or flatten the account's net in an instrument."""
    if matter.kind == "order":
        order = step.state.blotter.get(ClientOrderId(matter.about))
        if order is not None and not order.is_open:
            step.emit(
                OrderAdopted(client_order_id=order.intent.client_order_id, owner=order.intent.owner)
            )
        if order is not None:
            step.cancel(order.intent, why("reconcile-flatten"))
    elif not matter.about.endswith(UNCLAIMED_SUFFIX):
        # The venue holds it: what is closed must first stand in the books, under whoever is nobody.
        adopt_position(step, matter, UNCLAIMED)
    if matter.id in step.state.accounts[matter.account].differences:
        _answered(step, matter, event)
    if matter.kind == "position":
        symbol = InstrumentId(matter.about.removesuffix(UNCLAIMED_SUFFIX))
        change_state(step, "HALTED", FLATTEN)
        step.emit(FlattenStarted(account=matter.account, instrument=symbol))
        flatten_step(step, (matter.account, symbol), again=True)


def _answered(step: Step, matter: Difference, event: DifferenceAnswerRequested) -> None:
    step.emit(
        DifferenceAnswered(
            difference_id=matter.id,
            answer=event.answer,
            reason=event.reason,
            ours=matter.ours,
            theirs=matter.theirs,
        )
    )


# ------------------------------------------------------------------------------------ figures


def _gap_units(instrument: Instrument, matter: Difference) -> int | None:
    gap = matter.gap()
    if not gap:
        return None
    try:
        return instrument.quantity_units(Decimal(gap))
    except ScaleError:
        return None


def _cash_gap(matter: Difference) -> Decimal | None:
    gap = matter.gap()
    return Decimal(gap) if gap and legal_amount(Decimal(gap)) else None


def _cost(
    state: State, instrument: Instrument, matter: Difference, quantity: int
) -> Decimal | None:
    """Return quantity x the venue's average price, else the mark, x multiplier; None where neither is known."""
    price = state.accounts[matter.account].average_prices.get(instrument.id)
    if price is None or not legal_amount(price):
        market = state.market.get(instrument.id)
        price = None if market is None else market.mark()
    if price is None:
        return None
    try:
        value = MONEY.multiply(instrument.quantity(quantity), price)
        return MONEY.multiply(value, instrument.multiplier)
    except ArithmeticError:
        return None
