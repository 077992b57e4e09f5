"""The ledger against a naive twin in fractions: double entry, exact, by owner."""

from decimal import Decimal, Inexact
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.core.builders import ACCOUNT, BTC, BTC_ID, ETH, ETH_ID, fill_of, intent

from tradebot.data.instruments import Instrument
from tradebot.engine.core.events import CashMoved
from tradebot.engine.core.ledger import Ledger, Position, Posting, carry
from tradebot.engine.core.types import HAND, UNCLAIMED, AccountName, Owner

OWNERS = (HAND, Owner("trend"), UNCLAIMED)
FUTURE = msgspec.structs.replace(ETH, multiplier=Decimal("12.5"))

type Deal = tuple[int, int, int, Decimal]
"""Owner's index, signed quantity, price, fee."""

deals = st.tuples(
    st.integers(0, 2),
    st.integers(-5_000, 5_000).filter(bool),
    st.integers(1, 10**9),
    st.decimals("-9", "99", places=8),
)


def deposit(amount: str, *, movement: str = "m1", asset: str = "USDT") -> CashMoved:
    return CashMoved(
        movement_id=movement,
        account=ACCOUNT,
        asset=asset,
        amount=Decimal(amount),
        why="deposit",
        ts_event=0,
    )


def book(ledger: Ledger, number: int, deal: Deal, instrument: Instrument = BTC) -> None:
    index, signed, price, fee = deal
    order = intent("buy" if signed > 0 else "sell", abs(signed), instrument=instrument.id)
    event = fill_of(order, abs(signed), price, f"x{number}", fee=fee)
    ledger.fill(event, instrument, OWNERS[index])


class Twin:
    """One owner's position kept in fractions, lot by lot in proportion, never rounded."""

    def __init__(self) -> None:
        self.quantity = 0
        self.cash = Fraction(0)
        self.cost = Fraction(0)
        self.realized = Fraction(0)

    def fill(self, signed: int, value: Fraction) -> None:
        self.cash -= value
        if self.quantity * signed >= 0:
            self.cost += value
        else:
            closing = min(abs(signed), abs(self.quantity))
            closed_value = value * closing / abs(signed)
            closed_cost = self.cost * closing / abs(self.quantity)
            self.realized += -closed_value - closed_cost
            flipped = abs(signed) > abs(self.quantity)
            self.cost = value - closed_value if flipped else self.cost - closed_cost
        self.quantity += signed


@settings(deadline=None)
@given(st.lists(deals, max_size=30), st.sampled_from([BTC, FUTURE]))
def test_positions_are_those_of_a_twin_in_fractions(
    sequence: list[Deal], instrument: Instrument
) -> None:
    ledger = Ledger()
    twins = [Twin() for _ in OWNERS]
    rounded = [0, 0, 0]
    for number, deal in enumerate(sequence):
        book(ledger, number, deal, instrument)
        index, signed, price, _ = deal
        rounded[index] += 2 * (twins[index].quantity * signed < 0)
        value = Fraction(price * signed, 10**7) * Fraction(instrument.multiplier)
        twins[index].fill(signed, value)
    unit = Fraction(1, 10**7)
    for owner, twin, closes in zip(OWNERS, twins, rounded, strict=True):
        held = ledger.position(ACCOUNT, instrument.id, owner)
        assert held.quantity == twin.quantity
        # Each partial close may round by half a unit, and what is rounded shifts later closes by no more than itself.
        assert abs(Fraction(held.cost) - twin.cost) <= closes * unit
        assert abs(Fraction(held.realized) - twin.realized) <= closes * unit
        # Nothing rounded is lost: cash, cost and realized profit balance to the last digit.
        cash = ledger.owned(ACCOUNT, "USDT", owner)
        fees = sum((deal[3] for deal in sequence if OWNERS[deal[0]] == owner), Decimal(0))
        assert cash + fees == -held.cost + held.realized
        assert held.fees == fees
        assert Fraction(cash + fees) == twin.cash


@settings(deadline=None)
@given(st.lists(deals, max_size=30), st.lists(deals, max_size=10), st.decimals("-999", "999999"))
def test_every_posting_has_its_counterpart_and_owners_sum_to_the_account(
    bitcoin: list[Deal], ether: list[Deal], cash: Decimal
) -> None:
    ledger = Ledger()
    ledger.move_cash(deposit(f"{cash:.6f}"))
    for number, deal in enumerate(bitcoin):
        book(ledger, number, deal)
    for number, deal in enumerate(ether):
        book(ledger, number, deal, ETH)
    assert set(ledger.trial_balance().values()) <= {Decimal(0)}
    for asset in ledger.assets(ACCOUNT):
        owned = [ledger.owned(ACCOUNT, asset, owner) for owner in OWNERS]
        assert ledger.balance(ACCOUNT, asset) == sum(owned, Decimal(0))
    for instrument in (BTC, ETH):
        by_owner = [ledger.position(ACCOUNT, instrument.id, owner).quantity for owner in OWNERS]
        assert ledger.net(ACCOUNT, instrument.id) == sum(by_owner)
        base = ledger.balance(ACCOUNT, instrument.id)
        assert base == instrument.quantity(ledger.net(ACCOUNT, instrument.id))


@pytest.mark.parametrize(
    ("cost", "closed", "held", "share"),
    [
        ("0.05", 1, 2, "0.02"),  # 0.025: to the even digit below
        ("0.07", 1, 2, "0.04"),  # 0.035: to the even digit above
        ("-0.05", 1, 2, "-0.02"),
        ("0.10", 1, 3, "0.03"),
        ("0.20", 1, 3, "0.07"),
    ],
)
def test_a_partial_close_rounds_its_cost_half_even_and_leaves_the_rest(
    cost: str, closed: int, held: int, share: str
) -> None:
    direction = -1 if cost.startswith("-") else 1
    before = Position(quantity=direction * held, cost=Decimal(cost))
    after = carry(before, -direction * closed, Decimal("0.00"))
    assert after.cost == Decimal(cost) - Decimal(share)
    assert after.realized == -Decimal(share)
    assert after.quantity == direction * (held - closed)


def test_a_flip_closes_all_and_opens_the_rest_at_its_own_price() -> None:
    long = carry(Position(), 10, Decimal("1000.00"))
    short = carry(long, -15, Decimal("-1800.00"))
    assert short == Position(quantity=-5, cost=Decimal("-600.00"), realized=Decimal("200.00"))


def test_a_short_earns_when_it_is_bought_back_cheaper() -> None:
    short = carry(Position(), -10, Decimal("-1000.00"))
    flat = carry(short, 10, Decimal("900.00"))
    assert flat == Position(quantity=0, cost=Decimal("0.00"), realized=Decimal("100.00"))


def test_a_fee_in_another_currency_is_posted_there_and_not_in_the_position() -> None:
    ledger = Ledger()
    event = fill_of(intent(), 10, 100_00, "x", fee=Decimal("0.5"))
    ledger.fill(msgspec.structs.replace(event, fee_currency="BNB"), BTC, HAND)
    assert ledger.balance(ACCOUNT, "BNB") == Decimal("-0.5")
    assert ledger.position(ACCOUNT, BTC_ID, HAND).fees == 0
    assert ledger.assets(ACCOUNT) == ["BNB", "USDT", BTC_ID]


def test_a_movement_told_twice_is_booked_once() -> None:
    ledger = Ledger()
    assert ledger.move_cash(deposit("100.50"))
    assert not ledger.move_cash(deposit("100.50"))
    assert ledger.move_cash(deposit("-0.50", movement="m2"))
    assert ledger.balance(ACCOUNT, "USDT") == Decimal("100.00")
    assert ledger.owned(ACCOUNT, "USDT", HAND) == Decimal("100.00")
    assert ledger.balance(AccountName("other"), "USDT") == 0


def test_postings_that_do_not_balance_are_refused_whole() -> None:
    ledger = Ledger()
    legs = [
        Posting(ACCOUNT, "USDT", HAND, Decimal(5)),
        Posting(ACCOUNT, "USDT", UNCLAIMED, Decimal(-4)),
    ]
    with pytest.raises(ValueError, match="postings of USDT must sum to zero, summed to 1"):
        ledger.post(legs)
    assert ledger.trial_balance() == {}


def test_a_sum_that_would_lose_a_digit_raises_and_books_nothing() -> None:
    ledger = Ledger()
    ledger.move_cash(deposit("1e30"))
    with pytest.raises(Inexact):
        ledger.move_cash(deposit("1e-30", movement="m2"))
    assert ledger.balance(ACCOUNT, "USDT") == Decimal("1e30")
    assert set(ledger.trial_balance().values()) == {Decimal(0)}


def test_a_fill_that_cannot_be_booked_exactly_changes_nothing() -> None:
    wide = msgspec.structs.replace(BTC, price_scale=12, quantity_scale=12)
    ledger = Ledger()
    ledger.move_cash(deposit("1e30"))
    order = intent("buy", 1)
    with pytest.raises(Inexact):
        ledger.fill(fill_of(order, 1, 1, "x"), wide, HAND)
    assert ledger.positions() == []
    assert ledger.assets(ACCOUNT) == ["USDT"]


def test_a_value_of_more_than_28_digits_is_kept_to_the_last() -> None:
    wide = msgspec.structs.replace(BTC, price_scale=8, quantity_scale=8)
    ledger = Ledger()
    quantity, price = 10**18 + 1, 10**15 + 1
    ledger.fill(fill_of(intent(), quantity, price, "x"), wide, HAND)
    assert ledger.position(ACCOUNT, BTC_ID, HAND).cost == Decimal(f"{quantity * price}e-16")


def test_positions_are_told_in_order_and_closed_ones_stay() -> None:
    ledger = Ledger()
    book(ledger, 1, (1, 10, 100, Decimal(0)), ETH)
    book(ledger, 2, (0, 10, 100, Decimal(0)))
    book(ledger, 3, (0, -10, 150, Decimal(0)))
    assert [key for key, _ in ledger.positions()] == [
        (ACCOUNT, BTC_ID, HAND),
        (ACCOUNT, ETH_ID, OWNERS[1]),
    ]
    closed = ledger.position(ACCOUNT, BTC_ID, HAND)
    assert (closed.quantity, closed.cost, closed.realized) == (0, 0, Decimal("0.0000500"))
