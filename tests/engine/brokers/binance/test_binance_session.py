"""Binance's account session in memory and virtual time: three outcomes, no fill lost or doubled, whatever fails."""

import random
from decimal import Decimal

import pytest
from tests.engine.brokers.binance.binance_in_memory import Faults
from tests.engine.brokers.binance.desk import (
    BTC,
    START,
    Desk,
    agrees_but_for_asked_again,
    intent,
    live_through,
)

from tradebot.engine.brokers.cursor import MemoryCursor
from tradebot.engine.core.events import (
    AccountReported,
    CancelRejected,
    ClockMeasured,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderRejected,
    OrderReplaced,
    OrderReported,
    OrderTriggered,
    ReplaceRejected,
    SubmitUnknown,
)
from tradebot.engine.core.outcomes import Submit
from tradebot.engine.core.risk import RiskApproved
from tradebot.engine.core.types import MS, SECOND

FAULTS = (
    "drop_socket",
    "refuse",
    "mute",
    "drop",
    "duplicate",
    "delay",
    "junk",
    "late",
    "http_429",
    "http_5xx",
    "accepted_504",
    "shutdown",
)


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.run(1)
    return desk


def test_the_stream_is_up_only_after_the_gap_before_it_was_asked_for(desk: Desk) -> None:
    assert desk.streams == ["up"]
    paths = [request.url.partition("?")[0] for request in desk.outside.requests]
    assert paths[-1] == "http://b/api/v3/myTrades"
    assert desk.session.health.state == "live"


def test_an_order_is_accepted_and_its_fill_is_told_once_though_reply_and_stream_tell_it(
    desk: Desk,
) -> None:
    desk.submit("tb1", kind="market")
    desk.run(1)
    assert len(desk.about("tb1", OrderAccepted)) == 2
    desk.agrees()
    (fill,) = desk.fills
    assert (fill.fee, fill.fee_currency) == (Decimal("0.00100000"), "BTC")
    assert desk.session.health.doubled == 1


def test_orders_go_out_as_text_with_a_small_receive_window(desk: Desk) -> None:
    desk.submit("tb1", "0.00012")
    desk.run(1)
    (post,) = [one for one in desk.outside.requests if one.method == "POST"]
    assert "quantity=0.00012&price=100&timeInForce=GTC&newClientOrderId=tb1" in post.url
    assert "recvWindow=5000" in post.url
    assert post.headers["X-MBX-APIKEY"] == "key"


@pytest.mark.parametrize("fault", ["accepted_504", "late"])
def test_an_answer_that_does_not_come_is_unknown_resolved_by_asking_and_never_sent_again(
    fault: str,
) -> None:
    desk = Desk(Faults(1, (fault,), 1.0))
    desk.run(1)
    desk.submit("tb1")
    desk.run(30)
    assert len(desk.about("tb1", SubmitUnknown)) == 1
    assert desk.about("tb1", OrderReported)[0].state == "working"
    assert desk.venue.posts == 1


def test_an_order_that_a_5xx_hid_and_never_arrived_is_reported_absent() -> None:
    desk = Desk(Faults(1, ("http_5xx",), 1.0))
    desk.run(1)
    desk.submit("tb1")
    desk.run(0.5)
    desk.faults.on = False
    desk.run(3)
    assert len(desk.about("tb1", SubmitUnknown)) == 1
    assert not desk.about("tb1", OrderReported)[0].found


def test_too_many_requests_are_refused_and_nothing_is_asked_until_the_venue_allows_it() -> None:
    desk = Desk(Faults(1, ("http_429",), 1.0))
    desk.faults.on = False
    desk.run(1)
    desk.faults.on = True
    desk.submit("tb1")
    desk.run(0.1)
    desk.faults.on = False
    asked = len(desk.outside.requests)
    desk.submit("tb2")
    desk.run(0.1)
    assert "-1003" in desk.about("tb1", OrderRejected)[0].reason
    assert "used up" in desk.about("tb2", OrderRejected)[0].reason
    assert len(desk.outside.requests) == asked


def test_a_ban_is_waited_out_by_cancels_too(desk: Desk) -> None:
    """Thread 27 of the reports (docs/failures.md): a 429 was ignored until the address was banned (418)."""
    desk.submit("tb1")
    desk.run(1)
    desk.venue.faults = Faults(1, ("http_418",), 1.0)
    desk.submit("tb2")
    desk.run(1)
    desk.venue.faults = Faults(1)
    asked = len(desk.outside.requests)
    desk.cancel("tb1")
    desk.submit("tb3")
    desk.look()
    desk.run(100)
    assert len(desk.outside.requests) == asked
    assert "used up" in desk.about("tb3", OrderRejected)[0].reason
    desk.run(60)
    assert desk.about("tb1", OrderCancelled)


def test_a_filter_that_was_changed_while_running_is_a_plain_refusal(desk: Desk) -> None:
    """Thread 29 of the reports (docs/failures.md): filters changed under a running program."""
    desk.venue.faults = Faults(1, ("filter",), 1.0)
    desk.submit("tb1")
    desk.run(1)
    (refused,) = desk.about("tb1", OrderRejected)
    assert "PRICE_FILTER" in refused.reason
    assert desk.session.health.state == "live"


@pytest.mark.parametrize("ahead", [-90 * SECOND, 90 * SECOND])
def test_a_clock_that_is_far_off_is_measured_and_told(ahead: int) -> None:
    """Thread 28 of the reports (docs/failures.md): -1021 for every order."""
    desk = Desk(clock_ahead=ahead)
    desk.run(1)
    desk.submit("tb1")
    desk.run(1)
    assert desk.about("tb1", OrderAccepted)
    (measured, *_) = [word for word in desk.words if isinstance(word, ClockMeasured)]
    assert abs(measured.offset + ahead) <= 2 * MS


def test_a_timestamp_that_is_refused_is_measured_again_and_sent_once_more(desk: Desk) -> None:
    desk.venue.clock_ahead = 20 * SECOND
    desk.submit("tb1")
    desk.run(1)
    assert desk.about("tb1", OrderAccepted)
    assert desk.venue.posts == 1


def test_a_fill_nobody_heard_is_found_after_the_next_subscribe(desk: Desk) -> None:
    desk.submit("tb1")
    desk.run(1)
    desk.venue.drop()
    desk.venue.fill(1, Decimal("0.4"), Decimal(100))
    desk.run(5)
    desk.agrees()
    assert desk.streams == ["up", "down", "up"]
    assert desk.fills[0].source == "gap_fill"


def test_a_fill_the_stream_dropped_is_found_by_the_next_one_or_the_sweep(desk: Desk) -> None:
    desk.submit("tb1")
    desk.run(1)
    lines, desk.venue.subscribed = desk.venue.subscribed, []
    desk.venue.fill(1, Decimal("0.4"), Decimal(100))
    desk.venue.subscribed = lines
    desk.run(31)
    desk.agrees()
    assert desk.fills[0].source == "sweep"
    desk.venue.subscribed = []
    desk.venue.fill(1, Decimal("0.1"), Decimal(100))
    desk.venue.subscribed = lines
    desk.venue.fill(1, Decimal("0.2"), Decimal(100))
    desk.run(2)
    desk.agrees()
    assert sorted(fill.source for fill in desk.fills) == ["gap_fill", "stream", "sweep"]


def test_a_mute_connection_is_told_stale_and_replaced(desk: Desk) -> None:
    desk.venue.mute = {id(line) for line in desk.venue.subscribed}
    desk.run(40)
    assert desk.streams == ["up", "stale", "down", "up"]


def test_a_subscription_the_venue_forgot_is_made_anew(desk: Desk) -> None:
    """Thread 24 of the reports (docs/failures.md): orders still went out, and no fill came back."""
    desk.venue.subscribed = []
    desk.run(25)
    assert desk.streams == ["up", "down", "up"]


def test_the_connection_is_renewed_before_its_day_is_over_without_a_moment_of_silence(
    desk: Desk,
) -> None:
    desk.submit("tb1")
    desk.run(23 * 3600 + 1)
    assert len(desk.venue.subscribed) == 2
    desk.venue.fill(1, Decimal("0.4"), Decimal(100))
    desk.run(10)
    assert len(desk.venue.subscribed) == 1
    desk.agrees()
    assert set(desk.streams) == {"up"}


def test_a_shutdown_that_is_announced_costs_nothing(desk: Desk) -> None:
    desk.venue.shut_down()
    desk.run(10)
    assert set(desk.streams) == {"up"}
    assert desk.session.health.connects == 2


def test_after_a_crash_fills_are_told_under_our_ids(desk: Desk) -> None:
    desk.submit("tb1")
    desk.run(1)
    desk.session.stop()
    desk.venue.fill(1, Decimal("0.4"), Decimal(100))
    desk.run(3600)
    desk.restart()
    desk.run(2)
    desk.agrees()


def test_a_fill_of_an_order_nobody_remembers_is_told_after_asking_whose_it_is() -> None:
    desk = Desk(cursor=MemoryCursor())
    desk.run(1)
    desk.submit("tb1")
    desk.run(1)
    desk.session.stop()
    desk.venue.fill(1, Decimal("0.4"), Decimal(100))
    began = desk.cursor.get("began")
    desk.cursor = MemoryCursor()
    desk.cursor.put("began", began)
    desk.restart()
    desk.run(2)
    desk.agrees()
    assert any("orderId=1&" in request.url for request in desk.outside.requests)


def test_a_cancel_answers_with_our_id_and_one_of_nothing_is_rejected(desk: Desk) -> None:
    desk.submit("tb1")
    desk.run(1)
    desk.cancel("tb1")
    desk.cancel("tb9")
    desk.run(1)
    assert desk.about("tb1", OrderCancelled)
    assert "-2011" in desk.about("tb9", CancelRejected)[0].reason


def test_an_untouched_order_is_replaced_in_one_step_and_its_end_is_not_told_apart(
    desk: Desk,
) -> None:
    desk.submit("tb1")
    desk.run(1)
    desk.replace("tb2", "tb1", "0.5")
    desk.run(1)
    (replaced,) = desk.about("tb2", OrderReplaced)
    assert (replaced.replaced, replaced.quantity) == ("tb1", BTC.quantity_units(Decimal("0.5")))
    assert not desk.about("tb1", OrderCancelled)
    assert not desk.about("tb2", OrderAccepted)


def test_an_order_that_filled_meanwhile_is_not_replaced(desk: Desk) -> None:
    desk.submit("tb1")
    desk.run(1)
    desk.venue.fill(1, Decimal("0.4"), Decimal(100))
    desk.replace("tb2", "tb1", "0.5")
    desk.run(1)
    assert "-2011" in desk.about("tb2", ReplaceRejected)[0].reason
    desk.replace("tb3", "tb1", "0.5", known_filled=40_000_000)
    assert "partly filled" in desk.about("tb3", ReplaceRejected)[0].reason


def test_a_stop_that_trades_was_set_off_before(desk: Desk) -> None:
    desk.session.perform(_stop("tb1"))
    desk.run(1)
    desk.venue.fill(1, Decimal(1), Decimal(90))
    desk.run(1)
    kinds = [type(word) for word in desk.words if getattr(word, "client_order_id", "") == "tb1"]
    assert kinds.index(OrderTriggered) < kinds.index(OrderFilled)


def _stop(key: str) -> RiskApproved[Submit]:
    return RiskApproved(
        Submit(order=intent(key, type="stop", side="sell", limit_price=None, trigger_price=9_000))
    )


def test_the_account_is_reported_after_its_fills_with_positions_from_balances(desk: Desk) -> None:
    desk.submit("tb1")
    desk.submit("tb2", kind="market")
    desk.run(1)
    desk.words.clear()
    desk.look(START)
    desk.run(1)
    kinds = [type(word) for word in desk.words]
    assert kinds == [OrderFilled, AccountReported]
    report = desk.words[-1]
    assert isinstance(report, AccountReported)
    assert report.positions == {BTC.id: BTC.quantity_units(Decimal("10.999"))}
    assert report.cash == {"USDT": Decimal(999_900)}
    assert [order.client_order_id for order in report.orders] == ["tb1"]


def test_an_account_that_cannot_be_asked_is_not_reported_at_all(desk: Desk) -> None:
    desk.venue.faults = Faults(1, ("http_5xx",), 1.0)
    desk.words.clear()
    desk.look()
    desk.run(5)
    assert not [word for word in desk.words if isinstance(word, AccountReported)]


@pytest.mark.parametrize("frame", [b"", b"{", b"[" * 100_000, b'{"event":{"e":7}}', b'{"id":null}'])
def test_a_hostile_frame_is_counted_and_the_stream_goes_on(desk: Desk, frame: bytes) -> None:
    desk.venue.subscribed[0].say(frame)
    desk.run(1)
    assert desk.session.health.malformed == 1
    desk.submit("tb1", kind="market")
    desk.run(1)
    desk.agrees()
    assert desk.streams == ["up"]


def test_a_report_that_cannot_be_read_makes_the_trades_be_asked_for(desk: Desk) -> None:
    desk.submit("tb1")
    desk.run(1)
    lines, desk.venue.subscribed = desk.venue.subscribed, []
    desk.venue.fill(1, Decimal("0.4"), Decimal(100))
    desk.venue.subscribed = lines
    lines[0].say(b'{"subscriptionId":0,"event":{"e":"executionReport","l":"NaN"}}')
    desk.run(1)
    desk.agrees()


@pytest.mark.parametrize("fault", FAULTS)
def test_no_fill_is_lost_or_doubled_under_a_fault(fault: str) -> None:
    desk = Desk(Faults(7, (fault,), 0.3))
    live_through(desk, random.Random(7))  # noqa: S311  (seeded)
    agrees_but_for_asked_again(desk)
    assert desk.venue.posts == len(desk.venue.orders)


@pytest.mark.parametrize("seed", range(20))
def test_no_fill_is_lost_or_doubled_under_all_faults_together(seed: int) -> None:
    desk = Desk(Faults(seed, FAULTS, 0.1))
    live_through(desk, random.Random(seed), steps=60)  # noqa: S311  (seeded)
    agrees_but_for_asked_again(desk)
    assert desk.venue.posts == len(desk.venue.orders)


def test_bnb_counts_as_cash_from_the_first_fee_in_it_on_also_after_a_restart(desk: Desk) -> None:
    desk.venue.balances["BNB"] = Decimal(5)
    desk.look()
    desk.run(1)
    assert [set(report.cash) for report in _reports(desk)] == [{"USDT"}]
    desk.submit("tb1")
    desk.run(1)
    desk.venue.fee_coin = "BNB"
    desk.venue.fill(1, Decimal("0.4"), Decimal(100))
    desk.run(1)
    desk.restart()
    desk.run(1)
    desk.look(desk.outside.now)
    desk.run(1)
    assert _reports(desk)[-1].cash["BNB"] == Decimal(5)


def _reports(desk: Desk) -> list[AccountReported]:
    return [word for word in desk.words if isinstance(word, AccountReported)]
