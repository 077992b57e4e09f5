"""What happened to an account, kept in order: events of orders, and activities (fills, fees, cash)."""

from collections import deque
from decimal import Decimal
from typing import Literal

import msgspec

from tradebot.engine.exchange.alpaca.orders import order_json, status_of
from tradebot.engine.exchange.alpaca.words import (
    Ids,
    Json,
    micro_text,
    price_text,
    quantity_text,
    time_text,
    ulid,
)
from tradebot.engine.exchange.exchange import Exchange
from tradebot.engine.exchange.happenings import (
    Busted,
    CashMoved,
    Corrected,
    Executed,
    Happening,
    OrderChanged,
)
from tradebot.engine.exchange.ledger import amount_text
from tradebot.engine.exchange.market import Listing
from tradebot.engine.exchange.orders import Execution, Order
from tradebot.engine.exchange.words import AMOUNT_SCALE

KEPT = 200_000
"""Events and activities kept for those who ask later."""

_EVENTS: dict[str, str] = {
    "new": "new",
    "held": "held",
    "queued": "accepted",
    "released": "new",
    "rejected": "rejected",
    "replaced": "replaced",
    "cancelled": "canceled",
    "expired": "expired",
}
"""The exchange's changes that the venue tells, and its words for them; a trigger is not told."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One event of an order, as each stream carries it."""

    account: str
    event_id: str
    ts: int
    update: dict[str, Json]
    """The body on `trade_updates`."""
    execution: bool


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the account's activities."""

    account: str
    kind: str
    """`FILL`, `CFEE`, `FEE`, `CSD`, ..."""
    id: str
    event_id: str
    ts: int
    row: dict[str, Json]
    event: dict[str, Json]
    execution: int = 0
    """Number of the execution of a `FILL`."""


class Record:
    """All that the face ever told, by what happens at the exchange.

    Args of the constructor:
        exchange: What is listened to; it is only read.
        ids: Of the venue.
    """

    def __init__(self, exchange: Exchange, ids: Ids) -> None:
        self._exchange = exchange
        self._ids = ids
        self._number = 0
        self.told: deque[Told] = deque(maxlen=KEPT)
        self.activities: deque[Activity] = deque(maxlen=KEPT)

    def take(self, happening: Happening) -> tuple[list[Told], list[Activity]]:
        """Keep what happened; return what is new of it."""
        told: list[Told] = []
        activities: list[Activity] = []
        match happening:
            case OrderChanged(account=account, order=order, change=change, ts=ts):
                word = _EVENTS.get(change)
                if word is not None and order.listing:
                    told.append(self._event(account, word, order, ts))
            case Executed() | Busted() | Corrected():
                told, activities = self._executed(happening)
            case CashMoved(account=account, asset=asset, amount=amount, reason=reason, ts=ts):
                activities.append(self._movement(account, asset, amount, reason, ts))
            case _:
                pass
        self.told.extend(told)
        self.activities.extend(activities)
        return told, activities

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _listing(self, order: Order) -> Listing:
        return self._exchange.listings[order.listing]

    def _event(self, account: str, event: str, order: Order, ts: int, **more: Json) -> Told:
        update: dict[str, Json] = {
            "event": event,
            "execution_id": more.pop("execution_id", None)
            or self._ids.execution((1 << 44) + self._next()),
            "order": order_json(order, self._listing(order), self._ids),
            "timestamp": time_text(ts),
            **more,
        }
        return Told(
            account=account,
            event_id=ulid(ts, self._next()),
            ts=ts,
            update=update,
            execution="price" in more,
        )

    def _executed(
        self, happening: Executed | Busted | Corrected
    ) -> tuple[list[Told], list[Activity]]:
        account, order, one, ts = (
            happening.account,
            happening.order,
            happening.execution,
            happening.ts,
        )
        listing = self._listing(order)
        previous = one.busts or one.corrects
        event = "fill" if order.state == "filled" else "partial_fill"
        if isinstance(happening, Busted):
            event = "trade_bust"
        elif isinstance(happening, Corrected):
            event = "trade_correct"
        sign = "-" if one.busts else ""
        more: dict[str, Json] = {
            "execution_id": self._ids.execution(one.number),
            "price": price_text(one.price, listing),
            "qty": sign + quantity_text(one.quantity, listing),
            "position_qty": quantity_text(
                self._exchange.accounts[account].position(listing), listing
            ),
        }
        if previous:
            more["previous_execution_id"] = self._ids.execution(previous)
        told = self._event(account, event, order, ts, **more)
        activities = [self._fill(order, one, listing, sign)]
        if one.fee and not one.corrects:
            amount = one.fee if one.busts else -one.fee
            activities.append(self._movement(account, one.fee_asset, amount, "CFEE", ts))
        return [told], activities

    def _fill(self, order: Order, one: Execution, listing: Listing, sign: str) -> Activity:
        execution_id = self._ids.execution(one.number)
        common: dict[str, Json] = {
            "order_id": self._ids.order(order.number),
            "symbol": listing.symbol,
            "side": "buy" if one.side > 0 else "sell",
            "price": price_text(one.price, listing),
            "qty": sign + quantity_text(one.quantity, listing),
            "cum_qty": quantity_text(order.filled, listing),
        }
        return Activity(
            account=one.account,
            kind="FILL",
            id=f"{_stamp(one.ts)}::{execution_id}",
            event_id=ulid(one.ts, self._next()),
            ts=one.ts,
            row={
                "id": f"{_stamp(one.ts)}::{execution_id}",
                "activity_type": "FILL",
                "account_id": one.account,
                "transaction_time": micro_text(one.ts),
                "type": "fill" if order.state == "filled" else "partial_fill",
                "leaves_qty": quantity_text(order.leaves, listing),
                "order_status": status_of(order),
                **common,
            },
            event={
                "activity_type": "TRD",
                "ref_id": execution_id,
                "previous_id": self._ids.execution(one.busts or one.corrects)
                if one.busts or one.corrects
                else None,
                "account_id": one.account,
                "client_order_id": order.request.client_id,
                "executed_at": time_text(one.ts),
                "status": "canceled" if one.busts else "executed",
                **common,
            },
            execution=one.number,
        )

    def _movement(self, account: str, asset: str, amount: int, reason: str, ts: int) -> Activity:
        kind, about = _kind(reason)
        reference = self._ids.execution((1 << 45) + self._next())
        money = asset == self._exchange.accounts[account].terms.currency
        common: dict[str, Json] = {
            "activity_type": kind,
            "net_amount": amount_text(amount) if money else "0",
            "description": about,
            "status": "executed",
        }
        if not money:
            common |= {"symbol": f"{asset}USD", "qty": amount_text(amount)}
        return Activity(
            account=account,
            kind=kind,
            id=f"{_stamp(ts)}::{reference}",
            event_id=ulid(ts, self._next()),
            ts=ts,
            row={
                "id": f"{_stamp(ts)}::{reference}",
                "account_id": account,
                "date": time_text(ts)[:10],
                "transaction_time": micro_text(ts),
                **common,
            },
            event={"ref_id": reference, "account_id": account, "at": time_text(ts), **common},
        )

    def fills_standing(self) -> set[int]:
        """Return the numbers of the executions that count."""
        return {one.number for one in self._exchange.books.standing_executions()}


def _kind(reason: str) -> tuple[str, str]:
    kinds: dict[str, tuple[Literal["CFEE", "FEE", "CSD", "CSW", "DIV"], str]] = {
        "CFEE": ("CFEE", "Coin Pair Transaction Fee"),
        "TAF": ("FEE", "TAF fee"),
        "deposit": ("CSD", "deposit"),
        "withdrawal": ("CSW", "withdrawal"),
        "dividend": ("DIV", "dividend"),
    }
    return kinds.get(reason, ("CSD", reason))


def _stamp(ns: int) -> str:
    digits = "".join(letter for letter in time_text(ns) if letter.isdigit())
    return digits[:17]


def amount_number(amount: int) -> Decimal:
    """Return an amount as a decimal."""
    return Decimal(amount).scaleb(-AMOUNT_SCALE)
