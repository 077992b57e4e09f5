"""Asking policies: who wakes, and what each sees."""

from collections.abc import Mapping
from decimal import localcontext
from typing import Protocol

import msgspec

from tradebot.data.events import MarketEvent
from tradebot.engine.core.acting import illegal, take
from tradebot.engine.core.actions import OrderSeq
from tradebot.engine.core.events import (
    EngineStarted,
    Event,
    OrderFilled,
    SleeveChanged,
    SleeveFailed,
    TimerFired,
)
from tradebot.engine.core.ledger import MONEY
from tradebot.engine.core.limits import Limits, narrowest
from tradebot.engine.core.market import InstrumentMarket
from tradebot.engine.core.needs import Bars
from tradebot.engine.core.orders import Order
from tradebot.engine.core.outcomes import FillBooked, SleeveLogged
from tradebot.engine.core.params import Params
from tradebot.engine.core.policy import ContextMap, Filled, Policy, TakesFills
from tradebot.engine.core.portfolio import AccountView, PortfolioState
from tradebot.engine.core.shadow import gained_by, held_by
from tradebot.engine.core.sleeve_limits import own_limits
from tradebot.engine.core.sleeve_terms import SleeveStarted
from tradebot.engine.core.sleeve_words import on_sleeve_failed
from tradebot.engine.core.snapshot import MarketSnapshot
from tradebot.engine.core.state import BARS_TIMER, SleeveState, State
from tradebot.engine.core.step import Step
from tradebot.engine.core.types import MINUTE, Owner
from tradebot.engine.core.waking import (
    NEVER,
    Waking,
    bars_timer,
    next_close,
    timer_id,
    tries_again,
    wakes,
    warm_share,
)
from tradebot.engine.core.want_terms import TRY_AGAIN, want_timer

LOG_LINES_A_MINUTE = 60
"""Lines that a sleeve may log in a minute; the rest is counted."""


class LoadedPolicy(msgspec.Struct, frozen=True):
    """A policy as loaded: the object, its parameters, and the type of its memory."""

    policy: Policy
    params: Params | None
    memory: type[msgspec.Struct] | None


class PolicyCaller(Protocol):
    """Calls a policy; the runtime's measures time and catches what the policy breaks."""

    def __call__(
        self,
        sleeve: Owner,
        policy: Policy,
        portfolio: PortfolioState,
        snapshot: MarketSnapshot,
        context: ContextMap,
        fill: Filled | None = None,
    ) -> OrderSeq | None:
        """Return what `decide` answers, or `on` to a fill; None where the policy broke its bounds."""
        ...


class Sleeves:
    """The policies of the running sleeves; what they remember is in the kernel's state."""

    def __init__(self, policies: Mapping[Owner, LoadedPolicy], call: PolicyCaller) -> None:
        self._policies = policies
        self._call = call
        self._waking: dict[Owner, Waking] = {}

    def decide(self, step: Step, event: Event) -> None:
        """Ask each sleeve that the event wakes; nobody is asked while HALTED."""
        state = step.state
        market = isinstance(event, MarketEvent)
        if not market and isinstance(event, EngineStarted | SleeveChanged):
            self._begin(step)
            return
        if not market and isinstance(event, TimerFired):
            self._renew(step, event)
        if state.trading_state == "HALTED" or not state.reconciled:
            return  # after a start nobody decides on a ledger that the venue has not confirmed
        for name, sleeve in state.sleeves.items():
            loaded = self._policies.get(name)
            if loaded is None or not sleeve.asked:
                continue
            if not market and isinstance(event, OrderFilled):
                self._tell_fill(step, sleeve, loaded, event)
            if not market and tries_again(state, sleeve, event):
                step.timer(want_timer(name), state.now + TRY_AGAIN)
            if self._wakes(state, sleeve, loaded, event):
                self._ask(step, sleeve, loaded)

    def _begin(self, step: Step) -> None:
        """Set the timers that sleeves need, and let the bars be made that they need."""
        state = step.state
        for name, sleeve in state.sleeves.items():
            loaded = self._policies.get(name)
            if loaded is None:
                continue
            waking = self._waking[name] = Waking.of(name, loaded.policy)
            sleeve.bars = waking.bars
            for need in waking.every:
                step.timer(timer_id(name, need), state.now + need.span_ns)
            for need in waking.bars:
                for symbol in sleeve.started.symbols:
                    state.market[symbol].follow(need.span_ns, max(need.history, 1))
                step.timer(bars_timer(need), next_close(need, state.now))

    def _renew(self, step: Step, event: TimerFired) -> None:
        now, timer = step.state.now, event.timer_id
        if timer.startswith("every:"):
            for name in step.state.sleeves:
                for need in self._of(name).every:
                    if timer_id(name, need) == timer:
                        step.timer(timer, max(event.due, now) + need.span_ns)
        elif timer.startswith(BARS_TIMER):
            needs = [need for name in step.state.sleeves for need in self._of(name).bars]
            for need in needs:
                if bars_timer(need) == timer:
                    step.timer(timer, next_close(need, now))

    def _of(self, name: Owner) -> "Waking":
        return self._waking.get(name, NEVER)

    def _wakes(self, state: State, sleeve: SleeveState, loaded: LoadedPolicy, event: Event) -> bool:
        """Return whether a sleeve is asked now: an event it wants, or the end of an order its want waits for."""
        name = sleeve.started.name
        waking = self._waking.get(name)
        if waking is None or waking.policy is not loaded.policy:
            waking = self._waking[name] = Waking.of(name, loaded.policy)
        if not wakes(state, sleeve, waking, event):
            return False
        return not waking.bars or warm_share(state, sleeve.started, waking.bars) >= 1

    def _tell_fill(
        self, step: Step, sleeve: SleeveState, loaded: LoadedPolicy, event: OrderFilled
    ) -> None:
        """Tell a policy that wants to know of a fill of one of its own orders."""
        state, waking = step.state, self._of(sleeve.started.name)
        if not isinstance(loaded.policy, TakesFills) or not _is_new(step):
            return
        order = state.blotter.get(event.client_order_id)
        if order is None or order.intent.owner != sleeve.started.name:
            return
        if warm_share(state, sleeve.started, waking.bars) >= 1:
            self._ask(step, sleeve, loaded, filled_of(state, order, event))

    def _ask(
        self, step: Step, sleeve: SleeveState, loaded: LoadedPolicy, fill: Filled | None = None
    ) -> None:
        state, name = step.state, sleeve.started.name
        seed = f"{0 if state.started is None else state.started.seed}:{name}:{step.seq}"
        try:
            seen = sight(state, sleeve, loaded, seed)
        except msgspec.DecodeError as error:
            reason = f"memory of an earlier version cannot be read: {error}"
            on_sleeve_failed(step, SleeveFailed(sleeve=name, reason=reason))
            return
        # A policy may set the thread's decimal precision for itself; the gate's arithmetic is not to follow.
        with localcontext():
            answer = self._call(name, loaded.policy, *seen, fill)
        sleeve.gap = None
        keep_log(step, sleeve, seen[2])
        if answer is None:
            return
        trouble = illegal(state, sleeve, answer)
        if trouble is None:
            take(step, sleeve, answer)
        else:
            # A policy that cannot say a legal number is broken in the same way each time it is asked.
            on_sleeve_failed(step, SleeveFailed(sleeve=name, reason=trouble))


def _is_new(step: Step) -> bool:
    """Return whether the step's execution was booked: one told twice is not told to a policy again."""
    return any(isinstance(outcome, FillBooked) for outcome in step.outcomes)


def keep_log(step: Step, sleeve: SleeveState, context: ContextMap) -> None:
    """Write down what a policy logged, as far as it may."""
    if not context.lines:
        return
    logged = sleeve.logged if sleeve.logged_in == step.state.now // MINUTE else 0
    lines = context.lines[: max(LOG_LINES_A_MINUTE - logged, 0)]
    if lines:
        dropped = context.dropped + len(context.lines) - len(lines)
        step.emit(SleeveLogged(sleeve=sleeve.started.name, lines=tuple(lines), dropped=dropped))


def filled_of(state: State, order: Order, event: OrderFilled) -> Filled:
    """Return an execution as a policy is told of it."""
    instrument = state.instruments[event.instrument]
    return Filled(
        client_order_id=event.client_order_id,
        symbol=event.instrument,
        side=event.side,
        quantity=instrument.quantity(event.quantity),
        price=instrument.price(event.price),
        leaves=instrument.quantity(order.leaves),
        role=order.intent.role,
        ts=event.ts_event,
    )


def sight(
    state: State, sleeve: SleeveState, loaded: LoadedPolicy, seed: str
) -> tuple[PortfolioState, MarketSnapshot, ContextMap]:
    """Return what a sleeve's policy sees now; nothing is changed.

    Args:
        state: The kernel's.
        sleeve: Its terms and memory.
        loaded: The version that is asked.
        seed: Of its generator.

    Raises:
        msgspec.DecodeError: If the version cannot read what the sleeve remembers.
    """
    bars = tuple(need for need in loaded.policy.needs if isinstance(need, Bars))
    snapshot = MarketSnapshot(_markets(state, sleeve), state.now, bars)
    context = ContextMap(
        params=loaded.params,
        state=_recalled(sleeve, loaded),
        now=state.now,
        seed=seed,
        snapshot=snapshot,
        gap=sleeve.gap,
    )
    return portfolio_of(state, sleeve), snapshot, context


def _recalled(sleeve: SleeveState, loaded: LoadedPolicy) -> msgspec.Struct | None:
    if sleeve.memory is None or loaded.memory is None:
        return None
    return msgspec.msgpack.decode(sleeve.memory, type=loaded.memory)


def portfolio_of(state: State, sleeve: SleeveState) -> PortfolioState:
    """Return the sleeve's sub-ledger as its policy sees it."""
    started = sleeve.started
    markets = {market.instrument.id: market for market in _markets(state, sleeve)}
    return PortfolioState(
        positions={symbol: held_by(state, sleeve, symbol) for symbol in started.symbols},
        orders=[
            order
            for order in state.blotter.open()
            if order.intent.owner == started.name
            and order.intent.instrument in markets
            and sleeve.shadow is None
        ],
        markets=markets,
        cash=MONEY.add(started.capital, gained_by(state, sleeve)),
        capital=started.capital,
        limits=limits_of(state, started),
        own_limits=own_limits(started.limits),
        account=AccountView(state, started.account),
        records=state.bet_book.records.get(started.name),
    )


def limits_of(state: State, started: SleeveStarted) -> Limits:
    """Return what the gate lets a sleeve do, its mandate's narrower limits in."""
    mandate = state.authority.mandate_of(started, state.now) if state.is_live else None
    return state.limits if mandate is None else narrowest(state.limits, mandate.limits)


def _markets(state: State, sleeve: SleeveState) -> list[InstrumentMarket]:
    return [state.market[symbol] for symbol in sleeve.started.symbols]
