"""The ledger: double entry, exact, by owner.

Every movement is postings (account, asset, owner, signed amount) that sum to zero per asset against the venue;
corrections reverse, nothing is edited. A position keeps signed quantity and total cost; a partial close takes
cost x closed / quantity, rounded half-even, and the rest stays, so sums are exact.
"""

from collections import defaultdict
from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, Inexact, InvalidOperation

import msgspec

from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.core.events import CashMoved, OrderFilled
from tradebot.engine.core.types import HAND, AccountName, Owner, sign

MONEY = Context(
    prec=38, rounding=ROUND_HALF_EVEN, traps=[Inexact, InvalidOperation, DivisionByZero]
)
"""Arithmetic of money: 38 digits, and a sum that would lose one raises."""

_ROUNDING = Context(prec=76, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero])

VENUE = Owner("@venue")
"""The other side of every posting."""

ZERO = Decimal(0)


class Posting(msgspec.Struct, frozen=True):
    """One leg of a movement."""

    account: AccountName
    asset: str
    owner: Owner
    amount: Decimal


class Position(msgspec.Struct, frozen=True):
    """What one owner holds of one instrument."""

    quantity: int = 0
    """Signed, in quantity units; short is negative."""
    cost: Decimal = ZERO
    """Total paid for what is held, signed as the quantity, in the quote currency."""
    realized: Decimal = ZERO
    """Profit of what was closed, before fees."""
    fees: Decimal = ZERO
    """Paid, in the quote currency."""


type PositionKey = tuple[AccountName, InstrumentId, Owner]
"""Whose position it is."""


class Ledger:
    """Balances and positions of all accounts and owners."""

    def __init__(self) -> None:
        self._balances: dict[tuple[AccountName, Owner, str], Decimal] = {}
        self._positions: dict[PositionKey, Position] = {}
        self._movements: set[str] = set()

    def post(self, postings: Iterable[Posting]) -> None:
        """Book postings that sum to zero per asset.

        Raises:
            ValueError: If an asset's postings do not sum to zero.
            decimal.Inexact: If a sum has more than 38 digits; nothing is booked then.
        """
        legs = tuple(postings)
        sums: defaultdict[str, Decimal] = defaultdict(Decimal)
        for leg in legs:
            sums[leg.asset] = MONEY.add(sums[leg.asset], leg.amount)
        for asset, total in sums.items():
            if total:
                raise ValueError(f"postings of {asset} must sum to zero, summed to {total}")
        # All or nothing: a sum that does not fit raises before anything is booked.
        after: dict[tuple[AccountName, Owner, str], Decimal] = {}
        for leg in legs:
            key = (leg.account, leg.owner, leg.asset)
            after[key] = MONEY.add(after.get(key, self._balances.get(key, ZERO)), leg.amount)
        self._balances.update(after)

    def move_cash(self, event: CashMoved) -> bool:
        """Book a deposit, withdrawal or the like; return False where it was booked before."""
        if event.movement_id in self._movements:
            return False
        self.post(_against_venue(event.account, event.asset, HAND, event.amount))
        self._movements.add(event.movement_id)
        return True

    def fill(self, event: OrderFilled, instrument: Instrument, owner: Owner) -> None:
        """Book one execution and its fee, and carry the position."""
        signed = sign(event.side) * event.quantity
        quantity = instrument.quantity(signed)
        value = MONEY.multiply(instrument.price(event.price), quantity)
        value = MONEY.multiply(value, instrument.multiplier)
        legs = [
            *_against_venue(event.account, instrument.id, owner, quantity),
            *_against_venue(event.account, instrument.currency, owner, -value),
        ]
        if event.fee:
            legs += _against_venue(event.account, event.fee_currency, owner, -event.fee)
        key = (event.account, event.instrument, owner)
        position = carry(self._positions.get(key, Position()), signed, value)
        if event.fee_currency == instrument.currency:
            position = msgspec.structs.replace(position, fees=MONEY.add(position.fees, event.fee))
        self.post(legs)
        self._positions[key] = position

    def balance(self, account: AccountName, asset: str) -> Decimal:
        """Return what an account holds of an asset, over all owners."""
        return self._sum(account, asset, None)

    def owned(self, account: AccountName, asset: str, owner: Owner) -> Decimal:
        """Return what one owner holds of an asset."""
        return self._sum(account, asset, owner)

    def _sum(self, account: AccountName, asset: str, owner: Owner | None) -> Decimal:
        total = ZERO
        for (held_by, whose, what), amount in self._balances.items():
            wanted = whose != VENUE if owner is None else whose == owner
            if held_by == account and what == asset and wanted:
                total = MONEY.add(total, amount)
        return total

    def assets(self, account: AccountName) -> list[str]:
        """Return the assets an account ever held, sorted."""
        return sorted({asset for (held_by, _, asset) in self._balances if held_by == account})

    def trial_balance(self) -> dict[str, Decimal]:
        """Return the sum of all postings by asset: zero, always."""
        totals: defaultdict[str, Decimal] = defaultdict(Decimal)
        for (_, _, asset), amount in self._balances.items():
            totals[asset] = MONEY.add(totals[asset], amount)
        return dict(totals)

    def positions(self) -> list[tuple[PositionKey, Position]]:
        """Return every position ever held, by account, instrument, owner; closed ones have quantity 0."""
        return sorted(self._positions.items(), key=lambda item: item[0])

    def position(self, account: AccountName, instrument: InstrumentId, owner: Owner) -> Position:
        """Return one owner's position; an empty one where there is none."""
        return self._positions.get((account, instrument, owner), Position())

    def net(self, account: AccountName, instrument: InstrumentId) -> int:
        """Return an account's signed quantity over all owners, in units."""
        return sum(
            position.quantity
            for (held_by, what, _), position in self._positions.items()
            if held_by == account and what == instrument
        )


def carry(position: Position, signed: int, value: Decimal) -> Position:
    """Return a position after an execution.

    Args:
        position: Before.
        signed: Executed quantity in units, negative for a sell, not 0.
        value: Price x signed quantity x multiplier, exact, in the quote currency.

    Returns:
        Quantity, total cost and realized profit after; fees are the caller's.
    """
    held = position.quantity
    if held == 0 or (held > 0) == (signed > 0):
        return msgspec.structs.replace(
            position, quantity=held + signed, cost=MONEY.add(position.cost, value)
        )
    closing = min(abs(signed), abs(held))
    closed_value = _share(value, closing, abs(signed))
    closed_cost = _share(position.cost, closing, abs(held))
    # A close moves the opposite way: proceeds are minus its value, for longs and shorts alike.
    realized = MONEY.subtract(MONEY.minus(closed_value), closed_cost)
    rest_value = MONEY.subtract(value, closed_value)
    flipped = abs(signed) > abs(held)
    rest_cost = rest_value if flipped else MONEY.subtract(position.cost, closed_cost)
    return msgspec.structs.replace(
        position,
        quantity=held + signed,
        cost=rest_cost,
        realized=MONEY.add(position.realized, realized),
    )


def _share(amount: Decimal, part: int, whole: int) -> Decimal:
    """Return amount x part / whole at the amount's own exponent, rounded half-even."""
    if part == whole:
        return amount
    raw = _ROUNDING.divide(_ROUNDING.multiply(amount, Decimal(part)), Decimal(whole))
    exponent = amount.as_tuple().exponent
    quantum = Decimal((0, (1,), exponent if isinstance(exponent, int) else 0))
    return raw.quantize(quantum, rounding=ROUND_HALF_EVEN, context=_ROUNDING)


def _against_venue(
    account: AccountName, asset: str, owner: Owner, amount: Decimal
) -> tuple[Posting, Posting]:
    return (
        Posting(account, asset, owner, amount),
        Posting(account, asset, VENUE, MONEY.minus(amount)),
    )
