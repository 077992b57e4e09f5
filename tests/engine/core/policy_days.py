"""Days for policies: a market that moves, a venue that fills at the touch."""

from collections.abc import Sequence
from decimal import Decimal
from typing import override

from tests.engine.core.builders import BTC_ID, SLEEVE, ScriptedVenue, World, fill_of, loaded, trade

from tradebot.engine.core.events import (
    EngineStarted,
    HistoryGiven,
    OrderAccepted,
    OrderExpired,
    OrderLane,
    TimerFired,
)
from tradebot.engine.core.market import BarRow
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.core.params import Params
from tradebot.engine.core.policy import Policy
from tradebot.engine.core.types import MINUTE, SECOND, VenueOrderId

HALF_SPREAD = 50
"""Of the market, in price units."""


class TouchVenue(ScriptedVenue):
    """Fills what takes at the touch, all of it unless told otherwise; what is not IOC rests."""

    @override
    def _submit(self, order: OrderIntent) -> list[OrderLane]:
        if order.tif == "gtc":
            return super()._submit(order)
        market = self.world.state.market[order.instrument]
        touch = market.best_ask() if order.side == "buy" else market.best_bid()
        assert touch is not None
        assert order.limit_price is not None
        wanted = self.liquidity.popleft() if self.liquidity else order.quantity
        found = min(wanted, order.quantity)
        events: list[OrderLane] = [
            OrderAccepted(
                client_order_id=order.client_order_id,
                venue_order_id=VenueOrderId(f"v-{order.client_order_id}"),
                ts_event=0,
            )
        ]
        if found:
            now = self.world.now
            events.append(fill_of(order, found, touch, self.world.execution(), ts=now))
        if found < order.quantity:
            key = order.client_order_id
            events.append(OrderExpired(client_order_id=key, reason="no liquidity", ts_event=0))
        return events


class Day:
    """A world with one sleeve, its venue, and a market that is moved by trades."""

    def __init__(
        self, policy: Policy, *, params: Params | None = None, start: EngineStarted | None = None
    ) -> None:
        self.world = World(policies={SLEEVE: loaded(policy, params=params)}, start=start)
        self.venue = TouchVenue(self.world)
        self.told: list[tuple[int, int]] = []
        """(time, price) of each trade."""

    def until(self, due: int) -> None:
        """Let timers fire up to an instant, and let it be that instant."""
        while True:
            timers = self.world.state.timers
            ripe = sorted((at, name) for name, at in timers.items() if at <= due)
            if not ripe:
                break
            at, name = ripe[0]
            wait = max(at - self.world.now, 0)
            self.venue.take(self.world.send(TimerFired(timer_id=name, due=at), after=wait))
        self.world.now = max(self.world.now, due)

    def price(self, price: int, *, at: int | None = None, quantity: int = 100) -> None:
        """Let the market trade at a price, with the book around it."""
        if at is not None:
            self.until(at)
        tick = 10
        self.venue.take(
            self.world.market(
                (price - HALF_SPREAD) // tick * tick, (price + HALF_SPREAD) // tick * tick
            )
        )
        self.venue.take(self.world.send(trade(price, quantity), after=0))
        self.told.append((self.world.now, price))

    def minutes(self, prices: Sequence[int]) -> None:
        """Let each minute trade once, a second before it closes."""
        for price in prices:
            begin = -(-self.world.now // MINUTE) * MINUTE
            self.price(price, at=begin + 59 * SECOND)
            self.until(begin + MINUTE)

    def warm(self, prices: Sequence[int], *, span: int = MINUTE) -> None:
        """Give one bar of the past for each price, the newest closed at the last boundary."""
        last = self.world.now // span * span
        rows: list[BarRow] = [
            (last - span * back, price, price + 20_00, price - 20_00, price, 5)
            for back, price in zip(range(len(prices) - 1, -1, -1), prices, strict=True)
        ]
        self.world.send(
            HistoryGiven(
                instrument=BTC_ID, span_ns=span, bars_span_ns=span, bars=tuple(rows), source="test"
            )
        )

    @property
    def held(self) -> Decimal:
        """Return what the sleeve holds."""
        state = self.world.state
        account = state.sleeves[SLEEVE].started.account
        units = state.ledger.position(account, BTC_ID, SLEEVE).quantity
        return state.instruments[BTC_ID].quantity(units)
