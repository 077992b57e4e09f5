"""Shadows: sleeves that decide and send nothing; what they would hold is kept on a pretend ledger.

What would trade at once is taken as filled at the touch, without fees; what would rest is told and not followed. The
stop and the target of an entry are watched as the engine's own stops are. So it says what its policy would do, not
what it would earn.
"""

from decimal import Decimal

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.gate_words import Check
from tradebot.engine.core.held import reached
from tradebot.engine.core.ledger import ZERO, Position
from tradebot.engine.core.market import InstrumentMarket
from tradebot.engine.core.outcomes import OrderIntent, ShadowFilled
from tradebot.engine.core.own_limits import own_lines
from tradebot.engine.core.size_limits import own_stop
from tradebot.engine.core.sleeve_memory import ShadowBook, ShadowPosition
from tradebot.engine.core.state import SleeveState, State
from tradebot.engine.core.step import Step, picture
from tradebot.engine.core.types import Owner, Side, opposite, sign
from tradebot.engine.core.venue_rules import venue_rules


def held_by(state: State, sleeve: SleeveState, symbol: InstrumentId) -> Position:
    """Return what a sleeve holds of an instrument as its policy sees it: a shadow's is pretended."""
    if sleeve.shadow is None:
        return state.ledger.position(sleeve.started.account, symbol, sleeve.started.name)
    held = sleeve.shadow.positions.get(symbol)
    return Position() if held is None else held.position


def gained_by(state: State, sleeve: SleeveState) -> Decimal:
    """Return what a sleeve received less what it paid in the engine's currency; a shadow's is pretended."""
    if sleeve.shadow is None:
        started = sleeve.started
        return state.ledger.owned(started.account, state.currency, started.name)
    return sleeve.shadow.gained.get(state.currency, ZERO)


def sends(state: State, name: Owner) -> bool:
    """Return whether what a sleeve decides may add risk at its venue: neither stopped, nor a shadow, nor unmandated."""
    sleeve = state.sleeves.get(name)
    if sleeve is None or sleeve.started.run != "live":
        return False
    return not state.is_live or state.authority.mandate_of(sleeve.started, state.now) is not None


def pretend(step: Step, sleeve: SleeveState, intent: OrderIntent) -> Check | int:
    """Take a shadow's order as if it had been sent.

    Returns:
        The line that would have refused it; else what would have traded at once, in units, 0 where it would rest.
    """
    state = step.state
    market, book = state.market[intent.instrument], sleeve.shadow or ShadowBook()
    lines = venue_rules(intent, market.instrument, state.now)
    refused = step.refused_terms(intent) or next((line for line in lines if not line.ok), None)
    held = book.positions.get(intent.instrument, ShadowPosition(position=Position())).position
    shrinks = held.quantity * sign(intent.side) < 0 and intent.quantity <= abs(held.quantity)
    if refused is None and intent.reduce_only and not shrinks:
        text = f"reduce-only {intent.side} against a pretended position of {market.instrument.quantity(held.quantity)}"
        refused = Check("reduce_only_would_add", ok=False, text=f"{text}: lower the quantity")
    if refused is None and sleeve.paused is not None and not shrinks:
        text = f"sleeve {intent.owner} is paused ({sleeve.paused}); `tradebot resume {intent.owner}` lifts it"
        refused = Check("sleeve_paused", ok=False, text=text)
    health = market.health(state.now)
    if refused is None and health != "up" and not shrinks:
        text = f"market data of {intent.instrument} is {health}: no new risk until it is up"
        refused = Check("feed_not_up", ok=False, text=text)
    if refused is None:
        refused = _over_its_limits(state, intent)
    if refused is not None:
        return refused
    price = _touched(market, intent.side, intent.limit_price)
    if price is None or intent.post_only:
        return 0
    legs = intent.legs
    step.emit(
        ShadowFilled(
            sleeve=intent.owner,
            instrument=intent.instrument,
            side=intent.side,
            quantity=intent.quantity,
            price=price,
            stop=own_stop(intent),
            target=None if legs is None else legs.take_profit,
        )
    )
    return intent.quantity


def _over_its_limits(state: State, intent: OrderIntent) -> Check | None:
    """Return which of a shadow's own limits refuses an order, counted on what it would hold."""
    seen = picture(state, intent)
    return next((line for line in own_lines(intent, seen) if not line.ok), None)


def _touched(market: InstrumentMarket, side: Side, limit: int | None) -> int | None:
    """Return the price at which an order would trade at once; None where it would rest, or nobody trades."""
    touch = market.best_ask() if side == "buy" else market.best_bid()
    if touch is None:
        return None
    within = limit is None or (limit - touch) * sign(side) >= 0
    return touch if within else None


def look_at_shadows(step: Step, symbol: InstrumentId) -> None:
    """Let the stops and targets of pretended positions do what they would have done."""
    state = step.state
    market = state.market.get(symbol)
    price = None if market is None else market.trigger_units()
    for name, sleeve in state.sleeves.items():
        held = None if sleeve.shadow is None else sleeve.shadow.positions.get(symbol)
        if held is None or market is None or price is None or market.health(state.now) != "up":
            continue
        units = held.position.quantity
        side: Side = "sell" if units > 0 else "buy"
        touch = _touched(market, side, None)
        stopped = held.stop is not None and reached(side, held.stop, price)
        met = held.target is not None and reached(opposite(side), held.target, price)
        at = held.target if met and not stopped else touch
        if (stopped or met) and at is not None:
            step.emit(
                ShadowFilled(
                    sleeve=name, instrument=symbol, side=side, quantity=abs(units), price=at
                )
            )
