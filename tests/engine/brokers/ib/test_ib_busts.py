"""IB takes executions back: what was busted counts nothing, whoever tells it and whenever, and its order is over."""

from decimal import Decimal

from tests.engine.brokers.ib.ib_desk import AAPL, NAME, START, Desk

from tradebot.engine.brokers.ib.executions import Executions, Traded
from tradebot.engine.brokers.ib.setting import Listed
from tradebot.engine.brokers.ib.words import ExecutionSaid, Named
from tradebot.engine.core.events import ExecutionBusted, OrderFilled, OrderReported
from tradebot.engine.core.outcomes import QueryOrder
from tradebot.engine.core.types import ClientOrderId

NAMED = ClientOrderId("tb1")


def said(execution_id: str, shares: int) -> ExecutionSaid:
    return ExecutionSaid(
        request=-1,
        execution_id=execution_id,
        order_id=1,
        client_id=7,
        perm_id=1_500_000_001,
        account="DU1234567",
        contract=Named(con_id=265598, symbol="AAPL", currency="USD"),
        ref=NAMED,
        side="BOT",
        shares=Decimal(shares),
        price=Decimal(190),
        cumulative=Decimal(shares),
        maker=False,
        ts=START,
    )


def taken(*words: ExecutionSaid) -> Executions:
    executions = Executions(NAME)
    listed = Listed(instrument=AAPL, con_id=265598, exchange="SMART")
    for word in words:
        executions.take(word, NAMED, listed, source="stream", now=START)
    return executions


def queried(desk: Desk) -> OrderReported:
    desk.session.perform(QueryOrder(client_order_id=NAMED, account=NAME))
    desk.run(1)
    return desk.about(NAMED, OrderReported)[-1]


def test_a_filled_order_of_which_all_was_busted_while_nobody_listened_is_reported_over() -> None:
    desk = Desk()
    desk.run(1)
    desk.submit(NAMED, 10, "150")
    desk.run(1)
    desk.session.stop()
    listing = desk.exchange.listing("ib", "AAPL")
    assert listing is not None
    desk.exchange.print_trade(listing, 15_000, 1_000)
    desk.arm("bust")
    desk.session.start()
    desk.run(2)
    assert not desk.booked()
    # `filled` with nothing filled would say nothing: the kernel would ask for ever.
    report = queried(desk)
    assert (report.state, report.filled) == ("cancelled", 0)
    desk.agrees()


def test_a_filled_order_of_which_all_was_busted_is_reported_over_also_to_a_new_process() -> None:
    desk = Desk()
    desk.run(1)
    desk.submit(NAMED, 10)
    desk.run(1)
    for _ in desk.about(NAMED, OrderFilled):
        desk.arm("bust")
    desk.restart()
    desk.run(2)
    report = queried(desk)
    assert (report.state, report.filled) == ("cancelled", 0)
    desk.agrees()


def test_of_an_order_busted_in_part_the_rest_is_reported_filled() -> None:
    desk = Desk()
    desk.run(1)
    desk.submit(NAMED, 10)
    desk.run(1)
    assert len(desk.about(NAMED, OrderFilled)) > 1
    desk.arm("bust")
    desk.run(1)
    gone = [one for one in desk.words if isinstance(one, ExecutionBusted)]
    assert len(gone) == 1
    report = queried(desk)
    assert report.state == "filled"
    assert report.filled == sum(one.quantity for one in desk.booked().values()) > 0


def test_a_bust_that_overtakes_its_execution_leaves_nothing_filled_and_nothing_missing() -> None:
    fill, bust = said("0000e0d5.00000002.01.01", 39), said("0000e0d5.00000002.01.02", 0)
    whole = 39 * 10_000
    for words in ((fill, bust), (bust, fill)):
        traded = taken(*words).of(NAMED)
        assert traded == Traded(told=0, void=whole)
        # The venue's own sum may have the busted one in it still; more than that is missed.
        assert traded.counted(whole) == 0
        assert traded.counted(whole + 1) == whole + 1


def test_a_bust_of_what_was_never_told_explains_any_difference() -> None:
    traded = taken(said("0000e0d5.00000002.01.02", 0)).of(NAMED)
    assert traded.counted(390_000) == 0


def test_a_correction_that_overtakes_its_execution_counts_once() -> None:
    fill, corrected = said("0000e0d5.00000002.01.01", 39), said("0000e0d5.00000002.01.02", 30)
    for words in ((fill, corrected), (corrected, fill)):
        assert taken(*words).of(NAMED).told == 30 * 10_000
