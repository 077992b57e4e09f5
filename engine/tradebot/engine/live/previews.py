"""What an order would cost and whether the gate lets it pass, before anybody sends it."""

from decimal import ROUND_FLOOR, Decimal

from tradebot.data.errors import ScaleError
from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.control.engine import Refused
from tradebot.engine.control.messages_orders import AmendRequest, OrderRequest, Preview, Verdict
from tradebot.engine.core.accounts import NATIVE_CAPABILITIES
from tradebot.engine.core.edge_size import UsedEdge, half_kelly, used_edge
from tradebot.engine.core.events import AmendRequested, PlaceOrder
from tradebot.engine.core.exposures import exposure
from tradebot.engine.core.leg_terms import venue_takes
from tradebot.engine.core.market import InstrumentMarket
from tradebot.engine.core.open_risk import at_stop
from tradebot.engine.core.outcomes import Legs, OrderIntent
from tradebot.engine.core.picture import reduces_only
from tradebot.engine.core.price_collar import collar_price
from tradebot.engine.core.reasons import Because, Edge
from tradebot.engine.core.records import tag_of
from tradebot.engine.core.size_limits import largest_quantity, own_stop
from tradebot.engine.core.state import State
from tradebot.engine.core.step import intent_of, judge, picture
from tradebot.engine.core.types import (
    HAND,
    AccountName,
    ClientOrderId,
    OrderType,
    RequestId,
    TerminalId,
    sign,
)
from tradebot.engine.live.facts import exact, money, optional, signed_percent
from tradebot.engine.live.ticket_facts import Terms, ticket_facts
from tradebot.engine.sizing.target import Spread
from tradebot.engine.venue.fees import Fees, FeeSchedule

REQUEST_ID_MAX = 64
"""Longest request id."""


def parsed(state: State, request: OrderRequest) -> PlaceOrder:
    """Return a person's order in units.

    Raises:
        Refused: `usage` where a value does not fit; `unknown` where the instrument is not traded here.
    """
    market = state.market.get(InstrumentId(request.instrument))
    if market is None:
        known = ", ".join(known.instrument.id for known in state.market.all())
        raise Refused("unknown", f"no instrument {request.instrument!r} here; there is {known}")
    if not 1 <= len(request.request_id) <= REQUEST_ID_MAX:
        raise Refused("usage", f"request_id must have 1 to {REQUEST_ID_MAX} characters")
    kind: OrderType = "limit" if request.type == "marketable" else request.type
    tif = request.tif
    price = price_units(market.instrument, request.limit_price)
    if request.type == "marketable":
        price, tif = marketable_price(state, market, request), "ioc"
    elif request.type == "market":
        if price is not None:
            raise Refused("usage", "a market order has no limit price: leave one of them out")
        tif = "ioc"
    if request.post_only and (kind != "limit" or tif in {"ioc", "fok"}):
        raise Refused("usage", "post-only needs a limit order that may rest: --limit P, tif gtc")
    legs = legs_of(market.instrument, request)
    return PlaceOrder(
        request_id=RequestId(request.request_id),
        account=state.account if request.account is None else AccountName(request.account),
        instrument=market.instrument.id,
        side=request.side,
        type=kind,
        tif=tif,
        quantity=_quantity(state, market, request),
        limit_price=price,
        post_only=request.post_only,
        reduce_only=request.reduce_only,
        because=_because(request),
        edge=_stated(request),
        trigger_price=price_units(market.instrument, request.trigger_price),
        trail=price_units(market.instrument, request.trail),
        expires=request.expires,
        attended=request.attended,
        terminal=None if request.terminal is None else TerminalId(request.terminal),
        after=None if request.after is None else ClientOrderId(request.after),
        oco=None if request.oco is None else ClientOrderId(request.oco),
        legs=legs,
    )


def _because(request: OrderRequest) -> Because | None:
    return None if not request.note else Because("hand", (("note", request.note),))


def _stated(request: OrderRequest) -> Edge | None:
    """Return the edge a person states, None where none is.

    Raises:
        Refused: `usage` where it is no chance.
    """
    if request.edge is None:
        return None
    if not 0 < request.edge < 1:
        raise Refused("usage", f"edge must be a chance to win in (0, 1), was {request.edge}")
    return Edge(source="stated", win=request.edge)


def hand_edge(state: State, request: OrderRequest) -> UsedEdge | None:
    """Return the chance that sizes of a person's order use; None where none was stated."""
    tag = tag_of(_because(request))
    return used_edge(state.bet_book.records, HAND, tag, _stated(request))


def price_units(instrument: Instrument, price: Decimal | None) -> int | None:
    """Return a price in the instrument's units.

    Raises:
        Refused: `usage` where it has too many decimals.
    """
    try:
        return None if price is None else instrument.price_units(price)
    except ScaleError as error:
        raise Refused("usage", str(error)) from error


def legs_of(instrument: Instrument, request: OrderRequest) -> Legs | None:
    """Return the protection a request asks for, None where it asks for none.

    Raises:
        Refused: `usage` where a price has too many decimals.
    """
    stop, target = request.stop_loss, request.take_profit
    if stop is None and target is None and request.stop_trail is None:
        return None
    return Legs(
        stop_loss=price_units(instrument, stop),
        take_profit=price_units(instrument, target),
        trail=price_units(instrument, request.stop_trail),
    )


def _quantity(state: State, market: InstrumentMarket, request: OrderRequest) -> int:
    """Return how much, in units: as said, or what loses so much of equity at the stop, fees in."""
    instrument = market.instrument
    if request.risk is None:
        try:
            return instrument.quantity_units(request.quantity)
        except ScaleError as error:
            raise Refused("usage", str(error)) from error
    equity = state.equity()
    touch = market.best_ask() if request.side == "buy" else market.best_bid()
    asked = request.limit_price or request.trigger_price
    entry = asked or (None if touch is None else instrument.price(touch))
    stop = request.stop_loss
    if equity is None or entry is None or stop is None:
        raise Refused("conflict", "the quantity cannot be set by risk: equity or price is unknown")
    fee = Fees().taker * (entry + stop)
    lost = (entry - stop) * sign(request.side) + fee
    if (entry - stop) * sign(request.side) <= 0 or lost <= 0:
        raise Refused("usage", f"stop loss {stop} must lie on the losing side of entry {entry}")
    lot = instrument.rules_at(state.now).lot
    share, used, target = request.risk, hand_edge(state, request), request.take_profit
    if used is not None and target is not None:
        gain = (target - entry) * sign(request.side) - Fees().taker * (entry + target)
        share = min(share, half_kelly(used.win, gain / lost))
        if share == 0:
            text = f"no size has an edge here: {used.text()}, below break-even; leave --edge out to trade on limits"
            raise Refused("conflict", text)
    wanted = equity * share / (lost * instrument.multiplier)
    units = int(wanted.scaleb(instrument.quantity_scale).to_integral_value(ROUND_FLOOR))
    if units < lot:
        raise Refused("usage", f"{share * 100:.4f} % of equity is less than one lot at that stop")
    return units - units % lot


def amendment(state: State, old: OrderIntent, request: AmendRequest) -> AmendRequested:
    """Return a person's amend in units.

    Raises:
        Refused: `usage` where a value does not fit.
    """
    instrument = state.instruments[old.instrument]
    try:
        quantity = None if request.quantity is None else instrument.quantity_units(request.quantity)
    except ScaleError as error:
        raise Refused("usage", str(error)) from error
    return AmendRequested(
        request_id=RequestId(request.request_id),
        client_order_id=old.client_order_id,
        quantity=quantity,
        limit_price=price_units(instrument, request.limit_price),
        trigger_price=price_units(instrument, request.trigger_price),
        trail=price_units(instrument, request.trail),
    )


def marketable_price(state: State, market: InstrumentMarket, request: OrderRequest) -> int:
    """Return the limit of an order without a price: at most the collar through mid, on the tick.

    Raises:
        Refused: `conflict` without a two-sided market.
    """
    bid, ask = market.best_bid(), market.best_ask()
    if bid is None or ask is None:
        raise Refused("conflict", f"{market.instrument.id} has no two-sided market: give --limit P")
    tick = market.instrument.rules_at(state.now).tick
    return collar_price(state.limits, request.side, bid, ask, tick)


def preview(
    state: State, request: OrderRequest, fees: FeeSchedule, brought: Spread | None = None
) -> Preview:
    """Return what the gate says and what the order would cost; nothing is sent.

    Args:
        state: The kernel's memory.
        request: The order as a person means it.
        fees: Of its venue.
        brought: What bets of the game have brought, for the chance of the target first; None: not kept.

    Raises:
        Refused: As `parsed`.
    """
    order = intent_of(state, parsed(state, request))
    market = state.market[order.instrument]
    instrument = market.instrument
    view = picture(state, order)
    lines = judge(state, order)
    price = _price(order, market)
    equity = state.equity()
    notional = None if price is None else price * instrument.quantity(order.quantity)
    taken = taken_now(market, order)
    takes = bool(taken) and not order.post_only
    rate = fees.taker if takes else fees.maker
    own = exposure(state, order.account, order.instrument)
    adds = not reduces_only(own, order.side, order.quantity)
    bound = largest_quantity(order, view) if adds else None
    used = hand_edge(state, request)
    mid = market.mark()
    return Preview(
        ok=all(line.ok for line in lines),
        verdicts=[Verdict(code=line.code, ok=line.ok, text=line.text) for line in lines],
        instrument=instrument.id,
        side=order.side,
        type=order.type,
        tif=order.tif,
        quantity=exact(instrument.quantity(order.quantity)),
        limit_price=None if order.limit_price is None else str(instrument.price(order.limit_price)),
        notional=optional(money, notional),
        notional_percent=None
        if notional is None or not equity
        else f"{notional / equity * 100:.2f}",
        fee=None if notional is None else money(notional * rate),
        currency=instrument.currency,
        distance_percent=_distance(instrument, order, mid),
        slippage=_slippage(instrument, order, taken, mid) if takes else None,
        binding_limit=None if bound is None else bound[0],
        binding_quantity=None if bound is None else exact(instrument.quantity(bound[1])),
        edge=None if used is None else used.text(),
        risk=optional(money, _risk(state, order, price, adds=adds)),
        legs=_leg_lines(state, order),
        lives_at=order.lives_at,
        trigger_price=None
        if order.trigger_price is None
        else str(instrument.price(order.trigger_price)),
        ticket=ticket_facts(state, order, view, price, Terms(rate, fees, brought)),
    )


def _risk(state: State, order: OrderIntent, price: Decimal | None, *, adds: bool) -> Decimal | None:
    """Return what an order can lose by the gate's own count: to its stop, which slips, or a share of its notional."""
    if price is None or not adds:
        return None if price is None else Decimal(0)
    instrument = state.instruments[order.instrument]
    stop = own_stop(order)
    if stop is None:
        notional = price * instrument.quantity(order.quantity) * instrument.multiplier
        return notional * state.limits.unprotected_risk
    return at_stop(instrument, order.quantity, price, instrument.price(stop), sign(order.side))


def _leg_lines(state: State, order: OrderIntent) -> list[str]:
    """Return what will protect an order, a line each, with the place where it lives."""
    legs = order.legs
    if legs is None:
        return []
    instrument = state.instruments[order.instrument]
    account = state.accounts.get(order.account)
    capabilities = NATIVE_CAPABILITIES if account is None else account.started.capabilities
    lines: list[str] = []
    if legs.stop_loss is not None or legs.trail is not None:
        kind: OrderType = "stop" if legs.trail is None else "trailing_stop"
        where = "broker" if venue_takes(capabilities, legs, kind) else "engine"
        at = "" if legs.stop_loss is None else f" {instrument.price(legs.stop_loss)}"
        trail = "" if legs.trail is None else f" trailing {instrument.price(legs.trail)}"
        lines.append(f"stop{at}{trail} at {where}")
    if legs.take_profit is not None:
        lines.append(f"target {instrument.price(legs.take_profit)} at broker")
    return lines


def taken_now(market: InstrumentMarket, order: OrderIntent) -> list[tuple[int, int]]:
    """Return the displayed levels an order would take at once, as (price, quantity) in units."""
    book = market.book
    buys = order.side == "buy"
    levels = book.asks(book.level_count(-1)) if buys else book.bids(book.level_count(1))
    limit = order.limit_price
    left = order.quantity
    taken: list[tuple[int, int]] = []
    for price, size in levels:
        beyond = limit is not None and (price > limit if buys else price < limit)
        if beyond or left <= 0:
            break
        taken.append((price, min(size, left)))
        left -= size
    return taken


def _price(order: OrderIntent, market: InstrumentMarket) -> Decimal | None:
    """Return the price an order is valued at: what it takes now on average, else its limit, else the mark."""
    taken = taken_now(market, order)
    instrument = market.instrument
    quantity = sum(size for _, size in taken)
    if quantity and not order.post_only:
        cost = sum(price * size for price, size in taken)
        return Decimal(cost) / quantity / 10**instrument.price_scale
    if order.limit_price is not None:
        return instrument.price(order.limit_price)
    return market.mark()


def _distance(instrument: Instrument, order: OrderIntent, mid: Decimal | None) -> str | None:
    """Return how far the limit is through mid, in percent; negative is behind the market."""
    if order.limit_price is None or not mid:
        return None
    through = sign(order.side) * (instrument.price(order.limit_price) / mid - 1)
    return signed_percent(through)


def _slippage(
    instrument: Instrument, order: OrderIntent, taken: list[tuple[int, int]], mid: Decimal | None
) -> str | None:
    if not taken or mid is None:
        return None
    cost = sum(
        (sign(order.side) * (instrument.price(price) - mid) * instrument.quantity(size))
        for price, size in taken
    )
    return money(Decimal(cost))
