"""What one connection is told of its account: on request, and again when it changes."""

from typing import Protocol

from tradebot.engine.exchange.face import Floor
from tradebot.engine.exchange.faults import EventName
from tradebot.engine.exchange.ib import accounts
from tradebot.engine.exchange.ib.asked import Contract
from tradebot.engine.exchange.ib.contracts import matching, venue_time
from tradebot.engine.exchange.ib.desk import Refused
from tradebot.engine.exchange.ib.refusals import NO_DEFINITION
from tradebot.engine.exchange.ib.wire import Reader, Value
from tradebot.engine.exchange.market import Listing


class Say(Protocol):
    """Sends a message that goes by these names."""

    def __call__(self, fields: list[Value], *events: EventName) -> None:
        """Send."""
        ...


class AccountNews:
    """An account's values, positions and profit.

    Args of the constructor:
        floor: The exchange.
        account: Whose.
        say: The way out.
    """

    def __init__(self, floor: Floor, account: str, say: Say) -> None:
        self._floor = floor
        self._exchange = floor.exchange
        self._account = account
        self._say = say
        self._wants_positions = False
        self._wants_account = False
        self._profits: dict[int, Listing | None] = {}
        self._summaries: set[int] = set()
        self._dirty = False

    def touch(self) -> None:
        """Note that the account is not as it was told."""
        self._dirty = True

    def advance(self) -> None:
        """Tell again what was asked for, where it changed."""
        if not self._dirty:
            return
        self._dirty = False
        if self._wants_positions:
            self._tell_positions()
        if self._wants_account:
            self._tell_account()
        for request, listing in self._profits.items():
            self._tell_profit(request, listing)
        for request in self._summaries:
            self._tell_summary(request)

    def subscribe_positions(self) -> None:
        """Answer message 61."""
        self._wants_positions = True
        self._tell_positions()
        self._say([62, 1])

    def end_positions(self) -> None:
        """Answer message 64."""
        self._wants_positions = False

    def _tell_positions(self) -> None:
        books = self._exchange.accounts[self._account]
        for listing in self._exchange.listed("ib"):
            if listing.key in books.positions or books.holdings[listing.base]:
                told = accounts.position(self._exchange, self._account, listing)
                self._say(told, "report")

    def updates(self, fields: list[str]) -> None:
        """Answer message 6."""
        self._wants_account = Reader(fields, 2).flag()
        if self._wants_account:
            self._tell_account()
            self._say([54, 1, self._account])

    def _tell_account(self) -> None:
        for tag, value, currency in accounts.values(self._exchange, self._account):
            self._say([6, 2, tag, value, currency, self._account], "report")
        for listing in accounts.held(self._exchange, self._account):
            told = accounts.portfolio(self._exchange, self._account, listing)
            self._say(told, "report")
        self._say([8, 1, venue_time(self._floor.now("ib"))[9:14]])

    def multi(self, fields: list[str]) -> None:
        """Answer message 76."""
        request = Reader(fields, 2).whole()
        for tag, value, currency in accounts.values(self._exchange, self._account):
            self._say([73, 1, request, self._account, "", tag, value, currency])
        self._say([74, 1, request])

    def summary(self, fields: list[str]) -> None:
        """Answer message 62."""
        request = Reader(fields, 2).whole()
        self._summaries.add(request)
        self._tell_summary(request)
        self._say([64, 1, request])

    def _tell_summary(self, request: int) -> None:
        for tag, value, currency in accounts.values(self._exchange, self._account):
            self._say([63, 1, request, self._account, tag, value, currency])

    def end_summary(self, fields: list[str]) -> None:
        """Answer message 63."""
        self._summaries.discard(Reader(fields, 2).whole())

    def profit(self, fields: list[str]) -> None:
        """Answer message 92."""
        request = Reader(fields).whole()
        self._profits[request] = None
        self._tell_profit(request, None)

    def profit_of(self, fields: list[str]) -> None:
        """Answer message 94. Raises Refused where the contract is not known."""
        reader = Reader(fields)
        request = reader.whole()
        reader.skip(2)
        found = matching(self._exchange.listed("ib"), Contract(con_id=reader.whole()))
        if len(found) != 1:
            raise Refused(*NO_DEFINITION)
        self._profits[request] = found[0]
        self._tell_profit(request, found[0])

    def _tell_profit(self, request: int, listing: Listing | None) -> None:
        if listing is None:
            self._say([94, request, *accounts.profit(self._exchange, self._account)])
        else:
            told = accounts.profit_of(self._exchange, self._account, listing)
            self._say([95, request, *told])

    def end_profit(self, fields: list[str]) -> None:
        """Answer messages 93 and 95."""
        self._profits.pop(Reader(fields).whole(), None)
