"""What a policy asks for, as people say it: prices where they would stand, risk as R and as money."""

from decimal import Decimal

from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.core.actions import (
    Action,
    CancelOrder,
    NewOrder,
    ReplaceOrder,
    WantFlat,
    WantQuantity,
    WantRisk,
    WantWeight,
)
from tradebot.engine.core.sleeve_money import sizing_capital
from tradebot.engine.core.state import SleeveState, State
from tradebot.engine.core.types import sign
from tradebot.engine.live.facts import money


def action_text(state: State, sleeve: SleeveState, action: Action) -> str:
    """Return one action of an answer in words; prices of a want are those of an entry at the touch now.

    Args:
        state: The kernel's; only read.
        sleeve: Whose answer it is.
        action: Legal, as `core.acting.illegal` says.
    """
    if isinstance(action, CancelOrder):
        return f"cancel {action.client_order_id}"
    if isinstance(action, ReplaceOrder):
        return f"replace {action.client_order_id}"
    symbols = sleeve.started.symbols
    symbol = InstrumentId(action.symbol or (symbols[0] if symbols else "?"))
    if isinstance(action, NewOrder):
        price = "market" if action.limit is None else f"at {action.limit:f}"
        return f"{action.side.upper()} {action.quantity:f} {symbol} {price}"
    if isinstance(action, WantFlat):
        return f"flat {symbol}"
    if isinstance(action, WantQuantity):
        return f"hold {action.quantity:f} {symbol}"
    if isinstance(action, WantWeight):
        return f"hold {_percent(action.weight)} {symbol}"
    return _at_risk(state, sleeve, symbol, action)


def _at_risk(state: State, sleeve: SleeveState, symbol: InstrumentId, want: WantRisk) -> str:
    """Return `long BTC at 60,000.00, stop 58,800.00, target 63,600.00 (+3.0 R), 1 R = 0.25 % of capital (9.00 USD)`."""
    market, way = state.market.get(symbol), sign(want.side)
    touch = None if market is None else market.best_ask() if way > 0 else market.best_bid()
    target = ""
    if market is None or touch is None:
        # Without a market nobody knows where it would stand: the distances are all there is.
        place = f"stop {want.stop:,f} from the entry"
        if want.take_profit is not None:
            target = f", target {want.take_profit:,f} from it"
    else:
        instrument = market.instrument
        entry = instrument.price(touch)
        place = f"at {entry:,f}, stop {_price(instrument, entry - way * want.stop)}"
        if want.take_profit is not None:
            target = f", target {_price(instrument, entry + way * want.take_profit)}"
    if want.take_profit is not None:
        target += f" ({want.take_profit / want.stop:+.1f} R)"
    capital = sizing_capital(state, sleeve)
    worth = "" if capital is None else f" ({money(want.risk * capital)} {state.currency})"
    word = "long" if way > 0 else "short"
    one_r = f"1 R = {_percent(want.risk)} of capital{worth}"
    return f"{word} {symbol} {place}{target}, {one_r}"


def _price(instrument: Instrument, price: Decimal) -> str:
    return f"{price:,.{instrument.price_scale}f}"


def _percent(share: Decimal) -> str:
    return f"{(share * 100).normalize():f} %"
