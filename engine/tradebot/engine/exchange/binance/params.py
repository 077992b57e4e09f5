"""A request's parameters, read as Binance reads them."""

import re
from collections.abc import Mapping
from decimal import Decimal

from tradebot.engine.exchange.binance.refusals import INVALID_SYMBOL, Refused, illegal, missing
from tradebot.engine.exchange.exchange import Exchange
from tradebot.engine.exchange.market import Listing

_DECIMAL = re.compile(r"[0-9]{1,20}(\.[0-9]{0,20})?")
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_CLIENT_ID = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")
_DECIMALS = 8

type Params = Mapping[str, str]


def text(params: Params, name: str) -> str:
    """Return a parameter that must be there."""
    value = params.get(name, "")
    if not value:
        raise missing(name)
    return value


def whole(params: Params, name: str) -> int | None:
    """Return a whole number, None where it is not given."""
    value = params.get(name, "")
    if not value:
        return None
    if not _WHOLE.fullmatch(value):
        raise illegal(name)
    return int(value)


def choice(params: Params, name: str, values: tuple[str, ...], code: tuple[int, str]) -> str:
    """Return a parameter that must be one of some words."""
    value = text(params, name)
    if value not in values:
        raise Refused(*code)
    return value


def decimal(params: Params, name: str) -> Decimal | None:
    """Return a decimal number >= 0, None where it is not given."""
    value = params.get(name, "")
    if not value:
        return None
    if not _DECIMAL.fullmatch(value):
        raise illegal(name)
    number = Decimal(value)
    exponent = number.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > _DECIMALS:
        raise Refused(-1111, f"Parameter '{name}' has too much precision.")
    return number


def units(params: Params, name: str, scale: int, filter_name: str) -> int:
    """Return a number as units of a scale, 0 where it is not given; finer than the scale fails a filter."""
    number = decimal(params, name)
    if number is None:
        return 0
    scaled = number.scaleb(scale)
    if scaled != int(scaled):
        raise Refused(-1013, f"Filter failure: {filter_name}")
    return int(scaled)


def client_id(params: Params, name: str) -> str:
    """Return an id of the client's, empty where it is not given."""
    value = params.get(name, "")
    if value and not _CLIENT_ID.fullmatch(value):
        raise Refused(
            -1100,
            f"Illegal characters found in parameter '{name}'; legal range is "
            "'^[\\.A-Z\\:/a-z0-9_-]{1,36}$'.",
        )
    return value


def listing_of(exchange: Exchange, params: Params) -> Listing:
    """Return the listing that `symbol` names."""
    found = exchange.listing("binance", text(params, "symbol"))
    if found is None:
        raise Refused(*INVALID_SYMBOL)
    return found


def limit_of(params: Params, otherwise: int, most: int) -> int:
    """Return `limit`, cut to what a method gives at most."""
    given = whole(params, "limit")
    if given is None:
        return otherwise
    if given < 1:
        raise illegal("limit")
    return min(given, most)
