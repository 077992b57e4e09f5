"""The native venue as an execution engine: effects in, events out, everything in its own ledger first.

It is told the market (recorded or invented by `tradebot.native.Venue`), holds own orders in the queue, and answers
after a latency, in the order in which things happened to it.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Literal, Protocol

import msgspec

from tradebot.data.events import AnyMarketEvent, BookDelta, BookSnapshot, Trade
from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.core.capabilities import Capabilities
from tradebot.engine.core.events import (
    CancelRejected,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderRejected,
    OrderReplaced,
    OrderTriggered,
    ReplaceRejected,
    VenueEvent,
)
from tradebot.engine.core.execution import VenueEffect
from tradebot.engine.core.orders import STOPS
from tradebot.engine.core.outcomes import Cancel, OrderIntent, QueryAccount, QueryOrder, Replace
from tradebot.engine.core.risk import RiskApproved
from tradebot.engine.core.terms import tif_at
from tradebot.engine.core.types import (
    AccountName,
    ClientOrderId,
    ExecutionId,
    TimeInForce,
    VenueOrderId,
    sign,
)
from tradebot.engine.venue.amend import keeps_place
from tradebot.engine.venue.books import BookEvent, Books
from tradebot.engine.venue.fees import FeeSchedule
from tradebot.engine.venue.latency import USUAL, Latency
from tradebot.engine.venue.log import (
    Accepted,
    AnyRecord,
    Ended,
    Filled,
    MarketAt,
    Opened,
    Refused,
    RestingOrder,
    Trailed,
    Triggered,
    VenueBooks,
    VenueLog,
)
from tradebot.engine.venue.reports import account_reported, fill_told, order_reported
from tradebot.engine.venue.stops import StopBook

CAPABILITIES = Capabilities(
    order_types=("limit", "market", "stop", "stop_limit", "trailing_stop"),
    times_in_force=("gtc", "ioc", "fok", "day", "gtd"),
    post_only=True,
    reduce_only=False,
    replace=True,
)
"""All that the native venue can do; it may be told to do less."""


def resting(tif: TimeInForce) -> Literal["gtc", "ioc", "fok"]:
    """Return how the book itself keeps an order: what ends by the clock rests until the venue takes it out."""
    return "ioc" if tif == "ioc" else "fok" if tif == "fok" else "gtc"


class EngineDoors(Protocol):
    """What a venue inside the engine's process needs of the runtime."""

    @property
    def now(self) -> int:
        """Return the engine's time, ns UTC."""
        ...

    def after(self, delay: int, take_place: Callable[[], None]) -> None:
        """Let something take place after a delay in ns."""
        ...

    def answer(self, event: VenueEvent, delay: int) -> None:
        """Send an event to the engine; it is there after a delay in ns."""
        ...


class NativeVenue:
    """The native venue and its accounts.

    Args of the constructor:
        native: The books and queues, with its instruments already added under their index in `instruments`.
        instruments: What is traded, in index order.
        log: The venue's own ledger, open.
        fees: What fills cost.
        engine: The engine's time and the ways to it: effects arrive, and answers are there, after the latency.
        capabilities: What of all it can do it shall do; what is left out, the engine must do itself.
        latency: How long effects and answers are on their way.
    """

    def __init__(  # noqa: PLR0913  (the parts of a venue)
        self,
        native: Books,
        instruments: tuple[Instrument, ...],
        log: VenueLog,
        *,
        fees: FeeSchedule,
        engine: EngineDoors,
        capabilities: Capabilities = CAPABILITIES,
        latency: Latency = USUAL,
    ) -> None:
        self._capabilities = capabilities
        self._latency = latency
        self._stops = StopBook()
        self._native = native
        self._instruments = instruments
        self._index = {instrument.id: index for index, instrument in enumerate(instruments)}
        self._log = log
        self._fees = fees
        self._engine = engine
        self.books = self.books_of(log, instruments)
        self._clients: dict[int, ClientOrderId] = {}
        self._numbers: dict[ClientOrderId, int] = {}

    @staticmethod
    def books_of(log: VenueLog, instruments: tuple[Instrument, ...]) -> VenueBooks:
        """Return what a venue's ledger says, folded."""
        books = VenueBooks({instrument.id: instrument for instrument in instruments})
        for record in log.read():
            books.apply(record)
        return books

    @property
    def capabilities(self) -> Capabilities:
        """Return what the native venue does itself."""
        return self._capabilities

    @property
    def trouble(self) -> str | None:
        """Return why the venue's own ledger cannot be written now; None while it can."""
        return self._log.trouble

    def perform(self, effect: VenueEffect) -> None:
        """Start an effect; the answer comes as an event."""
        self._engine.after(
            self._latency.entry(self._engine.now), lambda: self.arrive(effect, self._engine.now)
        )

    def _answer(self, event: VenueEvent) -> None:
        self._engine.answer(event, self._latency.back(self._engine.now))

    # ---------------------------------------------------------------------------- opening

    def open(self, account: AccountName, currency: str, cash: Decimal, now: int) -> None:
        """Open an account with money in one currency, unless the log says it was opened before."""
        self.open_with(Opened(ts=now, account=account, currency=currency, cash=cash))

    def open_with(self, opened: Opened) -> None:
        """Open an account, with money in several currencies, unless the log says it was opened before."""
        if opened.account not in self.books.accounts:
            self._write(opened)

    def restore(self, now: int) -> None:
        """Put what rested before a restart back into the book, last in the queue."""
        self._native.set_next_match_id(len(self.books.fills) + 1)
        now = self._at(now)
        for order in list(self.books.working.values()):
            accepted = order.accepted
            if order.trigger is not None:
                self._stops.add(accepted, order.trigger)
                self._end_later(accepted, now)
                continue
            number = self._number(accepted.client_order_id)
            price = accepted.price
            if price is None or accepted.tif in {"ioc", "fok"}:
                # It died between two lines of the log: what may not rest does not rest now.
                self._end(accepted.client_order_id, "expired", "restart", now)
                continue
            leaves = accepted.quantity - order.filled
            index = self._index[accepted.instrument]
            events = self._native.restore(number, index, sign(accepted.side), price, leaves)
            self._took_place(events, now)
            self._end_later(accepted, now)

    # ---------------------------------------------------------------------------- market

    def on_market(self, event: AnyMarketEvent, now: int) -> None:
        """Let the recorded market move the queues and fill what it fills."""
        index = self._index[event.instrument]
        match event:
            case BookDelta():
                moved = self._native.on_book(index, event.bids, event.asks, snapshot=False)
            case BookSnapshot():
                moved = self._native.on_book(index, event.bids, event.asks, snapshot=True)
            case Trade():
                moved = self._native.on_trade(index, event.price, event.quantity, event.aggressor)
            case _:
                return
        if moved:
            self._took_place(moved, self._at(now))
        self.look(event, now)

    def look(self, event: AnyMarketEvent, now: int) -> None:
        """Let stops follow the market, and set off those it has reached."""
        self._stops.saw(event)
        symbol = event.instrument
        if not self._stops.waits(symbol):
            return
        now = self._at(now)
        index = self._index[symbol]
        book = self._native.book(index)
        bid, ask = book.best_bid(), book.best_ask()
        touch = (None if bid is None else bid[0], None if ask is None else ask[0])
        price = self._stops.price(symbol, touch)
        if price is None:
            return
        tick = self._instruments[index].rules_at(now).tick
        for stop in self._stops.move(symbol, price, tick):
            key = stop.accepted.client_order_id
            self._write(Trailed(ts=now, client_order_id=key, trigger=stop.trigger))
        for stop in self._stops.reached(symbol, price):
            self._set_off(stop.accepted, now)

    def _set_off(self, stop: Accepted, now: int) -> None:
        """Send a stop into the book: as its limit, or at the market."""
        key = stop.client_order_id
        self._stops.remove(key)
        self._write(Triggered(ts=now, client_order_id=key))
        self._answer(OrderTriggered(client_order_id=key, ts_event=now))
        limit = stop.type == "stop_limit"
        events = self._native.submit(
            self._number(key),
            self._index[stop.instrument],
            sign(stop.side),
            "limit" if limit else "market",
            resting(stop.tif) if limit else "ioc",
            False,  # noqa: FBT003  (the extension takes it by place)
            stop.price or 0,
            stop.quantity,
        )
        refused = [event for event in events if event.kind == "rejected"]
        if refused:
            self._end(key, "expired", refused[0].reason, now)
        else:
            self._took_place(events, now)

    def stop_levels(self, instrument: InstrumentId) -> list[int]:
        """Return where the stops of an instrument stand, in price units."""
        return self._stops.levels(instrument)

    def took_place(self, events: Iterable[BookEvent], now: int) -> None:
        """Book what an invented market did to own orders."""
        self._took_place(events, self._at(now))

    def mark_market(self, last: dict[InstrumentId, int], now: int) -> None:
        """Write where the market stands."""
        self._write(MarketAt(ts=self._at(now), last=last))

    def queue_ahead(self, client_order_id: ClientOrderId) -> int | None:
        """Return the quantity estimated to stand before a resting order, in units."""
        number = self._numbers.get(client_order_id)
        return None if number is None else self._native.queue_ahead(number)

    # ---------------------------------------------------------------------------- effects

    def arrive(self, effect: VenueEffect, now: int) -> None:
        """Take an effect that has reached the venue."""
        now = self._at(now)
        match effect:
            case RiskApproved():
                if isinstance(effect.item, Replace):
                    self._replace(effect.item, now)
                else:
                    self._submit(effect.item.order, now)
            case Cancel():
                self._cancel(effect.client_order_id, now)
            case QueryOrder():
                self._report_order(effect.client_order_id)
            case QueryAccount():
                self._report_account(effect, now)

    def _submit(self, order: OrderIntent, now: int) -> None:
        known = order.client_order_id in self.books.working
        if known or order.client_order_id in self.books.ended:
            # Sent twice is still one order: the venue tells again what it knows.
            self._report_order(order.client_order_id)
            return
        reason = self._unknown_here(order)
        if reason:
            self._refuse(order.client_order_id, reason, now)
        elif order.type in STOPS:
            self._take(order, order.quantity, now)
            self._answer_accepted(order.client_order_id, now)
            self._wait(order)
        else:
            self._enter(order, now)

    def _unknown_here(self, order: OrderIntent) -> str:
        """Return what of an order the venue does not know; empty where it knows all of it."""
        can = self._capabilities
        tif = tif_at(can, order)
        if order.type not in can.order_types or tif not in can.times_in_force:
            return f"{order.type} {order.tif} is not known here"
        if order.type in STOPS and order.trigger_price is None:
            return "a stop needs a trigger"
        return ""

    def _refuse(self, client_order_id: ClientOrderId, reason: str, now: int) -> None:
        self._write(Refused(ts=now, client_order_id=client_order_id, reason=reason))
        self._answer(OrderRejected(client_order_id=client_order_id, reason=reason, ts_event=now))

    def _enter(self, order: OrderIntent, now: int) -> None:
        """Put an order into the book, or refuse it."""
        events = self._into_the_book(order, order.quantity)
        rejected = [event for event in events if event.kind == "rejected"]
        if rejected:
            self._refuse(order.client_order_id, rejected[0].reason, now)
            return
        self._take(order, order.quantity, now)
        self._answer_accepted(order.client_order_id, now)
        self._took_place(events, now)

    def _into_the_book(self, order: OrderIntent, quantity: int) -> Sequence[BookEvent]:
        return self._native.submit(
            self._number(order.client_order_id),
            self._index[order.instrument],
            sign(order.side),
            "market" if order.type == "market" else "limit",
            resting(order.tif),
            order.post_only,
            order.limit_price or 0,
            quantity,
        )

    def _take(self, order: OrderIntent, quantity: int, now: int, *before: AnyRecord) -> None:
        """Write that an order was taken, with what came before it in one piece."""
        accepted = Accepted(
            ts=now,
            client_order_id=order.client_order_id,
            venue_order_id=VenueOrderId(f"v{self.books.orders + 1}"),
            instrument=order.instrument,
            side=order.side,
            type=order.type,
            tif=order.tif,
            quantity=quantity,
            price=order.limit_price,
            account=order.account,
            trigger=order.trigger_price if order.type in STOPS else None,
            trail=order.trail,
            expires=order.expires,
        )
        self._write(*before, accepted)
        self._end_later(accepted, now)

    def _answer_accepted(self, client_order_id: ClientOrderId, now: int) -> None:
        taken = self.books.working[client_order_id].accepted
        self._answer(
            OrderAccepted(
                client_order_id=client_order_id,
                venue_order_id=taken.venue_order_id,
                ts_event=now,
            )
        )

    def _wait(self, order: OrderIntent) -> None:
        """Let a stop wait; one that the market is already beyond is set off by its next news."""
        if order.trigger_price is not None:
            taken = self.books.working[order.client_order_id].accepted
            self._stops.add(taken, order.trigger_price)

    def _end_later(self, accepted: Accepted, now: int) -> None:
        """End a day or gtd order at its time."""
        if accepted.expires is None or accepted.tif not in {"day", "gtd"}:
            return
        key = accepted.client_order_id
        self._engine.after(
            max(accepted.expires - now, 0), lambda: self._over(key, self._at(self._engine.now))
        )

    def _over(self, client_order_id: ClientOrderId, now: int) -> None:
        if client_order_id in self.books.working:
            self._out_of_the_book(client_order_id)
            self._end(client_order_id, "expired", "its time is over", now)

    def _out_of_the_book(self, client_order_id: ClientOrderId) -> None:
        if self._stops.remove(client_order_id) is None:
            self._native.cancel(self._numbers[client_order_id])

    def _replace(self, effect: Replace, now: int) -> None:
        """Put a new order in the place of a standing one, in one piece; it queues last unless it only asks for less."""
        order, old_key = effect.order, effect.order.replaces
        if order.client_order_id in self.books.working or old_key is None:
            self._report_order(order.client_order_id)
            return
        old = self.books.working.get(old_key)
        quantity = 0 if old is None else order.quantity - (old.filled - effect.known_filled)
        reason = self._not_in_its_place(order, old_key, quantity)
        if old is None or reason:
            self._leave(order, old_key, reason, now)
            return
        if keeps_place(old, order, quantity):
            self._change(old, order, quantity, now)
            return
        self._out_of_the_book(old_key)
        trailed = old.trigger if order.trail is not None else None
        gone = Ended(ts=now, client_order_id=old_key, how="replaced", reason="")
        if trailed is not None and order.trail == old.accepted.trail:
            # It has followed the price: it goes on from where it stands.
            order = msgspec.structs.replace(order, trigger_price=trailed)
        self._take(order, quantity, now, gone)
        self._answer_replaced(order.client_order_id, old_key, now)
        if order.type in STOPS:
            self._wait(order)
            return
        events = self._into_the_book(order, quantity)
        refused = [event for event in events if event.kind == "rejected"]
        if refused:
            self._end(order.client_order_id, "cancelled", refused[0].reason, now)
        else:
            self._took_place(events, now)

    def _not_in_its_place(self, order: OrderIntent, old_key: ClientOrderId, quantity: int) -> str:
        """Return why an order cannot take another's place; empty where it can."""
        old = self.books.working.get(old_key)
        if old is None:
            ended = self.books.ended.get(old_key)
            return "unknown order" if ended is None else f"order is {ended[0]}"
        if quantity <= 0:
            return "the old order has filled that much"
        stays = keeps_place(old, order, quantity)
        if order.post_only and not stays and self._would_take(order):
            return "post_only_would_take"
        return self._unknown_here(order)

    def _leave(self, order: OrderIntent, old_key: ClientOrderId, reason: str, now: int) -> None:
        """Refuse to put an order in the place of another, which stands as it stood."""
        key = order.client_order_id
        self._write(Refused(ts=now, client_order_id=key, reason=reason))
        self._answer(
            ReplaceRejected(client_order_id=key, replaced=old_key, reason=reason, ts_event=now)
        )

    def _change(self, old: RestingOrder, order: OrderIntent, quantity: int, now: int) -> None:
        """Let an order rest on where it stands under its new name, with as much or less."""
        old_key, key = old.accepted.client_order_id, order.client_order_id
        number = self._numbers[old_key]
        if quantity < old.accepted.quantity - old.filled:
            (answer,) = self._native.reduce(number, quantity)
            if answer.kind != "reduced":
                self._leave(order, old_key, answer.reason, now)
                return
        del self._numbers[old_key]
        self._numbers[key], self._clients[number] = number, key
        gone = Ended(ts=now, client_order_id=old_key, how="replaced", reason="")
        self._take(order, quantity, now, gone)
        self._answer_replaced(key, old_key, now)

    def _answer_replaced(self, key: ClientOrderId, replaced: ClientOrderId, now: int) -> None:
        taken = self.books.working[key].accepted
        self._answer(
            OrderReplaced(
                client_order_id=key,
                replaced=replaced,
                venue_order_id=taken.venue_order_id,
                quantity=taken.quantity,
                ts_event=now,
            )
        )

    def _would_take(self, order: OrderIntent) -> bool:
        book = self._native.book(self._index[order.instrument])
        best = book.best_ask() if order.side == "buy" else book.best_bid()
        limit = order.limit_price
        if best is None or limit is None:
            return False
        return limit >= best[0] if order.side == "buy" else limit <= best[0]

    def _cancel(self, client_order_id: ClientOrderId, now: int) -> None:
        if client_order_id not in self.books.working:
            ended = self.books.ended.get(client_order_id)
            reason = "unknown order" if ended is None else f"order is {ended[0]}"
            self._answer(
                CancelRejected(client_order_id=client_order_id, reason=reason, ts_event=now)
            )
            return
        if self._stops.remove(client_order_id) is not None:
            self._end(client_order_id, "cancelled", "", now)
            return
        self._took_place(self._native.cancel(self._numbers[client_order_id]), now)

    def _took_place(self, events: Iterable[BookEvent], now: int) -> None:
        for event in events:
            client_order_id = self._clients[event.order_id]
            if event.kind == "filled":
                self._fill(client_order_id, event, now)
            elif event.kind in {"cancelled", "expired"}:
                how = "cancelled" if event.kind == "cancelled" else "expired"
                self._end(client_order_id, how, event.reason, now)

    def _fill(self, client_order_id: ClientOrderId, event: BookEvent, now: int) -> None:
        order = self.books.working[client_order_id]
        accepted = order.accepted
        instrument = self._instruments[self._index[accepted.instrument]]
        fee = self._fees.charge(
            instrument, event.price, event.quantity, event.liquidity, now, order.charged
        )
        record = Filled(
            ts=now,
            execution_id=ExecutionId(f"x{len(self.books.fills) + 1}"),
            client_order_id=client_order_id,
            venue_order_id=accepted.venue_order_id,
            instrument=accepted.instrument,
            side=accepted.side,
            quantity=event.quantity,
            price=event.price,
            fee=fee,
            fee_currency=instrument.currency,
            liquidity=event.liquidity,
            account=accepted.account,
        )
        self._write(record)
        self._answer(fill_told(self.books, record, "stream", now))

    def _end(self, client_order_id: ClientOrderId, how: str, reason: str, now: int) -> None:
        if how == "cancelled":
            self._write(
                Ended(ts=now, client_order_id=client_order_id, how="cancelled", reason=reason)
            )
            self._answer(
                OrderCancelled(client_order_id=client_order_id, reason=reason, ts_event=now)
            )
        else:
            self._write(
                Ended(ts=now, client_order_id=client_order_id, how="expired", reason=reason)
            )
            self._answer(OrderExpired(client_order_id=client_order_id, reason=reason, ts_event=now))

    # ---------------------------------------------------------------------------- queries

    def _report_order(self, client_order_id: ClientOrderId) -> None:
        self._answer(order_reported(self.books, client_order_id))

    def _report_account(self, query: QueryAccount, now: int) -> None:
        for event in account_reported(self.books, query, now):
            self._answer(event)

    # ---------------------------------------------------------------------------- inside

    def _at(self, now: int) -> int:
        """Return the venue's time, which never goes back: fills are asked for by it, from the newest known on.

        The market it is told of may lag: after a crash a recording goes on where the log last stood.
        """
        return max(now, self.books.ts)

    def _write(self, *records: AnyRecord) -> None:
        self._log.append(*records)
        for record in records:
            self.books.apply(record)

    def _number(self, client_order_id: ClientOrderId) -> int:
        number = self._numbers.get(client_order_id)
        if number is None:
            number = len(self._clients) + 1
            self._numbers[client_order_id] = number
            self._clients[number] = client_order_id
        return number
