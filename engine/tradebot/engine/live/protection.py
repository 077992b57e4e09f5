"""Where a position's stops live, and what is at risk to them."""

from decimal import Decimal
from typing import Literal

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.exposures import exposures
from tradebot.engine.core.open_risk import Stop, side_risk
from tradebot.engine.core.orders import STOPS, Order
from tradebot.engine.core.size_limits import exposure_risk
from tradebot.engine.core.state import State
from tradebot.engine.core.types import AccountName, Owner


def protected_at(
    state: State, account: AccountName, symbol: InstrumentId, owner: Owner, held: int
) -> Literal["broker", "engine"] | None:
    """Return where the stops of a position live that cover all of it; None where they do not.

    `engine` as soon as the broker's alone would not cover it: what this process holds ends with it.
    """
    stops = [order for order in state.blotter.open_in(account, symbol) if _closes(order, held)]
    mine = [order for order in stops if order.intent.owner == owner]
    at_broker = sum(order.leaves for order in mine if order.lives_at == "broker")
    if held == 0 or sum(order.leaves for order in mine) < abs(held):
        return None
    return "broker" if at_broker >= abs(held) else "engine"


def _closes(order: Order, held: int) -> bool:
    intent = order.intent
    stop = intent.type in STOPS or intent.role == "stop_loss"
    return stop and intent.reduce_only and (intent.side == "sell") == (held > 0)


def protections(
    state: State,
) -> list[tuple[tuple[AccountName, InstrumentId, Owner], int, Literal["broker", "engine"] | None]]:
    """Return every position that is held, with its signed units and where the stops live that cover it."""
    return [
        (holding, position.quantity, protected_at(state, *holding, position.quantity))
        for holding, position in state.ledger.positions()
        if position.quantity
    ]


def left_bare(state: State) -> list[str]:
    """Return the positions that no stop would cover if the engine ended now: `long 0.05 binance:BTCUSDT (hand)`.

    Stops that only this process holds end with it and do not count. Of a position that the broker's stops cover in
    part the text says how much they leave.
    """
    found: list[str] = []
    for (account, symbol, owner), units, place in protections(state):
        if place == "broker":
            continue
        instrument = state.instruments.get(symbol)
        if instrument is None:
            continue  # of a market this engine no longer trades: told as a difference, never held up
        stops = (o for o in state.blotter.open_in(account, symbol) if _closes(o, units))
        covered = sum(
            order.leaves
            for order in stops
            if order.intent.owner == owner and order.lives_at == "broker"
        )
        bare = f"{instrument.quantity(abs(units) - covered).normalize():f}"
        whole = f"{instrument.quantity(abs(units)).normalize():f}"
        part = f"{bare} of {whole}" if covered else whole
        found.append(f"{'long' if units > 0 else 'short'} {part} {symbol} ({owner})")
    return found


def open_risk(state: State) -> Decimal | None:
    """Return what positions and working orders can lose if every stop is hit; None while a mark is missing."""
    total = Decimal(0)
    for account in state.accounts:
        for exposure in exposures(state, account):
            if exposure.worst() and exposure.mark is None:
                return None
            mark = exposure.mark or Decimal(0)
            total += exposure_risk(exposure, mark, state.limits.unprotected_risk)
    return total


def owner_risk(state: State, account: AccountName, owner: Owner) -> Decimal | None:
    """Return what an owner's positions lose if every stop of his is hit, in the engine's currency.

    None while a mark or rate is missing. The whole account's figure may be less: there opposite positions net.
    """
    total, rates = Decimal(0), state.rates()
    for (held_at, symbol, holder), position in state.ledger.positions():
        if (held_at, holder) != (account, owner) or not position.quantity:
            continue
        instrument, market = state.instruments[symbol], state.market.get(symbol)
        mark = None if market is None else market.mark()
        if mark is None or rates is None:
            return None
        stops = tuple(
            Stop(order.leaves, trigger)
            for order in state.blotter.open_in(account, symbol)
            if order.intent.owner == owner and _closes(order, position.quantity)
            if (trigger := order.intent.trigger_price) is not None
        )
        way = 1 if position.quantity > 0 else -1
        unprotected = state.limits.unprotected_risk
        lost = side_risk(instrument, abs(position.quantity), mark, stops, way, unprotected)
        worth = rates.value(lost, instrument.currency, state.currency)
        if worth is None:
            return None
        total += worth
    return total
