"""A look at an account: its open orders, its trades since an instant, its balances; told when all of it is there.

Trades name their order by the venue's number. Whose it is is remembered from the order's own words; a number nobody
remembers is asked for before its fills are told, so that no fill goes to the wrong owner.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

import msgspec

from tradebot.data.errors import ScaleError
from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.brokers.binance.calls import Call, Calls, Done, Outcome
from tradebot.engine.brokers.binance.messages import (
    AccountReply,
    OrderReply,
    TradeRow,
    account_reply,
    order_reply,
    order_rows,
    read,
    trade_rows,
)
from tradebot.engine.brokers.binance.reports import Unreadable, amount, fill_of_row, open_order
from tradebot.engine.brokers.cursor import Cursor
from tradebot.engine.core.events import AccountReported, OrderFilled, ReportedOrder
from tradebot.engine.core.types import (
    MS,
    SECOND,
    AccountName,
    ClientOrderId,
    FillSource,
    VenueOrderId,
)

PAGE = 1000
"""Most trades of one reply."""

WINDOW = 24 * 3600 * SECOND - SECOND
"""Longest span of one question for trades by time."""

WINDOWS_MAX = 60
"""Farthest back trades are asked for by time, in windows: what is older is adopted as a position."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a look is to bring."""

    since: int
    """Venue time from which on trades are wanted, ns UTC."""
    source: FillSource
    account: bool
    """Whether open orders and balances are wanted too."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a look has brought."""

    fills: tuple[OrderFilled, ...]
    """By the venue's time."""
    report: AccountReported | None


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked at."""

    account: AccountName
    instruments: dict[str, Instrument]
    """By symbol."""
    calls: Calls
    cursor: Cursor
    now: Callable[[], int]


class Look:
    """One look; it ends once, by `done` with what it found or with why it could not be had.

    Args of the constructor:
        subject: What is looked at.
        wanted: What is to be brought.
        fee_assets: Assets that fees were paid in, besides those of the instruments.
        began: First contact with the account, ns UTC: older fills are not told.
        done: Called with the findings, or with a reason.
    """

    def __init__(
        self,
        subject: Subject,
        wanted: Wanted,
        *,
        fee_assets: Iterable[str],
        began: int,
        done: Callable[[Found | str], None],
    ) -> None:
        self._subject = subject
        self._wanted = wanted
        self._fee_assets = frozenset(fee_assets)
        self._began = began
        self._done = done
        self._trades: dict[tuple[str, int], TradeRow] = {}
        self._open: list[ReportedOrder] = []
        self._open_ids: list[ClientOrderId] = []

    def start(self) -> None:
        """Begin with the open orders: what fills after them is in the trades."""
        symbols = list(self._subject.instruments)
        if self._wanted.account:
            self._ask_open(symbols)
        else:
            self._ask_trades(symbols)

    def _call(self, call: Call, then: Callable[[bytes], None]) -> None:
        def ended(outcome: Outcome) -> None:
            if not isinstance(outcome, Done):
                why = getattr(outcome, "text", None) or getattr(outcome, "reason", "")
                self._done(f"{call.path}: {why}")
                return
            try:
                then(outcome.body)
            except ValueError as error:
                self._done(f"{call.path}: {error}")

        self._subject.calls.call(call, ended)

    # ---------------------------------------------------------------------------- open orders

    def _ask_open(self, symbols: Sequence[str]) -> None:
        if not symbols:
            self._ask_trades(list(self._subject.instruments))
            return
        symbol = symbols[0]

        def told(body: bytes) -> None:
            instrument = self._subject.instruments[symbol]
            for row in read(order_rows, body):
                self._take_open(row, instrument)
            self._ask_open(symbols[1:])

        params = {"symbol": symbol}
        self._call(Call(method="GET", path="/api/v3/openOrders", params=params, weight=6), told)

    def _take_open(self, row: OrderReply, instrument: Instrument) -> None:
        cursor, number = self._subject.cursor, VenueOrderId(str(row.order_id))
        known = cursor.order(row.symbol, number)
        order = known or ClientOrderId(row.client_order_id or str(row.order_id))
        cursor.keep_order(row.symbol, number, order)
        told = open_order(row, order, instrument)
        if told is None:
            self._open_ids.append(order)
        else:
            self._open.append(told)

    # ---------------------------------------------------------------------------- trades

    def _ask_trades(self, symbols: Sequence[str]) -> None:
        if not symbols:
            self._ask_unknown_orders()
            return
        now = self._subject.now()
        start = max(self._wanted.since, self._began, now - WINDOWS_MAX * WINDOW)
        self._ask_window(symbols, start // MS)

    def _ask_window(self, symbols: Sequence[str], start_ms: int) -> None:
        symbol = symbols[0]
        end_ms = start_ms + WINDOW // MS
        params = {"symbol": symbol, "startTime": str(start_ms), "limit": str(PAGE)}
        latest = self._subject.now() // MS + 60_000  # the venue's clock may be ahead of ours
        if end_ms < latest:
            params["endTime"] = str(end_ms)

        def told(body: bytes) -> None:
            rows = self._take_trades(symbol, body)
            if len(rows) >= PAGE:
                self._ask_page(symbols, rows[-1].id + 1)
            elif end_ms < latest:
                self._ask_window(symbols, end_ms)
            else:
                self._ask_trades(symbols[1:])

        self._call(Call(method="GET", path="/api/v3/myTrades", params=params, weight=20), told)

    def _ask_page(self, symbols: Sequence[str], from_id: int) -> None:
        """Go on by ids: from a full page on there is no bound in time."""
        symbol = symbols[0]
        params = {"symbol": symbol, "fromId": str(from_id), "limit": str(PAGE)}

        def told(body: bytes) -> None:
            rows = self._take_trades(symbol, body)
            if len(rows) >= PAGE and rows[-1].id >= from_id:
                self._ask_page(symbols, rows[-1].id + 1)
            else:
                self._ask_trades(symbols[1:])

        self._call(Call(method="GET", path="/api/v3/myTrades", params=params, weight=20), told)

    def _take_trades(self, symbol: str, body: bytes) -> Sequence[TradeRow]:
        rows = read(trade_rows, body)
        for row in rows:
            if row.symbol != symbol:
                raise Unreadable(f"a trade of {symbol} was wanted, was of {row.symbol!r}")
            self._trades[symbol, row.id] = row
        return rows

    # ---------------------------------------------------------------------------- whose they are

    def _ask_unknown_orders(self) -> None:
        cursor = self._subject.cursor
        numbers = dict.fromkeys((row.symbol, row.order_id) for row in self._trades.values())
        unknown = [
            (symbol, number)
            for symbol, number in numbers
            if cursor.order(symbol, VenueOrderId(str(number))) is None
        ]
        if not unknown:
            self._ask_account()
            return
        symbol, number = unknown[0]

        def told(body: bytes) -> None:
            reply = read(order_reply, body)
            named = ClientOrderId(reply.client_order_id or str(number))
            cursor.keep_order(symbol, VenueOrderId(str(number)), named)
            self._ask_unknown_orders()

        params = {"symbol": symbol, "orderId": str(number)}
        self._call(Call(method="GET", path="/api/v3/order", params=params, weight=4), told)

    # ---------------------------------------------------------------------------- balances

    def _ask_account(self) -> None:
        if not self._wanted.account:
            self._end(None)
            return

        def told(body: bytes) -> None:
            self._end(self._report(read(account_reply, body)))

        params = {"omitZeroBalances": "true"}
        self._call(Call(method="GET", path="/api/v3/account", params=params, weight=20), told)

    def _report(self, reply: AccountReply) -> AccountReported:
        held = {one.asset: amount(one.free) + amount(one.locked) for one in reply.balances}
        instruments = self._subject.instruments.values()
        bases = {instrument.base for instrument in instruments}
        fees = {row.commission_asset for row in self._trades.values()} | self._fee_assets
        wanted = ({instrument.currency for instrument in instruments} | fees) - bases
        return AccountReported(
            account=self._subject.account,
            cash={asset: held.get(asset, Decimal(0)) for asset in sorted(wanted) if asset},
            positions=_positions(instruments, held),
            open_orders=tuple(self._open_ids),
            orders=tuple(self._open),
            fills_since=self._began,
        )

    def _end(self, report: AccountReported | None) -> None:
        subject = self._subject
        now = subject.now()
        fills: list[OrderFilled] = []
        for (symbol, _), row in sorted(self._trades.items(), key=lambda item: item[1].time):
            instrument = subject.instruments[symbol]
            order = subject.cursor.order(symbol, VenueOrderId(str(row.order_id)))
            named = order or ClientOrderId(str(row.order_id))
            fills.append(
                fill_of_row(row, named, instrument, subject.account, self._wanted.source, now)
            )
        self._done(Found(fills=tuple(fills), report=report))


def _positions(
    instruments: Iterable[Instrument], held: dict[str, Decimal]
) -> dict[InstrumentId, int]:
    """Return what is held of each instrument's base.

    Raises:
        Unreadable: If a balance is finer than the instrument's scale.
    """
    found: dict[InstrumentId, int] = {}
    for instrument in instruments:
        try:
            units = instrument.quantity_units(held.get(instrument.base, Decimal(0)))
        except ScaleError as error:
            raise Unreadable(str(error)) from error
        if units:
            found[instrument.id] = units
    return found
