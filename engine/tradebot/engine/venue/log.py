"""`venue.log`: the native venue's own append-only ledger, written before it answers.

One JSON line a record, whose last field `crc` is a running checksum over all lines so far: a line that was altered,
taken out or moved is named. Lines of earlier programs have none.

The engine never reads it but through a query, as it would ask a broker; after a restart the venue itself folds it to
know what rests, what was filled, what the account holds, and where its market stood.
"""

import os
import re
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Literal
from zlib import crc32

import msgspec

from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.core.ledger import MONEY
from tradebot.engine.core.types import (
    AccountName,
    ClientOrderId,
    ExecutionId,
    Liquidity,
    OrderType,
    Side,
    TimeInForce,
    VenueOrderId,
    sign,
)
from tradebot.engine.venue.fees import UNFILLED, Charged


class VenueLogDamaged(Exception):  # noqa: N818  (says what is the matter, as the journal's errors do)
    """A line in the middle of `venue.log` cannot be read."""

    exit_code = 1


class LogRecord(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag=True):
    """One line of the log."""

    ts: int
    """The venue's time, ns UTC."""


class Opened(LogRecord, frozen=True, kw_only=True, tag="opened"):
    """An account was opened with money."""

    account: AccountName
    currency: str
    cash: Decimal
    besides: dict[str, Decimal] = {}
    """Money in other currencies."""


class Accepted(LogRecord, frozen=True, kw_only=True, tag="accepted"):
    """The venue took an order."""

    client_order_id: ClientOrderId
    venue_order_id: VenueOrderId
    instrument: InstrumentId
    side: Side
    type: OrderType
    tif: TimeInForce
    quantity: int
    price: int | None
    account: AccountName = AccountName("")
    """Whose order it is; empty in logs of one account: the first that was opened."""
    trigger: int | None = None
    """Of a stop: where it stands when it is taken."""
    trail: int | None = None
    expires: int | None = None
    """When a day or gtd order ends, ns UTC."""


class Triggered(LogRecord, frozen=True, kw_only=True, tag="triggered"):
    """A stop was set off."""

    client_order_id: ClientOrderId


class Trailed(LogRecord, frozen=True, kw_only=True, tag="trailed"):
    """A trailing stop has followed the price."""

    client_order_id: ClientOrderId
    trigger: int


class Refused(LogRecord, frozen=True, kw_only=True, tag="refused"):
    """The venue did not take an order."""

    client_order_id: ClientOrderId
    reason: str


class Filled(LogRecord, frozen=True, kw_only=True, tag="filled"):
    """One execution."""

    execution_id: ExecutionId
    client_order_id: ClientOrderId
    venue_order_id: VenueOrderId
    instrument: InstrumentId
    side: Side
    quantity: int
    price: int
    fee: Decimal
    fee_currency: str
    liquidity: Liquidity
    account: AccountName = AccountName("")
    """As in `Accepted`."""


class Ended(LogRecord, frozen=True, kw_only=True, tag="ended"):
    """An order left the book before it was filled."""

    client_order_id: ClientOrderId
    how: Literal["cancelled", "expired", "replaced"]
    reason: str


class MarketAt(LogRecord, frozen=True, kw_only=True, tag="market-at"):
    """Where the market stood, so that it can go on there."""

    last: dict[InstrumentId, int]
    """Middle or last price by instrument, in units."""


type AnyRecord = Opened | Accepted | Triggered | Trailed | Refused | Filled | Ended | MarketAt
"""Every line of the log."""

_decoder = msgspec.json.Decoder(AnyRecord)
_encoder = msgspec.json.Encoder()


type HowEnded = Literal["filled", "cancelled", "rejected", "expired", "replaced"]
"""How an order left the venue."""


class RestingOrder(msgspec.Struct, frozen=True):
    """An order the venue holds."""

    accepted: Accepted
    filled: int
    trigger: int | None = None
    """Where a stop stands now; None for other orders, and once it was set off."""
    charged: Charged = UNFILLED
    """What it has filled and paid, in decimals."""


class Holdings:
    """What one account holds at the venue."""

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        self.cash: dict[str, Decimal] = {opened.currency: opened.cash, **opened.besides}
        self.positions: dict[InstrumentId, int] = {}
        """Signed quantity in units."""

    def fill(self, record: Filled, instrument: Instrument) -> None:
        """Take one execution in."""
        signed = sign(record.side) * record.quantity
        self.positions[instrument.id] = self.positions.get(instrument.id, 0) + signed
        self._pay(instrument.currency, MONEY.minus(instrument.notional(record.price, signed)))
        self._pay(record.fee_currency, MONEY.minus(record.fee))

    def _pay(self, currency: str, amount: Decimal) -> None:
        self.cash[currency] = MONEY.add(self.cash.get(currency, Decimal(0)), amount)


class VenueBooks:
    """What the log says, folded: orders, executions, cash, positions, market."""

    def __init__(self, instruments: dict[InstrumentId, Instrument]) -> None:
        self._instruments = instruments
        self.accounts: dict[AccountName, Holdings] = {}
        """By name, in the order they were opened."""
        self.working: dict[ClientOrderId, RestingOrder] = {}
        self.ended: dict[ClientOrderId, tuple[HowEnded, str, int]] = {}
        """How an order ended, why, and what was filled."""
        self.fills: list[Filled] = []
        self.orders = 0
        """Orders accepted so far."""
        self.ts = 0
        """Time of the newest record, ns UTC."""
        self.last: dict[InstrumentId, int] = {}

    def apply(self, record: AnyRecord) -> None:
        """Fold one more record in."""
        self.ts = max(self.ts, record.ts)
        match record:
            case Opened():
                self.accounts[record.account] = Holdings(record)
            case Accepted():
                self.orders += 1
                self.working[record.client_order_id] = RestingOrder(record, 0, record.trigger)
            case Triggered():
                self._stands(record.client_order_id, None)
            case Trailed():
                self._stands(record.client_order_id, record.trigger)
            case Refused():
                self.ended[record.client_order_id] = ("rejected", record.reason, 0)
            case Filled():
                self._fill(record)
            case Ended():
                order = self.working.pop(record.client_order_id)
                self.ended[record.client_order_id] = (record.how, record.reason, order.filled)
            case MarketAt():
                self.last |= record.last

    def account_of(self, record: Accepted | Filled) -> AccountName:
        """Return whose order or fill it is."""
        return record.account or next(iter(self.accounts))

    def _stands(self, client_order_id: ClientOrderId, trigger: int | None) -> None:
        order = self.working[client_order_id]
        self.working[client_order_id] = msgspec.structs.replace(order, trigger=trigger)

    def _fill(self, record: Filled) -> None:
        self.fills.append(record)
        self.accounts[self.account_of(record)].fill(record, self._instruments[record.instrument])
        order = self.working[record.client_order_id]
        filled = order.filled + record.quantity
        if filled >= order.accepted.quantity:
            del self.working[record.client_order_id]
            self.ended[record.client_order_id] = ("filled", "", filled)
        else:
            self.working[record.client_order_id] = RestingOrder(
                order.accepted, filled, charged=self._charged(order.charged, record)
            )

    def _charged(self, before: Charged, record: Filled) -> Charged:
        instrument = self._instruments[record.instrument]
        notional = abs(instrument.notional(record.price, record.quantity))
        return Charged(
            shares=before.shares + instrument.quantity(record.quantity),
            notional=before.notional + notional,
            fee=before.fee + record.fee,
        )


class LogReading(msgspec.Struct, frozen=True):
    """What a log holds."""

    records: list[AnyRecord]
    length: int
    """Bytes of its whole lines."""
    chain: int
    """The running checksum after them."""
    torn: bool
    """Whether a last line was cut short."""


def read_log(path: Path) -> LogReading:
    """Read a log without changing it.

    Raises:
        VenueLogDamaged: If a whole line cannot be read, or is not as written.
        OSError: If the file cannot be read.
    """
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    records: list[AnyRecord] = []
    chain, summed = 0, False
    for number, line in enumerate(data[:whole].split(b"\n")[:-1], 1):
        found = _SUM.search(line)
        try:
            records.append(_decoder.decode(line))
        except msgspec.DecodeError as error:
            raise _damaged(path, number, f"cannot be read ({error})") from error
        if found is None:
            if summed:
                raise _damaged(path, number, "has lost its checksum")
            chain = crc32(line, chain)
            continue
        chain, summed = crc32(line[: found.start()] + b"}", chain), True
        if chain != int(found[1]):
            raise _damaged(path, number, "is not as written, or one before it is gone")
    return LogReading(records, whole, chain, whole < len(data))


_SUM = re.compile(rb',"crc":(\d{1,10})}$')


def _damaged(path: Path, number: int, why: str) -> VenueLogDamaged:
    return VenueLogDamaged(
        f"{path}:{number} {why}: restore the folder from a backup, or start another engine with --name"
    )


def _lines(records: Sequence[AnyRecord], chain: int) -> tuple[bytes, int]:
    """Return records as lines that go on from a running checksum, and the checksum after them."""
    lines: list[bytes] = []
    for record in records:
        body = _encoder.encode(record)
        chain = crc32(body, chain)
        lines.append(b'%s,"crc":%d}\n' % (body[:-1], chain))
    return b"".join(lines), chain


WAITING_MAX = 10_000
"""Most records that wait in memory for a disk that takes none; only cancels and exits go on meanwhile."""


class VenueLog:
    """Appends records; a line is written whole before the venue answers.

    Where the disk takes none they wait in memory, in order: a full disk must not hold a position open.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._chain: int | None = None  # after the last line written; None: not read yet
        self._waiting: list[AnyRecord] = []
        self.trouble: str | None = None
        """Why records wait; None while all are written."""
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def read(self) -> list[AnyRecord]:
        """Return every whole record, oldest first; a torn last line is cut off.

        Raises:
            VenueLogDamaged: If a line before the last cannot be read, or is not as written.
        """
        reading = read_log(self._path)
        if reading.torn:
            os.ftruncate(self._file, reading.length)
        self._chain = reading.chain
        return reading.records

    def append(self, *records: AnyRecord) -> None:
        """Write records with one system call, those that wait first.

        Raises:
            OSError: If more than WAITING_MAX would wait.
        """
        if any(isinstance(record, MarketAt) for record in records):
            # Only the newest place of the market is of use.
            self._waiting = [one for one in self._waiting if not isinstance(one, MarketAt)]
        self._waiting += records
        chain = read_log(self._path).chain if self._chain is None else self._chain
        data, chain = _lines(self._waiting, chain)
        try:
            self._write(data)
        except OSError as error:
            if len(self._waiting) > WAITING_MAX:
                raise
            self.trouble = f"{self._path} cannot be written now ({error}): free the disk"
            return
        self._chain = chain
        self._waiting.clear()
        self.trouble = None

    def _write(self, data: bytes) -> None:
        written = os.write(self._file, data)
        if written != len(data):
            os.ftruncate(self._file, os.fstat(self._file).st_size - written)
            raise OSError(f"{written} of {len(data)} bytes were taken")

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)
