"""Orders: types, triggers, groups, parents, amendments, sessions."""

import pytest
from tests.engine.exchange.exchange_made import Made, request

from tradebot.engine.exchange.happenings import (
    BookChanged,
    Executed,
    Happening,
    OrderChanged,
    Traded,
)
from tradebot.engine.exchange.orders import Amendment
from tradebot.engine.exchange.words import AMOUNT_SCALE

ONE = 10**AMOUNT_SCALE
MS = 1_000_000
HOUR = 3_600_000 * MS


def changes(made: Made) -> list[str]:
    return [told.change for told in made.told if isinstance(told, OrderChanged)]


def test_a_limit_trades_with_the_oldest_of_the_best_price_and_each_side_pays_in_what_it_receives() -> (
    None
):
    made = Made(twins=True)
    first = made.limit(-1, 50_000, 6_000_000, account="binance-2")
    second = made.limit(-1, 50_000, 6_000_000, account="binance-2")
    taker = made.limit(1, 70_000, 6_000_100)
    assert [made.now(o).filled for o in (first, second, taker)] == [50_000, 20_000, 70_000]
    bought = made.exchange.executions("binance")[0]
    sold = made.exchange.executions("binance-2")[0]
    assert (bought.fee, bought.fee_asset, bought.maker) == (5 * ONE // 10_000, "BTC", False)
    assert (sold.fee, sold.fee_asset, sold.maker) == (30 * ONE, "USDT", True)
    assert bought.trade == sold.trade


def test_what_streams_are_told_is_the_book_with_ids_that_follow_each_other() -> None:
    made = Made(crowd=True)
    market = made.exchange.markets["binance:BTCUSDT"]
    levels = {1: dict(market.engine.bids(1_000)), -1: dict(market.engine.asks(1_000))}
    last = market.update_id
    for _ in range(200):
        made.pass_time(100 * MS)
    for told in made.told:
        if isinstance(told, BookChanged) and told.listing == "binance:BTCUSDT":
            assert told.first == last + 1
            last = told.last
            for side, moved in ((1, told.bids), (-1, told.asks)):
                for price, quantity in moved:
                    levels[side].pop(price, None)
                    if quantity:
                        levels[side][price] = quantity
    assert last == market.update_id
    assert levels[1] == dict(market.engine.bids(1_000))
    assert levels[-1] == dict(market.engine.asks(1_000))
    numbers = [t.trade.number for t in made.told if isinstance(t, Traded) and "BTC" in t.listing]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert len(numbers) > 20


def test_the_same_seed_gives_the_same_market() -> None:
    told: list[list[Happening]] = []
    for _ in range(2):
        made = Made(crowd=True, seed=5)
        made.pass_time(3_000 * MS)
        told.append(made.told)
    assert told[0] == told[1]


def test_a_post_only_order_that_would_take_is_refused() -> None:
    made = Made(twins=True)
    made.limit(-1, 50_000, 6_000_000, account="binance-2")
    order = made.limit(1, 50_000, 6_000_000, post_only=True)
    assert (order.state, order.reason) == ("rejected", "post_only_would_take")
    assert changes(made)[-1] == "rejected"


def test_immediate_or_cancel_and_fill_or_kill_leave_nothing_behind() -> None:
    made = Made(twins=True)
    made.limit(-1, 50_000, 6_000_000, account="binance-2")
    killed = made.limit(1, 60_000, 6_000_000, tif="fok")
    part = made.limit(1, 60_000, 6_000_000, tif="ioc")
    assert (killed.state, killed.filled, killed.reason) == ("expired", 0, "fok_unfillable")
    assert (part.state, part.filled, part.reason) == ("expired", 50_000, "ioc_remainder")


def test_a_stop_waits_for_a_print_and_a_trailing_stop_follows_it() -> None:
    made = Made(twins=True)
    listing = made.exchange.listings["binance:BTCUSDT"]
    made.limit(1, 90_000, 5_900_000, account="binance-2")
    stop = made.market(-1, 10_000, type="stop", trigger=5_950_000)
    trail = made.market(-1, 10_000, type="trailing_stop", trail=30_000)
    assert [made.now(o).state for o in (stop, trail)] == ["waiting", "waiting"]
    made.exchange.print_trade(listing, 6_010_000, 5)
    assert made.now(trail).trigger == 5_980_000
    made.exchange.print_trade(listing, 5_980_000, 5)
    assert [made.now(o).state for o in (stop, trail)] == ["filled", "filled"]
    # The trailing stop sold at 59,000.00, which set the stop off.
    assert [one.order for one in made.exchange.executions("binance")] == [
        trail.number,
        stop.number,
    ]


def test_one_of_a_group_cancels_the_other_and_both_keep_back_the_coin_once() -> None:
    made = Made(twins=True)
    take = made.limit(-1, 100_000, 6_100_000, group="g")
    stop = made.market(-1, 100_000, type="stop", trigger=5_900_000, group="g")
    assert made.exchange.locked("binance")["BTC"] == ONE
    made.limit(1, 1_000, 6_100_000, account="binance-2")
    assert made.now(take).filled == 1_000
    assert (made.now(stop).state, made.now(stop).reason) == ("cancelled", "oco")


def test_children_wait_for_their_parent_and_go_with_it() -> None:
    made = Made(twins=True)
    parent = made.limit(1, 1_000, 5_990_000)
    child = made.limit(-1, 1_000, 6_100_000, parent=parent.number)
    other = made.limit(1, 1_000, 5_980_000)
    orphan = made.limit(-1, 1_000, 6_100_000, parent=other.number)
    assert child.state == orphan.state == "held"
    made.exchange.cancel(other.number)
    assert (made.now(orphan).state, made.now(orphan).reason) == ("cancelled", "parent")
    made.market(-1, 1_000, account="binance-2")
    assert made.now(parent).state == "filled"
    assert made.now(child).state == "working"


def test_a_child_that_sells_more_than_is_held_after_fees_is_refused_when_its_turn_comes() -> None:
    made = Made(twins=True)
    made.exchange.accounts["binance"].holdings["BTC"] = 0
    parent = made.limit(1, 100_000, 5_990_000)
    child = made.limit(-1, 100_000, 6_100_000, parent=parent.number)
    made.market(-1, 100_000, account="binance-2")
    held = made.now(child)
    assert (held.state, held.reason) == ("rejected", "insufficient_position")
    assert made.exchange.accounts["binance"].holdings["BTC"] == ONE - ONE // 1_000


def test_a_stop_that_costs_more_than_there_is_when_it_goes_off_expires() -> None:
    made = Made(twins=True)
    made.exchange.accounts["binance"].holdings["USDT"] = 60_000 * ONE
    made.limit(-1, 100_000, 6_050_000, account="binance-2")
    stop = made.market(1, 98_000, type="stop", trigger=6_010_000)
    assert stop.state == "waiting"
    made.exchange.accounts["binance"].holdings["USDT"] = 59_000 * ONE
    made.exchange.print_trade(made.exchange.listings["binance:BTCUSDT"], 6_020_000, 5)
    assert (made.now(stop).state, made.now(stop).reason) == ("expired", "insufficient_funds")


def test_an_amendment_to_less_keeps_the_place_and_any_other_loses_it() -> None:
    made = Made(twins=True)
    engine = made.exchange.markets["binance:BTCUSDT"].engine
    mine = made.limit(1, 5_000, 5_990_000)
    made.limit(1, 5_000, 5_990_000, account="binance-2")
    assert made.exchange.amend(mine.number, Amendment(quantity=4_000, only_smaller=True)) == ""
    assert engine.queue_position(mine.number) == (0, 0)
    change = Amendment(quantity=6_000)
    assert made.exchange.amend(mine.number, msgspec_only_smaller(change)) == "not_smaller"
    assert made.exchange.amend(mine.number, change) == ""
    assert engine.queue_position(mine.number) == (1, 5_000)


def msgspec_only_smaller(change: Amendment) -> Amendment:
    return Amendment(quantity=change.quantity, only_smaller=True)


def test_a_replaced_order_ends_replaced_and_a_refused_replacement_leaves_it() -> None:
    made = Made()
    old = made.limit(1, 5_000, 5_990_000, client_id="a")
    refused = made.exchange.replace(old.number, request(1, 0, type="limit", limit=5_990_000))
    assert (refused.state, made.now(old).state) == ("rejected", "working")
    new = made.exchange.replace(
        old.number, request(1, 6_000, type="limit", limit=5_980_000, client_id="a")
    )
    assert (made.now(old).state, made.now(old).replaced_by) == ("replaced", new.number)
    assert (new.state, new.request.replaces) == ("working", old.number)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"symbol": "NONE"}, "unknown_symbol"),
        ({"account": "nobody"}, "unknown_account"),
        ({"quantity": 0}, "quantity_too_small"),
        ({"quantity": 10**12}, "quantity_too_large"),
        ({"quantity": 1}, "notional_too_small"),
        ({"type": "limit"}, "price_missing"),
        ({"type": "limit", "limit": 100}, "price_out_of_range"),
        ({"quantity": 400_000}, "insufficient_funds"),
        ({"side": -1, "quantity": 200_000}, "insufficient_position"),
        ({"side": 0}, "unsupported"),
    ],
)
def test_a_refused_order_says_why(more: dict[str, object], reason: str) -> None:
    made = Made()
    order = made.market(**{"side": 1, "quantity": 1_000, **more})  # pyright: ignore[reportArgumentType]
    assert (order.state, order.reason) == ("rejected", reason)


def test_a_client_id_is_free_again_when_its_order_is_over_where_the_venue_has_it_so() -> None:
    made = Made()
    first = made.limit(1, 5_000, 5_990_000, client_id="a")
    assert made.limit(1, 5_000, 5_990_000, client_id="a").reason == "duplicate_client_id"
    made.exchange.cancel(first.number)
    assert made.limit(1, 5_000, 5_990_000, client_id="a").state == "working"


def test_a_client_id_is_taken_for_ever_where_the_venue_has_it_so() -> None:
    made = Made(["alpaca"])
    name = next(iter(made.exchange.accounts))
    asked = request(
        1, 10**9, account=name, symbol="AAPL", type="limit", limit=18_000, client_id="a"
    )
    first = made.exchange.place(asked)
    made.exchange.cancel(first.number)
    assert made.exchange.place(asked).reason == "duplicate_client_id"


def test_equities_trade_in_their_session_and_day_orders_end_with_it() -> None:
    made = Made(["ib"])
    asked = request(
        1, 10, account="DU1234567", symbol="AAPL", type="limit", limit=18_000, tif="day"
    )
    order = made.exchange.place(asked)
    assert order.state == "working"
    made.pass_time(4 * HOUR + 1)
    assert (made.now(order).state, made.now(order).reason) == ("expired", "tif")
    late = made.exchange.place(asked)
    assert late.state == "queued"
    made.pass_time(18 * HOUR)
    assert made.now(late).state == "working"


def test_a_share_order_costs_per_share_with_a_least_and_a_most_per_order() -> None:
    made = Made(["ib"], twins=True)

    def ask(side: int, quantity: int, account: str) -> None:
        made.exchange.place(
            request(side, quantity, account=account, symbol="AAPL", type="limit", limit=18_900)
        )

    ask(-1, 1_000, "DU1234567-2")
    ask(1, 100, "DU1234567")
    ask(1, 900, "DU1234567")
    fees = [one.fee for one in made.exchange.executions("DU1234567")]
    assert fees == [ONE, 9 * ONE // 2]
    assert sum(one.fee for one in made.exchange.executions("DU1234567-2")) == 5 * ONE


def test_a_bust_takes_fill_fee_and_position_back_and_a_correction_moves_them() -> None:
    made = Made(twins=True)
    made.limit(-1, 50_000, 6_000_000, account="binance-2")
    before = dict(made.exchange.accounts["binance"].holdings)
    made.market(1, 10_000)
    made.market(1, 10_000)
    mine = made.exchange.executions("binance")
    made.exchange.bust(mine[0].number)
    corrected = made.exchange.correct(mine[1].number, price=6_000_500, quantity=10_000)
    holdings = made.exchange.accounts["binance"].holdings
    assert holdings["USDT"] == before["USDT"] - 6_000_500 * 10_000 * 10**5
    assert holdings["BTC"] == before["BTC"] + ONE // 10 - corrected.fee
    with pytest.raises(ValueError, match="already"):
        made.exchange.bust(mine[0].number)


def test_an_execution_is_told_before_what_it_brings_about() -> None:
    made = Made(twins=True)
    made.limit(-1, 50_000, 6_000_000, account="binance-2")
    made.told.clear()
    made.market(1, 50_000)
    words = [
        told.change if isinstance(told, OrderChanged) else type(told).__name__
        for told in made.told
        if isinstance(told, OrderChanged | Executed)
    ]
    assert words == ["new", "Executed", "Executed"]
