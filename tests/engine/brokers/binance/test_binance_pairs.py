"""A stop and a target as one at Binance: one request, two orders; both or neither, whatever is answered."""

import random
from decimal import Decimal

import msgspec
import pytest
from tests.engine.brokers.binance.binance_in_memory import Faults
from tests.engine.brokers.binance.desk import BTC, Desk, agrees_but_for_asked_again, pair_of

from tradebot.engine.brokers.binance.lists import pair_params
from tradebot.engine.core.events import (
    CancelRejected,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderRejected,
    OrderReported,
    SubmitUnknown,
)
from tradebot.engine.core.outcomes import OrderIntent, Submit
from tradebot.engine.core.risk import RiskApproved
from tradebot.engine.core.types import ClientOrderId

FAULTS = ("drop_socket", "mute", "drop", "duplicate", "delay", "junk", "late", "accepted_504")


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.run(1)
    return desk


def short_of(order: OrderIntent) -> OrderIntent:
    """Return the same leg of a short position."""
    stops = order.role == "stop_loss"
    return msgspec.structs.replace(
        order,
        side="buy",
        trigger_price=11_000 if stops else None,
        limit_price=None if stops else 9_000,
    )


def pairs_sent(desk: Desk) -> list[str]:
    return [one.url for one in desk.outside.requests if "/orderList/oco" in one.url]


def test_two_effects_of_one_group_are_one_request_and_each_order_keeps_its_own_id(
    desk: Desk,
) -> None:
    desk.submit_pair("tbs", "tbt", "0.5")
    desk.run(1)
    (url,) = pairs_sent(desk)
    assert "aboveType=LIMIT_MAKER&aboveClientOrderId=tbt&abovePrice=110" in url
    assert "belowType=STOP_LOSS&belowClientOrderId=tbs&belowStopPrice=90" in url
    assert "side=SELL&quantity=0.5&" in url
    assert desk.about("tbs", OrderAccepted)
    assert desk.about("tbt", OrderAccepted)
    assert desk.venue.posts == 1


def test_the_pair_of_a_short_has_its_stop_above() -> None:
    stop, target = (short_of(order) for order in pair_of("s", "t", "1"))
    params = pair_params(stop, target, BTC)
    assert (params["aboveType"], params["aboveStopPrice"]) == ("STOP_LOSS", "110")
    assert (params["belowType"], params["belowPrice"]) == ("LIMIT_MAKER", "90")


def test_what_one_of_a_pair_fills_ends_the_other_there(desk: Desk) -> None:
    desk.submit_pair("tbs", "tbt", "0.5")
    desk.run(1)
    number = next(n for n, one in desk.venue.orders.items() if one["clientOrderId"] == "tbt")
    desk.venue.fill(number, Decimal("0.5"), Decimal(110))
    desk.run(1)
    assert [fill.client_order_id for fill in desk.fills] == ["tbt"]
    assert desk.about("tbs", OrderCancelled)
    desk.agrees()


def test_the_cancel_of_one_ends_both_and_each_is_told(desk: Desk) -> None:
    desk.submit_pair("tbs", "tbt", "0.5")
    desk.run(1)
    desk.cancel("tbs")
    desk.run(1)
    assert desk.about("tbs", OrderCancelled)
    assert desk.about("tbt", OrderCancelled)
    desk.cancel("tbt")
    desk.run(1)
    assert len(desk.about("tbt", CancelRejected)) == 1


def test_a_pair_the_venue_refuses_is_refused_whole(desk: Desk) -> None:
    desk.venue.no_pairs = True
    desk.submit_pair("tbs", "tbt", "0.5")
    desk.run(1)
    told = [desk.about(key, OrderRejected) for key in ("tbs", "tbt")]
    assert ["immediately match" in word.reason for (word,) in told] == [True, True]
    assert not desk.venue.orders


def test_half_a_pair_is_never_sent(desk: Desk) -> None:
    stop, _ = pair_of("tbs", "tbt", "0.5")
    desk.session.perform(RiskApproved(Submit(order=stop)))
    desk.run(2)
    (word,) = desk.about("tbs", OrderRejected)
    assert "not sent" in word.reason
    assert not pairs_sent(desk)
    assert not desk.venue.orders


@pytest.mark.parametrize("fault", ["accepted_504", "late"])
def test_a_pair_whose_answer_does_not_come_is_asked_for_by_both_ids_and_never_sent_twice(
    fault: str,
) -> None:
    desk = Desk(Faults(1, (fault,), chance=1))
    desk.run(1)
    desk.submit_pair("tbs", "tbt", "0.5")
    desk.run(60)
    for key in ("tbs", "tbt"):
        assert desk.about(key, SubmitUnknown)
        assert any(word.found for word in desk.about(key, OrderReported))
    assert len(pairs_sent(desk)) == desk.venue.posts == 1


@pytest.mark.parametrize("seed", range(8))
def test_through_all_faults_each_order_of_a_pair_is_known_and_each_fill_told_once(
    seed: int,
) -> None:
    chance = random.Random(seed)  # noqa: S311  (seeded)
    desk = Desk(Faults(seed, FAULTS))
    desk.run(1)
    keys: list[str] = []
    for number in range(6):
        stop, target = f"tbs{number}", f"tbt{number}"
        keys += [stop, target]
        desk.submit_pair(stop, target, "0.5")
        desk.run(chance.choice((0.1, 2, 12)))
        if chance.random() < 0.3:
            desk.cancel(chance.choice((stop, target)))
        for order in [one for one in desk.venue.orders.values() if one["status"] == "NEW"]:
            if order["status"] == "NEW" and chance.random() < 0.4:
                desk.venue.fill(order["orderId"], Decimal(order["origQty"]), Decimal(100))
        if chance.random() < 0.3:
            desk.restart()
            for key in keys:
                desk.ask_for(ClientOrderId(key))  # as the kernel does of what it has not heard of
        desk.run(chance.choice((0.1, 5)))
    desk.faults.on = False
    desk.run(240)
    assert desk.venue.posts == len(pairs_sent(desk)) == 6
    heard = OrderAccepted | OrderReported | OrderCancelled | OrderRejected | OrderFilled
    for key in keys:
        told = [one for one in desk.words if getattr(one, "client_order_id", "") == key]
        assert any(isinstance(one, heard) for one in told)
    agrees_but_for_asked_again(desk)
