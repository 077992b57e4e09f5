"""`MatchingEngine` through Python, against a naive twin that looks at all orders for each match."""

from dataclasses import dataclass, field
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.native import MatchingEngine, VenueEvent

type Kind = Literal["limit", "market"]
type Tif = Literal["gtc", "ioc", "fok"]
type Told = tuple[str, int, int, int, int, str, str]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An order as it is submitted."""

    side: int
    terms: tuple[Kind, Tif, bool]
    price: int
    quantity: int
    owner: int


@dataclass
class Resting:
    """An order of the twin's book."""

    order_id: int
    side: int
    price: int
    leaves: int
    owner: int


@dataclass
class NaiveEngine:
    """Orders in order of arrival."""

    orders: list[Resting] = field(default_factory=list[Resting])

    def makers(self, entry: Entry) -> list[Resting]:
        """Return whom the order would trade with, in order, reach considered."""
        market = entry.terms[0] == "market"
        others = [order for order in self.orders if order.side == -entry.side]
        reached = [o for o in others if market or (entry.price - o.price) * entry.side >= 0]
        return sorted(reached, key=lambda order: order.price * entry.side)

    def submit(self, order_id: int, entry: Entry) -> list[Told]:
        kind, tif, post_only = entry.terms
        price = 0 if kind == "market" else entry.price
        makers = self.makers(entry)
        if post_only and makers:
            return [("rejected", order_id, price, entry.quantity, 0, "", "post_only_would_take")]
        accepted: Told = ("accepted", order_id, price, entry.quantity, entry.quantity, "", "")
        own = [bool(entry.owner) and maker.owner == entry.owner for maker in makers]
        reachable = makers[: own.index(True)] if True in own else makers
        if tif == "fok" and sum(maker.leaves for maker in reachable) < entry.quantity:
            return [
                accepted,
                ("expired", order_id, price, entry.quantity, 0, "", "fok_unfillable"),
            ]
        answers: list[Told] = [accepted]
        left = entry.quantity
        for maker in reachable:
            traded = min(left, maker.leaves)
            if not traded:
                break
            left -= traded
            maker.leaves -= traded
            answers.append(("filled", order_id, maker.price, traded, left, "taker", ""))
            answers.append(
                ("filled", maker.order_id, maker.price, traded, maker.leaves, "maker", "")
            )
        self.orders = [order for order in self.orders if order.leaves]
        reason = "self_cross" if True in own else ""
        reason = reason or ("no_liquidity" if kind == "market" else "")
        reason = reason or ("ioc_remainder" if tif == "ioc" else "")
        if left and reason:
            answers.append(("expired", order_id, price, left, 0, "", reason))
        elif left:
            self.orders.append(Resting(order_id, entry.side, entry.price, left, entry.owner))
        return answers


def told(event: VenueEvent) -> Told:
    return (
        event.kind,
        event.order_id,
        event.price,
        event.quantity,
        event.leaves,
        event.liquidity,
        event.reason,
    )


entries = st.builds(
    Entry,
    side=st.sampled_from([1, -1]),
    terms=st.sampled_from(
        [
            ("limit", "gtc", False),
            ("limit", "gtc", False),
            ("limit", "gtc", True),
            ("limit", "ioc", False),
            ("limit", "fok", False),
            ("market", "gtc", False),
            ("market", "ioc", False),
            ("market", "fok", False),
        ]
    ),
    price=st.integers(97, 103),
    quantity=st.integers(1, 8),
    owner=st.integers(0, 2),
)
actions = st.one_of(entries, entries, entries, st.integers(0, 40))


@given(st.lists(actions, max_size=60))
def test_engine_tells_what_its_naive_twin_tells(actions: list[Entry | int]) -> None:
    engine, naive = MatchingEngine(), NaiveEngine()
    matches = 0
    for order_id, action in enumerate(actions):
        if isinstance(action, int):
            known = [order for order in naive.orders if order.order_id == action]
            naive.orders = [order for order in naive.orders if order.order_id != action]
            (event,) = engine.cancel(action)
            assert event.kind == ("cancelled" if known else "cancel_rejected")
            assert event.quantity == sum(order.leaves for order in known)
            continue
        kind, tif, post_only = action.terms
        numbers = (action.price, action.quantity, action.owner)
        events = engine.submit(order_id, action.side, kind, tif, post_only, *numbers)
        assert [told(event) for event in events] == naive.submit(order_id, action)
        fills = [event for event in events if event.kind == "filled"]
        for taker, maker in zip(fills[::2], fills[1::2], strict=True):
            matches += 1
            assert (taker.match_id, maker.match_id) == (matches, matches)
        assert not engine.is_crossed()
        assert len(engine) == len(naive.orders)
        for order in naive.orders:
            queue = engine.orders_at(order.side, order.price)
            assert (order.order_id, order.leaves) in queue


def limit(engine: MatchingEngine, order_id: int, side: int, price: int, quantity: int) -> None:
    engine.submit(order_id, side, "limit", "gtc", post_only=False, price=price, quantity=quantity)


def test_time_decides_at_one_price() -> None:
    engine = MatchingEngine()
    for order_id in (1, 2, 3):
        limit(engine, order_id, -1, 100, 5)
    assert engine.queue_position(3) == (2, 10)
    events = engine.submit(9, 1, "market", "ioc", post_only=False, price=0, quantity=7)
    makers = [(e.order_id, e.quantity) for e in events if e.liquidity == "maker"]
    assert makers == [(1, 5), (2, 2)]
    assert engine.queue_position(3) == (1, 3)


def test_reduce_keeps_the_place_and_never_grows() -> None:
    engine = MatchingEngine()
    limit(engine, 1, 1, 100, 5)
    limit(engine, 2, 1, 100, 5)
    (event,) = engine.reduce(1, 2)
    assert told(event) == ("reduced", 1, 100, 3, 2, "", "")
    assert engine.orders_at(1, 100) == [(1, 2), (2, 5)]
    assert engine.reduce(1, 2)[0].reason == "not_smaller"
    assert engine.reduce(7, 2)[0].reason == "unknown_order"
    assert engine.reduce(1, 0)[0].kind == "cancelled"
    assert 1 not in engine


def test_an_id_that_rests_is_a_value_error() -> None:
    engine = MatchingEngine()
    limit(engine, 1, 1, 100, 5)
    with pytest.raises(ValueError, match="order_id must not be in use, was 1"):
        limit(engine, 1, 1, 100, 5)


def test_words_that_no_venue_knows_are_value_errors() -> None:
    engine = MatchingEngine()
    with pytest.raises(ValueError, match="kind must be 'limit' or 'market', was 'stop'"):
        engine.submit(1, 1, "stop", "gtc", False, 1, 1)  # noqa: FBT003  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="tif must be 'gtc', 'ioc' or 'fok', was 'day'"):
        engine.submit(1, 1, "limit", "day", False, 1, 1)  # noqa: FBT003  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="post_only must go with a limit order that is gtc"):
        engine.submit(1, 1, "limit", "ioc", post_only=True, price=1, quantity=1)


def test_events_are_values() -> None:
    first = MatchingEngine().cancel(7)[0]
    second = MatchingEngine().cancel(7)[0]
    assert first == second
    assert hash(first) == hash(second)
    assert first != MatchingEngine().cancel(8)[0]
    assert repr(first).startswith("VenueEvent(kind='cancel_rejected', order_id=7, ")
    with pytest.raises(AttributeError):
        first.leaves = 3  # pyright: ignore[reportAttributeAccessIssue]
