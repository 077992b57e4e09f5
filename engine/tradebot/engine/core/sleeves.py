"""Asking policies: who wakes, what each sees, and how an answer becomes orders and cancels."""

from collections.abc import Mapping
from decimal import localcontext
from typing import Protocol

import msgspec

from tradebot.data.errors import ScaleError
from tradebot.data.events import MarketEvent, Trade
from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.core.actions import (
    Action,
    CancelOrder,
    NewOrder,
    OrderSeq,
    ReplaceOrder,
    WantFlat,
    WantQuantity,
    WantRisk,
    WantWeight,
)
from tradebot.engine.core.amend import replace_own
from tradebot.engine.core.events import EngineStarted, Event, SleeveFailed, TimerFired
from tradebot.engine.core.ledger import MONEY
from tradebot.engine.core.market import InstrumentMarket
from tradebot.engine.core.needs import Book, Every, Trades
from tradebot.engine.core.orders import Order
from tradebot.engine.core.outcomes import Decided, Legs, OrderDenied, OrderIntent, SleeveStateSaved
from tradebot.engine.core.params import Params
from tradebot.engine.core.policy import ContextMap, Policy
from tradebot.engine.core.portfolio import PortfolioState
from tradebot.engine.core.snapshot import MarketSnapshot
from tradebot.engine.core.state import SleeveState, State
from tradebot.engine.core.step import Step
from tradebot.engine.core.stops import on_pause
from tradebot.engine.core.types import SECOND, Owner, Side, TimeInForce

DENIAL_PERIOD = SECOND
"""The same denial of the same sleeve is written at most this often."""


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
        if isinstance(event, EngineStarted):
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
            if loaded is None or sleeve.failed:
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
        try:
            memory = _recalled(sleeve, loaded)
        except msgspec.DecodeError as error:
            reason = f"memory of an earlier version cannot be read: {error}"
            on_pause(step, SleeveFailed(sleeve=name, reason=reason))
            return
        seed = f"{0 if state.started is None else state.started.seed}:{name}:{step.seq}"
        # A policy may set the thread's decimal precision for itself; the gate's arithmetic is not to follow.
        with localcontext():
            answer = self._call(
                name,
                loaded.policy,
                portfolio_of(state, sleeve),
                MarketSnapshot(_markets(state, sleeve), state.now),
                ContextMap(params=loaded.params, state=memory, now=state.now, seed=seed),
            )
        if answer is None:
            return
        trouble = illegal(state, sleeve, answer)
        if trouble is None:
            take(step, sleeve, answer)
        else:
            # A policy that cannot say a legal number is broken in the same way each time it is asked.
            on_pause(step, SleeveFailed(sleeve=name, reason=trouble))


def _recalled(sleeve: SleeveState, loaded: LoadedPolicy) -> msgspec.Struct | None:
    if sleeve.memory is None or loaded.memory is None:
        return None
    return msgspec.msgpack.decode(sleeve.memory, type=loaded.memory)


def illegal(state: State, sleeve: SleeveState, answer: OrderSeq) -> str | None:
    """Return what no order can be made of in an answer, or None; such an answer is not acted on at all."""
    try:
        for action in answer.actions:
            if isinstance(action, WantQuantity | WantWeight | WantRisk | WantFlat):
                return "wants come with the next change of the engine: answer with orders"
            if isinstance(action, NewOrder):
                msgspec.convert(action.side, Side)
                msgspec.convert(action.tif, TimeInForce)
                intent_of(state, sleeve, answer, action)
            if isinstance(action, ReplaceOrder):
                order = state.blotter.get(action.client_order_id)
                if order is not None:
                    replaced(state, order, answer, action)
        msgspec.msgpack.encode(answer.state)
    except ScaleError as error:
        return str(error)
    except (msgspec.MsgspecError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        # Annotations do not bind at run time: a float for a Decimal, a side that is no side.
        return f"illegal answer, {type(error).__name__}: {error}"
    return None


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
    spent = state.ledger.owned(started.account, state.currency, started.name)
    return PortfolioState(
        positions={
            symbol: state.ledger.position(started.account, symbol, started.name)
            for symbol in started.symbols
        },
        orders=[
            order
            for order in state.blotter.open()
            if order.intent.owner == started.name and order.intent.instrument in markets
        ],
        markets=markets,
        cash=MONEY.add(started.capital, spent),
        capital=started.capital,
    )


def _markets(state: State, sleeve: SleeveState) -> list[InstrumentMarket]:
    return [state.market[symbol] for symbol in sleeve.started.symbols]


def take(step: Step, sleeve: SleeveState, answer: OrderSeq) -> None:
    """Turn an answer into outcomes: orders through the gate, cancels, the reason, the memory."""
    done = [_act(step, sleeve, answer, action) for action in answer.actions]
    effective = sum(done)
    code = answer.because.code
    if effective or code != sleeve.reason_code:
        step.emit(
            Decided(
                sleeve=sleeve.started.name,
                version=sleeve.started.version,
                because=answer.because,
                actions=effective,
                repeated=sleeve.repeated,
            )
        )
    else:
        sleeve.repeated += 1
    if answer.state is not None:
        sleeve.memory = msgspec.msgpack.encode(answer.state)
    # Compared with what was written, not with the last memory: that may come from a step without effects.
    if effective and sleeve.memory is not None and sleeve.memory != sleeve.saved:
        step.emit(SleeveStateSaved(sleeve=sleeve.started.name, state=sleeve.memory))


def _act(step: Step, sleeve: SleeveState, answer: OrderSeq, action: Action) -> bool:
    if isinstance(action, CancelOrder):
        return _cancel(step, sleeve, answer, action)
    if not isinstance(action, NewOrder):
        return isinstance(action, ReplaceOrder) and _replace(step, sleeve, answer, action)
    intent = intent_of(step.state, sleeve, answer, action)
    key_of_denial = f"{intent.instrument}:{intent.side}"
    recent = {
        code
        for (code, where), written in sleeve.denied.items()
        if where == key_of_denial and step.state.now - written < DENIAL_PERIOD
    }
    refused = step.submit(intent, denial_is_news=False)
    if refused is None:
        return True
    if refused.code in recent:
        return False
    sleeve.denied[(refused.code, key_of_denial)] = step.state.now
    step.emit(OrderDenied(order=intent, code=refused.code, text=refused.text))
    return True


def _cancel(step: Step, sleeve: SleeveState, answer: OrderSeq, action: CancelOrder) -> bool:
    order = step.state.blotter.get(action.client_order_id)
    if order is None or order.intent.owner != sleeve.started.name or not order.is_open:
        return False
    if order.state == "pending_cancel":
        return False
    step.cancel(order.intent, action.because or answer.because)
    return True


def _replace(step: Step, sleeve: SleeveState, answer: OrderSeq, action: ReplaceOrder) -> bool:
    """Change one of the sleeve's open orders; one the venue has yet to speak of is left for the next time."""
    order = step.state.blotter.get(action.client_order_id)
    if order is None or order.intent.owner != sleeve.started.name:
        return False
    return replace_own(step, order, replaced(step.state, order, answer, action)) is None


def replaced(state: State, order: Order, answer: OrderSeq, action: ReplaceOrder) -> OrderIntent:
    """Return an open order's terms as a policy wants them.

    Raises:
        ScaleError: If price or quantity has more decimals than the instrument.
    """
    instrument, intent = state.instruments[order.intent.instrument], order.intent
    quantity, limit = action.quantity, action.limit
    return msgspec.structs.replace(
        intent,
        quantity=order.leaves if quantity is None else instrument.quantity_units(quantity),
        limit_price=intent.limit_price if limit is None else instrument.price_units(limit),
        because=action.because or answer.because,
    )


def _legs(instrument: Instrument, action: NewOrder) -> Legs | None:
    """Return the protection a policy asks for with an entry, None where it asks for none."""
    prices = [
        None if price is None else instrument.price_units(price)
        for price in (action.stop_loss, action.take_profit, action.trail)
    ]
    if all(price is None for price in prices):
        return None
    stop_loss, take_profit, trail = prices
    return Legs(stop_loss=stop_loss, take_profit=take_profit, trail=trail)


def intent_of(state: State, sleeve: SleeveState, answer: OrderSeq, action: NewOrder) -> OrderIntent:
    """Return a policy's order as an intent in integer units.

    Raises:
        ScaleError: If price or quantity has more decimals than the instrument; the caller of the policy
            turns it into the sleeve's failure.
    """
    started = sleeve.started
    symbol = InstrumentId(action.symbol) if action.symbol is not None else started.symbols[0]
    if symbol not in started.symbols:
        raise ScaleError(
            f"symbol {symbol} must be one of the sleeve's: {', '.join(started.symbols)}"
        )
    instrument = state.instruments[symbol]
    return OrderIntent(
        client_order_id=state.next_order_id(),
        request_id=None,
        bet_id=state.bet_for(started.account, symbol, started.name),
        account=started.account,
        instrument=symbol,
        owner=started.name,
        policy_version=started.version,
        side=action.side,
        type=action.type,
        tif=action.tif,
        quantity=instrument.quantity_units(action.quantity),
        limit_price=None if action.limit is None else instrument.price_units(action.limit),
        post_only=action.post_only,
        reduce_only=action.reduce_only,
        because=action.because or answer.because,
        edge=action.edge,
        legs=_legs(instrument, action),
        lives_at="broker",
        created=state.now,
        engine_id=state.engine_id,
    )
