"""Executions and their fees, each told once: by its id, whichever of stream, gap-fill and sweep brings it first."""

from collections import OrderedDict
from decimal import Decimal

import msgspec

from tradebot.data.errors import ScaleError
from tradebot.engine.brokers.ib.orders import SIDES, venue_id
from tradebot.engine.brokers.ib.setting import Listed
from tradebot.engine.brokers.ib.words import ExecutionSaid, FeeSaid
from tradebot.engine.brokers.ids import ToldExecutions
from tradebot.engine.core.events import (
    ExecutionBusted,
    ExecutionCorrected,
    FeeCharged,
    OrderFilled,
    VenueEvent,
)
from tradebot.engine.core.types import AccountName, ClientOrderId, ExecutionId, FillSource

FEES_KEPT = 20_000
"""Fees and their executions that are remembered, to join what comes apart."""


class Unreadable(ValueError):  # noqa: N818  (what is the matter)
    """An execution that cannot be booked: counted, never guessed at."""


def before(execution_id: str) -> ExecutionId | None:
    """Return the id of the execution that one corrects; None for a first one.

    A correction repeats the id with its last part counted on: `0000e0d5.67abcdef.01.02` corrects `...01.01` [not
    verified against the real venue].
    """
    base, _, last = execution_id.rpartition(".")
    if not (base and last.isdecimal()) or int(last) < 2:  # noqa: PLR2004  (the first is 1)
        return None
    return ExecutionId(f"{base}.{int(last) - 1:0{len(last)}d}")


class Traded(msgspec.Struct, frozen=True):
    """The executions told of one order, in units."""

    told: int = 0
    """What stands."""
    void: int = 0
    """What was taken back."""
    unseen: int = 0
    """How many were taken back that were never told, so that nobody knows how large they were."""

    def counted(self, filled: int) -> int:
        """Return what is filled of an order, by the venue's own sum and by what was told.

        The venue's may have what was taken back in it still, and then says no more than is known.
        """
        known = self.unseen > 0 or filled <= self.told + self.void
        return self.told if known else filled

    @property
    def reversed(self) -> bool:
        """Return whether something was taken back."""
        return self.void > 0 or self.unseen > 0


class Executions:
    """The account's ledger of what was told."""

    def __init__(self, account: AccountName) -> None:
        self._account = account
        self.told = ToldExecutions()
        self._of: OrderedDict[str, tuple[ClientOrderId, Listed, int, int]] = OrderedDict()
        self._fees: OrderedDict[str, FeeSaid] = OrderedDict()
        self._fees_told = ToldExecutions()
        self._gone: OrderedDict[str, None] = OrderedDict()
        self._traded: OrderedDict[ClientOrderId, Traded] = OrderedDict()

    def of(self, name: ClientOrderId) -> Traded:
        """Return what was told of an order."""
        return self._traded.get(name, Traded())

    def take(
        self,
        said: ExecutionSaid,
        name: ClientOrderId,
        listed: Listed,
        *,
        source: FillSource,
        now: int,
    ) -> tuple[list[VenueEvent], int]:
        """Return what an execution means and what it adds to its order, in units; nothing where it was told.

        Raises:
            Unreadable: If it cannot be booked.
        """
        instrument = listed.instrument
        side = SIDES.get(said.side)
        old = before(said.execution_id)
        try:
            quantity = instrument.quantity_units(said.shares)
            price = instrument.price_units(said.price)
        except ScaleError as error:
            raise Unreadable(f"execution {said.execution_id}: {error}") from error
        if side is None or not said.execution_id or quantity < 0 or (not quantity and old is None):
            raise Unreadable(
                f"an execution needs id, side and shares, had {said.execution_id!r}, {said.side!r}, {said.shares}"
            )
        if not self.told.first(said.execution_id):
            return [], 0
        replaced = None if old is None else self._of.get(old)
        self._keep(self._of, said.execution_id, (name, listed, said.ts, quantity))
        fill = OrderFilled(
            execution_id=ExecutionId(said.execution_id),
            client_order_id=name,
            venue_order_id=venue_id(said.perm_id),
            account=self._account,
            instrument=instrument.id,
            side=side,
            quantity=quantity,
            price=price,
            fee=Decimal(0),
            fee_currency=instrument.currency,
            liquidity="maker" if said.maker else "taker",
            source=source,
            ts_event=said.ts,
            ts_recv=now,
        )
        # A bust may overtake what it takes back: that counts nothing when it comes.
        counts = 0 if said.execution_id in self._gone else quantity
        out = 0 if replaced is None else replaced[3]
        meant: VenueEvent = fill
        if old is not None and quantity:
            meant = ExecutionCorrected(execution_id=old, corrected=fill, reason="IB")
        elif old is not None:
            meant = ExecutionBusted(
                execution_id=old, account=self._account, reason="IB", ts_event=said.ts
            )
        events = [meant]
        if old is not None:
            self._keep(self._gone, old, None)
            events += self._returned(old)
        had, added = self.of(name), counts - out
        now_told = Traded(
            told=had.told + added,
            void=had.void + quantity - added,
            unseen=had.unseen + (old is not None and replaced is None) - (counts != quantity),
        )
        self._keep(self._traded, name, now_told)
        return events + self._charged(said.execution_id), added

    def fee(self, said: FeeSaid) -> list[VenueEvent]:
        """Return what a commission report means; nothing until its execution was told."""
        self._keep(self._fees, said.execution_id, said)
        return self._charged(said.execution_id)

    def _charged(self, execution_id: str) -> list[VenueEvent]:
        fee, of = self._fees.get(execution_id), self._of.get(execution_id)
        if fee is None or of is None or not self._fees_told.first(execution_id):
            return []
        charged = self._event(fee, execution_id, fee.amount)
        return [charged, *self._returned(execution_id)] if charged is not None else []

    def _returned(self, execution_id: str) -> list[VenueEvent]:
        """Return the fee of an execution that holds no more as given back: its successor brings its own."""
        fee = self._fees.get(execution_id)
        told = execution_id in self._fees_told
        if fee is None or not told or execution_id not in self._gone:
            return []
        back = f"{execution_id}:back"
        if not self._fees_told.first(back):
            return []
        returned = self._event(fee, back, -fee.amount)
        return [] if returned is None else [returned]

    def _event(self, fee: FeeSaid, fee_id: str, amount: Decimal) -> FeeCharged | None:
        of = self._of.get(fee.execution_id)
        if of is None or not amount:
            return None
        name, listed, ts, _ = of
        return FeeCharged(
            fee_id=fee_id,
            account=self._account,
            asset=fee.currency or listed.instrument.currency,
            amount=amount,
            client_order_id=name,
            execution_id=ExecutionId(fee.execution_id) if fee_id == fee.execution_id else None,
            instrument=listed.instrument.id,
            ts_event=ts,
        )

    @staticmethod
    def _keep[K: str, T](where: OrderedDict[K, T], key: K, value: T) -> None:
        where[key] = value
        if len(where) > FEES_KEPT:
            where.popitem(last=False)
