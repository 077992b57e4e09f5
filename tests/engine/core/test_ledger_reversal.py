"""What a fill booked can be taken back to the last digit; fees in the base asset shrink what is held."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.core.builders import ACCOUNT, BTC, BTC_ID, contents, fill_of, intent

from tradebot.engine.core import ledger as ledger_module
from tradebot.engine.core.events import CashMoved, FeeCharged, OrderFilled
from tradebot.engine.core.ledger import Ledger
from tradebot.engine.core.types import HAND, UNCLAIMED, AccountName, Owner

TREND = Owner("trend")
OTHER_ACCOUNT = AccountName("second")

deals = st.lists(
    st.tuples(
        st.sampled_from([HAND, TREND]),
        st.integers(-5_000, 5_000).filter(bool),
        st.integers(1, 10**8),
        st.decimals("-1", "9", places=8),
        st.sampled_from(["USDT", "BTC", "BNB"]),
    ),
    max_size=14,
)


def fill(number: int, signed: int, price: int, fee: Decimal, currency: str) -> OrderFilled:
    order = intent("buy" if signed > 0 else "sell", abs(signed))
    event = fill_of(order, abs(signed), price, f"x{number}", fee=fee)
    return msgspec.structs.replace(event, fee_currency=currency)


def book(sequence: list[tuple[Owner, int, int, Decimal, str]], without: set[int]) -> Ledger:
    ledger = Ledger()
    for number, (owner, signed, price, fee, currency) in enumerate(sequence):
        if number not in without:
            ledger.fill(fill(number, signed, price, fee, currency), BTC, owner)
    return ledger


def told(ledger: Ledger) -> object:
    """Return what a ledger says, without owners and assets that came to nothing."""
    owners = [HAND, TREND, UNCLAIMED]
    assets = ["USDT", "BTC", "BNB", BTC_ID]
    return (
        [ledger.owned(ACCOUNT, asset, owner) for asset in assets for owner in owners],
        [ledger.position(ACCOUNT, BTC_ID, owner) for owner in owners],
    )


@settings(deadline=None, max_examples=60)
@given(deals, st.sets(st.integers(0, 13)))
def test_reversed_executions_leave_what_would_be_without_them(
    sequence: list[tuple[Owner, int, int, Decimal, str]], busted: set[int]
) -> None:
    ledger = book(sequence, set())
    for number in busted:
        known = number < len(sequence)
        assert ledger.reverse(ACCOUNT, f"x{number}") is known
        assert not ledger.reverse(ACCOUNT, f"x{number}")
    assert told(ledger) == told(book(sequence, busted))
    assert not any(ledger.trial_balance().values())
    for owner in (HAND, TREND):
        held = ledger.position(ACCOUNT, BTC_ID, owner)
        assert ledger.owned(ACCOUNT, "USDT", owner) == held.realized - held.cost - held.fees


@settings(deadline=None, max_examples=60)
@given(deals)
def test_what_is_held_is_what_was_bought_less_the_fees_paid_in_it(
    sequence: list[tuple[Owner, int, int, Decimal, str]],
) -> None:
    ledger = book(sequence, set())
    bought = sum((BTC.quantity(signed) for _, signed, *_ in sequence), Decimal(0))
    paid = sum((fee for *_, fee, currency in sequence if currency == "BTC"), Decimal(0))
    held = BTC.quantity(ledger.net(ACCOUNT, BTC_ID)) + ledger.balance(ACCOUNT, "BTC")
    assert held == bought - paid
    assert ledger.balance(ACCOUNT, BTC_ID) == BTC.quantity(ledger.net(ACCOUNT, BTC_ID))
    assert abs(ledger.balance(ACCOUNT, "BTC")) < len(sequence) * BTC.quantity(1) or not sequence


def test_a_fee_in_the_base_asset_is_sold_at_the_executions_price_to_pay_it() -> None:
    ledger = Ledger()
    ledger.fill(fill(1, 100_000, 50_000_00, Decimal("0.001"), "BTC"), BTC, HAND)
    held = ledger.position(ACCOUNT, BTC_ID, HAND)
    assert (held.quantity, held.cost, held.fees) == (99_900, 49_950, 50)
    assert ledger.balance(ACCOUNT, "USDT") == -50_000
    assert ledger.balance(ACCOUNT, "BTC") == 0


def test_a_part_of_a_base_fee_below_the_unit_is_cash_of_the_base_asset() -> None:
    ledger = Ledger()
    ledger.fill(fill(1, 100_000, 50_000_00, Decimal("0.00100123"), "BTC"), BTC, HAND)
    assert ledger.net(ACCOUNT, BTC_ID) == 99_900
    assert ledger.balance(ACCOUNT, "BTC") == Decimal("-0.00000123")


def test_executions_and_movements_are_told_apart_by_account() -> None:
    ledger = Ledger()
    first = fill(1, 10, 100, Decimal(0), "USDT")
    ledger.fill(first, BTC, HAND)
    ledger.fill(msgspec.structs.replace(first, account=OTHER_ACCOUNT), BTC, HAND)
    assert ledger.reverse(OTHER_ACCOUNT, "x1")
    assert (ledger.net(ACCOUNT, BTC_ID), ledger.net(OTHER_ACCOUNT, BTC_ID)) == (10, 0)
    for account in (ACCOUNT, OTHER_ACCOUNT):
        moved = CashMoved(
            movement_id="opening",
            account=account,
            asset="USDT",
            amount=Decimal(5),
            why="deposit",
            ts_event=0,
        )
        assert ledger.move_cash(moved)
        assert not ledger.move_cash(moved)


def test_an_execution_older_than_what_is_kept_cannot_be_reversed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ledger_module, "KEPT_MAX", 3)
    ledger = Ledger()
    for number in range(1, 6):
        ledger.fill(fill(number, 10 * number, 100 * number, Decimal(0), "USDT"), BTC, HAND)
    before = contents(ledger)
    assert not ledger.reverse(ACCOUNT, "x2")
    assert contents(ledger) == before
    assert ledger.reverse(ACCOUNT, "x4")
    expected = Ledger()
    for number in (1, 2, 3, 5):
        expected.fill(fill(number, 10 * number, 100 * number, Decimal(0), "USDT"), BTC, HAND)
    assert told(ledger) == told(expected)


def test_a_late_fee_is_charged_once_and_adds_to_the_position_it_is_for() -> None:
    ledger = Ledger()
    ledger.fill(fill(1, 10, 100, Decimal(0), "USDT"), BTC, HAND)
    fee = FeeCharged(fee_id="f1", account=ACCOUNT, asset="USDT", amount=Decimal("0.25"), ts_event=0)
    assert ledger.charge(fee, HAND, BTC)
    assert not ledger.charge(fee, HAND, BTC)
    assert ledger.position(ACCOUNT, BTC_ID, HAND).fees == Decimal("0.25")
    other = msgspec.structs.replace(fee, fee_id="f2", asset="BNB")
    assert ledger.charge(other, HAND, BTC)
    assert ledger.balance(ACCOUNT, "BNB") == Decimal("-0.25")


def test_a_position_handed_to_another_owner_is_paid_for_and_the_account_stays() -> None:
    ledger = Ledger()
    ledger.fill(fill(1, 100_000, 100_00, Decimal(0), "USDT"), BTC, UNCLAIMED)
    account = [ledger.balance(ACCOUNT, asset) for asset in ("USDT", BTC_ID)]
    ledger.hand_to("a1", (ACCOUNT, BTC_ID, UNCLAIMED), BTC, HAND, 100_000, Decimal(100))
    assert [ledger.balance(ACCOUNT, asset) for asset in ("USDT", BTC_ID)] == account
    assert ledger.position(ACCOUNT, BTC_ID, UNCLAIMED).quantity == 0
    assert ledger.position(ACCOUNT, BTC_ID, HAND).cost == 100
    assert ledger.owned(ACCOUNT, "USDT", HAND) == -100


def test_an_adopted_position_moves_no_cash() -> None:
    ledger = Ledger()
    ledger.adopt("a1", (ACCOUNT, BTC_ID, HAND), BTC, -500, Decimal(-5))
    assert ledger.position(ACCOUNT, BTC_ID, HAND).cost == -5
    assert ledger.balance(ACCOUNT, "USDT") == 0
    assert ledger.balance(ACCOUNT, BTC_ID) == Decimal("-0.005")
