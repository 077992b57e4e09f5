"""How much a want may be: by its risk, the sleeve's capital, limits, cash and the lot; which of them binds is named."""

from decimal import ROUND_FLOOR, Decimal

import msgspec

from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.core.ledger import ZERO
from tradebot.engine.core.market import InstrumentMarket
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.core.rates import ROUNDING
from tradebot.engine.core.shadow import held_by
from tradebot.engine.core.size_limits import largest_own, largest_quantity
from tradebot.engine.core.sleeve_money import sizing_capital
from tradebot.engine.core.state import SleeveState, State
from tradebot.engine.core.step import picture


class Size(msgspec.Struct, frozen=True):
    """A quantity in units, and what bound it; empty: nothing did."""

    units: int
    bound_by: str = ""


def money_per_unit(state: State, instrument: Instrument, price: Decimal) -> Decimal | None:
    """Return what one unit of an instrument is worth at a price, in the engine's currency; None without a rate."""
    rates = state.rates()
    rate = None if rates is None else rates.rate(instrument.currency, state.currency)
    if rate is None:
        return None
    value = instrument.quantity(1) * instrument.multiplier * (1 if instrument.inverse else price)
    return ROUNDING.multiply(value, rate)


def taker_fee(state: State, sleeve: SleeveState) -> Decimal:
    """Return the share of notional that taking is expected to cost at a sleeve's account."""
    account = state.accounts.get(sleeve.started.account)
    return ZERO if account is None else account.started.taker_fee


def whole(value: Decimal) -> int:
    """Return a number rounded down, at least 0."""
    return max(int(value.to_integral_value(ROUND_FLOOR)), 0)


def bounded(state: State, sleeve: SleeveState, intent: OrderIntent, first: Size) -> Size:
    """Return the size that all bounds leave of an order that adds to a sleeve's position.

    Args:
        state: The kernel's.
        sleeve: Whose.
        intent: The order with the quantity wished for, > 0, and a limit.
        first: The same quantity, and what bound it so far.
    """
    instrument = state.instruments[intent.instrument]
    price = worst_price(state.market[intent.instrument], intent)
    unit = money_per_unit(state, instrument, price)
    capital = sizing_capital(state, sleeve)
    if unit is None or unit <= 0 or capital is None:
        return Size(0, "capital")
    sizes = [first, Size(instrument.rules_at(state.now).quantity_max)]
    sizes += _of_the_sleeve(state, sleeve, intent.instrument, unit, capital)
    seen = picture(state, intent)
    most = largest_own(intent, seen) if sleeve.shadow else largest_quantity(intent, seen)
    sizes += [] if most is None else [Size(max(most[1], 0), most[0])]
    if sleeve.shadow is None:
        if seen.capital_left is not None:
            sizes.append(Size(whole(seen.capital_left / unit), "capital"))
        sizes += _cash(state, sleeve, intent, price)
    return on_the_lot(state, instrument, price, min(sizes, key=lambda size: size.units))


def worst_price(market: InstrumentMarket, intent: OrderIntent) -> Decimal:
    """Return what an order is sized at: its limit, else the touch it takes; 0 where there is none."""
    touch = market.best_ask() if intent.side == "buy" else market.best_bid()
    return market.instrument.price(intent.limit_price or touch or 0)


def on_the_lot(state: State, instrument: Instrument, price: Decimal, size: Size) -> Size:
    """Return a size on the lot; none at all where it is less than the venue takes."""
    rules = instrument.rules_at(state.now)
    units = size.units - size.units % rules.lot
    value = instrument.notional(instrument.price_units(price), units)
    if units < max(rules.quantity_min, rules.lot) or value < rules.notional_min:
        # A limit that leaves nothing at all is what binds; else it is the venue's smallest order.
        return Size(0, "lot" if size.units or not size.bound_by else size.bound_by)
    return Size(units, size.bound_by)


def _of_the_sleeve(
    state: State, sleeve: SleeveState, symbol: InstrumentId, unit: Decimal, capital: Decimal
) -> list[Size]:
    """Return what the sleeve's capital leaves, at marks."""
    used, worth = ZERO, dict.fromkeys(sleeve.started.symbols, unit)
    for other in sleeve.started.symbols:
        market = state.market.get(other)
        mark = None if market is None else market.mark()
        known = None if mark is None else money_per_unit(state, state.instruments[other], mark)
        worth[other] = unit if known is None else known
        used += abs(held_by(state, sleeve, other).quantity) * worth[other]
    return [Size(whole((capital - used) / worth[symbol]), "capital")]


def _cash(state: State, sleeve: SleeveState, intent: OrderIntent, price: Decimal) -> list[Size]:
    """Return what the account can pay for, of what is bought outright."""
    instrument = state.instruments[intent.instrument]
    if intent.side != "buy" or instrument.kind not in {"spot", "equity"}:
        return []
    cash = state.ledger.balance(intent.account, instrument.currency)
    if state.started is not None and state.started.cash_buffer:
        kept = ROUNDING.multiply(state.started.cash_buffer, sizing_capital(state, sleeve) or ZERO)
        cash = ROUNDING.subtract(cash, kept)
    cost = instrument.quantity(1) * price * instrument.multiplier
    return [Size(whole(cash / (cost * (1 + taker_fee(state, sleeve)))), "cash")]
