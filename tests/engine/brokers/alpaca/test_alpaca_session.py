"""An account's session in memory and virtual time: three outcomes, no fill lost or doubled, whatever fails."""

import random
from decimal import Decimal

import msgspec
import pytest
from tests.engine.brokers.alpaca.desk import AAPL, BTC, Desk, intent
from tests.engine.brokers.alpaca.venue_in_memory import AlpacaInMemory

from tradebot.engine.brokers.alpaca.orders import body_of
from tradebot.engine.brokers.alpaca.rules import STOCKS, capabilities_of, in_extended_hours, refusal
from tradebot.engine.core.events import (
    AccountReported,
    CancelRejected,
    ClockMeasured,
    FeeCharged,
    OrderAccepted,
    OrderCancelled,
    OrderRejected,
    OrderReported,
    StreamChanged,
    SubmitUnknown,
)
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.core.types import SECOND
from tradebot.engine.exchange.faults import EventName, Fault, FaultName


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_the_stream_is_up_after_the_gap_before_it_was_asked_for(desk: Desk) -> None:
    assert [word.state for word in desk.about(StreamChanged)] == ["up"]
    assert desk.about(ClockMeasured)[0].offset == 0
    (report,) = desk.about(AccountReported)
    assert report.cash == {"USD": Decimal(100_000)}


def test_an_order_goes_out_as_text_and_its_fill_carries_the_fee_that_came_later(
    desk: Desk,
) -> None:
    desk.submit(intent("tb1"))
    desk.run(1)
    (post,) = [one for one in desk.venue.doors.requests if one.method == "POST"]
    assert msgspec.json.decode(post.body) == {
        "symbol": "BTC/USD",
        "qty": "0.01",
        "side": "buy",
        "type": "market",
        "time_in_force": "gtc",
        "client_order_id": "tb1",
    }
    assert desk.about(OrderAccepted)
    desk.look()
    desk.run(1)
    desk.agrees()
    assert {fill.fee_currency for fill in desk.standing.values()} == {"BTC"}
    desk.look()
    desk.run(1)
    desk.agrees()  # looked at twice, charged once


def test_a_bust_takes_back_a_fill_whose_fee_was_told_already(desk: Desk) -> None:
    desk.submit(intent("tb1"))
    desk.run(1)
    desk.look()
    desk.run(1)
    desk.venue.striker.arm(Fault(venue="alpaca", fault="bust"))
    desk.run(1)
    desk.look()
    desk.run(1)
    assert desk.about(AccountReported)[-1].positions.get(BTC.instrument.id, 0) >= 0
    desk.agrees()


def test_cancels_and_refusals_are_told_with_their_reasons(desk: Desk) -> None:
    desk.submit(intent("tb1", type="limit", limit_price=30_000_00))
    desk.run(1)
    desk.cancel("tb1")
    desk.run(1)
    assert desk.about(OrderCancelled)[-1].client_order_id == "tb1"
    desk.cancel("tb1")
    desk.cancel("tb2")
    desk.submit(intent("tb3", "3", type="limit", limit_price=60_000_00))
    desk.run(1)
    assert [
        "already" in one.reason or "no such" in one.reason for one in desk.about(CancelRejected)
    ]
    assert "buying power" in desk.about(OrderRejected)[-1].reason


@pytest.mark.parametrize("fault", ["accepted_504", "drop_socket", "late"])
def test_an_answer_that_does_not_come_is_unknown_resolved_by_asking_and_never_sent_again(
    desk: Desk, fault: FaultName
) -> None:
    args: dict[str, int | float | str] = {"seconds": 12.0} if fault == "late" else {}
    desk.venue.striker.arm(Fault(venue="alpaca", fault=fault, on="order", args=args))
    desk.submit(intent("tb1"))
    desk.run(60)
    assert len(desk.about(SubmitUnknown)) == 1
    assert desk.about(OrderReported)[0].state == "filled"
    assert len([one for one in desk.venue.doors.requests if one.method == "POST"]) == 1
    desk.look()
    desk.run(1)
    desk.agrees()


def test_an_order_the_venue_never_had_is_told_absent(desk: Desk) -> None:
    desk.venue.striker.arm(Fault(venue="alpaca", fault="http_5xx", on="order"))
    desk.submit(intent("tb1"))
    desk.run(60)
    assert [one.found for one in desk.about(OrderReported)] == [False, False]


def test_a_refused_limit_leaves_room_for_cancels(desk: Desk) -> None:
    desk.submit(intent("tb0", type="limit", limit_price=30_000_00))
    desk.run(1)
    for number in range(1, 260):
        desk.submit(intent(f"tb{number}", type="limit", limit_price=30_000_00))
    desk.run(2)
    assert "used up" in desk.about(OrderRejected)[-1].reason
    desk.cancel("tb0")
    desk.run(1)
    assert desk.about(OrderCancelled)[-1].client_order_id == "tb0"


def test_another_programs_fills_and_orders_are_told_by_their_ids(desk: Desk) -> None:
    order = desk.venue.place("BTC/USD", 1, 10**7)
    desk.run(2)
    assert {one.client_order_id for one in desk.standing.values()} == {
        desk.venue.ids.order(order.number)
    }


REFUSED: list[tuple[OrderIntent, str]] = [
    (intent("a", type="stop", trigger_price=1), "no stop order for a crypto pair"),
    (intent("a", tif="fok"), "no fok order for a crypto pair"),
    (intent("a", "1.5", AAPL, tif="gtc"), "no gtc order for a fraction of a share"),
    (intent("a", "1", AAPL, post_only=True, type="limit", limit_price=10_000), "no post-only"),
    (intent("a", "1", AAPL, type="limit", limit_price=1_234_501), "whole cents"),
    (intent("a", "4", type="limit", limit_price=60_000_00), "at most $200000"),
]


@pytest.mark.parametrize(("order", "words"), REFUSED)
def test_what_alpaca_does_not_take_is_refused_here_in_plain_words(
    order: OrderIntent, words: str
) -> None:
    one = AAPL if order.instrument == AAPL.instrument.id else BTC
    assert words in refusal(order, one.asset, one.instrument)


def test_out_of_the_session_only_limit_orders_for_the_day_are_sent_and_say_so() -> None:
    day = intent("a", "1", AAPL, type="limit", limit_price=10_000, tif="day")
    market = intent("a", "1", AAPL)
    assert refusal(day, AAPL.asset, AAPL.instrument, out_of_session=True) == ""
    told = refusal(market, AAPL.asset, AAPL.instrument, out_of_session=True)
    assert "was market gtc: give --limit and --tif day" in told
    assert refusal(intent("a"), BTC.asset, BTC.instrument, out_of_session=True) == ""
    assert in_extended_hours(day, AAPL.asset)
    assert not in_extended_hours(market, AAPL.asset)
    assert not in_extended_hours(day, BTC.asset)
    assert body_of(day, AAPL.instrument, STOCKS, extended=True)["extended_hours"] is True
    assert "extended_hours" not in body_of(day, AAPL.instrument, STOCKS)


def test_what_is_hard_to_borrow_cannot_be_sold_short() -> None:
    easy = msgspec.structs.replace(AAPL.asset, shortable=True, easy_to_borrow=True)
    hard = msgspec.structs.replace(easy, easy_to_borrow=False)
    for asset, names in ((easy, ()), (hard, ("alpaca:AAPL",))):
        one = msgspec.structs.replace(AAPL, asset=asset)
        assert capabilities_of([one]).not_short == names
    assert capabilities_of([BTC]).not_short == ("alpaca:BTC/USD",)


def test_an_account_can_do_what_all_its_assets_allow() -> None:
    both = capabilities_of([AAPL, BTC])
    assert (both.order_types, both.times_in_force) == (
        ("limit", "market", "stop_limit"),
        ("gtc", "ioc"),
    )
    assert "trailing_stop" in capabilities_of([AAPL]).order_types


MATRIX: list[tuple[FaultName, EventName | None, dict[str, int | float | str]]] = [
    ("drop_socket", "execution", {}),
    ("drop_socket", "order", {}),
    ("drop_socket", "cancel", {}),
    ("mute", "report", {}),
    ("drop", "report", {}),
    ("drop", "execution", {}),
    ("duplicate", "report", {}),
    ("delay", "report", {"seconds": 2.0}),
    ("reorder", "report", {"seconds": 0.5}),
    ("late", "order", {"seconds": 12.0}),
    ("late", "query", {"seconds": 12.0}),
    ("http_429", "order", {}),
    ("http_429", "query", {}),
    ("http_5xx", "order", {}),
    ("http_5xx", "query", {}),
    ("accepted_504", "order", {}),
    ("accepted_504", "cancel", {}),
    ("bust", None, {}),
    ("correction", None, {}),
    ("clock", None, {"seconds": -20.0}),
    ("shutdown", None, {}),
    ("restart", None, {"seconds": 3.0}),
]


def day_with(at: int, seed: int) -> Desk:
    fault, event, args = MATRIX[at]
    chance = random.Random(seed)  # noqa: S311  (repeatable)
    desk = Desk(seed)
    desk.submit(intent("tbfirst", "1"))
    desk.run(1)
    for number in range(10):
        if number == 3:
            count = 1 if event is None else chance.randint(1, 2)
            desk.venue.striker.arm(
                Fault(venue="alpaca", fault=fault, on=event, count=count, args=args)
            )
        side = "buy" if number % 2 else "sell"
        desk.submit(intent(f"tb{number}", f"0.0{chance.randint(1, 9)}", side=side))
        resting = intent(f"tbr{number}", type="limit", limit_price=(20_000 + number) * 100)
        desk.submit(resting)
        desk.run(chance.random())
        desk.cancel(f"tbr{number}")
        if number == 6 and seed % 2:
            desk.restart()
    return desk


def settle(desk: Desk) -> None:
    desk.venue.hush()
    desk.run(50)
    desk.look()
    desk.run(5)


@pytest.mark.parametrize("at", range(len(MATRIX)), ids=[f"{one[0]}-{one[1]}" for one in MATRIX])
def test_a_fault_loses_no_fill_doubles_none_and_doubles_no_order(at: int) -> None:
    desk = day_with(at, 1)
    settle(desk)
    desk.agrees()
    assert desk.session.health.state == "live"


@pytest.mark.slow
@pytest.mark.parametrize("at", range(len(MATRIX)), ids=[f"{one[0]}-{one[1]}" for one in MATRIX])
def test_a_fault_loses_no_fill_on_many_days(at: int) -> None:
    for seed in range(2, 21):
        desk = day_with(at, seed)
        settle(desk)
        desk.agrees()


def test_what_traded_before_the_first_start_is_position_not_fill() -> None:
    venue = AlpacaInMemory(1)
    venue.place("BTC/USD", 1, 10**7)
    venue.run(SECOND)
    desk = Desk(venue=venue)
    desk.run(20)
    assert desk.standing == {}
    assert desk.about(AccountReported)[-1].positions[BTC.instrument.id] > 0


def test_a_new_process_goes_on_where_the_one_before_ended(desk: Desk) -> None:
    desk.submit(intent("tb1"))
    desk.run(1)
    desk.session.stop()
    desk.venue.place("BTC/USD", 1, 10**7)
    desk.run(400)
    desk.restart()
    desk.run(5)
    desk.agrees()
    assert desk.venue.doors.now > 400 * SECOND


def test_a_fee_told_just_before_a_crash_is_told_again_in_the_same_way(desk: Desk) -> None:
    """The engine's records may have lost it: found by the simulator, which dies between a word and its commit."""
    desk.submit(intent("tb1"))
    desk.run(1)
    desk.look()
    desk.run(2)
    before = desk.standing
    desk.words.clear()
    desk.restart()
    desk.run(2)
    desk.look()
    desk.run(2)
    assert desk.standing.keys() == before.keys()
    desk.agrees()
    desk.look()
    desk.run(2)
    desk.agrees()


def test_looks_asked_for_during_a_look_are_answered_by_one_more(desk: Desk) -> None:
    """Found by the simulator: a restart with many orders asked for the account so often that the minute was used up."""
    desk.run(1)
    asked = len(desk.venue.doors.requests)
    reports = len(desk.about(AccountReported))
    for _ in range(8):
        desk.look()
    desk.run(5)
    paths = [request.url.partition("?")[0] for request in desk.venue.doors.requests[asked:]]
    assert sum(path.endswith("/v2/account") for path in paths) == 2
    assert len(desk.about(AccountReported)) == reports + 2


def test_a_fee_whose_fill_is_not_known_is_charged_after_its_wait_without_a_look(desk: Desk) -> None:
    """Found by the simulator: it waited for the next look at the account, which may be minutes away."""
    account = desk.venue.terms.name
    desk.venue.exchange.move_cash(account, "USD", -(10**12), "CFEE")
    desk.look()
    desk.run(5)
    assert not desk.about(FeeCharged)
    desk.run(40)
    assert [one.amount for one in desk.about(FeeCharged)] == [Decimal(1)]
