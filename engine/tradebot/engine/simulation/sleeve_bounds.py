"""A sleeve's own limits, counted anew: what passed must have been within them, of the capital the sleeve sizes by."""

from decimal import Decimal

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.core.sleeve_terms import SleeveStarted
from tradebot.engine.core.types import MINUTE
from tradebot.engine.simulation.facts import Facts
from tradebot.engine.simulation.gate import Gate
from tradebot.engine.simulation.instruments import BY_ID, INSTRUMENTS
from tradebot.engine.simulation.violation import Violation


def judge_sleeve(facts: Facts, gate: Gate, intent: OrderIntent) -> None:
    """Judge an order by the limits of its sleeve, where it does more than shrink what that holds.

    Where it is in doubt what may still fill, the smaller figure is used.

    Raises:
        Violation: If it goes beyond one.
    """
    started = facts.started
    sleeves = () if started is None else started.sleeves
    terms = next((sleeve for sleeve in sleeves if sleeve.name == intent.owner), None)
    exits = intent.reduce_only or intent.role or not gate.leaves_own(intent)
    if terms is None or not terms.limits or exits:
        return
    since = facts.now - MINUTE
    sent = Decimal(sum(1 for at in facts.sent.get(intent.owner, ()) if at > since))
    found = {"orders_per_minute": sent + 1} | _sizes(facts, terms, intent)
    for name, used in found.items():
        cap = terms.limits.get(name)
        if cap is not None and used > Decimal(cap):
            text = f"{intent.client_order_id} of {intent.owner}: {name} {used} over {cap}"
            raise Violation("sleeve-limit", text)


def _sizes(facts: Facts, terms: SleeveStarted, intent: OrderIntent) -> dict[str, Decimal]:
    """Return what the order's sizes come to, as shares of the sleeve's capital; empty where that is not known."""
    capital, mark = _capital(facts, terms), facts.mark(intent.instrument)
    if capital is None or capital <= 0 or mark is None:
        return {}
    instrument = BY_ID[intent.instrument]
    price = mark
    if intent.limit_price is not None:
        price = max(mark, instrument.price(intent.limit_price))
    unit = instrument.quantity(1) * instrument.multiplier
    after = unit * price * _worst(facts, terms, intent.instrument, intent)
    gross = after
    for other in INSTRUMENTS:
        other_mark = facts.mark(other.id)
        if other.id != instrument.id and other_mark is not None:
            worst = _worst(facts, terms, other.id, None)
            gross += other.quantity(1) * other.multiplier * other_mark * worst
    return {
        "max_order": unit * price * intent.quantity / capital,
        "max_position": after / capital,
        "max_gross": gross / capital,
    }


def _worst(
    facts: Facts, terms: SleeveStarted, symbol: InstrumentId, intent: OrderIntent | None
) -> int:
    """Return the largest position that the sleeve's orders surely can lead to, in units; reduce-only ones add none."""
    held = facts.holdings.owned.get((terms.account, symbol, terms.name), 0)
    open_now = {"buy": 0, "sell": 0}
    for key, seen in facts.orders.items():
        other = seen.intent
        mine = (other.account, other.instrument, other.owner) == (terms.account, symbol, terms.name)
        sure = seen.ended is None and not (seen.doubtful or seen.held or other.reduce_only)
        if mine and sure and (intent is None or intent.replaces != key):
            open_now[other.side] += seen.leaves
    if intent is not None:
        open_now[intent.side] += intent.quantity
    return max(abs(held + open_now["buy"]), abs(held - open_now["sell"]))


def _capital(facts: Facts, terms: SleeveStarted) -> Decimal | None:
    """Return a sleeve's capital and what it has made of it; None where a part of that cannot be priced."""
    total = terms.capital
    for (account, asset, owner), amount in facts.holdings.purses.items():
        if (account, owner) == (terms.account, terms.name) and amount:
            rate = facts.rates.get(asset)
            if rate is None:
                return None
            total += amount * rate
    for (account, symbol, owner), units in facts.holdings.owned.items():
        if (account, owner) == (terms.account, terms.name) and units:
            mark, instrument = facts.mark(symbol), BY_ID[symbol]
            if mark is None:
                return None
            total += instrument.quantity(units) * mark * instrument.multiplier
    return total
