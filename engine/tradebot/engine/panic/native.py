"""The native venue without its engine: its ledger alone, held under the state folder's lock.

No market moves while no engine runs, so a position closes at the last price the ledger knows, at the taker's fee.
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.core.events import EngineStarted
from tradebot.engine.core.types import (
    AccountName,
    ClientOrderId,
    EngineId,
    ExecutionId,
    VenueOrderId,
    sign,
)
from tradebot.engine.journal.errors import JournalError
from tradebot.engine.journal.store import Journal
from tradebot.engine.live.recovery import from_checkpoint
from tradebot.engine.panic.venue import Closed, OpenOrder, VenueRefused
from tradebot.engine.venue.fees import Fees
from tradebot.engine.venue.log import (
    Accepted,
    AnyRecord,
    Ended,
    Filled,
    MarketAt,
    Opened,
    VenueLog,
)

_FEE_QUANTUM = Decimal("1e-8")


class NativeLedger:
    """All accounts of a stopped native venue, in units: no instrument need be known to cancel.

    Args of the constructor:
        log: The venue's own ledger, open.
        engine_id: Whose venue it is; part of the closing orders' ids.
        instruments: Those known; a position in another one cannot be closed.
    """

    def __init__(
        self, log: VenueLog, engine_id: EngineId, instruments: Mapping[InstrumentId, Instrument]
    ) -> None:
        self._log = log
        self._engine_id = engine_id
        self._instruments = instruments
        self.accounts: dict[AccountName, dict[InstrumentId, int]] = {}
        """Signed positions in units by account, in the order the accounts were opened."""
        self.ts = 0
        self._working: dict[ClientOrderId, tuple[Accepted, int]] = {}
        self._last: dict[InstrumentId, int] = {}
        self._orders = self._fills = self._planned = 0
        for record in log.read():
            self._apply(record)

    def _apply(self, record: AnyRecord) -> None:
        self.ts = max(self.ts, record.ts)
        match record:
            case Opened():
                self.accounts[record.account] = {}
            case Accepted():
                self._orders += 1
                self._working[record.client_order_id] = (record, record.quantity)
            case Filled():
                self._fill(record)
            case Ended():
                self._working.pop(record.client_order_id)
            case MarketAt():
                self._last |= record.last
            case _:
                return

    def _fill(self, record: Filled) -> None:
        self._fills += 1
        held = self.accounts[self.account_of(record)]
        held[record.instrument] = (
            held.get(record.instrument, 0) + sign(record.side) * record.quantity
        )
        accepted, leaves = self._working.pop(record.client_order_id)
        if leaves > record.quantity:
            self._working[record.client_order_id] = (accepted, leaves - record.quantity)

    def account_of(self, record: Accepted | Filled) -> AccountName:
        """Return whose order or fill it is."""
        return record.account or next(iter(self.accounts))

    def orders_of(self, account: AccountName) -> list[tuple[Accepted, int]]:
        """Return an account's open orders with what may still fill, oldest first."""
        return [one for one in self._working.values() if self.account_of(one[0]) == account]

    def end(self, client_order_id: ClientOrderId) -> None:
        """Take an order out.

        Raises:
            VenueRefused: If the disk did not take it.
        """
        self._write(
            Ended(ts=self.ts, client_order_id=client_order_id, how="cancelled", reason="panic")
        )

    def closing_order(self, account: AccountName, symbol: InstrumentId) -> Closed:
        """Return the order that closes a position.

        Raises:
            VenueRefused: If no price or no instrument of it is known.
        """
        self._price(symbol)
        held = self.accounts[account][symbol]
        self._planned += 1
        # No id of the engine's own counter: that must never be given out again.
        number = self._orders + self._planned
        return Closed(
            client_order_id=ClientOrderId(f"tb{self._engine_id}-p{number}"),
            instrument=symbol,
            side="sell" if held > 0 else "buy",
            quantity=abs(held),
        )

    def close(self, account: AccountName, order: Closed) -> None:
        """Fill a closing order at the last price.

        Raises:
            VenueRefused: If the disk did not take it.
        """
        instrument, price = self._price(order.instrument)
        notional = instrument.notional(price, order.quantity)
        accepted = Accepted(
            ts=self.ts,
            client_order_id=order.client_order_id,
            venue_order_id=VenueOrderId(f"v{self._orders + 1}"),
            instrument=order.instrument,
            side=order.side,
            type="market",
            tif="ioc",
            quantity=order.quantity,
            price=None,
            account=account,
        )
        filled = Filled(
            ts=self.ts,
            execution_id=ExecutionId(f"x{self._fills + 1}"),
            client_order_id=order.client_order_id,
            venue_order_id=accepted.venue_order_id,
            instrument=order.instrument,
            side=order.side,
            quantity=order.quantity,
            price=price,
            fee=(notional * Fees().taker).quantize(_FEE_QUANTUM, rounding=ROUND_HALF_EVEN),
            fee_currency=instrument.currency,
            liquidity="taker",
            account=account,
        )
        self._write(accepted, filled)

    def _price(self, symbol: InstrumentId) -> tuple[Instrument, int]:
        instrument, price = self._instruments.get(symbol), self._last.get(symbol)
        if instrument is None:
            raise VenueRefused("the journal cannot be read for what it is")
        if price is None:
            raise VenueRefused("no last price of it is known; start the engine and flatten")
        return instrument, price

    def _write(self, *records: AnyRecord) -> None:
        self._log.append(*records)
        if self._log.trouble is not None:
            raise VenueRefused(self._log.trouble)
        for record in records:
            self._apply(record)


class NativeAccount:
    """One account of a stopped native venue; see `venue.AccountAtVenue`."""

    def __init__(self, ledger: NativeLedger, name: AccountName) -> None:
        self._ledger = ledger
        self._name = name

    @property
    def now(self) -> int:
        """Return the venue's time, which stands still, ns UTC."""
        return self._ledger.ts

    def open_orders(self) -> Sequence[OpenOrder]:
        """Return every open order, oldest first."""
        return [
            OpenOrder(
                client_order_id=accepted.client_order_id,
                instrument=accepted.instrument,
                side=accepted.side,
                type=accepted.type,
                leaves=leaves,
            )
            for accepted, leaves in self._ledger.orders_of(self._name)
        ]

    def positions(self) -> Mapping[InstrumentId, int]:
        """Return the signed positions in units."""
        return {symbol: held for symbol, held in self._ledger.accounts[self._name].items() if held}

    def cancel(self, client_order_id: ClientOrderId) -> None:
        """Take an order out.

        Raises:
            VenueRefused: If the disk did not take it.
        """
        self._ledger.end(client_order_id)

    def closing_order(self, instrument: InstrumentId) -> Closed:
        """Return the order that closes a position at the last price.

        Raises:
            VenueRefused: If no price of it is known.
        """
        return self._ledger.closing_order(self._name, instrument)

    def close(self, order: Closed) -> None:
        """Close a position at the last price.

        Raises:
            VenueRefused: If the disk did not take it.
        """
        self._ledger.close(self._name, order)


def known_instruments(journal: Path) -> dict[InstrumentId, Instrument]:
    """Return what the engine traded, by its journal; empty where that cannot be read: cancelling needs none."""
    found: dict[InstrumentId, Instrument] = {}
    try:
        with Journal.open(journal, read_only=True) as opened:
            seq, state = from_checkpoint(opened) or (0, None)
            if state is not None:
                found |= state.instruments
            for row in opened.rows(after=(seq, -1)):
                if row.kind == "engine-started":
                    begun = opened.decode_event(row)
                    if isinstance(begun, EngineStarted):
                        found |= {instrument.id: instrument for instrument in begun.instruments}
    except (JournalError, OSError):
        return found
    return found
