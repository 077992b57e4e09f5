"""The risk gate: what may go out, why not, and which bound decides the size.

Pure: it is handed a picture of the account and answers. Reducing risk is never held up by a limit meant for adding it.
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Literal

import msgspec

from tradebot.data.instruments import Instrument, Rules
from tradebot.engine.core.limits import Limits
from tradebot.engine.core.market import FeedHealth
from tradebot.engine.core.open_risk import Stop, at_stop, side_risk
from tradebot.engine.core.outcomes import OrderIntent, Replace, Submit
from tradebot.engine.core.types import HAND, SECOND, Side, StreamState, TradingState, sign

QUERY_PATIENCE = 30 * SECOND
"""A venue that owes an answer about the account for longer holds new risk up."""

type DenialCode = Literal[
    "lot_size",
    "min_quantity",
    "max_quantity",
    "tick_size",
    "limit_price_missing",
    "min_notional",
    "reduce_only_would_add",
    "halted",
    "reducing",
    "sleeve_paused",
    "not_armed",
    "no_mandate",
    "mandate_capital",
    "flattening",
    "feed_not_up",
    "unresolved_order",
    "not_reconciled",
    "protect_at",
    "query_unanswered",
    "stream_not_up",
    "clock_offset",
    "equity_unknown",
    "no_mark",
    "price_collar",
    "max_order",
    "max_position",
    "max_gross",
    "max_open_risk",
    "orders_per_minute",
    "unknown_instrument",
    "unknown_account",
    "order_type_unsupported",
    "tif_unsupported",
    "trigger_price_missing",
    "trigger_not_wanted",
    "trail_missing",
    "post_only_stop",
    "expires_missing",
    "expires_past",
    "legs_wrong_side",
    "legs_of_an_exit",
    "parent_not_open",
    "oco_not_open",
    "order_not_open",
    "order_busy",
    "nothing_to_amend",
]
"""Stable reason code of a denial."""


@dataclass(frozen=True, slots=True)
class RiskApproved[T]:
    """An order that has passed the gate: a different type from one that has not.

    Only `approve` makes one; an execution engine takes nothing else.
    """

    item: T
    reduces: bool = False
    """Whether it can only shrink a position: such an order does not wait for the disk."""


class Check(msgspec.Struct, frozen=True):
    """One line of the gate's answer."""

    code: DenialCode
    ok: bool
    text: str


class Exposure(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument of the account as the gate counts it, in quantity units."""

    instrument: Instrument
    quantity: int
    """Signed net position."""
    buy_leaves: int
    """Open buy quantity, unknown orders in full."""
    sell_leaves: int
    mark: Decimal | None
    """Price, None = unknown."""
    long_stops: tuple[Stop, ...] = ()
    """Stops that close a long position, standing or promised with an entry; wherever they live."""
    short_stops: tuple[Stop, ...] = ()
    rate: Decimal | None = Decimal(1)
    """What one of the instrument's currency is worth in the engine's, None = unknown."""

    def worst(self, extra: int = 0) -> int:
        """Return the largest absolute position that open orders and `extra` (signed) can lead to."""
        long = self.quantity + self.buy_leaves + max(extra, 0)
        short = self.quantity - self.sell_leaves + min(extra, 0)
        return max(abs(long), abs(short))


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """What the gate sees of the account when it judges one order."""

    now: int
    limits: Limits
    state: TradingState
    sleeve_paused: bool
    flattening: bool
    feed: FeedHealth
    unresolved: bool
    """Whether an order of this instrument and account is unknown."""
    reconciled: bool = True
    """Whether the venue has told what the account holds since the engine started."""
    equity: Decimal | None
    exposures: tuple[Exposure, ...]
    """Every instrument with a position or an open order, and the order's own."""
    best_bid: int | None
    best_ask: int | None
    worst_fill: int | None
    """Worst price level a market order would reach in the displayed book, None = beyond it."""
    orders_last_minute: int
    """Orders of the same kind of owner (hand or this sleeve) sent in the last minute."""
    armed: bool = True
    """Whether a hand may add risk: False in LIVE while nobody has armed."""
    mandated: bool = True
    """Whether a sleeve may add risk: False in LIVE without a valid mandate."""
    capital_left: Decimal | None = None
    """What a sleeve's mandate leaves for this order, in the quote currency; None: no such bound."""
    stream: StreamState | None = "up"
    """Health of the account's private stream; None: not told, and needed."""
    clock: str = ""
    """What is wrong with the clock against the venue's; empty: nothing, or not watched."""
    query_late: bool = False
    """Whether the venue has owed an answer about the account for too long."""
    protected_here: bool = False
    """Whether a stop of this order would live in this engine only though it belongs at the broker."""
    own_quantity: int = 0
    """Signed holding of the order's owner in the order's instrument."""
    own_leaves: int = 0
    """Open quantity of that owner on the order's side."""


def check(order: OrderIntent, picture: Picture) -> list[Check]:
    """Return every line of the gate's answer; the order passes when all are ok.

    Args:
        order: The order as decided; quantity and price in units.
        picture: The account now, without this order.
    """
    exposure = _own_exposure(order, picture)
    lines = _rules_of_the_venue(order, exposure.instrument.rules_at(picture.now), exposure)
    reduces = reduces_only(exposure, order.side, order.quantity)
    if order.reduce_only:
        lines.append(
            _line(
                "reduce_only_would_add",
                reduces,
                f"reduce-only {order.side} of {_qty(exposure, order.quantity)} against a position of "
                f"{_qty(exposure, exposure.quantity)} with {_qty(exposure, _same_side(exposure, order.side))} "
                "already working: lower the quantity",
            )
        )
    lines.append(_collar(order, picture, exposure))
    if picture.protected_here:
        text = "its stop lives in this engine only: it protects nothing while the engine is down"
        lines.append(_line("protect_at", ok=True, text=text))
    if reduces:
        lines += _state_for_exits(order, picture)
    elif own_exit(order, picture):
        lines += _state_for_exits(order, picture)
        lines += _size_limits(order, picture, OF_THE_ACCOUNT)
    else:
        lines += _state_for_new_risk(order, picture)
        lines += _size_limits(order, picture)
    return lines


def approve(order: OrderIntent, picture: Picture) -> RiskApproved[Submit] | Check:
    """Return the order as approved, or the first line that refuses it."""
    for line in check(order, picture):
        if not line.ok:
            return line
    exposure = _own_exposure(order, picture)
    return RiskApproved(
        Submit(order=order), reduces=reduces_only(exposure, order.side, order.quantity)
    )


def approve_replace(
    order: OrderIntent, picture: Picture, known_filled: int
) -> RiskApproved[Replace] | Check:
    """Return an order that takes the place of another as approved, or the first line that refuses it.

    Args:
        order: The new order; its `replaces` names the old one.
        picture: The account now, without the old order.
        known_filled: What is known to be filled of the old order, in units.
    """
    verdict = approve(order, picture)
    if isinstance(verdict, Check):
        return verdict
    return RiskApproved(Replace(order=order, known_filled=known_filled), verdict.reduces)


def reduces_only(exposure: Exposure, side: Side, quantity: int) -> bool:
    """Return whether an order can only shrink the position, with all working orders counted."""
    return quantity <= _shrinkable(exposure, side)


def own_exit(order: OrderIntent, picture: Picture) -> bool:
    """Return whether an order can only shrink what its own owner holds.

    Where owners stand against each other the account's net is smaller than what each holds: a long sleeve must get out
    though a hand is short. Such an order passes as an exit while the account's position and gross stay within limits.
    """
    own = -picture.own_quantity * sign(order.side) - picture.own_leaves
    return not order.reduce_only and order.quantity <= own


def _shrinkable(exposure: Exposure, side: Side) -> int:
    """Return the largest quantity of a side that can only shrink the position; 0 or less: none."""
    return -exposure.quantity * sign(side) - _same_side(exposure, side)


def _same_side(exposure: Exposure, side: Side) -> int:
    return exposure.buy_leaves if side == "buy" else exposure.sell_leaves


def _own_exposure(order: OrderIntent, picture: Picture) -> Exposure:
    for exposure in picture.exposures:
        if exposure.instrument.id == order.instrument:
            return exposure
    raise LookupError(f"picture must hold an exposure of {order.instrument}")


# ------------------------------------------------------------------------------------ single lines


def venue_rules(order: OrderIntent, instrument: Instrument, now: int) -> list[Check]:
    """Return the lines of the venue's own rules: lot, least and most quantity, tick, notional."""
    nothing = Exposure(instrument=instrument, quantity=0, buy_leaves=0, sell_leaves=0, mark=None)
    return _rules_of_the_venue(order, instrument.rules_at(now), nothing)


def _rules_of_the_venue(order: OrderIntent, rules: Rules, exposure: Exposure) -> list[Check]:
    instrument = exposure.instrument
    quantity = _qty(exposure, order.quantity)
    lines = [
        _line(
            "lot_size",
            order.quantity > 0 and order.quantity % rules.lot == 0,
            f"quantity {quantity} must be a positive multiple of {_qty(exposure, rules.lot)}",
        ),
        _line(
            "min_quantity",
            order.quantity >= rules.quantity_min,
            f"quantity {quantity} must be at least {_qty(exposure, rules.quantity_min)}",
        ),
        _line(
            "max_quantity",
            order.quantity <= rules.quantity_max,
            f"quantity {quantity} must be at most {_qty(exposure, rules.quantity_max)}",
        ),
    ]
    at = order.limit_price
    if order.type in {"limit", "stop_limit"} and at is None:
        missing = f"a {order.type} order needs a limit price"
        return [*lines, _line("limit_price_missing", ok=False, text=missing)]
    if order.type in {"stop", "trailing_stop"}:
        at = order.trigger_price
    if order.type == "market" or at is None:
        return lines
    price = instrument.price(at)
    notional = instrument.notional(at, order.quantity)
    return [
        *lines,
        _line(
            "tick_size",
            at > 0 and at % rules.tick == 0,
            f"price {price} must be a positive multiple of {instrument.price(rules.tick)}",
        ),
        _line(
            "min_notional",
            notional >= rules.notional_min,
            f"notional {notional:f} must be at least {rules.notional_min} {instrument.currency}",
        ),
    ]


def _state_for_exits(order: OrderIntent, picture: Picture) -> list[Check]:
    return [
        _line(
            "halted",
            picture.state != "HALTED" or order.reduce_only,
            "the engine is HALTED: only reduce-only orders pass; `tradebot resume --reason ...` lifts it",
        )
    ]


def _state_for_new_risk(order: OrderIntent, picture: Picture) -> list[Check]:
    return [
        _line(
            "halted",
            picture.state != "HALTED",
            "the engine is HALTED: no new risk; `tradebot resume --reason ...` lifts it",
        ),
        _line(
            "reducing",
            picture.state != "REDUCING",
            "the engine is REDUCING: only what shrinks a position; `tradebot resume --reason ...` lifts it",
        ),
        _line(
            "flattening",
            not picture.flattening,
            "the position is being flattened: no new risk until that has ended",
        ),
        _line(
            "sleeve_paused",
            not picture.sleeve_paused,
            f"sleeve {order.owner} is paused; `tradebot resume {order.owner}` lifts it",
        ),
        *_authority(order, picture),
        _line(
            "feed_not_up",
            picture.feed == "up",
            f"market data of {order.instrument} is {picture.feed}: no new risk until it is up",
        ),
        _line(
            "unresolved_order",
            not picture.unresolved,
            f"an order in {order.instrument} is unknown at the venue: no new risk until it is resolved",
        ),
        _line(
            "not_reconciled",
            picture.reconciled,
            "the venue has not yet told what the account holds: no new risk before that",
        ),
        *_connection(order, picture),
        _line(
            "equity_unknown",
            picture.equity is not None and picture.equity > 0,
            f"equity is {'unknown' if picture.equity is None else picture.equity}: "
            "limits in percent of it cannot be kept",
        ),
        _line(
            "orders_per_minute",
            picture.orders_last_minute < _rate(order, picture.limits),
            f"{picture.orders_last_minute} orders in the last minute, at most {_rate(order, picture.limits)}",
        ),
    ]


def _authority(order: OrderIntent, picture: Picture) -> list[Check]:
    """Return who may add risk in LIVE."""
    if order.owner == HAND:
        text = "hands are not armed: `tradebot arm` lets them add risk for a while"
        return [_line("not_armed", picture.armed, text)]
    text = f"sleeve {order.owner} has no mandate: it runs as a shadow, only its exits are sent"
    return [_line("no_mandate", picture.mandated, text)]


def _connection(order: OrderIntent, picture: Picture) -> list[Check]:
    """Return whether the ways to the account are well."""
    return [
        _line(
            "stream_not_up",
            picture.stream == "up",
            f"private stream of {order.account} is {picture.stream or 'not up yet'}: "
            "no new risk until it is up",
        ),
        _line(
            "query_unanswered",
            not picture.query_late,
            f"the venue owes an answer about {order.account} for more than "
            f"{QUERY_PATIENCE // SECOND} s: no new risk before it",
        ),
        _line("clock_offset", not picture.clock, f"{picture.clock}: no new risk until it is right"),
    ]


def _rate(order: OrderIntent, limits: Limits) -> int:
    hand = order.owner == HAND
    return limits.orders_per_minute_hand if hand else limits.orders_per_minute_sleeve


def collar_fraction(limits: Limits, best_bid: int, best_ask: int) -> Decimal:
    """Return how far through mid a price may go in a two-sided market, as a fraction of mid."""
    mid = Decimal(best_bid + best_ask) / 2
    wide = Decimal(best_ask - best_bid) / mid > limits.wide_spread
    return limits.price_collar_wide if wide else limits.price_collar


def collar_price(limits: Limits, side: Side, best_bid: int, best_ask: int, tick: int) -> int:
    """Return the farthest price through mid that an order may have, on the tick, in price units."""
    mid = Decimal(best_bid + best_ask) / 2
    bound = mid * (1 + sign(side) * collar_fraction(limits, best_bid, best_ask)) / tick
    inward = ROUND_FLOOR if side == "buy" else ROUND_CEILING
    return int(bound.to_integral_value(inward)) * tick


def _collar(order: OrderIntent, picture: Picture, exposure: Exposure) -> Check:
    instrument = exposure.instrument
    if order.type in {"stop", "trailing_stop"}:
        return _line("price_collar", ok=True, text="a stop waits for its price")
    if order.type == "stop_limit" and order.trigger_price is not None:
        # It is sent when the market is at its trigger: from there its limit is measured.
        fraction = picture.limits.price_collar
        mid = Decimal(order.trigger_price)
    elif picture.best_bid is not None and picture.best_ask is not None:
        fraction = collar_fraction(picture.limits, picture.best_bid, picture.best_ask)
        mid = Decimal(picture.best_bid + picture.best_ask) / 2
    elif exposure.mark is not None:
        # Without two sides there is no mid; the last trade is the best that is known.
        fraction = picture.limits.price_collar_wide
        mid = exposure.mark.scaleb(instrument.price_scale)
    else:
        # New risk is stopped for want of a mark; exits are not held up.
        return _line("price_collar", ok=True, text="")
    worst = picture.worst_fill if order.type == "market" else order.limit_price
    if order.reduce_only and order.type == "market":
        # Whoever insists on getting out gets out; an order that may add risk is held to the collar.
        return _line("price_collar", ok=True, text="a reduce-only market order is not held")
    if worst is None:
        reach = "beyond the displayed book" if order.type == "market" else "unknown"
        return _line("price_collar", ok=False, text=f"the order would fill {reach}: use a limit")
    bound = mid * (1 + sign(order.side) * fraction)
    inside = worst <= bound if order.side == "buy" else worst >= bound
    return _line(
        "price_collar",
        inside,
        f"price {instrument.price(worst)} must be within {percent(fraction)} of mid "
        f"{_price(instrument, mid)}: at {'most' if order.side == 'buy' else 'least'} "
        f"{_price(instrument, bound)}",
    )


# ------------------------------------------------------------------------------------ sizes


OF_THE_ACCOUNT: frozenset[DenialCode] = frozenset({"max_position", "max_gross"})
"""Limits that an owner's exit keeps where it is more than the account's net."""

_MEASURED: dict[DenialCode, str] = {
    "max_order": "this order",
    "max_position": "the position with working orders",
    "max_gross": "gross exposure with working orders",
    "max_open_risk": "open risk with working orders",
}


class Bound(msgspec.Struct, frozen=True):
    """One limit's largest notional for this order, in the quote currency."""

    code: DenialCode
    used: Decimal
    """What the limit measures with this order in, as a fraction of equity."""
    cap: Decimal
    """The limit, as a fraction of equity."""
    notional_max: Decimal
    """Largest notional this order may have under this limit alone; 0 or less: none that adds risk."""


def bounds(order: OrderIntent, picture: Picture) -> list[Bound]:
    """Return what each size limit says of an order that adds risk; empty where equity or a mark is unknown."""
    exposure = _own_exposure(order, picture)
    price = _valuation(order, exposure)
    if picture.equity is None or picture.equity <= 0 or price is None:
        return []
    if any(_worst_notional(other) is None for other in picture.exposures):
        return []
    equity, limits = picture.equity, picture.limits
    extra = sign(order.side) * order.quantity
    own = _notional(exposure, order.quantity, price)
    after = _notional(exposure, exposure.worst(extra), price)
    gross_others = _sum_worst(picture.exposures, but=exposure)
    return [
        Bound("max_order", own / equity, limits.max_order, limits.max_order * equity),
        Bound(
            "max_position",
            after / equity,
            limits.max_position,
            _room(exposure, order.side, price, limits.max_position * equity),
        ),
        Bound(
            "max_gross",
            (gross_others + after) / equity,
            limits.max_gross,
            _room(exposure, order.side, price, limits.max_gross * equity - gross_others),
        ),
        _risk_bound(order, picture, price, equity),
    ]


def _risk_bound(order: OrderIntent, picture: Picture, price: Decimal, equity: Decimal) -> Bound:
    """Return what open risk says: to its stop where the order brings one, else a share of its notional."""
    exposure, limits = _own_exposure(order, picture), picture.limits
    share = limits.unprotected_risk
    others = sum(
        (
            exposure_risk(other, other.mark, share)
            for other in picture.exposures
            if other is not exposure and other.mark is not None
        ),
        Decimal(0),
    )
    most = limits.max_open_risk * equity
    own = own_stop(order)
    if own is None:
        after = exposure_risk(exposure, price, share, sign(order.side) * order.quantity)
        # What stops save of the standing position is room for this order.
        plain = _notional(exposure, exposure.worst(), price) * share
        saved = plain - exposure_risk(exposure, price, share)
        room = _room(exposure, order.side, price, (most - others + saved) / share)
    else:
        standing = exposure_risk(exposure, price, share)
        entry = price if order.limit_price is None else exposure.instrument.price(order.limit_price)
        stop = exposure.instrument.price(own)
        lost = at_stop(exposure.instrument, order.quantity, entry, stop, sign(order.side))
        after = standing + lost
        notional = _notional(exposure, order.quantity, price)
        rate = lost / notional if notional else Decimal(0)
        room = max(most - others - standing, Decimal(0)) / rate if rate else most / share
    return Bound("max_open_risk", (others + after) / equity, limits.max_open_risk, room)


def own_stop(order: OrderIntent) -> int | None:
    """Return the trigger of the stop an order brings with it, in price units; None where it brings none."""
    legs, entry = order.legs, order.limit_price or order.trigger_price
    if legs is None:
        return None
    if legs.stop_loss is not None or legs.trail is None or entry is None:
        return legs.stop_loss
    return entry - sign(order.side) * legs.trail


def exposure_risk(
    exposure: Exposure, price: Decimal, unprotected: Decimal, extra: int = 0
) -> Decimal:
    """Return what an instrument can lose at worst if every stop is hit, working orders in, in the engine's currency.

    Args:
        exposure: Position, working orders and stops.
        price: What it is valued at.
        unprotected: Share of notional that a position without a stop is counted to lose.
        extra: One more order without a stop, signed, in units.
    """
    long = exposure.quantity + exposure.buy_leaves + max(extra, 0)
    short = -exposure.quantity + exposure.sell_leaves + max(-extra, 0)
    what = exposure.instrument
    worst = max(
        side_risk(what, long, price, exposure.long_stops, 1, unprotected),
        side_risk(what, short, price, exposure.short_stops, -1, unprotected),
    )
    return worst * (exposure.rate or Decimal(0))


def largest_quantity(order: OrderIntent, picture: Picture) -> tuple[DenialCode, int] | None:
    """Return which limit binds the size and the largest quantity it leaves, in units, on the lot.

    What only shrinks the position always fits. None where equity or a mark is unknown, so that no figure is invented.
    """
    lines = bounds(order, picture)
    exposure = _own_exposure(order, picture)
    price = _valuation(order, exposure)
    if not lines or price is None:
        return None
    tightest = min(lines, key=lambda bound: bound.notional_max)
    unit = _notional(exposure, 1, price)
    lot = exposure.instrument.rules_at(picture.now).lot
    adding = int((tightest.notional_max / unit).to_integral_value(ROUND_FLOOR))
    units = max(adding, _shrinkable(exposure, order.side))
    return tightest.code, units - units % lot


def _size_limits(
    order: OrderIntent, picture: Picture, codes: frozenset[DenialCode] | None = None
) -> list[Check]:
    """Return what the size limits say; of an exit by its owner those in `codes` alone."""
    if picture.equity is None or picture.equity <= 0:
        unknown = "equity is unknown: an exit that turns the account's net cannot be measured"
        return [] if codes is None else [_line("equity_unknown", ok=False, text=unknown)]
    lines = bounds(order, picture)
    if not lines:
        missing = [
            other.instrument.id for other in picture.exposures if _worst_notional(other) is None
        ]
        what = ", ".join(missing) or order.instrument
        return [_line("no_mark", ok=False, text=f"no price to value {what}: limits cannot be kept")]
    return [
        _line(
            bound.code,
            bound.used <= bound.cap,
            f"{_MEASURED[bound.code]} would be {percent_up(bound.used)} of equity, "
            f"at most {percent(bound.cap)}",
        )
        for bound in lines
        if codes is None or bound.code in codes
    ] + (_capital(order, picture) if codes is None else [])


def _capital(order: OrderIntent, picture: Picture) -> list[Check]:
    """Return whether the order fits into the capital of the sleeve's mandate."""
    exposure = _own_exposure(order, picture)
    price = _valuation(order, exposure)
    if picture.capital_left is None or price is None:
        return []
    own = _notional(exposure, order.quantity, price)
    return [
        _line(
            "mandate_capital",
            own <= picture.capital_left,
            f"this order is {own:f}, the mandate of {order.owner} leaves {picture.capital_left:f}",
        )
    ]


def _valuation(order: OrderIntent, exposure: Exposure) -> Decimal | None:
    """Return the price an order is valued at: its limit where that is worse than the mark."""
    at = order.trigger_price if order.limit_price is None else order.limit_price
    limit = None if at is None else exposure.instrument.price(at)
    if exposure.mark is None or exposure.rate is None:
        return None
    return exposure.mark if limit is None else max(limit, exposure.mark)


def _notional(exposure: Exposure, units: int, price: Decimal) -> Decimal:
    """Return what units are worth at a price, in the engine's currency; its rate must be known."""
    instrument = exposure.instrument
    value = abs(instrument.quantity(units)) * price * instrument.multiplier
    return value * (exposure.rate or Decimal(0))


def _room(exposure: Exposure, side: Side, price: Decimal, most: Decimal) -> Decimal:
    """Return the notional an order that adds risk may have while the worst position stays within `most`."""
    if _notional(exposure, exposure.worst(), price) > most:
        return Decimal(0)
    shrinkable = _shrinkable(exposure, side)
    standing = _notional(exposure, shrinkable, price)
    return most + standing if shrinkable > 0 else most - standing


def _worst_notional(exposure: Exposure) -> Decimal | None:
    worst = exposure.worst()
    if worst == 0:
        return Decimal(0)
    if exposure.mark is None or exposure.rate is None:
        return None
    return _notional(exposure, worst, exposure.mark)


def _sum_worst(exposures: tuple[Exposure, ...], *, but: Exposure) -> Decimal:
    total = Decimal(0)
    for exposure in exposures:
        if exposure is not but:
            total += _worst_notional(exposure) or Decimal(0)
    return total


def percent(fraction: Decimal) -> str:
    """Return a fraction as percent text with two decimals."""
    return f"{fraction * 100:.2f} %"


def percent_up(fraction: Decimal) -> str:
    """Return a fraction as percent text rounded up, so that what is over a cap also reads so."""
    return f"{(fraction * 100).quantize(_HUNDREDTH, rounding=ROUND_CEILING)} %"


_HUNDREDTH = Decimal("0.01")

PASSED: dict[DenialCode, str] = {
    "lot_size": "lot",
    "min_quantity": "minimum quantity",
    "max_quantity": "maximum quantity",
    "tick_size": "tick",
    "min_notional": "minimum notional",
    "reduce_only_would_add": "only reduces",
    "halted": "not halted",
    "reducing": "not reducing",
    "flattening": "not flattening",
    "sleeve_paused": "not paused",
    "not_armed": "armed, or no need to",
    "no_mandate": "mandate, or no need of one",
    "mandate_capital": "within the mandate's capital",
    "stream_not_up": "private stream up",
    "query_unanswered": "account answers",
    "clock_offset": "clock right",
    "feed_not_up": "market data up",
    "unresolved_order": "no unknown order",
    "not_reconciled": "account confirmed",
    "equity_unknown": "equity known",
    "price_collar": "inside the collar",
    "orders_per_minute": "order rate",
}
"""What a line says of an order that passes it; sizes say their figures."""


def _line(code: DenialCode, ok: bool, text: str) -> Check:  # noqa: FBT001
    return Check(code, ok, PASSED.get(code, text) if ok else text)


def _qty(exposure: Exposure, units: int) -> str:
    return f"{exposure.instrument.quantity(units).normalize():f}"


def _price(instrument: Instrument, units: Decimal) -> str:
    return f"{units.scaleb(-instrument.price_scale):.{instrument.price_scale}f}"
