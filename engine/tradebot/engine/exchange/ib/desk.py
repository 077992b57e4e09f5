"""Orders of all clients: placed, changed and cancelled at the exchange, remembered by client and order id."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from tradebot.engine.exchange.exchange import Exchange
from tradebot.engine.exchange.fees import Match, fee_of
from tradebot.engine.exchange.ib.asked import OrderAsked
from tradebot.engine.exchange.ib.contracts import instant, matching
from tradebot.engine.exchange.ib.refusals import (
    DUPLICATE,
    FILLED,
    INVALID,
    NO_DEFINITION,
    NOT_CANCELLABLE,
    NOT_FOUND,
    OFF_TICK,
    REJECTED,
    rejected,
)
from tradebot.engine.exchange.ib.tickets import NO_ORDER, Ticket, status_word
from tradebot.engine.exchange.market import Listing, decimal_of, units_of
from tradebot.engine.exchange.orders import (
    Amendment,
    Execution,
    Order,
    OrderRequest,
    OrderType,
    Tif,
)
from tradebot.engine.exchange.words import AMOUNT_SCALE

_TYPES: dict[str, OrderType] = {
    "MKT": "market",
    "LMT": "limit",
    "STP": "stop",
    "STP LMT": "stop_limit",
    "TRAIL": "trailing_stop",
    "TRAIL LIMIT": "trailing_stop_limit",
    "MIT": "take_profit",
    "LIT": "take_profit_limit",
    "MOC": "market",
    "LOC": "limit",
}
_TIFS: dict[str, Tif] = {
    "DAY": "day",
    "GTC": "gtc",
    "GTD": "gtd",
    "IOC": "ioc",
    "FOK": "fok",
    "OPG": "opg",
}


class Refused(ValueError):  # noqa: N818  (what happened, not a kind of error)
    """What a client asked for is not done; `code` and text are the venue's."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code = code


class Desk:
    """Tickets and the exchange behind them; outlives every connection."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._listings = exchange.listed("ib")
        self._tickets: dict[int, Ticket] = {}
        self._numbers: dict[tuple[int, int], int] = {}
        self.next_id = 1
        """An order id that no client has used yet."""
        self._bases: dict[int, int] = {}

    def listings(self) -> list[Listing]:
        """Return what is traded."""
        return self._listings

    def ticket(self, number: int) -> Ticket | None:
        """Return the ticket of an exchange's order; None where a client never placed it."""
        return self._tickets.get(number)

    def standing(self, ticket: Ticket) -> tuple[Order, Listing]:
        """Return a ticket's order as it is, and what it trades."""
        order = self._exchange.store.now(ticket.number)
        return order, self._exchange.listings[order.listing]

    def open(self, client: int | None = None) -> list[Ticket]:
        """Return tickets of open orders, of one client or of all, oldest first."""
        return [
            ticket
            for ticket in self._tickets.values()
            if client in (None, ticket.client) and self.standing(ticket)[0].is_open
        ]

    def completed(self) -> list[Ticket]:
        """Return tickets of orders that are over, refused ones left out."""
        return [
            ticket
            for ticket in self._tickets.values()
            if self.standing(ticket)[0].state in ("filled", "cancelled", "expired")
        ]

    def executions(self, accounts: Iterable[str]) -> list[Execution]:
        """Return executions of accounts that came by a ticket, oldest first, busts and corrections among them."""
        wanted = set(accounts)
        return [
            one
            for one in self._exchange.books.executions
            if one.account in wanted and one.order in self._tickets
        ]

    def base(self, one: Execution) -> int:
        """Return the number of the first execution of a line of corrections."""
        before = one.busts or one.corrects
        while before:
            one = self._exchange.books.executions[before - 1]
            before = one.busts or one.corrects
        return one.number

    # Placing.

    def find(self, asked: OrderAsked) -> Listing:
        """Return the listing an order is for. Raises Refused with 200."""
        found = matching(self._listings, asked.contract)
        if len(found) != 1:
            raise Refused(*NO_DEFINITION)
        return found[0]

    def place(self, client: int, asked: OrderAsked, account: str) -> Ticket:
        """Place an order; one the exchange refuses raises too, its ticket is kept.

        Raises:
            Refused: With the venue's code.
        """
        listing = self.find(asked)
        if asked.order_id < self.next_id and (client, asked.order_id) not in self._numbers:
            known = {number for _, number in self._numbers}
            if asked.order_id in known:
                raise Refused(*DUPLICATE)
        request = self._request(client, asked, account, listing)
        self.next_id = max(self.next_id, asked.order_id + 1)
        # A ticket must be there before the exchange tells of its order: the number it will get is known.
        number = self._exchange.next_number
        ticket = Ticket(number=number, client=client, asked=asked, parent=asked.parent_id)
        self._tickets[number] = ticket
        self._numbers[client, asked.order_id] = number
        order = self._exchange.place(request)
        if order.state == "rejected":
            del self._tickets[number]
            raise Refused(*rejected(order.reason))
        if asked.transmit and request.parent:
            self._transmit(request.parent)
        return ticket

    def _transmit(self, parent: int) -> None:
        """Let a parent go with the children that waited for the last of them."""
        for ticket in tuple(self._tickets.values()):
            order, _ = self.standing(ticket)
            if order.is_open and order.request.parent == parent and order.request.hold:
                self._exchange.transmit(ticket.number)
        self._exchange.transmit(parent)

    def given(self, client: int, order_id: int) -> Ticket | None:
        """Return a client's ticket by its order id; None where it gave none, or it was refused."""
        return self._tickets.get(self._numbers.get((client, order_id), NO_ORDER))

    def change(self, ticket: Ticket, asked: OrderAsked) -> Ticket:
        """Change an open order as a second placing of its id says.

        Raises:
            Refused: With the venue's code; the order is as it was.
        """
        order, listing = self.standing(ticket)
        if not order.is_open:
            code = FILLED if order.state == "filled" else (REJECTED, _over(order))
            raise Refused(*code)
        request = self._request(ticket.client, asked, order.request.account, listing)
        if request.side != order.request.side or request.type != order.request.type:
            raise Refused(REJECTED, "Order rejected - reason:Side and type cannot be changed")
        if order.request.hold and asked.transmit:
            self._exchange.transmit(ticket.number)
        reason = self._exchange.amend(
            ticket.number,
            Amendment(
                quantity=request.quantity,
                limit=request.limit or None,
                trigger=request.trigger or None,
                trail=request.trail or None,
                tif=request.tif,
                extended_hours=request.extended_hours,
            ),
        )
        if reason:
            raise Refused(*rejected(reason))
        changed = msgspec.structs.replace(ticket, asked=asked)
        self._tickets[ticket.number] = changed
        return changed

    def cancel(self, client: int, order_id: int) -> None:
        """Cancel an order by its client's id. Raises Refused."""
        ticket = self.given(client, order_id)
        if ticket is None:
            words = f"OrderId {order_id} that needs to be cancelled is not found."
            raise Refused(NOT_FOUND, words)
        if self._exchange.cancel(ticket.number):
            word = status_word(self.standing(ticket)[0])
            words = f"OrderId {order_id} that needs to be cancelled can not be cancelled, state: {word}."
            raise Refused(NOT_CANCELLABLE, words)

    def commission(self, listing: Listing, request: OrderRequest) -> Decimal:
        """Return what an order would cost at the worst price of its book, and nothing is placed."""
        price = self._exchange.worst_of(listing, request)
        rule = self._exchange.accounts[request.account].terms.fees
        match = Match(
            side=request.side,
            price=price,
            quantity=request.quantity,
            maker=False,
            order_filled=request.quantity,
            order_notional=listing.amount(price, request.quantity),
            order_fees=0,
        )
        return decimal_of(fee_of(rule, listing, match)[0], AMOUNT_SCALE)

    def preview(
        self, client: int, asked: OrderAsked, account: str
    ) -> tuple[Listing, Decimal, Decimal]:
        """Return listing, commission and margin of an order that is not placed. Raises Refused."""
        listing = self.find(asked)
        request = self._request(client, asked, account, listing)
        price = self._exchange.worst_of(listing, request)
        terms = self._exchange.accounts[account].terms
        worth = decimal_of(listing.amount(price, request.quantity), AMOUNT_SCALE)
        return listing, self.commission(listing, request), worth / terms.multiplier

    # Translating.

    def _request(
        self, client: int, asked: OrderAsked, account: str, listing: Listing
    ) -> OrderRequest:
        kind = _TYPES.get(asked.kind)
        tif: Tif | None = "cls" if asked.kind in ("MOC", "LOC") else _TIFS.get(asked.tif)
        if kind is None:
            raise Refused(
                387, f"Unsupported order type for this exchange and security type: {asked.kind}"
            )
        if tif is None or asked.action not in ("BUY", "SELL"):
            raise Refused(INVALID, f"Error validating request: {asked.action} {asked.tif}")
        expires = instant(asked.good_till) if tif == "gtd" else 0
        if expires is None:
            raise Refused(INVALID, f"Invalid good till date: {asked.good_till[:40]}")
        limited = "limit" in kind or kind == "limit"
        trailing = kind.startswith("trailing")
        percent = asked.trail_percent if trailing else None
        quantity = units_of(asked.quantity, listing.quantity_scale)
        if quantity is None:
            raise Refused(*rejected("quantity_off_lot"))
        parent = self._parent(client, asked)
        return OrderRequest(
            account=account,
            symbol=listing.symbol,
            side=1 if asked.action == "BUY" else -1,
            type=kind,
            tif=tif,
            quantity=quantity,
            notional=_amount(asked.cash) if kind == "market" and not quantity else 0,
            limit=_price(asked.limit, listing) if limited and not trailing else 0,
            trigger=_price(asked.aux if not trailing else asked.trail_stop, listing)
            if kind not in ("market", "limit")
            else 0,
            trail=_price(asked.aux, listing) if trailing and percent is None else 0,
            trail_bps=int(percent * 100) if percent is not None else 0,
            limit_offset=_price(asked.limit_offset, listing),
            client_id=asked.ref,
            extended_hours=asked.outside_hours,
            expires=expires,
            group=asked.oca_group or (f"bracket-{parent}" if parent else ""),
            parent=parent,
            hold=not asked.transmit,
        )

    def _parent(self, client: int, asked: OrderAsked) -> int:
        if not asked.parent_id:
            return 0
        parent = self.given(client, asked.parent_id)
        if parent is None:
            raise Refused(135, f"Can't find order with id ={asked.parent_id}")
        return parent.number


def _price(value: Decimal | None, listing: Listing) -> int:
    """Return a price in units, 0 where there is none. Raises Refused with 110 off the tick."""
    if not value:
        return 0
    units = units_of(value, listing.price_scale)
    if units is None or units < 0:
        raise Refused(*OFF_TICK)
    return units


def _amount(value: Decimal | None) -> int:
    return units_of(value, AMOUNT_SCALE) or 0 if value else 0


def _over(order: Order) -> str:
    return f"Order rejected - reason:The order is over: {status_word(order)}"
