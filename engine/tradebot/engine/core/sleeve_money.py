"""A sleeve's money: what it has made, what it is worth, what it sizes by, and what no sleeve has been given."""

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from tradebot.engine.core.ledger import ZERO
from tradebot.engine.core.rates import ROUNDING
from tradebot.engine.core.sleeve_memory import ShadowBook
from tradebot.engine.core.types import AccountName, Owner

if TYPE_CHECKING:
    from tradebot.engine.core.state import SleeveState, State


def profit(state: "State", sleeve: Owner) -> Decimal | None:
    """Return what a sleeve has made so far in the engine's currency, fees and open positions in.

    None where it does not run, or holds something that nobody can price now.
    """
    known, rates = state.sleeves.get(sleeve), state.rates()
    if known is None or rates is None:
        return None
    account, total = known.started.account, ZERO
    for asset in state.ledger.assets(account):
        worth = rates.value(state.ledger.owned(account, asset, sleeve), asset, state.currency)
        if worth is None:
            return None
        total = ROUNDING.add(total, worth)
    return total


def pretended(state: "State", book: ShadowBook) -> Decimal | None:
    """Return what a shadow would have made, in the engine's currency; None while a part cannot be priced."""
    rates, total = state.rates(), ZERO
    if rates is None:
        return None
    held = {
        symbol: state.instruments[symbol].quantity(one.position.quantity)
        for symbol, one in book.positions.items()
    }
    for asset, amount in [*book.gained.items(), *held.items()]:
        worth = rates.value(amount, asset, state.currency)
        if worth is None:
            return None
        total = ROUNDING.add(total, worth)
    return total


def equity_of(state: "State", sleeve: "SleeveState") -> Decimal | None:
    """Return a sleeve's capital and its profit, in the engine's currency; None while a part cannot be priced.

    A shadow's profit is the pretended one.
    """
    shadow = sleeve.shadow
    made = profit(state, sleeve.started.name) if shadow is None else pretended(state, shadow)
    return None if made is None else ROUNDING.add(sleeve.started.capital, made)


def sizing_capital(state: "State", sleeve: "SleeveState") -> Decimal | None:
    """Return the capital that a sleeve's sizes and limits are shares of, in the engine's currency.

    What it has lost is gone from it in any case; what it has won counts where it compounds.
    """
    equity = equity_of(state, sleeve)
    if equity is None or sleeve.started.compound:
        return equity
    return min(sleeve.started.capital, equity)


class Pool(msgspec.Struct, frozen=True, kw_only=True):
    """Whose an account's equity is, in the engine's currency."""

    equity: Decimal
    sleeves: Decimal
    """Equity of its live sleeves, their capital and profit."""

    @property
    def free(self) -> Decimal:
        """Return what no live sleeve has been given: the hand's; below 0 the same money was given out twice."""
        return ROUNDING.subtract(self.equity, self.sleeves)


def pool(state: "State", account: AccountName) -> Pool | None:
    """Return how much of an account its live sleeves have been given; None while a part cannot be priced."""
    equity, given = state.valuation(account).equity, ZERO
    if equity is None:
        return None
    for sleeve in state.sleeves.values():
        if sleeve.started.account != account or sleeve.started.run != "live":
            continue
        worth = equity_of(state, sleeve)
        if worth is None:
            return None
        given = ROUNDING.add(given, worth)
    return Pool(equity=equity, sleeves=given)
