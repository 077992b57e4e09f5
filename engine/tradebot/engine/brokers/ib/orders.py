"""Orders as Interactive Brokers spells them: intents to ib_async's orders, and its words back to ours."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from ib_async.contract import Contract
from ib_async.order import Order

from tradebot.data.errors import ScaleError
from tradebot.data.instruments import Instrument
from tradebot.engine.brokers.ib.words import OrderSaid
from tradebot.engine.core.capabilities import Capabilities
from tradebot.engine.core.events import ReportedOrder
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.core.types import (
    SECOND,
    ClientOrderId,
    OrderType,
    Side,
    TimeInForce,
    VenueOrderId,
)

_SENT: Final[Mapping[OrderType, str]] = {
    "limit": "LMT",
    "market": "MKT",
    "stop": "STP",
    "stop_limit": "STP LMT",
    "trailing_stop": "TRAIL",
}
_LISTED: Final[Mapping[OrderType, str]] = {**_SENT, "stop_limit": "STPLMT"}
"""The same as contract details name them."""

TYPES: Final[Mapping[str, OrderType]] = {theirs: ours for ours, theirs in _SENT.items()}
TIMES: Final[Mapping[str, TimeInForce]] = {
    "GTC": "gtc",
    "DAY": "day",
    "IOC": "ioc",
    "FOK": "fok",
    "GTD": "gtd",
}
SIDES: Final[Mapping[str, Side]] = {"BUY": "buy", "SELL": "sell", "BOT": "buy", "SLD": "sell"}

CANCEL_WITH_BLOCK: Final = 1
"""OCA type: all others of the group end when one trades, and none is at the market while another may be filled."""

WORKING = frozenset({"PreSubmitted", "Submitted"})
"""Statuses in which the venue has the order."""

ENDED = frozenset({"Cancelled", "ApiCancelled"})

NOTICES = frozenset({202, 399, 404, 2104, 2106, 2107, 2108, 2119, 2158, 10349, 2109, 2103, 2105})
"""Codes that say nothing against an order: an acknowledged cancel, a warning, a hold, farms, a preset."""

REFUSALS = frozenset(
    {103, 104, 105, 106, 107, 109, 110, 111, 116, 117, 118, 122, 132, 135, 200, 201, 203, 320, 321}
    | {322, 325, 335, 387, 388, 391, 392, 403, 434, 435, 436, 10_043, 10_052}
)
"""Codes by which an order that was never accepted is refused for good."""

CANCEL_REFUSALS = frozenset({161, 10147, 10148})
"""The venue has no such order, or it is over."""


def capabilities_of(order_types: Iterable[str]) -> Capabilities:
    """Return what the venue holds for every one of some contracts.

    A changed order is cancelled and sent anew: whether a change reaches `orderRef`, by which fills are told apart after
    a restart, is not known of the real venue. A stop and a target that were decided as one share an OCA group: whatever
    trades of one ends the other. Neither locks anything, so that either may also rest by itself.

    Args:
        order_types: Each contract's list, as its details name it: `LMT,MKT,STP,...`.
    """
    lists = [set(one.split(",")) for one in order_types]
    return Capabilities(
        order_types=tuple(
            ours for ours, theirs in _LISTED.items() if all(theirs in one for one in lists)
        ),
        times_in_force=("gtc", "day", "gtd", "ioc", "fok"),
        post_only=False,
        reduce_only=False,
        oco=True,
    )


def order_of(intent: OrderIntent, instrument: Instrument, account: str) -> Order:
    """Return an order for ib_async.

    Raises:
        ValueError: If the order is of a kind that the venue is not asked for.
    """
    kind = _SENT.get(intent.type)
    if kind is None or intent.post_only:
        raise ValueError(f"{intent.type} and post-only are not sent to IB")
    order = Order(
        action="BUY" if intent.side == "buy" else "SELL",
        totalQuantity=float(instrument.quantity(intent.quantity)),
        orderType=kind,
        tif=intent.tif.upper(),
        account=account,
        orderRef=intent.client_order_id,
        transmit=True,
    )
    if intent.group is not None:
        order.ocaGroup, order.ocaType = intent.group, CANCEL_WITH_BLOCK
    if intent.limit_price is not None:
        order.lmtPrice = float(instrument.price(intent.limit_price))
    if intent.type == "trailing_stop":
        if intent.trail is None:
            raise ValueError("a trailing stop needs its distance")
        order.auxPrice = float(instrument.price(intent.trail))
        if intent.trigger_price is not None:
            order.trailStopPrice = float(instrument.price(intent.trigger_price))
    elif intent.trigger_price is not None:
        order.auxPrice = float(instrument.price(intent.trigger_price))
    if intent.tif == "gtd" and intent.expires is not None:
        until = datetime.fromtimestamp(intent.expires // SECOND, UTC)
        order.goodTillDate = f"{until:%Y%m%d-%H:%M:%S}"
    return order


def contract_of(con_id: int, exchange: str) -> Contract:
    """Return a contract by its id alone."""
    return Contract(conId=con_id, exchange=exchange)


def venue_id(perm_id: int) -> VenueOrderId:
    """Return the venue's id of an order: the one that is stable over sessions."""
    return VenueOrderId(str(perm_id))


def reported(
    said: OrderSaid, order: ClientOrderId, filled: int, instrument: Instrument
) -> ReportedOrder | None:
    """Return an open order in full; None where it is of a kind we do not have, or finer than our scales."""
    kind, side = TYPES.get(said.kind), SIDES.get(said.action)
    if kind is None or side is None:
        return None
    stop = kind in {"stop", "stop_limit"}

    def price(value: Decimal | None) -> int | None:
        return None if not value else instrument.price_units(value)

    try:
        return ReportedOrder(
            client_order_id=order,
            venue_order_id=venue_id(said.perm_id),
            instrument=instrument.id,
            side=side,
            type=kind,
            tif=TIMES.get(said.tif, "gtc"),
            quantity=instrument.quantity_units(said.quantity),
            filled=filled,
            limit_price=price(said.limit) if kind in {"limit", "stop_limit"} else None,
            trigger_price=price(said.aux) if stop else None,
        )
    except ScaleError:
        return None
