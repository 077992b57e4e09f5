"""An order's life as one trace: intent, durable, sent, accepted, fills, end.

Ids follow from the client order id alone and instants are the journaled ones, so that an engine that was restarted goes
on with the same trace, and a span told twice is the same span.
"""

from collections import OrderedDict
from hashlib import blake2b

import msgspec

from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.observability.order_life import DENIED, FILLED, SUBMIT, OrderStep

REMEMBERED_MAX = 10_000
"""Orders whose last milestone is remembered; of older ones spans begin at the intent."""

ROOT = "order"

MILESTONES = {
    "order-accepted": "order.accepted",
    "order-triggered": "order.triggered",
    "order-replaced": "order.replaced",
    "order-held": "order.held",
    "cancel": "order.cancel",
    "submit-unknown": "order.unknown",
}
"""Spans between the intent and the end, by the journal's word."""

FAILED = frozenset({"denied", "rejected"})
"""States at the end of which the trace says error."""


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """One finished span."""

    name: str
    trace_id: int
    """128 bits."""
    span_id: int
    """64 bits."""
    parent_id: int | None
    start: int
    """The engine's time, ns UTC."""
    end: int
    attributes: dict[str, str | int]
    error: str | None = None


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """How long a phase of an order took."""

    phase: str
    """`durable`, `accepted`, `first_fill`, `end`."""
    ns: int


class _Known(msgspec.Struct, kw_only=True):
    """What is remembered of one order."""

    intent: OrderIntent
    seq: int
    last: int
    durable: bool = False
    filled: bool = False
    over: bool = False


def trace_id(client_order_id: str) -> int:
    """Return the 128-bit id of an order's trace, > 0."""
    return _hashed(client_order_id, 16)


def span_id(client_order_id: str, name: str) -> int:
    """Return the 64-bit id of a span of an order, > 0."""
    return _hashed(f"{client_order_id}/{name}", 8)


def _hashed(text: str, size: int) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=size).digest()) or 1


class OrderTraces:
    """Turns steps of orders into spans and latencies, in journal order."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._undurable: list[_Known] = []

    def take(self, step: OrderStep) -> list[Span | Latency]:
        """Return what a step finished."""
        intent = step.intent
        if intent is None:
            return []
        if step.word == DENIED:
            return [_root(step, intent)]
        known = self._known.get(step.client_order_id)
        if known is None:
            known = self._remember(step, intent)
        found: list[Span | Latency] = []
        if step.word in MILESTONES:
            found.append(_child(known, MILESTONES[step.word], step.at, _said(step)))
            if step.word == "order-accepted":
                found.append(Latency(phase="accepted", ns=step.at - intent.created))
        elif step.fill is not None:
            found += _fill(known, step)
        known.last = max(known.last, step.at)
        if step.ended and not known.over:
            known.over = True
            found += [_root(step, intent), Latency(phase="end", ns=step.at - intent.created)]
        return found

    def durable(self, seq: int, at: int) -> list[Span | Latency]:
        """Return what it finished that everything up to a seq is safe on disk."""
        done = [known for known in self._undurable if known.seq <= seq]
        self._undurable = [known for known in self._undurable if known.seq > seq]
        found: list[Span | Latency] = []
        for known in done:
            found.append(_child(known, "order.durable", at, {}))
            found.append(Latency(phase="durable", ns=max(0, at - known.intent.created)))
            known.last = max(known.last, at)
        return found

    def sent(self, client_order_id: str, at: int) -> list[Span | Latency]:
        """Return what it finished that an order left for the venue."""
        known = self._known.get(client_order_id)
        if known is None:
            return []
        found = _child(known, "order.sent", at, {})
        known.last = max(known.last, at)
        return [found]

    def _remember(self, step: OrderStep, intent: OrderIntent) -> _Known:
        known = _Known(intent=intent, seq=step.seq, last=intent.created)
        self._known[step.client_order_id] = known
        if step.word == SUBMIT:
            self._undurable.append(known)
        while len(self._known) > REMEMBERED_MAX:
            self._known.popitem(last=False)
        return known


def _root(step: OrderStep, intent: OrderIntent) -> Span:
    order_id = step.client_order_id
    state = "" if step.order is None else step.order.state
    attributes: dict[str, str | int] = {
        "tradebot.client_order_id": order_id,
        "tradebot.bet_id": intent.bet_id,
        "tradebot.engine_id": intent.engine_id,
        "tradebot.account": intent.account,
        "tradebot.instrument": intent.instrument,
        "tradebot.owner": intent.owner,
        "tradebot.side": intent.side,
        "tradebot.type": intent.type,
        "tradebot.quantity_units": intent.quantity,
        "tradebot.state": state,
    }
    if intent.request_id is not None:
        attributes["tradebot.request_id"] = intent.request_id
    failed = state in FAILED or step.word == DENIED
    return Span(
        name=ROOT,
        trace_id=trace_id(order_id),
        span_id=span_id(order_id, ROOT),
        parent_id=None,
        start=intent.created,
        end=max(step.at, intent.created),
        attributes=attributes,
        error=(step.reason or state) if failed else None,
    )


def _child(known: _Known, name: str, at: int, attributes: dict[str, str | int]) -> Span:
    """Return a span from the order's last milestone to now."""
    order_id = known.intent.client_order_id
    return Span(
        name=name,
        trace_id=trace_id(order_id),
        span_id=span_id(order_id, name),
        parent_id=span_id(order_id, ROOT),
        start=min(known.last, at),
        end=at,
        attributes=attributes,
    )


def _fill(known: _Known, step: OrderStep) -> list[Span | Latency]:
    """Return an execution's span, from the venue's time to when it was booked, under an id of its own."""
    fill = step.fill
    if fill is None or step.word != FILLED:
        return []
    order_id = known.intent.client_order_id
    attributes: dict[str, str | int] = {
        "tradebot.execution_id": fill.execution_id,
        "tradebot.quantity_units": fill.quantity,
        "tradebot.price_units": fill.price,
        "tradebot.source": fill.source,
    }
    span = Span(
        name="order.fill",
        trace_id=trace_id(order_id),
        span_id=span_id(order_id, f"fill/{fill.execution_id}"),
        parent_id=span_id(order_id, ROOT),
        start=min(fill.ts_event, step.at),
        end=step.at,
        attributes=attributes,
    )
    if known.filled:
        return [span]
    known.filled = True
    return [span, Latency(phase="first_fill", ns=step.at - known.intent.created)]


def _said(step: OrderStep) -> dict[str, str | int]:
    return {} if step.reason is None else {"tradebot.reason": step.reason}
