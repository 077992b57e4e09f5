"""What Binance tells of an order, as the kernel's events: reports of the stream, replies, rows of trades; no I/O."""

from decimal import Decimal, InvalidOperation

from tradebot.data.errors import ScaleError
from tradebot.data.instruments import Instrument
from tradebot.data.numbers import units_from_text
from tradebot.engine.brokers.binance.messages import ExecutionReport, OrderReply, TradeRow
from tradebot.engine.brokers.binance.orders import ENDED, SIDES, TIMES, TYPES
from tradebot.engine.core.events import (
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderTriggered,
    ReportedOrder,
    VenueEvent,
)
from tradebot.engine.core.types import (
    MS,
    AccountName,
    ClientOrderId,
    ExecutionId,
    FillSource,
    VenueOrderId,
)

WORKING = frozenset({"NEW", "PENDING_NEW", "PARTIALLY_FILLED"})
"""Statuses of an order that is open."""


class Unreadable(ValueError):  # noqa: N818  (what is the matter)
    """A message says something that has no meaning for the kernel: counted, never guessed at."""


def execution_id(symbol: str, trade_id: int) -> ExecutionId:
    """Return the key of an execution: trade ids are unique within a symbol."""
    return ExecutionId(f"{symbol}:{trade_id}")


def units(text: str, scale: int) -> int:
    """Return a number of the venue in units.

    Raises:
        Unreadable: If it does not fit the scale.
    """
    try:
        return units_from_text(text, scale)
    except ScaleError as error:
        raise Unreadable(str(error)) from error


def amount(text: str | None) -> Decimal:
    """Return an amount of money of the venue; none is zero.

    Raises:
        Unreadable: If it is not a finite number.
    """
    try:
        value = Decimal(text or "0")
    except InvalidOperation:
        raise Unreadable(f"an amount must be a number, was {text!r}") from None
    if not value.is_finite():
        raise Unreadable(f"an amount must be finite, was {text!r}")
    return value


def is_cancel(report: ExecutionReport) -> bool:
    """Return whether a report tells of a cancel: its `c` is then the cancel's own id, our order's stands in `C`."""
    return report.what == "CANCELED"


def order_of(report: ExecutionReport) -> ClientOrderId:
    """Return whose order a report is about, by the ids it carries."""
    named = (
        report.original_id if is_cancel(report) and report.original_id else report.client_order_id
    )
    return ClientOrderId(named)


def fill_of_report(
    report: ExecutionReport,
    order: ClientOrderId,
    instrument: Instrument,
    account: AccountName,
    now: int,
) -> OrderFilled | None:
    """Return the execution a report tells of; None where it tells of none.

    Raises:
        Unreadable: If it tells of one that cannot be booked.
    """
    if report.what != "TRADE":
        return None
    quantity = units(report.last_quantity, instrument.quantity_scale)
    if report.trade_id < 0 or quantity <= 0 or report.side not in SIDES:
        raise Unreadable(
            f"a trade needs an id, a side and a quantity, had {report.trade_id}, {report.side!r}, "
            f"{report.last_quantity!r}"
        )
    return OrderFilled(
        execution_id=execution_id(report.symbol, report.trade_id),
        client_order_id=order,
        venue_order_id=VenueOrderId(str(report.order_id)),
        account=account,
        instrument=instrument.id,
        side=SIDES[report.side],
        quantity=quantity,
        price=units(report.last_price, instrument.price_scale),
        fee=amount(report.fee),
        fee_currency=report.fee_asset or "",
        liquidity="maker" if report.is_maker else "taker",
        source="stream",
        ts_event=report.transaction_ms * MS,
        ts_recv=now,
    )


def news_of_report(report: ExecutionReport, order: ClientOrderId) -> VenueEvent | None:
    """Return what a report tells besides an execution; None where that is nothing.

    Raises:
        Unreadable: If its word is not known.
    """
    at = report.transaction_ms * MS
    match report.what:
        case "NEW":
            return OrderAccepted(
                client_order_id=order,
                venue_order_id=VenueOrderId(str(report.order_id)),
                ts_event=at,
            )
        case "CANCELED":
            return OrderCancelled(client_order_id=order, reason="", ts_event=at)
        case "REJECTED":
            return OrderRejected(client_order_id=order, reason=report.reject_reason, ts_event=at)
        case "EXPIRED" | "TRADE_PREVENTION":
            if report.status not in ENDED:
                return (
                    None  # a part was prevented from trading against ourselves; the rest works on
                )
            why = str(report.expiry_reason) or report.status.lower()
            return OrderExpired(client_order_id=order, reason=why, ts_event=at)
        case "TRADE" | "REPLACED":
            return None
        case _:
            raise Unreadable(f"executionReport of an unknown kind {report.what!r}")


def is_stop(report: ExecutionReport) -> bool:
    """Return whether a report is about a stop."""
    return report.type in {"STOP_LOSS", "STOP_LOSS_LIMIT"}


def triggered(report: ExecutionReport, order: ClientOrderId) -> OrderTriggered:
    """Return that a stop has been set off."""
    return OrderTriggered(client_order_id=order, ts_event=report.transaction_ms * MS)


def fills_of_reply(
    reply: OrderReply, order: ClientOrderId, instrument: Instrument, account: AccountName, now: int
) -> list[OrderFilled]:
    """Return the executions in the reply to an order; all of them took.

    Raises:
        Unreadable: If one cannot be booked.
    """
    if reply.fills and reply.side not in SIDES:
        raise Unreadable(f"side must be BUY or SELL, was {reply.side!r}")
    return [
        OrderFilled(
            execution_id=execution_id(reply.symbol, fill.trade_id),
            client_order_id=order,
            venue_order_id=VenueOrderId(str(reply.order_id)),
            account=account,
            instrument=instrument.id,
            side=SIDES[reply.side],
            quantity=units(fill.qty, instrument.quantity_scale),
            price=units(fill.price, instrument.price_scale),
            fee=amount(fill.commission),
            fee_currency=fill.commission_asset,
            liquidity="taker",
            source="stream",
            ts_event=reply.transact_time * MS,
            ts_recv=now,
        )
        for fill in reply.fills
    ]


def end_of_reply(reply: OrderReply, order: ClientOrderId, now: int) -> VenueEvent | None:
    """Return how an order has ended by a reply; None while it is open, or has filled."""
    at = (reply.transact_time or reply.update_time) * MS or now
    match ENDED.get(reply.status):
        case "cancelled":
            return OrderCancelled(client_order_id=order, reason="", ts_event=at)
        case "rejected":
            return OrderRejected(client_order_id=order, reason=reply.status.lower(), ts_event=at)
        case "expired":
            return OrderExpired(client_order_id=order, reason=reply.status.lower(), ts_event=at)
        case _:
            return None


def fill_of_row(
    row: TradeRow,
    order: ClientOrderId,
    instrument: Instrument,
    account: AccountName,
    source: FillSource,
    now: int,
) -> OrderFilled:
    """Return one of our trades.

    Raises:
        Unreadable: If it cannot be booked.
    """
    return OrderFilled(
        execution_id=execution_id(row.symbol, row.id),
        client_order_id=order,
        venue_order_id=VenueOrderId(str(row.order_id)),
        account=account,
        instrument=instrument.id,
        side="buy" if row.is_buyer else "sell",
        quantity=units(row.qty, instrument.quantity_scale),
        price=units(row.price, instrument.price_scale),
        fee=amount(row.commission),
        fee_currency=row.commission_asset,
        liquidity="maker" if row.is_maker else "taker",
        source=source,
        ts_event=row.time * MS,
        ts_recv=now,
    )


def open_order(
    row: OrderReply, order: ClientOrderId, instrument: Instrument
) -> ReportedOrder | None:
    """Return an open order in full; None where it is of a kind we do not have.

    Raises:
        Unreadable: If a number does not fit.
    """
    kind, side = TYPES.get(row.type), SIDES.get(row.side)
    if kind is None or side is None:
        return None
    stop = kind in {"stop", "stop_limit"}
    price = units(row.price, instrument.price_scale)
    return ReportedOrder(
        client_order_id=order,
        venue_order_id=VenueOrderId(str(row.order_id)),
        instrument=instrument.id,
        side=side,
        type=kind,
        tif=TIMES.get(row.time_in_force, "gtc"),
        quantity=units(row.orig_qty, instrument.quantity_scale),
        filled=units(row.executed_qty, instrument.quantity_scale),
        limit_price=price if kind in {"limit", "stop_limit"} else None,
        trigger_price=units(row.stop_price, instrument.price_scale) if stop else None,
    )
