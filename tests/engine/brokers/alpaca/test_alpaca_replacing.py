"""Orders changed at Alpaca itself: a new id takes the old one's place, a refusal leaves it, and no fill is lost."""

import random
from decimal import Decimal

import msgspec
import pytest
from tests.engine.brokers.alpaca.desk import AAPL, BTC, Desk, intent
from tests.engine.brokers.alpaca.venue_in_memory import AlpacaInMemory

from tradebot.engine.brokers.alpaca.executions import OrderNews
from tradebot.engine.brokers.alpaca.messages import WireOrder
from tradebot.engine.brokers.alpaca.rules import capabilities_of
from tradebot.engine.core.events import (
    OrderAccepted,
    OrderCancelled,
    OrderReplaced,
    OrderReported,
    ReplaceRejected,
    SubmitUnknown,
)
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.core.types import ClientOrderId
from tradebot.engine.exchange.faults import Fault, FaultName


@pytest.fixture
def desk() -> Desk:
    return Desk(venue=AlpacaInMemory(crowd=False))


def resting(key: str, price: int = 30_000_00, *, old: str | None = None) -> OrderIntent:
    replaces = None if old is None else ClientOrderId(old)
    return intent(key, "0.01", type="limit", limit_price=price, replaces=replaces)


def instead(key: str, old: str, price: int) -> OrderIntent:
    return resting(key, price, old=old)


def patches(desk: Desk) -> list[bytes]:
    return [one.body for one in desk.venue.doors.requests if one.method == "PATCH"]


def states(desk: Desk) -> dict[str, str]:
    return {one.request.client_id: one.state for one in desk.venue.exchange.store.all()}


def test_what_changes_is_patched_as_text_and_the_new_order_has_its_own_id(desk: Desk) -> None:
    desk.submit(resting("tb1"))
    desk.run(1)
    desk.replace(instead("tb2", "tb1", 31_000_00))
    desk.run(1)
    (body,) = patches(desk)
    assert msgspec.json.decode(body) == {"client_order_id": "tb2", "limit_price": "31000"}
    (word,) = desk.about(OrderReplaced)
    assert (word.client_order_id, word.replaced) == ("tb2", "tb1")
    assert word.quantity == BTC.instrument.quantity_units(Decimal("0.01"))
    assert states(desk) == {"tb1": "replaced", "tb2": "working"}
    assert not desk.about(OrderCancelled), "the old one's end is told with the new one's coming"
    desk.cancel("tb2")
    desk.run(1)
    assert [one.client_order_id for one in desk.about(OrderCancelled)] == ["tb2"]


def test_what_a_replaced_order_fills_afterwards_is_the_new_ones(desk: Desk) -> None:
    desk.submit(resting("tb1"))
    desk.run(1)
    desk.replace(instead("tb2", "tb1", 31_000_00))
    desk.run(1)
    desk.venue.place("BTC/USD", -1, 10**7, 30_500_00)
    desk.run(2)
    desk.look()
    desk.run(1)
    mine = {one.client_order_id for one in desk.standing.values() if "tb" in one.client_order_id}
    assert mine <= {"tb2"}
    desk.agrees()


def test_a_replacement_the_venue_refuses_leaves_the_old_order(desk: Desk) -> None:
    desk.submit(resting("tb1"))
    desk.run(1)
    six = msgspec.structs.replace(instead("tb2", "tb1", 31_000_00), quantity=6 * 10**9)
    desk.replace(six)
    desk.run(1)
    (word,) = desk.about(ReplaceRejected)
    assert (word.client_order_id, word.replaced) == ("tb2", "tb1")
    assert "buying power" in word.reason
    assert states(desk)["tb1"] == "working"
    desk.cancel("tb1")
    desk.run(1)
    assert [one.client_order_id for one in desk.about(OrderCancelled)] == ["tb1"]


def test_an_order_that_is_over_is_not_replaced(desk: Desk) -> None:
    desk.submit(resting("tb1"))
    desk.run(1)
    desk.cancel("tb1")
    desk.run(1)
    desk.replace(instead("tb2", "tb1", 31_000_00))
    desk.run(1)
    assert "not open" in desk.about(ReplaceRejected)[0].reason
    assert states(desk) == {"tb1": "cancelled"}


def test_a_restarted_session_asks_for_the_old_orders_id_first(desk: Desk) -> None:
    desk.submit(resting("tb1"))
    desk.run(1)
    desk.restart()
    desk.run(0.001)
    desk.replace(instead("tb2", "tb1", 31_000_00))
    desk.run(2)
    assert msgspec.json.decode(patches(desk)[0])["qty"] == "0.01"
    assert states(desk) == {"tb1": "replaced", "tb2": "working"}


def test_a_part_of_a_share_is_not_patched(desk: Desk) -> None:
    old = intent("tb1", "2", AAPL, type="limit", limit_price=100_0000, tif="day")
    desk.submit(old)
    desk.run(1)
    key, before = ClientOrderId("tb2"), ClientOrderId("tb1")
    less = old.quantity * 3 // 4
    desk.replace(msgspec.structs.replace(old, client_order_id=key, replaces=before, quantity=less))
    desk.run(1)
    assert "whole shares" in desk.about(ReplaceRejected)[0].reason
    assert not patches(desk)


@pytest.mark.parametrize("fault", ["accepted_504", "late"])
def test_a_replacement_without_an_answer_is_unknown_asked_for_and_never_sent_again(
    desk: Desk, fault: FaultName
) -> None:
    desk.submit(resting("tb1"))
    desk.run(1)
    args: dict[str, int | float | str] = {"seconds": 12.0} if fault == "late" else {}
    desk.venue.striker.arm(Fault(venue="alpaca", fault=fault, on="amend", args=args))
    desk.replace(instead("tb2", "tb1", 31_000_00))
    desk.run(60)
    assert [one.client_order_id for one in desk.about(SubmitUnknown)] == ["tb2"]
    assert any(one.found for one in desk.about(OrderReported))
    assert len(patches(desk)) == 1
    assert states(desk) == {"tb1": "replaced", "tb2": "working"}


def test_a_replacement_that_is_refused_late_leaves_the_old_order_to_be_changed_again(
    desk: Desk,
) -> None:
    desk.submit(resting("tb1"))
    desk.run(1)
    desk.replace(instead("tb2", "tb1", 31_000_00))
    wire = WireOrder(id="x", client_order_id="tb1", symbol="BTC/USD", status="new")
    desk.session.ordered(OrderNews(event="order_replace_rejected", order=wire, ts=0))
    assert [one.replaced for one in desk.about(ReplaceRejected)] == ["tb1"]


@pytest.mark.parametrize("seed", range(6))
def test_through_faults_every_change_is_known_and_no_fill_is_lost(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  (seeded)
    desk = Desk(seed)
    names: tuple[FaultName, ...] = ("drop", "duplicate", "drop_socket", "delay", "accepted_504")
    newest = 0
    for number in range(1, 9):
        fault = chance.choice(names)
        armed = Fault(venue="alpaca", fault=fault)
        if fault == "accepted_504":
            armed = msgspec.structs.replace(armed, on="amend")
        desk.venue.striker.arm(armed)
        if newest and chance.random() < 0.7:
            price = chance.choice((31_000_00, 80_000_00))
            desk.replace(instead(f"tb{number}", f"tb{newest}", price))
        else:
            desk.submit(resting(f"tb{number}"))
        newest = number
        desk.run(chance.choice((0.5, 6)))
    desk.run(120)
    for number in range(1, 9):
        words = (OrderAccepted, OrderReplaced, ReplaceRejected, OrderReported)
        told = [one for one in desk.words if getattr(one, "client_order_id", "") == f"tb{number}"]
        assert any(isinstance(one, words) for one in told)
    desk.look()
    desk.run(2)
    desk.agrees()


def test_an_account_changes_orders_at_the_venue_while_they_have_not_filled() -> None:
    can = capabilities_of([AAPL, BTC])
    assert (can.replace, can.replace_partly, can.replace_kind) == (True, False, False)
