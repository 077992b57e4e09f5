"""Which events a policy is asked at, and whether its bars are warm."""

from decimal import Decimal

import msgspec

from tradebot.data.events import Bar, MarketEvent, Trade
from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.events import (
    Event,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderReplaced,
    OrderReported,
    TimerFired,
)
from tradebot.engine.core.leg_terms import PROTECTS
from tradebot.engine.core.needs import Bars, Book, Every, Trades
from tradebot.engine.core.policy import Policy
from tradebot.engine.core.sleeve_terms import SleeveStarted
from tradebot.engine.core.state import BARS_TIMER, SleeveState, State
from tradebot.engine.core.types import Owner
from tradebot.engine.core.want_terms import want_timer

_ABOUT_ORDERS = (OrderCancelled, OrderFilled, OrderReplaced)
"""What may free the way for a want that waits; what ended without a fill is tried again by a timer."""


class Waking(msgspec.Struct, frozen=True, kw_only=True):
    """A policy's needs, sorted once."""

    policy: Policy | None
    book: bool = False
    trades: bool = False
    every: tuple[Every, ...] = ()
    bars: tuple[Bars, ...] = ()
    timers: frozenset[str] = frozenset()
    """Ids of the timers that wake it."""

    @classmethod
    def of(cls, name: Owner, policy: Policy) -> "Waking":
        """Return what wakes a sleeve's policy."""
        needs = tuple(policy.needs)
        every = tuple(need for need in needs if isinstance(need, Every))
        bars = tuple(need for need in needs if isinstance(need, Bars))
        return cls(
            policy=policy,
            book=any(isinstance(need, Book) for need in needs),
            trades=any(isinstance(need, Trades) for need in needs),
            every=every,
            bars=bars,
            timers=frozenset(
                [*(timer_id(name, need) for need in every), *(bars_timer(need) for need in bars)]
            ),
        )


NEVER = Waking(policy=None)
"""Of a sleeve that nothing wakes."""


def timer_id(sleeve: Owner, need: Every) -> str:
    """Return the timer of a sleeve's need."""
    return f"every:{sleeve}:{need.span_ns}"


def bars_timer(need: Bars) -> str:
    """Return the timer at which bars of a span close, whoever needs them."""
    return f"{BARS_TIMER}{need.span_ns}"


def next_close(need: Bars, now: int) -> int:
    """Return when the bar of now closes, ns UTC."""
    return (now // need.span_ns + 1) * need.span_ns


def wakes(state: State, sleeve: SleeveState, waking: Waking, event: Event) -> bool:
    """Return whether an event is one the policy asked to be woken for."""
    if isinstance(event, MarketEvent):
        if event.instrument in sleeve.awaits_market and _to_be_acted_in(state, event.instrument):
            return True
        # The last bar of an instant wakes whoever needs one of them, also of other instruments.
        known = isinstance(event, Bar) or event.instrument in sleeve.started.symbols
        return known and _market_wakes(state, sleeve, waking, event)
    if isinstance(event, TimerFired):
        if event.timer_id not in waking.timers:
            return sleeve.unmet and event.timer_id == want_timer(sleeve.started.name)
        return not event.timer_id.startswith(BARS_TIMER) or closed_since(state, sleeve, waking.bars)
    if sleeve.unmet and isinstance(event, _ABOUT_ORDERS):
        order = state.blotter.get(event.client_order_id)
        mine = order is not None and order.intent.owner == sleeve.started.name
        return mine and not _is_upkeep(state, event)
    return False


def _to_be_acted_in(state: State, symbol: InstrumentId) -> bool:
    """Return whether a want can become an order: the market has a price, and the gate lets new risk into it."""
    market = state.market[symbol]
    return market.has_touch and market.health(state.now) == "up"


def _is_upkeep(state: State, event: OrderCancelled | OrderFilled | OrderReplaced) -> bool:
    """Return whether a leg was only fitted to what it covers: no want waits for that, what does goes by itself."""
    key = event.client_order_id
    order = state.blotter.successor(key) or state.blotter.get(key)
    if order is None or not order.intent.role or isinstance(event, OrderFilled):
        return False
    return order.intent.because is not None and order.intent.because.code == PROTECTS


def on_its_way(state: State, sleeve: SleeveState) -> bool:
    """Return whether an order of a sleeve's is out that ends by itself: what becomes of it is worth waiting for."""
    return any(
        not order.held and order.state != "unknown" and order.intent.tif in {"ioc", "fok"}
        for order in state.blotter.open()
        if order.intent.owner == sleeve.started.name
    )


def tries_again(state: State, sleeve: SleeveState, event: Event) -> bool:
    """Return whether an event ended an order of a sleeve's without a fill, so that its want is tried again later."""
    if not sleeve.unmet or not isinstance(event, OrderExpired | OrderRejected | OrderReported):
        return False
    order = state.blotter.get(event.client_order_id)
    return order is not None and not order.is_open and order.intent.owner == sleeve.started.name


def _market_wakes(state: State, sleeve: SleeveState, waking: Waking, event: MarketEvent) -> bool:
    if isinstance(event, Trade):
        return waking.trades
    if isinstance(event, Bar):
        return bool(waking.bars) and not event.more and closed_since(state, sleeve, waking.bars)
    if not waking.book:
        return False
    market = state.market[event.instrument]
    touch = (market.best_bid(), market.best_ask())
    moved = sleeve.touch.get(event.instrument) != touch
    sleeve.touch[event.instrument] = touch
    return moved


def closed_since(state: State, sleeve: SleeveState, needs: tuple[Bars, ...]) -> bool:
    """Return whether a bar that the sleeve needs has closed since it was last woken for one."""
    found = False
    for need in needs:
        for symbol in sleeve.started.symbols:
            count, key = _closed(state, symbol, need), (symbol, need.span_ns)
            found = found or count != sleeve.bars_seen.get(key, 0)
            sleeve.bars_seen[key] = count
    return found


def _closed(state: State, symbol: InstrumentId, need: Bars) -> int:
    series = state.market[symbol].bars.get(need.span_ns)
    return 0 if series is None else series.count()


def warm_share(state: State, started: SleeveStarted, needs: tuple[Bars, ...]) -> Decimal:
    """Return how much of the history that a sleeve needs is there, in [0, 1]: below 1 it is not asked."""
    share = Decimal(1)
    for need in needs:
        for symbol in started.symbols if need.history else ():
            market = state.market.get(symbol)
            series = None if market is None else market.bars.get(need.span_ns)
            held = 0 if series is None else len(series)
            share = min(share, Decimal(held) / need.history)
    return share
