"""A small exchange under virtual time, for tests."""

from collections.abc import Iterable

import msgspec

from tradebot.engine.exchange.clock import SetClock
from tradebot.engine.exchange.exchange import Exchange
from tradebot.engine.exchange.happenings import Happening
from tradebot.engine.exchange.market import Listing, Market
from tradebot.engine.exchange.opening import accounts, listings
from tradebot.engine.exchange.orders import Order, OrderRequest
from tradebot.engine.exchange.words import FaceName
from tradebot.native import VenueEvent

MONDAY_NOON = 1_704_733_200_000_000_000
"""2024-01-08 12:00 in New York, ns UTC."""


class NoCrowd:
    """A market in which only the accounts trade."""

    due = 1 << 62

    def act(self, market: Market) -> list[VenueEvent]:
        return []

    leave = come = act

    def sleep_until(self, instant: int) -> None:
        """Sleep."""

    def move(self, market: Market, price: int) -> list[VenueEvent]:
        return []

    def filled(self, number: int) -> None:
        """It has no orders."""


class Made:
    """An exchange, its clock, and what it told."""

    def __init__(
        self,
        faces: Iterable[FaceName] = ("binance",),
        *,
        crowd: bool = False,
        start: int = MONDAY_NOON,
        seed: int = 1,
        always_open: bool = False,
        twins: bool = False,
    ) -> None:
        self.clock = SetClock(start)
        names = tuple(faces)
        listed: list[Listing] = listings(names, always_open=always_open)
        flows = None if crowd else {listing.key: NoCrowd() for listing in listed}
        terms = accounts(names, seed)
        if twins:
            terms += [
                msgspec.structs.replace(term, name=f"{term.name}-2", key=f"{term.key}2")
                for term in terms
            ]
        self.exchange = Exchange(self.clock, seed, listed, terms, flows)
        self.told: list[Happening] = []
        for name in names:
            self.exchange.listen(name, self.told.append)

    def pass_time(self, ns: int) -> None:
        self.clock.set(self.clock.now() + ns)
        self.exchange.advance(self.clock.now())

    def limit(self, side: int, quantity: int, price: int, **more: object) -> Order:
        return self.exchange.place(request(side, quantity, limit=price, type="limit", **more))

    def market(self, side: int, quantity: int, **more: object) -> Order:
        return self.exchange.place(request(side, quantity, **more))

    def now(self, order: Order) -> Order:
        found = self.exchange.order(order.number)
        assert found is not None
        return found


def request(side: int, quantity: int, **more: object) -> OrderRequest:
    fields: dict[str, object] = {
        "account": "binance",
        "symbol": "BTCUSDT",
        "side": side,
        "type": "market",
        "tif": "gtc",
        "quantity": quantity,
        **more,
    }
    return msgspec.convert(fields, OrderRequest)
