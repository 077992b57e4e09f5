"""The control endpoints: faults, the ledger, a print at a price. For tests and demonstrations, on 127.0.0.1."""

from decimal import Decimal, InvalidOperation

import msgspec

from tradebot.engine.exchange.exchange import Exchange
from tradebot.engine.exchange.face import (
    Floor,
    HttpReply,
    HttpRequest,
    HttpStream,
    Link,
    Receiver,
)
from tradebot.engine.exchange.faults import FaultRefused, read_fault
from tradebot.engine.exchange.ledger import ledger
from tradebot.engine.exchange.market import Listing, units_of
from tradebot.engine.exchange.striking import Striker
from tradebot.engine.exchange.words import FaceName


class PrintRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /_ctl/print`."""

    venue: FaceName
    symbol: str
    price: str
    quantity: str


class Control:
    """Answers the control endpoints."""

    def __init__(self, floor: Floor, striker: Striker) -> None:
        self._floor = floor
        self._striker = striker

    def answer(self, request: HttpRequest) -> HttpReply | HttpStream:
        """Answer a request."""
        try:
            match (request.method, request.path):
                case ("POST", "/_ctl/fault"):
                    self._striker.arm(read_fault(request.body))
                    return _json({"armed": True})
                case ("GET", "/_ctl/faults"):
                    return _json({"struck": self._floor.faults.struck})
                case ("GET", "/_ctl/ledger"):
                    return _json(ledger(self._floor.exchange))
                case ("POST", "/_ctl/print"):
                    print_trade(self._floor.exchange, _asked(request.body))
                    return _json({"printed": True})
                case _:
                    return _json({"error": f"no {request.method} {request.path} here"}, 404)
        except ValueError as error:
            return _json({"error": str(error)}, 400)

    def connect(self, request: HttpRequest, link: Link) -> Receiver | HttpReply:
        """Refuse a web socket: there is none here."""
        del request, link
        return _json({"error": "no web socket here"}, 404)


def print_trade(exchange: Exchange, asked: PrintRequest) -> None:
    """Let a market trade at a price.

    Raises:
        ValueError: If there is no such market, or price or quantity is none of it.
    """
    listing = exchange.listing(asked.venue, asked.symbol)
    if listing is None:
        known = ", ".join(one.symbol for one in exchange.listed(asked.venue))
        raise ValueError(f"symbol must be one of {known}, was {asked.symbol!r}")
    price = _units(asked.price, listing.price_scale, "price", listing)
    quantity = _units(asked.quantity, listing.quantity_scale, "quantity", listing)
    exchange.print_trade(listing, price, quantity)


def _units(text: str, scale: int, what: str, listing: Listing) -> int:
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"{what} must be a decimal number, was {text!r}") from error
    units = units_of(number, scale) if number.is_finite() else None
    if units is None or units <= 0:
        raise ValueError(
            f"{what} must be > 0 with at most {scale} decimals at {listing.symbol}, was {text!r}"
        )
    return units


def _asked(body: bytes) -> PrintRequest:
    try:
        return msgspec.json.decode(body, type=PrintRequest)
    except (msgspec.DecodeError, RecursionError) as error:
        raise FaultRefused(f"a print must be a JSON object: {error}") from error


def _json(value: object, status: int = 200) -> HttpReply:
    return HttpReply(status=status, body=msgspec.json.encode(value))
