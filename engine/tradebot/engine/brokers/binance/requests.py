"""Orders, cancels, replacements and questions of one account, each with its answer as events."""

from collections.abc import Callable
from typing import Protocol

from tradebot.data.instruments import Instrument
from tradebot.engine.brokers.binance.calls import (
    Call,
    Calls,
    Done,
    NotSent,
    Outcome,
    Refused,
    Unsure,
)
from tradebot.engine.brokers.binance.lists import DUPLICATE, Lists, list_reply
from tradebot.engine.brokers.binance.messages import (
    OrderReply,
    error_reply,
    order_reply,
    read,
    replace_data,
    trade_rows,
)
from tradebot.engine.brokers.binance.orders import ENDED, order_params, refusal
from tradebot.engine.brokers.binance.reports import (
    WORKING,
    end_of_reply,
    fill_of_row,
    fills_of_reply,
    units,
)
from tradebot.engine.brokers.binance.setting import AccountSetting
from tradebot.engine.brokers.cursor import Cursor
from tradebot.engine.brokers.outside import Outside
from tradebot.engine.brokers.session import AccountWord
from tradebot.engine.core.events import (
    CancelRejected,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderRejected,
    OrderReplaced,
    OrderReported,
    ReplaceRejected,
    SubmitUnknown,
)
from tradebot.engine.core.execution import VenueEffect
from tradebot.engine.core.outcomes import Cancel, OrderIntent, QueryOrder, Replace, Submit
from tradebot.engine.core.risk import RiskApproved
from tradebot.engine.core.types import MS, ClientOrderId, VenueOrderId

ABSENT = -2013
"""No such order."""

GONE = -2011
"""A cancel of an order that is not open."""

ASKED_BACK_MAX = 5
"""Times an order's trades are asked for in a row until they add up."""


class Owner(Protocol):
    """The session: it tells, and counts fills."""

    def tell(self, word: AccountWord) -> None:
        """Tell the engine."""
        ...

    def fill(self, fill: OrderFilled, key: tuple[str, int]) -> None:
        """Tell an execution, once."""
        ...

    def executed(self, key: tuple[str, int], cumulative: int) -> None:
        """Take in how much of an order the venue says is executed."""
        ...

    def malformed(self, reason: str) -> None:
        """Count what cannot be read."""
        ...


class Requests:
    """See the module.

    Args of the constructor:
        setting: The account.
        calls: Its requests.
        cursor: Its durable memory.
        owner: The session.
        outside: The doors.
    """

    def __init__(
        self,
        setting: AccountSetting,
        calls: Calls,
        cursor: Cursor,
        owner: Owner,
        outside: Outside,
    ) -> None:
        self._account = setting.name
        self._can = setting.capabilities
        self._instruments = {one.id: one for one in setting.instruments}
        self._symbols = {one.symbol: one for one in setting.instruments}
        self._calls = calls
        self._cursor = cursor
        self._owner = owner
        self._outside = outside
        self._lists = Lists(calls, setting.capabilities, self, outside, self._leaves)
        self._where: dict[ClientOrderId, str] = {}
        """Symbols of orders that were sent or asked for."""
        self._replacing: dict[ClientOrderId, ClientOrderId] = {}
        """New orders on their way, by the old one whose place they are to take."""

    def perform(self, effect: VenueEffect) -> None:
        """Start an effect."""
        match effect:
            case RiskApproved(item=Submit() as submit):
                self._submit(submit.order)
            case RiskApproved(item=Replace() as replace):
                self._replace(replace)
            case Cancel():
                self._cancel(effect.client_order_id)
            case QueryOrder():
                self._query(effect.client_order_id)
            case _:
                raise TypeError(f"effect must be of an order, was {type(effect).__name__}")

    # ---------------------------------------------------------------------------- new orders

    def _submit(self, order: OrderIntent) -> None:
        key = order.client_order_id
        instrument = self._instruments.get(order.instrument)
        why = refusal(order, self._can) if instrument is not None else "not traded at this account"
        if why or instrument is None:
            self.refused(key, why)
            return
        if order.group is not None:
            self._lists.submit(order, order.group, instrument)
            return
        self._leaves(order)
        params = order_params(order, instrument)
        params |= {"newClientOrderId": key, "newOrderRespType": "FULL"}
        call = Call(method="POST", path="/api/v3/order", params=params, weight=1, kind="order")
        self._calls.call(call, lambda outcome: self._submitted(order, instrument, outcome))

    def _submitted(self, order: OrderIntent, instrument: Instrument, outcome: Outcome) -> None:
        key = order.client_order_id
        match outcome:
            case Done(body=body):
                self._placed(key, instrument, body)
            case Refused(text=text) if DUPLICATE in text:
                self.unsure(key, text)
            case Refused(text=text):
                self.refused(key, text)
            case NotSent(reason=reason):
                self.refused(key, reason)
            case Unsure(reason=reason):
                self.unsure(key, reason)

    def _placed(self, key: ClientOrderId, instrument: Instrument, body: bytes) -> None:
        try:
            reply = read(order_reply, body)
        except ValueError as error:
            self.unreadable(f"reply to an order: {error}")
            self.unsure(key, "an unreadable reply")
            return
        self.taken(key, instrument, reply)

    def _leaves(self, order: OrderIntent) -> None:
        self._where[order.client_order_id] = self._instruments[order.instrument].symbol

    def taken(self, key: ClientOrderId, instrument: Instrument, reply: OrderReply) -> None:
        """Tell what a reply says of an order that was placed."""
        try:
            fills = fills_of_reply(reply, key, instrument, self._account, self._now())
            executed = units(reply.executed_qty, instrument.quantity_scale)
        except ValueError as error:
            self.unreadable(f"reply to an order: {error}")
            self.unsure(key, "an unreadable reply")
            return
        number = VenueOrderId(str(reply.order_id))
        self._cursor.keep_order(reply.symbol, number, key)
        at = reply.transact_time * MS or self._now()
        self._owner.tell(OrderAccepted(client_order_id=key, venue_order_id=number, ts_event=at))
        self._tell_execution(reply, fills, executed)
        ended = end_of_reply(reply, key, self._now())
        if ended is not None:
            self._owner.tell(ended)

    def _tell_execution(self, reply: OrderReply, fills: list[OrderFilled], executed: int) -> None:
        number = (reply.symbol, reply.order_id)
        for fill in fills:
            self._owner.fill(fill, number)
        self._owner.executed(number, executed)

    def refused(self, key: ClientOrderId, reason: str) -> None:
        """Tell that an order is not at the venue and never will be."""
        self._owner.tell(OrderRejected(client_order_id=key, reason=reason, ts_event=self._now()))

    def unsure(self, key: ClientOrderId, reason: str) -> None:
        """Tell that nobody knows of an order."""
        self._owner.tell(SubmitUnknown(client_order_id=key, reason=reason))

    def unreadable(self, reason: str) -> None:
        """Count a reply that could not be read."""
        self._owner.malformed(reason)

    def _now(self) -> int:
        return self._outside.now

    # ---------------------------------------------------------------------------- cancels

    def _cancel(self, key: ClientOrderId) -> None:
        symbol = self._symbol_of(key)
        if symbol is None:
            self._try_symbols(key, list(self._symbols), self._cancel_in)
        else:
            self._cancel_in(key, symbol, [])

    def _cancel_in(self, key: ClientOrderId, symbol: str, others: list[str]) -> None:
        params = {"symbol": symbol, "origClientOrderId": key}
        call = Call(method="DELETE", path="/api/v3/order", params=params, weight=1, kind="cancel")

        def ended(outcome: Outcome) -> None:
            if isinstance(outcome, Refused) and outcome.code == GONE and others:
                self._try_symbols(key, others, self._cancel_in)
            else:
                self._cancelled(key, symbol, outcome)

        self._calls.call(call, ended)

    def _cancelled(self, key: ClientOrderId, symbol: str, outcome: Outcome) -> None:
        match outcome:
            case Done(body=body):
                self._take_cancelled(key, symbol, body)
            case Refused(text=text):
                self._owner.tell(
                    CancelRejected(client_order_id=key, reason=text, ts_event=self._now())
                )
            case NotSent() | Unsure():
                pass  # the kernel asks for an order whose cancel has no answer, and cancels again

    def _take_cancelled(self, key: ClientOrderId, symbol: str, body: bytes) -> None:
        scale = self._symbols[symbol].quantity_scale
        try:
            pair = read(list_reply, body).order_reports
            replies = pair or (read(order_reply, body),)
            executed = [units(reply.executed_qty, scale) for reply in replies]
        except ValueError as error:
            self._owner.malformed(f"reply to a cancel: {error}")
            return
        for reply, quantity in zip(replies, executed, strict=True):
            self._owner.executed((reply.symbol, reply.order_id), quantity)
            at = reply.transact_time * MS or self._now()
            named = ClientOrderId(reply.orig_client_order_id) if pair else key
            if not pair or ENDED.get(reply.status) == "cancelled":
                self._owner.tell(OrderCancelled(client_order_id=named, reason="", ts_event=at))

    # ---------------------------------------------------------------------------- replacements

    def _replace(self, replace: Replace) -> None:
        """Cancel and place in one request, where the venue can see to it that nothing filled in between.

        It does not take what has filled off the new quantity. An order that had filled in part is therefore left as
        it is: the kernel cancels it and places the rest anew. Of the others only one that is still untouched is
        replaced (`ONLY_NEW`).
        """
        order = replace.order
        old, instrument = order.replaces, self._instruments.get(order.instrument)
        why = refusal(order, self._can) if instrument is not None else "not traded at this account"
        if replace.known_filled:
            why = "partly filled: it is cancelled and placed anew"
        if why or instrument is None or old is None:
            self._not_replaced(order, why)
            return
        self._where[order.client_order_id] = instrument.symbol
        self._replacing[old] = order.client_order_id
        params = order_params(order, instrument) | {
            "cancelReplaceMode": "STOP_ON_FAILURE",
            "cancelOrigClientOrderId": old,
            "cancelRestrictions": "ONLY_NEW",
            "newClientOrderId": order.client_order_id,
            "newOrderRespType": "FULL",
        }
        path = "/api/v3/order/cancelReplace"
        call = Call(method="POST", path=path, params=params, weight=1, kind="order")
        self._calls.call(call, lambda outcome: self._replaced(order, old, instrument, outcome))

    def _replaced(
        self, order: OrderIntent, old: ClientOrderId, instrument: Instrument, outcome: Outcome
    ) -> None:
        key = order.client_order_id
        match outcome:
            case Done(body=body):
                self._take_replaced(key, old, instrument, body)
            case Refused(data=data, text=text):
                self._replacing.pop(old, None)
                gone = _cancel_succeeded(data)
                self._not_replaced(order, _why_not(data) or text)
                if gone:
                    self._owner.tell(
                        OrderCancelled(client_order_id=old, reason=text, ts_event=self._now())
                    )
            case NotSent(reason=reason):
                self._replacing.pop(old, None)
                self._not_replaced(order, reason)
            case Unsure(reason=reason):
                # Both are asked for by the kernel; until then a cancel of the old one may be half of a replacement.
                self._owner.tell(SubmitUnknown(client_order_id=key, reason=reason))

    def _take_replaced(
        self, key: ClientOrderId, old: ClientOrderId, instrument: Instrument, body: bytes
    ) -> None:
        self._replacing.pop(old, None)
        try:
            both = read(replace_data, body)
            reply = read(order_reply, both.new_order_response)
            fills = fills_of_reply(reply, key, instrument, self._account, self._now())
            executed = units(reply.executed_qty, instrument.quantity_scale)
            quantity = units(reply.orig_qty, instrument.quantity_scale)
        except ValueError as error:
            self._owner.malformed(f"reply to a replacement: {error}")
            self._owner.tell(SubmitUnknown(client_order_id=key, reason="an unreadable reply"))
            return
        number = VenueOrderId(str(reply.order_id))
        self._cursor.keep_order(reply.symbol, number, key)
        self._owner.tell(
            OrderReplaced(
                client_order_id=key,
                replaced=old,
                venue_order_id=number,
                quantity=quantity,
                ts_event=reply.transact_time * MS or self._now(),
            )
        )
        self._tell_execution(reply, fills, executed)
        ended = end_of_reply(reply, key, self._now())
        if ended is not None:
            self._owner.tell(ended)

    def _not_replaced(self, order: OrderIntent, reason: str) -> None:
        if order.replaces is not None:
            self._owner.tell(
                ReplaceRejected(
                    client_order_id=order.client_order_id,
                    replaced=order.replaces,
                    reason=reason,
                    ts_event=self._now(),
                )
            )

    def replaces(self, order: ClientOrderId, news: AccountWord) -> bool:
        """Return whether a word of the stream is one half of a replacement whose reply is still to come.

        The end of the old order and the acceptance of the new one are then told together, by the reply.
        """
        if isinstance(news, OrderCancelled):
            return order in self._replacing
        return isinstance(news, OrderAccepted) and order in self._replacing.values()

    # ---------------------------------------------------------------------------- questions

    def _query(self, key: ClientOrderId) -> None:
        symbol = self._symbol_of(key)
        if symbol is None:
            self._try_symbols(key, list(self._symbols), self._query_in)
        else:
            self._query_in(key, symbol, [])

    def _query_in(self, key: ClientOrderId, symbol: str, others: list[str]) -> None:
        params = {"symbol": symbol, "origClientOrderId": key}
        call = Call(method="GET", path="/api/v3/order", params=params, weight=4)

        def ended(outcome: Outcome) -> None:
            match outcome:
                case Done(body=body):
                    self._reported(key, symbol, body)
                case Refused(code=code) if code == ABSENT and others:
                    self._try_symbols(key, others, self._query_in)
                case Refused(code=code) if code == ABSENT:
                    self._settle_replacement(key)
                    self._owner.tell(OrderReported(client_order_id=key, found=False))
                case _:
                    pass  # no answer: the kernel asks again

        self._calls.call(call, ended)

    def _reported(self, key: ClientOrderId, symbol: str, body: bytes) -> None:
        try:
            reply = read(order_reply, body)
            executed = units(reply.executed_qty, self._symbols[symbol].quantity_scale)
        except ValueError as error:
            self._owner.malformed(f"answer about an order: {error}")
            return
        if reply.status not in WORKING | set(ENDED):
            self._owner.malformed(f"an order of an unknown status {reply.status!r}")
            return
        number = VenueOrderId(str(reply.order_id))
        self._cursor.keep_order(symbol, number, key)
        self._settle_replacement(key)
        self._owner.executed((symbol, reply.order_id), executed)
        state = "working" if reply.status in WORKING else ENDED[reply.status]
        self._owner.tell(
            OrderReported(
                client_order_id=key,
                found=True,
                venue_order_id=number,
                state=state,  # pyright: ignore[reportArgumentType]  (the values of ENDED are these words)
                filled=executed,
                reason="" if state in {"working", "filled"} else reply.status.lower(),
            )
        )

    def _settle_replacement(self, key: ClientOrderId) -> None:
        """The venue has spoken of either half: words of the other one count for themselves again."""
        for old, new in list(self._replacing.items()):
            if key in {old, new}:
                del self._replacing[old]

    def _symbol_of(self, key: ClientOrderId) -> str | None:
        """Return where an order stands; of one from before a restart only the venue can say."""
        return self._where.get(key) or (
            next(iter(self._symbols)) if len(self._symbols) == 1 else None
        )

    def _try_symbols(
        self,
        key: ClientOrderId,
        symbols: list[str],
        one: Callable[[ClientOrderId, str, list[str]], None],
    ) -> None:
        one(key, symbols[0], symbols[1:])

    # ---------------------------------------------------------------------------- an order's trades

    def ask_trades(self, symbol: str, number: int, times: int = 0) -> None:
        """Ask for all executions of one order."""
        params = {"symbol": symbol, "orderId": str(number)}
        call = Call(method="GET", path="/api/v3/myTrades", params=params, weight=5)

        def ended(outcome: Outcome) -> None:
            if isinstance(outcome, Done):
                self._take_trades(symbol, number, outcome.body)
            elif times < ASKED_BACK_MAX and not isinstance(outcome, Refused):
                self.ask_trades(symbol, number, times + 1)

        self._calls.call(call, ended)

    def _take_trades(self, symbol: str, number: int, body: bytes) -> None:
        instrument, order = (
            self._symbols[symbol],
            self._cursor.order(symbol, VenueOrderId(str(number))),
        )
        if order is None:
            return  # the sweep asks whose it is
        try:
            fills = [
                fill_of_row(row, order, instrument, self._account, "gap_fill", self._now())
                for row in read(trade_rows, body)
            ]
        except ValueError as error:
            self._owner.malformed(f"trades of an order: {error}")
            return
        for fill in fills:
            self._owner.fill(fill, (symbol, number))


def _cancel_succeeded(data: bytes) -> bool:
    try:
        return bool(data) and read(replace_data, data).cancel_result == "SUCCESS"
    except ValueError:
        return False


def _why_not(data: bytes) -> str:
    """Return the reason of the half that failed; empty where none is told."""
    try:
        both = read(replace_data, data)
        half = both.new_order_response if _cancel_succeeded(data) else both.cancel_response
        fault = read(error_reply, half)
    except ValueError:
        return ""
    return f"{fault.code} {fault.msg}"
