"""An IB account's session in memory and virtual time: three outcomes, no fill lost or doubled, whatever fails."""

from decimal import Decimal
from typing import override

import pytest
from tests.engine.brokers.ib.ib_desk import AAPL, Desk, MemoryLink, live_through
from tests.engine.brokers.outside_in_memory import MemoryLine

from tradebot.engine.core.events import (
    AccountReported,
    CancelRejected,
    ExecutionBusted,
    ExecutionCorrected,
    FeeCharged,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderReported,
    OrderTriggered,
    SubmitUnknown,
)
from tradebot.engine.core.types import SECOND

FAULTS = (
    "drop_socket",
    "mute",
    "drop",
    "duplicate",
    "delay",
    "ib_1100",
    "ib_1101",
    "ib_1102",
    "fee_first",
    "bust",
    "correction",
    "restart",
)


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.run(1)
    return desk


def move(desk: Desk, cents: int) -> None:
    """Let AAPL trade at a price."""
    listing = desk.exchange.listing("ib", "AAPL")
    assert listing is not None
    desk.exchange.print_trade(listing, cents, 1_000)


def test_a_market_order_is_accepted_filled_and_charged_once(desk: Desk) -> None:
    assert desk.streams == ["up"]
    desk.submit("tb1", 100)
    desk.run(1)
    assert len(desk.about("tb1", OrderAccepted)) == 1
    assert sum(one.quantity for one in desk.about("tb1", OrderFilled)) == 1_000_000
    assert sum(one.amount for one in desk.about("tb1", FeeCharged)) == Decimal(1)
    desk.ask_account()
    desk.run(1)
    desk.agrees()


def test_a_resting_order_is_cancelled_and_a_cancel_of_what_is_over_is_refused(desk: Desk) -> None:
    desk.submit("tb1", 10, "150")
    desk.run(1)
    desk.cancel("tb1")
    desk.run(1)
    assert len(desk.about("tb1", OrderCancelled)) == 1
    desk.cancel("tb1")
    desk.cancel("nobody")
    desk.run(1)
    assert len(desk.about("nobody", CancelRejected)) == 1


def test_what_is_left_of_an_ioc_expires(desk: Desk) -> None:
    desk.submit("tb1", 10, "100", tif="ioc")
    desk.run(1)
    assert len(desk.about("tb1", OrderExpired)) == 1


def test_a_refused_order_is_rejected_with_the_venues_code(desk: Desk) -> None:
    desk.submit("tb1", 900_000, "150")
    desk.submit("tb2", 10, "150.001")
    desk.run(1)
    assert desk.about("tb1", OrderRejected)[0].reason.startswith("IB 201: ")
    assert desk.about("tb2", OrderRejected)[0].reason.startswith("IB 110: ")


def test_a_stop_is_set_off_once(desk: Desk) -> None:
    desk.submit("tb1", 10, side="sell", type="stop", trigger_price=AAPL.price_units(Decimal(180)))
    desk.run(1)
    assert len(desk.about("tb1", OrderAccepted)) == 1
    move(desk, 17_900)
    desk.run(1)
    assert len(desk.about("tb1", OrderFilled)) >= 1
    desk.ask_account()
    desk.run(1)
    desk.agrees()
    assert len(desk.about("tb1", OrderTriggered)) <= 1


def test_a_stop_and_a_target_of_one_group_are_an_oca_group_of_which_a_fill_ends_the_other(
    desk: Desk,
) -> None:
    desk.submit("tb0", 10)
    desk.run(1)
    pair = {"side": "sell", "group": "tbs", "reduce_only": True}
    desk.submit("tbs", 10, None, type="stop", trigger_price=150 * 10_000, **pair)
    desk.submit("tbt", 10, "230", **pair)
    desk.run(1)
    groups = [order.request.group for order in desk.exchange.store.all()]
    assert groups == ["", "tbs", "tbs"]
    move(desk, 231_00)
    desk.run(1)
    assert sum(fill.quantity for fill in desk.about("tbt", OrderFilled)) == 100_000
    assert desk.about("tbs", OrderCancelled)
    assert not desk.about("tbs", OrderFilled)
    desk.ask_account()
    desk.run(1)
    desk.agrees()


def test_an_error_about_an_order_that_stands_never_ends_it(desk: Desk) -> None:
    """FIELD: the kit takes an order for cancelled on 201 of a change, and the fill after it is a surprise."""
    desk.submit("tb1", 10, "150")
    desk.run(1)
    [ticket] = desk.face.desk.open()
    [session] = desk.face._sessions  # pyright: ignore[reportPrivateUsage]  # noqa: SLF001
    session.error(ticket.asked.order_id, 201, "Order rejected - reason:cannot be modified now")
    desk.run(2)
    assert not desk.about("tb1", OrderCancelled)
    assert not desk.about("tb1", OrderRejected)
    move(desk, 15_000)
    desk.run(1)
    assert len(desk.about("tb1", OrderFilled)) == 1


def test_an_order_whose_socket_dies_before_its_answer_is_unknown_and_then_found(desk: Desk) -> None:
    desk.arm("drop_socket", on="order")
    desk.submit("tb1", 10, "150")
    desk.run(20)
    assert len(desk.about("tb1", SubmitUnknown)) == 1
    reported = desk.about("tb1", OrderReported)
    assert [one.state for one in reported] == ["working"]
    desk.agrees()


def test_an_order_whose_answer_is_late_is_unknown_then_found_and_filled_once(desk: Desk) -> None:
    desk.arm("late", on="order", args={"seconds": 8.0})
    desk.submit("tb1", 10)
    desk.run(6)
    assert len(desk.about("tb1", SubmitUnknown)) == 1
    desk.run(40)
    desk.agrees()
    assert all(one.found for one in desk.about("tb1", OrderReported))


def test_an_order_that_never_arrived_is_reported_absent_and_not_sent_again(desk: Desk) -> None:
    desk.arm("drop", on="order")
    desk.submit("tb1", 10, "150")
    desk.run(30)
    assert len(desk.about("tb1", SubmitUnknown)) == 1
    assert [one.found for one in desk.about("tb1", OrderReported)] == [False]
    assert list(desk.exchange.store.all()) == []


def test_1100_holds_new_orders_back_and_never_fills(desk: Desk) -> None:
    desk.submit("tb1", 10, "150")
    desk.run(1)
    desk.arm("ib_1101", args={"seconds": 5.0})
    desk.run(1)
    assert desk.streams[-1] == "stale"
    desk.submit("tb2", 10)
    assert "1100" in desk.about("tb2", OrderRejected)[0].reason
    move(desk, 15_000)
    desk.run(6)
    assert desk.streams[-1] == "up"
    assert [one.source for one in desk.about("tb1", OrderFilled)] == ["gap_fill"]
    desk.agrees()


def test_a_fill_of_a_time_without_a_connection_is_found_by_a_new_process(desk: Desk) -> None:
    desk.submit("tb1", 10, "150")
    desk.run(1)
    desk.session.stop()
    move(desk, 15_000)
    desk.restart()
    desk.run(2)
    desk.agrees()
    assert [one.source for one in desk.about("tb1", OrderFilled)] == ["gap_fill"]


def test_a_new_process_looks_for_an_order_it_is_to_cancel_before_it_says_a_word(desk: Desk) -> None:
    desk.submit("tb1", 10, "150")
    desk.run(1)
    desk.restart()
    # A refusal at once would be answered at once by another cancel, without end and without time passing.
    desk.cancel("tb1")
    assert not desk.about("tb1", CancelRejected)
    desk.run(2)
    desk.cancel("tb1")
    desk.run(2)
    assert desk.about("tb1", OrderCancelled)
    assert not desk.about("tb1", CancelRejected)
    desk.restart()
    desk.run(2)
    desk.cancel("no-such-order")
    desk.run(2)
    assert "not known at IB" in desk.about("no-such-order", CancelRejected)[0].reason


class Unbalanced(Desk):
    """A desk that a Gateway tells no balances while `loses`."""

    loses = False

    @override
    def _connect(self, line: MemoryLine) -> None:
        desk = self

        class Losing(MemoryLink):
            @override
            def send(self, frame: str | bytes, delay: int = 0) -> None:
                raw = frame.encode() if isinstance(frame, str) else frame
                # A name of the same length that nobody knows: the frame stays whole.
                super().send(raw.replace(b"CashBalance", b"CostBalance") if desk.loses else raw)

        line.accept()
        receiver = self.face.connect(Losing(line, self.outside))
        line.on_send = receiver.receive
        line.on_close = receiver.closed


def test_a_look_without_a_balance_is_no_report_of_an_empty_account() -> None:
    desk = Unbalanced()
    desk.run(1)
    reports = [one for one in desk.words if isinstance(one, AccountReported)]
    assert [bool(one.cash) for one in reports] == [True]
    desk.loses = True
    desk.ask_account()
    desk.run(1)
    assert [one for one in desk.words if isinstance(one, AccountReported)] == reports
    desk.loses = False
    desk.ask_account()
    desk.run(1)
    assert desk.words[-1] == reports[0]


def test_a_commission_before_its_execution_waits_for_it(desk: Desk) -> None:
    desk.arm("fee_first")
    desk.submit("tb1", 10)
    desk.run(1)
    kinds = [type(word) for word in desk.words if isinstance(word, OrderFilled | FeeCharged)]
    assert kinds[:2] == [OrderFilled, FeeCharged]
    desk.ask_account()
    desk.run(1)
    desk.agrees()


def test_a_correction_and_a_bust_are_told_with_their_fees(desk: Desk) -> None:
    desk.submit("tb1", 10)
    desk.run(1)
    desk.arm("correction", args={"ticks": 3})
    desk.run(1)
    assert len([one for one in desk.words if isinstance(one, ExecutionCorrected)]) == 1
    desk.submit("tb2", 20)
    desk.run(1)
    desk.arm("bust")
    desk.run(1)
    assert len([one for one in desk.words if isinstance(one, ExecutionBusted)]) == 1
    desk.ask_account()
    desk.run(1)
    desk.agrees()


def test_an_open_but_silent_connection_is_given_up(desk: Desk) -> None:
    desk.arm("mute")
    desk.run(70)
    assert desk.streams[-1] == "up"
    assert "down" in desk.streams
    assert desk.session.health.connects == 2


def test_a_gateway_that_waits_for_its_login_is_down_and_says_when_it_is_due(desk: Desk) -> None:
    desk.outside.connect = lambda line: line.accept()  # it takes connections and says nothing
    desk.arm("drop_socket", after_s=0.0)
    desk.run(15)
    assert desk.streams[-1] == "down"
    assert "next login due 2024-01-14 06:00Z" in desk.session.health.reason
    desk.submit("tb1", 10)
    assert "no session within 10 s" in desk.about("tb1", OrderRejected)[0].reason
    desk.run(120)
    assert desk.session.health.connects == 1
    assert desk.session.health.state == "connecting"


def test_a_client_id_in_use_is_said_so() -> None:
    desk = Desk()
    desk.arm("ib_326")
    desk.run(0.5)
    assert "client id 7 is in use" in desk.session.health.reason
    desk.run(5)
    assert desk.streams[-1] == "up"


def test_two_minutes_under_all_faults_lose_and_double_nothing() -> None:
    desk = live_through(1, FAULTS, restarts=True)
    desk.agrees()
    assert desk.session.health.state == "live"


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_alone_loses_and_doubles_nothing(fault: str) -> None:
    desk = live_through(1, (fault,))
    desk.agrees()
    assert desk.session.health.state == "live"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 22))
def test_all_faults_lose_and_double_nothing_whatever_the_seed(seed: int) -> None:
    desk = live_through(seed, FAULTS, restarts=True)
    desk.agrees()
    assert desk.session.health.state == "live"


def test_frames_that_are_no_messages_are_counted_and_end_nothing(desk: Desk) -> None:
    [session] = desk.face._sessions  # pyright: ignore[reportPrivateUsage]  # noqa: SLF001
    for fields in (
        ["11", "-1"],
        ["11", "x", *["nan"] * 40],
        ["5"],
        ["3", "1", "Submitted", "inf", "0", "0", "0", "0", "0", "7", "", "0"],
        ["999"],
        ["4", "2"],
        [""],
        ["59", "1", "id", "1e999", "USD", "", "", ""],
        ["10", *["9" * 5_000] * 60],
    ):
        session.say(list(fields))
    desk.run(2)
    assert desk.session.health.malformed >= 6
    assert desk.session.health.state == "live"
    desk.submit("tb1", 10)
    desk.run(2 * SECOND // SECOND)
    assert desk.about("tb1", OrderFilled)
