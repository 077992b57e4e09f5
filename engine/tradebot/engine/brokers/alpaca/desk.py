"""Orders, cancels and questions of one account, each with its answer as an event; no I/O of its own.

A submit has one of three outcomes. What the venue answered with a refusal is rejected, what certainly never left is
rejected, everything else is unknown until it is asked for by its client id, which Alpaca takes once for ever.
"""

from collections import OrderedDict
from decimal import Decimal
from typing import Protocol

import structlog

from tradebot.data.instruments import to_units
from tradebot.data.venues.alpaca.assets import STOCK_QUANTITY_SCALE
from tradebot.engine.brokers.alpaca.api import Api
from tradebot.engine.brokers.alpaca.executions import OrderNews
from tradebot.engine.brokers.alpaca.messages import WireOrder, order_of, refusal
from tradebot.engine.brokers.alpaca.metered import Metered
from tradebot.engine.brokers.alpaca.orders import (
    body_of,
    change_of,
    client_id_of,
    report_of,
)
from tradebot.engine.brokers.alpaca.rules import in_extended_hours, rules_of
from tradebot.engine.brokers.alpaca.rules import refusal as refused_here
from tradebot.engine.brokers.alpaca.setting import AccountSetting, Traded
from tradebot.engine.brokers.outside import Answer, HttpReply, Unanswered
from tradebot.engine.brokers.session import AccountWord
from tradebot.engine.core.events import (
    CancelRejected,
    OrderAccepted,
    OrderRejected,
    OrderReplaced,
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

PENDING = frozenset({"pending_new", "pending_replace"})
"""Statuses of a replacement that has not taken the old order's place yet."""

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
        self._sent: OrderedDict[ClientOrderId, OrderIntent] = OrderedDict()
        self._replacing: dict[ClientOrderId, ClientOrderId] = {}
        """New orders on their way, by the old one whose place they are to take."""

    def perform(self, effect: VenueEffect) -> None:
        """Start an effect."""
        match effect:
            case RiskApproved(item=Submit() as submit):
                self._submit(submit.order)
            case RiskApproved(item=Replace() as replace):
                self._replace(replace.order)
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
        self._remember(order)
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

    # ---------------------------------------------------------------------------- replacements

    def _replace(self, order: OrderIntent) -> None:
        """Put an order in another's place; where its id at the venue is not known, that is asked for first."""
        old = order.replaces
        traded = self._traded.get(order.instrument)
        why = "not traded at this account"
        if traded is not None:
            late = self._extended and self._out_of_session()
            why = refused_here(order, traded.asset, traded.instrument, out_of_session=late)
            why = why or self._unchangeable(order)
        if traded is None or why or old is None:
            self._not_replaced(order, why)
            return
        self._replacing[old] = order.client_order_id
        known = self._ids.get(old)
        if known is not None:
            self._patch(order, old, known, traded)
            return
        request = self._api.get(BY_CLIENT, {"client_order_id": old})
        self._doors.urge(
            request, lambda answer: self._found_to_replace(order, old, traded, answer), "cancel"
        )

    def _unchangeable(self, order: OrderIntent) -> str:
        before = None if order.replaces is None else self._sent.get(order.replaces)
        whole = 10**STOCK_QUANTITY_SCALE
        same = before is not None and before.quantity == order.quantity
        traded = self._traded[order.instrument]
        if traded.asset.kind != "crypto" and order.quantity % whole and not same:
            return "Alpaca changes orders of whole shares only: cancel it and place it anew"
        return ""

    def _found_to_replace(
        self, order: OrderIntent, old: ClientOrderId, traded: Traded, answer: Answer
    ) -> None:
        found = isinstance(answer, HttpReply) and answer.status == _OK
        wire = self._read(answer.body) if found and isinstance(answer, HttpReply) else None
        if wire is None:
            self._not_replaced(order, "its order could not be found at Alpaca")
            return
        self.knows(wire)
        self._patch(order, old, wire.id, traded)

    def _patch(self, order: OrderIntent, old: ClientOrderId, order_id: str, traded: Traded) -> None:
        self._remember(order)
        body = change_of(order, self._sent.get(old), traded.instrument)
        self._doors.urge(
            self._api.send("PATCH", f"{ORDERS}/{order_id}", body),
            lambda answer: self._patched(order, old, traded, answer),
            "cancel" if order.reduce_only else "ordinary",
        )

    def _patched(
        self, order: OrderIntent, old: ClientOrderId, traded: Traded, answer: Answer
    ) -> None:
        key = order.client_order_id
        if isinstance(answer, Unanswered):
            if answer.left:
                self._unknown(key, answer.reason)
            else:
                self._not_replaced(order, answer.reason)
        elif answer.status == _OK:
            self._take_replaced(key, old, traded, answer.body)
        else:
            told = refusal(answer.status, answer.body)
            unsure = answer.status >= _SERVER or answer.status == _TIMED_OUT
            if unsure or _DUPLICATE in told.message:
                self._unknown(key, told.message)
            else:
                self._not_replaced(order, told.message)

    def _take_replaced(
        self, key: ClientOrderId, old: ClientOrderId, traded: Traded, body: bytes
    ) -> None:
        try:
            order = order_of(body)
            scale = traded.instrument.quantity_scale
            quantity = to_units(order.qty or Decimal(0), scale, what="qty")
        except (ValueError, RecursionError) as error:
            self._owner.malformed(f"answer to a replacement: {error}")
            self._unknown(key, "an unreadable answer")
            return
        self.knows(order)
        self._owner.standing(OrderNews(event=order.status, order=order, ts=self._doors.now))
        if order.status in PENDING:
            return  # it may still be refused: the stream tells, or the kernel asks
        self._replacing.pop(old, None)
        self._owner.tell(
            OrderReplaced(
                client_order_id=key,
                replaced=old,
                venue_order_id=VenueOrderId(order.id),
                quantity=quantity,
                ts_event=self._doors.now,
            )
        )

    def _not_replaced(self, order: OrderIntent, reason: str) -> None:
        if order.replaces is not None:
            self._not_in_place(order.client_order_id, order.replaces, reason)

    def _not_in_place(self, key: ClientOrderId, old: ClientOrderId, reason: str) -> None:
        self._replacing.pop(old, None)
        self._owner.tell(
            ReplaceRejected(
                client_order_id=key, replaced=old, reason=reason, ts_event=self._doors.now
            )
        )

    def replaces(self, key: ClientOrderId, event: str) -> bool:
        """Return whether a word about an order is half of a replacement whose other half tells it.

        The end of the old order is told with the new one's coming; a replacement that is refused late leaves it.
        """
        if event == "new":
            self._settle(key)
        if event == "replaced":
            return key in self._replacing
        if event == "order_replace_rejected":
            for old, new in list(self._replacing.items()):
                if key in {old, new}:
                    self._not_in_place(new, old, "Alpaca refused the replacement")
            return True
        return False

    def _settle(self, key: ClientOrderId) -> None:
        """The venue has spoken of either half: words of the other one count for themselves again."""
        for old, new in list(self._replacing.items()):
            if key in {old, new}:
                del self._replacing[old]

    def _remember(self, order: OrderIntent) -> None:
        self._sent[order.client_order_id] = order
        if len(self._sent) > IDS_KEPT:
            self._sent.popitem(last=False)

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
            self._settle(key)
            self._owner.tell(OrderReported(client_order_id=key, found=False))
            return
        order = self._read(answer.body) if answer.status == _OK else None
        traded = self._symbols.get(order.symbol or "") if order is not None else None
        if order is None or traded is None:
            return
        self.knows(order)
        self._settle(key)
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
