"""What an account was at the moments of its equity curve: cash, prices, and how much was in the market."""

from decimal import Decimal

import msgspec

from tradebot.engine.core.rates import ROUNDING
from tradebot.engine.core.state import State
from tradebot.engine.live.native_accounts import ACCOUNT


class Moment(msgspec.Struct, frozen=True):
    """One moment of a run, in the engine's currency."""

    ts: int
    """ns UTC."""
    cash: Decimal
    """Of all currencies; what could not be valued then is left out."""
    prices: tuple[Decimal | None, ...]
    """Of one unit of each instrument of the run; None while unknown."""
    weights: tuple[float, ...]
    """What of the equity stood in each instrument, signed; 0 where the price is unknown."""


def moment(state: State, now: int, equity: Decimal) -> Moment:
    """Return what the account is now.

    Args:
        state: The kernel's, started.
        now: The engine's time, ns UTC.
        equity: All sleeves'.
    """
    rates = state.rates()
    prices: list[Decimal | None] = []
    weights: list[float] = []
    for instrument in state.instruments.values():
        price = None if rates is None else rates.price(instrument.id, state.currency)
        held = instrument.quantity(state.ledger.net(ACCOUNT, instrument.id))
        prices.append(price)
        weights.append(float(held * price / equity) if price is not None and equity else 0.0)
    return Moment(now, _cash(state), tuple(prices), tuple(weights))


def _cash(state: State) -> Decimal:
    rates, total = state.rates(), Decimal(0)
    known = {instrument.id for instrument in state.instruments.values()}
    for asset in state.ledger.assets(ACCOUNT):
        if asset in known or rates is None:
            continue
        worth = rates.value(state.ledger.balance(ACCOUNT, asset), asset, state.currency)
        total = ROUNDING.add(total, worth or Decimal(0))
    return total
