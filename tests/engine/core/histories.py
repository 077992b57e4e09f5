"""Random histories: everything a kernel may be told, in any order, sane and not, from one seed."""

import random
from collections.abc import Callable
from decimal import Decimal
from typing import cast

import msgspec
from tests.engine.core.bracket_venue import RICH
from tests.engine.core.builders import (
    ACCOUNT,
    BTC_ID,
    ETH_ID,
    SLEEVE,
    World,
    fill_of,
    loaded,
    sleeve_started,
    snapshot,
    started,
    trade,
)

from tradebot.data.events import BookDelta, FeedGap
from tradebot.engine.core.actions import Action, OrderSeq, buy, cancel, sell
from tradebot.engine.core.events import (
    AccountReported,
    AccountStarted,
    AmendRequested,
    CancelRejected,
    CancelRequested,
    CashMoved,
    Event,
    FeedChanged,
    FlattenRequested,
    HaltRequested,
    KillRequested,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderRejected,
    OrderReplaced,
    OrderReported,
    OrderTriggered,
    PlaceOrder,
    ReplaceRejected,
    ResumeRequested,
    SleeveFailed,
    SleevePauseRequested,
    SleeveResumeRequested,
    SubmitUnknown,
    TimerFired,
)
from tradebot.engine.core.limits import Limits
from tradebot.engine.core.needs import Book, Every, Trades
from tradebot.engine.core.orders import Order
from tradebot.engine.core.outcomes import Legs
from tradebot.engine.core.policy import ContextMap
from tradebot.engine.core.portfolio import PortfolioState
from tradebot.engine.core.reasons import why
from tradebot.engine.core.snapshot import MarketSnapshot
from tradebot.engine.core.types import (
    MS,
    SECOND,
    OrderType,
    Owner,
    RequestId,
    Side,
    VenueOrderId,
)

OTHER = Owner("other")

LIMITS = Limits(
    max_order=Decimal("0.05"),
    max_position=Decimal("0.3"),
    max_gross=Decimal("0.5"),
    max_open_risk=Decimal("0.04"),
    day_loss=Decimal("0.02"),
    drawdown=Decimal("0.05"),
    price_collar=Decimal("0.05"),
    price_collar_wide=Decimal("0.10"),
    orders_per_minute_hand=30,
    orders_per_minute_sleeve=20,
    rejects_in_row=3,
)


class Mind(msgspec.Struct, frozen=True):
    """What the restless policy remembers."""

    asked: int
    last: Decimal | None


class Restless:
    """A policy that does something different each time, by its memory and the seeded generator alone."""

    needs = (Book(), Trades(), Every(3 * SECOND))

    def decide(
        self,
        portfolio: PortfolioState,
        snapshot: MarketSnapshot,
        context: ContextMap | None = None,
    ) -> OrderSeq:
        """Return orders, cancels or nothing."""
        assert context is not None
        mind = context.state if isinstance(context.state, Mind) else Mind(0, None)
        chance = context.rng
        market = snapshot.only
        actions: list[Action] = []
        price = market.mark
        if price is not None and chance.random() < 0.4:
            place = chance.choice([buy, sell])
            side = "buy" if place is buy else "sell"
            size = market.round_quantity(Decimal(chance.randint(1, 400)).scaleb(-4))
            limit = market.round_price(price * Decimal(chance.randint(97, 103)) / 100, side)
            actions.append(
                place(
                    size,
                    limit=limit,
                    tif=chance.choice(["gtc", "ioc"]),
                    reduce_only=chance.random() < 0.2,
                )
            )
        if portfolio.orders and chance.random() < 0.3:
            actions.append(cancel(chance.choice(portfolio.orders).id))
        if chance.random() < 0.003:
            actions.append(buy(Decimal("0.0000001")))
        code = f"mood-{mind.asked % 3}"
        return OrderSeq(
            actions=tuple(actions),
            because=why(code, price=price if price is not None else "none"),
            state=Mind(mind.asked + 1, price),
        )


def restless_world(*, rich: bool = False) -> World:
    """Return a world with two restless sleeves and limits that bind, at a venue that knows much or little."""
    policies = {name: loaded(Restless(), memory=Mind) for name in (SLEEVE, OTHER)}
    sleeves = tuple(sleeve_started(name) for name in policies)
    start = started(limits=LIMITS, sleeves=sleeves)
    if rich:
        account = AccountStarted(name=ACCOUNT, venue="test", capabilities=RICH)
        start = msgspec.structs.replace(start, accounts=(account,))
    return World(limits=LIMITS, policies=policies, start=start)


class History:
    """Draws what happens next from a generator and what the world knows."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.chance = random.Random(seed)  # noqa: S311  (reproducible on purpose)
        self.mid = 10_000_00
        self.count = 0

    def events(self, count: int) -> None:
        """Let so many things happen."""
        for _ in range(count):
            event, after = self.next()
            self.world.send(event, after=after)

    def next(self) -> tuple[Event, int]:
        """Return an event and how long after the last it comes."""
        after = self.chance.choice([0, MS, MS, 100 * MS, 100 * MS, SECOND, 6 * SECOND])
        timers = self.world.state.timers
        ripe = [name for name, due in timers.items() if due <= self.world.now + after]
        if ripe and self.chance.random() < 0.5:
            name = self.chance.choice(ripe)
            return TimerFired(timer_id=name, due=timers[name]), after
        health = self.world.state.market[BTC_ID].health(self.world.now + after)
        if health in {"down", "ended"} and self.chance.random() < 0.5:
            return FeedChanged(instrument=BTC_ID, state="up"), after
        kinds: list[tuple[float, Callable[[], Event]]] = [
            (30, self._market),
            (30, self._venue),
            (12, self._fill),
            (15, self._request),
            (6, self._contingent),
            (4, self._amend),
            (4, self._operator),
            (3, self._cash),
            (2, self._feed),
            (1, self._report),
            (0.7, lambda: self.world.start),
        ]
        (kind,) = self.chance.choices([k for _, k in kinds], [weight for weight, _ in kinds])
        return kind(), after

    def _market(self) -> Event:
        chance = self.chance
        self.mid = max(self.mid + chance.randint(-2_000, 2_000) * 10, 5_000_00)
        if chance.random() < 0.2:
            return snapshot(990_00, 1_010_00, size=100_000, instrument=ETH_ID)
        if chance.random() < 0.2:
            return trade(self.mid, chance.randint(1, 1000))
        if chance.random() < 0.1:
            return BookDelta(
                instrument=BTC_ID,
                ts_event=0,
                ts_recv=0,
                bids=((self.mid - 50, chance.choice([0, 5_000])),),
                asks=(),
            )
        if chance.random() < 0.02:
            return FeedGap(instrument=BTC_ID, ts_event=0, ts_recv=0, expected_id=1, got_id=2)
        return snapshot(self.mid - 100, self.mid + 100, size=chance.choice([50, 5_000, 500_000]))

    def _venue(self) -> Event:
        blotter = self.world.state.blotter
        orders = (self.chance.random() < 0.6 and blotter.open()) or blotter.recent(12)
        if not orders:
            return self._market()
        order = self.chance.choice(orders)
        key = order.intent.client_order_id
        now = self.world.now
        venue_id = VenueOrderId(f"v-{key}")
        if order.state == "pending_cancel" and self.chance.random() < 0.8:
            return OrderCancelled(client_order_id=key, reason="", ts_event=now)
        answers: list[Event] = [
            *[OrderAccepted(client_order_id=key, venue_order_id=venue_id, ts_event=now)] * 8,
            *[OrderCancelled(client_order_id=key, reason="", ts_event=now)] * 3,
            *[OrderExpired(client_order_id=key, reason="", ts_event=now)] * 2,
            OrderRejected(client_order_id=key, reason="no", ts_event=now),
            SubmitUnknown(client_order_id=key, reason="timeout"),
            CancelRejected(client_order_id=key, reason="gone", ts_event=now),
            *[OrderReported(client_order_id=key, found=False)] * 2,
            *[
                OrderReported(
                    client_order_id=key,
                    found=True,
                    state=self.chance.choice(["working", "filled", "cancelled", "expired"]),
                    filled=self.chance.choice([0, order.filled, order.intent.quantity]),
                )
            ]
            * 2,
        ]
        answers += self._of_new_words(order)
        return self.chance.choice(answers)

    def _of_new_words(self, order: Order) -> list[Event]:
        """Return what a venue says of stops and replacements, where the order is one."""
        key, intent = order.intent.client_order_id, order.intent
        answers: list[Event] = []
        if intent.type in {"stop", "stop_limit", "trailing_stop"} and not order.held:
            answers += [OrderTriggered(client_order_id=key, ts_event=self.world.now)] * 3
        if intent.replaces is not None and not order.held:
            less = self.chance.choice([0, 0, 10, 100])
            answers += [
                OrderReplaced(
                    client_order_id=key,
                    replaced=intent.replaces,
                    venue_order_id=VenueOrderId(f"v-{key}"),
                    quantity=max(intent.quantity - less, 0),
                    ts_event=self.world.now,
                )
            ] * 8
            refused = ReplaceRejected(
                client_order_id=key, replaced=intent.replaces, reason="no", ts_event=0
            )
            answers += [refused] * 3
        return answers

    def _contingent(self) -> Event:
        """Return a stop, a bracket, a child or one of a pair."""
        chance = self.chance
        sides: tuple[Side, ...] = ("buy", "sell")
        kinds: tuple[OrderType, ...] = ("limit", "limit", "stop", "stop_limit", "trailing_stop")
        side = chance.choice(sides)
        way = 1 if side == "buy" else -1
        kind = chance.choice(kinds)
        orders = self.world.state.blotter.recent(6)
        other = chance.choice(orders).intent.client_order_id if orders else None
        near = self.mid // 1000 * 10 * 100
        legs = Legs(
            stop_loss=chance.choice([None, near - way * 100_00]),
            take_profit=chance.choice([None, near + way * 150_00]),
            trail=chance.choice([None, None, 50_00]),
        )
        return PlaceOrder(
            request_id=RequestId(f"c{chance.randint(1, 400)}"),
            account=ACCOUNT,
            instrument=BTC_ID,
            side=side,
            type=kind,
            tif=chance.choice(["gtc", "gtc", "day", "gtd"]),
            quantity=chance.randint(1, 60) * 10,
            limit_price=near if kind in {"limit", "stop_limit"} else None,
            trigger_price=near + way * chance.randint(-2, 5) * 1000
            if kind in {"stop", "stop_limit"}
            else None,
            trail=chance.randint(1, 5) * 1000 if kind == "trailing_stop" else None,
            expires=self.world.now + chance.randint(1, 100) * SECOND,
            after=other if chance.random() < 0.2 else None,
            oco=other if chance.random() < 0.2 else None,
            legs=legs if chance.random() < 0.6 else None,
        )

    def _amend(self) -> Event:
        chance = self.chance
        blotter = self.world.state.blotter
        orders = blotter.open() or blotter.recent(5)
        if not orders:
            return self._market()
        order = chance.choice(orders)
        price = self.mid // 1000 * 1000
        return AmendRequested(
            request_id=RequestId(f"a{chance.randint(1, 400)}"),
            client_order_id=order.intent.client_order_id,
            quantity=chance.choice([None, chance.randint(1, 80) * 10]),
            limit_price=chance.choice([None, price]) if order.intent.limit_price else None,
            trigger_price=chance.choice([None, price]) if order.intent.trigger_price else None,
        )

    def _fill(self) -> Event:
        orders = [o for o in self.world.state.blotter.recent(12) if o.state != "denied"]
        if not orders:
            return self._market()
        intent = self.chance.choice(orders).intent
        quantity = self.chance.choice([intent.quantity, max(intent.quantity // 3, 1)])
        repeated = self.chance.random() < 0.1
        self.count += not repeated
        event = fill_of(
            intent,
            quantity,
            intent.limit_price or self.mid,
            f"h{self.count}",
            fee=Decimal(self.chance.randint(0, 300)).scaleb(-4),
            ts=self.world.now,
        )
        stranger = self.chance.random() < 0.05
        return msgspec.structs.replace(event, client_order_id="not-ours") if stranger else event

    def _request(self) -> Event:
        chance = self.chance
        market = chance.random() < 0.2
        ether = chance.random() < 0.2
        around = 1_000_00 if ether else self.mid
        limit = around * chance.randint(96, 104) // 1000 * 10
        return PlaceOrder(
            request_id=RequestId(f"r{chance.randint(1, 200)}"),
            account=ACCOUNT,
            instrument=ETH_ID if ether else BTC_ID,
            side=chance.choice(["buy", "sell"]),
            type="market" if market else "limit",
            tif="ioc" if market else chance.choice(["gtc", "ioc", "fok"]),
            quantity=chance.randint(0, 300) * 10,
            limit_price=None if market else limit,
            reduce_only=chance.random() < 0.3,
        )

    def _operator(self) -> Event:
        name = self.chance.choice([SLEEVE, OTHER])
        orders = self.world.state.blotter.recent(5)
        one = self.chance.choice(orders).intent.client_order_id if orders else None
        words: list[Event] = [
            HaltRequested(reason="h"),
            KillRequested(reason="k"),
            *[ResumeRequested(reason="r")] * 5,
            SleevePauseRequested(sleeve=name, reason="p"),
            SleeveFailed(sleeve=name, reason="f"),
            *[SleeveResumeRequested(sleeve=name, reason="r")] * 3,
            FlattenRequested(instrument=self.chance.choice([BTC_ID, None])),
            CancelRequested(),
            CancelRequested(client_order_id=one),
        ]
        return self.chance.choice(words)

    def _cash(self) -> Event:
        kinds = ("deposit", "withdrawal", "interest", "funding")
        amount = self.chance.choice(["250", "-250", "0.01"])
        return CashMoved(
            movement_id=f"m{self.chance.randint(1, 40)}",
            account=ACCOUNT,
            asset=self.chance.choice(["USDT", "USDT", "BNB"]),
            amount=Decimal(amount),
            why=self.chance.choice(kinds),
            ts_event=self.world.now,
        )

    def _feed(self) -> Event:
        states = ("up", "up", "up", "up", "down", "ended")
        return FeedChanged(
            instrument=self.chance.choice([BTC_ID, BTC_ID, ETH_ID]),
            state=self.chance.choice(states),
        )

    def _report(self) -> Event:
        ledger, true = self.world.state.ledger, self.chance.random() < 0.8
        cash = {asset: ledger.balance(ACCOUNT, asset) for asset in ("USDT", "BNB")}
        return AccountReported(
            account=ACCOUNT,
            cash=cash if true else cash | {"USDT": Decimal(1)},
            positions={symbol: self.world.net(symbol) for symbol in (BTC_ID, ETH_ID)},
            open_orders=(),
        )


def remembered(world: World) -> dict[str, object]:
    """Return what a restart must not forget, comparable by value."""
    state = world.state
    forgets = {
        "market",
        "now",
        "next_mark",
        "tries",
        "told_again",
        "overdrawn",
        "sleeves",
        "flattening",
    }
    kept = {name: held for name, held in vars(state).items() if name not in forgets}
    sleeves = {
        name: (sleeve.started, sleeve.paused, sleeve.failed, sleeve.saved)
        for name, sleeve in state.sleeves.items()
    }
    return cast("dict[str, object]", kept | {"sleeves": sleeves, "flattening": [*state.flattening]})
