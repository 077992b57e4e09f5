"""Pairs at Binance: a stop and a target by one request (OCO), each under its own id, of which one ends the other.

Source: Binance spot API, "New order list - OCO". The order above the price and the one below are named by where they
stand: of a sell the target is above. A target in a list is `LIMIT_MAKER`: the venue refuses both if it would trade at
once.
"""

from collections.abc import Callable
from typing import Protocol

import msgspec

from tradebot.data.instruments import Instrument
from tradebot.data.numbers import text_from_units
from tradebot.engine.brokers.binance.calls import (
    Call,
    Calls,
    Done,
    NotSent,
    Outcome,
    Refused,
    Unsure,
)
from tradebot.engine.brokers.binance.messages import OrderReply, read
from tradebot.engine.brokers.binance.orders import refusal
from tradebot.engine.brokers.outside import Outside
from tradebot.engine.brokers.together import LEFT_ALONE, Together
from tradebot.engine.core.capabilities import Capabilities
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.core.types import ClientOrderId

PATH = "/api/v3/orderList/oco"

DUPLICATE = "Duplicate order sent."
"""Said of an id that is open already: then the order has arrived."""


class ListReply(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """The reply to a list of orders, or to the cancel of one of them, which takes the whole list."""

    order_list_id: int = -1
    order_reports: tuple[OrderReply, ...] = ()


list_reply = msgspec.json.Decoder(ListReply)


def pair_params(stop: OrderIntent, target: OrderIntent, instrument: Instrument) -> dict[str, str]:
    """Return the parameters of a pair, without time and signature.

    Args:
        stop: Of type `stop`, with its trigger.
        target: Of type `limit`, with its limit.
        instrument: What both trade.
    """
    params = {
        "symbol": instrument.symbol,
        "side": stop.side.upper(),
        "quantity": text_from_units(stop.quantity, instrument.quantity_scale),
        "newOrderRespType": "FULL",
    }
    places = ("below", "above") if stop.side == "sell" else ("above", "below")
    for place, order in zip(places, (stop, target), strict=True):
        stops = order.type == "stop"
        price = order.trigger_price if stops else order.limit_price
        if price is None:
            raise ValueError(f"a pair needs both prices: {order.client_order_id} has none")
        params[f"{place}Type"] = "STOP_LOSS" if stops else "LIMIT_MAKER"
        params[f"{place}ClientOrderId"] = order.client_order_id
        name = "StopPrice" if stops else "Price"
        params[f"{place}{name}"] = text_from_units(price, instrument.price_scale)
    return params


class Answers(Protocol):
    """Who tells the engine what became of an order."""

    def taken(self, key: ClientOrderId, instrument: Instrument, reply: OrderReply) -> None:
        """The venue has it."""
        ...

    def refused(self, key: ClientOrderId, reason: str) -> None:
        """The venue has it not, and never will."""
        ...

    def unsure(self, key: ClientOrderId, reason: str) -> None:
        """Nobody knows."""
        ...

    def unreadable(self, reason: str) -> None:
        """A reply could not be read."""
        ...


class Lists:
    """Places pairs.

    Args of the constructor:
        calls: The account's requests.
        can: What it can do.
        answers: Told what became of each order.
        outside: The doors.
        sent: Told of both orders before they leave.
    """

    def __init__(
        self,
        calls: Calls,
        can: Capabilities,
        answers: Answers,
        outside: Outside,
        sent: Callable[[OrderIntent], None],
    ) -> None:
        self._calls = calls
        self._can = can
        self._answers = answers
        self._sent = sent
        self._together = Together(outside, self._left_alone)

    def submit(self, order: OrderIntent, group: ClientOrderId, instrument: Instrument) -> None:
        """Take in an order of a pair; both leave when both are here."""
        pair = self._together.pair(order, group)
        if pair:
            self._place(pair[0], pair[1], instrument)

    def _left_alone(self, order: OrderIntent) -> None:
        self._answers.refused(order.client_order_id, LEFT_ALONE)

    def _place(self, stop: OrderIntent, target: OrderIntent, instrument: Instrument) -> None:
        keys = (stop.client_order_id, target.client_order_id)
        why = self._why_not(stop, target)
        if why:
            self._end(keys, why)
            return
        for order in (stop, target):
            self._sent(order)
        params = pair_params(stop, target, instrument)
        call = Call(method="POST", path=PATH, params=params, weight=1, kind="order")
        self._calls.call(call, lambda outcome: self._placed(keys, instrument, outcome))

    def _why_not(self, stop: OrderIntent, target: OrderIntent) -> str:
        if not self._can.oco or (stop.type, target.type) != ("stop", "limit"):
            return f"Binance holds a stop and a limit of {stop.instrument} as one, nothing else"
        if (stop.side, stop.quantity) != (target.side, target.quantity):
            return "the orders of a pair must be of one side and quantity"
        return refusal(stop, self._can) or refusal(target, self._can)

    def _placed(
        self, keys: tuple[ClientOrderId, ...], instrument: Instrument, outcome: Outcome
    ) -> None:
        match outcome:
            case Done(body=body):
                self._take(keys, instrument, body)
            case Refused(text=text) if DUPLICATE in text:
                self._doubt(keys, text)
            case Refused(text=text):
                self._end(keys, text)
            case NotSent(reason=reason):
                self._end(keys, reason)
            case Unsure(reason=reason):
                # Each is asked for by its own id: the venue has both, or neither.
                self._doubt(keys, reason)

    def _take(self, keys: tuple[ClientOrderId, ...], instrument: Instrument, body: bytes) -> None:
        try:
            replies = {one.client_order_id: one for one in read(list_reply, body).order_reports}
        except ValueError as error:
            self._answers.unreadable(f"reply to a pair: {error}")
            replies = {}
        for key in keys:
            reply = replies.get(key)
            if reply is None:
                self._answers.unsure(key, "the reply to its pair does not name it")
            else:
                self._answers.taken(key, instrument, reply)

    def _end(self, keys: tuple[ClientOrderId, ...], reason: str) -> None:
        for key in keys:
            self._answers.refused(key, reason)

    def _doubt(self, keys: tuple[ClientOrderId, ...], reason: str) -> None:
        for key in keys:
            self._answers.unsure(key, reason)
