"""Orders as clients of this protocol know them: client and order id, permanent id, their own words."""

from decimal import Decimal

import msgspec

from tradebot.engine.exchange.ib.asked import OrderAsked
from tradebot.engine.exchange.ib.contracts import short_fields, venue_time
from tradebot.engine.exchange.ib.wire import UNSET, Value
from tradebot.engine.exchange.market import Listing, decimal_of
from tradebot.engine.exchange.orders import Execution, Order
from tradebot.engine.exchange.words import AMOUNT_SCALE

PERM_BASE = 1_500_000_000
"""Permanent ids are the exchange's order numbers from here on."""

NO_ORDER = 0


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """What a client said of an order; `number` is the exchange's."""

    number: int
    client: int
    asked: OrderAsked
    parent: int = 0
    """The parent's order id."""

    @property
    def perm_id(self) -> int:
        """Return the id that is stable over sessions."""
        return PERM_BASE + self.number


def status_word(order: Order) -> str:
    """Return the venue's word for how an order stands."""
    match order.state:
        case "held" | "queued" | "waiting":
            return "PreSubmitted"
        case "working":
            return "Submitted"
        case "filled":
            return "Filled"
        case "rejected":
            return "Inactive"
        case "cancelled" | "expired" | "replaced":
            return "Cancelled"


def average(order: Order, listing: Listing) -> Decimal:
    """Return the average price of what is filled, 0 where nothing is."""
    if not order.filled:
        return Decimal(0)
    filled = decimal_of(order.filled, listing.quantity_scale)
    return (decimal_of(order.notional, AMOUNT_SCALE) / filled).quantize(Decimal("1e-8"))


def order_status(ticket: Ticket, order: Order, listing: Listing, last: int = 0) -> list[Value]:
    """Return message 3. `last` is the price of its last execution."""
    scale = listing.quantity_scale
    return [
        3,
        ticket.asked.order_id,
        status_word(order),
        decimal_of(order.filled, scale),
        decimal_of(order.leaves, scale),
        average(order, listing),
        ticket.perm_id,
        ticket.parent,
        decimal_of(last, listing.price_scale),
        ticket.client,
        "",
        0,
    ]


def _head(ticket: Ticket, order: Order, listing: Listing) -> list[Value]:
    """Return the fields from contract to orderRef that messages 5 and 101 share."""
    asked, request = ticket.asked, order.request
    prices = listing.price_scale
    limit = decimal_of(request.limit, prices) if request.limit else Decimal(0)
    if request.trail or request.trail_bps:
        aux = decimal_of(request.trail, prices) if request.trail else None
    else:
        aux = decimal_of(request.trigger, prices) if request.trigger else Decimal(0)
    return [
        *short_fields(listing),
        asked.action,
        decimal_of(request.quantity, listing.quantity_scale),
        asked.kind,
        limit,
        aux,
        asked.tif,
        asked.oca_group,
        request.account,
        "",
        0,
        asked.ref,
    ]


def open_order(ticket: Ticket, order: Order, listing: Listing) -> list[Value]:
    """Return message 5 at server version 178."""
    asked = ticket.asked
    return [
        5,
        asked.order_id,
        *_head(ticket, order, listing),
        ticket.client,
        ticket.perm_id,
        asked.outside_hours,
        *(0, 0, "", "", "", "", ""),  # hidden .. faPercentage
        *("", asked.good_till, "", None, "", 0, "", -1, 0),  # modelCode .. auctionStrategy
        *(None, None, None, None, None, 0, 0, 0, asked.all_or_none, None),  # .. minQty
        *(asked.oca_type or 3, 0, 0, None, ticket.parent, 0, None, 0, "", None),  # .. dnAux
        *(0, 0, _trail_stop(order, listing), asked.trail_percent, None, None, ""),
        *(0, 0, 0),  # legs
        *(None, None, None, "", 0, "", "", 0, 0, "", 0),  # scale .. solicited
        False,
        status_word(order),
        *(UNSET for _ in range(9)),
        *(UNSET, UNSET, UNSET, "", "", 0, 0),
        *(0, "None", None, _trail_stop(order, listing), _offset(order, listing)),
        *(None, None, None, 0, "", "", "", asked.cash, 0, 0, 0, 0),
        *(None, None, None, None, None, None, None, None),
    ]


def _trail_stop(order: Order, listing: Listing) -> Value:
    trails = order.request.trail or order.request.trail_bps
    return decimal_of(order.trigger, listing.price_scale) if trails and order.trigger else None


def _offset(order: Order, listing: Listing) -> Value:
    offset = order.request.limit_offset
    return decimal_of(offset, listing.price_scale) if offset else None


def preview(ticket: Ticket, listing: Listing, commission: Decimal, margin: Decimal) -> list[Value]:
    """Return message 5 that answers a what-if order: nothing is placed."""
    asked = ticket.asked
    head: list[Value] = [
        *short_fields(listing),
        asked.action,
        asked.quantity,
        asked.kind,
        asked.limit or 0,
        asked.aux or 0,
        asked.tif,
        "",
        asked.account,
        "",
        0,
        asked.ref,
    ]
    return [
        5,
        asked.order_id,
        *head,
        ticket.client,
        0,
        asked.outside_hours,
        *(0, 0, "", "", "", "", ""),
        *("", asked.good_till, "", None, "", 0, "", -1, 0),
        *(None, None, None, None, None, 0, 0, 0, asked.all_or_none, None),
        *(asked.oca_type or 3, 0, 0, None, 0, 0, None, 0, "", None),
        *(0, 0, None, None, None, None, ""),
        *(0, 0, 0),
        *(None, None, None, "", 0, "", "", 0, 0, "", 0),
        True,
        "PreSubmitted",
        *(0, 0, 0, margin, margin, 0, margin, margin, 0),
        *(commission, UNSET, UNSET, listing.quote, "", 0, 0),
        *(0, "None", None, None, None),
        *(None, None, None, 0, "", "", "", asked.cash, 0, 0, 0, 0),
        *(None, None, None, None, None, None, None, None),
    ]


def completed_order(ticket: Ticket, order: Order, listing: Listing) -> list[Value]:
    """Return message 101 at server version 178."""
    asked = ticket.asked
    filled = decimal_of(order.filled, listing.quantity_scale)
    words = "Filled Size: " + str(filled) if order.state == "filled" else "Cancelled by Trader"
    return [
        101,
        *_head(ticket, order, listing),
        ticket.perm_id,
        asked.outside_hours,
        *(0, 0, "", "", "", ""),  # hidden .. faPercentage
        *("", asked.good_till, "", None, "", 0, "", -1),  # modelCode .. exemptCode
        *(None, None, None, None, None, 0, 0, asked.all_or_none, None),  # .. minQty
        *(asked.oca_type or 3, 0, None, 0, "", None),  # .. dnAux
        *(0, 0, _trail_stop(order, listing), asked.trail_percent, ""),
        *(0, 0, 0),
        *(None, None, None, "", "", "", 0, 0, "", 0),  # scale .. solicited
        status_word(order),
        *(0, 0, 0),  # randomize, conditions
        *(_trail_stop(order, listing), _offset(order, listing), asked.cash, 0, 0, "", filled),
        *(0, 0, "", 0, 0, PERM_BASE + order.request.parent if order.request.parent else 0),
        venue_time(order.ended or order.updated),
        words,
        *(None, None, None, None, None),
    ]


def execution_id(base: int, revision: int) -> str:
    """Return the venue's id: a correction repeats it with the last part counted on."""
    return f"0000e0d5.{base:08x}.01.{revision:02d}"


def execution(
    ticket: Ticket, order: Order, listing: Listing, one: Execution, *, base: int, request: int
) -> list[Value]:
    """Return message 11; one that takes an execution back is of no shares.

    Args:
        ticket: Its order's.
        order: As it stands.
        listing: What was traded.
        one: The execution.
        base: Number of the first execution of its line of corrections.
        request: Of whom it answers, -1 for a live one.
    """
    scale = listing.quantity_scale
    return [
        11,
        request,
        ticket.asked.order_id,
        *short_fields(listing, listing.exchange),
        execution_id(base, one.revision),
        venue_time(one.ts),
        one.account,
        listing.exchange,
        "BOT" if one.side > 0 else "SLD",
        Decimal(0) if one.busts else decimal_of(one.quantity, scale),
        decimal_of(one.price, listing.price_scale),
        ticket.perm_id,
        ticket.client,
        0,
        decimal_of(order.filled, scale),
        average(order, listing),
        ticket.asked.ref,
        "",
        None,
        "",
        1 if one.maker else 2,
        False,
    ]


def commission(one: Execution, base: int) -> list[Value]:
    """Return message 59."""
    fee = Decimal(0) if one.busts else decimal_of(one.fee, AMOUNT_SCALE)
    return [59, 1, execution_id(base, one.revision), fee, one.fee_asset, UNSET, UNSET, ""]
