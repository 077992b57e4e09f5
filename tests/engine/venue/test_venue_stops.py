"""Stops, replacements and orders that end by the clock, at the native venue itself."""

from pathlib import Path

import msgspec
import pytest
from tests.engine.venue.venue_bench import START, VenueBench

from tradebot.engine.core.events import (
    OrderExpired,
    OrderFilled,
    OrderReplaced,
    OrderReported,
    OrderTriggered,
    ReplaceRejected,
    VenueEvent,
)
from tradebot.engine.core.types import SECOND, ClientOrderId
from tradebot.engine.venue.log import Ended, Trailed, Triggered
from tradebot.engine.venue.native import CAPABILITIES


@pytest.fixture
def bench(tmp_path: Path) -> VenueBench:
    return VenueBench(tmp_path / "venue.log").opened()


def kinds(events: list[VenueEvent]) -> list[str]:
    return [type(event).__name__ for event in events]


def fills(events: list[VenueEvent]) -> list[OrderFilled]:
    return [event for event in events if isinstance(event, OrderFilled)]


def since(bench: VenueBench, count: int) -> list[VenueEvent]:
    return bench.answers[count:]


def test_a_stop_waits_until_a_trade_reaches_its_trigger(bench: VenueBench) -> None:
    assert kinds(bench.submit("s", "sell", 500, None, kind="stop", trigger=880)) == [
        "OrderAccepted"
    ]
    seen = len(bench.answers)
    bench.print(890, 10, -1)
    assert since(bench, seen) == []
    bench.print(880, 10, -1)
    assert kinds(since(bench, seen)) == ["OrderTriggered", "OrderFilled"]
    assert isinstance(bench.answers[-2], OrderTriggered)


def test_without_trades_the_middle_sets_a_stop_off(bench: VenueBench) -> None:
    bench.submit("s", "buy", 500, None, kind="stop", trigger=1050)
    bench.book(bids=((1050, 1000),), asks=((1060, 1000),))
    assert kinds(bench.answers)[-2:] == ["OrderTriggered", "OrderFilled"]


def test_a_stop_limit_rests_at_its_limit_once_it_is_set_off(bench: VenueBench) -> None:
    bench.submit("s", "sell", 500, 950, kind="stop_limit", trigger=880)
    bench.print(880, 10, -1)
    assert kinds(bench.answers)[-1] == "OrderTriggered"
    assert bench.venue.queue_ahead(ClientOrderId("s")) == 0
    bench.print(960, 5000, 1)
    assert isinstance(bench.answers[-1], OrderFilled)


def test_a_trailing_stop_follows_writes_it_down_and_goes_on_there_after_a_restart(
    bench: VenueBench,
) -> None:
    bench.submit("s", "sell", 500, None, kind="trailing_stop", trigger=800, trail=100)
    bench.print(1000, 10, 1)
    bench.print(940, 10, -1)
    moved = [record for record in bench.records() if isinstance(record, Trailed)]
    assert [record.trigger for record in moved] == [900]
    later = bench.again().opened()
    later.print(905, 10, -1)
    assert not [event for event in later.answers if isinstance(event, OrderTriggered)]
    later.print(900, 10, -1)
    assert [event for event in later.answers if isinstance(event, OrderTriggered)]


def test_a_waiting_stop_is_restored_and_one_set_off_is_not_set_off_again(
    bench: VenueBench,
) -> None:
    bench.submit("a", "sell", 500, None, kind="stop", trigger=880)
    bench.submit("b", "sell", 500, 950, kind="stop_limit", trigger=890)
    bench.print(890, 10, -1)
    later = bench.again().opened()
    assert len([r for r in later.records() if isinstance(r, Triggered)]) == 1
    assert later.venue.queue_ahead(ClientOrderId("b")) == 0
    later.print(880, 10, -1)
    triggered = [event for event in later.answers if isinstance(event, OrderTriggered)]
    assert [event.client_order_id for event in triggered] == ["a"]


def test_a_waiting_stop_can_be_cancelled(bench: VenueBench) -> None:
    bench.submit("s", "sell", 500, None, kind="stop", trigger=880)
    assert kinds(bench.cancel("s")) == ["OrderCancelled"]
    bench.print(800, 10, -1)
    assert not [event for event in bench.answers if isinstance(event, OrderTriggered)]


def test_replacing_is_one_answer_and_the_old_order_is_gone(bench: VenueBench) -> None:
    bench.submit("a", "buy", 500, 900)
    (answer,) = bench.submit("b", "buy", 300, 850, replaces="a")
    assert isinstance(answer, OrderReplaced)
    assert (answer.replaced, answer.quantity) == ("a", 300)
    assert list(bench.venue.books.working) == ["b"]
    ended = [record for record in bench.records() if isinstance(record, Ended)]
    assert [record.how for record in ended] == ["replaced"]
    (report,) = bench.ask("a")
    assert isinstance(report, OrderReported)
    assert report.state == "cancelled"


def test_what_the_old_order_filled_unknown_to_the_engine_is_taken_off(bench: VenueBench) -> None:
    bench.submit("a", "buy", 500, 950)
    bench.print(949, 200, -1)
    filled = bench.venue.books.working[ClientOrderId("a")].filled
    assert filled
    (answer,) = bench.submit("b", "buy", 500, 940, replaces="a", known_filled=0)
    assert isinstance(answer, OrderReplaced)
    assert answer.quantity == 500 - filled


def test_replacing_what_is_gone_or_has_filled_enough_is_refused(bench: VenueBench) -> None:
    (gone,) = bench.submit("b", "buy", 300, 850, replaces="nobody")
    assert isinstance(gone, ReplaceRejected)
    bench.submit("c", "buy", 500, 950)
    bench.print(949, 200, -1)
    (too_late,) = bench.submit("d", "buy", 100, 940, replaces="c")
    assert isinstance(too_late, ReplaceRejected)
    assert ClientOrderId("c") in bench.venue.books.working
    (took,) = bench.submit("e", "buy", 500, 1000, replaces="c", post_only=True)
    assert isinstance(took, ReplaceRejected)


@pytest.mark.parametrize(
    ("quantity", "price", "ahead"),
    [(300, 900, 400), (500, 900, 400), (501, 900, 1000), (500, 901, 0), (500, 899, 0)],
)
def test_a_change_keeps_its_place_in_the_queue_unless_it_asks_for_more_or_another_price(
    bench: VenueBench, quantity: int, price: int, ahead: int
) -> None:
    bench.book(bids=((900, 1000), (898, 700)), asks=((1000, 1000),))
    bench.submit("a", "buy", 500, 900)
    bench.print(900, 600, -1)
    (answer,) = bench.submit("b", "buy", quantity, price, replaces="a")
    assert isinstance(answer, OrderReplaced)
    assert answer.quantity == quantity
    assert bench.venue.queue_ahead(ClientOrderId("b")) == ahead
    assert bench.venue.queue_ahead(ClientOrderId("a")) is None
    bench.print(price, 5000, -1)
    assert sum(fill.quantity for fill in fills(bench.answers)) == quantity


def test_a_change_that_keeps_its_place_counts_what_had_filled_and_is_cancelled_by_its_new_name(
    bench: VenueBench,
) -> None:
    bench.submit("a", "buy", 500, 900)
    bench.print(900, 1100, -1)
    (answer,) = bench.submit("b", "buy", 300, 900, replaces="a", known_filled=0)
    assert isinstance(answer, OrderReplaced)
    assert answer.quantity == 200  # 100 had filled on the way
    bench.print(900, 150, -1)
    assert [(fill.client_order_id, fill.quantity) for fill in fills(bench.answers)] == [
        ("a", 100),
        ("b", 150),
    ]
    assert kinds(bench.cancel("b")) == ["OrderCancelled"]
    assert bench.again().opened().venue.books.ended[ClientOrderId("a")][0] == "replaced"


def test_a_change_to_what_the_venue_does_not_know_is_refused_and_the_order_stays(
    tmp_path: Path,
) -> None:
    can = msgspec.structs.replace(CAPABILITIES, times_in_force=("gtd",))
    bench = VenueBench(tmp_path / "venue.log", can=can).opened()
    bench.submit("a", "buy", 500, 900, tif="gtd", expires=START + 60 * SECOND)
    (answer,) = bench.submit("b", "buy", 300, 900, tif="gtc", replaces="a")
    assert isinstance(answer, ReplaceRejected)
    assert answer.reason == "limit gtc is not known here"
    assert list(bench.venue.books.working) == ["a"]
    bench.print(899, 5000, -1)
    assert [(fill.client_order_id, fill.quantity) for fill in fills(bench.answers)] == [("a", 500)]


def test_a_trailing_stop_keeps_what_it_gained_when_it_is_replaced(bench: VenueBench) -> None:
    bench.submit("a", "sell", 500, None, kind="trailing_stop", trigger=800, trail=100)
    bench.print(1000, 10, 1)
    bench.submit("b", "sell", 300, None, kind="trailing_stop", trigger=800, trail=100, replaces="a")
    bench.print(900, 10, -1)
    assert [event for event in bench.answers if isinstance(event, OrderTriggered)]


def test_gtd_ends_at_its_time_also_where_the_engine_says_nothing(bench: VenueBench) -> None:
    end = bench.now + 60 * SECOND
    bench.submit("a", "buy", 500, 900, tif="gtd", expires=end)
    delay, end_it = bench.departed[-1]
    assert delay == 60 * SECOND
    bench.now = end
    end_it()
    assert isinstance(bench.answers[-1], OrderExpired)
    end_it()
    assert len([event for event in bench.answers if isinstance(event, OrderExpired)]) == 1
