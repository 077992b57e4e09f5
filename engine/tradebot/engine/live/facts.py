"""The kernel's state as facts for clients: exact decimals as text, times as ISO 8601 UTC, None for unknown."""

from collections.abc import Callable
from decimal import Decimal

from tradebot.data.instruments import Instrument
from tradebot.engine.control.messages_facts import (
    FeedFacts,
    FillFacts,
    LimitFacts,
    OrderFacts,
    PositionFacts,
    SleeveFacts,
)
from tradebot.engine.core.events import OrderFilled
from tradebot.engine.core.exposures import exposures
from tradebot.engine.core.ledger import MONEY, ZERO, Position, PositionKey
from tradebot.engine.core.orders import Order
from tradebot.engine.core.outcomes import FillBooked
from tradebot.engine.core.picture import Exposure
from tradebot.engine.core.returns import below
from tradebot.engine.core.state import SleeveState, State
from tradebot.engine.core.types import MINUTE, MS, ClientOrderId, Owner
from tradebot.engine.journal.export import iso
from tradebot.engine.live.protection import open_risk, protected_at
from tradebot.engine.live.runtime import ConnectedVenue

_CENT = Decimal("0.01")


def order_facts(state: State, order: Order, venue: ConnectedVenue | None) -> OrderFacts:
    """Return one order as the command line's contract names it."""
    intent = order.intent
    instrument = state.instruments[intent.instrument]
    ahead = None
    if venue is not None and order.is_open and order.state != "created":
        ahead = venue.queue_ahead(intent.client_order_id)
    return OrderFacts(
        client_order_id=intent.client_order_id,
        request_id=intent.request_id,
        venue_order_id=order.venue_order_id,
        bet_id=intent.bet_id,
        account=intent.account,
        instrument=intent.instrument,
        owner=intent.owner,
        policy_version=intent.policy_version,
        side=intent.side,
        type=intent.type,
        tif=intent.tif,
        post_only=intent.post_only,
        reduce_only=intent.reduce_only,
        quantity=f"{instrument.quantity(intent.quantity):f}",
        filled=f"{instrument.quantity(order.filled):f}",
        average_price=_average(instrument, order),
        limit_price=None
        if intent.limit_price is None
        else str(instrument.price(intent.limit_price)),
        trigger_price=None
        if intent.trigger_price is None
        else str(instrument.price(intent.trigger_price)),
        lives_at=order.lives_at,
        state=order.state,
        reason=order.reason,
        because=None if intent.because is None else intent.because.text(),
        created=iso(intent.created),
        updated=iso(order.updated),
        queue_ahead=None if ahead is None else f"{instrument.quantity(ahead):f}",
        trail=None if intent.trail is None else str(instrument.price(intent.trail)),
        expires=None if intent.expires is None else iso(intent.expires),
        attended=intent.attended,
        replaces=intent.replaces,
        role=intent.role,
        parent=intent.parent,
        oco=intent.oco,
    )


def _average(instrument: Instrument, order: Order) -> str | None:
    if not order.filled:
        return None
    price = Decimal(order.cost) / order.filled
    return str(
        price.scaleb(-instrument.price_scale).quantize(Decimal(1).scaleb(-instrument.price_scale))
    )


def fill_facts(state: State, seq: int, event: OrderFilled, booked: FillBooked) -> FillFacts:
    """Return one execution as it was booked."""
    instrument = state.instruments[event.instrument]
    return FillFacts(
        execution_id=event.execution_id,
        client_order_id=event.client_order_id,
        venue_order_id=event.venue_order_id,
        bet_id=booked.bet_id,
        account=event.account,
        instrument=event.instrument,
        owner=booked.owner,
        side=event.side,
        quantity=f"{instrument.quantity(event.quantity):f}",
        price=str(instrument.price(event.price)),
        fee=f"{event.fee:f}",
        fee_currency=event.fee_currency,
        liquidity=event.liquidity,
        source=event.source,
        ts_event=iso(event.ts_event),
        ts_recv=iso(event.ts_recv),
        seq=seq,
    )


def position_facts(state: State, key: PositionKey, position: Position) -> PositionFacts:
    """Return one position; a closed one has quantity 0 and keeps its realized profit."""
    account, symbol, owner = key
    instrument = state.instruments[symbol]
    market = state.market.get(symbol)
    mark = None if market is None else market.mark()
    place = protected_at(state, account, symbol, owner, position.quantity)
    return PositionFacts(
        account=account,
        instrument=symbol,
        owner=owner,
        quantity=f"{instrument.quantity(position.quantity):f}",
        average_price=_average_cost(instrument, position),
        mark=None if mark is None else _rounded(mark, instrument.price_scale),
        realized_pnl=exact(MONEY.subtract(position.realized, position.fees)),
        unrealized_pnl=optional(exact, unrealized(instrument, position, mark)),
        currency=instrument.currency,
        protected=place is not None,
        protected_at=place,
    )


def _average_cost(instrument: Instrument, position: Position) -> str | None:
    if position.quantity == 0:
        return None
    held = instrument.quantity(position.quantity) * instrument.multiplier
    return _rounded(position.cost / held, instrument.price_scale)


def unrealized(instrument: Instrument, position: Position, mark: Decimal | None) -> Decimal | None:
    """Return quantity x mark x multiplier - cost; 0 when flat, None without a mark."""
    if position.quantity == 0:
        return ZERO
    if mark is None:
        return None
    value = MONEY.multiply(instrument.quantity(position.quantity), mark)
    return MONEY.subtract(MONEY.multiply(value, instrument.multiplier), position.cost)


def totals(state: State) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """Return realized profit before fees, unrealized profit, and fees, over all accounts and owners.

    In the engine's currency; None where a rate or a mark is unknown.
    """
    sums: list[Decimal | None] = [ZERO, ZERO, ZERO]
    rates = state.rates()
    for (_, symbol, _), position in state.ledger.positions():
        instrument = state.instruments[symbol]
        market = state.market.get(symbol)
        mark = None if market is None else market.mark()
        parts = (position.realized, unrealized(instrument, position, mark), position.fees)
        for index, part in enumerate(parts):
            worth = None
            if part is not None and rates is not None:
                worth = rates.value(part, instrument.currency, state.currency)
            before = sums[index]
            sums[index] = None if worth is None or before is None else before + worth
    return sums[0], sums[1], sums[2]


def notional(exposure: Exposure) -> Decimal | None:
    """Return what a position is worth in the engine's currency, unsigned; None while a mark or rate is missing."""
    if exposure.quantity == 0:
        return ZERO
    if exposure.mark is None or exposure.rate is None:
        return None
    instrument = exposure.instrument
    held = abs(instrument.quantity(exposure.quantity))
    return held * exposure.mark * instrument.multiplier * exposure.rate


def _notionals(state: State) -> list[Decimal | None]:
    return [notional(one) for account in state.accounts for one in exposures(state, account)]


def gross(state: State) -> Decimal | None:
    """Return the summed notional of positions of all accounts; None while a mark or rate is missing."""
    total = ZERO
    for size in _notionals(state):
        if size is None:
            return None
        total += size
    return total


def sleeve_facts(sleeve: SleeveState) -> SleeveFacts:
    """Return one sleeve."""
    started = sleeve.started
    running = "failed" if sleeve.failed else "paused" if sleeve.paused is not None else "running"
    return SleeveFacts(
        name=started.name,
        policy=started.policy,
        version=started.version,
        state=running,
        reason=sleeve.paused,
        orders=sleeve.orders,
        fills=sleeve.filled_orders,
    )


def feed_facts(state: State, now: int) -> list[FeedFacts]:
    """Return the health of every instrument's feed."""
    return [
        FeedFacts(
            name=market.instrument.id,
            state=market.health(now),
            age_ms=None if market.updated is None else (now - market.updated) // MS,
            gaps=market.gaps,
        )
        for market in state.market.all()
    ]


def limit_facts(state: State, now: int) -> list[LimitFacts]:
    """Return limits, used against cap, those a screen shows."""
    limits, equity = state.limits, state.equity()
    total = gross(state)
    share = None if total is None or not equity else total / equity
    largest = _largest(state, equity)
    lost = open_risk(state)
    risk = None if lost is None or not equity else lost / equity
    # After a halt was lifted both are measured anew, as the gate does.
    start = state.day_start if state.loss_from is None else state.loss_from
    peak = state.peak if state.drawdown_from is None else state.drawdown_from
    loss = None if equity is None or start is None else below(equity, start)
    drawdown = None if equity is None or peak is None else below(equity, peak)
    hand = sum(1 for sent in state.sent.get(Owner("hand"), ()) if sent > now - MINUTE)
    return [
        _percent_limit("gross", share, limits.max_gross),
        _percent_limit("position", largest, limits.max_position),
        _percent_limit("open risk", risk, limits.max_open_risk),
        _percent_limit("day loss", loss, limits.day_loss),
        _percent_limit("drawdown", drawdown, limits.drawdown),
        LimitFacts(
            name="orders/min", used=str(hand), cap=str(limits.orders_per_minute_hand), unit="count"
        ),
        LimitFacts(
            name="rejects",
            used=str(state.rejects_in_row),
            cap=str(limits.rejects_in_row),
            unit="count",
        ),
    ]


def _largest(state: State, equity: Decimal | None) -> Decimal | None:
    sizes = _notionals(state)
    if not equity or any(size is None for size in sizes):
        return None
    return max((size for size in sizes if size is not None), default=ZERO) / equity


def _percent_limit(name: str, used: Decimal | None, cap: Decimal | None) -> LimitFacts:
    return LimitFacts(
        name=name,
        used=None if used is None else percent(used),
        cap=None if cap is None else percent(cap),
        unit="%",
    )


def percent(fraction: Decimal) -> str:
    """Return a fraction as percent digits with two decimals."""
    return f"{fraction * 100:.2f}"


def signed_percent(fraction: Decimal) -> str:
    """Return a fraction as signed percent digits with two decimals; zero has a plus."""
    text = f"{fraction * 100:+.2f}"
    return "+0.00" if text == "-0.00" else text


def money(amount: Decimal) -> str:
    """Return money for people: two decimals; the ledger keeps every digit."""
    rounded = amount.quantize(_CENT)
    return str(abs(rounded) if rounded == 0 else rounded)


def exact(amount: Decimal) -> str:
    """Return every digit the ledger keeps, without padding zeros."""
    return f"{amount.normalize():f}" if amount else "0"


def optional(as_text: Callable[[Decimal], str], amount: Decimal | None) -> str | None:
    """Return an amount as text, None where unknown."""
    return None if amount is None else as_text(amount)


def short(client_order_id: ClientOrderId) -> str:
    """Return an order id as people say it: without prefix and engine id."""
    return f"#{client_order_id[7:]}"


def _rounded(value: Decimal, scale: int) -> str:
    return str(value.quantize(Decimal(1).scaleb(-scale)))
