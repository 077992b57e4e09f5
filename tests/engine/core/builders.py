"""What the kernel's tests are built of: instruments, orders, a kernel with its record, and a scripted venue."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal, cast

import msgspec

from tradebot.data.events import BookSnapshot, Trade
from tradebot.data.instruments import Instrument, InstrumentId, Rules
from tradebot.engine.core.actions import OrderSeq
from tradebot.engine.core.comparison import CONFIRM_AFTER
from tradebot.engine.core.events import (
    AccountReported,
    CancelRejected,
    CashMoved,
    EngineStarted,
    Event,
    FeedChanged,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderLane,
    OrderLaneEvent,
    OrderRejected,
    OrderReported,
    PlaceOrder,
    StreamChanged,
    TimerFired,
)
from tradebot.engine.core.kernel import Kernel
from tradebot.engine.core.limits import Limits
from tradebot.engine.core.orders import Order
from tradebot.engine.core.outcomes import (
    AnyOutcome,
    Cancel,
    OrderIntent,
    Outcome,
    QueryAccount,
    QueryOrder,
    Submit,
)
from tradebot.engine.core.params import Params
from tradebot.engine.core.policy import ContextMap, Filled, Policy, TakesFills
from tradebot.engine.core.portfolio import PortfolioState
from tradebot.engine.core.sleeve_terms import SleeveStarted
from tradebot.engine.core.sleeves import LoadedPolicy, Sleeves
from tradebot.engine.core.snapshot import MarketSnapshot
from tradebot.engine.core.state import State, cash_assets
from tradebot.engine.core.step import plain
from tradebot.engine.core.types import (
    HAND,
    MS,
    AccountName,
    BetId,
    ClientOrderId,
    EngineId,
    ExecutionId,
    OrderType,
    Owner,
    RequestId,
    Side,
    TimeInForce,
    VenueOrderId,
)
from tradebot.native import BarSeries, L2Book

ACCOUNT = AccountName("sandbox")
BTC_ID = InstrumentId("sandbox:BTCUSDT")
ETH_ID = InstrumentId("sandbox:ETHUSDT")
ENGINE_ID = EngineId("abc12")
SLEEVE = Owner("trend")
START = 1_700_000_000_000_000_000

BTC = Instrument(
    id=BTC_ID,
    kind="spot",
    base="BTC",
    currency="USDT",
    price_scale=2,
    quantity_scale=5,
    rules=(
        Rules(
            tick=10, lot=10, quantity_min=20, quantity_max=10_000_000, notional_min=Decimal("0.2")
        ),
    ),
)
"""Price units of 0.01, ticks of 0.10; quantity units of 0.00001, lots of 0.0001."""

ETH = msgspec.structs.replace(BTC, id=ETH_ID, base="ETH", rules=(Rules(tick=1, lot=1),))

_EVENTS: msgspec.json.Decoder[OrderLane] = msgspec.json.Decoder(OrderLane)
_OUTCOMES: msgspec.json.Decoder[AnyOutcome] = msgspec.json.Decoder(AnyOutcome)

WIDE_OPEN = Limits(
    max_order=Decimal(1000),
    max_position=Decimal(1000),
    max_gross=Decimal(1000),
    max_open_risk=Decimal(1000),
    day_loss=None,
    drawdown=None,
    price_collar=Decimal("0.05"),
    price_collar_wide=Decimal("0.10"),
    orders_per_minute_hand=100_000,
    orders_per_minute_sleeve=100_000,
    rejects_in_row=100_000,
)
"""Limits that never bind, but for the collar."""


def intent(  # noqa: PLR0913  (an order has that many parts)
    side: Side = "buy",
    quantity: int = 1000,
    *,
    number: int = 1,
    limit: int | None = 10_000_00,
    order_type: OrderType = "limit",
    tif: TimeInForce = "gtc",
    reduce_only: bool = False,
    post_only: bool = False,
    owner: Owner = HAND,
    instrument: InstrumentId = BTC_ID,
    request_id: RequestId | None = None,
    created: int = START,
) -> OrderIntent:
    """Return an order as decided."""
    return OrderIntent(
        client_order_id=ClientOrderId(f"tbabc12{number}"),
        request_id=request_id,
        bet_id=BetId("btabc121"),
        account=ACCOUNT,
        instrument=instrument,
        owner=owner,
        policy_version=None,
        side=side,
        type=order_type,
        tif=tif,
        quantity=quantity,
        limit_price=limit,
        post_only=post_only,
        reduce_only=reduce_only,
        because=None,
        edge=None,
        lives_at="broker",
        created=created,
    )


def fill_of(
    order: OrderIntent,
    quantity: int,
    price: int,
    execution: str,
    *,
    fee: Decimal = Decimal(0),
    ts: int = START,
) -> OrderFilled:
    """Return one execution of an order."""
    return OrderFilled(
        execution_id=ExecutionId(execution),
        client_order_id=order.client_order_id,
        venue_order_id=VenueOrderId(f"v-{order.client_order_id}"),
        account=order.account,
        instrument=order.instrument,
        side=order.side,
        quantity=quantity,
        price=price,
        fee=fee,
        fee_currency="USDT",
        liquidity="taker",
        source="stream",
        ts_event=ts,
        ts_recv=ts,
    )


def sleeve_started(
    name: Owner = SLEEVE, symbols: tuple[InstrumentId, ...] = (BTC_ID,), capital: str = "50000"
) -> SleeveStarted:
    """Return a sleeve as it runs."""
    return SleeveStarted(
        name=name,
        policy="test:Policy",
        version="0123456789ab",
        account=ACCOUNT,
        symbols=symbols,
        capital=Decimal(capital),
        params={},
    )


def started(
    *,
    limits: Limits = WIDE_OPEN,
    sleeves: tuple[SleeveStarted, ...] = (),
    instruments: tuple[Instrument, ...] = (BTC, ETH),
    seed: int = 7,
    day_starts_minute: int = 0,
) -> EngineStarted:
    """Return the start of a sandbox engine."""
    return EngineStarted(
        schema=2,
        version="0",
        mode="sandbox",
        market="synthetic",
        currency="USDT",
        account=ACCOUNT,
        instruments=instruments,
        sleeves=sleeves,
        limits=limits.as_text(),
        seed=seed,
        day_starts_minute=day_starts_minute,
    )


def snapshot(
    bid: int, ask: int, *, size: int = 1_000_000, instrument: InstrumentId = BTC_ID
) -> BookSnapshot:
    """Return a book of three levels a side, a tick apart, each of one size."""
    return BookSnapshot(
        instrument=instrument,
        ts_event=0,
        ts_recv=0,
        bids=tuple((bid - 10 * step, size) for step in range(3)),
        asks=tuple((ask + 10 * step, size) for step in range(3)),
    )


def trade(price: int, quantity: int = 100, *, instrument: InstrumentId = BTC_ID) -> Trade:
    """Return a public trade."""
    return Trade(instrument=instrument, ts_event=0, ts_recv=0, price=price, quantity=quantity)


def call_plainly(
    sleeve: Owner,
    policy: Policy,
    portfolio: PortfolioState,
    snapshot: MarketSnapshot,
    context: ContextMap,
    fill: Filled | None = None,
) -> OrderSeq | None:
    """Call a policy without measuring it."""
    if fill is not None and isinstance(policy, TakesFills):
        return policy.on(fill, portfolio, snapshot, context)
    return policy.decide(portfolio, snapshot, context)


def loaded(
    policy: Policy,
    *,
    params: Params | None = None,
    memory: type[msgspec.Struct] | None = None,
) -> LoadedPolicy:
    """Return a policy as the runtime would load it."""
    return LoadedPolicy(policy=policy, params=params, memory=memory)


class World:
    """A kernel, its clock, and the record of what it was told and what it decided."""

    def __init__(
        self,
        *,
        limits: Limits = WIDE_OPEN,
        policies: Mapping[Owner, LoadedPolicy] | None = None,
        cash: str = "100000",
        start: EngineStarted | None = None,
    ) -> None:
        self.policies = policies or {}
        self.kernel = Kernel(ENGINE_ID, Sleeves(self.policies, call_plainly))
        self.seq = 0
        self.now = START
        self.rows: list[tuple[int, OrderLane | AnyOutcome]] = []
        """What a journal would hold: order-lane events and outcomes with the time of their step."""
        self.history: list[tuple[int, Event]] = []
        """All the kernel was told."""
        self.outcomes: list[AnyOutcome] = []
        """All it decided."""
        sleeves = tuple(sleeve_started(name) for name in self.policies)
        self.start = start or started(limits=limits, sleeves=sleeves)
        self.confirms = True
        """Whether the venue answers a start, and a stream that is back, by itself."""
        self._executions = 0
        self._requests = 0
        self.send(self.start)
        if Decimal(cash):
            self.deposit(cash)

    @property
    def state(self) -> State:
        """Return what the kernel remembers."""
        return self.kernel.state

    def send(self, event: Event, *, after: int = MS) -> list[AnyOutcome]:
        """Hand an event over some time after the last one; return what it led to."""
        self.seq += 1
        self.now += after
        self.history.append((self.now, event))
        outcomes = [plain(outcome) for outcome in self.kernel.handle(self.seq, self.now, event)]
        if isinstance(event, OrderLaneEvent):
            self.rows.append((self.now, event))
        self.rows += [(self.now, outcome) for outcome in outcomes]
        self.outcomes += outcomes
        back = isinstance(event, StreamChanged) and event.state == "up"
        if self.confirms and (back or isinstance(event, EngineStarted)):
            self.confirm()
        return outcomes

    def confirm(self) -> None:
        """Let the venue say that the account holds what the ledger says: then the start is over."""
        ledger = self.state.ledger
        held = {symbol: ledger.net(ACCOUNT, symbol) for symbol in self.state.instruments}
        self.send(
            AccountReported(
                account=ACCOUNT,
                cash={
                    asset: ledger.balance(ACCOUNT, asset)
                    for asset in cash_assets(self.state, ACCOUNT)
                },
                positions={symbol: quantity for symbol, quantity in held.items() if quantity},
                open_orders=(),
            ),
            after=0,
        )

    def stands(self, event: AccountReported) -> list[AnyOutcome]:
        """Tell a report, and the same again when the kernel has asked anew: what differs then is certain."""
        outcomes = self.send(event)
        asked = self.timers_until(self.now + CONFIRM_AFTER)
        return [*outcomes, *asked, *self.send(event)]

    def execution(self) -> str:
        """Return the venue's id of the next execution."""
        self._executions += 1
        return f"x{self._executions}"

    # ------------------------------------------------------------------------ what may be told

    def deposit(self, amount: str, *, movement: str = "opening") -> None:
        """Put money in."""
        self.send(
            CashMoved(
                movement_id=movement,
                account=ACCOUNT,
                asset="USDT",
                amount=Decimal(amount),
                why="deposit",
                ts_event=self.now,
            )
        )

    def market(
        self,
        bid: int = 9_999_00,
        ask: int = 10_001_00,
        *,
        size: int = 1_000_000,
        instrument: InstrumentId = BTC_ID,
    ) -> list[AnyOutcome]:
        """Bring the feed up with a fresh book."""
        known = self.state.market.get(instrument)
        if known is not None and known.connection != "up":
            self.send(FeedChanged(instrument=instrument, state="up"))
        return self.send(snapshot(bid, ask, size=size, instrument=instrument))

    def request(  # noqa: PLR0913  (an order has that many parts)
        self,
        side: Side,
        quantity: int,
        *,
        limit: int | None = 10_000_00,
        tif: TimeInForce = "gtc",
        reduce_only: bool = False,
        instrument: InstrumentId = BTC_ID,
        request_id: str | None = None,
    ) -> list[AnyOutcome]:
        """Place an order by hand; return what it led to."""
        self._requests += 1
        return self.send(
            PlaceOrder(
                request_id=RequestId(request_id or f"r{self._requests}"),
                account=ACCOUNT,
                instrument=instrument,
                side=side,
                type="market" if limit is None else "limit",
                tif=tif,
                quantity=quantity,
                limit_price=limit,
                reduce_only=reduce_only,
            )
        )

    def place(
        self,
        side: Side,
        quantity: int,
        *,
        limit: int | None = 10_000_00,
        reduce_only: bool = False,
        instrument: InstrumentId = BTC_ID,
    ) -> Order:
        """Place an order by hand that must pass, and let the venue accept it."""
        outcomes = self.request(
            side, quantity, limit=limit, reduce_only=reduce_only, instrument=instrument
        )
        (submit,) = of_type(outcomes, Submit)
        self.accept(submit.order)
        return self.order(submit.order.client_order_id)

    def accept(self, order: OrderIntent) -> list[AnyOutcome]:
        """Let the venue accept an order."""
        return self.send(
            OrderAccepted(
                client_order_id=order.client_order_id,
                venue_order_id=VenueOrderId(f"v-{order.client_order_id}"),
                ts_event=self.now,
            )
        )

    def reject(self, order: OrderIntent) -> list[AnyOutcome]:
        """Let the venue refuse an order."""
        return self.send(
            OrderRejected(client_order_id=order.client_order_id, reason="no", ts_event=self.now)
        )

    def cancelled(self, order: OrderIntent) -> list[AnyOutcome]:
        """Let the venue take an order out."""
        return self.send(
            OrderCancelled(client_order_id=order.client_order_id, reason="", ts_event=self.now)
        )

    def fill(
        self, order: OrderIntent, quantity: int | None = None, price: int | None = None
    ) -> list[AnyOutcome]:
        """Fill an order at its limit, in full unless said otherwise."""
        at = price if price is not None else order.limit_price
        assert at is not None
        return self.send(
            fill_of(
                order,
                order.quantity if quantity is None else quantity,
                at,
                self.execution(),
                ts=self.now,
            )
        )

    def hold(
        self,
        quantity: int,
        *,
        owner: Owner = HAND,
        price: int = 10_000_00,
        instrument: InstrumentId = BTC_ID,
    ) -> None:
        """Let an owner hold a signed quantity, as if bought before by an order that is over."""
        order = intent(
            "buy" if quantity > 0 else "sell",
            abs(quantity),
            number=self.state.counter + 1,
            limit=price,
            owner=owner,
            instrument=instrument,
            created=self.now,
        )
        self.state.apply_outcome(Submit(order=order))
        self.rows.append((self.now, Submit(order=order)))
        self.fill(order)

    def report(
        self,
        order: OrderIntent,
        state: Literal["working", "filled", "cancelled", "rejected", "expired", ""],
        *,
        filled: int = 0,
        after: int = MS,
    ) -> list[AnyOutcome]:
        """Let the venue answer what it knows of an order; an empty state is "absent"."""
        return self.send(
            OrderReported(
                client_order_id=order.client_order_id,
                found=state != "",
                state=state,
                filled=filled,
                reason="",
            ),
            after=after,
        )

    def timers_until(self, due: int) -> list[AnyOutcome]:
        """Fire every timer due by an instant, in order."""
        outcomes: list[AnyOutcome] = []
        while True:
            ripe = sorted((at, name) for name, at in self.state.timers.items() if at <= due)
            if not ripe:
                return outcomes
            at, name = ripe[0]
            wait = max(at - self.now, 0)
            outcomes += self.send(TimerFired(timer_id=name, due=at), after=wait)

    # ------------------------------------------------------------------------ what is known

    def order(self, client_order_id: ClientOrderId) -> Order:
        """Return an order that must be known."""
        order = self.state.blotter.get(client_order_id)
        assert order is not None
        return order

    def net(self, instrument: InstrumentId = BTC_ID) -> int:
        """Return the account's position in units."""
        return self.state.ledger.net(ACCOUNT, instrument)

    def recovered(self, begun: State | None = None) -> "World":
        """Return a world whose kernel took in the record of this one, on top of a state where one is given."""
        other = World.__new__(World)
        other.__dict__.update(self.__dict__)
        other.kernel = Kernel(ENGINE_ID, Sleeves(self.policies, call_plainly))
        other.kernel.state = other.kernel.state if begun is None else begun
        other.rows, other.history, other.outcomes = [], [], []
        for now, row in self.rows:
            body = msgspec.json.encode(row)
            if isinstance(row, Outcome):
                other.kernel.recover_outcome(now, _OUTCOMES.decode(body))
            else:
                other.kernel.recover_event(now, _EVENTS.decode(body))
        return other


def of_type[T](outcomes: Iterable[object], wanted: type[T]) -> list[T]:
    """Return the outcomes of one type."""
    return [outcome for outcome in outcomes if isinstance(outcome, wanted)]


def encoded(outcomes: Sequence[AnyOutcome]) -> list[bytes]:
    """Return outcomes as the journal writes them."""
    return [msgspec.json.encode(outcome) for outcome in outcomes]


def contents(value: object) -> object:
    """Return all an object remembers, to its private parts and the order of its mappings, comparable by value."""
    match value:
        case dict():
            items = cast("dict[Any, object]", value)
            return [(key, contents(held)) for key, held in items.items()]
        case set():
            return sorted(cast("set[str]", value))
        case deque() | list() | tuple():
            return [contents(held) for held in cast("Iterable[object]", value)]
        case BarSeries():
            return (value.rows(0, len(value)), value.forming(), value.count())
        case L2Book():
            return (value.bids(10_000), value.asks(10_000))
        case msgspec.Struct():
            return value
        case _ if hasattr(value, "__dict__"):
            return (type(value).__name__, contents(vars(value)))
        case _:
            return value


class ScriptedVenue:
    """A venue with its own ledger that answers effects in order and fills as it is told."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.working: dict[ClientOrderId, tuple[OrderIntent, int]] = {
            order.intent.client_order_id: (order.intent, order.filled)
            for order in world.state.blotter.open()
        }
        """Open orders and what of them is filled."""
        self.liquidity: deque[int] = deque()
        """What each next IOC order finds to trade with, in units; empty: everything."""

    def take(self, outcomes: Iterable[AnyOutcome]) -> None:
        """Perform effects, and those the answers lead to."""
        queue = deque(outcomes)
        while queue:
            for event in self._answers(queue.popleft()):
                queue.extend(self.world.send(event))

    def run(self, span: int) -> None:
        """Let timers fire for a span of time."""
        until = self.world.now + span
        while True:
            ripe = sorted((at, name) for name, at in self.world.state.timers.items() if at <= until)
            if not ripe:
                self.world.now = max(self.world.now, until)
                return
            at, name = ripe[0]
            fired = TimerFired(timer_id=name, due=at)
            self.take(self.world.send(fired, after=max(at - self.world.now, 0)))

    def _answers(self, outcome: AnyOutcome) -> list[OrderLane]:
        match outcome:
            case Submit():
                return self._submit(outcome.order)
            case Cancel():
                if self.working.pop(outcome.client_order_id, None) is None:
                    return [
                        CancelRejected(
                            client_order_id=outcome.client_order_id, reason="gone", ts_event=0
                        )
                    ]
                return [
                    OrderCancelled(client_order_id=outcome.client_order_id, reason="", ts_event=0)
                ]
            case QueryOrder():
                known = self.working.get(outcome.client_order_id)
                return [
                    OrderReported(
                        client_order_id=outcome.client_order_id,
                        found=known is not None,
                        state="" if known is None else "working",
                        filled=0 if known is None else known[1],
                    )
                ]
            case QueryAccount():
                return [
                    AccountReported(
                        account=ACCOUNT,
                        cash={"USDT": self.world.state.ledger.balance(ACCOUNT, "USDT")},
                        positions={
                            instrument.id: self.world.net(instrument.id)
                            for instrument in (BTC, ETH)
                        },
                        open_orders=tuple(self.working),
                    )
                ]
            case _:
                return []

    def _submit(self, order: OrderIntent) -> list[OrderLane]:
        accepted = OrderAccepted(
            client_order_id=order.client_order_id,
            venue_order_id=VenueOrderId(f"v-{order.client_order_id}"),
            ts_event=0,
        )
        if order.tif == "gtc":
            self.working[order.client_order_id] = (order, 0)
            return [accepted]
        found = self.liquidity.popleft() if self.liquidity else order.quantity
        found = min(found, order.quantity)
        events: list[OrderLane] = [accepted]
        if found:
            price = order.limit_price or 10_000_00
            events.append(fill_of(order, found, price, self.world.execution(), ts=self.world.now))
        if found < order.quantity:
            events.append(
                OrderExpired(
                    client_order_id=order.client_order_id, reason="no liquidity", ts_event=0
                )
            )
        return events
