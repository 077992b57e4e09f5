"""The venue's own books: append-only, naive, and ignorant of the engine's ledger."""

from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Literal

import msgspec

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.types import (
    AccountName,
    ClientOrderId,
    ExecutionId,
    Liquidity,
    VenueOrderId,
)
from tradebot.engine.simulation.instruments import BY_ID

EXACT = Context(prec=60, traps=[Inexact, InvalidOperation])
"""Sums that would lose a digit raise."""


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """One trade as the venue wrote it down."""

    id: ExecutionId
    client_order_id: ClientOrderId
    venue_order_id: VenueOrderId
    account: AccountName
    instrument: InstrumentId
    side: Literal[1, -1]
    quantity: int
    price: int
    fee: Decimal
    """Told with the execution; what is charged apart is a line of its own."""
    fee_asset: str
    liquidity: Liquidity
    ts: int


class Line(msgspec.Struct, frozen=True):
    """One line of the books: an asset of an account changed by an amount."""

    ts: int
    account: AccountName
    asset: str
    amount: Decimal
    why: str


class VenueBooks:
    """Everything that ever changed a balance, and the running sums, which a full count must equal."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.executions: dict[ExecutionId, Execution] = {}
        self.undone: dict[ExecutionId, str] = {}
        """Executions that were busted or corrected, and why."""
        self._sums: dict[tuple[AccountName, str], Decimal] = {}
        self._units: dict[tuple[AccountName, InstrumentId], int] = {}

    def write(self, ts: int, account: AccountName, asset: str, amount: Decimal, why: str) -> None:
        """Change a balance."""
        self.lines.append(Line(ts, account, asset, amount, why))
        key = (account, asset)
        self._sums[key] = EXACT.add(self._sums.get(key, Decimal(0)), amount)

    def execute(self, execution: Execution) -> None:
        """Book a trade and the fee told with it."""
        if execution.id in self.executions:
            raise ValueError(f"execution {execution.id} must be new")
        self.executions[execution.id] = execution
        self._book(execution, 1, execution.ts, execution.id)

    @property
    def count(self) -> int:
        """Return how many executions there ever were."""
        return len(self.executions)

    def undo(self, execution_id: ExecutionId, ts: int, why: str) -> None:
        """Take a trade and its fee back."""
        execution = self.executions[execution_id]
        self.undone[execution_id] = why
        self._book(execution, -1, ts, f"{why} {execution_id}")

    def _book(self, execution: Execution, way: Literal[1, -1], ts: int, why: str) -> None:
        instrument = BY_ID[execution.instrument]
        signed = way * execution.side * execution.quantity
        value = instrument.notional(execution.price, abs(signed)) * (1 if signed > 0 else -1)
        self.write(ts, execution.account, instrument.currency, -value, why)
        if execution.fee:
            self.write(ts, execution.account, execution.fee_asset, -way * execution.fee, why)
        key = (execution.account, execution.instrument)
        self._units[key] = self._units.get(key, 0) + signed

    def position(self, account: AccountName, instrument: InstrumentId) -> int:
        """Return the signed quantity held, in units."""
        return self._units.get((account, instrument), 0)

    def cash(self, account: AccountName) -> dict[str, Decimal]:
        """Return every balance of an account."""
        return {
            asset: amount for (held_by, asset), amount in self._sums.items() if held_by == account
        }

    def standing(self, account: AccountName) -> list[Execution]:
        """Return the trades of an account that still hold, oldest first."""
        return [
            execution
            for execution in self.executions.values()
            if execution.account == account and execution.id not in self.undone
        ]

    def average_price(self, account: AccountName, instrument: InstrumentId) -> Decimal | None:
        """Return the volume-weighted price of the trades on the position's side; None while flat."""
        held = self.position(account, instrument)
        side = 1 if held > 0 else -1
        found = [e for e in self.standing(account) if e.instrument == instrument and e.side == side]
        units = sum(e.quantity for e in found)
        if not held or not units:
            return None
        raw = sum(e.quantity * e.price for e in found) * 10_000 // units
        return Decimal(raw).scaleb(-BY_ID[instrument].price_scale - 4)

    def counted_anew(self) -> dict[tuple[AccountName, str], Decimal]:
        """Return every balance as the sum of all lines."""
        sums: dict[tuple[AccountName, str], Decimal] = {}
        for line in self.lines:
            key = (line.account, line.asset)
            sums[key] = EXACT.add(sums.get(key, Decimal(0)), line.amount)
        return sums
