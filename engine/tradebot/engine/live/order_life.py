"""One order's life read from the journal: its reason first, then every word about it with the time since the intent."""

import asyncio

import msgspec

from tradebot.data.instruments import Instrument
from tradebot.engine.control.engine import Refused
from tradebot.engine.control.order_life import LifeLine, OrderLife
from tradebot.engine.core.events import (
    AmendRequested,
    OrderAccepted,
    OrderFilled,
    OrderLaneEvent,
    OrderReplaced,
    OrderReported,
)
from tradebot.engine.core.orders import Order
from tradebot.engine.core.outcomes import (
    HeldQuantityChanged,
    OrderDenied,
    OrderHeld,
    OrderIntent,
    Outcome,
    Replace,
    StopMoved,
    Submit,
)
from tradebot.engine.core.reasons import Because
from tradebot.engine.core.types import MS, SECOND, ClientOrderId
from tradebot.engine.journal.codec import Row
from tradebot.engine.journal.errors import JournalDamaged, JournalUnavailable
from tradebot.engine.journal.export import iso
from tradebot.engine.live.departures import Departures
from tradebot.engine.live.facts import order_facts, short
from tradebot.engine.live.runtime import Runtime

LATE = 600 * SECOND
"""How long after an order's end words about it are still looked for: busts, late answers."""

SAYS_NOTHING = frozenset({"account-reported", "fill-booked", "place-order"})
"""Kinds that name orders and say nothing new of them."""

WORDS = {
    "order-denied": "denied",
    "order-held": "held",
    "held-ended": "ended",
    "held-quantity-changed": "resized",
    "stop-moved": "stop moved",
    "order-accepted": "accepted",
    "order-rejected": "rejected",
    "submit-unknown": "unknown",
    "order-triggered": "triggered",
    "order-filled": "filled",
    "amend-requested": "amend",
    "order-replaced": "replaced",
    "replace-rejected": "amend refused",
    "cancel-requested": "cancel asked",
    "cancel": "cancel",
    "cancel-rejected": "cancel refused",
    "order-cancelled": "cancelled",
    "order-expired": "expired",
    "query-order": "asked venue",
    "order-reported": "venue says",
    "order-found": "found",
    "order-adopted": "adopted",
    "fee-charged": "fee",
}
"""Journal kind to the word a person reads; others are read as they are."""


class Teller:
    """Tells orders' lives.

    Args of the constructor:
        runtime: For the orders as they are now, and the journal.
        departures: When orders left.
    """

    def __init__(self, runtime: Runtime, departures: Departures) -> None:
        self._runtime = runtime
        self._departures = departures

    async def life(self, client_order_id: ClientOrderId) -> OrderLife:
        """Return all that happened to one order; the journal is read in another thread, the loop goes on.

        Raises:
            Refused: `unknown` where the order is forgotten, `refused` where the journal cannot be read.
        """
        state = self._runtime.kernel.state
        order = state.blotter.get(client_order_id)
        if order is None or order.intent.instrument not in state.instruments:
            raise Refused("unknown", f"no order {client_order_id!r}: see `tradebot orders`")
        until = 2**62 if order.is_open else order.updated + LATE
        journal = self._runtime.records.journal
        created = order.intent.created
        try:
            rows, complete = await asyncio.to_thread(
                journal.rows_naming, f'"{client_order_id}"', created, until
            )
            lines = [line for row in rows for line in self._lines(order, row)]
        except (JournalUnavailable, JournalDamaged) as error:
            raise Refused("refused", f"the order's life cannot be read: {error}") from error
        venue = self._runtime.venue
        related = [one for one in state.blotter if _related(order.intent, one.intent)]
        return OrderLife(
            order=order_facts(state, order, venue),
            lines=[_reason(order.intent), *lines],
            related=[order_facts(state, one, venue) for one in related],
            complete=complete,
        )

    def _lines(self, order: Order, row: Row) -> list[LifeLine]:
        """Return what one row of the journal says of an order."""
        if row.kind in SAYS_NOTHING:
            return []
        journal = self._runtime.records.journal
        told = journal.decode_outcome(row) if row.index else journal.decode_event(row)
        intent = order.intent
        instrument = self._runtime.kernel.state.instruments[intent.instrument]
        named: object = getattr(told, "order", None)
        if isinstance(named, OrderIntent) and named.client_order_id != intent.client_order_id:
            return _of_another(intent, named, told, row)
        text = _text(told, instrument, intent.client_order_id)
        if isinstance(told, Submit | Replace):
            return [_line(intent, row, "created", text), *self._departure(intent)]
        waits = isinstance(told, OrderHeld) and told.waits_for is not None
        word = "waiting" if waits else WORDS.get(row.kind, row.kind)
        return [_line(intent, row, word, text)]

    def _departure(self, intent: OrderIntent) -> list[LifeLine]:
        """Return when an intent was durable and when it left; it is read from what is committed, so it is durable."""
        left = self._departures.of(intent.client_order_id)
        at = None if left is None else iso(left)
        since = None if left is None else (left - intent.created) / MS
        durable = "written to disk" if left is not None else "written to disk; instant not kept"
        lines = [LifeLine(at=at, since_ms=since, seq=None, word="durable", text=durable)]
        if left is not None:
            text = f"to the venue of {intent.account}"
            lines.append(LifeLine(at=at, since_ms=since, seq=None, word="sent", text=text))
        return lines


def _reason(intent: OrderIntent) -> LifeLine:
    said = "no reason was given" if intent.because is None else intent.because.text()
    text = f"{intent.owner}: {said}"
    return LifeLine(at=iso(intent.created), since_ms=0.0, seq=None, word="because", text=text)


def _line(intent: OrderIntent, row: Row, word: str, text: str) -> LifeLine:
    since = (row.now - intent.created) / MS
    return LifeLine(at=iso(row.now), since_ms=since, seq=row.seq, word=word, text=text)


def _of_another(
    intent: OrderIntent, other: OrderIntent, told: msgspec.Struct, row: Row
) -> list[LifeLine]:
    """Return what the making of another order says of this one: a leg, a sibling, its replacement."""
    name = short(other.client_order_id)
    if other.replaces == intent.client_order_id:
        return [_line(intent, row, "amend sent", f"by {name}")]
    if not isinstance(told, Submit | OrderHeld):
        return []
    where = "held by the engine" if isinstance(told, OrderHeld) else f"sent, at {other.lives_at}"
    what = other.role.replace("_", " ") or "linked order"
    return [_line(intent, row, "leg", f"{what} {name} {where}")]


def _related(intent: OrderIntent, other: OrderIntent) -> bool:
    mine, its = intent.client_order_id, other.client_order_id
    if mine == its:
        return False
    siblings = intent.parent is not None and intent.parent == other.parent
    return (
        siblings
        or its in (intent.parent, intent.oco, intent.replaces)
        or mine
        in (
            other.parent,
            other.oco,
            other.replaces,
        )
    )


def _text(told: OrderLaneEvent | Outcome, instrument: Instrument, mine: ClientOrderId) -> str:
    """Return what an event or outcome says, in figures where it has some."""
    match told:
        case OrderHeld(order=order, waits_for=other) if other is not None:
            until = f"until {short(other)} has ended, which it would trade against"
            return f"{_terms(order, instrument)}, {until}"
        case Submit(order=order) | Replace(order=order) | OrderHeld(order=order):
            return _terms(order, instrument)
        case OrderDenied(code=code, text=text):
            return f"{code}: {text}"
        case AmendRequested():
            return _wanted(told, instrument)
        case HeldQuantityChanged(quantity=units):
            return f"covers {instrument.quantity(units)}"
        case StopMoved(trigger_price=units):
            return f"to {instrument.price(units)}"
        case _:
            return _of_venue(told, instrument, mine)


def _of_venue(told: OrderLaneEvent | Outcome, instrument: Instrument, mine: ClientOrderId) -> str:
    match told:
        case OrderFilled():
            quantity, price = instrument.quantity(told.quantity), instrument.price(told.price)
            fee = f"fee {told.fee:f} {told.fee_currency}"
            return f"{quantity} @ {price} {told.liquidity} {fee}, {told.source}"
        case OrderAccepted(venue_order_id=venue_id):
            return f"as {venue_id}"
        case OrderReplaced(client_order_id=new, replaced=old):
            return f"by {short(new)}" if old == mine else f"takes the place of {short(old)}"
        case OrderReported():
            found = told.state or ("working" if told.found else "not known here")
            return f"{found} {told.reason}".strip()
        case _:
            return _said(told)


def _said(told: msgspec.Struct) -> str:
    for name in ("text", "reason", "because"):
        found: object = getattr(told, name, None)
        if isinstance(found, str) and found:
            return found
        if isinstance(found, Because):
            return found.text()
    return ""


def _terms(order: OrderIntent, instrument: Instrument) -> str:
    words = [order.side, f"{instrument.quantity(order.quantity):f}", order.type]
    if order.limit_price is not None:
        words.append(f"@ {instrument.price(order.limit_price)}")
    if order.trigger_price is not None:
        words.append(f"trigger {instrument.price(order.trigger_price)}")
    words.append(order.tif)
    words += ["reduce-only"] * order.reduce_only + ["post-only"] * order.post_only
    return " ".join([*words, f"at {order.lives_at}"])


def _wanted(amend: AmendRequested, instrument: Instrument) -> str:
    words: list[str] = []
    if amend.quantity is not None:
        words.append(f"quantity {instrument.quantity(amend.quantity)}")
    for name in ("limit_price", "trigger_price", "trail"):
        units: int | None = getattr(amend, name)
        if units is not None:
            words.append(f"{name.partition('_')[0]} {instrument.price(units)}")
    return ", ".join(words)
