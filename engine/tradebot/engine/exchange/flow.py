"""The crowd: seeded orders around a fair price that wanders; it gives the book depth and takes from it."""

import random

from tradebot.engine.exchange.market import Listing, Market
from tradebot.native import VenueEvent

_MS = 1_000_000
STEP = 100 * _MS
"""Between two acts of the crowd, in its market's own time."""

_LEVELS = 30
"""Levels a side that the crowd keeps filled, one tick step apart."""
_FINE = 1024
_STEP_SHARE = 316e-3 / 1e6
"""The root of a step's share of a second, and 1/100 of a basis point."""
_TAKE_ODDS = 0.35
_CHANGE_OF_MIND = 0.02


class OrderFlow:
    """One listing's crowd.

    The fair price is a random walk in 1/1024 of a price unit. Each act moves it, takes away quotes it has passed or
    left far behind, refills the book around it, and now and then takes.

    Args of the constructor:
        listing: Where it trades.
        rng: Its randomness.
        start: First act, ns UTC.
    """

    def __init__(self, listing: Listing, rng: random.Random, start: int) -> None:
        self._listing = listing
        self._rng = rng
        self._fine = listing.start_price * _FINE
        self._resting: dict[int, tuple[int, int]] = {}
        self._due = start
        # Levels stand wide enough apart that thirty of them are a visible part of the price.
        self._gap = max(listing.tick, listing.start_price // 20_000 // listing.tick * listing.tick)

    @property
    def due(self) -> int:
        """Return when it next acts, ns UTC."""
        return self._due

    @property
    def _fair(self) -> int:
        """The price it believes in."""
        return self._fine // _FINE

    def sleep_until(self, instant: int) -> None:
        """Do nothing before an instant, ns UTC."""
        self._due = max(self._due, instant)

    def come(self, market: Market) -> list[VenueEvent]:
        """Fill the book."""
        return self._refill(market, _LEVELS)

    def move(self, market: Market, price: int) -> list[VenueEvent]:
        """Believe in another price at once: quotes on its wrong side go, and the book fills around it."""
        self._fine = price * _FINE
        return self._give_way(market)

    def leave(self, market: Market) -> list[VenueEvent]:
        """Take all its quotes out."""
        events: list[VenueEvent] = []
        for number in list(self._resting):
            events += market.cancel(number)
        self._resting.clear()
        return events

    def act(self, market: Market) -> list[VenueEvent]:
        """Act once at the time that is due."""
        self._wander()
        events = self._give_way(market)
        if self._rng.random() < _TAKE_ODDS:
            events += self._take(market)
        events += self._refill(market, 3)
        self._due += STEP
        return events

    def _wander(self) -> None:
        listing = self._listing
        start = listing.start_price * _FINE
        self._fine += round(self._rng.gauss(0.0, start * listing.volatility_bps * _STEP_SHARE))
        self._fine = min(max(self._fine, start // 4), start * 4)

    def _give_way(self, market: Market) -> list[VenueEvent]:
        """Cancel quotes on the wrong side of the fair price, those left far behind, and a few at random."""
        events: list[VenueEvent] = []
        far, fair = self._gap * (_LEVELS + 10), self._fair
        for number, (side, price) in list(self._resting.items()):
            distance = (fair - price) * side
            if distance < 0 or distance > far or self._rng.random() < _CHANGE_OF_MIND:
                events += market.cancel(number)
                del self._resting[number]
        return events

    def _take(self, market: Market) -> list[VenueEvent]:
        side = 1 if self._rng.random() < 0.5 else -1  # noqa: PLR2004  (a coin)
        return self.take(market, side, self._size())

    def take(self, market: Market, side: int, quantity: int) -> list[VenueEvent]:
        """Take so much at once from the other side's quotes."""
        number = market.crowd_number()
        return self._noted(
            market.submit(number, side, "market", "ioc", price=0, quantity=quantity, now=self._due)
        )

    def _refill(self, market: Market, orders: int) -> list[VenueEvent]:
        events: list[VenueEvent] = []
        for side in (1, -1):
            for index in range(orders):
                depth = index if orders == _LEVELS else int(self._rng.expovariate(0.25))
                events += self._quote(market, side, min(depth, _LEVELS))
        return events

    def _quote(self, market: Market, side: int, depth: int) -> list[VenueEvent]:
        tick = self._listing.tick
        raw = self._fair - side * (self._gap // 2 + tick + depth * self._gap)
        price = raw // tick * tick if side > 0 else -(-raw // tick) * tick
        if price <= 0:
            return []
        number = market.crowd_number()
        events = market.submit(
            number, side, "limit", "gtc", price=price, quantity=self._size(), now=self._due
        )
        self._resting[number] = (side, price)
        return self._noted(events)

    def _noted(self, events: list[VenueEvent]) -> list[VenueEvent]:
        """Forget the quotes that are filled."""
        for event in events:
            if event.kind in ("filled", "rejected") and event.leaves == 0:
                self._resting.pop(event.order_id, None)
        return events

    def filled(self, number: int) -> None:
        """Forget a quote that an account's order took whole."""
        self._resting.pop(number, None)

    def _size(self) -> int:
        lots = max(1, round(self._rng.expovariate(1.0) * self._listing.size_lots))
        return lots * self._listing.lot
