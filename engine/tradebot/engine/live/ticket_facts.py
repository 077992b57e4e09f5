"""A bet before it is sent: what it pays, what it must win, what a record supports, and what it does to the account.

All of it is measured on the position that the order leads to: what its owner holds already counts at its mark, with
its own stops and targets; a part without a target is taken to leave at the order's. A stop fills at its price at the
taker's rate, a target at the maker's.
"""

from decimal import Decimal

import msgspec

from tradebot.engine.control.messages_ticket import (
    Binds,
    Place,
    TicketEdge,
    TicketFacts,
    TicketFirst,
)
from tradebot.engine.core.accounts import NATIVE_CAPABILITIES
from tradebot.engine.core.exposures import stops_of
from tradebot.engine.core.leg_terms import venue_takes
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.core.picture import Picture, exposure_of
from tradebot.engine.core.records import record_of, tag_of
from tradebot.engine.core.size_limits import bounds, largest_quantity, own_stop
from tradebot.engine.core.state import State
from tradebot.engine.core.types import OrderType, opposite, sign
from tradebot.engine.live.facts import exact, money, optional
from tradebot.engine.live.ticket_first import Outlook, first_chances
from tradebot.engine.sizing.beta import Beta, posterior
from tradebot.engine.sizing.kelly import break_even
from tradebot.engine.sizing.target import BETS_MIN, Spread
from tradebot.engine.sizing.trade import sizes
from tradebot.engine.venue.fees import FeeSchedule

ZERO = Decimal(0)


class Part(msgspec.Struct, frozen=True):
    """Some of the resulting position that enters, stops and ends at the same prices; in the quote currency."""

    quantity: Decimal
    """> 0."""
    entry: Decimal
    entry_rate: Decimal
    """Fee of entering it; 0 where it is held already."""
    stop: Decimal | None
    target: Decimal | None


class Weighed(msgspec.Struct, frozen=True):
    """What the parts of a position lose at their stops and win at their targets, in the engine's currency."""

    lost: Decimal
    won: Decimal | None
    """None while a part has no target."""
    fair_lost: Decimal
    """The same without fees, for a price that wanders."""
    fair_won: Decimal | None
    bare: Decimal
    """Quantity without a stop."""


class Terms(msgspec.Struct, frozen=True):
    """What figures of a ticket need besides the kernel's memory."""

    entry: Decimal
    """Fee rate of the order itself."""
    fees: FeeSchedule
    brought: Spread | None = None
    """What bets of the game have brought; None: nobody keeps it."""


def ticket_facts(
    state: State, order: OrderIntent, view: Picture, price: Decimal | None, terms: Terms
) -> TicketFacts | None:
    """Return what a ticket tells; None where there is no price to measure it by.

    Args:
        state: The kernel's memory.
        order: As it would be sent.
        view: What the gate sees of it.
        price: What it is valued at.
        terms: Rates of the venue, and what bets of the game have brought.
    """
    market = state.market[order.instrument]
    rates = state.rates()
    rate = None if rates is None else rates.rate(market.instrument.currency, state.currency)
    if price is None or rate is None:
        return None
    bet = _bet(state, order, price, market.mark(), terms, rate * market.instrument.multiplier)
    instrument, equity = market.instrument, state.equity()
    edge = _edge(state, order, bet)
    limit, name = _limit(order, view, bet.held)
    stops = next((b for b in bounds(order, view) if b.code == "max_open_risk"), None)
    stop_at, target_at = _places(state, order)
    worth = bet.weighed
    return TicketFacts(
        held=exact(instrument.quantity(bet.held)),
        resulting=exact(instrument.quantity(bet.after)),
        why_not=bet.why_not,
        risk=money(worth.lost),
        risk_percent=None if not equity else f"{worth.lost / equity * 100:.2f}",
        bare=exact(worth.bare) if worth.bare else None,
        pays=bet.pays,
        break_even=None if bet.pays is None or bet.pays <= 0 else break_even(bet.pays),
        edge=edge,
        record="" if edge is not None else _record(state, order),
        limit=optional(exact, limit),
        limit_name=name,
        binds=_binds(edge, limit),
        all_stops=None if stops is None or equity is None else money(stops.used * equity),
        all_stops_percent=None if stops is None else f"{stops.used * 100:.1f}",
        first=_first(state, bet, edge, terms),
        stop_at=stop_at,
        target_at=target_at,
    )


class Bet(msgspec.Struct, frozen=True, kw_only=True):
    """The resulting position, measured in the engine's currency."""

    held: int
    """Signed units of the owner now."""
    after: int
    weighed: "Weighed"
    why_not: str

    @property
    def pays(self) -> float | None:
        """Return what the targets bring for each unit of risk; None where nothing says it."""
        worth = self.weighed
        known = worth.won is not None and worth.lost > 0 and not self.why_not
        return float(worth.won / worth.lost) if known and worth.won is not None else None


def _bet(
    state: State,
    order: OrderIntent,
    price: Decimal,
    mark: Decimal | None,
    terms: Terms,
    scale: Decimal,
) -> Bet:
    held = state.ledger.position(order.account, order.instrument, order.owner).quantity
    after = held + sign(order.side) * order.quantity
    parts = _parts(state, order, price, mark, terms)
    worth = weigh(parts, 1 if after > 0 else -1, terms, scale)
    if not parts:
        why_not = "flat after it"
    elif worth.bare:
        why_not = "no stop: all of it is at risk"
    else:
        why_not = "no target: nothing says what it pays" if worth.won is None else ""
    return Bet(held=held, after=after, weighed=worth, why_not=why_not)


def _first(state: State, bet: Bet, edge: TicketEdge | None, terms: Terms) -> TicketFirst | None:
    worth = bet.weighed
    if bet.pays is None or worth.won is None or worth.fair_won is None:
        return None
    win = None if edge is None else edge.used
    outlook = Outlook(worth.lost, worth.won, win, worth.fair_lost, worth.fair_won)
    return first_chances(state, outlook, terms.brought)


def weigh(parts: list[Part], way: int, terms: Terms, scale: Decimal) -> Weighed:
    """Return what parts lose and win together.

    Args:
        parts: Of the position.
        way: +1 long, -1 short.
        terms: Fee rates.
        scale: What one of the quote currency is worth, times the multiplier.
    """
    lost, fair_lost, bare = ZERO, ZERO, ZERO
    won: Decimal | None = ZERO
    fair_won: Decimal | None = ZERO
    for part in parts:
        enters = part.entry_rate * part.entry
        # Without a stop a long can lose all it is worth; a short is counted alike, though it can lose more.
        exit_fee = ZERO if part.stop is None else terms.fees.taker * part.stop
        distance = part.entry if part.stop is None else max((part.entry - part.stop) * way, ZERO)
        lost += part.quantity * (distance + enters + exit_fee)
        fair_lost += part.quantity * distance
        bare += part.quantity if part.stop is None else ZERO
        if part.target is None or won is None or fair_won is None:
            won = fair_won = None
        else:
            gain = (part.target - part.entry) * way
            won += part.quantity * (gain - enters - terms.fees.maker * part.target)
            fair_won += part.quantity * gain
    return Weighed(
        lost * scale,
        None if won is None else won * scale,
        fair_lost * scale,
        None if fair_won is None else fair_won * scale,
        bare,
    )


def _parts(
    state: State, order: OrderIntent, price: Decimal, mark: Decimal | None, terms: Terms
) -> list[Part]:
    """Return the resulting position in parts: what is new, then what was held by the stops that cover it."""
    instrument = state.instruments[order.instrument]
    way = sign(order.side)
    held = state.ledger.position(order.account, order.instrument, order.owner).quantity
    same = held * way
    trigger = own_stop(order)
    target = None if order.legs is None else order.legs.take_profit
    stop = None if trigger is None else instrument.price(trigger)
    aim = None if target is None else instrument.price(target)
    new = order.quantity + min(same, 0)
    parts = (
        [Part(instrument.quantity(new), price, terms.entry, stop, aim)] if new > 0 else list[Part]()
    )
    left, side = (same, order.side) if same > 0 else (0, order.side)
    if same < 0 and new < 0:  # what remains of a position that the order only shrinks
        left, side = -new, opposite(order.side)
    if not left or mark is None:
        return parts
    stops = stops_of(state, order.account, order.instrument, opposite(side), order.owner)
    aims = _targets(state, order, side)
    end = aims[0] if aims else (aim if side == order.side else None)
    for each in sorted(stops, key=lambda one: one.trigger * sign(side)):
        covered = min(each.quantity, left)
        if covered:
            at = instrument.price(each.trigger)
            parts.append(Part(instrument.quantity(covered), mark, ZERO, at, end))
        left -= covered
    if left:
        parts.append(Part(instrument.quantity(left), mark, ZERO, None, end))
    return parts


def _targets(state: State, order: OrderIntent, side: str) -> list[Decimal]:
    """Return the targets of what is held, nearest first."""
    found = [
        one.intent.limit_price
        for one in state.blotter.open_in(order.account, order.instrument)
        if one.intent.owner == order.owner
        and one.intent.role == "take_profit"
        and one.intent.side != side
        and one.leaves
    ]
    instrument = state.instruments[order.instrument]
    return [instrument.price(each) for each in sorted(each for each in found if each is not None)]


def _belief(state: State, order: OrderIntent) -> tuple[Beta, TicketEdge] | None:
    """Return the belief about the chance to win and where it comes from; None where there is none."""
    tag = tag_of(order.because)
    record = record_of(state.bet_book.records, order.owner, tag)
    stated = order.edge
    if stated is not None and stated.source != "record":
        if stated.win is None or not 0 < stated.win < 1:
            return None
        said = float(stated.win)
        belief = posterior(record.stated_won, record.stated - record.stated_won, stated=said)
        won, settled = record.stated_won, record.stated
    elif record.settled >= BETS_MIN:
        said, belief = None, posterior(record.won, record.lost)
        won, settled = record.won, record.settled
    else:
        return None
    return belief, TicketEdge(
        source="record" if said is None else "stated",
        said=said,
        won=won,
        settled=settled,
        tag=tag,
        used=belief.mean,
        sure=None,
        careful=None,
        half_kelly=None,
    )


def _edge(state: State, order: OrderIntent, bet: Bet) -> TicketEdge | None:
    """Return the edge and the positions it supports: shares of equity at the stop, over what a unit loses there."""
    found, equity = _belief(state, order), state.equity()
    if found is None:
        return None
    belief, edge = found
    lost, units = bet.weighed.lost, abs(bet.after)
    if bet.pays is None or not equity or not units or lost <= 0:
        return edge
    worth = sizes(bet.pays, belief)
    instrument = state.instruments[order.instrument]
    lot = instrument.rules_at(state.now).lot

    def position(share: float) -> str:
        wanted = int(Decimal(str(share)) * equity * units / lost)
        return exact(instrument.quantity(wanted - wanted % lot))

    careful, half = position(worth.careful), position(worth.half_kelly)
    return msgspec.structs.replace(edge, sure=worth.sure, careful=careful, half_kelly=half)


def _record(state: State, order: OrderIntent) -> str:
    record = record_of(state.bet_book.records, order.owner, tag_of(order.because))
    if not record.settled:
        return ""
    return f"{record.won} of {record.settled} won: {BETS_MIN} bets make an edge"


def _limit(order: OrderIntent, view: Picture, held: int) -> tuple[Decimal | None, str | None]:
    """Return the largest position on the order's side that the limits leave, and which limit it is."""
    found = largest_quantity(order, view)
    if found is None:
        return None, None
    name, most = found
    instrument = exposure_of(order, view).instrument
    return instrument.quantity(max(most + held * sign(order.side), 0)), name


def _binds(edge: TicketEdge | None, limit: Decimal | None) -> Binds | None:
    half = None if edge is None or edge.half_kelly is None else Decimal(edge.half_kelly)
    if half is not None and (limit is None or half < limit):
        return "half Kelly"
    return None if limit is None else "limit"


def _places(state: State, order: OrderIntent) -> tuple[Place | None, Place | None]:
    """Return where stop and target of an order will live; None for what does not come with it."""
    legs = order.legs
    if legs is None:
        return None, None
    account = state.accounts.get(order.account)
    capabilities = NATIVE_CAPABILITIES if account is None else account.started.capabilities
    stop: Place | None = None
    if legs.stop_loss is not None or legs.trail is not None:
        kind: OrderType = "stop" if legs.trail is None else "trailing_stop"
        stop = "broker" if venue_takes(capabilities, legs, kind) else "engine"
    return stop, None if legs.take_profit is None else "broker"
