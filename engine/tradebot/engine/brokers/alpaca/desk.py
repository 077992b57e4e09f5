"""Orders, cancels and questions of one account, each with its answer as an event; no I/O of its own.

A submit has one of three outcomes. What the venue answered with a refusal is rejected, what certainly never left is
rejected, everything else is unknown until it is asked for by its client id, which Alpaca takes once for ever.
"""

from collections import OrderedDict
from typing import Protocol

import structlog

from tradebot.engine.brokers.alpaca.api import Api
from tradebot.engine.brokers.alpaca.executions import OrderNews
from tradebot.engine.brokers.alpaca.messages import WireOrder, order_of, refusal
from tradebot.engine.brokers.alpaca.metered import Metered
from tradebot.engine.brokers.alpaca.orders import body_of, client_id_of, report_of
from tradebot.engine.brokers.alpaca.rules import in_extended_hours, rules_of
from tradebot.engine.brokers.alpaca.rules import refusal as refused_here
from tradebot.engine.brokers.alpaca.setting import AccountSetting, Traded
from tradebot.engine.brokers.outside import Answer, HttpReply, Unanswered
from tradebot.engine.brokers.session import AccountWord
from tradebot.engine.core.events import (
    CancelRejected,
    OrderAccepted,
    OrderRejected,
    OrderReported,
    ReplaceRejected,
    SubmitUnknown,
)
from tradebot.engine.core.execution import VenueEffect
from tradebot.engine.core.hours import is_open
from tradebot.engine.core.outcomes import Cancel, OrderIntent, QueryOrder, Replace, Submit
from tradebot.engine.core.risk import RiskApproved
from tradebot.engine.core.types import ClientOrderId, VenueOrderId

log = structlog.get_logger()

ORDERS = "/v2/orders"
BY_CLIENT = "/v2/orders:by_client_order_id"

IDS_KEPT = 20_000
"""Venue's ids of our newest orders; an older one is asked for before it is cancelled."""

_OK, _NO_CONTENT = 200, 204
_NOT_FOUND, _SERVER = 404, 500
_TIMED_OUT = 408
_DUPLICATE = "client_order_id must be unique"


class Owner(Protocol):
    """The session."""

    def tell(self, word: AccountWord) -> None:
        """Tell the engine."""
        ...

    def standing(self, news: OrderNews) -> None:
        """Learn from an answer how an order stands."""
        ...

    def malformed(self, reason: str) -> None:
        """Count what cannot be read."""
        ...


class Desk:
    """See the module.

    Args of the constructor:
        setting: The account.
        api: Its REST.
        doors: The doors, with the venue's limit on them.
        owner: The session.
    """

    def __init__(self, setting: AccountSetting, api: Api, doors: Metered, owner: Owner) -> None:
        self._api = api
        self._doors = doors
        self._owner = owner
        self._extended = setting.extended_hours
        self._regular = setting.regular
        self._traded = {one.instrument.id: one for one in setting.traded}
        self._symbols = {one.instrument.symbol: one for one in setting.traded}
        self._ids: OrderedDict[ClientOrderId, str] = OrderedDict()

    def perform(self, effect: VenueEffect) -> None:
        """Start an effect."""
        match effect:
            case RiskApproved(item=Submit() as submit):
                self._submit(submit.order)
            case RiskApproved(item=Replace() as replace):
                self._not_replaced(replace.order)
            case Cancel():
                self._cancel(effect.client_order_id)
            case QueryOrder():
                self._query(effect.client_order_id)
            case _:
                raise TypeError(f"effect must be of an order, was {type(effect).__name__}")

    def knows(self, order: WireOrder) -> ClientOrderId:
        """Remember the venue's id of an order; return ours."""
        key = client_id_of(order)
        self._ids[key] = order.id
        self._ids.move_to_end(key)
        if len(self._ids) > IDS_KEPT:
            self._ids.popitem(last=False)
        return key

    # ---------------------------------------------------------------------------- new orders

    def _submit(self, order: OrderIntent) -> None:
        traded = self._traded.get(order.instrument)
        why = "not traded at this account"
        if traded is not None:
            why = refused_here(
                order,
                traded.asset,
                traded.instrument,
                out_of_session=self._extended and self._out_of_session(),
            )
        if traded is None or why:
            self._reject(order.client_order_id, why)
            return
        body = body_of(
            order,
            traded.instrument,
            rules_of(order, traded.asset),
            extended=self._extended and in_extended_hours(order, traded.asset),
        )
        self._doors.urge(
            self._api.send("POST", ORDERS, body),
            lambda answer: self._submitted(order.client_order_id, answer),
            "cancel" if order.reduce_only else "ordinary",
        )

    def _out_of_session(self) -> bool:
        return not is_open(self._regular, self._doors.now)

    def _submitted(self, key: ClientOrderId, answer: Answer) -> None:
        if isinstance(answer, Unanswered):
            if answer.left:
                self._unknown(key, answer.reason)
            else:
                self._reject(key, answer.reason)
            return
        if answer.status == _OK:
            self._placed(key, answer.body)
            return
        told = refusal(answer.status, answer.body)
        # A 5xx or a 408 may come after the order was taken, and an id that is taken means that it has arrived.
        unsure = answer.status >= _SERVER or answer.status == _TIMED_OUT
        if unsure or _DUPLICATE in told.message:
            self._unknown(key, told.message)
        else:
            self._reject(key, told.message)

    def _placed(self, key: ClientOrderId, body: bytes) -> None:
        try:
            order = order_of(body)
        except (ValueError, RecursionError) as error:
            self._owner.malformed(f"answer to an order: {error}")
            self._unknown(key, "an unreadable answer")
            return
        self.knows(order)
        now = self._doors.now
        self._owner.tell(
            OrderAccepted(client_order_id=key, venue_order_id=VenueOrderId(order.id), ts_event=now)
        )
        self._owner.standing(OrderNews(event=order.status, order=order, ts=now))

    def _reject(self, key: ClientOrderId, reason: str) -> None:
        now = self._doors.now
        self._owner.tell(OrderRejected(client_order_id=key, reason=reason, ts_event=now))

    def _unknown(self, key: ClientOrderId, reason: str) -> None:
        self._owner.tell(SubmitUnknown(client_order_id=key, reason=reason))

    def _not_replaced(self, order: OrderIntent) -> None:
        if order.replaces is not None:
            self._owner.tell(
                ReplaceRejected(
                    client_order_id=order.client_order_id,
                    replaced=order.replaces,
                    reason="an order at Alpaca is cancelled and placed anew",
                    ts_event=self._doors.now,
                )
            )

    # ---------------------------------------------------------------------------- cancels

    def _cancel(self, key: ClientOrderId) -> None:
        known = self._ids.get(key)
        if known is not None:
            self._cancel_known(key, known)
            return
        request = self._api.get(BY_CLIENT, {"client_order_id": key})
        self._doors.urge(request, lambda answer: self._found_to_cancel(key, answer), "cancel")

    def _found_to_cancel(self, key: ClientOrderId, answer: Answer) -> None:
        if isinstance(answer, HttpReply) and answer.status == _NOT_FOUND:
            self._cancel_rejected(key, "Alpaca has no such order")
        elif isinstance(answer, HttpReply) and answer.status == _OK:
            order = self._read(answer.body)
            if order is not None:
                self.knows(order)
                self._cancel_known(key, order.id)

    def _cancel_known(self, key: ClientOrderId, order_id: str) -> None:
        request = self._api.delete(f"{ORDERS}/{order_id}")
        self._doors.urge(request, lambda answer: self._cancelled(key, answer), "cancel")

    def _cancelled(self, key: ClientOrderId, answer: Answer) -> None:
        # A 204 is only a promise: the stream tells the end. Without an answer the kernel asks for the order.
        if isinstance(answer, Unanswered) or answer.status == _NO_CONTENT:
            return
        if answer.status < _SERVER:
            self._cancel_rejected(key, refusal(answer.status, answer.body).message)

    def _cancel_rejected(self, key: ClientOrderId, reason: str) -> None:
        now = self._doors.now
        self._owner.tell(CancelRejected(client_order_id=key, reason=reason, ts_event=now))

    # ---------------------------------------------------------------------------- questions

    def _query(self, key: ClientOrderId) -> None:
        request = self._api.get(BY_CLIENT, {"client_order_id": key})
        self._doors.urge(request, lambda answer: self._queried(key, answer), "cancel")

    def _queried(self, key: ClientOrderId, answer: Answer) -> None:
        if not isinstance(answer, HttpReply):
            return  # no answer is the answer: the kernel asks again
        if answer.status == _NOT_FOUND:
            self._owner.tell(OrderReported(client_order_id=key, found=False))
            return
        order = self._read(answer.body) if answer.status == _OK else None
        traded = self._symbols.get(order.symbol or "") if order is not None else None
        if order is None or traded is None:
            return
        self.knows(order)
        # Its fills are asked for where they do not add up; they come beside this answer, never instead.
        self._owner.standing(OrderNews(event=order.status, order=order, ts=self._doors.now))
        self._report(key, order, traded)

    def _report(self, key: ClientOrderId, order: WireOrder, traded: Traded) -> None:
        try:
            self._owner.tell(report_of(order, traded.instrument, key))
        except ValueError as error:
            self._owner.malformed(f"an order: {error}")

    def _read(self, body: bytes) -> WireOrder | None:
        try:
            return order_of(body)
        except (ValueError, RecursionError) as error:
            self._owner.malformed(f"an order: {error}")
            return None
