"""A talk with a Gateway by code that waits for each answer: what `panic` needs, without an engine."""

from collections.abc import Callable
from typing import NamedTuple

from tradebot.engine.brokers.ib.connection import Connection
from tradebot.engine.brokers.ib.wire import Requests
from tradebot.engine.brokers.ib.words import (
    ContractSaid,
    Ended,
    ErrorSaid,
    OrderSaid,
    PositionSaid,
    Ready,
    Said,
    StatusSaid,
)
from tradebot.engine.brokers.outside import Outside
from tradebot.engine.core.types import MS, SECOND

STEP = 50 * MS
"""Between two looks at whether an answer has come."""

READY_WITHIN = 20 * SECOND
"""A Gateway may hold the client id of an engine that has just died."""

ANSWER_WITHIN = 10 * SECOND


class Ways(NamedTuple):
    """How time passes for code that waits."""

    outside: Outside
    pause: Callable[[int], None]
    """Waits, ns, and lets the connection work meanwhile."""
    do: Callable[[Callable[[], None]], None]
    """Calls what touches the connection."""


class NoAnswer(Exception):  # noqa: N818  (what happened)
    """The Gateway did not answer, or is not there; the text says why."""


class Talk:
    """One connection; what was heard lies in its fields.

    Args of the constructor:
        url: `tcp://host:port`.
        client_id: Ours: only its own orders can be cancelled one by one.
        ways: To wait by.
    """

    def __init__(self, url: str, client_id: int, ways: Ways) -> None:
        self._ways = ways
        self._connection = Connection(url, client_id, ways.outside, self)
        self._reason = "no answer"
        self._ended: set[tuple[str, int]] = set()
        self.greeting = Ready(accounts=(), next_id=0)
        self.orders: dict[int, OrderSaid] = {}
        """By permanent id, as the newest word of each has it."""
        self.statuses: dict[int, StatusSaid] = {}
        """By permanent id."""
        self.positions: dict[int, PositionSaid] = {}
        """By contract."""
        self.contracts: dict[int, ContractSaid] = {}
        """By request."""
        self.errors: dict[int, ErrorSaid] = {}
        """By request or order id, the newest."""

    def open(self) -> None:
        """Connect and wait for the greeting.

        Raises:
            NoAnswer: If there is none.
        """
        self._ways.do(self._connection.start)
        self.wait(lambda: self._connection.is_ready and bool(self.greeting.accounts), READY_WITHIN)

    def close(self) -> None:
        """Disconnect."""
        self._ways.do(self._connection.stop)

    def request(self, send: Callable[[Requests], None]) -> None:
        """Send a message by the encoders of the open connection.

        Raises:
            NoAnswer: If it has dropped.
        """
        if not self._connection.is_ready:
            raise NoAnswer(self._reason)
        self._ways.do(lambda: send(self._connection.ask))

    def pause(self, span: int) -> None:
        """Wait, ns."""
        self._ways.pause(span)

    def number(self) -> int:
        """Return a new request id."""
        return self._connection.number()

    def until_ended(self, what: str, request: int = -1) -> None:
        """Wait for the last of an answer.

        Raises:
            NoAnswer: If it does not come.
        """
        self.wait(lambda: (what, request) in self._ended or request in self.errors, ANSWER_WITHIN)
        self._ended.discard((what, request))

    def wait(self, come: Callable[[], bool], patience: int) -> None:
        """Wait until something has come.

        Raises:
            NoAnswer: If it has not within the patience, ns.
        """
        for _ in range(patience // STEP):
            if come():
                return
            self._ways.pause(STEP)
        if not come():
            raise NoAnswer(f"{self._reason} within {patience // SECOND} s")

    # ---------------------------------------------------------------------------- what is heard

    def ready(self, word: Ready) -> None:
        """The session is open."""
        self.greeting = word

    def lost(self, reason: str) -> None:
        """The connection dropped; it is dialled again while somebody waits."""
        self._reason = reason

    def malformed(self, reason: str) -> None:
        """A message could not be read."""
        self._reason = reason

    def said(self, word: Said) -> None:
        """Keep a word."""
        match word:
            case OrderSaid():
                self.orders[word.perm_id] = word
            case StatusSaid():
                self.statuses[word.perm_id] = word
            case PositionSaid():
                self.positions[word.contract.con_id] = word
            case ContractSaid():
                self.contracts[word.request] = word
            case ErrorSaid() if word.request >= 0:
                self.errors[word.request] = word
            case Ended():
                self._ended.add((word.what, word.request))
            case _:
                pass
