"""The judge's own ledger: what each account and owner must hold after what the engine was told; naive sums."""

from decimal import ROUND_HALF_EVEN, Context, Decimal

import msgspec

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.events import CashMoved, FeeCharged, OrderFilled
from tradebot.engine.core.outcomes import CashAdopted, PositionAdopted
from tradebot.engine.core.types import HAND, UNCLAIMED, AccountName, ExecutionId, Owner
from tradebot.engine.simulation.instruments import BY_ID

_WIDE = Context(prec=60, rounding=ROUND_HALF_EVEN)


class Lot(msgspec.Struct):
    """What one owner holds of one instrument, carried at average cost."""

    units: int = 0
    cost: Decimal = Decimal(0)
    realized: Decimal = Decimal(0)
    clean: bool = True
    """Whether nothing but plain executions changed it."""


class Holdings:
    """Balances and positions, folded from what was told."""

    def __init__(self) -> None:
        self.told: dict[ExecutionId, tuple[OrderFilled, Owner]] = {}
        """Executions by id; those undone are out again."""
        self.ever: set[ExecutionId] = set()
        self.undone: set[ExecutionId] = set()
        self.cash: dict[tuple[AccountName, str], Decimal] = {}
        self.net: dict[tuple[AccountName, InstrumentId], int] = {}
        self.owned: dict[tuple[AccountName, InstrumentId, Owner], int] = {}
        """Signed units of each owner."""
        self.purses: dict[tuple[AccountName, str, Owner], Decimal] = {}
        """Cash by owner: what its own executions and fees brought; deposits are the hand's."""
        self.earned: dict[tuple[AccountName, InstrumentId, Owner], Decimal] = {}
        """What executions of an instrument brought each owner in its currency, fees in."""
        self.adopted: set[tuple[AccountName, InstrumentId, Owner]] = set()
        """Positions that no execution was told of."""
        self.lots: dict[tuple[AccountName, InstrumentId, Owner], Lot] = {}
        self._movements: set[str] = set()
        self._fees: set[str] = set()

    def _add(self, account: AccountName, asset: str, amount: Decimal, owner: Owner) -> None:
        key, own = (account, asset), (account, asset, owner)
        self.cash[key] = self.cash.get(key, Decimal(0)) + amount
        self.purses[own] = self.purses.get(own, Decimal(0)) + amount

    def cash_total(self, rates: dict[str, Decimal]) -> Decimal | None:
        """Return all cash at the rates given; None where one is missing for what is held."""
        total = Decimal(0)
        for (_, asset), amount in self.cash.items():
            rate = rates.get(asset)
            if rate is None and amount:
                return None
            total += amount * (rate or Decimal(0))
        return total

    def move(self, event: CashMoved) -> bool:
        """Take a movement in; return False where it was told before."""
        if event.movement_id in self._movements:
            return False
        self._movements.add(event.movement_id)
        self._add(event.account, event.asset, event.amount, HAND)
        return True

    def charge(self, event: FeeCharged, owner: Owner | None, symbol: InstrumentId | None) -> bool:
        """Take a fee in, paid by whose execution it is; return False where told before.

        Args:
            event: The fee.
            owner: Whose order it names, where the execution is not known.
            symbol: What that order trades.
        """
        if event.fee_id in self._fees:
            return False
        self._fees.add(event.fee_id)
        told = None if event.execution_id is None else self.told.get(event.execution_id)
        whose = (owner or UNCLAIMED) if told is None else told[1]
        self._add(event.account, event.asset, -event.amount, whose)
        of = (event.instrument or symbol) if told is None else told[0].instrument
        if of is not None and BY_ID[of].currency == event.asset:
            self._earn((event.account, of, whose), -event.amount)
        return True

    def fill(self, event: OrderFilled, owner: Owner | None) -> bool:
        """Take an execution in; return False where it was told before."""
        if event.execution_id in self.ever:
            return False
        self.ever.add(event.execution_id)
        if event.execution_id in self.undone:
            return False
        whose = owner or UNCLAIMED
        self.told[event.execution_id] = (event, whose)
        self._book(event, whose, 1)
        key = (event.account, event.instrument, whose)
        carry(self.lots.setdefault(key, Lot()), event)
        return True

    def undo(self, execution_id: ExecutionId) -> OrderFilled | None:
        """Take an execution back; return it where it had been told and not taken back before."""
        self.undone.add(execution_id)
        found = self.told.pop(execution_id, None)
        if found is None:
            return None
        event, owner = found
        self._book(event, owner, -1)
        self.lots[event.account, event.instrument, owner].clean = False
        return event

    def _book(self, event: OrderFilled, owner: Owner, way: int) -> None:
        instrument = BY_ID.get(event.instrument)
        if instrument is None:
            return
        signed = way * (event.quantity if event.side == "buy" else -event.quantity)
        value = instrument.price(event.price) * instrument.quantity(signed) * instrument.multiplier
        self._add(event.account, instrument.currency, -value, owner)
        if event.fee:
            self._add(event.account, event.fee_currency, -way * event.fee, owner)
        key = (event.account, event.instrument)
        self.net[key] = self.net.get(key, 0) + signed
        self._own((*key, owner), signed)
        fee = way * event.fee if event.fee_currency == instrument.currency else Decimal(0)
        self._earn((*key, owner), -value - fee)

    def _earn(self, key: tuple[AccountName, InstrumentId, Owner], amount: Decimal) -> None:
        self.earned[key] = self.earned.get(key, Decimal(0)) + amount

    def _own(self, key: tuple[AccountName, InstrumentId, Owner], signed: int) -> None:
        self.owned[key] = self.owned.get(key, 0) + signed

    def adopt(self, outcome: PositionAdopted | CashAdopted) -> None:
        """Take in what an operator adopted, or what the fill window's end gave to an owner."""
        if isinstance(outcome, CashAdopted):
            self._add(outcome.account, outcome.asset, Decimal(outcome.amount), HAND)
            return
        key = (outcome.account, outcome.instrument)
        for owner in (outcome.owner, outcome.origin):
            if owner is not None:
                self.lots.setdefault((*key, owner), Lot()).clean = False
        self._own((*key, outcome.owner), outcome.quantity)
        if outcome.origin is not None:
            self._own((*key, outcome.origin), -outcome.quantity)
            cost, currency = Decimal(outcome.cost), BY_ID[outcome.instrument].currency
            self._add(outcome.account, currency, -cost, outcome.owner)
            self._add(outcome.account, currency, cost, outcome.origin)
            self._earn((*key, outcome.owner), -cost)
            self._earn((*key, outcome.origin), cost)
        else:
            self.adopted.add((*key, outcome.owner))
            self.net[key] = self.net.get(key, 0) + outcome.quantity

    def balance(self, account: AccountName, asset: str) -> Decimal:
        """Return what an account must hold of an asset."""
        return self.cash.get((account, asset), Decimal(0))


def carry(lot: Lot, event: OrderFilled) -> None:
    """Carry a position over an execution: what is closed leaves at its share of the cost, rounded half to even."""
    instrument = BY_ID[event.instrument]
    signed = event.quantity if event.side == "buy" else -event.quantity
    price = instrument.price(event.price) * instrument.multiplier
    while signed:
        opposite = lot.units * signed < 0
        part = signed
        if opposite and abs(signed) > abs(lot.units):
            part = -lot.units
        value = price * instrument.quantity(part)
        if opposite:
            closed = _share(lot.cost, abs(part), abs(lot.units))
            lot.realized += -value - closed
            lot.cost -= closed
        else:
            lot.cost += value
        lot.units += part
        signed -= part


def _share(cost: Decimal, part: int, whole: int) -> Decimal:
    if part == whole:
        return cost
    exponent = cost.as_tuple().exponent
    quantum = Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0)
    return _WIDE.divide(_WIDE.multiply(cost, Decimal(part)), Decimal(whole)).quantize(
        quantum, rounding=ROUND_HALF_EVEN, context=_WIDE
    )
