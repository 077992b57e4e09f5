"""Whatever is traded, nothing is made and nothing is lost."""

from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.exchange.exchange_made import Made, request

orders = st.tuples(
    st.sampled_from(["binance", "binance-2"]),
    st.sampled_from([1, -1]),
    st.sampled_from(["market", "limit", "stop", "trailing_stop"]),
    st.integers(1, 170_000),
    st.integers(5_990_000, 6_010_000),
)


def sums(made: Made) -> dict[str, int]:
    books = made.exchange.books
    total: defaultdict[str, int] = defaultdict(int)
    for held in (books.crowd, books.house, *(a.holdings for a in books.accounts.values())):
        for asset, amount in held.items():
            total[asset] += amount
    return {asset: amount for asset, amount in total.items() if amount}


@settings(max_examples=25, deadline=None)
@given(st.lists(orders, max_size=20), st.integers(0, 2**31))
def test_what_accounts_crowd_and_house_hold_sums_to_what_was_there_at_the_start(
    asked: list[tuple[str, int, str, int, int]], seed: int
) -> None:
    made = Made(crowd=True, seed=seed, twins=True)
    before = sums(made)
    for account, side, kind, quantity, price in asked:
        made.exchange.place(
            request(
                side,
                quantity,
                account=account,
                type=kind,
                limit=price if kind == "limit" else 0,
                trigger=price if kind == "stop" else 0,
                trail_bps=10,
            )
        )
        made.pass_time(300_000_000)
    for account in made.exchange.accounts.values():
        assert min(account.holdings.values()) >= 0
    if made.exchange.books.executions:
        made.exchange.bust(1)
    if len(made.exchange.books.executions) > 2:
        made.exchange.correct(2, price=6_000_100, quantity=7)
    assert sums(made) == before


@settings(max_examples=25, deadline=None)
@given(st.lists(orders, max_size=20))
def test_an_account_holds_what_its_executions_add_up_to(
    asked: list[tuple[str, int, str, int, int]],
) -> None:
    made = Made(crowd=True, twins=True)
    exchange = made.exchange
    listing = exchange.listings["binance:BTCUSDT"]
    start = {name: dict(a.holdings) for name, a in exchange.accounts.items()}
    for account, side, kind, quantity, price in asked:
        limit = price if kind == "limit" else 0
        trigger = price if kind == "stop" else 0
        exchange.place(
            request(
                side, quantity, account=account, type=kind, limit=limit, trigger=trigger,
                trail_bps=10,
            )
        )  # fmt: skip
        made.pass_time(200_000_000)
    for name, account in exchange.accounts.items():
        base, quote = start[name].get("BTC", 0), start[name].get("USDT", 0)
        for one in exchange.executions(name):
            base += one.side * listing.base_amount(one.quantity)
            quote -= one.side * listing.amount(one.price, one.quantity)
            if one.fee_asset == "BTC":
                base -= one.fee
            else:
                quote -= one.fee
        assert (account.holdings["BTC"], account.holdings["USDT"]) == (base, quote)
