"""What the control server tells of the engine: facts, and the frames that consoles paint."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from tradebot.data.errors import ScaleError
from tradebot.engine.control.engine import FrameQuery, Refused
from tradebot.engine.control.health import HealthFacts
from tradebot.engine.control.messages import Hello
from tradebot.engine.control.messages_facts import (
    AccountFacts,
    EngineFacts,
    FillFacts,
    OrderFacts,
    PositionFacts,
    Status,
)
from tradebot.engine.control.messages_frame import Frame
from tradebot.engine.control.messages_house import Decisions, HouseView
from tradebot.engine.control.messages_orders import OrderRequest, Preview
from tradebot.engine.control.order_life import OrderLife
from tradebot.engine.control.setup import AccountCheck, SetupFacts
from tradebot.engine.core.market import InstrumentMarket
from tradebot.engine.core.orders import Order
from tradebot.engine.core.types import (
    ClientOrderId,
)
from tradebot.engine.journal.export import iso
from tradebot.engine.live.account_facts import account_facts, day_profit, holdings, total_cash
from tradebot.engine.live.difference_facts import difference_facts, open_count
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
from tradebot.engine.live.health_facts import health_facts
from tradebot.engine.live.house_facts import house_view
from tradebot.engine.live.previews import preview
from tradebot.engine.live.quotes import quote_view
from tradebot.engine.live.service_core import ServiceCore
from tradebot.engine.live.tape import SPANS, drawn

FILLS_SHOWN = 100
ORDERS_SHOWN = 1_000
"""Ended orders in a list of all; older ones are in the journal."""

AMEND_WAIT_S = 5.0
"""Longest wait for the venue's word on an amend."""

SETTLED = frozenset({"accepted", "partially_filled", "filled", "cancelled", "expired"})
"""Order states that answer "accepted" to whoever placed the order."""


class FactWords(ServiceCore):
    """Facts and frames."""

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

    async def setup(self) -> SetupFacts:
        """Return the accounts as configured; files are read beside the loop."""
        return await self._setup.facts()

    async def check_account(self, account: str) -> AccountCheck:
        """Ask an account's venue whether it can be traded, beside the loop."""
        return await self._setup.check(account)

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
            return preview(state, request, self._fees, self._game.bets())
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
            quote=quote_view(market, self._runtime.standing(instrument.id), now),
            hand=hand_view(state, now),
            chance=game.chance,
            coin=game.coin,
        )

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


def _when_made(order: Order) -> int:
    return order.intent.created
