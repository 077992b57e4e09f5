"""What a policy's answer becomes: orders through the gate, cancels, replaces, the reason, the memory."""

import msgspec

from tradebot.data.errors import ScaleError
from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.core.actions import (
    Action,
    CancelOrder,
    NewOrder,
    OrderSeq,
    ReplaceOrder,
    Want,
    WantFlat,
    WantQuantity,
    WantRisk,
    WantWeight,
)
from tradebot.engine.core.amend import replace_own
from tradebot.engine.core.gate_words import Check
from tradebot.engine.core.held import set_off
from tradebot.engine.core.house_money import HOUSE_MONEY
from tradebot.engine.core.orders import Order
from tradebot.engine.core.outcomes import Decided, Legs, OrderDenied, OrderIntent, SleeveStateSaved
from tradebot.engine.core.reasons import Because, why
from tradebot.engine.core.shadow import pretend
from tradebot.engine.core.state import SleeveState, State
from tradebot.engine.core.step import Step
from tradebot.engine.core.targets import plan
from tradebot.engine.core.types import SECOND, Side, TimeInForce
from tradebot.engine.core.waking import on_its_way
from tradebot.engine.core.want_plan import About
from tradebot.engine.core.want_terms import TRY_AGAIN, UnfitWant, check_want, want_timer

DENIAL_PERIOD = SECOND
"""The same denial of the same sleeve is written at most this often."""


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """What one action of an answer came to."""

    effects: int = 0
    """Orders, cancels and changes that it led to, and denials that are news."""
    did: tuple[str, ...] = ()
    """The same in short words."""
    symbol: str = ""
    wanted: str = ""
    held: str = ""
    bound_by: str = ""
    edge: str = ""
    refused: str = ""
    """The code of the check that refused it; empty where none did."""


NOTHING = Deed()

FEED_NOT_UP = "feed_not_up"
"""The check that refuses new risk in a market nothing was heard of for too long."""


# ------------------------------------------------------------------------------------ legal


def illegal(state: State, sleeve: SleeveState, answer: OrderSeq) -> str | None:
    """Return what no order can be made of in an answer, or None; such an answer is not acted on at all."""
    try:
        for action in answer.actions:
            _check(state, sleeve, answer, action)
        msgspec.msgpack.encode(answer.state)
    except ScaleError as error:
        return str(error)
    except UnfitWant as error:
        return str(error)
    except (msgspec.MsgspecError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        # Annotations do not bind at run time: a float for a Decimal, a side that is no side.
        return f"illegal answer, {type(error).__name__}: {error}"
    return None


def _check(state: State, sleeve: SleeveState, answer: OrderSeq, action: Action) -> None:
    """Raise what is wrong with an action, if anything is."""
    match action:
        case NewOrder():
            msgspec.convert(action.side, Side)
            msgspec.convert(action.tif, TimeInForce)
            intent_of(state, sleeve, answer, action)
        case ReplaceOrder():
            order = state.blotter.get(action.client_order_id)
            if order is not None:
                replaced(state, order, answer, action)
        case WantQuantity() | WantWeight() | WantRisk() | WantFlat():
            symbol_of(sleeve, action.symbol)
            check_want(action)
        case CancelOrder():
            return


# ------------------------------------------------------------------------------------ acting


def take(step: Step, sleeve: SleeveState, answer: OrderSeq) -> None:
    """Turn an answer into outcomes: orders through the gate, cancels, the reason, the memory."""
    sleeve.unmet = False
    sleeve.awaits_market = set()
    deeds = [_act(step, sleeve, answer, action) for action in answer.actions]
    effects = sum(deed.effects for deed in deeds)
    if sleeve.unmet and not on_its_way(step.state, sleeve):
        step.timer(want_timer(sleeve.started.name), step.state.now + TRY_AGAIN)
    if effects or answer.because.code != sleeve.reason_code:
        step.emit(_decided(sleeve, answer, deeds))
    else:
        sleeve.repeated += 1
        sleeve.reason_values = answer.because.values
    if answer.state is not None:
        sleeve.memory = msgspec.msgpack.encode(answer.state)
    # Compared with what was written, not with the last memory: that may come from a step without effects.
    if effects and sleeve.memory is not None and sleeve.memory != sleeve.saved:
        step.emit(SleeveStateSaved(sleeve=sleeve.started.name, state=sleeve.memory))


def _decided(sleeve: SleeveState, answer: OrderSeq, deeds: list[Deed]) -> Decided:
    about = [deed for deed in deeds if deed.symbol]
    return Decided(
        sleeve=sleeve.started.name,
        version=sleeve.started.version,
        because=answer.because,
        actions=sum(deed.effects for deed in deeds),
        repeated=sleeve.repeated,
        did=tuple(word for deed in deeds for word in deed.did) or ("hold",),
        symbol=", ".join(dict.fromkeys(deed.symbol for deed in about)),
        wanted=", ".join(deed.wanted for deed in about if deed.wanted),
        held=", ".join(deed.held for deed in about if deed.held),
        bound_by=", ".join(deed.bound_by for deed in about if deed.bound_by),
        edge="; ".join(dict.fromkeys(deed.edge for deed in about if deed.edge)),
        last_values=sleeve.reason_values,
    )


def _act(step: Step, sleeve: SleeveState, answer: OrderSeq, action: Action) -> Deed:
    match action:
        case NewOrder():
            return send(step, sleeve, intent_of(step.state, sleeve, answer, action))
        case CancelOrder():
            return _cancel(step, sleeve, answer, action)
        case ReplaceOrder():
            return _replace(step, sleeve, answer, action)
        case WantQuantity() | WantWeight() | WantRisk() | WantFlat():
            return pursue(step, sleeve, answer, action)


def pursue(step: Step, sleeve: SleeveState, answer: OrderSeq, wanted: Want) -> Deed:
    """Do what brings the position to what a policy wants."""
    state = step.state
    because = wanted.because or answer.because
    symbol = symbol_of(sleeve, wanted.symbol)
    edge = None if isinstance(wanted, WantFlat) else wanted.edge
    found = plan(About(state, sleeve, symbol, because, edge), wanted)
    deeds = [_take_out(step, order, because) for order in found.cancels]
    deeds += [_set_off_now(step, order, because) for order in found.closes]
    deeds += [_hold(step, piece) for piece in found.pieces]
    deeds += [_move(step, order, trigger) for order, trigger in found.moves]
    if found.order is not None:
        fresh = msgspec.structs.replace(found.order, client_order_id=state.next_order_id())
        deeds.append(send(step, sleeve, fresh))
    instrument = state.instruments[symbol]
    done = any(deed.effects and not deed.refused for deed in deeds)
    unpriced = found.bound_by == "no-mark" and not state.market[symbol].has_touch
    if unpriced or any(deed.refused == FEED_NOT_UP for deed in deeds):
        sleeve.awaits_market.add(symbol)
    sleeve.unmet = sleeve.unmet or done or (found.waits and bool(sleeve.shadow is None))
    return Deed(
        effects=sum(deed.effects for deed in deeds),
        did=tuple(word for deed in deeds for word in deed.did),
        symbol=symbol,
        wanted=str(instrument.quantity(found.wanted)),
        held=str(instrument.quantity(found.held)),
        bound_by=found.bound_by,
        edge=found.edge,
    )


def _take_out(step: Step, order: Order, because: Because) -> Deed:
    step.cancel(order.intent, because)
    return Deed(effects=1, did=("cancel",))


def _set_off_now(step: Step, order: Order, because: Because) -> Deed:
    """Close what a protective stop covers, now, in its own place."""
    state, intent = step.state, order.intent
    going = msgspec.structs.replace(
        set_off(state, intent, state.market[intent.instrument], order.leaves), because=because
    )
    word = in_words(state, going)
    refused = step.submit(going) if order.held else replace_own(step, order, going)
    return NOTHING if refused is not None else Deed(effects=1, did=(word,))


def _hold(step: Step, piece: OrderIntent) -> Deed:
    """Keep an exit until the legs of its entry have made room for it, which is asked of them in this step."""
    step.hold(msgspec.structs.replace(piece, client_order_id=step.state.next_order_id()))
    return Deed(effects=1, did=(in_words(step.state, piece),))


def _move(step: Step, order: Order, trigger: int) -> Deed:
    """Move a protective stop to where the next unit's stands."""
    intent = order.intent
    moved = msgspec.structs.replace(
        intent, quantity=order.leaves, trigger_price=trigger, because=why(HOUSE_MONEY)
    )
    if replace_own(step, order, moved) is not None:
        return NOTHING
    price = step.state.instruments[intent.instrument].price(trigger)
    return Deed(effects=1, did=(f"stop to {price}",))


def send(step: Step, sleeve: SleeveState, intent: OrderIntent) -> Deed:
    """Pass a sleeve's order through the gate; the same denial is news once in a while.

    A shadow's goes nowhere: what it would have led to is told.
    """
    if sleeve.shadow is not None:
        return _pretended(step, sleeve, intent)
    where = f"{intent.instrument}:{intent.side}"
    recent = {
        code
        for (code, place), written in sleeve.denied.items()
        if place == where and step.state.now - written < DENIAL_PERIOD
    }
    refused = step.submit(intent, denial_is_news=False)
    word, symbol = in_words(step.state, intent), intent.instrument
    if refused is not None and refused.code == "no_mandate":
        word = f"would {word}"
    if refused is None:
        return Deed(effects=1, did=(word,), symbol=symbol)
    if refused.code in recent:
        return Deed(refused=refused.code)
    sleeve.denied[(refused.code, where)] = step.state.now
    step.emit(OrderDenied(order=intent, code=refused.code, text=refused.text))
    return Deed(effects=1, did=(f"{word} refused",), symbol=symbol, refused=refused.code)


def _pretended(step: Step, sleeve: SleeveState, intent: OrderIntent) -> Deed:
    word, symbol = f"would {in_words(step.state, intent)}", intent.instrument
    traded = pretend(step, sleeve, intent)
    if isinstance(traded, Check):
        where = (traded.code, f"{symbol}:{intent.side}")
        news = step.state.now - sleeve.denied.get(where, -DENIAL_PERIOD) >= DENIAL_PERIOD
        if news:
            sleeve.denied[where] = step.state.now
        told = f"{word}, refused: {traded.text}"
        return Deed(effects=int(news), did=(told,), symbol=symbol, refused=traded.code)
    return Deed(effects=1 if traded else 0, did=(word,), symbol=symbol)


def in_words(state: State, intent: OrderIntent) -> str:
    """Return an order in short words: `BUY 0.050 BTC/USD`."""
    instrument = state.instruments[intent.instrument]
    quantity = instrument.quantity(intent.quantity)
    return f"{intent.side.upper()} {quantity} {instrument.symbol}"


def _cancel(step: Step, sleeve: SleeveState, answer: OrderSeq, action: CancelOrder) -> Deed:
    order = step.state.blotter.get(action.client_order_id)
    if order is None or order.intent.owner != sleeve.started.name or not order.is_open:
        return NOTHING
    if order.state == "pending_cancel" or sleeve.shadow is not None:
        return NOTHING
    step.cancel(order.intent, action.because or answer.because)
    return Deed(effects=1, did=("cancel",), symbol=order.intent.instrument)


def _replace(step: Step, sleeve: SleeveState, answer: OrderSeq, action: ReplaceOrder) -> Deed:
    """Change one of the sleeve's open orders; one the venue has yet to speak of is left for the next time."""
    order = step.state.blotter.get(action.client_order_id)
    if order is None or order.intent.owner != sleeve.started.name or sleeve.shadow is not None:
        return NOTHING
    if replace_own(step, order, replaced(step.state, order, answer, action)) is not None:
        return NOTHING
    return Deed(effects=1, did=("replace",), symbol=order.intent.instrument)


# ------------------------------------------------------------------------------------ intents


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


def symbol_of(sleeve: SleeveState, symbol: str | None) -> InstrumentId:
    """Return which of a sleeve's instruments is meant.

    Raises:
        ScaleError: If the sleeve has no such instrument, or has several and none is named.
    """
    symbols = sleeve.started.symbols
    if symbol is None and len(symbols) != 1:
        raise ScaleError(f"name the symbol, the sleeve has several: {', '.join(symbols)}")
    wanted = symbols[0] if symbol is None else InstrumentId(symbol)
    if wanted not in symbols:
        raise ScaleError(f"symbol {wanted} must be one of the sleeve's: {', '.join(symbols)}")
    return wanted


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
    symbol = symbol_of(sleeve, action.symbol)
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
