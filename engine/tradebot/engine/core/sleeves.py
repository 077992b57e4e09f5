"""Asking policies: who wakes, and what each sees."""

from collections.abc import Mapping
from decimal import localcontext
from typing import Protocol

import msgspec

from tradebot.data.events import MarketEvent, Trade
from tradebot.engine.core.acting import illegal, take
from tradebot.engine.core.actions import OrderSeq
from tradebot.engine.core.events import (
    EngineStarted,
    Event,
    SleeveChanged,
    SleeveFailed,
    TimerFired,
)
from tradebot.engine.core.ledger import MONEY
from tradebot.engine.core.market import InstrumentMarket
from tradebot.engine.core.needs import Book, Every, Trades
from tradebot.engine.core.params import Params
from tradebot.engine.core.policy import ContextMap, Policy
from tradebot.engine.core.portfolio import PortfolioState
from tradebot.engine.core.shadow import gained_by, held_by
from tradebot.engine.core.sleeve_words import on_sleeve_failed
from tradebot.engine.core.snapshot import MarketSnapshot
from tradebot.engine.core.state import SleeveState, State
from tradebot.engine.core.step import Step
from tradebot.engine.core.types import Owner


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
    ) -> OrderSeq | None:
        """Return the answer, or None where the policy broke its bounds (an event follows)."""
        ...


class Sleeves:
    """The policies of the running sleeves; what they remember is in the kernel's state."""

    def __init__(self, policies: Mapping[Owner, LoadedPolicy], call: PolicyCaller) -> None:
        self._policies = policies
        self._call = call

    def decide(self, step: Step, event: Event) -> None:
        """Ask each sleeve that the event wakes; nobody is asked while HALTED."""
        state = step.state
        if isinstance(event, EngineStarted | SleeveChanged):
            self._set_timers(step)
            return
        if isinstance(event, TimerFired) and event.timer_id.startswith("every:"):
            self._renew(step, event)
        if state.trading_state == "HALTED" or not isinstance(event, MarketEvent | TimerFired):
            return
        if not state.reconciled:
            return  # after a start nobody decides on a ledger that the venue has not confirmed
        for name, sleeve in state.sleeves.items():
            loaded = self._policies.get(name)
            if loaded is None or not sleeve.asked:
                continue
            if wakes(state, sleeve, loaded.policy, event):
                self._ask(step, sleeve, loaded)

    def _set_timers(self, step: Step) -> None:
        for name in step.state.sleeves:
            for need in self._needs(name):
                step.timer(timer_id(name, need), step.state.now + need.span_ns)

    def _renew(self, step: Step, event: TimerFired) -> None:
        for name in step.state.sleeves:
            for need in self._needs(name):
                if timer_id(name, need) == event.timer_id:
                    step.timer(event.timer_id, max(event.due, step.state.now) + need.span_ns)

    def _needs(self, name: Owner) -> list[Every]:
        loaded = self._policies.get(name)
        return [] if loaded is None else [n for n in loaded.policy.needs if isinstance(n, Every)]

    def _ask(self, step: Step, sleeve: SleeveState, loaded: LoadedPolicy) -> None:
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
            answer = self._call(name, loaded.policy, *seen)
        if answer is None:
            return
        trouble = illegal(state, sleeve, answer)
        if trouble is None:
            take(step, sleeve, answer)
        else:
            # A policy that cannot say a legal number is broken in the same way each time it is asked.
            on_sleeve_failed(step, SleeveFailed(sleeve=name, reason=trouble))


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
    context = ContextMap(
        params=loaded.params, state=_recalled(sleeve, loaded), now=state.now, seed=seed
    )
    return (
        portfolio_of(state, sleeve),
        MarketSnapshot(_markets(state, sleeve), state.now),
        context,
    )


def _recalled(sleeve: SleeveState, loaded: LoadedPolicy) -> msgspec.Struct | None:
    if sleeve.memory is None or loaded.memory is None:
        return None
    return msgspec.msgpack.decode(sleeve.memory, type=loaded.memory)


def wakes(state: State, sleeve: SleeveState, policy: Policy, event: Event) -> bool:
    """Return whether an event is one the policy asked to be woken for."""
    if isinstance(event, TimerFired):
        name = sleeve.started.name
        return any(
            isinstance(need, Every) and timer_id(name, need) == event.timer_id
            for need in policy.needs
        )
    if not isinstance(event, MarketEvent) or event.instrument not in sleeve.started.symbols:
        return False
    if isinstance(event, Trade):
        return any(isinstance(need, Trades) for need in policy.needs)
    market = state.market[event.instrument]
    touch = (market.best_bid(), market.best_ask())
    moved = sleeve.touch.get(event.instrument) != touch
    sleeve.touch[event.instrument] = touch
    return moved and any(isinstance(need, Book) for need in policy.needs)


def timer_id(sleeve: Owner, need: Every) -> str:
    """Return the timer of a sleeve's need."""
    return f"every:{sleeve}:{need.span_ns}"


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
    )


def _markets(state: State, sleeve: SleeveState) -> list[InstrumentMarket]:
    return [state.market[symbol] for symbol in sleeve.started.symbols]
