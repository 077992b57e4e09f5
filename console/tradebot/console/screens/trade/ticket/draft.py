"""An order being written: pure steps from one draft to the next."""

from decimal import Decimal, InvalidOperation
from typing import Literal

import msgspec

from tradebot.engine.control.messages_frame import InstrumentView
from tradebot.engine.control.messages_orders import OrderRequest

type Side = Literal["buy", "sell"]
type OrderType = Literal["limit", "market"]
type TimeInForce = Literal["gtc", "ioc", "fok"]
type Field = Literal[
    "quantity",
    "type",
    "price",
    "tif",
    "post_only",
    "reduce_only",
    "stop",
    "target",
    "edge",
    "risk",
]

FIELDS: tuple[Field, ...] = (
    "quantity",
    "type",
    "price",
    "tif",
    "post_only",
    "reduce_only",
    "stop",
    "target",
    "edge",
    "risk",
)
FIGURES: frozenset[Field] = frozenset({"quantity", "price", "stop", "target", "edge", "risk"})
"""Fields that digits are typed into; each is an attribute of the draft."""
TYPES: tuple[OrderType, ...] = ("limit", "market")
TIFS: tuple[TimeInForce, ...] = ("gtc", "ioc", "fok")
FIGURE_CHARS_MAX = 18
"""Longest figure a field takes: what an i64 of units holds."""
STEP_NOTIONAL_MIN = Decimal(10)
"""A quantity step is the smallest lot times a power of ten that is worth at least this, in the quote currency."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the ticket; figures as typed."""

    instrument: str
    side: Side
    quantity: str = ""
    type: OrderType = "limit"
    price: str = ""
    tif: TimeInForce = "gtc"
    post_only: bool = False
    reduce_only: bool = False
    stop: str = ""
    """Trigger of the stop that protects what fills; empty: none."""
    target: str = ""
    """Limit of the target for what fills; empty: none."""
    edge: str = ""
    """Chance to win as the trader states it, in percent; empty: not stated."""
    risk: str = ""
    """Percent of equity to lose at the stop: sets the quantity; empty: the quantity is typed."""
    field: Field = "quantity"
    fresh: bool = True
    """Whether the next digit starts the figure anew."""


def fields_of(draft: Draft) -> tuple[Field, ...]:
    """Return the fields that can be reached: a market order has no price and no post-only."""
    hidden = ("price", "post_only", "tif") if draft.type == "market" else ()
    return tuple(name for name in FIELDS if name not in hidden)


def moved(draft: Draft, by: int) -> Draft:
    """Return the draft with the next (by > 0) or previous field under the cursor."""
    reachable = fields_of(draft)
    at = reachable.index(draft.field) if draft.field in reachable else 0
    field = reachable[(at + by) % len(reachable)]
    return msgspec.structs.replace(draft, field=field, fresh=True)


def typed(draft: Draft, text: str) -> Draft:
    """Return the draft with digits typed into its figure; anything that is no figure is left out."""
    if draft.field not in FIGURES:
        return draft
    before = "" if draft.fresh else _figure(draft)
    after = before
    for char in text:
        if char.isascii() and (char.isdigit() or (char == "." and "." not in after)):
            after += char
    if after == before and not draft.fresh:
        return draft
    return _with_figure(draft, after[:FIGURE_CHARS_MAX], fresh=False)


def erased(draft: Draft) -> Draft:
    """Return the draft with the last digit gone."""
    return _with_figure(draft, _figure(draft)[:-1], fresh=False)


def at_field(draft: Draft, field: Field) -> Draft:
    """Return the draft with a field under the cursor, if it can be reached."""
    reachable = field in fields_of(draft)
    return msgspec.structs.replace(draft, field=field, fresh=True) if reachable else draft


def sized(draft: Draft, quantity: str) -> Draft:
    """Return the draft with the quantity that its risk came to: from here on it is an exact order."""
    return msgspec.structs.replace(draft, quantity=quantity, risk="") if draft.risk else draft


def stepped(draft: Draft, instrument: InstrumentView, reference: str | None, by: int) -> Draft:
    """Return the draft with the quantity one step more (by > 0) or less, never below one lot."""
    step = quantity_step(instrument, reference)
    now = _decimal(draft.quantity) or Decimal(0)
    least = Decimal(instrument.lot)
    quantity = max(least, now + by * step)
    return msgspec.structs.replace(draft, quantity=_plain(quantity), risk="", fresh=True)


def ticked(draft: Draft, instrument: InstrumentView, by: int) -> Draft:
    """Return the draft with the price under the cursor, else its limit, a tick up (by > 0) or down, never below one."""
    name = draft.field if draft.field in ("stop", "target") else "price"
    now = _decimal(getattr(draft, name))
    if now is None or (name == "price" and draft.type == "market"):
        return draft
    tick = Decimal(instrument.tick)
    text = f"{max(tick, now + by * tick):.{instrument.price_decimals}f}"
    return msgspec.structs.replace(draft, fresh=True, **{name: text})


def toggled(draft: Draft, by: int = 1) -> Draft:
    """Return the draft with the choice under the cursor changed; figures stay."""
    match draft.field:
        case "type":
            return with_type(draft, TYPES[(TYPES.index(draft.type) + by) % len(TYPES)])
        case "tif":
            return with_tif(draft, TIFS[(TIFS.index(draft.tif) + by) % len(TIFS)])
        case "post_only":
            return with_post_only(draft, on=not draft.post_only)
        case "reduce_only":
            return msgspec.structs.replace(draft, reduce_only=not draft.reduce_only)
        case _:
            return draft


def cycled(draft: Draft, by: int) -> Draft:
    """Return the draft with the next combination of type and time in force: limit gtc, ioc, fok, market."""
    combinations: list[tuple[OrderType, TimeInForce]] = [("limit", tif) for tif in TIFS]
    combinations.append(("market", "ioc"))
    now = (draft.type, draft.tif)
    at = combinations.index(now) if now in combinations else len(combinations) - 1
    order_type, tif = combinations[(at + by) % len(combinations)]
    return with_tif(with_type(draft, order_type), tif)


def with_type(draft: Draft, order_type: OrderType) -> Draft:
    """Return the draft with another type; a market order is IOC and cannot be post-only."""
    if order_type == "market":
        changed = msgspec.structs.replace(draft, type=order_type, tif="ioc", post_only=False)
        # The cursor must not stay on a field that a market order does not have.
        hidden = changed.field not in fields_of(changed)
        return msgspec.structs.replace(changed, field="type", fresh=True) if hidden else changed
    return msgspec.structs.replace(draft, type=order_type, tif="gtc")


def with_tif(draft: Draft, tif: TimeInForce) -> Draft:
    """Return the draft with another time in force; post-only needs an order that rests."""
    return msgspec.structs.replace(draft, tif=tif, post_only=draft.post_only and tif == "gtc")


def with_post_only(draft: Draft, *, on: bool) -> Draft:
    """Return the draft with post-only on or off; on makes it a resting order."""
    return msgspec.structs.replace(draft, post_only=on, tif="gtc" if on else draft.tif)


def with_side(draft: Draft, side: Side) -> Draft:
    """Return the draft on the other side of the market."""
    return msgspec.structs.replace(draft, side=side)


def quantity_step(instrument: InstrumentView, reference: str | None) -> Decimal:
    """Return a step for `+` and `-`: the lot times the power of ten that is worth something.

    Args:
        instrument: For its lot.
        reference: A price near the market, decimal string; None: the lot itself.
    """
    step = Decimal(instrument.lot)
    price = Decimal(0) if reference is None else Decimal(reference)
    while price > 0 and step * price < STEP_NOTIONAL_MIN:
        step *= 10
    return step


def request_of(draft: Draft, request_id: str) -> OrderRequest | str:
    """Return the draft as a request, or what is missing in one sentence."""
    price = None
    if draft.type == "limit":
        price = _decimal(draft.price)
        if price is None or price <= 0:
            return "price is empty: type it, or move the ladder's cursor"
    for name, text in (("stop", draft.stop), ("target", draft.target)):
        at = _decimal(text)
        if text and (at is None or at <= 0):
            return f"{name} must be a price > 0: type it, or empty the field"
    share = _percent(draft.edge)
    if draft.edge and (share is None or not 0 < share < 1):
        return "edge must be above 0 and below 100 %: how often such bets win"
    sizing = _sizing(draft)
    if isinstance(sizing, str):
        return sizing
    quantity, risk = sizing
    return OrderRequest(
        request_id=request_id,
        instrument=draft.instrument,
        side=draft.side,
        quantity=quantity,
        type=draft.type,
        limit_price=price,
        tif=draft.tif,
        post_only=draft.post_only,
        reduce_only=draft.reduce_only,
        stop_loss=_decimal(draft.stop),
        take_profit=_decimal(draft.target),
        risk=risk,
        edge=share,
    )


def _sizing(draft: Draft) -> tuple[Decimal, Decimal | None] | str:
    """Return quantity and risk: one of them says how much."""
    risk = _percent(draft.risk)
    if draft.risk:
        if risk is None or not 0 < risk <= 1:
            return "risk must be above 0 and at most 100 % of equity"
        if not draft.stop:
            return "risk sets the quantity only with a stop: l, then its price"
        return Decimal(0), risk
    quantity = _decimal(draft.quantity)
    if quantity is None or quantity <= 0:
        return "quantity is empty: type it, or + -"
    return quantity, None


def _percent(text: str) -> Decimal | None:
    value = _decimal(text)
    return None if value is None else value / 100


def _figure(draft: Draft) -> str:
    return str(getattr(draft, draft.field))


def _with_figure(draft: Draft, text: str, *, fresh: bool) -> Draft:
    if draft.field not in FIGURES:
        return draft
    changes = {draft.field: text}
    if draft.field == "quantity":
        changes["risk"] = ""  # one of them says how much: the one typed last
    return msgspec.structs.replace(draft, fresh=fresh, **changes)


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"
