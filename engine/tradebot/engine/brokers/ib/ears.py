"""What ib_async's decoder calls, turned into words.

Its own `Wrapper` is not used: it was measured to keep fills of unknown orders to itself, to drop commissions that come
before their execution, to take an order for dead on any error about it, and to lose rows of the book (BROKERS 3.4).
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Protocol, override

from ib_async.contract import Contract, ContractDetails
from ib_async.decoder import Decoder
from ib_async.objects import BarData, CommissionReport, Execution, TickAttribLast
from ib_async.order import Order, OrderState
from ib_async.util import UNSET_DOUBLE

from tradebot.engine.brokers.ib.words import (
    BarSaid,
    ContractSaid,
    Ended,
    ErrorSaid,
    ExecutionSaid,
    FeeSaid,
    Named,
    OrderSaid,
    PositionSaid,
    PrintSaid,
    Ready,
    RowSaid,
    Said,
    StatusSaid,
    TickSaid,
    TimeSaid,
    ValueSaid,
)
from tradebot.engine.core.types import SECOND

_EXECUTIONS_OF_MAKER = 1


class _Zone:
    """What the decoder asks of ib_async's `IB`: the zone of times that name none."""

    TimezoneTWS = "US/Eastern"


class Listener(Protocol):
    """Who is told."""

    def ready(self, word: Ready) -> None:
        """The session is open."""
        ...

    def said(self, word: Said) -> None:
        """Something was said."""
        ...


def exact(value: float | str) -> Decimal:
    """Return a number as it was written: the decoder's floats have lost no digit of up to 15.

    Raises:
        ValueError: If it is not a finite number.
    """
    try:
        number = Decimal(repr(value) if isinstance(value, float) else str(value))
    except ArithmeticError as error:
        raise ValueError(f"a number must be decimal, was {value!r}") from error
    if not number.is_finite():
        raise ValueError(f"a number must be finite, was {value!r}")
    return number


def given(value: float | Decimal | None) -> Decimal | None:
    """Return a number; None where it is unset."""
    return None if value is None or float(value) == UNSET_DOUBLE else exact(float(value))


def _named(contract: Contract) -> Named:
    return Named(con_id=int(contract.conId), symbol=contract.symbol, currency=contract.currency)


class Ears:
    """The decoder's wrapper; names and arguments are the decoder's.

    What is not listened for has no method here, and the decoder passes over it.
    """

    ib = _Zone()
    defaultTimezone = UTC  # noqa: N815  (the decoder's name)

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._accounts: tuple[str, ...] = ()
        self._next_id = 0
        self.is_ready = False

    def _say(self, word: Said) -> None:
        self._listener.said(word)

    def _greeted(self) -> None:
        if not self.is_ready and self._accounts and self._next_id:
            self.is_ready = True
            self._listener.ready(Ready(accounts=self._accounts, next_id=self._next_id))

    def nextValidId(self, number: int) -> None:  # noqa: N802
        """Take the first order id."""
        self._next_id = number
        self._greeted()

    def managedAccounts(self, names: str) -> None:  # noqa: N802
        """Take the accounts."""
        self._accounts = tuple(name for name in names.split(",") if name)
        self._greeted()

    def error(self, request: int, code: int, text: str, advanced: str) -> None:
        """Take an error or notice."""
        self._say(ErrorSaid(request=request, code=code, text=text + (advanced and f" {advanced}")))

    def currentTime(self, seconds: int) -> None:  # noqa: N802
        """Take the venue's time."""
        self._say(TimeSaid(seconds=seconds))

    # Orders.

    def openOrder(  # noqa: N802
        self, order_id: int, contract: Contract, order: Order, state: OrderState
    ) -> None:
        """Take an open order; the answer to a what-if order is none."""
        if not order.whatIf:
            self._say(_order(order_id, contract, order, state, completed=False))

    def openOrderEnd(self) -> None:  # noqa: N802
        """Take the end of open orders."""
        self._say(Ended(what="open"))

    def completedOrder(self, contract: Contract, order: Order, state: OrderState) -> None:  # noqa: N802
        """Take an order that is over."""
        self._say(_order(0, contract, order, state, completed=True))

    def completedOrdersEnd(self) -> None:  # noqa: N802
        """Take the end of completed orders."""
        self._say(Ended(what="completed"))

    def orderStatus(  # noqa: N802, PLR0913, PLR0917  (the decoder's arguments)
        self,
        order_id: int,
        status: str,
        filled: float,
        remaining: float,
        average: float,
        perm_id: int,
        parent: int,
        last: float,
        client_id: int,
        held: str,
        cap: float,
    ) -> None:
        """Take how an order stands."""
        _ = average, parent, last, held, cap
        self._say(
            StatusSaid(
                order_id=order_id,
                client_id=client_id,
                perm_id=perm_id,
                status=status,
                filled=exact(filled),
                remaining=exact(remaining),
            )
        )

    def execDetails(self, request: int, contract: Contract, one: Execution) -> None:  # noqa: N802
        """Take an execution."""
        self._say(
            ExecutionSaid(
                request=request,
                execution_id=one.execId,
                order_id=one.orderId,
                client_id=one.clientId,
                perm_id=one.permId,
                account=one.acctNumber,
                contract=_named(contract),
                ref=one.orderRef,
                side=one.side,
                shares=exact(one.shares),
                price=exact(one.price),
                cumulative=exact(one.cumQty),
                maker=one.lastLiquidity == _EXECUTIONS_OF_MAKER,
                ts=_ns(one.time),
            )
        )

    def execDetailsEnd(self, request: int) -> None:  # noqa: N802
        """Take the end of executions."""
        self._say(Ended(what="executions", request=request))

    def commissionReport(self, report: CommissionReport) -> None:  # noqa: N802
        """Take a commission; one that is unset is not known yet."""
        amount = given(report.commission)
        if amount is not None:
            self._say(FeeSaid(execution_id=report.execId, amount=amount, currency=report.currency))

    # The account.

    def position(self, account: str, contract: Contract, size: float, average: float) -> None:
        """Take a position."""
        self._say(
            PositionSaid(
                account=account,
                contract=_named(contract),
                quantity=exact(size),
                average=exact(average),
            )
        )

    def positionEnd(self) -> None:  # noqa: N802
        """Take the end of positions."""
        self._say(Ended(what="positions"))

    def accountUpdateMulti(  # noqa: N802  (the decoder's arguments)
        self, request: int, account: str, model: str, tag: str, value: str, currency: str
    ) -> None:
        """Take a value of the account."""
        _ = request, model
        self._say(ValueSaid(account=account, tag=tag, value=value, currency=currency))

    def accountUpdateMultiEnd(self, request: int) -> None:  # noqa: N802
        """Take the end of the account's values."""
        self._say(Ended(what="values", request=request))

    # Contracts and the market.

    def contractDetails(self, request: int, details: ContractDetails) -> None:  # noqa: N802
        """Take what is told of a contract."""
        contract = details.contract
        if contract is None:
            raise ValueError("contract details must have a contract")
        self._say(
            ContractSaid(
                request=request,
                con_id=contract.conId,
                symbol=contract.symbol,
                kind=contract.secType,
                exchange=contract.exchange,
                primary=contract.primaryExchange,
                currency=contract.currency,
                local_symbol=contract.localSymbol,
                name=details.longName,
                tick=exact(float(details.minTick)),
                least=exact(float(details.minSize)),
                step=exact(float(details.sizeIncrement)),
                order_types=details.orderTypes,
                hours=details.liquidHours,
                zone=details.timeZoneId,
            )
        )

    def contractDetailsEnd(self, request: int) -> None:  # noqa: N802
        """Take the end of contracts."""
        self._say(Ended(what="contracts", request=request))

    def historicalData(self, request: int, bar: BarData) -> None:  # noqa: N802
        """Take a bar."""
        self._say(
            BarSaid(
                request=request,
                date=str(bar.date),
                open=exact(bar.open),
                high=exact(bar.high),
                low=exact(bar.low),
                close=exact(bar.close),
                volume=exact(bar.volume),
                count=bar.barCount,
            )
        )

    def historicalDataEnd(self, request: int, start: str, end: str) -> None:  # noqa: N802
        """Take the end of bars."""
        _ = start, end
        self._say(Ended(what="bars", request=request))

    def priceSizeTick(self, request: int, kind: int, price: float, size: float) -> None:  # noqa: N802
        """Take a price and its size."""
        self._say(TickSaid(request=request, kind=kind, price=exact(price), size=exact(size)))

    def tickSize(self, request: int, kind: int, size: float) -> None:  # noqa: N802
        """Take a size alone."""
        self._say(TickSaid(request=request, kind=kind, price=None, size=exact(size)))

    def tickByTickAllLast(  # noqa: N802, PLR0913, PLR0917  (the decoder's arguments)
        self,
        request: int,
        kind: int,
        seconds: int,
        price: float,
        size: float,
        attributes: TickAttribLast,
        exchange: str,
        conditions: str,
    ) -> None:
        """Take a trade."""
        _ = kind, attributes, exchange, conditions
        self._say(
            PrintSaid(request=request, ts=seconds * SECOND, price=exact(price), size=exact(size))
        )

    def updateMktDepth(  # noqa: N802  (the decoder's arguments)
        self, request: int, position: int, deed: int, side: int, price: float, size: float
    ) -> None:
        """Take a row of the book."""
        self._say(
            RowSaid(
                request=request,
                position=position,
                deed=deed,
                side=side,
                price=exact(price),
                size=exact(size),
            )
        )

    def updateMktDepthL2(  # noqa: N802, PLR0913, PLR0917  (the decoder's arguments)
        self,
        request: int,
        position: int,
        maker: str,
        deed: int,
        side: int,
        price: float,
        size: float,
        smart: bool,  # noqa: FBT001  (the decoder's arguments)
    ) -> None:
        """Take a row of the book with its market maker."""
        _ = maker, smart
        self.updateMktDepth(request, position, deed, side, price, size)


def _order(
    order_id: int, contract: Contract, order: Order, state: OrderState, *, completed: bool
) -> OrderSaid:
    return OrderSaid(
        order_id=order_id,
        client_id=order.clientId,
        perm_id=order.permId,
        contract=_named(contract),
        ref=order.orderRef,
        action=order.action,
        kind=order.orderType,
        tif=order.tif,
        quantity=exact(float(order.totalQuantity)),
        limit=given(order.lmtPrice),
        aux=given(order.auxPrice),
        status=state.status,
        completed=completed,
        filled=given(order.filledQuantity) if completed else None,
    )


def _ns(when: datetime) -> int:
    return int(when.timestamp()) * SECOND


class _Complaints(logging.Logger):
    """Where the decoder says that it could not read a message: counted, in place of a log line with a stack."""

    def __init__(self, count: Callable[[str], None]) -> None:
        super().__init__("tradebot.ib.decoder")
        self._count = count

    @override
    def exception(self, msg: object, *args: object, **more: object) -> None:
        _ = args, more
        self._count(str(msg))


class CountingDecoder(Decoder):
    """ib_async's decoder for one connection; what it cannot read is told to `malformed` and never ends the stream."""

    def __init__(self, ears: Ears, version: int, malformed: Callable[[str], None]) -> None:
        super().__init__(ears, version)  # pyright: ignore[reportArgumentType]  (it calls what it finds by name)
        self.logger = _Complaints(malformed)

    def take(self, fields: list[str]) -> None:
        """Decode one message and tell it."""
        self.interpret(fields)  # pyright: ignore[reportUnknownMemberType]  (ib_async gives no type)
