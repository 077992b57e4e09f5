"""A correction whose word on the stream was lost: REST lists it as a fill, it counts in place of what it corrects."""

from decimal import Decimal

import pytest
from tests.engine.brokers.alpaca.desk import Desk, intent
from tests.engine.brokers.alpaca.test_filling_faults import session
from tests.engine.brokers.alpaca.venue_in_memory import AlpacaInMemory

from tradebot.engine.brokers.alpaca.executions import Execution
from tradebot.engine.brokers.alpaca.replaced import Listing, Replaced
from tradebot.engine.core.events import ExecutionCorrected
from tradebot.engine.core.types import SECOND
from tradebot.engine.exchange.faults import Fault, FaultName


@pytest.mark.parametrize("fault", ["drop", "mute", "drop_socket", "delay"])
@pytest.mark.parametrize("args", [{"ticks": 3}, {"quantity": 5 * 10**8}], ids=["price", "quantity"])
def test_a_lost_correction_is_told_as_one_by_an_account_without_activity_events(
    fault: FaultName, args: dict[str, int | float | str]
) -> None:
    venue = AlpacaInMemory(1)
    filling, told = session(venue, "trade_updates")
    venue.run(SECOND)
    for _ in range(3):
        venue.place("BTC/USD", 1, 10**9)
        venue.run(SECOND)
    venue.hush()
    late: dict[str, int | float | str] = {"seconds": 40.0}
    venue.striker.arm(Fault(venue="alpaca", fault=fault, on="execution", args=late))
    venue.striker.arm(Fault(venue="alpaca", fault="correction", args=args))
    venue.run(90 * SECOND)
    assert sorted(told.standing()) == sorted(venue.standing())
    assert [one.kind for one in told.executions].count("correction") == 1
    ids = [one.execution_id for one in told.executions]
    assert len(ids) == len(set(ids))
    assert filling.state == "live"
    assert not filling.unexplained


def test_a_lost_correction_found_by_a_look_at_the_account_is_told_as_one() -> None:
    desk = Desk()
    desk.venue.doors.stream = lambda _, line: line.drop("HTTP 404")
    for number in range(3):
        desk.submit(intent(f"tb{number}"))
        desk.run(1)
    desk.venue.hush()
    desk.venue.striker.arm(Fault(venue="alpaca", fault="drop", on="execution"))
    desk.venue.striker.arm(Fault(venue="alpaca", fault="correction"))
    desk.run(0.2)
    desk.look()
    desk.run(60)
    desk.look()
    desk.run(2)
    corrected = [one for one in desk.about(ExecutionCorrected) if "at Alpaca" in one.reason]
    assert len(corrected) == 1
    desk.agrees()


def execution(key: str, quantity: int, filled: int, ts: int) -> Execution:
    return Execution(
        execution_id=key,
        order_id="o",
        symbol="AAPL",
        side="buy",
        price=Decimal(10),
        quantity=Decimal(quantity),
        filled=Decimal(filled),
        ts=ts,
        source="sweep",
    )


def test_a_fill_for_which_its_order_has_room_is_a_fill_also_beside_one_that_is_not_listed_yet() -> (
    None
):
    replaced = Replaced()
    replaced.told(execution("a", 10, 10, 100), now=100)
    more = execution("b", 5, 15, 200)
    assert replaced.meant(more, Decimal(10), Listing((more,), 0, 300)) is more


def test_nothing_is_replaced_by_a_list_that_need_not_hold_it() -> None:
    replaced = Replaced()
    replaced.told(execution("a", 10, 10, 100), now=100)
    row = execution("b", 10, 10, 200)
    # Begun after it, asked for before it was told, and one that has it.
    for listing in (
        Listing((row,), 100, 300),
        Listing((row,), 0, 100),
        Listing((row, execution("a", 10, 10, 100)), 0, 300),
    ):
        assert replaced.meant(row, Decimal(10), listing) is row
    assert replaced.meant(row, Decimal(10), Listing((row,), 0, 300)).previous_id == "a"
