"""The books of an engine, folded from its journal: every posting with what it is for, every execution that stands."""

from collections.abc import Iterable
from pathlib import Path
from typing import override

import msgspec

from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.core.events import (
    CashMoved,
    EngineStarted,
    Event,
    ExecutionBusted,
    ExecutionCorrected,
    FeeCharged,
    OrderFilled,
)
from tradebot.engine.core.ledger import MONEY, VENUE, Booked, Ledger, PositionKey, Posting
from tradebot.engine.core.lots import Trade
from tradebot.engine.core.outcomes import AnyOutcome, CashAdopted, PositionAdopted
from tradebot.engine.core.state import State
from tradebot.engine.core.types import AccountName, EngineId, Owner
from tradebot.engine.journal.store import Journal


class Entry(msgspec.Struct, frozen=True):
    """One movement: what the accounts' owners gained, the venue being the other side."""

    ts: int
    """The engine's time, ns UTC."""
    seq: int
    kind: str
    """fill, deposit, withdrawal, interest, dividend, funding, tax, fee, bust, correction, adoption."""
    id: str
    """The venue's id: of the execution, the movement, the fee."""
    legs: tuple[Posting, ...]


class Fill(msgspec.Struct, frozen=True):
    """One execution that was booked."""

    ts: int
    seq: int
    owner: Owner
    event: OrderFilled


class _Recording(Ledger):
    """A ledger that remembers its postings, and all bookings that stand."""

    def __init__(self) -> None:
        super().__init__()
        self.posted: list[Posting] = []
        self.standing: dict[tuple[AccountName, str], tuple[int, Booked]] = {}
        self.now = 0

    @override
    def post(self, postings: Iterable[Posting]) -> None:
        legs = tuple(postings)
        super().post(legs)
        self.posted += [leg for leg in legs if leg.owner != VENUE and leg.amount]

    @override
    def reverse(self, account: AccountName, execution_id: str) -> bool:
        done = super().reverse(account, execution_id)
        if done:
            self.standing.pop((account, execution_id), None)
        return done

    @override
    def _keep(self, booking_id: str, row: Booked) -> None:
        super()._keep(booking_id, row)
        self.standing[row.key[0], booking_id] = (self.now, row)


class Books:
    """An engine's books up to a point of its history."""

    def __init__(self, engine_id: EngineId) -> None:
        self.state = State(engine_id)
        self._ledger = _Recording()
        self.state.ledger = self._ledger
        self.entries: list[Entry] = []
        self.fills: list[Fill] = []

    @classmethod
    def read(cls, folder: Path) -> "Books":
        """Return the books of an engine, which may be running.

        Args:
            folder: Its state folder.

        Raises:
            JournalError: If the journal cannot be read.
        """
        with Journal.open(folder / "journal.db", read_only=True) as journal:
            books = cls(EngineId(journal.meta.get("engine_id", "00000")))
            for row in journal.rows():
                if row.index == 0:
                    books.take_event(row.seq, row.now, journal.decode_event(row))
                else:
                    books.take_outcome(row.seq, row.now, journal.decode_outcome(row))
            return books

    def take_event(self, seq: int, now: int, event: Event) -> None:
        """Take an event in, as recovery does."""
        self._ledger.now = now
        self.state.apply_event(event, now)
        if self._ledger.posted:
            if isinstance(event, OrderFilled):
                self.fills.append(Fill(now, seq, self._ledger.posted[0].owner, event))
            self._write(seq, now, *_kind(event))

    def take_outcome(self, seq: int, now: int, outcome: AnyOutcome) -> None:
        """Take an outcome in, as recovery does."""
        self._ledger.now = self.state.now = max(self.state.now, now)
        self.state.apply_outcome(outcome)
        if self._ledger.posted:
            self._write(seq, now, *_kind(outcome))

    def _write(self, seq: int, now: int, kind: str, what: str) -> None:
        self.entries.append(Entry(now, seq, kind, what, tuple(self._ledger.posted)))
        self._ledger.posted.clear()

    @property
    def started(self) -> EngineStarted:
        """Return the newest start.

        Raises:
            LookupError: If the engine never began.
        """
        if self.state.started is None:
            raise LookupError("the engine has never begun: there is nothing to tell")
        return self.state.started

    @property
    def ledger(self) -> Ledger:
        """Return the ledger as it is at the end."""
        return self._ledger

    def instrument(self, symbol: InstrumentId) -> Instrument:
        """Return an instrument the engine traded."""
        return self.state.instruments[symbol]

    def stands(self, account: AccountName, execution_id: str) -> bool:
        """Return whether an execution was not taken back."""
        return (account, execution_id) in self._ledger.standing

    def trades(self) -> dict[PositionKey, list[Trade]]:
        """Return the executions that stand, by position, in order."""
        found: dict[PositionKey, list[Trade]] = {}
        for (_, name), (ts, row) in self._ledger.standing.items():
            trades = found.setdefault(row.key, [])
            if not row.signed and trades:
                # A fee told apart from its fill belongs to the cost of what was traded last before it.
                late = msgspec.structs.replace(
                    trades[-1], fees=MONEY.add(trades[-1].fees, row.fees)
                )
                trades[-1] = late
            if row.signed:
                own = row.fees - row.shrunk_value
                trades.append(Trade(name, ts, row.signed, row.value, own))
            if row.shrunk:
                # What paid a fee in the base asset was sold at the execution's price, and all of that was the fee.
                trades.append(
                    Trade(f"{name}:fee", ts, -row.shrunk, -row.shrunk_value, row.shrunk_value)
                )
        return found


def _kind(cause: Event | AnyOutcome) -> tuple[str, str]:
    """Return what a movement is for, and the venue's id of it."""
    match cause:
        case OrderFilled():
            return "fill", cause.execution_id
        case CashMoved():
            return cause.why, cause.movement_id
        case FeeCharged():
            return "fee", cause.fee_id
        case ExecutionBusted():
            return "bust", cause.execution_id
        case ExecutionCorrected():
            return "correction", cause.corrected.execution_id
        case PositionAdopted() | CashAdopted():
            return "adoption", ""
        case _:
            return "other", ""
