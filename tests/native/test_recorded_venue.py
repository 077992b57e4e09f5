"""The venue on a recorded market, against a naive twin that moves one unit of quantity at a time."""

from dataclasses import dataclass, field
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.native import Venue, VenueEvent

type Kind = Literal["limit", "market"]
type Tif = Literal["gtc", "ioc", "fok"]
type Terms = tuple[Kind, Tif, bool]
type Level = tuple[int, int]

MARKET = 3
RESTING: Terms = ("limit", "gtc", False)


@dataclass
class Own:
    """One of our orders; `ahead` None = the feed does not show its price."""

    order_id: int
    side: int
    price: int
    leaves: int
    ahead: int | None


@dataclass
class NaiveVenue:
    """The rules of the recorded market, unit by unit. Fills are {order id: {price: quantity}}."""

    shown: dict[tuple[int, int], int] = field(default_factory=dict[tuple[int, int], int])
    taken: dict[tuple[int, int], int] = field(default_factory=dict[tuple[int, int], int])
    own: list[Own] = field(default_factory=list[Own])
    fills: dict[tuple[int, int], int] = field(default_factory=dict[tuple[int, int], int])

    def prices(self, side: int) -> list[int]:
        """Return the displayed prices of a side, best first."""
        found = [price for (s, price), quantity in self.shown.items() if s == side and quantity]
        return sorted(found, reverse=side == 1)

    def is_shown(self, side: int, price: int) -> bool:
        prices = self.prices(side)
        return bool(prices) and (price - prices[-1]) * side >= 0

    def queue(self, side: int) -> list[Own]:
        """Return our orders of a side in price-time order."""
        mine = [own for own in self.own if own.side == side and own.leaves]
        return sorted(mine, key=lambda own: -own.price * side)

    def fill(self, order_id: int, price: int) -> None:
        self.fills[order_id, price] = self.fills.get((order_id, price), 0) + 1

    def on_book(self, changes: list[tuple[int, int, int]], *, snapshot: bool) -> None:
        if snapshot:
            self.shown.clear()
        for side, price, quantity in changes:
            self.shown[side, price] = quantity
        for key in list(self.taken):
            self.taken[key] = min(self.taken[key], self.shown.get(key, 0))
        for own in self.own:
            if self.is_shown(own.side, own.price):
                display = self.shown.get((own.side, own.price), 0)
                own.ahead = display if own.ahead is None else min(own.ahead, display)
        for side in (1, -1):
            for own in self.queue(side):
                while own.leaves and self.crossed_unit(own):
                    own.leaves -= 1
                    self.fill(own.order_id, own.price)

    def crossed_unit(self, own: Own) -> bool:
        """Take one unit of the opposite display that came to this order, if there is one."""
        if own.ahead != 0 and self.shown.get((own.side, own.price), 0):
            return False
        for price in self.prices(-own.side):
            if (own.price - price) * own.side >= 0 and self.take_unit(-own.side, price):
                return True
        return False

    def take_unit(self, side: int, price: int) -> bool:
        key = (side, price)
        if self.taken.get(key, 0) >= self.shown.get(key, 0):
            return False
        self.taken[key] = self.taken.get(key, 0) + 1
        return True

    def on_trade(self, price: int, quantity: int, aggressor: int) -> None:
        side = -(aggressor or self.infer(price))
        for own in self.queue(side):
            if (own.price - price) * side > 0:
                own.ahead = 0
        eaten = 0
        for _ in range(quantity):
            for own in self.queue(side):
                if (own.price - price) * side < 0 or own.ahead is None:
                    continue
                if own.price == price and own.ahead > eaten:
                    eaten += 1
                    break
                own.leaves -= 1
                self.fill(own.order_id, own.price)
                break
        for own in self.own:
            if own.side == side and own.price == price and own.ahead is not None:
                own.ahead = max(0, own.ahead - eaten)

    def infer(self, price: int) -> int:
        bids, asks = self.prices(1), self.prices(-1)
        if asks and price >= asks[0]:
            return 1
        if bids and price <= bids[0]:
            return -1
        if not (bids and asks) or 2 * price == bids[0] + asks[0]:
            return 0
        return 1 if 2 * price > bids[0] + asks[0] else -1

    def plan(self, side: int, limit: int | None, quantity: int) -> tuple[list[int], bool]:
        """Return the price of each unit that would be taken, and whether our own order ends it."""
        rivals = [
            own for own in self.queue(-side) if limit is None or (limit - own.price) * side >= 0
        ]
        barrier = rivals[0] if rivals else None
        units: list[int] = []
        for price in self.prices(-side):
            if limit is not None and (limit - price) * side < 0:
                break
            if barrier and (price - barrier.price) * side > 0:
                break
            free = max(0, self.shown[-side, price] - self.taken.get((-side, price), 0))
            if barrier and price == barrier.price and barrier.ahead is not None:
                free = min(free, barrier.ahead)
            units += [price] * min(free, quantity - len(units))
        return units, barrier is not None and len(units) < quantity

    def submit(self, order_id: int, side: int, terms: Terms, price: int, quantity: int) -> str:
        """Return how it ended: a reason, or nothing."""
        kind, tif, post_only = terms
        units, met_own = self.plan(side, None if kind == "market" else price, quantity)
        if post_only and (units or met_own):
            return "post_only_would_take"
        if tif == "fok" and len(units) < quantity:
            return "fok_unfillable"
        for unit in units:
            assert self.take_unit(-side, unit)
            self.fill(order_id, unit)
        left = quantity - len(units)
        if not left or (kind, tif) == ("limit", "gtc"):
            if left and not met_own:
                shown = self.is_shown(side, price)
                ahead = self.shown.get((side, price), 0) if shown else None
                self.own.append(Own(order_id, side, price, left, ahead))
            return "self_cross" if left and met_own else ""
        if met_own:
            return "self_cross"
        return "no_liquidity" if kind == "market" else "ioc_remainder"


@dataclass(frozen=True)
class Feed:
    """Changed levels (side, price, quantity), or a snapshot of them."""

    changed: list[tuple[int, int, int]]
    snapshot: bool


@dataclass(frozen=True)
class Print:
    """A public trade."""

    price: int
    quantity: int
    aggressor: int


@dataclass(frozen=True)
class Order:
    """An order of ours."""

    side: int
    terms: Terms
    price: int
    quantity: int


TERMS: list[Terms] = [
    RESTING,
    RESTING,
    RESTING,
    RESTING,
    ("limit", "gtc", True),
    ("limit", "ioc", False),
    ("limit", "fok", False),
    ("market", "ioc", False),
]


def change(side: int, depth: int, quantity: int) -> tuple[int, int, int]:
    """Bids up to 100 and asks from 100: they touch, and cross for a moment, now and then."""
    return (side, 100 - side * depth, quantity)


signs = st.sampled_from([1, -1])
changes = st.builds(change, signs, st.integers(0, 5), st.integers(0, 7))
snapshots = st.sampled_from([False, False, False, False, True])
prices = st.integers(95, 105)
feeds = st.builds(Feed, st.lists(changes, max_size=6), snapshots)
prints = st.builds(Print, prices, st.integers(1, 9), st.sampled_from([1, -1, 0]))
orders = st.builds(Order, signs, st.sampled_from(TERMS), prices, st.integers(1, 6))
steps = st.one_of(feeds, prints, orders, orders)


def fills_of(events: list[VenueEvent]) -> dict[tuple[int, int], int]:
    found: dict[tuple[int, int], int] = {}
    for event in events:
        if event.kind == "filled":
            key = (event.order_id, event.price)
            found[key] = found.get(key, 0) + event.quantity
    return found


def split(changed: list[tuple[int, int, int]]) -> tuple[list[Level], list[Level]]:
    """Return (bids, asks); of several changes of a level the last counts, as it does in a snapshot."""
    last = {(side, price): quantity for side, price, quantity in changed}
    bids = [(price, quantity) for (side, price), quantity in last.items() if side == 1]
    asks = [(price, quantity) for (side, price), quantity in last.items() if side == -1]
    return bids, asks


def play(
    venue: Venue, naive: NaiveVenue, order_id: int, step: Feed | Print | Order
) -> list[VenueEvent]:
    """Give both the same step and return the venue's events."""
    match step:
        case Feed(changed, snapshot):
            naive.on_book(changed, snapshot=snapshot)
            return venue.on_book(MARKET, *split(changed), snapshot=snapshot)
        case Print(price, quantity, aggressor):
            naive.on_trade(price, quantity, aggressor)
            return venue.on_trade(MARKET, price, quantity, aggressor)
        case Order(side, terms, price, quantity):
            reason = naive.submit(order_id, side, terms, price, quantity)
            events = venue.submit(order_id, MARKET, side, *terms, price, quantity)
            assert events[-1].reason == reason
            return events


@given(st.lists(steps, max_size=40))
def test_venue_fills_what_its_naive_twin_fills(steps: list[Feed | Print | Order]) -> None:
    venue, naive = Venue(), NaiveVenue()
    venue.add_recorded(MARKET)
    for order_id, step in enumerate(steps):
        naive.fills.clear()
        assert fills_of(play(venue, naive, order_id, step)) == naive.fills
        working = [own for own in naive.own if own.leaves]
        assert venue.open_orders() == [
            (own.order_id, MARKET, own.side, own.price, own.leaves) for own in working
        ]
        ahead = [venue.queue_ahead(own.order_id) for own in working]
        assert ahead == [own.ahead for own in working]


def venue_with_book() -> Venue:
    venue = Venue()
    venue.add_recorded(MARKET)
    venue.on_book(MARKET, [(99, 10), (98, 5)], [(101, 4), (102, 6)], snapshot=True)
    return venue


def enter(venue: Venue, order_id: int, side: int, price: int, quantity: int) -> list[VenueEvent]:
    return venue.submit(
        order_id, MARKET, side, "limit", "gtc", post_only=False, price=price, quantity=quantity
    )


def test_book_view_is_the_recorded_book_and_stays_live() -> None:
    venue = venue_with_book()
    book = venue.book(MARKET)
    enter(venue, 1, 1, 100, 5)
    assert book.best_bid() == (99, 10)
    venue.on_book(MARKET, [(100, 2)], [], snapshot=False)
    assert book.best_bid() == (100, 2)
    assert book.asks(5) == [(101, 4), (102, 6)]
    assert [column.tolist() for column in book.depth(1)] == [[100], [2], [101], [4]]
    assert (book.quantity_at(-1, 102), book.level_count(1), book.is_crossed()) == (6, 3, False)


def test_restored_order_queues_last_and_is_not_accepted_again() -> None:
    venue = venue_with_book()
    assert venue.restore(7, MARKET, 1, 99, 5) == []
    assert venue.queue_ahead(7) == 10
    (fill,) = venue.restore(8, MARKET, -1, 99, 3)[:1]
    # Our own bid stands behind the ten displayed: the restored ask takes displayed bids only.
    assert (fill.kind, fill.price, fill.quantity, fill.liquidity) == ("filled", 99, 3, "taker")


def test_cancel_says_once_what_was_left() -> None:
    venue = venue_with_book()
    enter(venue, 1, 1, 99, 5)
    venue.on_trade(MARKET, 99, 12, -1)
    (event,) = venue.cancel(1)
    assert (event.kind, event.quantity, event.leaves) == ("cancelled", 3, 0)
    (event,) = venue.cancel(1)
    assert (event.kind, event.reason) == ("cancel_rejected", "unknown_order")
    assert venue.queue_ahead(1) is None


def test_match_ids_go_on_after_a_restart() -> None:
    venue = venue_with_book()
    venue.set_next_match_id(41)
    assert [event.match_id for event in enter(venue, 1, 1, 102, 5)] == [0, 41, 42]
    assert venue.next_match_id() == 43
    with pytest.raises(ValueError, match=r"match_id must be in \[43, .*, was 42"):
        venue.set_next_match_id(42)


def test_wrong_calls_are_value_errors() -> None:
    venue = venue_with_book()
    with pytest.raises(ValueError, match="instrument must be one added to this venue, was 9"):
        venue.book(9)
    with pytest.raises(ValueError, match="instrument must not be in use, was 3"):
        venue.add_recorded(MARKET)
    with pytest.raises(ValueError, match="must be a synthetic market, was 3, a recorded one"):
        venue.advance(MARKET)
    with pytest.raises(ValueError, match=r"aggressor must be 1 \(buyer\).*, was 5"):
        venue.on_trade(MARKET, 1, 1, 5)
    with pytest.raises(ValueError, match=r"quantity must be in \[1, .*, was 0"):
        venue.on_trade(MARKET, 1, 0, 1)
    with pytest.raises(ValueError, match=r"instrument must be in \[0, 4294967295\], was -1"):
        venue.book(-1)
