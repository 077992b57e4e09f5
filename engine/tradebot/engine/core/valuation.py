"""Equity: all that accounts hold, valued in the engine's currency; what cannot be valued is named, not guessed."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from tradebot.engine.core.ledger import ZERO, Ledger
from tradebot.engine.core.rates import ROUNDING, Rates
from tradebot.engine.core.types import AccountName


class Unvalued(msgspec.Struct, frozen=True):
    """What an account holds and no rate or mark values."""

    account: AccountName
    asset: str
    """A currency, or an instrument's id."""
    amount: Decimal


class Valuation(msgspec.Struct, frozen=True):
    """What accounts hold, in the engine's currency."""

    valued: Decimal
    """Sum of all that can be valued."""
    missing: tuple[Unvalued, ...]

    @property
    def equity(self) -> Decimal | None:
        """Return the whole; None while a part of it is not valued."""
        return None if self.missing else self.valued

    def text(self) -> str:
        """Return what the total lacks, e.g. `+ 0.2 BTC not valued`; empty where nothing."""
        parts = [f"{one.amount.normalize():+f} {one.asset}" for one in self.missing]
        return ", ".join(part.replace("+", "+ ").replace("-", "- ") for part in parts) + (
            " not valued" if parts else ""
        )


def valuation(
    ledger: Ledger, accounts: Iterable[AccountName], rates: Rates, currency: str
) -> Valuation:
    """Return what accounts hold: cash at rates, positions at their marks.

    An instrument's position and cash of its base asset are different rows of the ledger, so that nothing counts twice.
    """
    total, missing = ZERO, list[Unvalued]()
    for account in accounts:
        for asset in ledger.assets(account):
            held = ledger.balance(account, asset)
            worth = rates.value(held, asset, currency)
            if worth is None:
                missing.append(Unvalued(account, asset, held))
            else:
                total = ROUNDING.add(total, worth)
    return Valuation(total, tuple(missing))
