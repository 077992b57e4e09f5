"""What the control server does about orders: place, amend, cancel."""

import asyncio
from typing import Literal

from tradebot.engine.control.engine import Refused
from tradebot.engine.control.messages_orders import (
    AmendRequest,
    CommandAnswer,
    OrderAnswer,
    OrderRequest,
)
from tradebot.engine.core.events import (
    CancelRequested,
    PlaceOrder,
)
from tradebot.engine.core.orders import Order
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.core.types import (
    ClientOrderId,
    RequestId,
)
from tradebot.engine.journal.errors import JournalUnavailable
from tradebot.engine.live.facts import (
    order_facts,
)
from tradebot.engine.live.previews import amendment, parsed
from tradebot.engine.live.service_core import ServiceCore, cancels_in, orders_text

FILLS_SHOWN = 100
ORDERS_SHOWN = 1_000
"""Ended orders in a list of all; older ones are in the journal."""

AMEND_WAIT_S = 5.0
"""Longest wait for the venue's word on an amend."""

SETTLED = frozenset({"accepted", "partially_filled", "filled", "cancelled", "expired"})
"""Order states that answer "accepted" to whoever placed the order."""


class OrderWords(ServiceCore):
    """Orders by hand."""

    async def place(self, request: OrderRequest, wait_s: float) -> OrderAnswer:
        """Hand an order to the gate and wait for the venue's word."""
        self._runtime.advance_to(self._virtual_now())
        self._state.now = self._runtime.now
        wanted = parsed(self._state, request)
        known = self._state.blotter.by_request(wanted.request_id)
        if known is not None and not _same_terms(known.intent, wanted, request):
            raise Refused(
                "conflict",
                f"request {request.request_id} was order {known.intent.client_order_id} on other terms: "
                "the same id is the same order, choose another --id",
            )
        if known is None:
            self._refuse_old_request(wanted.request_id)
        self._operate(wanted)
        order = self._state.blotter.by_request(RequestId(request.request_id))
        if order is None:
            raise Refused("conflict", f"request {request.request_id} led to no order")
        return await self._answer(order, wait_s)

    async def _answer(self, order: Order, wait_s: float) -> OrderAnswer:
        """Return what became of an order within a time in seconds."""
        order = await self._settled(order, wait_s)
        # What is told must outlive a crash: else a denied order's id could come back as another order's.
        await self._durable()
        facts = order_facts(self._state, order, self._runtime.venue)
        if order.state == "denied":
            return OrderAnswer(outcome="denied", order=facts, reason=order.reason)
        if order.state == "rejected":
            return OrderAnswer(outcome="rejected", order=facts, reason=order.reason)
        if order.state in SETTLED or order.filled:
            return OrderAnswer(outcome="accepted", order=facts, reason=order.reason)
        reason = f"no word from the venue within {wait_s:g} s: see `tradebot orders`"
        return OrderAnswer(outcome="unknown", order=facts, reason=reason)

    def _refuse_old_request(self, request_id: RequestId) -> None:
        """Refuse a request whose order has ended so long ago that only the journal knows it: same id, same order."""
        try:
            known = self._runtime.records.journal.client_order_of(request_id)
        except JournalUnavailable as error:
            raise Refused(
                "refused", f"nobody knows whether {request_id} is new: {error}"
            ) from error
        if known is not None:
            raise Refused(
                "conflict",
                f"request {request_id} was order {known}, which ended long ago: choose another --id",
            )

    async def _settled(self, order: Order, wait_s: float) -> Order:
        client_order_id = order.intent.client_order_id
        deadline = self._clock.monotonic_ns() + int(wait_s * 1e9)
        while True:
            order = self._state.blotter.get(client_order_id) or order
            left = (deadline - self._clock.monotonic_ns()) / 1e9
            silent = order.state in {"created", "unknown", "pending_cancel"}
            heard = not silent or order.venue_order_id is not None
            if heard or left <= 0 or self.stopping.is_set():
                return order
            async with self.committed:
                try:
                    await asyncio.wait_for(self.committed.wait(), left)
                except TimeoutError:
                    continue

    async def amend(self, client_order_id: str, request: AmendRequest) -> OrderAnswer:
        """Change an open order; return what takes its place once the venue has spoken, at most 5 s later."""
        old = self._state.blotter.get(ClientOrderId(client_order_id))
        if old is None:
            raise Refused("unknown", f"no order {client_order_id!r}: see `tradebot orders`")
        wanted = amendment(self._state, old.intent, request)
        if self._state.blotter.by_request(wanted.request_id) is None:
            self._refuse_old_request(wanted.request_id)
        self._operate(wanted)
        order = self._state.blotter.by_request(wanted.request_id)
        if order is None:
            raise Refused("conflict", f"request {request.request_id} changed nothing")
        return await self._answer(order, AMEND_WAIT_S)

    async def cancel(self, client_order_id: str) -> CommandAnswer:
        """Cancel one order."""
        order = self._state.blotter.get(ClientOrderId(client_order_id))
        if order is None:
            raise Refused("unknown", f"no order {client_order_id!r}: see `tradebot orders`")
        if not order.is_open:
            raise Refused(
                "conflict", f"order {client_order_id} is {order.state}: nothing to cancel"
            )
        self._operate(CancelRequested(client_order_id=order.intent.client_order_id))
        await self._durable()
        return CommandAnswer(ok=True, lines=[f"cancelling {client_order_id}"], cancelled=1)

    async def cancel_all(
        self, instrument: str | None, side: Literal["buy", "sell"] | None
    ) -> CommandAnswer:
        """Cancel all open orders, of an instrument, of a side."""
        symbol = None if instrument is None else self._market(instrument).instrument.id
        outcomes = self._operate(CancelRequested(instrument=symbol, side=side))
        await self._durable()
        count = cancels_in(outcomes)
        where = "" if symbol is None else f" in {symbol}"
        text = f"cancelling {orders_text(count)}{where}" if count else f"no open order{where}"
        return CommandAnswer(ok=True, lines=[text], cancelled=count)


def _same_terms(intent: OrderIntent, wanted: PlaceOrder, request: OrderRequest) -> bool:
    """Return whether a repeated request asks for the order it led to; a marketable price follows the market."""
    if intent.trigger_price is not None and intent.type != wanted.type:
        return wanted.side == intent.side  # a stop that was set off is no longer what was asked for
    terms = ["account", "instrument", "side", "type", "tif", "post_only", "reduce_only", "legs"]
    if request.risk is None:
        terms.append("quantity")
    same = all(getattr(intent, name) == getattr(wanted, name) for name in terms)
    return same and (request.type != "limit" or intent.limit_price == wanted.limit_price)
