"""One execution, whichever of the venue's ways told it: socket, REST activities, Broker events, activity events.

The UUID of a REST activity's id, a socket's `execution_id` and an activity event's `ref_id` are the same: the key by
which an execution counts once.
"""

from decimal import Decimal
from typing import Literal

import msgspec

from tradebot.data.venues.alpaca.times import ns_from_text
from tradebot.engine.brokers.alpaca.messages import WireActivity, WireFill, WireOrder, WireUpdate
from tradebot.engine.core.types import FillSource, Side

type ExecutionKind = Literal["fill", "bust", "correction"]

FILLS = frozenset({"fill", "partial_fill"})
"""Events by which an order trades."""

BUST, CORRECTION = "trade_bust", "trade_correct"
"""Events by which an execution is taken back or changed."""


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """Something traded, was taken back, or was changed."""

    kind: ExecutionKind = "fill"
    execution_id: str
    previous_id: str = ""
    """What a bust takes back or a correction stands for."""
    order_id: str
    client_order_id: str = ""
    """Empty where the source does not tell it."""
    symbol: str
    side: Side
    price: Decimal
    quantity: Decimal
    """> 0, also of a bust."""
    filled: Decimal | None = None
    """Of its order after it, where the source tells that."""
    ts: int
    """The venue's time, ns UTC."""
    source: FillSource


class OrderNews(msgspec.Struct, frozen=True, kw_only=True):
    """An event of an order that is no execution, and how the order stands."""

    event: str
    order: WireOrder
    ts: int


def side_of(text: str | None) -> Side:
    """Return buy or sell; a short sale is a sell.

    Raises:
        ValueError: If it is neither.
    """
    if text == "buy":
        return "buy"
    if text in {"sell", "sell_short"}:
        return "sell"
    raise ValueError(f"side must be buy or sell, was {text!r}")


def from_update(update: WireUpdate, source: FillSource) -> Execution | OrderNews:
    """Return what an event of a socket or of the Broker stream means.

    Raises:
        ValueError: If an execution lacks its id, price or quantity, or one of them is not finite and positive.
    """
    order = update.order
    ts = ns_from_text(update.timestamp or update.at or order.submitted_at or "")
    kind = _kind(update.event)
    if kind is None:
        return OrderNews(event=update.event, order=order, ts=ts)
    return Execution(
        kind=kind,
        execution_id=_given(update.execution_id, "execution_id"),
        previous_id=update.previous_execution_id or "",
        order_id=order.id,
        client_order_id=order.client_order_id,
        symbol=_given(order.symbol, "symbol"),
        side=side_of(order.side),
        price=_positive(update.price, "price"),
        quantity=_positive(None if update.qty is None else abs(update.qty), "qty"),
        filled=order.filled_qty,
        ts=ts,
        source=source,
    )


def from_fill(row: WireFill, source: FillSource) -> Execution:
    """Return what a REST activity means.

    Raises:
        ValueError: If a number is not finite and positive, or id, side or time cannot be read.
    """
    return Execution(
        execution_id=_given(row.execution_id, "id"),
        order_id=row.order_id,
        symbol=row.symbol,
        side=side_of(row.side),
        price=_positive(row.price, "price"),
        quantity=_positive(row.qty, "qty"),
        filled=row.cum_qty,
        ts=ns_from_text(row.transaction_time),
        source=source,
    )


def from_activity(activity: WireActivity, source: FillSource) -> Execution | None:
    """Return what an activity event means; None where it is no trade.

    Raises:
        ValueError: If a trade lacks something or a number is not finite.
    """
    if activity.activity_type not in {"TRD", "FILL"}:
        return None
    quantity = _finite(activity.qty, "qty")
    kind: ExecutionKind = "fill"
    if activity.previous_id:
        kind = "bust" if quantity <= 0 or activity.status == "canceled" else "correction"
    return Execution(
        kind=kind,
        execution_id=_given(activity.ref_id, "ref_id"),
        previous_id=activity.previous_id or "",
        order_id=activity.order_id,
        client_order_id=activity.client_order_id,
        symbol=_given(activity.symbol, "symbol"),
        side=side_of(activity.side),
        price=_positive(activity.price, "price"),
        quantity=_positive(abs(quantity), "qty"),
        filled=activity.cum_qty,
        ts=ns_from_text(activity.executed_at or activity.at or ""),
        source=source,
    )


def _kind(event: str) -> ExecutionKind | None:
    if event in FILLS:
        return "fill"
    return {BUST: "bust", CORRECTION: "correction"}.get(event)  # pyright: ignore[reportReturnType]


def _given(text: str | None, name: str) -> str:
    if not text:
        raise ValueError(f"an execution must have its {name}")
    return text


def _finite(number: Decimal | None, name: str) -> Decimal:
    if number is None or not number.is_finite():
        raise ValueError(f"{name} of an execution must be a finite number, was {number}")
    return number


def _positive(number: Decimal | None, name: str) -> Decimal:
    value = _finite(number, name)
    if value <= 0:
        raise ValueError(f"{name} of an execution must be > 0, was {value}")
    return value
