"""Queues, latency and news that is late, through a whole backtest on the sandbox's recording."""

import math
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.research.conftest import Run

from tradebot.engine.core.types import MINUTE, MS
from tradebot.engine.recording.hour import record
from tradebot.engine.research.results import Backtest
from tradebot.engine.trial.delays import Model
from tradebot.engine.trial.rules import Rules
from tradebot.native import QueuePlace, Venue

BOOK = Rules(name="book", commission="0", limits="off", latency="none")

JOINS_THE_BID = """
    import msgspec
    class Memory(msgspec.Struct, frozen=True):
        sent: int = 0
    class One:
        needs = (Book(),)
        state = Memory

        def decide(self, portfolio, snapshot, context=None):
            sent = 0 if context.state is None else context.state.sent
            if sent >= 20 or portfolio.orders:
                return OrderSeq.none(because=why("waits"))
            order = buy(Decimal("0.001"), limit=snapshot.only.bid, post_only=True)
            return OrderSeq.of(order, because=why("joins"), state=Memory(sent=sent + 1))
"""


@pytest.fixture
def hour(store: Path) -> str:
    record(store, span=MINUTE)
    return "sandbox/hour"


def with_(**changes: str) -> Rules:
    return msgspec.structs.replace(BOOK, **changes)


def filled(result: Backtest) -> list[tuple[int, int]]:
    return [(fill.ts_event, fill.price) for fill in result.ran.fills]


@pytest.mark.parametrize(("queue", "ahead"), [("risk_averse", 10), ("power", 7), ("log", 7)])
def test_cancels_bring_an_order_forward_as_its_model_says(queue: Model, ahead: int) -> None:
    venue = Venue()
    venue.add_recorded(0, queue, 1.0)
    venue.on_book(0, [(100, 10)], [(102, 5)], snapshot=True)
    venue.submit(1, 0, 1, "limit", "gtc", post_only=True, price=100, quantity=2)
    venue.on_book(0, [(100, 20)], [], snapshot=False)
    venue.on_book(0, [(100, 14)], [], snapshot=False)
    assert venue.queue_ahead(1) == ahead
    # What is traded comes off the front whatever the model; the rest of the print is ours.
    (fill,) = venue.on_trade(0, 100, ahead + 1, -1)
    assert (fill.price, fill.quantity, fill.liquidity) == (100, 1, "maker")


def test_a_queue_named_in_the_options_is_the_venues_and_is_told(hour: str, run: Run) -> None:
    result = run(JOINS_THE_BID, hour, rules=with_(queue="power3:2.5"))
    told = result.ran.report.assumptions["queue"]
    assert told == "behind the displayed size; cancels shared by power3 2.5"
    assert filled(result)


def test_orders_answers_and_news_are_late_each_by_its_own(hour: str, run: Run) -> None:
    at_once = run(JOINS_THE_BID, hour, rules=with_(latency="none"))
    late = run(JOINS_THE_BID, hour, rules=with_(latency="order=0,answer=0,feed=253"))
    assert late.ran.report.assumptions["latency"] == "order 0 ms, answer 0 ms, feed 253 ms"
    # This market has news every 50 ms; it is heard 253 ms after, and own fills at once.
    heard = {fill.ts_event for one in (at_once, late) for fill in one.ran.fills}
    decided = {order.created for order in late.ran.submitted}
    assert {ts % (50 * MS) for ts in heard} == {0}
    assert 3 * MS in {ts % (50 * MS) for ts in decided}
    assert 3 * MS not in {order.created % (50 * MS) for order in at_once.ran.submitted}


def test_the_same_latencies_recorded_or_constant_make_the_same_run(
    hour: str, run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "latency.csv"
    path.write_text(
        f"requested,exchange,answered\n0,{3 * MS},{5 * MS}\n{10**19 // 2},{10**19 // 2 + 3 * MS},"
        f"{10**19 // 2 + 5 * MS}\n"
    )
    constant = run(JOINS_THE_BID, hour, rules=with_(latency="order=3,answer=2"))
    recorded = run(JOINS_THE_BID, hour, rules=with_(latency=f"recorded:{path}"))
    assert filled(recorded) == filled(constant)
    assert recorded.ran.decided == constant.ran.decided
    path.write_text(f"requested,exchange,answered\n0,{4 * MS},{5 * MS}\n")
    other = run(JOINS_THE_BID, hour, rules=with_(latency=f"recorded:{path}"))
    assert other.ran.report.id != recorded.ran.report.id


def twin(model: Model, front: float, before: float, now: float, power: float) -> float:
    """The published rule, written down a second time: where an order is after a level fell without a trade."""
    back = before - front
    if model == "risk_averse" or now > before:
        return max(min(front, now), 0.0)
    if front + back <= 0:
        behind = 1.0
    elif model == "power":
        behind = back**power / (back**power + front**power)
    elif model == "power2":
        behind = back**power / (back + front) ** power
    elif model == "power3":
        behind = 1 - (front / (front + back)) ** power
    elif model == "log":
        behind = math.log(1 + back) / (math.log(1 + back) + math.log(1 + front))
    else:
        behind = math.log(1 + back) / math.log(1 + back + front)
    fell = before - now
    moved = front - (1 - behind) * fell + min(back - behind * fell, 0.0)
    return max(min(moved, now), 0.0)


@given(
    model=st.sampled_from(["risk_averse", "power", "power2", "power3", "log", "log2"]),
    front=st.integers(0, 1000),
    behind=st.integers(0, 1000),
    now=st.integers(0, 2500),
    power=st.floats(0.25, 4),
)
def test_a_queue_moves_as_its_twin(
    model: Model, front: int, behind: int, now: int, power: float
) -> None:
    place = QueuePlace(front)
    place.depth(front + behind, now, model, power)
    wanted = twin(model, front, front + behind, now, power)
    assert math.isclose(place.front, wanted, rel_tol=1e-9, abs_tol=1e-9)


def test_a_fee_of_the_smallest_order_is_exact(hour: str, run: Run) -> None:
    result = run(JOINS_THE_BID, hour, rules=with_(commission="maker:-0.0001,taker:0.0005"))
    (fill, *_) = result.ran.fills
    what = result.ran.instruments[0]
    assert fill.fee == (what.notional(fill.price, fill.quantity) * Decimal("-0.0001")).quantize(
        Decimal("1e-8")
    )
