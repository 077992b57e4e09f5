"""The fault matrix: whatever happens on the way, every fill is told once, by each of the three ways to be told."""

import random
from collections.abc import Callable

import pytest
from tests.engine.brokers.alpaca.venue_in_memory import STREAM, URL, AlpacaInMemory

from tradebot.engine.brokers.alpaca.api import Api, Keys
from tradebot.engine.brokers.alpaca.executions import Execution, OrderNews
from tradebot.engine.brokers.alpaca.filling import Filling
from tradebot.engine.brokers.alpaca.sources import (
    ActivityEvents,
    BrokerEvents,
    Source,
    TradeUpdates,
)
from tradebot.engine.brokers.ids import ToldExecutions
from tradebot.engine.brokers.session import SessionState
from tradebot.engine.core.types import SECOND
from tradebot.engine.exchange.faults import EventName, Fault, FaultName
from tradebot.engine.secret import Secret

SOURCES: dict[str, Callable[[Keys], Source]] = {
    "trade_updates": lambda keys: TradeUpdates(STREAM, keys),
    "activity_events": lambda keys: ActivityEvents(URL, keys),
    "broker_events": lambda keys: BrokerEvents(URL, keys),
}

AT: list[tuple[FaultName, EventName | None, dict[str, int | float | str]]] = [
    ("drop_socket", "execution", {}),
    ("drop_socket", "request", {}),
    ("drop_socket", "subscribe", {}),
    ("mute", "execution", {}),
    ("drop", "execution", {}),
    ("gap", "execution", {}),
    ("duplicate", "execution", {}),
    ("delay", "execution", {"seconds": 2.0}),
    ("reorder", "execution", {"seconds": 0.5}),
    ("late", "query", {"seconds": 12.0}),
    ("http_429", "query", {}),
    ("http_5xx", "query", {}),
    ("bust", None, {}),
    ("correction", None, {}),
    ("shutdown", None, {}),
    ("close_24h", None, {}),
    ("restart", None, {"seconds": 3.0}),
]


class Told:
    """A consumer, and what it knows beyond one connection."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._told = ToldExecutions()
        self._now = now
        self._since = self._began = now()
        self.longest = 0
        """Longest from an execution at the venue to its being told, ns."""
        self.executions: list[Execution] = []
        self.states: list[SessionState] = []

    def first(self, execution_id: str) -> bool:
        return self._told.first(execution_id)

    def since(self) -> int:
        return self._since

    def began(self) -> int:
        return self._began

    def reached(self, ts: int) -> None:
        self._since = max(self._since, ts)

    def executed(self, execution: Execution) -> None:
        self.executions.append(execution)
        self.longest = max(self.longest, self._now() - execution.ts)

    def ordered(self, news: OrderNews) -> None:
        """Orders are another's."""

    def stands(self, state: SessionState, reason: str) -> None:
        self.states.append(state)

    def standing(self) -> list[str]:
        """Return the ids of what counts, in the order told."""
        gone = {one.previous_id for one in self.executions if one.previous_id}
        return [
            one.execution_id
            for one in self.executions
            if one.execution_id not in gone and one.kind != "bust"
        ]


def session(venue: AlpacaInMemory, source: str, seed: int = 1) -> tuple[Filling, Told]:
    keys = Keys(Secret(venue.terms.key), Secret(venue.terms.secret))
    told = Told(lambda: venue.doors.now)
    chance = random.Random(seed)  # noqa: S311  (repeatable)
    ways = [SOURCES[source](keys)]
    filling = Filling(venue.doors, Api(URL, keys), ways, told, told, chance)
    filling.start()
    return filling, told


def trade(venue: AlpacaInMemory, chance: random.Random, orders: int) -> None:
    """Trade now and then, in both directions."""
    for number in range(orders):
        side = 1 if number % 2 == 0 else -1
        venue.place("BTC/USD", side, chance.randint(1, 40) * 10**7)
        venue.run(chance.randint(1, 800) * 1_000_000)


def day_with(source: str, at: int, seed: int) -> tuple[AlpacaInMemory, Filling, Told]:
    fault, event, args = AT[at]
    venue = AlpacaInMemory(seed)
    filling, told = session(venue, source, seed)
    chance = random.Random(seed)  # noqa: S311  (repeatable)
    venue.run(SECOND)
    venue.place("BTC/USD", 1, 5 * 10**9)  # something to sell and to bust
    venue.run(SECOND)
    trade(venue, chance, 3)
    count = chance.randint(1, 3) if event is not None else 1
    venue.striker.arm(Fault(venue="alpaca", fault=fault, on=event, count=count, args=args))
    trade(venue, chance, 12)
    return venue, filling, told


def recover(venue: AlpacaInMemory, told: Told) -> int:
    """Let it be quiet until all is told; return the seconds that took."""
    venue.hush()
    quiet = venue.doors.now
    while sorted(told.standing()) != sorted(venue.standing()):
        assert venue.doors.now - quiet < 200 * SECOND
        venue.run(SECOND)
    return (venue.doors.now - quiet) // SECOND


def check(venue: AlpacaInMemory, told: Told) -> None:
    expected = venue.standing()
    assert len(expected) > 8
    assert sorted(told.standing()) == sorted(expected)
    ids = [one.execution_id for one in told.executions]
    assert len(ids) == len(set(ids))


CASES = [
    pytest.param(source, at, id=f"{source}-{AT[at][0]}-{AT[at][1]}")
    for source in SOURCES
    for at in range(len(AT))
]


@pytest.mark.parametrize(("source", "at"), CASES)
def test_a_fault_costs_no_fill_and_doubles_none(source: str, at: int) -> None:
    venue, filling, told = day_with(source, at, seed=1)
    assert recover(venue, told) <= 40
    venue.run(20 * SECOND)
    check(venue, told)
    assert filling.state == "live"
    assert not filling.unexplained


@pytest.mark.slow
@pytest.mark.parametrize(("source", "at"), CASES)
def test_a_fault_costs_no_fill_and_doubles_none_on_many_days(source: str, at: int) -> None:
    for seed in range(2, 21):
        venue, _, told = day_with(source, at, seed)
        assert recover(venue, told) <= 40
        venue.run(20 * SECOND)
        check(venue, told)
