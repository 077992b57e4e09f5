"""What was decided about sleeves, taken into the state: in a run and in recovery alike."""

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.ledger import MONEY, ZERO, Position, carry
from tradebot.engine.core.outcomes import (
    ShadowFilled,
    SleeveExitEnded,
    SleeveExitStarted,
    SleeveMarked,
    SleeveStopped,
    SleeveTaken,
)
from tradebot.engine.core.sleeve_memory import ShadowBook, ShadowPosition, SleeveMark
from tradebot.engine.core.sleeve_terms import SleeveStarted
from tradebot.engine.core.types import sign

if TYPE_CHECKING:
    from tradebot.engine.core.state import SleeveState, State

type SleeveFact = (
    SleeveTaken | SleeveStopped | SleeveExitStarted | SleeveExitEnded | SleeveMarked | ShadowFilled
)
"""Facts about one sleeve that others than its policy bring about."""


def after_start(known: "SleeveState", configured: SleeveStarted) -> SleeveStarted:
    """Return the terms of a sleeve after a start: what a word changed holds until the configuration changes it too."""
    before, held = known.configured, known.started
    return msgspec.structs.replace(
        configured,
        run=held.run if configured.run == before.run else configured.run,
        capital=held.capital if configured.capital == before.capital else configured.capital,
        limits=held.limits if configured.limits == before.limits else configured.limits,
    )


def take_sleeve_fact(state: "State", sleeve: "SleeveState", outcome: SleeveFact) -> None:
    """Remember what was decided about a sleeve."""
    match outcome:
        case SleeveTaken():
            _taken(state, sleeve, outcome)
        case SleeveStopped():
            sleeve.started = msgspec.structs.replace(sleeve.started, run="off")
            sleeve.shadow = None
        case SleeveExitStarted():
            sleeve.exiting = outcome.reason
            sleeve.next_piece = sleeve.pieces = 0
        case SleeveExitEnded():
            sleeve.exiting = None
        case SleeveMarked():
            sleeve.mark = SleeveMark(
                day=outcome.day, day_start=Decimal(outcome.day_start), peak=Decimal(outcome.peak)
            )
        case ShadowFilled():
            _shadow_filled(state, sleeve, outcome)


def _taken(state: "State", sleeve: "SleeveState", outcome: SleeveTaken) -> None:
    before = sleeve.started
    sleeve.started, sleeve.configured = outcome.started, outcome.configured
    if outcome.started.capital != before.capital:
        sleeve.mark = None  # money that was given or taken is neither won nor lost
    if outcome.what in {"start", "reload", "rollback"}:
        sleeve.saved = outcome.memory
        sleeve.forget()
    if outcome.what == "start":
        sleeve.lift()
        sleeve.mark = None
    if outcome.started.run != "shadow":
        sleeve.shadow = None
    elif before.run != "shadow" or sleeve.shadow is None:
        sleeve.shadow = shadow_of(state, outcome.started)


def shadow_of(state: "State", started: SleeveStarted) -> ShadowBook:
    """Return the pretend ledger a shadow begins with: what its sleeve holds, if anything."""
    account, name = started.account, started.name
    positions: dict[InstrumentId, ShadowPosition] = {}
    for symbol in started.symbols:
        position = state.ledger.position(account, symbol, name)
        if position.quantity:
            positions[symbol] = ShadowPosition(position=position)
    gained = {
        asset: amount
        for asset in state.ledger.assets(account)
        if asset not in state.instruments and (amount := state.ledger.owned(account, asset, name))
    }
    return ShadowBook(positions=positions, gained=gained)


def _shadow_filled(state: "State", sleeve: "SleeveState", outcome: ShadowFilled) -> None:
    book, instrument = sleeve.shadow or ShadowBook(), state.instruments.get(outcome.instrument)
    if instrument is None:
        return
    signed = sign(outcome.side) * outcome.quantity
    value = instrument.notional(outcome.price, signed)
    held = book.positions.get(instrument.id, ShadowPosition(position=Position()))
    after = carry(held.position, signed, value)
    grown = abs(after.quantity) > abs(held.position.quantity)
    positions = {key: one for key, one in book.positions.items() if key != instrument.id}
    if after.quantity:
        positions[instrument.id] = ShadowPosition(
            position=after,
            stop=outcome.stop if grown else held.stop,
            target=outcome.target if grown else held.target,
        )
    gained = MONEY.subtract(book.gained.get(instrument.currency, ZERO), value)
    sleeve.shadow = ShadowBook(
        positions=positions, gained={**book.gained, instrument.currency: gained}
    )
