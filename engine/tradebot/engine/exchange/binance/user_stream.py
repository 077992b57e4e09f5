"""What Binance tells an account: execution reports, balances, order lists."""

from collections.abc import Callable, Iterable

from tradebot.engine.exchange.accounts import Account
from tradebot.engine.exchange.binance.api_session import ApiSession
from tradebot.engine.exchange.binance.lists import Lists, OrderList
from tradebot.engine.exchange.binance.reports import Reporter, balance_update
from tradebot.engine.exchange.binance.texts import Json
from tradebot.engine.exchange.exchange import Exchange
from tradebot.engine.exchange.face import Floor
from tradebot.engine.exchange.faults import EventName
from tradebot.engine.exchange.happenings import (
    CashMoved,
    Executed,
    Happening,
    OrderChange,
    OrderChanged,
)
from tradebot.engine.exchange.orders import Order

_KINDS: dict[OrderChange, str] = {
    "new": "NEW",
    "held": "NEW",
    "queued": "NEW",
    "released": "NEW",
    "triggered": "NEW",
    "rejected": "REJECTED",
    "amended": "REPLACED",
    "replaced": "CANCELED",
    "cancelled": "CANCELED",
    "expired": "EXPIRED",
}


class UserStream:
    """Tells what happens to accounts.

    Args of the constructor:
        floor: The exchange.
        reporter: Writes reports.
        lists: Order lists.
        cancel_ids: The client's id of a cancel by order number.
        sessions: Gives the web sockets that may have subscribed.
    """

    def __init__(
        self,
        floor: Floor,
        *,
        reporter: Reporter,
        lists: Lists,
        cancel_ids: dict[int, str],
        sessions: Callable[[], Iterable[ApiSession]],
    ) -> None:
        self._floor = floor
        self._exchange: Exchange = floor.exchange
        self._reporter = reporter
        self._lists = lists
        self._cancel_ids = cancel_ids
        self._sessions = sessions
        self._names: dict[int, str] = {}
        lists.listen(self._list_begun)

    def take(self, happening: Happening) -> None:
        """Learn what happened to an account."""
        match happening:
            case OrderChanged():
                self._changed(happening)
            case Executed():
                self._executed(happening)
            case CashMoved():
                account = self._exchange.accounts[happening.account]
                self._tell(
                    account,
                    lambda unit: balance_update(
                        happening.asset, happening.amount, happening.ts, unit
                    ),
                    "report",
                )
                self._tell_position(account, (happening.asset,), happening.ts)
            case _:
                pass

    def _changed(self, happening: OrderChanged) -> None:
        order = happening.order
        kind = _KINDS[happening.change]
        if happening.change == "cancelled" and order.reason == "oco":
            kind = "EXPIRED"
        own = order.request.client_id
        named, original = own, ""
        if happening.change == "cancelled" and order.number in self._cancel_ids:
            named, original = self._cancel_ids[order.number], own
        elif happening.change == "amended":
            original = self._names.get(order.number, own)
        self._names[order.number] = own
        account = self._exchange.accounts[happening.account]
        self._tell(
            account,
            lambda unit: self._reporter.execution_report(
                order, kind, happening.ts, unit, client_id=named, original_id=original
            ),
            "report",
        )
        if happening.change != "triggered":
            self._tell_position(account, self._assets(order), happening.ts)
        self._tell_list(account, order, happening.ts)

    def _executed(self, happening: Executed) -> None:
        order, account = happening.order, self._exchange.accounts[happening.account]
        self._tell(
            account,
            lambda unit: self._reporter.execution_report(
                order, "TRADE", happening.ts, unit, execution=happening.execution
            ),
            "report",
            "execution",
        )
        self._tell_position(account, self._assets(order), happening.ts)
        if not order.is_open:
            self._tell_list(account, order, happening.ts)

    def _assets(self, order: Order) -> tuple[str, ...]:
        listing = self._exchange.listings[order.listing]
        return (listing.base, listing.quote)

    def _tell_position(self, account: Account, assets: tuple[str, ...], now: int) -> None:
        self._tell(account, lambda unit: self._reporter.position(account, assets, now, unit))

    def _list_begun(self, found: OrderList) -> None:
        account = self._exchange.accounts[found.account]
        self._tell_status(account, found, found.created)

    def _tell_list(self, account: Account, order: Order, now: int) -> None:
        """Tell the end of an order's list."""
        found = self._lists.of(order.number)
        if found is not None and not self._lists.is_open(found):
            self._tell_status(account, found, now)

    def _tell_status(self, account: Account, found: OrderList, now: int) -> None:
        row = self._lists.row(found, 1)
        self._tell(
            account,
            lambda unit: {
                "e": "listStatus",
                "E": now // unit,
                "s": found.symbol,
                "g": found.number,
                "c": found.contingency,
                "l": row["listStatusType"],
                "L": row["listOrderStatus"],
                "r": "NONE",
                "C": found.client_id,
                "T": now // unit,
                "O": [
                    {
                        "s": found.symbol,
                        "i": number,
                        "c": self._exchange.store.now(number).request.client_id,
                    }
                    for number in found.orders
                ],
            },
            "report",
        )

    def _tell(
        self, account: Account, make: Callable[[int], dict[str, Json]], *names: EventName
    ) -> None:
        for session in self._sessions():
            session.tell(account, make(session.unit), *names)
