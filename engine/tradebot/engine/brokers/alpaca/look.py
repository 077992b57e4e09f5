"""One look at an account: its fills, what moved its cash, its open orders, positions and balance; no I/O of its own."""

from collections.abc import Callable, Mapping
from decimal import Decimal

import msgspec

from tradebot.data.instruments import Instrument, InstrumentId, to_units
from tradebot.data.venues.alpaca.times import text_from_ns
from tradebot.engine.brokers.alpaca.api import Api
from tradebot.engine.brokers.alpaca.executions import Execution
from tradebot.engine.brokers.alpaca.fees import KINDS
from tradebot.engine.brokers.alpaca.messages import (
    WireAccount,
    WireMovement,
    WireOrder,
    WirePosition,
    account_of,
    movements_of,
    orders_of,
    positions_of,
    refusal,
)
from tradebot.engine.brokers.alpaca.orders import client_id_of, open_order
from tradebot.engine.brokers.alpaca.sweep import PAGE, Sweep
from tradebot.engine.brokers.outside import Answer, HttpReply, HttpRequest, Outside
from tradebot.engine.core.events import AccountReported, ReportedOrder
from tradebot.engine.core.types import AccountName, ClientOrderId

ORDERS_MAX = 500
"""Most open orders the venue lists at once."""

_OK = 200


def movements_request(api: Api, since: int, token: str = "") -> HttpRequest:
    """Return the question for a page of what moved cash besides fills.

    Args:
        api: The account's REST.
        since: Venue time, ns UTC.
        token: Id of the last row of the page before.
    """
    query = {
        "activity_types": KINDS,
        "after": text_from_ns(since),
        "direction": "asc",
        "page_size": str(PAGE),
    }
    if token:
        query["page_token"] = token
    return api.get("/v2/account/activities", query)


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What a look found."""

    executions: tuple[Execution, ...]
    movements: tuple[WireMovement, ...]
    orders: tuple[WireOrder, ...]
    positions: tuple[WirePosition, ...]
    account: WireAccount


type Done = Callable[[Seen | str], None]
"""Told what was found, or why nothing could be."""


class AccountLook:
    """Asks one thing after the other; what fails ends it.

    Args of the constructor:
        outside: The doors.
        api: The account's REST.
        fills_since: Venue time from which on fills are wanted, ns UTC.
        movements_since: The same of what moved cash.
        done: Told the end.
    """

    def __init__(
        self,
        outside: Outside,
        api: Api,
        fills_since: int,
        movements_since: int,
        done: Done,
    ) -> None:
        self._outside = outside
        self._api = api
        self._walk = Sweep(api, fills_since, "gap_fill")
        self._since = movements_since
        self._done = done
        self._executions: list[Execution] = []
        self._movements: list[WireMovement] = []
        self._orders: tuple[WireOrder, ...] = ()
        self._positions: tuple[WirePosition, ...] = ()

    def start(self) -> None:
        """Ask for the positions and orders first: what fills after them is in the fills."""
        request = self._api.get("/v2/positions")
        self._ask(request, self._take_positions)

    def _ask(self, request: HttpRequest, then: Callable[[bytes], None]) -> None:
        def answered(answer: Answer) -> None:
            if not isinstance(answer, HttpReply):
                self._done(answer.reason)
            elif answer.status != _OK:
                self._done(refusal(answer.status, answer.body).message)
            else:
                try:
                    then(answer.body)
                except (ValueError, RecursionError) as error:
                    self._done(str(error)[:200])

        self._outside.ask(request, answered)

    def _take_positions(self, body: bytes) -> None:
        self._positions = tuple(positions_of(body))
        query = {"status": "open", "limit": str(ORDERS_MAX), "nested": "false"}
        self._ask(self._api.get("/v2/orders", query), self._take_orders)

    def _take_orders(self, body: bytes) -> None:
        self._orders = tuple(orders_of(body))
        self._ask(self._walk.request(), self._take_fills)

    def _take_fills(self, body: bytes) -> None:
        found, last = self._walk.page(body)
        self._executions += found
        if not last:
            self._ask(self._walk.request(), self._take_fills)
        else:
            self._ask_movements("")

    def _ask_movements(self, token: str) -> None:
        self._ask(movements_request(self._api, self._since, token), self._take_movements)

    def _take_movements(self, body: bytes) -> None:
        rows = movements_of(body)
        self._movements += rows
        if len(rows) >= PAGE:
            self._ask_movements(rows[-1].id)
        else:
            self._ask(self._api.get("/v2/account"), self._take_account)

    def _take_account(self, body: bytes) -> None:
        self._done(
            Seen(
                executions=tuple(self._executions),
                movements=tuple(self._movements),
                orders=self._orders,
                positions=self._positions,
                account=account_of(body),
            )
        )


def report_of(
    seen: Seen, name: AccountName, instruments: Mapping[str, Instrument], began: int
) -> AccountReported:
    """Return a look as the kernel's word.

    Args:
        seen: What was found.
        name: The account's.
        instruments: By symbol, pairs also without their slash.
        began: From when on fills can be told, ns UTC.

    Raises:
        ValueError: If a number does not fit an instrument's scale.
    """
    positions: dict[InstrumentId, int] = {}
    averages: dict[InstrumentId, Decimal] = {}
    for row in seen.positions:
        instrument = instruments.get(row.symbol)
        if instrument is not None:
            quantity = -abs(row.qty) if row.side == "short" else row.qty
            positions[instrument.id] = to_units(quantity, instrument.quantity_scale, what="qty")
            if row.avg_entry_price is not None:
                averages[instrument.id] = row.avg_entry_price
    ids: list[ClientOrderId] = []
    orders: list[ReportedOrder] = []
    for order in seen.orders:
        instrument = instruments.get(order.symbol or "")
        full = None if instrument is None else open_order(order, instrument)
        if full is not None:
            orders.append(full)
        ids.append(client_id_of(order))
    return AccountReported(
        account=name,
        cash={seen.account.currency: seen.account.cash},
        positions=positions,
        open_orders=tuple(ids),
        orders=tuple(orders),
        average_prices=averages,
        fills_since=began,
    )
