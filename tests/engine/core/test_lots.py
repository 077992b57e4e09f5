"""Lots by four methods: their gains less what is still open are the ledger's own total, to the last digit."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.core.builders import ACCOUNT, BTC, BTC_ID, fill_of, intent

from tradebot.engine.core.ledger import Ledger, booking
from tradebot.engine.core.lots import Trade, derive, total
from tradebot.engine.core.types import HAND, Lots

METHODS: tuple[Lots, ...] = ("fifo", "lifo", "highest", "specific")


def trade(name: str, signed: int, price: int, fees: str = "0") -> Trade:
    return Trade(name, 0, signed, Decimal(signed * price), Decimal(fees))


BOUGHT = [trade("a", 10, 100), trade("b", 10, 300), trade("c", 10, 200)]


@settings(deadline=None, max_examples=80)
@given(
    st.lists(
        st.tuples(
            st.integers(-500, 500).filter(bool),
            st.integers(1, 10**7),
            st.decimals("-1", "9", places=8),
        ),
        max_size=20,
    ),
    st.sampled_from(METHODS),
    st.sets(st.integers(0, 19)),
)
def test_gains_less_open_cost_are_what_the_ledger_says(
    deals: list[tuple[int, int, Decimal]], method: Lots, busted: set[int]
) -> None:
    ledger, trades = Ledger(), list[Trade]()
    for number, (signed, price, fee) in enumerate(deals):
        order = intent("buy" if signed > 0 else "sell", abs(signed))
        event = fill_of(order, abs(signed), price, f"x{number}", fee=fee)
        ledger.fill(event, BTC, HAND)
        row = booking(event, BTC, HAND)
        if number not in busted:
            trades.append(Trade(f"x{number}", number, row.signed, row.value, row.fees))
    for number in busted:
        ledger.reverse(ACCOUNT, f"x{number}")
    closed, still = derive(trades, method, {"x3": ["x1"]})
    held = ledger.position(ACCOUNT, BTC_ID, HAND)
    assert total(closed, still) == held.realized - held.cost - held.fees
    assert sum(lot.quantity for lot in still) == held.quantity
    assert len({lot.quantity > 0 for lot in still}) <= 1
    if held.quantity == 0:
        gains = sum((one.gain for one in closed), Decimal(0))
        assert gains == held.realized - held.fees == ledger.balance(ACCOUNT, "USDT")


@pytest.mark.parametrize(
    ("method", "lots", "gain"),
    [
        ("fifo", ["a", "b"], 15 * 250 - 10 * 100 - 5 * 300),
        ("lifo", ["c", "b"], 15 * 250 - 10 * 200 - 5 * 300),
        ("highest", ["b", "c"], 15 * 250 - 10 * 300 - 5 * 200),
        ("specific", ["c", "a"], 15 * 250 - 10 * 200 - 5 * 100),
    ],
)
def test_each_method_takes_its_own_lots_first(method: Lots, lots: list[str], gain: int) -> None:
    closed, still = derive([*BOUGHT, trade("s", -15, 250)], method, {"s": ["c"]})
    assert [one.lot for one in closed] == lots
    assert sum(one.gain for one in closed) == gain
    assert sum(lot.quantity for lot in still) == 15


def test_shorts_are_lots_too_and_a_flip_closes_all_and_opens_the_rest() -> None:
    closed, still = derive([trade("s", -10, 100), trade("b", 25, 80)], "fifo")
    assert [(one.lot, one.quantity, one.gain) for one in closed] == [("s", -10, 200)]
    assert [(lot.id, lot.quantity, lot.cost) for lot in still] == [("b", 15, 1200)]


def test_fees_add_to_the_cost_and_are_taken_off_the_proceeds() -> None:
    closed, still = derive([trade("a", 10, 100, "7"), trade("s", -10, 110, "3")], "fifo")
    (one,) = closed
    assert (one.cost, one.proceeds, one.gain) == (1007, 1097, 90)
    assert not still
