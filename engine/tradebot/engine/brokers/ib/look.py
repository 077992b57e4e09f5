"""A look at an account: executions of the day, open and completed orders, positions, values; over with the last."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation

import msgspec
from ib_async.objects import ExecutionFilter

from tradebot.engine.brokers.ib.connection import Connection
from tradebot.engine.brokers.ib.words import Ended, OrderSaid, PositionSaid, Said, ValueSaid
from tradebot.engine.brokers.outside import Outside
from tradebot.engine.core.types import SECOND, FillSource

PATIENCE = 15 * SECOND
"""Longest look: a Gateway that does not answer within it is given up."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a look has brought; executions were told as they came."""

    began: int
    """When it began, ns UTC."""
    open: tuple[OrderSaid, ...]
    completed: tuple[OrderSaid, ...]
    positions: tuple[PositionSaid, ...]
    cash: dict[str, Decimal]
    """By currency."""


type Done = Callable[[Found | str], None]
"""Takes what was found, or why it could not be."""


class Look:
    """One look.

    Args of the constructor:
        connection: Ready.
        code: The account at the venue.
        began: Now, ns UTC.
        source: What its executions are told as.
        done: Told once.
    """

    def __init__(
        self, connection: Connection, code: str, *, began: int, source: FillSource, done: list[Done]
    ) -> None:
        self._connection = connection
        self._code = code
        self._began = began
        self.source: FillSource = source
        self._done = done
        self._executions = connection.number()
        self._values = connection.number()
        self._missing = {"executions", "open", "completed", "positions", "values"}
        self._open: dict[int, OrderSaid] = {}
        self._completed: dict[int, OrderSaid] = {}
        self._positions: dict[int, PositionSaid] = {}
        self._cash: dict[str, Decimal] = {}

    def start(self) -> None:
        """Ask."""
        ask = self._connection.ask
        ask.reqAllOpenOrders()
        ask.reqExecutions(self._executions, ExecutionFilter(acctCode=self._code))
        ask.reqCompletedOrders(False)  # noqa: FBT003  (ib_async's argument)
        ask.reqPositions()
        ask.reqAccountUpdatesMulti(self._values, self._code, "", True)  # noqa: FBT003

    def asked(self, request: int) -> bool:
        """Return whether an execution answers this look."""
        return request == self._executions

    def hear(self, word: Said) -> bool:
        """Take a word; return whether the look is over with it."""
        match word:
            case OrderSaid(completed=True):
                self._completed[word.perm_id] = word
            case OrderSaid():
                self._open[word.perm_id] = word
            case PositionSaid() if word.account == self._code:
                self._positions[word.contract.con_id] = word
            case ValueSaid(tag="CashBalance") if word.account == self._code:
                self._take_cash(word)
            case Ended(what="executions") if word.request != self._executions:
                pass
            case Ended(what="values") if word.request != self._values:
                pass
            case Ended():
                self._missing.discard(word.what)
                return not self._missing
            case _:
                pass
        return False

    def _take_cash(self, word: ValueSaid) -> None:
        try:
            amount = Decimal(word.value)
        except InvalidOperation:
            return
        if amount.is_finite() and word.currency not in {"", "BASE"}:
            self._cash[word.currency] = amount

    def finish(self) -> None:
        """Tell what was found, and stop what would go on."""
        ask = self._connection.ask
        ask.cancelPositions()
        ask.cancelAccountUpdatesMulti(self._values)
        found = Found(
            began=self._began,
            open=tuple(self._open.values()),
            completed=tuple(self._completed.values()),
            positions=tuple(self._positions.values()),
            cash=self._cash,
        )
        for done in self._done:
            done(found)

    def fail(self, reason: str) -> None:
        """Tell why nothing was found."""
        for done in self._done:
            done(reason)


class Looks:
    """An account's looks: one at a time, and one that began before a question does not answer it.

    Args of the constructor:
        connection: To the Gateway.
        code: The account at the venue.
        outside: The doors.
    """

    def __init__(self, connection: Connection, code: str, outside: Outside) -> None:
        self._connection = connection
        self._code = code
        self._outside = outside
        self._look: Look | None = None
        self._next: list[Done] = []
        self._source: FillSource = "sweep"

    @property
    def under_way(self) -> bool:
        """Return whether a look is under way."""
        return self._look is not None

    def ask(self, source: FillSource, done: Done) -> None:
        """Look at the account."""
        if not self._connection.is_ready:
            done("not connected")
            return
        self._next.append(done)
        if source == "gap_fill" or len(self._next) == 1:
            self._source = source
        if self._look is None:
            self._start()

    def _start(self) -> None:
        done, self._next = self._next, []
        now = self._outside.now
        look = Look(self._connection, self._code, began=now, source=self._source, done=done)
        self._look = look
        look.start()
        self._outside.after(PATIENCE, lambda: self._give_up(look))

    def _give_up(self, look: Look) -> None:
        if self._look is look:
            self._connection.drop(f"no answer within {PATIENCE // SECOND} s")

    def hear(self, word: Said) -> None:
        """Take a word of the Gateway."""
        look = self._look
        if look is None or not look.hear(word):
            return
        self._look = None
        look.finish()
        if self._next and self._look is None and self._connection.is_ready:
            self._start()

    def source_of(self, request: int) -> FillSource:
        """Return what an execution that answers a request is told as."""
        look = self._look
        return look.source if look is not None and look.asked(request) else "stream"

    def fail(self, reason: str) -> None:
        """Answer every question with why it cannot be."""
        look, waiting = self._look, self._next
        self.forget()
        if look is not None:
            look.fail(reason)
        for done in waiting:
            done(reason)

    def forget(self) -> None:
        """Answer nothing any more."""
        self._look, self._next = None, []
