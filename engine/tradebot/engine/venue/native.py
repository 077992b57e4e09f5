"""The native venue as an execution engine: effects in, events out, everything in its own ledger first.

It is told the market (recorded or invented by `tradebot.native.Venue`), holds own orders in the queue, and answers
after a latency, in the order in which things happened to it.
"""

from collections.abc import Callable, Iterable
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Protocol

import msgspec

from tradebot.data.events import AnyMarketEvent, BookDelta, BookSnapshot, Trade
from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.core.capabilities import Capabilities
from tradebot.engine.core.events import (
    AccountReported,
    CancelRejected,
    CashMoved,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderReported,
    VenueEvent,
)
from tradebot.engine.core.execution import VenueEffect
from tradebot.engine.core.outcomes import Cancel, OrderIntent, QueryAccount, QueryOrder
from tradebot.engine.core.risk import RiskApproved
from tradebot.engine.core.types import (
    MS,
    AccountName,
    ClientOrderId,
    ExecutionId,
    FillSource,
    VenueOrderId,
    sign,
)
from tradebot.engine.venue.log import (
    Accepted,
    AnyRecord,
    Ended,
    Filled,
    MarketAt,
    Opened,
    Refused,
    VenueBooks,
    VenueLog,
)
from tradebot.native import Venue
from tradebot.native import VenueEvent as NativeEvent

CAPABILITIES = Capabilities(
    order_types=("limit", "market"),
    times_in_force=("gtc", "ioc", "fok"),
    post_only=True,
    reduce_only=False,
)

_FEE_QUANTUM = Decimal("1e-8")


class Fees(msgspec.Struct, frozen=True, kw_only=True):
    """Share of notional a fill costs, paid in the quote currency."""

    maker: Decimal = Decimal("0.001")
    taker: Decimal = Decimal("0.001")


LATENCY = 5 * MS
"""From the engine to the native venue and back again, each way."""


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
        engine: The engine's time and the ways to it: effects arrive, and answers are there, after the latency.
    """

    def __init__(
        self,
        native: Venue,
        instruments: tuple[Instrument, ...],
        log: VenueLog,
        *,
        fees: Fees,
        engine: EngineDoors,
    ) -> None:
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
        return CAPABILITIES

    @property
    def trouble(self) -> str | None:
        """Return why the venue's own ledger cannot be written now; None while it can."""
        return self._log.trouble

    def perform(self, effect: VenueEffect) -> None:
        """Start an effect; the answer comes as an event."""
        self._engine.after(LATENCY, lambda: self.arrive(effect, self._engine.now))

    def _answer(self, event: VenueEvent) -> None:
        self._engine.answer(event, LATENCY)

    # ---------------------------------------------------------------------------- opening

    def open(self, account: AccountName, currency: str, cash: Decimal, now: int) -> None:
        """Open an account with money, unless the log says it was opened before."""
        if account not in self.books.accounts:
            self._write(Opened(ts=now, account=account, currency=currency, cash=cash))

    def restore(self, now: int) -> None:
        """Put what rested before a restart back into the book, last in the queue."""
        self._native.set_next_match_id(len(self.books.fills) + 1)
        now = self._at(now)
        for order in list(self.books.working.values()):
            accepted = order.accepted
            number = self._number(accepted.client_order_id)
            price = accepted.price
            if price is None or accepted.tif != "gtc":
                # It died between two lines of the log: what may not rest does not rest now.
                self._end(accepted.client_order_id, "expired", "restart", now)
                continue
            leaves = accepted.quantity - order.filled
            index = self._index[accepted.instrument]
            events = self._native.restore(number, index, sign(accepted.side), price, leaves)
            self._took_place(events, now)

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

    def took_place(self, events: Iterable[NativeEvent], now: int) -> None:
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
        kind, tif = order.type, order.tif
        if kind not in ("limit", "market") or tif not in ("gtc", "ioc", "fok"):
            reason = f"{kind} {tif} is not known here"
            self._write(Refused(ts=now, client_order_id=order.client_order_id, reason=reason))
            self._answer(
                OrderRejected(client_order_id=order.client_order_id, reason=reason, ts_event=now)
            )
            return
        number = self._number(order.client_order_id)
        events = self._native.submit(
            number,
            self._index[order.instrument],
            sign(order.side),
            kind,
            tif,
            order.post_only,
            order.limit_price or 0,
            order.quantity,
        )
        rejected = [event for event in events if event.kind == "rejected"]
        if rejected:
            reason = rejected[0].reason
            self._write(Refused(ts=now, client_order_id=order.client_order_id, reason=reason))
            self._answer(
                OrderRejected(client_order_id=order.client_order_id, reason=reason, ts_event=now)
            )
            return
        venue_order_id = VenueOrderId(f"v{self.books.orders + 1}")
        self._write(
            Accepted(
                ts=now,
                client_order_id=order.client_order_id,
                venue_order_id=venue_order_id,
                instrument=order.instrument,
                side=order.side,
                type=order.type,
                tif=order.tif,
                quantity=order.quantity,
                price=order.limit_price,
                account=order.account,
            )
        )
        self._answer(
            OrderAccepted(
                client_order_id=order.client_order_id, venue_order_id=venue_order_id, ts_event=now
            )
        )
        self._took_place(events, now)

    def _cancel(self, client_order_id: ClientOrderId, now: int) -> None:
        if client_order_id not in self.books.working:
            ended = self.books.ended.get(client_order_id)
            reason = "unknown order" if ended is None else f"order is {ended[0]}"
            self._answer(
                CancelRejected(client_order_id=client_order_id, reason=reason, ts_event=now)
            )
            return
        self._took_place(self._native.cancel(self._numbers[client_order_id]), now)

    def _took_place(self, events: Iterable[NativeEvent], now: int) -> None:
        for event in events:
            client_order_id = self._clients[event.order_id]
            if event.kind == "filled":
                self._fill(client_order_id, event, now)
            elif event.kind in {"cancelled", "expired"}:
                how = "cancelled" if event.kind == "cancelled" else "expired"
                self._end(client_order_id, how, event.reason, now)

    def _fill(self, client_order_id: ClientOrderId, event: NativeEvent, now: int) -> None:
        accepted = self.books.working[client_order_id].accepted
        instrument = self._instruments[self._index[accepted.instrument]]
        rate = self._fees.maker if event.liquidity == "maker" else self._fees.taker
        notional = instrument.notional(event.price, event.quantity)
        record = Filled(
            ts=now,
            execution_id=ExecutionId(f"x{len(self.books.fills) + 1}"),
            client_order_id=client_order_id,
            venue_order_id=accepted.venue_order_id,
            instrument=accepted.instrument,
            side=accepted.side,
            quantity=event.quantity,
            price=event.price,
            fee=(notional * rate).quantize(_FEE_QUANTUM, rounding=ROUND_HALF_EVEN),
            fee_currency=instrument.currency,
            liquidity=event.liquidity,
            account=accepted.account,
        )
        self._write(record)
        self._answer(self._fill_event(record, "stream", now))

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

    def _fill_event(self, record: Filled, source: FillSource, now: int) -> OrderFilled:
        return OrderFilled(
            execution_id=record.execution_id,
            client_order_id=record.client_order_id,
            venue_order_id=record.venue_order_id,
            account=self.books.account_of(record),
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

    # ---------------------------------------------------------------------------- queries

    def _report_order(self, client_order_id: ClientOrderId) -> None:
        working = self.books.working.get(client_order_id)
        ended = self.books.ended.get(client_order_id)
        if working is not None:
            self._answer(
                OrderReported(
                    client_order_id=client_order_id,
                    found=True,
                    venue_order_id=working.accepted.venue_order_id,
                    state="working",
                    filled=working.filled,
                )
            )
        elif ended is not None:
            how, reason, filled = ended
            self._answer(
                OrderReported(
                    client_order_id=client_order_id,
                    found=True,
                    state=how,
                    filled=filled,
                    reason=reason,
                )
            )
        else:
            self._answer(OrderReported(client_order_id=client_order_id, found=False))

    def _report_account(self, query: QueryAccount, now: int) -> None:
        held = self.books.accounts.get(query.account)
        if held is None:
            return
        self._answer(
            CashMoved(
                movement_id="opening",
                account=query.account,
                asset=held.opened.currency,
                amount=held.opened.cash,
                why="deposit",
                ts_event=held.opened.ts,
            )
        )
        for record in self.books.fills:
            if record.ts >= query.since and self.books.account_of(record) == query.account:
                self._answer(self._fill_event(record, "gap_fill", now))
        self._answer(
            AccountReported(
                account=query.account,
                cash=dict(held.cash),
                positions={symbol: units for symbol, units in held.positions.items() if units},
                open_orders=tuple(
                    order.accepted.client_order_id
                    for order in self.books.working.values()
                    if self.books.account_of(order.accepted) == query.account
                ),
            )
        )

    # ---------------------------------------------------------------------------- inside

    def _at(self, now: int) -> int:
        """Return the venue's time, which never goes back: fills are asked for by it, from the newest known on.

        The market it is told of may lag: after a crash a recording goes on where the log last stood.
        """
        return max(now, self.books.ts)

    def _write(self, record: AnyRecord) -> None:
        self._log.append(record)
        self.books.apply(record)

    def _number(self, client_order_id: ClientOrderId) -> int:
        number = self._numbers.get(client_order_id)
        if number is None:
            number = len(self._numbers) + 1
            self._numbers[client_order_id] = number
            self._clients[number] = client_order_id
        return number
