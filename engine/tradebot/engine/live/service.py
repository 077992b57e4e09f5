"""The engine as clients see it: questions answered from the kernel's state, commands put into its inbox."""

import asyncio
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Literal

import msgspec

from tradebot.data.errors import ScaleError
from tradebot.data.instruments import InstrumentId
from tradebot.engine.control.engine import FrameQuery, Refused
from tradebot.engine.control.health import HealthFacts
from tradebot.engine.control.messages import (
    AccountFacts,
    AmendRequest,
    CommandAnswer,
    DifferenceFacts,
    EngineFacts,
    EventLine,
    FillFacts,
    Frame,
    Hello,
    OrderAnswer,
    OrderFacts,
    OrderRequest,
    PositionFacts,
    Preview,
    Status,
)
from tradebot.engine.control.messages_house import Decisions, HouseView
from tradebot.engine.control.order_life import OrderLife
from tradebot.engine.core.answers import find_matter, refusal
from tradebot.engine.core.events import (
    CancelRequested,
    DifferenceAnswerRequested,
    FlattenRequested,
    HaltRequested,
    KillRequested,
    OperatorEvent,
    PlaceOrder,
    ReconcileRequested,
    ResumeRequested,
    SleevePauseRequested,
    SleeveResumeRequested,
)
from tradebot.engine.core.market import InstrumentMarket
from tradebot.engine.core.orders import Order
from tradebot.engine.core.outcomes import Alert, AnyOutcome, Cancel, OrderIntent
from tradebot.engine.core.types import (
    AccountName,
    ClientOrderId,
    DifferenceId,
    Mode,
    Owner,
    RequestId,
)
from tradebot.engine.journal.codec import Row
from tradebot.engine.journal.errors import JournalUnavailable
from tradebot.engine.journal.export import iso
from tradebot.engine.live.account_facts import account_facts, day_profit, holdings, total_cash
from tradebot.engine.live.authority_words import AuthorityWords
from tradebot.engine.live.clock import Clock
from tradebot.engine.live.decisions import DecisionBook
from tradebot.engine.live.departures import Departures
from tradebot.engine.live.difference_facts import difference_facts, open_count
from tradebot.engine.live.ending import Ending
from tradebot.engine.live.facts import (
    exact,
    feed_facts,
    fill_facts,
    limit_facts,
    optional,
    order_facts,
    position_facts,
    sleeve_facts,
)
from tradebot.engine.live.frames import (
    account_view,
    alert_views,
    book_view,
    feed_view,
    hand_view,
    instrument_view,
    position_views,
    trade_views,
    watch_view,
)
from tradebot.engine.live.game_facts import GameTeller
from tradebot.engine.live.health_facts import StateSince, health_facts
from tradebot.engine.live.house_facts import house_view
from tradebot.engine.live.order_life import Teller
from tradebot.engine.live.previews import amendment, parsed, preview
from tradebot.engine.live.protection import left_bare
from tradebot.engine.live.runtime import AlertHistory, Runtime
from tradebot.engine.live.sleeve_life import SleeveLife
from tradebot.engine.live.sleeve_place import SleeveParts
from tradebot.engine.live.tape import SPANS, Tape, drawn
from tradebot.engine.venue.native import FeeSchedule

FILLS_SHOWN = 100
ORDERS_SHOWN = 1_000
"""Ended orders in a list of all; older ones are in the journal."""

AMEND_WAIT_S = 5.0
"""Longest wait for the venue's word on an amend."""

SETTLED = frozenset({"accepted", "partially_filled", "filled", "cancelled", "expired"})
"""Order states that answer "accepted" to whoever placed the order."""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who this engine is."""

    name: str
    id: str
    mode: Mode
    version: str
    api: int
    pid: int
    market: str
    started: int
    """System clock, ns UTC."""


class EngineService:
    """What the control server asks; lives on the engine's own loop."""

    def __init__(  # noqa: PLR0913  (the parts of a running engine)
        self,
        runtime: Runtime,
        identity: Identity,
        *,
        clock: Clock,
        fees: FeeSchedule,
        tape: Tape,
        alerts: AlertHistory,
        virtual_now: Callable[[], int],
        sleeves: SleeveParts,
    ) -> None:
        self._runtime = runtime
        self._state = runtime.kernel.state
        self._identity = identity
        self._clock = clock
        self._fees = fees
        self._tape = tape
        self._alerts = alerts
        self._virtual_now = virtual_now
        self._day_open: dict[InstrumentId, tuple[int, int]] = {}
        self.lag_ms = 0.0
        """How long the last turn kept the loop busy."""
        self.wake = asyncio.Event()
        """Set when an operator's word waits to be made durable."""
        self.committed = asyncio.Condition()
        """Notified after each commit."""
        self.stopping = asyncio.Event()
        self.consoles = 0
        self.consoles_seen = False
        self._authority = AuthorityWords(self._state, self._operate, self._durable, virtual_now)
        self._sleeves = SleeveLife(
            runtime,
            sleeves,
            authority=self._authority,
            operate=self._operate,
            durable=self._durable,
            clock=clock,
        )
        self._since = StateSince(runtime)
        departures = Departures()
        runtime.observers.append(self._since)
        runtime.settled.append(departures)
        self._lives = Teller(runtime, departures)
        self._decisions = DecisionBook(runtime)
        self._game = GameTeller(self._state)
        self._ending = Ending(self._state, self._operate, self.committed, clock)

    def client_dropped(self, text: str) -> None:
        """Show the operator that a client was dropped; nothing of it is recorded."""
        self._alerts.lines.append(
            (self._runtime.seq, self._runtime.now, Alert(level="warn", text=text))
        )

    # ---------------------------------------------------------------------------- facts

    def hello(self) -> Hello:
        """Return who answers."""
        identity = self._identity
        return Hello(
            api=identity.api,
            name=identity.name,
            version=identity.version,
            mode=identity.mode,
            pid=identity.pid,
        )

    def status(self) -> Status:
        """Return the engine as a whole."""
        state, now = self._state, self._virtual_now()
        worth = state.valuation()
        game = self._game.odds()
        return Status(
            engine=self._engine_facts(),
            trading_state=state.trading_state,
            reason=state.reason,
            currency=state.currency,
            equity=optional(exact, worth.equity),
            cash=total_cash(state),
            day_pnl=optional(exact, day_profit(state)),
            accounts=list(state.accounts),
            feeds=feed_facts(state, now),
            sleeves=[sleeve_facts(sleeve) for sleeve in state.sleeves.values()],
            limits=limit_facts(state, now),
            working=len(state.blotter.open()),
            unresolved=len(state.blotter.unresolved()),
            differences=open_count(state),
            not_valued=holdings(worth.missing),
            chance=game.chance,
            coin=game.coin,
        )

    def accounts(self) -> Sequence[AccountFacts]:
        """Return every account, the default one first."""
        return account_facts(self._state)

    def _engine_facts(self) -> EngineFacts:
        identity = self._identity
        return EngineFacts(
            name=identity.name,
            id=identity.id,
            version=identity.version,
            api=identity.api,
            pid=identity.pid,
            mode=identity.mode,
            market=identity.market,
            started=iso(identity.started),
            seq=self._runtime.seq,
            now=iso(self._virtual_now()),
        )

    def orders(self, *, working_only: bool) -> Sequence[OrderFacts]:
        """Return orders, oldest first: the open ones, and the newest others, at most ORDERS_SHOWN of them."""
        state = self._state
        chosen = state.blotter.open()
        if not working_only:
            ended = [order for order in state.blotter if not order.is_open][-ORDERS_SHOWN:]
            chosen = sorted([*chosen, *ended], key=_when_made)
        return [
            order_facts(state, order, self._runtime.venue)
            for order in chosen
            if order.intent.instrument in state.instruments
        ]

    async def order_life(self, client_order_id: str) -> OrderLife:
        """Return all that happened to one order; the journal is read beside the loop."""
        return await self._lives.life(ClientOrderId(client_order_id))

    def health(self) -> HealthFacts:
        """Return what the health lights are made of."""
        return health_facts(
            self._runtime,
            now=self._virtual_now(),
            since=self._since.text(),
            lag_ms=self.lag_ms,
            consoles=self.consoles,
        )

    def positions(self) -> Sequence[PositionFacts]:
        """Return open positions."""
        state = self._state
        return [
            position_facts(state, key, position)
            for key, position in state.ledger.positions()
            if position.quantity
        ]

    def fills(self, limit: int) -> Sequence[FillFacts]:
        """Return the newest fills, oldest first."""
        kept = self._tape.fills
        newest = [kept[index] for index in range(max(0, len(kept) - limit), len(kept))]
        return [fill_facts(self._state, seq, event, booked) for seq, event, booked in newest]

    def house(self) -> HouseView:
        """Return the game, the moves and the house's books."""
        view = house_view(self._state, self._game.bets())
        rows = tuple(
            msgspec.structs.replace(row, note=self._sleeves.note(row.name) or row.note)
            for row in view.rows
        )
        return msgspec.structs.replace(view, rows=rows)

    async def decisions(self, name: str, limit: int, *, only_changes: bool) -> Decisions:
        """Return a sleeve's decisions, newest first."""
        return await self._decisions.decisions(name, limit, only_changes=only_changes)

    def preview(self, request: OrderRequest) -> Preview:
        """Return what the gate would say."""
        state = self._state
        # A question leaves no trace: were time moved on, what is due already would be recorded later.
        reached, state.now = state.now, self._virtual_now()
        try:
            return preview(state, request, self._fees)
        finally:
            state.now = reached

    # ---------------------------------------------------------------------------- frames

    @property
    def version(self) -> int:
        """Return the seq: it grows with everything a frame may show."""
        return self._runtime.seq

    def frame(self, query: FrameQuery) -> Frame:
        """Return the console's window now."""
        state, now = self._state, self._virtual_now()
        market = self._market(query.instrument)
        instrument = market.instrument
        step = self._step(market, query.step)
        candles = self._tape.candles(instrument.id, SPANS[query.span], query.candles)
        scales = (instrument.price_scale, instrument.quantity_scale)
        fills = self.fills(FILLS_SHOWN)
        game = self._game.odds()
        return Frame(
            version=self._runtime.seq,
            now=now,
            sent=self._clock.system_ns(),
            engine=self._engine_facts(),
            trading_state=state.trading_state,
            reason=state.reason,
            instrument=instrument_view(instrument, now),
            watch=[
                watch_view(other, self._open_of(other, now), now) for other in state.market.all()
            ],
            feed=feed_view(market, now),
            book=book_view(market, step, query.rows, now),
            trades=trade_views(market, self._tape),
            candle_span=query.span,
            candles=[drawn(candle, *scales) for candle in candles],
            account=account_view(state),
            positions=position_views(state),
            working=list(self.orders(working_only=True)),
            fills=list(reversed(fills)),
            limits=limit_facts(state, now),
            sleeves=[sleeve_facts(sleeve) for sleeve in state.sleeves.values()],
            alerts=alert_views(self._alerts),
            unresolved=len(state.blotter.unresolved()),
            differences=difference_facts(state, now),
            lag_ms=self.lag_ms,
            hand=hand_view(state, now),
            chance=game.chance,
            coin=game.coin,
        )

    def _market(self, instrument: str | None) -> InstrumentMarket:
        markets = self._state.market.all()
        if instrument is None:
            return markets[0]
        found = self._state.market.get(InstrumentId(instrument))
        if found is None:
            known = ", ".join(market.instrument.id for market in markets)
            raise Refused("unknown", f"no instrument {instrument!r} here; there is {known}")
        return found

    def _step(self, market: InstrumentMarket, text: str | None) -> int | None:
        if text is None:
            return None
        instrument = market.instrument
        tick = instrument.rules_at(self._runtime.now).tick
        try:
            step = instrument.price_units(msgspec.convert(text, type=Decimal, strict=False))
        except (ScaleError, msgspec.ValidationError) as error:
            raise Refused("usage", f"step must be a price, was {text!r}") from error
        if step <= 0 or step % tick:
            raise Refused(
                "usage", f"step must be a positive multiple of {instrument.price(tick)}, was {text}"
            )
        return step

    def _open_of(self, market: InstrumentMarket, now: int) -> int | None:
        """Return the first price seen of an instrument on this trading day, in units."""
        instrument = market.instrument.id
        day = self._state.day_of(now)
        known = self._day_open.get(instrument)
        if known is not None and known[0] == day:
            return known[1]
        mark = market.mark_units()
        if mark is None:
            return None
        self._day_open[instrument] = (day, int(mark))
        return int(mark)

    # ---------------------------------------------------------------------------- commands

    def _operate(self, event: OperatorEvent) -> list[AnyOutcome]:
        self._runtime.advance_to(self._virtual_now())
        outcomes = self._runtime.hand_over(event)
        self.wake.set()
        return outcomes

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
        count = _cancels(outcomes)
        where = "" if symbol is None else f" in {symbol}"
        text = f"cancelling {_orders(count)}{where}" if count else f"no open order{where}"
        return CommandAnswer(ok=True, lines=[text], cancelled=count)

    async def flatten(self, instrument: str | None) -> CommandAnswer:
        """Close the position in one instrument, or all."""
        symbol = None if instrument is None else self._market(instrument).instrument.id
        outcomes = self._operate(FlattenRequested(instrument=symbol))
        await self._durable()
        closing = len(self._state.flattening)
        count = _cancels(outcomes)
        closed = sorted({symbol for _, symbol in self._state.flattening})
        names = ", ".join(closed) or "nothing held"
        return CommandAnswer(
            ok=True,
            lines=[
                "HALTED: flatten",
                f"closing {names}",
                f"cancelled {_orders(count)}",
                "lift: tradebot resume --reason R",
            ],
            cancelled=count,
            closing=closing,
        )

    async def kill(self) -> CommandAnswer:
        """HALTED: cancel what adds risk, keep what protects."""
        return await self._stop_word(KillRequested())

    async def halt(self, reason: str) -> CommandAnswer:
        """REDUCING."""
        return await self._stop_word(HaltRequested(reason=_reason(reason)))

    async def _stop_word(self, event: KillRequested | HaltRequested) -> CommandAnswer:
        outcomes = self._operate(event)
        await self._durable()
        count = _cancels(outcomes)
        kept = [order for order in self._state.blotter.open() if order.state != "pending_cancel"]
        held = sum(1 for _, position in self._state.ledger.positions() if position.quantity)
        return CommandAnswer(
            ok=True,
            lines=[
                f"{self._state.trading_state}: {self._state.reason}",
                f"cancelled {_orders(count)} adding risk",
                f"kept {_orders(len(kept))} that protect",
                f"positions stay: {held}",
                "the engine goes on; end: stop",
                "lift: tradebot resume --reason R",
            ],
            cancelled=count,
            kept=len(kept),
        )

    async def resume(self, reason: str) -> CommandAnswer:
        """Lift REDUCING or HALTED."""
        before = self._state.trading_state
        self._operate(ResumeRequested(reason=_reason(reason)))
        await self._durable()
        if self._state.trading_state != "ACTIVE":
            newest = self._alerts.lines[-1][2].text if self._alerts.lines else "still halted"
            raise Refused("refused", newest)
        text = "was ACTIVE already" if before == "ACTIVE" else f"ACTIVE again, was {before}"
        return CommandAnswer(ok=True, lines=[text])

    def differences(self) -> Sequence[DifferenceFacts]:
        """Return what ledger and venue disagree on, and what nobody owns."""
        return difference_facts(self._state, self._virtual_now())

    async def reconcile(self, account: str | None) -> CommandAnswer:
        """Ask the venue of an account, or of all, what it holds."""
        known = self._state.accounts
        if account is not None and AccountName(account) not in known:
            raise Refused("unknown", f"no account {account!r} here; there is {', '.join(known)}")
        chosen = None if account is None else AccountName(account)
        self._operate(ReconcileRequested(account=chosen))
        await self._durable()
        return CommandAnswer(ok=True, lines=[f"asking {account or ', '.join(known)}"])

    async def answer_difference(
        self,
        difference: str,
        answer: Literal["adopt", "ignore", "flatten"],
        owner: str | None,
        reason: str,
    ) -> CommandAnswer:
        """Adopt, ignore or flatten one difference."""
        event = DifferenceAnswerRequested(
            difference_id=DifferenceId(difference),
            answer=answer,
            owner=None if owner is None else Owner(owner),
            reason=_reason(reason),
        )
        matter = find_matter(self._state, event.difference_id)
        trouble = refusal(self._state, event)
        if matter is None or trouble is not None:
            raise Refused("unknown" if matter is None else "conflict", trouble or "no difference")
        outcomes = self._operate(event)
        await self._durable()
        left = open_count(self._state)
        lines = [f"{answer}: {matter.text()}", f"{left} left"]
        return CommandAnswer(ok=True, lines=lines, cancelled=_cancels(outcomes))

    async def pause_sleeve(self, sleeve: str, reason: str) -> CommandAnswer:
        """Stop a sleeve from adding risk."""
        self._require_sleeve(sleeve)
        event = SleevePauseRequested(sleeve=Owner(sleeve), reason=_reason(reason))
        outcomes = self._operate(event)
        await self._durable()
        count = _cancels(outcomes)
        lines = [f"{sleeve} paused: exits and stops stay", f"cancelled {_orders(count)}"]
        return CommandAnswer(ok=True, lines=lines, cancelled=count)

    async def resume_sleeve(self, sleeve: str, reason: str) -> CommandAnswer:
        """Let a paused sleeve add risk again."""
        self._require_sleeve(sleeve)
        self._operate(SleeveResumeRequested(sleeve=Owner(sleeve), reason=_reason(reason)))
        await self._durable()
        return CommandAnswer(ok=True, lines=[f"{sleeve} runs again"])

    def _require_sleeve(self, sleeve: str) -> None:
        if Owner(sleeve) not in self._state.sleeves:
            known = ", ".join(self._state.sleeves) or "none"
            raise Refused("unknown", f"no sleeve {sleeve!r} runs here; there is {known}")

    async def stop(self, *, leave_unprotected: bool) -> CommandAnswer:
        """End the engine's process; orders and positions stay, engine-held stops move to the broker.

        Raises:
            Refused: Where a stop would be left without effect and nobody said that it may.
        """
        left = await self._ending.asked(leave_unprotected=leave_unprotected)
        await self._durable()
        # What the engine holds itself is at no venue: it does nothing until the engine is back.
        held = [order.held for order in self._state.blotter.open()]
        asleep, there = sum(held), len(held) - sum(held)
        self.stopping.set()
        self.wake.set()
        lines = ["stopping", f"{_orders(there)} {'stays' if there == 1 else 'stay'} at the venue"]
        if asleep:
            verb = "waits" if asleep == 1 else "wait"
            lines.append(f"{_orders(asleep)} of the engine {verb} without effect until it is back")
        lines += [f"without protection: {left}"] if left else []
        bare = left_bare(self._state)
        lines += [f"without any stop: {one}" for one in bare]
        return CommandAnswer(ok=True, lines=lines, kept=there, unprotected=bare)

    async def stop_insisted(self) -> None:
        """End the engine's process in any case, as by SIGTERM; what stays unprotected is told."""
        try:
            await self._ending.insisted()
        finally:
            self.stopping.set()
            self.wake.set()

    @property
    def authority(self) -> AuthorityWords:
        """Return who may add risk."""
        return self._authority

    @property
    def sleeves(self) -> SleeveLife:
        """Return the life of sleeves."""
        return self._sleeves

    async def _durable(self) -> None:
        """Wait until what was just decided is committed."""
        seq = self._runtime.seq
        journal = self._runtime.records.journal
        while journal.last_seq > journal.committed_seq and journal.committed_seq < seq:
            if self._runtime.journal_trouble is not None or self.stopping.is_set():
                return
            async with self.committed:
                await self.committed.wait()

    # ---------------------------------------------------------------------------- events

    async def event_lines(self, after: str | None, limit: int) -> Sequence[EventLine]:
        """Return committed journal lines after an id, waiting for at least one."""
        journal = self._runtime.records.journal
        position = (journal.committed_seq, 1 << 30) if after is None else _position(after)
        while True:
            rows = list(journal.rows(position, limit))
            if rows:
                return [_line(row) for row in rows]
            async with self.committed:
                await self.committed.wait()
            if self.stopping.is_set():
                return []

    @contextmanager
    def console_attached(self) -> Generator[None]:
        """Count a console while the context is open."""
        self.consoles += 1
        self.consoles_seen = True
        try:
            yield
        finally:
            self.consoles -= 1
            self.wake.set()


def _same_terms(intent: OrderIntent, wanted: PlaceOrder, request: OrderRequest) -> bool:
    """Return whether a repeated request asks for the order it led to; a marketable price follows the market."""
    if intent.trigger_price is not None and intent.type != wanted.type:
        return wanted.side == intent.side  # a stop that was set off is no longer what was asked for
    terms = ["account", "instrument", "side", "type", "tif", "post_only", "reduce_only", "legs"]
    if request.risk is None:
        terms.append("quantity")
    same = all(getattr(intent, name) == getattr(wanted, name) for name in terms)
    return same and (request.type != "limit" or intent.limit_price == wanted.limit_price)


def _line(row: Row) -> EventLine:
    return EventLine(
        id=f"{row.seq}.{row.index}",
        seq=row.seq,
        ts=row.now,
        kind=row.kind,
        body=msgspec.Raw(row.body),
    )


def _position(text: str) -> tuple[int, int]:
    seq, dot, index = text.partition(".")
    if not (dot and seq.isdecimal() and index.isdecimal()):
        raise Refused("usage", f"event id must be `seq.index`, was {text!r}")
    return int(seq), int(index)


def _cancels(outcomes: list[AnyOutcome]) -> int:
    return sum(1 for outcome in outcomes if isinstance(outcome, Cancel))


def _orders(count: int) -> str:
    return "1 order" if count == 1 else f"{count} orders"


def _reason(text: str) -> str:
    stripped = text.strip()
    if not stripped:
        raise Refused("usage", "a reason is needed: it is kept with the change")
    return stripped


def _when_made(order: Order) -> int:
    return order.intent.created
