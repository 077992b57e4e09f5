"""What Alpaca lists: assets, the clock, the calendar; and a call of its Trading API."""

from collections.abc import Callable

import msgspec

from tradebot.engine.exchange.accounts import Account
from tradebot.engine.exchange.alpaca.account import (
    asset_json,
    calendar_json,
    clock_json,
    day_of,
)
from tradebot.engine.exchange.alpaca.queries import Query
from tradebot.engine.exchange.alpaca.refusals import not_found, unprocessable
from tradebot.engine.exchange.alpaca.words import Ids, Json, json_of
from tradebot.engine.exchange.exchange import Exchange
from tradebot.engine.exchange.face import HttpReply, HttpRequest
from tradebot.engine.exchange.market import Listing

_DAY_S = 86_400


class Call(msgspec.Struct, frozen=True):
    """A request of an account that has shown its keys."""

    request: HttpRequest
    account: Account
    parts: list[str]
    """Of the path below `/v2`."""
    query: Query


type Route = Callable[[Call], HttpReply]


def answered(body: Json, status: int = 200) -> HttpReply:
    """Return a body as an answer."""
    return HttpReply(status=status, body=json_of(body))


class Reference:
    """What is the same for all accounts.

    Args of the constructor:
        exchange: What it stands on.
        ids: Of the venue.
        now: The time as the face shows it, ns UTC.
    """

    def __init__(self, exchange: Exchange, ids: Ids, now: Callable[[], int]) -> None:
        self._exchange = exchange
        self._ids = ids
        self._now = now

    def assets(self, call: Call) -> HttpReply:
        """Answer `GET /v2/assets`."""
        wanted = call.query.text("asset_class")
        kinds = {"crypto": "crypto", "us_equity": "equity"}
        listed = [
            listing
            for listing in self._exchange.listed("alpaca")
            if wanted is None or listing.kind == kinds.get(wanted)
        ]
        return answered([asset_json(listing, self._ids) for listing in listed])

    def asset(self, call: Call) -> HttpReply:
        """Answer `GET /v2/asset`."""
        listing = self.listing("/".join(call.parts[1:]), missing=404)
        return answered(asset_json(listing, self._ids))

    def clock(self, call: Call) -> HttpReply:
        """Answer `GET /v2/clock`."""
        del call
        stocks = [one for one in self._exchange.listed("alpaca") if one.kind == "equity"]
        always = bool(stocks) and all(one.session is None for one in stocks)
        return answered(clock_json(self._now(), always_open=always))

    def calendar(self, call: Call) -> HttpReply:
        """Answer `GET /v2/calendar`."""
        query, now = call.query, self._now()
        first = day_of(query.text("start"), now)
        last = day_of(query.text("end"), now + 365 * _DAY_S * 1_000_000_000)
        return answered(calendar_json(first, last))

    def listing(self, symbol: str, *, missing: int = 422) -> Listing:
        """Return what a symbol, with or without its slash, or an asset's id means.

        Raises:
            Refusal: If nothing does.
        """
        for listing in self._exchange.listed("alpaca"):
            names = (
                listing.symbol,
                listing.symbol.replace("/", ""),
                self._ids.asset(listing.symbol),
            )
            if symbol in names:
                return listing
        if missing == not_found("").status:
            raise not_found(f"asset not found for {symbol}")
        raise unprocessable(f'asset "{symbol}" not found')
