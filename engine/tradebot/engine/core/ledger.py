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
from tradebot.engine.core.events import CashMoved, FeeCharged, OrderFilled
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

KEPT_MAX = 10_000
"""Most bookings of instruments kept apart in memory: an execution older than these cannot be reversed any more."""


class Booked(msgspec.Struct, frozen=True, array_like=True):
    """What one execution (or adoption) booked: all that is needed to take it back to the last digit."""

    key: PositionKey
    signed: int
    """Quantity in units, negative for a sell."""
    value: Decimal
    """Price x signed quantity x multiplier, in the quote currency."""
    fees: Decimal
    """Fees in the quote currency, one in the base asset at the execution's price."""
    shrunk: int
    """Units of the position that paid a fee in the base asset, signed as the fee."""
    shrunk_value: Decimal
    """What those units were worth at the execution's price."""
    amounts: tuple[tuple[str, Decimal], ...]
    """What the account gained by asset; the venue lost the same."""


class Touch(msgspec.Struct, frozen=True):
    """A booking that changed a position."""

    row: Booked
    back: bool
    """Whether it was taken back."""


class Ledger:
    """Balances and positions of all accounts and owners."""

    def __init__(self) -> None:
        self._balances: dict[tuple[AccountName, str], dict[Owner, Decimal]] = {}
        self._positions: dict[tuple[AccountName, InstrumentId], dict[Owner, Position]] = {}
        self._movements: set[tuple[AccountName, str]] = set()
        self._kept: dict[tuple[AccountName, str], Booked] = {}
        """Bookings by account and execution id, oldest first."""
        self._folded: dict[PositionKey, Position] = {}
        """Positions as the bookings that are no longer kept left them."""
        self._touched: list[Touch] = []
        """What `take_touched` gives."""

    def take_touched(self) -> list[Touch]:
        """Return what was booked on positions, and taken back, since it was last asked."""
        if not self._touched:
            return []
        taken, self._touched = self._touched, []
        return taken

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
        after: dict[tuple[AccountName, str, Owner], Decimal] = {}
        for leg in legs:
            key = (leg.account, leg.asset, leg.owner)
            before = after.get(key)
            if before is None:
                before = self._balances.get((leg.account, leg.asset), {}).get(leg.owner, ZERO)
            after[key] = MONEY.add(before, leg.amount)
        for (account, asset, owner), amount in after.items():
            self._balances.setdefault((account, asset), {})[owner] = amount

    def move_cash(self, event: CashMoved) -> bool:
        """Book a deposit, withdrawal or the like; return False where it was booked before."""
        return self.pay(event.account, event.movement_id, event.asset, event.amount, HAND)

    def pay(
        self, account: AccountName, movement_id: str, asset: str, amount: Decimal, owner: Owner
    ) -> bool:
        """Book a movement of one asset against the venue; return False where its id was booked before.

        Args:
            account: Whose.
            movement_id: Deduplicates, within the account.
            asset: What moves.
            amount: Signed; positive comes in.
            owner: Who gains it.
        """
        if (account, movement_id) in self._movements:
            return False
        self.post(_against_venue(account, asset, owner, amount))
        self._movements.add((account, movement_id))
        return True

    def charge(self, event: FeeCharged, owner: Owner, instrument: Instrument | None) -> bool:
        """Book a fee told apart from its fill; return False where it was booked before.

        Args:
            event: The fee.
            owner: Who pays it.
            instrument: Whose position's fees it adds to, where it is in the quote currency; None: no position's.
        """
        # Fees and movements of a venue may share an id.
        paid = self.pay(
            event.account, f"fee:{event.fee_id}", event.asset, MONEY.minus(event.amount), owner
        )
        if paid and instrument is not None and event.asset == instrument.currency:
            key = (event.account, instrument.id, owner)
            row = Booked(key, 0, ZERO, event.amount, 0, ZERO, ())
            self._keep(f"fee:{event.fee_id}", row)
        return paid

    def fill(self, event: OrderFilled, instrument: Instrument, owner: Owner) -> None:
        """Book one execution and its fee, and carry the position.

        A fee in the base asset of a spot instrument takes whole quantity units out of the position, as if sold at the
        execution's price to pay it; what is less than a unit is booked as cash of the base asset.
        """
        row = booking(event, instrument, owner)
        carried(self.position(*row.key), row)  # raises before anything is booked
        self.post(_legs(row))
        self._keep(event.execution_id, row)

    def adopt(
        self, adoption_id: str, key: PositionKey, instrument: Instrument, signed: int, cost: Decimal
    ) -> None:
        """Take a position into an owner's books that no execution brought: no cash moves.

        Args:
            adoption_id: Its name among the bookings, unique in the account.
            key: Whose.
            instrument: Of the key.
            signed: Quantity in units, not 0.
            cost: Total paid for it in the quote currency, signed as the quantity.
        """
        amounts = ((instrument.id, instrument.quantity(signed)),)
        row = Booked(key, signed, cost, ZERO, 0, ZERO, amounts)
        carried(self.position(*key), row)
        self.post(_legs(row))
        self._keep(adoption_id, row)

    def hand_to(
        self,
        adoption_id: str,
        origin: PositionKey,
        instrument: Instrument,
        to: Owner,
        signed: int,
        cost: Decimal,
    ) -> None:
        """Move a part of a position from one owner's books to another's at a cost that the other pays.

        Args:
            adoption_id: Its name among the bookings, unique in the account.
            origin: Whose it was.
            instrument: Of the key.
            to: Whose it becomes.
            signed: Quantity in units, not 0.
            cost: What the new owner pays in the quote currency, signed as the quantity.
        """
        account, symbol, _ = origin
        quantity, currency = instrument.quantity(signed), instrument.currency
        given = ((symbol, MONEY.minus(quantity)), (currency, cost))
        taken = ((symbol, quantity), (currency, MONEY.minus(cost)))
        give = Booked(origin, -signed, MONEY.minus(cost), ZERO, 0, ZERO, given)
        take = Booked((account, symbol, to), signed, cost, ZERO, 0, ZERO, taken)
        for row in (give, take):
            carried(self.position(*row.key), row)
        self.post([*_legs(give), *_legs(take)])
        self._keep(f"{adoption_id}:given", give)
        self._keep(f"{adoption_id}:taken", take)

    def booked(self, account: AccountName, execution_id: str) -> Booked | None:
        """Return what an execution booked; None where it is unknown, reversed, or older than what is kept."""
        return self._kept.get((account, execution_id))

    def reverse(self, account: AccountName, execution_id: str) -> bool:
        """Take back what an execution booked: balances and position become as if it had never been.

        Later executions of the same position are carried again without it, so that their realized profit changes.

        Returns:
            False where the execution is unknown, was reversed before, or is older than the last `KEPT_MAX`: nothing
            is booked then.

        Raises:
            decimal.Inexact: If a sum has more than 38 digits; nothing is booked then.
        """
        row = self._kept.get((account, execution_id))
        if row is None:
            return False
        position = self._folded.get(row.key, Position())
        for kept in self._kept.values():
            if kept.key == row.key and kept is not row:
                position = carried(position, kept)
        self.post(_reversed(leg) for leg in _legs(row))
        del self._kept[account, execution_id]
        self._positions[row.key[:2]][row.key[2]] = position
        self._touched.append(Touch(row, back=True))
        return True

    def _keep(self, booking_id: str, row: Booked) -> None:
        position = carried(self.position(*row.key), row)
        self._positions.setdefault(row.key[:2], {})[row.key[2]] = position
        self._kept[row.key[0], booking_id] = row
        self._touched.append(Touch(row, back=False))
        if len(self._kept) > KEPT_MAX:
            oldest = self._kept.pop(next(iter(self._kept)))
            self._folded[oldest.key] = carried(self._folded.get(oldest.key, Position()), oldest)

    def balance(self, account: AccountName, asset: str) -> Decimal:
        """Return what an account holds of an asset, over all owners."""
        total = ZERO
        for owner, amount in self._balances.get((account, asset), {}).items():
            if owner != VENUE:
                total = MONEY.add(total, amount)
        return total

    def owned(self, account: AccountName, asset: str, owner: Owner) -> Decimal:
        """Return what one owner holds of an asset."""
        return self._balances.get((account, asset), {}).get(owner, ZERO)

    def owners(self, account: AccountName) -> list[Owner]:
        """Return who ever had something booked in an account, sorted."""
        found = {
            owner
            for (held_by, _), by_owner in self._balances.items()
            if held_by == account
            for owner in by_owner
        }
        return sorted(found - {VENUE})

    def assets(self, account: AccountName) -> list[str]:
        """Return the assets an account ever held, sorted."""
        return sorted(asset for (held_by, asset) in self._balances if held_by == account)

    def trial_balance(self) -> dict[str, Decimal]:
        """Return the sum of all postings by asset: zero, always."""
        totals: defaultdict[str, Decimal] = defaultdict(Decimal)
        for (_, asset), by_owner in self._balances.items():
            for amount in by_owner.values():
                totals[asset] = MONEY.add(totals[asset], amount)
        return dict(totals)

    def positions(self) -> list[tuple[PositionKey, Position]]:
        """Return every position ever held, by account, instrument, owner; closed ones have quantity 0."""
        return sorted(
            (
                ((account, symbol, owner), position)
                for (account, symbol), by_owner in self._positions.items()
                for owner, position in by_owner.items()
            ),
            key=lambda item: item[0],
        )

    def position(self, account: AccountName, instrument: InstrumentId, owner: Owner) -> Position:
        """Return one owner's position; an empty one where there is none."""
        return self._positions.get((account, instrument), {}).get(owner) or Position()

    def net(self, account: AccountName, instrument: InstrumentId) -> int:
        """Return an account's signed quantity over all owners, in units."""
        held = self._positions.get((account, instrument), {})
        return sum(position.quantity for position in held.values())


def booking(event: OrderFilled, instrument: Instrument, owner: Owner) -> Booked:
    """Return what an execution books.

    Raises:
        decimal.Inexact: If its value has more than 38 digits.
    """
    signed = sign(event.side) * event.quantity
    quantity = instrument.quantity(signed)
    price = MONEY.multiply(instrument.price(event.price), instrument.multiplier)
    value = MONEY.multiply(price, quantity)
    amounts = [(instrument.id, quantity), (instrument.currency, MONEY.minus(value))]
    fees, shrunk, shrunk_value = ZERO, 0, ZERO
    if event.fee_currency == instrument.currency:
        fees = event.fee
        amounts.append((event.fee_currency, MONEY.minus(event.fee)))
    elif instrument.kind == "spot" and event.fee_currency == instrument.base:
        shrunk = int(event.fee.scaleb(instrument.quantity_scale, MONEY))
        paid = instrument.quantity(shrunk)
        shrunk_value = fees = MONEY.multiply(price, paid)
        amounts += [
            (instrument.id, MONEY.minus(paid)),
            (event.fee_currency, MONEY.subtract(paid, event.fee)),
        ]
    else:
        amounts.append((event.fee_currency, MONEY.minus(event.fee)))
    key = (event.account, event.instrument, owner)
    moved = tuple((asset, amount) for asset, amount in amounts if amount)
    return Booked(key, signed, value, fees, shrunk, shrunk_value, moved)


def carried(position: Position, row: Booked) -> Position:
    """Return a position after a booking."""
    if row.signed:
        position = carry(position, row.signed, row.value)
    if row.shrunk:
        position = carry(position, -row.shrunk, MONEY.minus(row.shrunk_value))
    if row.fees:
        position = msgspec.structs.replace(position, fees=MONEY.add(position.fees, row.fees))
    return position


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
    closed_value = share(value, closing, abs(signed))
    closed_cost = share(position.cost, closing, abs(held))
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


def share(amount: Decimal, part: int, whole: int) -> Decimal:
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


def _legs(row: Booked) -> list[Posting]:
    account, _, owner = row.key
    return [
        leg
        for asset, amount in row.amounts
        for leg in _against_venue(account, asset, owner, amount)
    ]


def _reversed(leg: Posting) -> Posting:
    return msgspec.structs.replace(leg, amount=MONEY.minus(leg.amount))
