"""A day or a month of an engine: what it opened and closed with, what came and went, what was earned, by whom.

Read from both records: the journal for what was booked, the market segments for what it was worth. What the marks of
the time cannot tell any more (segments are kept for a limited time, a restart forgets the market) is None, not guessed.

    closing - opening = flows + other income + realised - fees + unrealised + revaluation

`revaluation` is what rates did to cash of other currencies, and less what adopted positions had gained before they
were adopted (they come in at their mark); in one currency and without adoptions it is 0, exactly. The return is
time-weighted, see `core.returns`; drawdown is the largest fall of that return's index from its highest point so far, as
a fraction, looked at each second and at each booking.
"""

from decimal import Decimal
from pathlib import Path

import msgspec

from tradebot.data.instruments import InstrumentId
from tradebot.engine.accounting.books import Books, Entry
from tradebot.engine.core.ledger import PositionKey
from tradebot.engine.core.rates import ROUNDING, Rates
from tradebot.engine.core.state import FLOWS, State
from tradebot.engine.core.types import SECOND, AccountName, EngineId, Owner
from tradebot.engine.journal.store import Journal
from tradebot.engine.live.redecide import history

ZERO = Decimal(0)
INCOME = ("interest", "dividend", "funding", "tax", "correction")
"""Movements that are neither flows nor of a trade."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What one owner made with one instrument, in the engine's currency."""

    account: AccountName
    owner: Owner
    instrument: InstrumentId
    trades: int
    realised: Decimal | None
    fees: Decimal | None
    unrealised: Decimal | None
    """What open profit changed by."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A span of an engine's life."""

    begin: int
    """ns UTC."""
    end: int
    """Exclusive, ns UTC; of a span that is not over, the record's end."""
    currency: str
    opening: Decimal | None
    closing: Decimal | None
    flows: Decimal | None
    """Deposits and withdrawals."""
    income: dict[str, Decimal | None]
    """Interest, dividends, funding, taxes, corrections: signed, by kind."""
    realised: Decimal | None
    fees: Decimal | None
    unrealised: Decimal | None
    revaluation: Decimal | None
    earned: Decimal | None
    """Time-weighted return, a fraction."""
    max_drawdown: Decimal | None
    trades: int
    by: tuple[Result, ...]


type _Worth = tuple[Decimal | None, Decimal | None, Decimal | None]
"""Realised, fees, unrealised of a position, in the engine's currency, at one instant."""


class _Looked(msgspec.Struct, frozen=True):
    """What the engine was worth at one instant."""

    equity: Decimal | None
    positions: dict[PositionKey, _Worth]


def report(folder: Path, begin: int, end: int) -> Report:
    """Return what happened from one instant to another.

    Args:
        folder: The engine's state folder; it may run.
        begin: First instant, ns UTC.
        end: First instant no longer in it.

    Raises:
        JournalError: If a record cannot be read.
        LookupError: If the engine never began.
    """
    with Journal.open(folder / "journal.db", read_only=True) as journal:
        books = Books(EngineId(journal.meta.get("engine_id", "00000")))
        meter = _Meter(books, begin, end)
        for step in history(journal, folder / "market"):
            if step.market is not None:
                if not meter.goes_on(step.market.now):
                    break
                books.state.apply_event(step.market.event, step.market.now)
                meter.after(step.market.now)
            for row in step.rows:
                if not meter.goes_on(row.now):
                    break
                before = len(books.entries)
                if row.index == 0:
                    books.take_event(row.seq, row.now, journal.decode_event(row))
                else:
                    books.take_outcome(row.seq, row.now, journal.decode_outcome(row))
                meter.booked(books.entries[before:], row.now)
            if meter.over:
                break
        return meter.result()


class _Meter:
    """Looks at an engine's worth as its history goes by."""

    def __init__(self, books: Books, begin: int, end: int) -> None:
        self._books = books
        self._begin, self._end = begin, end
        self._opening: _Looked | None = None
        self._next = 0
        self._value: Decimal | None = None
        """Equity when last looked at."""
        self._index, self._peak, self._fall = Decimal(1), Decimal(1), ZERO
        self._measured = False
        self._flows: Decimal | None = ZERO
        self._income: dict[str, Decimal | None] = {}
        self._trades: dict[PositionKey, int] = {}
        self._last = begin
        self.over = False

    @property
    def _state(self) -> State:
        return self._books.state

    def goes_on(self, now: int) -> bool:
        """Return whether the span holds an instant; look at the opening when it is first reached."""
        if now >= self._end:
            self.over = True
            return False
        if now >= self._begin and self._opening is None:
            self._opening = self._look()
            self._value = self._opening.equity
        self._last = max(self._last, now)
        return True

    def after(self, now: int) -> None:
        """Look once a second."""
        if self._opening is not None and now >= self._next:
            self._next = now + SECOND
            self._measure(self._state.equity())

    def booked(self, entries: list[Entry], now: int) -> None:
        """Take what was booked into the sums; flows part the return."""
        if self._opening is None or not entries:
            return
        rates = self._state.rates()
        for entry in entries:
            if entry.kind in FLOWS or entry.kind == "adoption":
                self._flowed(_worth(entry, rates, self._state.currency))
            elif entry.kind in INCOME:
                worth = _worth(entry, rates, self._state.currency)
                self._income[entry.kind] = _plus(self._income.get(entry.kind, ZERO), worth)
            elif entry.kind == "fill":
                self._count(entry)
        self._next = now + SECOND
        self._measure(self._state.equity())

    def _count(self, entry: Entry) -> None:
        leg = entry.legs[0]
        key = (leg.account, InstrumentId(leg.asset), leg.owner)
        self._trades[key] = self._trades.get(key, 0) + 1

    def _flowed(self, net: Decimal | None) -> None:
        self._flows = _plus(self._flows, net)
        equity = self._state.equity()
        if net is None or equity is None:
            self._value = None
            return
        # Up to the flow the return runs; after it, it goes on from what is there then.
        self._measure(ROUNDING.subtract(equity, net))
        self._value = equity

    def _measure(self, equity: Decimal | None) -> None:
        before, self._value = self._value, equity if equity is not None else self._value
        if equity is None or before is None or before <= 0:
            return
        self._measured = True
        self._index = ROUNDING.divide(ROUNDING.multiply(self._index, equity), before)
        self._peak = max(self._peak, self._index)
        self._fall = max(self._fall, 1 - ROUNDING.divide(self._index, self._peak))

    def _look(self) -> _Looked:
        state, rates = self._state, self._state.rates()
        positions: dict[PositionKey, _Worth] = {}
        for key, position in self._books.ledger.positions():
            instrument = state.instruments[key[1]]
            market = state.market.get(key[1])
            mark = None if market is None else market.mark()
            open_profit: Decimal | None = ZERO
            if position.quantity:
                held = ROUNDING.multiply(
                    instrument.quantity(position.quantity), instrument.multiplier
                )
                open_profit = (
                    None
                    if mark is None
                    else ROUNDING.subtract(ROUNDING.multiply(held, mark), position.cost)
                )
            parts = [
                None
                if part is None or rates is None
                else rates.value(part, instrument.currency, state.currency)
                for part in (position.realized, position.fees, open_profit)
            ]
            positions[key] = (parts[0], parts[1], parts[2])
        # Before the engine began it held nothing, which is known.
        return _Looked(ZERO if state.started is None else state.equity(), positions)

    def result(self) -> Report:
        """Return the span's report."""
        opening = self._opening or self._look()
        closing = self._look()
        by = tuple(self._result_of(key, opening, closing) for key in sorted(closing.positions))
        realised, fees, unrealised = (
            _sum([one.realised for one in by]),
            _sum([one.fees for one in by]),
            _sum([one.unrealised for one in by]),
        )
        income = _sum(list(self._income.values()))
        grown = _minus(closing.equity, opening.equity)
        told = _plus(_plus(_minus(_plus(self._flows, income), fees), realised), unrealised)
        return Report(
            begin=self._begin,
            end=self._end if self.over else self._last + 1,
            currency=self._books.started.currency,
            opening=opening.equity,
            closing=closing.equity,
            flows=self._flows,
            income=self._income,
            realised=realised,
            fees=fees,
            unrealised=unrealised,
            revaluation=_minus(grown, told),
            earned=self._index - 1 if self._measured else None,
            max_drawdown=self._fall if self._measured else None,
            trades=sum(self._trades.values()),
            by=by,
        )

    def _result_of(self, key: PositionKey, opening: _Looked, closing: _Looked) -> Result:
        began = opening.positions.get(key, (ZERO, ZERO, ZERO))
        ended = closing.positions[key]
        account, instrument, owner = key
        return Result(
            account=account,
            owner=owner,
            instrument=instrument,
            trades=self._trades.get(key, 0),
            realised=_minus(ended[0], began[0]),
            fees=_minus(ended[1], began[1]),
            unrealised=_minus(ended[2], began[2]),
        )


def _worth(entry: Entry, rates: Rates | None, currency: str) -> Decimal | None:
    total: Decimal | None = ZERO
    for leg in entry.legs:
        worth = None if rates is None else rates.value(leg.amount, leg.asset, currency)
        total = _plus(total, worth)
    return total


def _plus(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else ROUNDING.add(one, other)


def _minus(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else ROUNDING.subtract(one, other)


def _sum(amounts: list[Decimal | None]) -> Decimal | None:
    total: Decimal | None = ZERO
    for amount in amounts:
        total = _plus(total, amount)
    return total
