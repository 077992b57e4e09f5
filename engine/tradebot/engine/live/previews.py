"""What an order would cost and whether the gate lets it pass, before anybody sends it."""

from decimal import Decimal
from typing import Literal

from tradebot.data.errors import ScaleError
from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.control.engine import Refused
from tradebot.engine.control.messages import OrderRequest, Preview, Verdict
from tradebot.engine.core.events import PlaceOrder
from tradebot.engine.core.market import InstrumentMarket
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.core.reasons import Because
from tradebot.engine.core.risk import check, collar_price, largest_quantity, reduces_only
from tradebot.engine.core.state import State
from tradebot.engine.core.step import exposure, intent_of, picture
from tradebot.engine.core.types import AccountName, RequestId, sign
from tradebot.engine.live.facts import exact, money, optional, signed_percent
from tradebot.engine.venue.native import Fees

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
    instrument = market.instrument
    try:
        quantity = instrument.quantity_units(request.quantity)
        given = request.limit_price
        price = None if given is None else instrument.price_units(given)
    except ScaleError as error:
        raise Refused("usage", str(error)) from error
    kind: Literal["limit", "market"] = "market" if request.type == "market" else "limit"
    tif = request.tif
    if request.type == "marketable":
        price, tif = marketable_price(state, market, request), "ioc"
    elif request.type == "market":
        if price is not None:
            raise Refused("usage", "a market order has no limit price: leave one of them out")
        tif = "ioc"
    if request.post_only and (kind == "market" or tif != "gtc"):
        raise Refused("usage", "post-only needs a limit order that may rest: --limit P, tif gtc")
    return PlaceOrder(
        request_id=RequestId(request.request_id),
        account=state.account if request.account is None else AccountName(request.account),
        instrument=instrument.id,
        side=request.side,
        type=kind,
        tif=tif,
        quantity=quantity,
        limit_price=price,
        post_only=request.post_only,
        reduce_only=request.reduce_only,
        because=None if not request.note else Because("hand", (("note", request.note),)),
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


def preview(state: State, request: OrderRequest, fees: Fees) -> Preview:
    """Return what the gate says and what the order would cost; nothing is sent.

    Raises:
        Refused: As `parsed`.
    """
    order = intent_of(state, parsed(state, request))
    market = state.market[order.instrument]
    instrument = market.instrument
    view = picture(state, order)
    lines = check(order, view)
    price = _price(order, market)
    equity = state.equity()
    notional = None if price is None else price * instrument.quantity(order.quantity)
    taken = taken_now(market, order)
    takes = bool(taken) and not order.post_only
    rate = fees.taker if takes else fees.maker
    own = exposure(state, order.account, order.instrument)
    adds = not reduces_only(own, order.side, order.quantity)
    bound = largest_quantity(order, view) if adds else None
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
        edge=None,
        risk=None
        if notional is None
        else money(notional * (state.limits.unprotected_risk if adds else 0)),
    )


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
