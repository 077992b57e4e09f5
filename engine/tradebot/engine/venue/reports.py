"""What the native venue answers when it is asked: an order, an account with all that happened there."""

from collections.abc import Iterator

from tradebot.engine.core.events import (
    AccountReported,
    CashMoved,
    OrderFilled,
    OrderReported,
    VenueEvent,
)
from tradebot.engine.core.outcomes import QueryAccount
from tradebot.engine.core.types import ClientOrderId, FillSource
from tradebot.engine.venue.log import Filled, VenueBooks


def order_reported(books: VenueBooks, client_order_id: ClientOrderId) -> OrderReported:
    """Return what the venue knows of an order."""
    working = books.working.get(client_order_id)
    if working is not None:
        return OrderReported(
            client_order_id=client_order_id,
            found=True,
            venue_order_id=working.accepted.venue_order_id,
            state="working",
            filled=working.filled,
        )
    ended = books.ended.get(client_order_id)
    if ended is None:
        return OrderReported(client_order_id=client_order_id, found=False)
    how, reason, filled = ended
    return OrderReported(
        client_order_id=client_order_id,
        found=True,
        state="cancelled" if how == "replaced" else how,
        filled=filled,
        reason=reason,
    )


def account_reported(books: VenueBooks, query: QueryAccount, now: int) -> Iterator[VenueEvent]:
    """Yield what an account opened with, its fills since an instant, and what it holds; nothing of an unknown one."""
    held = books.accounts.get(query.account)
    if held is None:
        return
    opened = held.opened
    for asset, amount in {opened.currency: opened.cash, **opened.besides}.items():
        first = asset == opened.currency
        yield CashMoved(
            movement_id="opening" if first else f"opening-{asset}",
            account=query.account,
            asset=asset,
            amount=amount,
            why="deposit",
            ts_event=opened.ts,
        )
    for record in books.fills:
        if record.ts >= query.since and books.account_of(record) == query.account:
            yield fill_told(books, record, "gap_fill", now)
    yield AccountReported(
        account=query.account,
        cash=dict(held.cash),
        positions={symbol: units for symbol, units in held.positions.items() if units},
        open_orders=tuple(
            order.accepted.client_order_id
            for order in books.working.values()
            if books.account_of(order.accepted) == query.account
        ),
    )


def fill_told(books: VenueBooks, record: Filled, source: FillSource, now: int) -> OrderFilled:
    """Return an execution as the engine is told of it at an instant."""
    return OrderFilled(
        execution_id=record.execution_id,
        client_order_id=record.client_order_id,
        venue_order_id=record.venue_order_id,
        account=books.account_of(record),
        instrument=record.instrument,
        side=record.side,
        quantity=record.quantity,
        price=record.price,
        fee=record.fee,
        fee_currency=record.fee_currency,
        liquidity=record.liquidity,
        source=source,
        ts_event=record.ts,
        ts_recv=now,
    )
